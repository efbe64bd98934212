"""Our signatures, checked by jwcrypto; test_authctl_jose.py has the other direction."""
import json

import pytest
from jwcrypto import jwk, jws

from jose_write import write_all
from test_authctl_jose import KEYS, PAYLOAD, alg_of

PAYLOADS = [PAYLOAD, b"", b"{}", bytes(range(256)) * 40]


@pytest.mark.parametrize("name", KEYS)
def test_every_algorithm(name):
    key = jwk.JWK.generate(**KEYS[name], kid="k1")
    tokens = write_all([(alg_of(name), None, payload, key) for payload in PAYLOADS])
    for token, payload in zip(tokens, PAYLOADS):
        signed = jws.JWS()
        signed.deserialize(token)
        signed.verify(key, alg=alg_of(name))
        assert signed.payload == payload
        assert json.loads(signed.objects["protected"]) == {
            "typ": "JWT", "alg": alg_of(name), "kid": "k1"}


def test_what_a_key_does_not_sign():
    orders = [
        ("ES256", {"kty": "EC", "crv": "P-384"}, "ERR_JWT_ALG"),
        ("EdDSA", {"kty": "OKP", "crv": "X25519"}, "ERR_JWT_ALG"),
        ("HS512", {"kty": "oct", "size": 256}, "ERR_JWT_ALG"),
        ("ES256", {"kty": "EC", "crv": "P-256", "use": "enc"}, "ERR_JWK_USE"),
        ("ES256", {"kty": "EC", "crv": "P-256", "alg": "ECDH-ES"}, "ERR_JWT_ALG"),
    ]
    tokens = write_all([(alg, None, b"x", jwk.JWK.generate(**key)) for alg, key, _ in orders])
    assert tokens == [want for _, _, want in orders]
