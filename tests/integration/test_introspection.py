"""Who may introspect and how, what is told of which token, and answers that are signed (RFC 9701)."""
import json
import time
import uuid

import pytest
from jwcrypto import jwk, jws

import keys
import wire
from test_jwe_interop import encrypt

JWT = "application/token-introspection+jwt"
INACTIVE = {"active": False}
# "scope" to "client_id": SMART demands them; "patient" and the like only of tokens that have them.
MEMBERS = {"active", "scope", "client_id", "exp", "iat", "sub", "iss", "aud", "jti", "token_type"}


class Callers:
    """The same right to ask, by every way to authenticate; and those who have none."""

    KINDS = ("basic", "post", "assertion", "bearer")

    def __init__(self, gw):
        self.gw = gw
        self.client = gw.add_client("introspect")
        self.key = keys.new_key("ES384")
        file = gw.dir / "etc" / f"{self.key['kid']}.json"
        file.write_text(keys.key_set(self.key))
        self.key_client = gw.add_client("introspect", "--jwks", str(file))[0]
        self.bearer = gw.token("introspect", self.client)

    def client_id(self, kind):
        return self.key_client if kind == "assertion" else self.client[0]

    def _assertion(self):
        claims = keys.assertion_claims(self.key_client, self.gw.token_url)
        header = {"alg": "ES384", "kid": self.key["kid"], "typ": "JWT"}
        signed = keys.sign(header, claims, self.key)
        self.gw.secrets.add(signed)
        return {"client_assertion_type": keys.ASSERTION_TYPE, "client_assertion": signed}

    def ask(self, kind, token, accept=None, path="/introspect", **more):
        form, headers = {"token": token, **more}, {"Accept": accept}
        options = {}
        if kind == "basic":
            options["auth"] = self.client
        elif kind == "post":
            form |= {"client_id": self.client[0], "client_secret": self.client[1]}
        elif kind == "assertion":
            form |= self._assertion()
        else:
            headers["Authorization"] = f"Bearer {self.bearer}"
        return self.gw.oauth("POST", path, data=form, headers=headers, **options)


@pytest.fixture(scope="module")
def callers(gw):
    return Callers(gw)


@pytest.fixture(scope="module")
def good(gw):
    return gw.token("system/Patient.rs system/Observation.read", gw.add_client("system/*.rs"))


@pytest.fixture(scope="module")
def inactive(gw, good):
    """Tokens that are inactive, each for another reason."""
    header, claims = keys.parts(good)
    file = gw.dir / "state" / "keys" / f"{header['kid']}.jwk"
    ours, now = jwk.JWK.from_json(file.read_text()), int(time.time())

    def made(key=ours, typ="at+jwt", **changes):
        return keys.sign({**header, "typ": typ}, {**claims, "jti": str(uuid.uuid4()), **changes}, key)

    assert gw.fhir("GET", "/Patient/pat-1", made()).status_code == 200  # but for its fault it is good
    owner, gone = gw.add_client("system/*.rs"), gw.add_client("system/*.rs")
    tokens = {
        "garbage": "x",
        "three parts": "a.b.c",
        "five parts": "a.b.c.d.e",
        "cut": good[:-8],
        "over-long": "a" * 40_000,
        "expired": made(iat=now - 900, exp=now - 600),
        "not yet": made(nbf=now + 600),
        "other issuer": made(iss="https://other.example"),
        "other key": made(key=keys.new_key("ES256", header["kid"])),
        "other type": made(typ="JWT"),
        "unknown client": made(client_id="nobody"),
        "unknown envelope": encrypt(
            jwk.JWK.generate(kty="EC", crv="P-256"), good.encode(),
            alg="ECDH-ES", enc="A256GCM", kid="unknown", cty="at+jwt",
        ),
        "revoked": gw.token("system/*.rs", owner),
        "of a disabled client": gw.token("system/*.rs", gone),
    }
    assert gw.oauth("POST", "/revoke", data={"token": tokens["revoked"]}, auth=owner).ok
    gw.ctl("client", "disable", gone[0])
    gw.secrets |= {token for token in tokens.values() if len(token) > 100 and "." in token}
    return tokens


def challenges(answer):
    return answer.raw.headers.getlist("WWW-Authenticate")


def assert_error(answer, status, code, scheme=None):
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"].startswith("application/json")
    given = challenges(answer)
    assert [value.split()[0] for value in given] == ([scheme] if scheme else [])
    if scheme == "Bearer":
        assert f'error="{code}"' in given[0] and "realm=" in given[0]
        assert f'error_description="{answer.json()["error_description"]}"' in given[0]


# ---- who asks, and what of ----


@pytest.mark.parametrize("kind", Callers.KINDS)
def test_every_caller_learns_all_of_a_good_token(gw, callers, good, kind):
    answer = callers.ask(kind, good)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
    body, claims = answer.json(), keys.parts(good)[1]
    assert set(body) == MEMBERS
    assert body["active"] is True and body["token_type"] == "Bearer"
    assert {name: body[name] for name in claims} == claims
    assert body["scope"] == "system/Patient.rs system/Observation.read"
    assert isinstance(body["exp"], int) and isinstance(body["iat"], int)


@pytest.mark.parametrize("kind", Callers.KINDS)
def test_no_caller_learns_anything_of_another_token(callers, inactive, kind):
    for name, token in inactive.items():
        answer = callers.ask(kind, token)
        assert (answer.status_code, answer.content) == (200, b'{"active":false}\n'), name


def test_the_type_hint_counts_for_nothing(callers, good):
    for hint in ("access_token", "refresh_token", "nonsense", ""):
        assert callers.ask("bearer", good, token_type_hint=hint).json()["active"] is True


def test_a_caller_may_ask_about_its_own_token(callers):
    body = callers.ask("bearer", callers.bearer).json()
    assert (body["active"], body["scope"]) == (True, "introspect")


def test_a_client_without_the_scope_learns_nothing(gw, good):
    client = gw.add_client("system/*.rs")
    for token in (good, gw.token("system/*.rs", client)):
        answer = gw.oauth("POST", "/introspect", data={"token": token}, auth=client)
        assert (answer.status_code, answer.json()) == (200, INACTIVE)


# ---- callers that are refused ----


def by_bearer(gw, token, form, path="/introspect"):
    return gw.oauth("POST", path, data=form, headers={"Authorization": f"Bearer {token}"})


def test_bearer_token_that_is_not_good(gw, good, inactive):
    for name, token in inactive.items():
        if name == "over-long":
            continue  # no web server takes such a header
        answer = by_bearer(gw, token, {"token": good})
        assert_error(answer, 401, "invalid_token", "Bearer")
        assert "scope=" not in challenges(answer)[0]


def test_bearer_token_without_the_scope(gw, good):
    answer = by_bearer(gw, good, {"token": good})
    assert_error(answer, 401, "insufficient_scope", "Bearer")
    assert 'scope="introspect"' in challenges(answer)[0]


def test_bearer_token_that_was_revoked(gw, good):
    client = gw.add_client("introspect")
    token = gw.token("introspect", client)
    assert by_bearer(gw, token, {"token": good}).json()["active"] is True
    assert gw.oauth("POST", "/revoke", data={"token": token}, auth=client).ok
    assert_error(by_bearer(gw, token, {"token": good}), 401, "invalid_token", "Bearer")


def test_bearer_token_beside_something_else(gw, callers, good):
    client_id, secret = callers.client
    for more in (
        {"client_id": client_id, "client_secret": secret},
        {"client_secret": secret},
        {"client_assertion": "a.b.c", "client_assertion_type": keys.ASSERTION_TYPE},
    ):
        assert_error(by_bearer(gw, callers.bearer, {"token": good, **more}), 400, "invalid_request")
    other = by_bearer(gw, callers.bearer, {"token": good, "client_id": "other"})
    assert_error(other, 401, "invalid_token", "Bearer")
    same = by_bearer(gw, callers.bearer, {"token": good, "client_id": client_id})
    assert same.json()["active"] is True


@pytest.mark.parametrize("second", ("Bearer x", "Basic eDp5"))
def test_two_authorization_headers(gw, callers, good, second):
    body = f"token={good}".encode()
    lines = [
        "POST /oauth/introspect HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Authorization: Bearer {callers.bearer}", f"Authorization: {second}", "Connection: close",
    ]
    answer = wire.exchange(gw.port, gw.ca, "\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    assert answer.status == 400
    assert b'"active"' not in answer.body


def test_malformed_bearer_header(gw, callers, good):
    for token in ("", "a b", f"{callers.bearer} x", "{}"):
        answer = by_bearer(gw, token, {"token": good})
        assert_error(answer, 400, "invalid_request")


def test_callers_that_fail_to_authenticate(gw, callers, good):
    form = {"token": good}
    wrong = {"auth": (callers.client[0], "wrong")}
    for options in ({}, wrong, {"auth": ("nobody", "wrong")}):
        answer = gw.oauth("POST", "/introspect", data=form, **options)
        assert_error(answer, 401, "invalid_client", "Basic")
    answer = gw.oauth("POST", "/introspect", data={**form, "access_token": callers.bearer})
    assert_error(answer, 401, "invalid_client", "Basic")


def test_a_bearer_token_opens_no_other_endpoint(gw, callers):
    grant = {"grant_type": "client_credentials", "scope": "introspect"}
    answer = by_bearer(gw, callers.bearer, grant, "/token")
    assert_error(answer, 401, "invalid_client", "Basic")
    answer = by_bearer(gw, callers.bearer, {"token": callers.bearer}, "/revoke")
    assert_error(answer, 401, "invalid_client", "Basic")
    assert callers.ask("bearer", callers.bearer).json()["active"] is True
    assert gw.fhir("GET", "/Patient/pat-1", callers.bearer).status_code == 403


def test_form_that_is_wrong(gw, callers, good):
    for form in ({"token": ""}, {"other": "x"}, [("token", good), ("token", "x")]):
        assert_error(by_bearer(gw, callers.bearer, form), 400, "invalid_request")
    headers = {"Authorization": f"Bearer {callers.bearer}"}
    answer = gw.oauth("POST", "/introspect?token=x", data={"token": good}, headers=headers)
    assert_error(answer, 400, "invalid_request")
    answer = gw.oauth("GET", "/introspect", headers=headers)
    assert_error(answer, 405, "invalid_request")


# ---- signed answers ----


def opened(gw, answer):
    """Header and claims of a signed answer that jwcrypto finds good."""
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == JWT
    assert answer.headers["Cache-Control"] == "no-store"
    gw.secrets.add(answer.text)
    published = jwk.JWKSet.from_json(gw.oauth("GET", "/jwks").text)
    header = keys.parts(answer.text)[0]
    signed = jws.JWS()
    signed.deserialize(answer.text)
    signed.allowed_algs = ["ES256"]
    signed.verify(published.get_key(header["kid"]))
    return header, json.loads(signed.payload)


@pytest.mark.parametrize("kind", Callers.KINDS)
def test_signed_answer(gw, callers, good, inactive, kind):
    for token in (good, "x", inactive["revoked"]):
        header, claims = opened(gw, callers.ask(kind, token, accept=JWT))
        assert set(header) == {"typ", "alg", "kid"}
        assert (header["typ"], header["alg"]) == ("token-introspection+jwt", "ES256")
        assert set(claims) == {"iss", "aud", "iat", "token_introspection"}
        assert (claims["iss"], claims["aud"]) == (gw.issuer, callers.client_id(kind))
        assert abs(claims["iat"] - time.time()) < 30
        assert claims["token_introspection"] == callers.ask(kind, token).json()


def test_signed_answer_to_a_client_without_the_scope(gw, good):
    client = gw.add_client("system/*.rs")
    answer = gw.oauth(
        "POST", "/introspect", data={"token": good}, auth=client, headers={"Accept": JWT}
    )
    assert opened(gw, answer)[1]["token_introspection"] == INACTIVE


def test_errors_are_never_signed(gw, good):
    for auth in (None, ("nobody", "wrong")):
        answer = gw.oauth(
            "POST", "/introspect", data={"token": good}, auth=auth, headers={"Accept": JWT}
        )
        assert_error(answer, 401, "invalid_client", "Basic")


@pytest.mark.parametrize(
    "accept, kind",
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/*", "application/json"),
        ("application/jwt", "application/json"),
        ("text/html", "application/json"),
        (f"{JWT};q=0", "application/json"),
        (f"{JWT};q=0.5, application/json", "application/json"),
        (JWT, JWT),
        (JWT.upper(), JWT),
        (f"{JWT}; q=0.3", JWT),
        (f"application/json;q=0.9, {JWT}", JWT),
        (f"{JWT}, */*;q=0.1", JWT),
    ],
)
def test_accept(callers, good, accept, kind):
    answer = callers.ask("basic", good, accept=accept)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)


def test_a_signed_answer_is_no_token(gw, callers, good, upstream_saw):
    signed = callers.ask("bearer", callers.bearer, accept=JWT).text
    opened(gw, callers.ask("bearer", good, accept=JWT))
    gw.secrets.add(signed)
    refusal = gw.fhir("GET", "/Patient/pat-1", signed)
    assert refusal.status_code == 401
    assert 'error="invalid_token"' in refusal.headers["WWW-Authenticate"]
    assert upstream_saw() == []
    assert_error(by_bearer(gw, signed, {"token": good}), 401, "invalid_token", "Bearer")
    assert callers.ask("basic", signed).json() == INACTIVE


def test_metadata(gw):
    document = gw.oauth("GET", "/.well-known/oauth-authorization-server").json()
    methods = document["introspection_endpoint_auth_methods_supported"]
    assert {"client_secret_basic", "client_secret_post", "private_key_jwt", "Bearer"} <= set(methods)
    assert document["introspection_signing_alg_values_supported"] == ["ES256"]
    assert "Bearer" not in document["revocation_endpoint_auth_methods_supported"]


# ---- revocation (RFC 7009) ----


def test_revocation_answers_200_to_all_but_a_wrong_request(gw, inactive, good, callers):
    owner = gw.add_client("system/*.rs")
    mine = gw.token("system/*.rs", owner)

    def revoke(token, **more):
        return gw.oauth("POST", "/revoke", data={"token": token, **more}, auth=owner)

    for name, token in {**inactive, "of another client": good}.items():
        answer = revoke(token, token_type_hint="nonsense")
        assert (answer.status_code, answer.text) == (200, "{}\n"), name
    assert callers.ask("basic", good).json()["active"] is True
    assert callers.ask("basic", mine).json()["active"] is True
    for _ in range(2):
        assert revoke(mine, token_type_hint="refresh_token").status_code == 200
        assert callers.ask("basic", mine).json() == INACTIVE
    assert_error(gw.oauth("POST", "/revoke", auth=owner, data={"x": "y"}), 400, "invalid_request")
    assert_error(gw.oauth("POST", "/revoke", data={"token": mine}), 401, "invalid_client", "Basic")


# ---- encrypted tokens, and outages ----


def test_encrypted_tokens_and_keys_out_of_reach(own_gw):
    """An outage is told as such: whoever asks must not take a good token for a bad one."""
    gw = own_gw
    gw.edit("fhir-auth.conf", "[token-endpoint]\n", "[token-endpoint]\nformat = encrypted-jwt\n")
    gw.ctl("key", "generate", "--use", "enc")
    gw.start()
    owner, client = gw.add_client("system/*.rs"), gw.add_client("introspect")
    token, caller = gw.token("system/*.rs", owner), gw.token("introspect", client)
    assert token.count(".") == caller.count(".") == 4

    def ask(accept=None):
        return gw.oauth(
            "POST", "/introspect", data={"token": token},
            headers={"Authorization": f"Bearer {caller}", "Accept": accept},
        )

    body = ask().json()
    assert (body["active"], body["client_id"], body["scope"]) == (True, owner[0], "system/*.rs")
    header, claims = opened(gw, ask(JWT))
    assert claims["token_introspection"] == body
    kid = json.loads(keys.unb64(token.split(".")[0]))["kid"]
    file = gw.dir / "state" / "keys" / f"{kid}.jwk"
    file.chmod(0o644)  # no longer for its owner alone: refused
    for answer in (ask(), gw.oauth("POST", "/introspect", data={"token": token}, auth=client),
                   gw.oauth("POST", "/revoke", data={"token": token}, auth=owner)):
        assert_error(answer, 503, "temporarily_unavailable")
        assert int(answer.headers["Retry-After"]) > 0
    file.chmod(0o600)
    assert ask().json() == body
    assert gw.oauth("POST", "/revoke", data={"token": token}, auth=owner).status_code == 200
    assert ask().json() == INACTIVE
    gw.ctl("key", "retire", header["kid"])
    assert ask().json() == INACTIVE
    assert_error(ask(JWT), 503, "temporarily_unavailable")
