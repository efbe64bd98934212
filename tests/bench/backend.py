"""nginx as what lies behind all that is measured: the FHIR server, a key set, an introspection."""
import contextlib
import json
import pathlib
import socket
import subprocess
from collections.abc import Iterator

from gateway import free_port, wait_until
from minted import OPAQUE, Minter

PATIENT_BYTES = 639

CONF = """\
daemon off;
worker_processes 1;
pid {dir}/nginx.pid;
error_log {dir}/nginx.log warn;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    keepalive_requests 1000000;
    server {{
        listen 127.0.0.1:{port};
        listen 127.0.0.1:{tls_port} ssl;
        ssl_certificate {etc}/server.pem;
        ssl_certificate_key {etc}/server.key;
        root {dir}/www;
        location /fhir {{ default_type application/fhir+json; try_files /patient.json =404; }}
        location = /jwks.json {{ default_type application/json; }}
        location = /introspect {{ default_type application/json; return 200 '{introspection}'; }}
    }}
}}
"""


def patient() -> str:
    """A Patient of just that many bytes."""
    resource = {
        "resourceType": "Patient",
        "id": "123",
        "meta": {"versionId": "1", "lastUpdated": "2026-01-01T00:00:00Z"},
        "text": {"status": "generated", "div": ""},
        "identifier": [{"system": "urn:oid:2.16.840.1.113883.2.4.6.3", "value": "738472983"}],
        "active": True,
        "name": [{"use": "official", "family": "van de Heuvel", "given": ["Pieter"]}],
        "telecom": [{"system": "phone", "value": "0648352638", "use": "mobile"}],
        "gender": "male",
        "birthDate": "1944-11-17",
    }
    resource["text"]["div"] = "x" * (PATIENT_BYTES - len(json.dumps(resource)))
    return json.dumps(resource)


class Backend:
    def __init__(self, folder: pathlib.Path, etc: pathlib.Path, minter: Minter) -> None:
        self.port, tls_port = free_port(), free_port()
        self.ca = etc / "ca.pem"
        self.tls = f"https://127.0.0.1:{tls_port}"
        self.plain = f"http://127.0.0.1:{self.port}"
        self.dir = folder
        (folder / "www").mkdir(parents=True)
        (folder / "www" / "patient.json").write_text(patient())
        (folder / "www" / "jwks.json").write_text(minter.key_set())
        (folder / "nginx.conf").write_text(
            CONF.format(
                dir=folder,
                etc=etc,
                port=self.port,
                tls_port=tls_port,
                introspection=json.dumps(minter.introspection(OPAQUE)),
            )
        )

    @contextlib.contextmanager
    def running(self) -> Iterator["Backend"]:
        command = ["/usr/sbin/nginx", "-c", f"{self.dir}/nginx.conf", "-e", f"{self.dir}/nginx.log"]
        process = subprocess.Popen(command)

        def listens() -> bool:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return True
            except OSError:
                return False

        try:
            wait_until("nginx listens", listens)
            yield self
        finally:
            process.terminate()
            process.wait(10)
