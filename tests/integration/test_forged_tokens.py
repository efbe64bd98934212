"""Tokens that nobody here issued: none of them opens anything."""
import base64
import json
import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from jwcrypto import jwk

import keys


@pytest.fixture(scope="module")
def good(gw):
    token = gw.token("system/*.cruds")
    header, claims = keys.parts(token)
    return {"token": token, "header": header, "claims": claims}


@pytest.fixture(scope="module")
def signing_key(gw, good):
    """The gateway's own private key: to make tokens that are wrong in one thing only."""
    file = gw.dir / "state" / "keys" / f"{good['header']['kid']}.jwk"
    return jwk.JWK.from_json(file.read_text())


def sign_der(key, text):
    return key.get_op_key("sign").sign(text.encode(), ec.ECDSA(hashes.SHA256()))


def refused(gw, token, reason=""):
    answer = gw.fhir("GET", "/Patient/pat-1", token)
    challenge = answer.headers["WWW-Authenticate"]
    assert answer.status_code == 401, (reason, answer.text)
    assert 'error="invalid_token"' in challenge
    return challenge


def test_the_helper_makes_good_tokens(gw, good, signing_key):
    """Else all the tests below would prove nothing."""
    token = keys.sign(good["header"], good["claims"], signing_key)
    assert gw.fhir("GET", "/Patient/pat-1", token).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": int(time.time()) - 400},
        {"exp": 0},
        {"exp": None},
        {"exp": "9999999999"},
        {"exp": 1e308},
        {"exp": True},
        {"nbf": int(time.time()) + 3600},
        {"iat": int(time.time()) + 3600},
        {"aud": "https://other.example/fhir"},
        {"aud": []},
        {"aud": None},
        {"aud": 7},
        {"iss": "https://evil.example/oauth"},
        {"iss": None},
        {"iss": ["x"]},
        {"sub": None},
        {"client_id": None},
        {"client_id": "nobody"},
        {"jti": None},
        {"jti": ""},
        {"scope": ["system/*.cruds"]},
        {"scope": "system/*.cruds\nX-Evil: 1"},
    ],
)
def test_claim_that_is_wrong(gw, good, signing_key, changes):
    claims = {k: v for k, v in {**good["claims"], **changes}.items() if v is not None}
    refused(gw, keys.sign(good["header"], claims, signing_key), changes)


def test_scope_that_is_missing_grants_nothing(gw, good, signing_key):
    for scope in (None, "", "nonsense", "system/*", "system/*.", "system/Patient.sr"):
        claims = {k: v for k, v in {**good["claims"], "scope": scope}.items() if v is not None}
        answer = gw.fhir("GET", "/Patient/pat-1", keys.sign(good["header"], claims, signing_key))
        assert answer.status_code in (401, 403), scope


@pytest.mark.parametrize(
    "changes",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"typ": "dpop+jwt"},
        {"typ": "token-introspection+jwt"},
        {"kid": "unknown"},
        {"kid": None},
        {"kid": "' OR 1=1 --"},
        {"kid": "../../../../etc/passwd"},
    ],
)
def test_header_that_is_wrong(gw, good, signing_key, changes):
    header = {k: v for k, v in {**good["header"], **changes}.items() if v is not None}
    refused(gw, keys.sign(header, good["claims"], signing_key), changes)


def test_critical_extension(gw, good, signing_key):
    for extra in ({"crit": ["exp"]}, {"crit": ["b64"], "b64": False}, {"crit": []}):
        _, payload, _ = good["token"].split(".")
        head = keys.b64(json.dumps({**good["header"], **extra}).encode())
        r, s = utils.decode_dss_signature(sign_der(signing_key, f"{head}.{payload}"))
        signature = keys.b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        refused(gw, f"{head}.{payload}.{signature}", extra)


def test_unsigned(gw, good):
    _, payload, signature = good["token"].split(".")
    for alg in ("none", "None", "nOnE", "", None):
        head = {k: v for k, v in {**good["header"], "alg": alg}.items() if v is not None}
        encoded = keys.b64(json.dumps(head).encode())
        refused(gw, f"{encoded}.{payload}.")
        refused(gw, f"{encoded}.{payload}.{signature}")


def test_public_key_as_hmac_secret(gw, good):
    key_set = jwk.JWKSet.from_json(gw.oauth("GET", "/jwks").text)
    public = key_set.get_key(good["header"]["kid"])
    for text in (
        public.export_public(),
        public.export_to_pem().decode(),
        public.export_to_pem().decode().strip(),
    ):
        secret = jwk.JWK(kty="oct", k=keys.b64(text.encode()))
        refused(gw, keys.sign({**good["header"], "alg": "HS256"}, good["claims"], secret))


def test_own_key_under_the_right_kid(gw, good):
    evil = keys.new_key("ES256", kid=good["header"]["kid"])
    refused(gw, keys.sign(good["header"], good["claims"], evil))
    embedded = {**good["header"], "jwk": evil.export_public(as_dict=True)}
    refused(gw, keys.sign(embedded, good["claims"], evil))
    refused(
        gw, keys.sign({**good["header"], "jku": "https://evil.example/jwks"}, good["claims"], evil)
    )


def test_other_algorithm_than_the_key_is_for(gw, good):
    for alg in ("ES384", "RS256", "PS256", "EdDSA"):
        evil = keys.new_key(alg, kid=good["header"]["kid"])
        refused(gw, keys.sign({**good["header"], "alg": alg}, good["claims"], evil))


def test_tampered_payload(gw, good):
    head, _, signature = good["token"].split(".")
    for changes in ({"scope": "system/*.cruds system/*.cruds"}, {"exp": good["claims"]["exp"] + 1}):
        payload = keys.b64(json.dumps({**good["claims"], **changes}).encode())
        refused(gw, f"{head}.{payload}.{signature}")


def test_signature_that_is_no_signature(gw, good):
    head, payload, _ = good["token"].split(".")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    for r, s in ((0, 0), (1, 0), (0, 1), (order, order), (2**256 - 1, 2**256 - 1)):
        refused(gw, f"{head}.{payload}.{keys.b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}")
    for size in (0, 1, 63, 65, 72, 128):
        refused(gw, f"{head}.{payload}.{keys.b64(b'x' * size)}")


def test_der_signature(gw, good, signing_key):
    head, payload, _ = good["token"].split(".")
    refused(gw, f"{head}.{payload}.{keys.b64(sign_der(signing_key, f'{head}.{payload}'))}")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: t[:-1],
        lambda t: t + "A",
        lambda t: t + "=",
        lambda t: t + ".",
        lambda t: t.replace(".", "..", 1),
        lambda t: "." + t,
        lambda t: t.rsplit(".", 1)[0],
        lambda t: base64.b64encode(t.encode()).decode(),
        # The last character holds unused bits: another one decodes to the same signature.
        lambda t: t[:-1] + {"A": "B", "Q": "R", "g": "h", "w": "x"}[t[-1]],
    ],
)
def test_other_spelling(gw, good, spoil):
    answer = gw.fhir("GET", "/Patient/pat-1", spoil(good["token"]))
    assert answer.status_code in (400, 401)


def test_payload_that_is_no_claim_set(gw, good, signing_key):
    claims = json.dumps(good["claims"])
    for payload in (
        "[]",
        '"x"',
        "null",
        "",
        claims + "x",
        claims[:-1],
        claims[:-1] + ',"scope":"system/*.cruds"}',
        claims[:-1] + ',"x":' + "[" * 500 + "]" * 500 + "}",
        claims[:-1] + ',"x":"\\u0000"}',
    ):
        refused(gw, keys.sign(good["header"], payload, signing_key), payload[-40:])


def test_client_assertion_is_no_access_token(gw, good, signing_key):
    header = {"alg": "ES256", "kid": good["header"]["kid"], "typ": "JWT"}
    claims = keys.assertion_claims(good["claims"]["client_id"], gw.base, scope="system/*.cruds")
    refused(gw, keys.sign(header, claims, signing_key))
