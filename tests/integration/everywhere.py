"""
All kinds of web server with the authorizer, and what one of them does otherwise than the rest.

DIFFERENT is the whole list: what is not in it is the same everywhere, to the letter.
"""
import dataclasses

EVERYWHERE = (
    "lighttpd", "lighttpd-forwarded", "apache", "apache-authnz", "apache-htaccess", "nginx"
)


@dataclasses.dataclass(frozen=True)
class Row:
    """A request that is refused, and what a client may rely on."""

    name: str
    status: int
    error: str | None = None  # of the challenge
    target: str = "/fhir/Patient/pat-1"
    method: str = "GET"
    token: str | None = None
    headers: tuple[str, ...] = ()  # with {token}


ROWS = (
    Row("no token", 401),
    Row("other scheme", 401, headers=("Authorization: Basic dXNlcjpwYXNz",)),
    Row("malformed header", 400, "invalid_request", headers=("Authorization: Bearer a b",)),
    Row("two tokens in one header", 400, "invalid_request", token="reader",
        headers=("Authorization: Bearer {token}, Bearer {token}",)),
    Row("two headers with a token", 400, "invalid_request", token="reader",
        headers=("Authorization: Bearer {token}", "Authorization: Bearer {token}")),
    Row("token in the query", 400, "invalid_request", "/fhir/Patient?access_token=abc.def.ghi"),
    Row("bad token", 401, "invalid_token", token="bad"),
    Row("forged token", 401, "invalid_token", token="forged"),
    Row("expired token", 401, "invalid_token", token="expired"),
    Row("revoked token", 401, "invalid_token", token="revoked"),
    Row("wrong audience", 401, "invalid_token", token="audience"),
    Row("wrong issuer", 401, "invalid_token", token="issuer"),
    Row("scope too small", 403, "insufficient_scope", "/fhir/Observation", token="reader"),
    Row("scope too small to write", 403, "insufficient_scope", method="DELETE", token="reader"),
    Row("parameter at fault", 403, "insufficient_scope",
        "/fhir/Patient?_revinclude=Observation:subject", token="reader"),
    Row("unknown operation", 403, "insufficient_scope", "/fhir/$nosuch", "POST", "reader"),
    Row("not FHIR", 400, "invalid_request", "/fhir/nosuch", token="reader"),
    Row("two slashes", 400, "invalid_request", "/fhir/Patient//pat-1", token="reader"),
    Row("dot segment", 400, "invalid_request", "/fhir/./Patient", token="reader"),
    Row("encoded letter", 400, "invalid_request", "/fhir/%50atient", token="reader"),
    Row("encoded slash", 400, "invalid_request", "/fhir/Patient%2Fpat-1", token="reader"),
    Row("method on a type", 405, "invalid_request", "/fhir/Patient", "PUT", "reader"),
    Row("method on a resource", 405, "invalid_request", method="POST", token="reader"),
    Row("method that is not FHIR", 405, "invalid_request", method="PROPFIND", token="reader"),
    Row("overridden method", 400, "invalid_request", method="GET", token="reader",
        headers=("Authorization: Bearer {token}", "X-HTTP-Method-Override: DELETE")),
    Row("XML", 401, headers=("Accept: application/fhir+xml",)),
    Row("XML by _format", 403, "insufficient_scope", "/fhir/Observation?_format=xml",
        token="reader"),
    Row("Spanish", 403, "insufficient_scope", "/fhir/Observation", token="reader",
        headers=("Authorization: Bearer {token}", "Accept-Language: es-AR,es;q=0.9")),
    Row("Spanish XML", 401, "invalid_token", token="bad",
        headers=("Authorization: Bearer {token}", "Accept-Language: es", "Accept: text/xml")),
    Row("HEAD without a token", 401, method="HEAD"),
    Row("HEAD with a scope too small", 403, "insufficient_scope", "/fhir/Observation", "HEAD",
        "reader"),
    Row("HEAD that is not FHIR", 400, "invalid_request", "/fhir/nosuch", "HEAD", "reader"),
    Row("file, no token", 401, target="/fhir/files/a.ndjson"),
    Row("file, scope too small", 403, "insufficient_scope", "/fhir/files/a.ndjson",
        token="reader"),
)

BY_ITSELF = "status and body are the server's own"

_AUTHNZ_405 = "Apache answers 405 itself, with an Allow of its own: no method"
_PARSEOPTS = "url-normalize-required and the like refuse it before the authorizer is asked"
_ENCODED = "a client's %2F is 404 unless AllowEncodedSlashes is set, which is for no FHIR server"

# server, row, what is otherwise (BY_ITSELF: the status that the server answers), why
DIFFERENT: dict[tuple[str, str], tuple[dict, str]] = {
    ("nginx", "two headers with a token"): (
        {BY_ITSELF: 400}, "nginx takes no second Authorization header"),
}
for _server in ("lighttpd", "lighttpd-forwarded"):
    for _row in ("two slashes", "dot segment", "encoded slash"):
        DIFFERENT[_server, _row] = ({BY_ITSELF: 400}, _PARSEOPTS)
for _server in ("apache", "apache-authnz", "apache-htaccess"):
    DIFFERENT[_server, "encoded slash"] = ({BY_ITSELF: 404}, _ENCODED)
for _row in ("method on a type", "method on a resource", "method that is not FHIR"):
    DIFFERENT["apache-authnz", _row] = ({"allow": [""]}, _AUTHNZ_405)
