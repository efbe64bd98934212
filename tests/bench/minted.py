"""Access tokens and assertions by the thousand, signed by OpenSSL through python3-cryptography."""
import base64
import json
import time
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from jwcrypto import jwk

AUDIENCE = "https://fhir.example.org/fhir"  # of every base that is measured
ISSUER = "https://issuer.example.org"
SCOPE = "system/*.rs"
OPAQUE = "kM3pGm5sVf0yqUjQ2iTn8wXcZrLbHaEdYoPuKlJhGf4"
LIFETIME_S = 3000


def b64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


class Signer:
    """One private key: ES256 on P-256, or RS256."""

    def __init__(self, alg: str, bits: int = 2048) -> None:
        self.alg, self.kid = alg, f"bench-{alg.lower()}"
        if alg == "ES256":
            self.key = ec.generate_private_key(ec.SECP256R1())
        else:
            self.key = rsa.generate_private_key(65537, bits)

    def signature(self, data: bytes) -> bytes:
        if self.alg == "RS256":
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        r, s = utils.decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def sign(self, typ: str, claims: dict) -> str:
        header = {"alg": self.alg, "kid": self.kid, "typ": typ}
        data = b64(json.dumps(header).encode()) + b"." + b64(json.dumps(claims).encode())
        return (data + b"." + b64(self.signature(data))).decode()

    def pem(self) -> str:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    def jwk(self, private: bool = False) -> dict:
        key = jwk.JWK.from_pem(self.pem().encode())
        made = key.export(private_key=private, as_dict=True)
        return {**made, "kid": self.kid, "alg": self.alg, "use": "sig"}

    def key_set(self, private: bool = False) -> str:
        return json.dumps({"keys": [self.jwk(private)]})

    def assertion(self, client: str, audience: str) -> str:
        now = int(time.time())
        claims = {"iss": client, "sub": client, "aud": audience, "iat": now, "exp": now + 280}
        return self.sign("JWT", {**claims, "jti": str(uuid.uuid4())})


class Minter:
    """An issuer that is not ours, whose tokens every guard is given."""

    def __init__(self) -> None:
        self.signers = {alg: Signer(alg) for alg in ("ES256", "RS256")}
        self.many: dict[str, list[str]] = {}

    def claims(self, jti: str, scope: str = SCOPE) -> dict:
        now = int(time.time())
        return {
            "iss": ISSUER, "sub": "bench", "client_id": "bench", "aud": AUDIENCE, "scope": scope,
            "iat": now, "exp": now + LIFETIME_S, "jti": jti,
        }  # fmt: skip

    def token(self, alg: str, scope: str = SCOPE) -> str:
        return self.signers[alg].sign("at+jwt", self.claims(str(uuid.uuid4()), scope))

    def tokens(self, alg: str, count: int) -> list[str]:
        """Distinct ones; the same list each time."""
        made = self.many.setdefault(alg, [])
        made += [self.token(alg) for _ in range(count - len(made))]
        return made[:count]

    def introspection(self, jti: str) -> dict:
        return {"active": True, "token_type": "Bearer", **self.claims(jti)}

    def key_set(self) -> str:
        return json.dumps({"keys": [each.jwk() for each in self.signers.values()]})
