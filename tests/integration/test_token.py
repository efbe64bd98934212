"""Tokens by secret: what is issued, and that it opens the FHIR server."""
import re
import time

import pytest
from jwcrypto import jwk, jwt

import keys

SERVERS = ("lighttpd", "apache", "nginx")

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture(scope="module")
def reader(gw):
    return gw.add_client("system/*.rs")


def ask(gw, client, scope, **more):
    return gw.post_token({**GRANT, "scope": scope, **more}, auth=client)


def test_answer(gw, reader):
    answer = ask(gw, reader, "system/*.rs")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"
    body = answer.json()
    assert body["token_type"].lower() == "bearer"
    assert body["expires_in"] == 300
    assert body["scope"] == "system/*.rs"
    assert not {"refresh_token", "id_token"} & set(body)


def test_token_is_as_rfc_9068_says(gw, reader):
    token = ask(gw, reader, "system/Patient.rs").json()["access_token"]
    header, claims = keys.parts(token)
    assert header["typ"].lower() in ("at+jwt", "application/at+jwt")
    assert header["alg"] == "ES256"
    key_set = jwk.JWKSet.from_json(gw.oauth("GET", "/jwks").text)
    jwt.JWT(jwt=token, key=key_set.get_key(header["kid"]), algs=["ES256"])
    assert claims["iss"] == gw.issuer
    assert claims["aud"] in (gw.base, [gw.base])
    assert claims["sub"] == claims["client_id"] == reader[0]
    assert claims["scope"] == "system/Patient.rs"
    assert abs(claims["iat"] - time.time()) < 10
    assert claims["exp"] - claims["iat"] == 300
    assert len(claims["jti"]) >= 22
    assert not re.search(r"[^A-Za-z0-9._~-]", claims["jti"])


def test_each_token_has_its_own_jti(gw, reader):
    tokens = [ask(gw, reader, "system/*.rs").json()["access_token"] for _ in range(5)]
    assert len({keys.parts(token)[1]["jti"] for token in tokens}) == 5


def test_secret_basic_opens_the_fhir_server(gw, reader):
    token = ask(gw, reader, "system/*.rs").json()["access_token"]
    answer = gw.fhir("GET", "/Patient/pat-1", token)
    assert answer.status_code == 200
    assert answer.json()["id"] == "pat-1"


def test_secret_post_opens_the_fhir_server(gw, reader):
    client_id, secret = reader
    answer = gw.post_token(
        {**GRANT, "scope": "system/*.rs", "client_id": client_id, "client_secret": secret}
    )
    assert answer.status_code == 200
    assert gw.fhir("GET", "/Observation", answer.json()["access_token"]).json()["total"] == 6


def test_basic_is_form_decoded(gw):
    """RFC 6749 section 2.3.1: id and secret are form-encoded before they are put into Basic."""
    client_id, secret = gw.add_client("system/*.rs", "--id", "ward~app.1")
    encoded = "".join(f"%{ord(c):02X}" for c in client_id), "".join(
        f"%{ord(c):02x}" for c in secret
    )
    assert ask(gw, encoded, "system/*.rs").status_code == 200


@pytest.mark.parametrize(
    "allowed, asked",
    [
        ("system/*.rs", "system/Patient.rs"),
        ("system/*.rs", "system/Patient.r system/Observation.s"),
        ("system/*.rs", "system/*.read"),
        ("system/*.cruds", "system/Patient.write"),
        ("system/*.*", "system/*.cruds"),
        ("system/Patient.read", "system/Patient.rs"),
        ("system/Patient.rs system/Observation.rs", "system/Observation.rs"),
    ],
)
def test_scope_is_granted_as_asked(gw, allowed, asked):
    body = ask(gw, gw.add_client(allowed), asked).json()
    assert body["scope"] == asked
    assert keys.parts(body["access_token"])[1]["scope"] == asked


@pytest.mark.parametrize(
    "allowed, asked",
    [
        ("system/*.rs", "system/Patient.c"),
        ("system/Patient.rs", "system/*.rs"),
        ("system/Patient.rs", "system/Observation.rs"),
        ("system/Patient.r", "system/Patient.read"),
        ("system/*.cruds", "patient/*.rs"),
        ("system/*.cruds", "user/*.rs"),
        ("system/*.cruds", "system/Nonsense.rs"),
        ("system/*.cruds", "system/Patient.sr"),
        ("system/Patient.rs?name=x", "system/Patient.rs"),
        ("system/Patient.rs?name=x", "system/Patient.rs?name=y"),
        ("system/Patient.rs?name=x", "system/Patient.cruds?name=x"),
        ("system/*.cruds", "system/patient.rs"),
        ("system/*.cruds", "nonsense"),
        ("system/*.cruds", "openid fhirUser"),
        ("system/*.rs", "introspect"),
        ("system/*.rs", "system/Patient.rs system/Patient.d"),
        ("system/*.cruds", ""),
        ("system/*.cruds", None),
    ],
)
def test_scope_is_refused(gw, allowed, asked):
    answer = ask(gw, gw.add_client(allowed), asked)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "allowed, asked",
    [
        ("system/*.cruds", "system/Patient.rs?name=x"),
        ("system/Observation.rs?category=laboratory", "system/Observation.rs?category=laboratory"),
        ("system/Observation.rs?category=laboratory", "system/Observation.s?category=laboratory"),
    ],
)
def test_scope_with_a_constraint(gw, allowed, asked):
    answer = ask(gw, gw.add_client(allowed), asked)
    assert (answer.status_code, answer.json()["scope"]) == (200, asked)


def test_resource_parameter(gw, reader):
    good = ask(gw, reader, "system/*.rs", resource=gw.base)
    assert keys.parts(good.json()["access_token"])[1]["aud"] in (gw.base, [gw.base])
    bad = ask(gw, reader, "system/*.rs", resource="https://other.example/fhir")
    assert (bad.status_code, bad.json()["error"]) == (400, "invalid_target")


def test_unknown_parameters_are_ignored(gw, reader):
    assert ask(gw, reader, "system/*.rs", something="else").status_code == 200


def test_lifetime_of_a_client(gw):
    client = gw.add_client("system/*.rs", "--token-lifetime", "42s")
    body = ask(gw, client, "system/*.rs").json()
    claims = keys.parts(body["access_token"])[1]
    assert body["expires_in"] == 42 == claims["exp"] - claims["iat"]
