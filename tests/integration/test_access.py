"""The authorizer's answers: status, challenge and OperationOutcome, alike on every server."""
import re
from xml.etree import ElementTree

import pytest
import requests

import keys
import wire

SERVERS = ("lighttpd", "apache", "apache-authnz", "nginx")
FHIR = "{http://hl7.org/fhir}"


@pytest.fixture(scope="module")
def reader_token(gw):
    return gw.token("system/*.rs")


@pytest.fixture(scope="module")
def narrow_token(gw):
    return gw.token("system/Patient.r")


def challenge(answer):
    """The parameters of the one Bearer challenge."""
    values = answer.raw.headers.getlist("WWW-Authenticate")
    assert len(values) == 1, values
    assert values[0].startswith("Bearer ")
    return dict(re.findall(r'([a-z_]+)="([^"]*)"', values[0]))


def assert_refused(answer, status, error=None, issue=None):
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/fhir+json")
    assert answer.raw.headers.getlist("Cache-Control") == ["no-store"]
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"][0]["severity"] == "error"
    if issue:
        assert outcome["issue"][0]["code"] == issue
    parameters = challenge(answer)
    assert parameters["realm"] == "fhir"
    assert parameters.get("error") == error
    assert ("error_description" in parameters) == (error is not None)
    assert not [name for name in answer.headers if name.lower().startswith("variable-")]


def test_no_token(gw, upstream_saw):
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
        assert_refused(gw.fhir(method, "/Patient/pat-1"), 401, issue="login")
    assert upstream_saw() == []


def test_other_scheme_is_no_token(gw):
    for value in ("Basic dXNlcjpwYXNz", "Digest username=x", "Negotiate abc"):
        assert_refused(gw.fhir("GET", "/Patient", headers={"Authorization": value}), 401)


@pytest.mark.parametrize(
    "value", (
        "Bearer", "Bearer ", "Bearer a b", "Bearer a,b", 'Bearer "x"', "Bearer =", "Bearer a@b"
    )
)
def test_malformed_header(gw, value, upstream_saw):
    answer = gw.fhir("GET", "/Patient/pat-1", headers={"Authorization": value})
    if value.strip() == "Bearer":  # without a token: malformed, or none at all
        assert answer.status_code in (400, 401)
    else:
        assert_refused(answer, 400, "invalid_request")
    assert upstream_saw() == []


def test_scheme_in_any_case(gw, reader_token):
    for scheme in ("bearer", "BEARER", "beaREr"):
        answer = gw.fhir(
            "GET", "/Patient/pat-1", headers={"Authorization": f"{scheme} {reader_token}"}
        )
        assert answer.status_code == 200


def test_garbage_token(gw, upstream_saw):
    for token in ("x", "a.b.c", "...", "eyJ.eyJ.x", "a" * 4000, "a.b.c.d.e"):
        assert_refused(gw.fhir("GET", "/Patient/pat-1", token), 401, "invalid_token")
    assert upstream_saw() == []


def test_too_small_a_scope(gw, narrow_token, upstream_saw):
    answer = gw.fhir("GET", "/Observation", narrow_token)
    assert_refused(answer, 403, "insufficient_scope", "forbidden")
    assert challenge(answer)["scope"] == "system/Observation.s"
    assert upstream_saw() == []


@pytest.mark.parametrize(
    "method, path, scope",
    [
        ("GET", "/Observation/obs-1", "system/Observation.r"),
        ("POST", "/Patient", "system/Patient.c"),
        ("PUT", "/Patient/x", "system/Patient.u"),
        ("DELETE", "/Patient/x", "system/Patient.d"),
        ("GET", "/Patient", "system/Patient.s"),
        (
            "GET",
            "/Patient?_revinclude=Observation:subject",
            "system/Patient.s system/Observation.s",
        ),
    ],
)
def test_scope_that_would_do_is_named_and_does(gw, narrow_token, method, path, scope):
    body = {"json": {"resourceType": "Patient", "id": "x"}} if method in ("POST", "PUT") else {}
    refused = gw.fhir(method, path, narrow_token, **body)
    assert_refused(refused, 403, "insufficient_scope")
    assert challenge(refused)["scope"] == scope
    accepted = gw.fhir(method, path, gw.token(scope), **body)
    assert accepted.status_code in (200, 201, 204, 404)
    assert "WWW-Authenticate" not in accepted.headers


def test_token_in_the_query(gw, reader_token, upstream_saw):
    path = f"/Patient/pat-1?access_token={reader_token}"
    assert_refused(gw.fhir("GET", path), 400, "invalid_request")
    assert_refused(gw.fhir("GET", path, reader_token), 400, "invalid_request")
    assert_refused(
        gw.fhir("GET", "/Patient?_id=x&%61ccess_token=y", reader_token), 400, "invalid_request"
    )
    assert upstream_saw() == []


def test_not_fhir(gw, reader_token):
    for path in (
        "/Nonsense/1",
        "/patient/pat-1",
        "/Patient/pat-1/extra/x/y/z",
        "/Patient/%20",
        "/$x/y",
        "/_x",
    ):
        assert_refused(gw.fhir("GET", path, reader_token), 400, "invalid_request")


def test_operations_that_nobody_knows(gw):
    token = gw.token("system/*.cruds")
    for method, path in (
        ("POST", "/$process-message"),
        ("GET", "/Patient/pat-1/$unknown"),
        ("GET", "/$everything"),
        ("GET", "/Observation/$match"),
    ):
        answer = gw.fhir(method, path, token)
        assert_refused(answer, 403, "insufficient_scope")
        assert "scope" not in challenge(answer)


def test_what_reaches_every_type_needs_every_type(gw, narrow_token):
    for method, path, needed in (
        ("POST", "/", "system/*.cruds"),
        ("GET", "/Patient/pat-1/$everything", "system/*.rs"),
        ("GET", "/$export", "system/*.rs"),
        ("GET", "/Patient/pat-1/*", "system/*.s"),
        ("GET", "/Patient/pat-1/Observation", "system/Observation.s"),
        ("POST", "/$graphql", "system/*.rs"),
    ):
        answer = gw.fhir(method, path, narrow_token)
        assert_refused(answer, 403, "insufficient_scope")
        assert challenge(answer)["scope"] == needed


def test_method_that_is_not_fhir(gw, reader_token):
    for method, path, allow in (
        ("POST", "/Patient/pat-1", "GET, HEAD, PUT, PATCH, DELETE"),
        ("PUT", "/Patient", "GET, HEAD, POST"),
        ("DELETE", "/Patient", "GET, HEAD, POST"),
    ):
        answer = gw.fhir(method, path, reader_token)
        assert_refused(answer, 405, "invalid_request")
        # Apache itself writes an empty one over that of mod_authnz_fcgi.
        assert answer.headers["Allow"] == ("" if gw.server == "apache-authnz" else allow)


@pytest.mark.parametrize("size", (20_000, 66_000, 300_000, 1_000_000))
def test_client_that_sends_a_refused_body_gets_the_answer(gw, narrow_token, size):
    """On a connection of its own: no answer may be lost because the server closes too early."""
    headers = {"Authorization": f"Bearer {narrow_token}"}
    for _ in range(8):
        answer = requests.post(
            gw.base + "/Observation", b"x" * size, headers=headers, verify=gw.ca, timeout=30
        )
        assert_refused(answer, 403, "insufficient_scope")


def test_body_that_is_refused_is_not_waited_for(gw, narrow_token):
    """Also a large one, and with the status that belongs to it."""
    for size in (1000, 100_000, 400_000):
        answer = gw.fhir("POST", "/Observation", narrow_token, data=b"x" * size)
        assert_refused(answer, 403, "insufficient_scope")
        assert_refused(gw.fhir("POST", "/Observation", data=b"x" * size), 401)
        if gw.server == "apache-authnz":
            continue  # Apache reads the body first, as fast as mod_reqtimeout demands
        head = b"POST /fhir/Observation HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
        answer = wire.exchange(gw.port, gw.ca, head % size)
        assert (answer.status, answer.seconds < 3) == (401, True)


# ---- the body ----


@pytest.mark.parametrize(
    "path, accept",
    [
        ("/Patient", "application/fhir+xml"),
        ("/Patient", "application/xml"),
        ("/Patient", "application/fhir+json;q=0.5, application/fhir+xml"),
        ("/Patient?_format=xml", "application/fhir+json"),
        ("/Patient?_format=application/fhir%2Bxml", "*/*"),
    ],
)
def test_xml(gw, path, accept):
    answer = gw.fhir("GET", path, headers={"Accept": accept})
    assert answer.status_code == 401
    assert answer.headers["Content-Type"].startswith("application/fhir+xml")
    root = ElementTree.fromstring(answer.content)
    assert root.tag == f"{FHIR}OperationOutcome"
    assert root.find(f"{FHIR}issue/{FHIR}code").get("value") == "login"
    challenge(answer)


@pytest.mark.parametrize(
    "accept", ("application/fhir+json", "*/*", "text/html", "application/fhir+xml;q=0", "")
)
def test_json(gw, accept):
    assert_refused(gw.fhir("GET", "/Patient", headers={"Accept": accept}), 401)


def test_spanish(gw, narrow_token):
    answer = gw.fhir(
        "GET", "/Observation", narrow_token, headers={"Accept-Language": "es-ES,es;q=0.9,en;q=0.1"}
    )
    assert_refused(answer, 403, "insufficient_scope")
    assert "permisos" in answer.json()["issue"][0]["details"]["text"]
    english = gw.fhir(
        "GET", "/Observation", narrow_token, headers={"Accept-Language": "en, es;q=0.5"}
    )
    assert "permisos" not in english.text


def test_head_has_status_and_challenge_only(gw):
    answer = gw.fhir("HEAD", "/Patient")
    assert (answer.status_code, answer.content) == (401, b"")
    challenge(answer)


def test_nothing_of_the_token_is_echoed(gw, reader_token):
    damaged = reader_token[:-6] + "AAAAAA"
    answer = gw.fhir("GET", "/Patient", damaged)
    assert_refused(answer, 401, "invalid_token")
    sent = answer.text + str(answer.headers)
    assert not [part for part in damaged.split(".") if part[:20] in sent]


def test_claims_that_are_not_ours_are_not_needed(gw, reader_token):
    """The token is used as it is: what opens the door is in it, nothing else."""
    assert keys.parts(reader_token)[1]["scope"] == "system/*.rs"
    assert gw.fhir("GET", "/Patient", reader_token).json()["total"] >= 5


def test_deny_responder_is_no_endpoint(gw, reader_token):
    answer = gw.session.get(
        gw.origin + "/fhir-auth-deny", headers={"Authorization": f"Bearer {reader_token}"}
    )
    assert answer.status_code in (400, 401, 403, 404)
