"""A client that holds a key and proves it (RFC 9449), written on jwcrypto."""
import hashlib
import time
import uuid

import requests
from jwcrypto import jwk

import keys


class DpopClient:
    def __init__(self, gw, alg: str = "ES256", *options: str, scope: str = "system/*.rs"):
        self.gw, self.alg, self.scope = gw, alg, scope
        self.credentials = gw.add_client(scope, *options)
        self.key = jwk.JWK.generate(**keys.MAKE[alg])
        self.jkt = self.key.thumbprint()

    def proof(
        self, method: str, url: str, token: str | None = None, *,
        header: dict | None = None, key: jwk.JWK | None = None, **changes: object
    ) -> str:
        """A good one, but for the changes; None takes a claim or a header member out."""
        head = {
            "typ": "dpop+jwt", "alg": self.alg, "jwk": self.key.export_public(as_dict=True),
            **(header or {}),
        }
        claims = {"jti": str(uuid.uuid4()), "htm": method, "htu": url, "iat": int(time.time())}
        if token is not None:
            claims["ath"] = keys.b64(hashlib.sha256(token.encode()).digest())
        claims |= changes
        head, claims = (
            {name: value for name, value in each.items() if value is not None}
            for each in (head, claims)
        )
        return keys.sign(head, claims, key or self.key)

    def ask(self, proof: str | None) -> requests.Response:
        headers = {} if proof is None else {"DPoP": proof}
        form = {"grant_type": "client_credentials", "scope": self.scope}
        return self.gw.post_token(form, auth=self.credentials, headers=headers)

    def token(self, **changes: object) -> str:
        answer = self.ask(self.proof("POST", self.gw.token_url, **changes))
        assert answer.status_code == 200, answer.text
        assert answer.json()["token_type"] == "DPoP"
        return answer.json()["access_token"]

    def send(
        self, method: str, path: str, token: str | None, proof: str | None, scheme: str = "DPoP",
        **options
    ) -> requests.Response:
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"{scheme} {token}"
        if proof is not None:
            headers["DPoP"] = proof
        return self.gw.fhir(method, path, headers=headers, **options)

    def fhir(self, method: str, path: str, token: str, **changes: object) -> requests.Response:
        """A request with its proof, good but for the changes."""
        url = (self.gw.base + path).partition("?")[0]
        options = {"json": changes.pop("json")} if "json" in changes else {}
        return self.send(method, path, token, self.proof(method, url, token, **changes), **options)
