"""Clients with TLS certificates (RFC 8705), made with cryptography, and web servers that ask for them."""
import base64
import dataclasses
import datetime
import hashlib
import ipaddress
import pathlib
import ssl

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# The lines of an example that switch it on.
SITE = {
    "lighttpd": "lighttpd.conf",
    "lighttpd-forwarded": "lighttpd.conf",
    "lighttpd-cgi": "lighttpd.conf",
    "apache": "apache-site.conf",
    "apache-cgi": "apache-site.conf",
    "apache-authnz": "apache-site.conf",
    "nginx": "nginx-site.conf",
}
SWITCHES = ("ssl.verifyclient.", "SSLVerify", "SSLCACertificateFile",
            "SetEnvIfExpr \"%{SSL_CLIENT_", "ssl_verify_", "ssl_client_certificate")
CA_PLACE = "/etc/ssl/certs/fhir-clients-ca.pem"


def switch_on(gw, without_ca: bool = False) -> "Authority":
    """Uncomment the lines of the example, as an administrator would; before start()."""
    authority = Authority(gw.dir / "etc", "clients-ca")
    path = gw.dir / "etc" / SITE[gw.server]
    lines, switched = [], 0
    for line in path.read_text().splitlines():
        text = line.strip().removeprefix("# ")
        if line.strip().startswith("# ") and text.startswith(SWITCHES):
            line = text.replace(CA_PLACE, str(authority.file))
            switched += 1
        lines.append(line)
    assert switched >= 3, "the example has changed"
    path.write_text("\n".join(lines) + "\n")
    if gw.server.startswith("lighttpd"):  # which builds the server's chain from that file otherwise
        chain = gw.dir / "etc" / "server.pem"
        chain.write_text(chain.read_text() + pathlib.Path(gw.ca).read_text())
    if without_ca:
        for word in ("SSLVerifyClient optional", "ssl_verify_client optional"):
            if word in path.read_text():
                gw.edit(path.name, word, word + "_no_ca")
    take(gw, "yes")
    return authority


def take(gw, word: str) -> None:
    """client_certificates of both sections."""
    conf = gw.dir / "etc" / "fhir-auth.conf"
    text = conf.read_text().replace("[jwks]\n", f"client_certificates = {word}\n[jwks]\n")
    conf.write_text(text + f"[authorizer]\nclient_certificates = {word}\n")


def name_of(**attributes: str) -> x509.Name:
    return x509.Name([
        x509.NameAttribute(getattr(NameOID, kind), value) for kind, value in attributes.items()
    ])


@dataclasses.dataclass
class Holder:
    """Somebody with a certificate.  Connections of its own: they are what a certificate is for."""

    gw: object
    certificate: x509.Certificate
    files: tuple[str, str]

    def __post_init__(self) -> None:
        self.session = requests.Session()
        self.session.verify, self.session.trust_env = self.gw.ca, False
        self.session.cert = self.files

    @property
    def x5t(self) -> str:
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()

    @property
    def pem(self) -> str:
        return pathlib.Path(self.files[0]).read_text()

    def ask(self, client_id: str, scope: str = "system/*.rs", **options) -> requests.Response:
        form = {"grant_type": "client_credentials", "scope": scope, **options.pop("form", {})}
        if "auth" not in options:
            form["client_id"] = client_id
        answer = self.session.post(self.gw.token_url, data=form, timeout=30, **options)
        if answer.status_code == 200:
            self.gw.secrets.add(answer.json()["access_token"])
        return answer

    def token(self, client_id: str, scope: str = "system/*.rs") -> str:
        answer = self.ask(client_id, scope)
        assert answer.status_code == 200, answer.text
        assert answer.json()["token_type"] == "Bearer"
        return answer.json()["access_token"]

    def fhir(self, path: str, token: str, scheme: str = "Bearer", **headers: str):
        headers["Authorization"] = f"{scheme} {token}"
        return self.session.get(self.gw.base + path, headers=headers, timeout=30)

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.gw.ca)
        context.load_cert_chain(*self.files)
        return context


class Authority:
    """A CA for clients; its certificate is in a file that the web server can read."""

    def __init__(self, folder: pathlib.Path, name: str) -> None:
        self.folder, self.name = folder, name_of(COMMON_NAME=name)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.file = folder / f"{name}.pem"
        self.count = 0
        own = self._sign(self.name, self.key, self.name, self.key, [], True)
        self.file.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    @staticmethod
    def _sign(subject, key, issuer, signer, sans, is_ca):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )
        if sans:
            names = x509.SubjectAlternativeName(sans)
            builder = builder.add_extension(names, critical=False)
        return builder.sign(signer, hashes.SHA256())

    def holder(self, gw, subject: x509.Name, *sans, self_signed: bool = False) -> Holder:
        key = ec.generate_private_key(ec.SECP256R1())
        issuer, signer = (subject, key) if self_signed else (self.name, self.key)
        certificate = self._sign(subject, key, issuer, signer, list(sans), False)
        self.count += 1
        stem = self.file.with_suffix(f".{self.count}")
        crt, private = stem.with_name(stem.name + ".crt"), stem.with_name(stem.name + ".key")
        crt.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        private.write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ))
        return Holder(gw, certificate, (str(crt), str(private)))


def all_names() -> list:
    return [
        x509.DNSName("ward.hospital.example"),
        x509.UniformResourceIdentifier("urn:ward:1"),
        x509.IPAddress(ipaddress.ip_address("2001:db8::7")),
        x509.RFC822Name("ward@hospital.example"),
    ]
