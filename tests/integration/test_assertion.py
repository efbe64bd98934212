"""private_key_jwt: signed assertions (RFC 7523, SMART Backend Services)."""
import http.server
import json
import ssl
import threading
import time

import pytest
from jwcrypto import jwk

import keys

ALGORITHMS = tuple(keys.MAKE)


class KeySetServer:
    """Serves key sets over HTTPS: path -> (status, headers, body)."""

    def __init__(self, certificate, key):
        self.pages, self.hits = {}, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.hits.append(self.path)
                status, headers, body = outer.pages.get(self.path, (404, {}, ""))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body.encode())), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.origin = f"https://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def publish(self, path, body, status=200, **headers):
        self.pages[path] = (status, {k.replace("_", "-"): v for k, v in headers.items()}, body)
        return self.origin + path


@pytest.fixture(scope="module")
def key_sets(gw):
    server = KeySetServer(gw.dir / "etc" / "server.pem", gw.dir / "etc" / "server.key")
    yield server
    server.server.shutdown()
    server.server.server_close()


class Client:
    """A client with a key; its assertions are right unless something is changed."""

    def __init__(self, gw, alg, options=None):
        self.gw, self.alg, self.key = gw, alg, keys.new_key(alg)
        if options is None:
            path = gw.dir / "etc" / f"{self.key['kid']}.jwks"
            path.write_text(keys.key_set(self.key))
            options = ("--jwks", str(path))
        self.id = gw.add_client("system/*.rs", *options)[0]

    def assertion(self, header=None, key=None, **claims):
        head = {"alg": self.alg, "kid": self.key["kid"], "typ": "JWT", **(header or {})}
        head = {name: value for name, value in head.items() if value is not None}
        audience = claims.pop("aud", self.gw.token_url)
        made = keys.assertion_claims(self.id, audience, **claims)
        return keys.sign(head, made, key or self.key)

    def ask(self, assertion=None, **more):
        form = keys.assertion_form(assertion or self.assertion())
        return self.gw.post_token({**form, **more})


@pytest.fixture(scope="module")
def client(gw):
    return Client(gw, "ES384")


def assert_refused(answer, status=401, code="invalid_client"):
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "access_token" not in answer.text


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_registered_key_set(gw, alg):
    answer = Client(gw, alg).ask()
    assert answer.status_code == 200, answer.text
    assert gw.fhir("GET", "/Patient/pat-1", answer.json()["access_token"]).status_code == 200


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_key_set_url(gw, key_sets, alg):
    client = Client(gw, alg, ("--jwks-uri", f"{key_sets.origin}/{alg}"))
    key_sets.publish(f"/{alg}", keys.key_set(client.key))
    answer = client.ask()
    assert answer.status_code == 200, answer.text
    assert gw.fhir("GET", "/Patient/pat-1", answer.json()["access_token"]).status_code == 200


def test_new_key_behind_a_key_set_url_is_found(gw, key_sets):
    client = Client(gw, "ES256", ("--jwks-uri", f"{key_sets.origin}/rotating"))
    key_sets.publish("/rotating", keys.key_set(client.key), Cache_Control="max-age=3600")
    assert client.ask().status_code == 200
    client.key = keys.new_key("ES256")
    key_sets.publish("/rotating", keys.key_set(client.key), Cache_Control="max-age=3600")
    # Not once a request: an unknown kid must not make us fetch as often as somebody likes.
    hits = len(key_sets.hits)
    assert [client.ask().status_code for _ in range(3)] == [401, 401, 401]
    assert len(key_sets.hits) == hits
    gw.sql("UPDATE document SET fetched_at = fetched_at - 60 WHERE url LIKE '%/rotating'")
    assert client.ask().status_code == 200


def test_key_set_is_not_kept_longer_than_its_server_says(gw, key_sets):
    client = Client(gw, "ES256", ("--jwks-uri", f"{key_sets.origin}/fresh"))
    key_sets.publish("/fresh", keys.key_set(client.key), Cache_Control="no-store")
    for expected in (1, 2):
        assert client.ask().status_code == 200
        assert key_sets.hits.count("/fresh") == expected


@pytest.mark.parametrize(
    "body, how",
    [
        ("", {"status": 500}),
        ("not json", {}),
        ('{"keys":[]}', {}),
        ("{}", {}),
        ("", {"status": 302, "Location": "/good"}),
        ("x" * 100_000, {}),
    ],
)
def test_key_set_url_that_fails(gw, key_sets, body, how):
    path = f"/bad-{abs(hash((body[:20], str(how))))}"
    client = Client(gw, "ES256", ("--jwks-uri", key_sets.origin + path))
    key_sets.publish("/good", keys.key_set(client.key))
    key_sets.publish(path, body, **how)
    assert_refused(client.ask())


def test_key_set_url_nobody_listens_at(gw):
    client = Client(gw, "ES256", ("--jwks-uri", "https://127.0.0.1:1/jwks"))
    begin = time.monotonic()
    assert_refused(client.ask())
    assert time.monotonic() - begin < 10


# ---- claims ----


def test_audience_may_be_the_token_endpoint_or_the_issuer(gw, client):
    assert client.ask(client.assertion(aud=gw.token_url)).status_code == 200
    assert client.ask(client.assertion(aud=gw.issuer)).status_code == 200


@pytest.mark.parametrize(
    "audience",
    (
        "https://other.example/token",
        "",
        None,
        "{base}",
        "{issuer}/",
        "{issuer}/token/",
        "{issuer}/introspect",
    ),
)
def test_other_audience(gw, client, audience):
    if audience is not None:
        audience = audience.format(base=gw.base, issuer=gw.issuer)
    assert_refused(client.ask(client.assertion(aud=audience)))


def test_foreign_audience_beside_the_right_one(gw, client):
    assert_refused(client.ask(client.assertion(aud=[gw.token_url, "https://other.example"])))
    assert_refused(client.ask(client.assertion(aud=[])))


def test_audience_is_one_string(gw, client):
    assert_refused(client.ask(client.assertion(aud=[gw.token_url])))
    assert_refused(client.ask(client.assertion(aud=[gw.token_url, gw.issuer])))


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": -1},
        {"exp": 1e300},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 2000},
        {"iss": "someone-else"},
        {"sub": "someone-else"},
        {"iss": None},
        {"sub": None},
        {"iss": "nobody", "sub": "nobody"},
    ],
)
def test_claim_that_is_wrong(client, claims):
    assert_refused(client.ask(client.assertion(**claims)))


@pytest.mark.parametrize(
    "name, seconds", (("exp", -120), ("exp", 600), ("exp", 10**10), ("nbf", 600), ("iat", 600))
)
def test_time_that_is_wrong(client, name, seconds):
    assert_refused(client.ask(client.assertion(**{name: int(time.time()) + seconds})))


def test_exp_up_to_five_minutes_ahead(client):
    assert client.ask(client.assertion(exp=int(time.time()) + 295)).status_code == 200


def test_used_twice(client):
    assertion = client.assertion()
    assert client.ask(assertion).status_code == 200
    assert_refused(client.ask(assertion))
    other_jti = client.assertion()
    assert client.ask(other_jti).status_code == 200


def test_same_jti_in_another_assertion(client):
    assert client.ask(client.assertion(jti="same-jti")).status_code == 200
    assert_refused(client.ask(client.assertion(jti="same-jti", exp=int(time.time()) + 200)))


def test_client_id_beside_the_assertion(client):
    assert client.ask(client_id=client.id).status_code == 200
    assert_refused(client.ask(client_id="someone-else"))


# ---- header and signature ----


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "unknown"},
        {"kid": None},
        {"kid": ""},
        {"kid": "../../etc/passwd"},
        {"typ": "at+jwt"},
        {"jku": "https://evil.example/jwks"},
        {"crit": ["b64"], "b64": False},
        {"crit": ["exp"]},
    ],
)
def test_header_that_is_wrong(client, header):
    if "crit" in header:  # jwcrypto would not sign it
        good = client.assertion()
        head = {**keys.parts(good)[0], **header}
        assertion = ".".join([keys.b64(json.dumps(head).encode()), *good.split(".")[1:]])
    else:
        assertion = client.assertion(header)
    assert_refused(client.ask(assertion))


def test_jku_is_never_fetched(gw, key_sets):
    client = Client(gw, "ES256")
    evil = keys.new_key("ES256", kid=client.key["kid"])
    url = key_sets.publish("/evil", keys.key_set(evil))
    before = len(key_sets.hits)
    assert_refused(client.ask(client.assertion({"jku": url}, key=evil)))
    assert len(key_sets.hits) == before


def test_signature_of_another_key(client):
    assert_refused(client.ask(client.assertion(key=keys.new_key("ES384"))))


def test_embedded_key_counts_for_nothing(client):
    evil = keys.new_key("ES384")
    header = {"jwk": evil.export_public(as_dict=True)}
    assert_refused(client.ask(client.assertion(header, key=evil)))


def test_unsigned(client):
    _, payload, signature = client.assertion().split(".")
    for alg in ("none", "None", "NONE"):
        head = keys.b64(json.dumps({"alg": alg, "kid": client.key["kid"]}).encode())
        assert_refused(client.ask(f"{head}.{payload}."))
        assert_refused(client.ask(f"{head}.{payload}.{signature}"))


def test_public_key_as_hmac_secret(client):
    for text in (client.key.export_public(), client.key.export_to_pem().decode()):
        secret = jwk.JWK(kty="oct", k=keys.b64(text.encode()))
        claims = keys.assertion_claims(client.id, client.gw.token_url)
        assert_refused(
            client.ask(keys.sign({"alg": "HS256", "kid": client.key["kid"]}, claims, secret))
        )


@pytest.mark.parametrize(
    "spoil",
    [
        lambda a: a[:-4],
        lambda a: a + "=",
        lambda a: a + ".x",
        lambda a: a.replace(".", "..", 1),
        lambda a: " " + a,
        lambda a: "..",
        lambda a: "a.b.c",
        lambda a: a.rsplit(".", 1)[0],
        lambda a: a.rsplit(".", 1)[0] + ".",
    ],
)
def test_spoiled_assertion(client, spoil):
    assert_refused(client.ask(spoil(client.assertion())))


def test_assertion_type(client):
    form = keys.assertion_form(client.assertion())
    assert_refused(
        client.gw.post_token({**form, "client_assertion_type": "urn:x"}), 400, "invalid_request"
    )
    del form["client_assertion_type"]
    assert_refused(client.gw.post_token(form), 400, "invalid_request")


def test_client_with_keys_cannot_use_a_secret(gw, client):
    for secret in ("", "x" * 43):
        answer = gw.post_token(
            {"grant_type": "client_credentials", "scope": "system/*.rs"}, auth=(client.id, secret)
        )
        assert_refused(answer)


def test_client_with_a_secret_cannot_use_an_assertion(gw, client):
    other, _ = gw.add_client("system/*.rs")
    assert_refused(client.ask(client.assertion(iss=other, sub=other)))
