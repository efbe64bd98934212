"""
The same answer on every web server: what the authorizer says reaches the client, to the letter.

The measure is the program itself, asked over FastCGI as an authorizer beside each server, with the
server's own configuration and store.
"""
import contextlib
import json
import re
import time

import pytest
from jwcrypto import jwk

import keys
import wire
from everywhere import BY_ITSELF, DIFFERENT, EVERYWHERE, ROWS
from fastcgi import AUTHORIZER, Program
from gateway import BUILD, Gateway, wait_until

CHALLENGE = re.compile(r'Bearer realm="fhir"(?:, error="([a-z_]+)", error_description="[^"]+".*)?')
COMPARED = ("WWW-Authenticate", "Retry-After", "Allow", "Content-Type", "Cache-Control")


class Site:
    """A web server with tokens of all kinds, and the program beside it."""

    def __init__(self, gw: Gateway, program: Program):
        self.gw, self.program = gw, program
        reader = gw.token("system/Patient.rs")
        header, claims = keys.parts(reader)
        file = gw.dir / "state" / "keys" / f"{header['kid']}.jwk"
        key = jwk.JWK.from_json(file.read_text())

        def signed(**changes):
            return keys.sign(header, claims | changes, key)

        self.tokens = {
            "reader": reader,
            "writer": gw.token("system/*.cruds"),
            "bad": "abc.def.ghi",
            "forged": reader[:-8] + ("A" * 8),
            "expired": signed(exp=int(time.time()) - 100),
            "audience": signed(aud="https://other.example/fhir"),
            "issuer": signed(iss="https://other.example"),
            "odd": signed(sub='ñ "x", y; z', jti="%0d%0aX-Evil: 1", fhirUser="Practitioner/\u2028"),
            "broken": signed(sub="x\r\nX-Evil: 1"),
            "revoked": gw.token("system/*.rs"),
        }
        gw.ctl("token", "revoke", stdin=self.tokens["revoked"])

    def headers(self, row) -> list[str]:
        token = self.tokens.get(row.token)
        if row.token and not row.headers:
            return [f"Authorization: Bearer {token}"]
        return [header.format(token=token) for header in row.headers]

    def answer(self, row) -> dict:
        lines = [*self.headers(row), "X-Request-Id: the-same", "Content-Length: 0"]
        headers = [text.encode() for text in lines]
        a = wire.get(self.gw.port, self.gw.ca, row.target.encode(), *headers,
                     method=row.method.encode())
        found = {name.lower(): a.header(name) for name in COMPARED}
        chunked = bool(a.header("Transfer-Encoding"))
        body = dechunked(a.body) if chunked else a.body
        return found | {"status": a.status, "body": body, "answer": a}

    def truth(self, row) -> dict:
        params = {"REQUEST_METHOD": row.method, "REQUEST_URI": row.target,
                  "HTTP_X_REQUEST_ID": "the-same", "REMOTE_ADDR": "127.0.0.1"}
        for header in self.headers(row):
            name, value = header.split(": ", 1)
            name = "HTTP_" + name.upper().replace("-", "_")
            params[name] = f"{params[name]}, {value}" if name in params else value
        head, _, body = self.program.ask(AUTHORIZER, params).partition("\r\n\r\n")
        lines = [line.split(": ", 1) for line in head.split("\r\n")]
        found = {name.lower(): [v for n, v in lines if n == name] for name in COMPARED}
        return found | {"status": int(lines[0][1][:3]), "body": body.encode()}


def dechunked(data: bytes) -> bytes:
    body = b""
    while True:
        size, _, data = data.partition(b"\r\n")
        if int(size, 16) == 0:
            return body
        body, data = body + data[: int(size, 16)], data[int(size, 16) + 2 :]


@contextlib.contextmanager
def made(server, settings):
    with Gateway(server) as gw:
        conf = gw.dir / "etc" / "fhir-auth.conf"
        conf.write_text(conf.read_text() + settings)
        for folder in ("export", "export/fhir/files", "www/fhir/files"):
            (gw.dir / folder).mkdir(parents=True, exist_ok=True)
            (gw.dir / folder / "a.ndjson").write_text('{"resourceType":"Patient"}\n')
        gw.start()
        env = {"FHIR_AUTH_CONF": str(conf), **gw.sanitizer_options()}
        program = Program(BUILD / "fcgi-authorizer", gw.dir / "beside.sock", env)
        try:
            yield Site(gw, program)
        finally:
            assert program.end() == 0


@pytest.fixture(scope="module", params=EVERYWHERE)
def site(request):
    with made(request.param, '[rules "main"]\nGET /files/* = system/*.rs\n') as site:
        yield site


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_refusal(site, row):
    before = len(site.gw.upstream_requests())
    truth, found = site.truth(row), site.answer(row)
    assert len(site.gw.upstream_requests()) == before
    assert truth["status"] == row.status
    (challenge,) = truth["www-authenticate"]
    assert CHALLENGE.fullmatch(challenge)[1] == row.error
    assert truth["cache-control"] == ["no-store"]

    changes, _ = DIFFERENT.get((site.gw.server, row.name), ({}, ""))
    if BY_ITSELF in changes:
        assert found["status"] == changes[BY_ITSELF]
        assert found["www-authenticate"] == []
        assert found["body"] != truth["body"]
        return
    answer = found.pop("answer")
    assert found == truth | changes
    assert not [name for name, _ in answer.headers
                if name.lower().startswith(("variable-", "x-fhir-auth", "status"))]


def test_store_out_of_reach(site):
    """503 with Retry-After, and no challenge; then all is as before."""
    row = next(row for row in ROWS if row.name == "scope too small")
    store = site.gw.store
    files, away = list(store.parent.glob("fhir-auth.db*")), store.parent / "away"
    away.mkdir(mode=0o700)
    for file in files:
        file.rename(away / file.name)
    try:
        deadline = time.monotonic() + 5
        found = site.answer(row)
        # Of two passes, maybe in two processes, the first may still know of the store.
        while (found["status"], found["retry-after"]) != (503, ["5"]):
            assert time.monotonic() < deadline, found
            found = site.answer(row)
        truth = site.truth(row)
    finally:
        for file in files:
            (away / file.name).rename(file)
        away.rmdir()
    del found["answer"]
    assert found == truth
    assert (truth["status"], truth["retry-after"], truth["www-authenticate"]) == (503, ["5"], [])
    deadline = time.monotonic() + 5
    while site.answer(row)["status"] != 403:
        assert time.monotonic() < deadline


def left(found):
    return int((found["retry-after"] or ["0"])[0])


@pytest.mark.parametrize("server", EVERYWHERE)
def test_throttled(server):
    """429 with Retry-After, no challenge, and an OperationOutcome; who may is still let in."""
    rows = [row for row in ROWS if row.name in ("scope too small", "Spanish", "Spanish XML")]
    with made(server, "[throttle]\nrefusals = 2\nexempt =\n") as site:
        for row in rows:
            wait_until("429 for more than a moment", lambda: left(site.answer(row)) > 1)
            found, truth = site.answer(row), site.truth(row)
            assert (found["status"], found["www-authenticate"]) == (429, [])
            assert b"throttled" in found["body"]
            (wait,), (later,) = found.pop("retry-after"), truth.pop("retry-after")
            assert 0 <= int(wait) - int(later) <= 1 and 1 <= int(wait) <= 60
            del found["answer"]
            assert found == truth
        assert site.gw.upstream_requests() == []
        assert site.gw.fhir("GET", "/Patient/pat-1", site.tokens["reader"]).status_code == 200


# ---- what is granted, and as whom ----


def upstream(site, method, path, token, **options):
    """The answer, and the headers of the one request that reached the FHIR server."""
    before = len(site.gw.upstream_requests())
    answer = site.gw.fhir(method, path, site.tokens.get(token), **options)
    (request,) = site.gw.upstream_requests()[before:]
    assert (request["method"], request["target"]) == (method, "/fhir" + path)
    headers = {}
    for name, value in request["headers"]:
        headers.setdefault(name.lower().replace("_", "-"), []).append(value)
    return answer, headers


def test_granted_requests_arrive_as_they_are(site):
    answer, _ = upstream(site, "GET", "/Patient/pat-1?_pretty=true&name=%C3%B1", "writer")
    assert (answer.status_code, answer.json()["id"]) == (200, "pat-1")
    answer, _ = upstream(site, "HEAD", "/Patient/pat-1", "writer")
    assert (answer.status_code, answer.content) == (200, b"")
    patient = {"resourceType": "Patient", "name": [{"family": "Ñandú" * 40_000}]}
    answer, headers = upstream(site, "POST", "/Patient", "writer", json=patient)
    assert answer.status_code == 201
    assert answer.json()["name"] == patient["name"]
    assert headers["content-type"] == ["application/json"]
    answer, _ = upstream(site, "GET", "/metadata", None)
    assert answer.status_code == 200
    answer, _ = upstream(site, "GET", "/Patient/nobody", "writer")
    assert answer.status_code == 404
    assert answer.json()["issue"][0]["diagnostics"] == "Patient/nobody does not exist"


def facts(claims):
    return {"x-fhir-auth": "granted", "x-fhir-auth-client-id": claims["client_id"],
            "x-fhir-auth-scope": claims["scope"], "x-fhir-auth-subject": claims["sub"],
            "x-fhir-auth-jti": claims["jti"], "x-fhir-auth-issuer": claims["iss"]}


def identity(headers):
    found = {n: v for n, v in headers.items() if n.startswith(("x-fhir-auth", "forwarded"))}
    assert all(len(values) == 1 for values in found.values()), found
    return {name: values[0] for name, values in found.items()}


def test_identity(site):
    _, headers = upstream(site, "GET", "/Patient/pat-1", "writer")
    claims = keys.parts(site.tokens["writer"])[1]
    if site.gw.server == "lighttpd-forwarded":
        client = f'for=127.0.0.1;remote_user="{claims["client_id"]}"'
        assert identity(headers) == {"forwarded": client}
        return  # and there the token goes on, as its file says
    assert identity(headers) == facts(claims)
    assert "authorization" not in headers
    assert site.tokens["writer"] not in str(headers)


def test_nothing_can_be_injected(site):
    _, headers = upstream(site, "GET", "/Patient/pat-1", "odd")
    assert "x-evil" not in headers
    if site.gw.server != "lighttpd-forwarded":
        assert headers["x-fhir-auth-subject"] == ['%C3%B1 "x", y; z']
        assert headers["x-fhir-auth-jti"] == ["%250d%250aX-Evil: 1"]
        assert headers["x-fhir-auth-user"] == ["Practitioner/%E2%80%A8"]
    # A line break is in no claim of a good token.
    assert site.gw.fhir("GET", "/Patient/pat-1", site.tokens["broken"]).status_code == 401


NAMES = ("", "-Client-Id", "-Scope", "-Subject", "-Jti", "-Issuer", "-Limit", "-User", "-Patient")


@pytest.mark.parametrize("spelling", (str, str.upper, lambda name: name.replace("-", "_")),
                         ids=("dashes", "capitals", "underscores"))
@pytest.mark.parametrize("token", ("writer", None))
def test_identity_by_a_client_does_not_arrive(site, spelling, token):
    spoofed = {spelling("X-Fhir-Auth" + name): "evil" for name in NAMES}
    if site.gw.server == "lighttpd-forwarded":
        spoofed |= {"Forwarded": 'for=evil;remote_user="evil"'}
    before = len(site.gw.upstream_requests())
    path = "/Patient/pat-1" if token else "/metadata"
    answer = site.gw.fhir("GET", path, site.tokens.get(token), headers=spoofed)
    seen = str(site.gw.upstream_requests()[before:])
    # Where headers cannot be removed before they are looked at, the odd spelling is refused.
    refused = site.gw.server == "apache-htaccess" and any("_" in name for name in spoofed)
    assert answer.status_code == (400 if refused else 200)
    assert "evil" not in seen


# ---- files, and the token endpoint ----


def test_files(site):
    answer = site.gw.fhir("GET", "/files/a.ndjson", site.tokens["writer"])
    assert (answer.status_code, answer.text) == (200, '{"resourceType":"Patient"}\n')
    assert answer.headers["Content-Type"] == "application/fhir+ndjson"
    head = site.gw.fhir("HEAD", "/files/a.ndjson", site.tokens["writer"])
    assert (head.status_code, head.content) == (200, b"")
    assert site.gw.fhir("GET", "/files/none.ndjson", site.tokens["writer"]).status_code == 404
    for path in ("/files/", "/files", "/files/.htaccess"):
        assert site.gw.fhir("GET", path, site.tokens["writer"]).status_code >= 400
    for name in answer.headers:
        assert not name.lower().startswith(("variable-", "x-fhir-auth"))


@pytest.mark.parametrize("server", ("apache-cgi", "lighttpd-cgi"))
def test_token_endpoint_as_cgi(server):
    with Gateway(server) as gw:
        gw.start()
        check_token_endpoint(gw)


def test_token_endpoint(site):
    check_token_endpoint(site.gw)


def check_token_endpoint(gw):
    client = gw.add_client("system/*.rs introspect")
    form = {"grant_type": "client_credentials", "scope": "system/*.rs"}
    basic = gw.post_token(form, auth=client)
    assert (basic.status_code, basic.headers["Cache-Control"]) == (200, "no-store")
    post = gw.post_token(form | {"client_id": client[0], "client_secret": client[1]})
    assert post.status_code in (200, 401)  # it is registered for one of both
    wrong = gw.post_token(form, auth=(client[0], "x"))
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert len(wrong.raw.headers.getlist("WWW-Authenticate")) == 1
    token = {"token": basic.json()["access_token"]}
    assert gw.oauth("POST", "/introspect", data=token, auth=client).json()["active"] is True
    assert gw.oauth("POST", "/revoke", data=token, auth=client).status_code == 200
    assert gw.oauth("POST", "/introspect", data=token, auth=client).json() == {"active": False}
    assert gw.oauth("GET", "/jwks").json()["keys"]
    assert gw.oauth("GET", "/health").status_code == 200
    for path in ("/fhir/.well-known/smart-configuration", "/.well-known/smart-configuration",
                 "/.well-known/oauth-authorization-server/oauth"):
        document = gw.session.get(gw.origin + path, timeout=10)
        assert json.loads(document.text)["token_endpoint"] == gw.token_url
    assert gw.oauth("PUT", "/token").status_code == 405
    assert gw.oauth("GET", "/nosuch").status_code == 404
    large = gw.oauth("POST", "/token", data=form | {"x": "x" * 70_000}, auth=client)
    assert (large.status_code, large.json()["error"]) == (413, "invalid_request")


# ---- the second lock ----

UNASKED = {
    "apache": ("apache-site.conf", r"\n *FcgidAccessChecker .*"),
    "apache-htaccess": ("../www/fhir/.htaccess", r"\nFcgidAccessChecker .*"),
    "apache-authnz": ("apache-site.conf", r"\n *AuthnzFcgiCheckAuthnProvider .*"),
    "nginx": ("nginx-site.conf", r"\n *auth_request /fhir-auth;"),
}


@pytest.mark.parametrize("server", UNASKED)
def test_authorizer_that_is_not_asked_opens_nothing(server):
    with Gateway(server) as gw:
        name, line = UNASKED[server]
        path = gw.dir / "etc" / name
        text, count = re.subn(line, "", path.read_text())
        assert count >= 1
        path.write_text(text)
        gw.start()
        token = gw.token("system/*.cruds")
        spoofed = {"X-Fhir-Auth": "granted", "Fhir-Auth": "granted"}
        for answer in (gw.fhir("GET", "/Patient/pat-1", token),
                       gw.fhir("GET", "/Patient/pat-1", headers=spoofed),
                       gw.fhir("GET", "/metadata", headers=spoofed)):
            assert answer.status_code >= 400
        assert gw.upstream_requests() == []
