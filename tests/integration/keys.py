"""Keys, assertions and forged tokens, all made by jwcrypto."""
import base64
import json
import time
import uuid

from jwcrypto import jwk, jws

MAKE = {
    "ES256": {"kty": "EC", "crv": "P-256"},
    "ES384": {"kty": "EC", "crv": "P-384"},
    "RS256": {"kty": "RSA", "size": 2048},
    "RS384": {"kty": "RSA", "size": 2048},
    "PS256": {"kty": "RSA", "size": 2048},
    "PS384": {"kty": "RSA", "size": 2048},
    "EdDSA": {"kty": "OKP", "crv": "Ed25519"},
}
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def parts(token: str) -> tuple[dict, dict]:
    """Header and claims, not verified."""
    header, payload, _ = token.split(".")
    return json.loads(unb64(header)), json.loads(unb64(payload))


def new_key(alg: str, kid: str | None = None) -> jwk.JWK:
    key = jwk.JWK.generate(**MAKE[alg])
    key["kid"] = kid or key.thumbprint()
    return key


def key_set(*keys: jwk.JWK) -> str:
    return json.dumps({"keys": [key.export_public(as_dict=True) for key in keys]})


def sign(header: dict, claims: object, key: jwk.JWK) -> str:
    """A compact JWS with just this header; claims may be any JSON, or text as it is."""
    payload = claims if isinstance(claims, str) else json.dumps(claims)
    token = jws.JWS(payload)
    token.allowed_algs = [header["alg"]]
    token.add_signature(key, alg=None, protected=json.dumps(header))
    return token.serialize(compact=True)


def assertion_claims(client_id: str, audience: object, **changes: object) -> dict:
    """Claims as SMART wants them; a change to None takes a claim out."""
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "exp": int(time.time()) + 120,
        "jti": str(uuid.uuid4()),
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def assertion_form(assertion: str, scope: str = "system/*.rs") -> dict:
    return {
        "grant_type": "client_credentials",
        "scope": scope,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
