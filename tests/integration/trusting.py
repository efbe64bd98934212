"""A gateway that trusts issuers of a server of the test's."""
import contextlib
import time
from collections.abc import Iterator

from gateway import Gateway
from issuer_server import Issuer, IssuerServer

SECTIONS = """
[issuer "agency"]
issuer = {agency}
keys = discovery

[issuer "keycloak"]
issuer = {keycloak}
keys = discovery
typ = JWT
audience = fhir-server {base}
scope_claim = realm_access.roles

[scope-map "keycloak"]
fhir-reader = system/*.rs
Patient Writer = system/Patient.cud system/Patient.rs

[issuer "plain"]
issuer = {plain}
keys = {plain}/jwks
algorithms = ES256

"""


class Trusting:
    """The gateway, the server, and on it: agency (RFC 8414), keycloak (OpenID), plain (a URL)."""

    def __init__(self, gw: Gateway, server: IssuerServer) -> None:
        self.gw = gw
        self.server = server
        self.agency = Issuer(server, "/agency", gw.base, "oauth")
        self.keycloak = Issuer(server, "/realms/health", "fhir-server", "openid")
        self.plain = Issuer(server, "/plain", gw.base)
        sections = SECTIONS.format(
            agency=self.agency.url,
            keycloak=self.keycloak.url,
            plain=self.plain.url,
            base=gw.base,
        )
        gw.edit("fhir-auth.conf", '[fhir "main"]', sections + '[fhir "main"]')

    def get(self, token: str, path: str = "/Patient/pat-1"):
        if not token.endswith("."):  # else there is no signature to be kept secret
            self.gw.secrets.add(token)
        return self.gw.fhir("GET", path, token)

    def may_be_asked_again(self) -> None:
        """As if the time had passed in which no key set is fetched anew for an unknown kid."""
        self.gw.sql("UPDATE fetch SET next_at = 0")

    def restart(self) -> None:
        """New processes, which know nothing but what is in the store."""
        self.gw.stop()
        self.gw.start()

    def restart_after_expiry(self) -> None:
        """New processes that find key sets which expired ten seconds ago."""
        self.gw.stop()
        shift = 10 - int(time.time())
        self.gw.sql(
            f"UPDATE fetch SET next_at = 0, fetched_at = fetched_at - fresh_until - {shift},"
            f" fresh_until = -({shift})"
        )
        self.gw.start()


@contextlib.contextmanager
def trusting(kind: str) -> Iterator[Trusting]:
    with Gateway(kind) as gw, IssuerServer(gw.dir / "etc") as server:
        world = Trusting(gw, server)
        gw.start()
        yield world
