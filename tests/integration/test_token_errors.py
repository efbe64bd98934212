"""The token endpoint's errors, and what the web server answers itself below its paths."""
import base64

import pytest
import requests

import wire

SERVERS = ("lighttpd", "apache", "nginx")

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GRANT = "grant_type=client_credentials&scope=system/*.rs"


@pytest.fixture(scope="module")
def reader(gw):
    return gw.add_client("system/*.rs")


def assert_error(answer, status, code):
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    description = answer.json()["error_description"]
    assert all(" " <= c <= "~" and c not in '"\\' for c in description)


@pytest.mark.parametrize(
    "body, code",
    [
        ("scope=system/*.rs", "invalid_request"),
        ("", "invalid_request"),
        ("grant_type=&scope=system/*.rs", "invalid_request"),
        ("grant_type=password&username=a&password=b", "unsupported_grant_type"),
        ("grant_type=authorization_code&code=x", "unsupported_grant_type"),
        ("grant_type=refresh_token&refresh_token=x", "unsupported_grant_type"),
        (GRANT + "&grant_type=client_credentials", "invalid_request"),
        (GRANT + "&scope=system/Patient.rs", "invalid_request"),
        (GRANT + "&scope=", "invalid_request"),
        (GRANT + "&nothing=1&nothing=2", "invalid_request"),
        (GRANT + "&x=%zz", "invalid_request"),
        (GRANT + "&x=%", "invalid_request"),
        (GRANT + "&x=%00", "invalid_request"),
        (GRANT + "&x=%ff", "invalid_request"),
        (GRANT + "&%73cope=system/Patient.rs", "invalid_request"),
        (GRANT + "".join(f"&p{i}=1" for i in range(100)), "invalid_request"),
    ],
)
def test_malformed_form(gw, reader, body, code):
    assert_error(gw.post_token(body, auth=reader, headers=FORM), 400, code)


@pytest.mark.parametrize(
    "kind", ("application/json", "text/plain", "multipart/form-data; boundary=x", None)
)
def test_content_type(gw, reader, kind):
    headers = {"Content-Type": kind} if kind else {}
    answer = gw.post_token(GRANT.encode(), auth=reader, headers=headers)
    assert answer.status_code in (400, 415)
    assert_error(answer, answer.status_code, "invalid_request")


def test_content_type_may_have_parameters(gw, reader):
    headers = {"Content-Type": "Application/X-WWW-Form-Urlencoded; charset=UTF-8"}
    assert gw.post_token(GRANT, auth=reader, headers=headers).status_code == 200


def test_parameters_in_the_url(gw, reader):
    answer = gw.oauth("POST", "/token?" + GRANT, data=GRANT, auth=reader, headers=FORM)
    assert_error(answer, 400, "invalid_request")


@pytest.mark.parametrize("method", ("GET", "PUT", "DELETE", "PATCH"))
@pytest.mark.parametrize("path", ("/token", "/introspect", "/revoke"))
def test_post_only(gw, reader, method, path):
    answer = gw.oauth(method, path, auth=reader)
    assert_error(answer, 405, "invalid_request")
    assert "POST" in answer.headers["Allow"]


def test_two_ways_of_authentication(gw, reader):
    form = f"{GRANT}&client_id={reader[0]}&client_secret={reader[1]}"
    assert_error(gw.post_token(form, auth=reader, headers=FORM), 400, "invalid_request")
    form = f"{GRANT}&client_assertion=a.b.c&client_secret={reader[1]}&client_id={reader[0]}"
    assert_error(gw.post_token(form, headers=FORM), 400, "invalid_request")


def test_no_authentication(gw):
    assert_error(gw.post_token(GRANT, headers=FORM), 401, "invalid_client")


def test_unknown_client_and_wrong_secret_look_alike(gw, reader):
    wrong = gw.post_token(GRANT, auth=(reader[0], "x" * 43), headers=FORM)
    unknown = gw.post_token(GRANT, auth=("nobody", "x" * 43), headers=FORM)
    for answer in (wrong, unknown):
        assert_error(answer, 401, "invalid_client")
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert wrong.content == unknown.content
    varying = ("Date", "Keep-Alive", "Connection")
    assert {k: v for k, v in wrong.headers.items() if k not in varying} == {
        k: v for k, v in unknown.headers.items() if k not in varying
    }
    post = gw.post_token(f"{GRANT}&client_id={reader[0]}&client_secret=wrong-secret", headers=FORM)
    assert_error(post, 401, "invalid_client")


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"no-colon").decode(),
        "Bearer abc",
        "Digest username=x",
        "Basic %s x",
    ],
)
def test_malformed_authorization(gw, reader, header):
    plain = base64.b64encode(":".join(reader).encode()).decode()
    answer = gw.post_token(GRANT, headers={**FORM, "Authorization": header.replace("%s", plain)})
    assert_error(answer, 401, "invalid_client")


def test_client_id_that_differs(gw, reader):
    answer = gw.post_token(GRANT + "&client_id=other", auth=reader, headers=FORM)
    assert_error(answer, 401, "invalid_client")


def test_disabled_client_gets_no_token(gw):
    client = gw.add_client("system/*.rs")
    gw.ctl("client", "disable", client[0])
    assert_error(gw.post_token(GRANT, auth=client, headers=FORM), 401, "invalid_client")
    gw.ctl("client", "enable", client[0])
    assert gw.post_token(GRANT, auth=client, headers=FORM).status_code == 200


# ---- what the web server answers itself ----


def raw(gw, method, headers, body=b"", target="/oauth/token"):
    lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", *headers]
    return wire.exchange(gw.port, gw.ca, "\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def assert_json_at_once(answer, status):
    assert answer.status == status
    assert answer.seconds < 3
    assert answer.header("Content-Type")[0].startswith("application/json")
    assert answer.header("Cache-Control") == ["no-store"]
    assert b'"error"' in answer.body


@pytest.mark.parametrize("size", (65537, 10_000_000))
def test_body_over_the_limit_is_not_waited_for(gw, size):
    headers = ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {size}"]
    assert_json_at_once(raw(gw, "POST", headers, b"grant_type="), 413)
    assert_json_at_once(raw(gw, "POST", [*headers, "Expect: 100-continue"]), 413)


def test_body_over_the_limit_in_chunks(gw):
    chunk = b"4000\r\n" + b"a" * 0x4000 + b"\r\n"
    headers = ["Content-Type: application/x-www-form-urlencoded", "Transfer-Encoding: chunked"]
    assert_json_at_once(raw(gw, "POST", headers, chunk * 6), 413)


@pytest.mark.parametrize("size", (66_000, 300_000, 3_000_000))
def test_whole_body_over_the_limit(gw, reader, size):
    """A client that sends it all gets the answer, and no broken connection."""
    for _ in range(5):
        answer = requests.post(
            gw.token_url, "x=" + "a" * size, auth=reader, headers=FORM, verify=gw.ca, timeout=30
        )
        assert_error(answer, 413, "invalid_request")


@pytest.mark.parametrize("size", (0, 1000, 10_000, 30_000, 60_000, 300_000))
def test_other_method_with_a_whole_body(gw, size):
    for method in ("PUT", "PATCH"):
        answer = requests.request(method, gw.token_url, data="a" * size, verify=gw.ca, timeout=30)
        assert answer.status_code == (413 if gw.server != "lighttpd" and size > 65536 else 405)
        assert answer.json()["error"] == "invalid_request"


def test_body_at_the_limit(gw, reader):
    filler = "a" * (65536 - len(GRANT) - len("&x="))
    assert gw.post_token(f"{GRANT}&x={filler}", auth=reader, headers=FORM).status_code == 200


@pytest.mark.parametrize("method", ("PUT", "DELETE", "PATCH"))
def test_other_method_does_not_wait_for_the_body(gw, method):
    answer = raw(gw, method, ["Content-Length: 1000"])
    assert_json_at_once(answer, 405)
    assert "POST" in answer.header("Allow")[0]


def test_too_long_a_url(gw):
    answer = raw(gw, "GET", [], target="/oauth/token?" + "a" * 30_000)
    assert answer.status in (414, 431)
    assert_json_at_once(answer, answer.status)


def test_path_that_can_be_read_two_ways(gw):
    for target in (
        "/oauth/%2e%2e/token", "/oauth/tok%2fen", "/oauth/../oauth/token", "/oauth//token"
    ):
        answer = raw(gw, "POST", ["Content-Length: 0"], target=target)
        assert answer.status in (400, 401, 403, 404, 415), target
        assert answer.header("Content-Type")[0].startswith("application/json")
