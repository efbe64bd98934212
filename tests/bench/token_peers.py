"""Two other token endpoints, set up for client_credentials: Glewlwyd, and npm's oidc-provider."""
import contextlib
import dataclasses
import gzip
import json
import pathlib
import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator

import requests

from gateway import ROOT, free_port, wait_until
from load import LoadError
from minted import AUDIENCE, SCOPE, Signer

GLEWLWYD_DOC = pathlib.Path("/usr/share/doc/glewlwyd")
OIDC_PROVIDER = "oidc-provider@8.8.1"
NPM = ROOT / "build" / "bench" / "npm"
RSA_BITS = 3072  # of signing keys, as those that fhir-authctl makes
SECRET = "a-secret-of-32-characters-or-more"


@dataclasses.dataclass
class TokenServer:
    """One that answers; by_secret and by_key: its clients for the two ways to log in."""

    origin: str
    token_url: str
    by_secret: tuple[str, str]
    by_key: str
    audience: str  # of assertions
    pid: int = 0
    started_s: float = 0.0  # from exec to the first answer
    folder: pathlib.Path = pathlib.Path("/nonexistent")  # of our site
    reads_nothing: bool = False  # the no-op, which may be sent the same thing again


@contextlib.contextmanager
def process(command: list[str], log: pathlib.Path, url: str) -> Iterator[tuple[int, float]]:
    """Its id, and how long it took until url answered."""
    begin = time.monotonic()
    with log.open("wb") as out:
        running = subprocess.Popen(command, stdout=out, stderr=out, cwd=log.parent)

    def answers() -> bool:
        if running.poll() is not None:
            raise LoadError(f"{command[0]} ended: {log.read_text()[-300:]}")
        try:
            return requests.get(url, timeout=5).status_code < 500
        except requests.RequestException:
            return False

    try:
        wait_until(f"{command[0]} answers", answers)
        yield running.pid, time.monotonic() - begin
    finally:
        running.terminate()
        running.wait(20)


def glewlwyd_conf(folder: pathlib.Path, port: int) -> str:
    text = gzip.open(GLEWLWYD_DOC / "glewlwyd.conf.sample.gz", "rt").read()
    for old, new in (
        (r"^#bind_address=.*", 'bind_address="127.0.0.1"'),
        (r"^port=.*", f"port={port}"),
        (r"^external_url=.*", f'external_url="http://127.0.0.1:{port}"'),
        (r"^cookie_domain=.*", 'cookie_domain="127.0.0.1"'),
        (r"^cookie_secure=.*", "cookie_secure=0"),
        (r"^log_level=.*", 'log_level="WARNING"'),
        (r'^  path = "/var.*', f'  path = "{folder}/glewlwyd.db"'),
    ):
        text, n = re.subn(old, new, text, flags=re.MULTILINE)
        if n != 1:
            raise LoadError(f"Glewlwyd's sample configuration has changed: {old}")
    return text


def glewlwyd_plugin(signer: Signer, url: str) -> dict:
    off = ("code", "token", "implicit", "none", "password", "device", "refresh")
    return {
        "module": "oidc",
        "name": "bench",
        "display_name": "bench",
        "parameters": {
            "iss": url,
            "jwks-private": signer.key_set(private=True),
            "jwks-public": signer.key_set(),
            "default-kid": signer.kid,
            "jwt-type": "ecdsa" if signer.alg == "ES256" else "rsa",
            "jwt-key-size": "256",
            "access-token-duration": 300,
            "refresh-token-duration": 3600,
            "code-duration": 600,
            "allow-non-oidc": True,
            "auth-type-client-enabled": True,
            **{f"auth-type-{name}-enabled": False for name in off},
            "request-parameter-allow": True,
            "request-maximum-exp": 3600,
            "client-jwks-parameter": "jwks",
            "subject-type": "public",
        },
    }


def glewlwyd_set_up(api: str, url: str, alg: str, client_key: Signer) -> None:
    admin = requests.Session()

    def post(path: str, body: dict) -> None:
        answer = admin.post(api + path, json=body, timeout=10)
        if answer.status_code != 200:
            raise LoadError(f"Glewlwyd refuses {path}: {answer.text[:200]}")

    client = {
        "confidential": True,
        "enabled": True,
        "authorization_type": ["client_credentials"],
        "scope": [SCOPE],
        "redirect_uri": [f"{url}/of-no-use"],
    }
    secret = {"client_secret": SECRET, "token_endpoint_auth_method": ["client_secret_basic"]}
    key = {
        "jwks": json.loads(client_key.key_set()),
        "token_endpoint_auth_method": ["private_key_jwt"],
    }
    post("/auth/", {"username": "admin", "password": "password"})
    post("/mod/plugin/", glewlwyd_plugin(Signer(alg, RSA_BITS), url))
    post("/scope/", {"name": SCOPE, "display_name": SCOPE, "password_required": False, "scheme": {}})
    post("/client/", {"client_id": "by-secret", "name": "by-secret", **client, **secret})
    post("/client/", {"client_id": "by-key", "name": "by-key", **client, **key})


@contextlib.contextmanager
def glewlwyd(folder: pathlib.Path, alg: str, client_key: Signer) -> Iterator[TokenServer]:
    if shutil.which("glewlwyd") is None:
        raise LoadError("Debian's package glewlwyd is not installed")
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    conf = folder / "glewlwyd.conf"
    conf.write_text(glewlwyd_conf(folder, port))
    schema = gzip.open(GLEWLWYD_DOC / "database" / "init.sqlite3.sql.gz", "rt").read()
    with contextlib.closing(sqlite3.connect(folder / "glewlwyd.db")) as db:
        db.executescript(schema)
    command = ["glewlwyd", "-c", str(conf)]
    with process(command, folder / "glewlwyd.log", f"{origin}/config") as (pid, took):
        url = f"{origin}/api/bench"
        glewlwyd_set_up(f"{origin}/api", url, alg, client_key)
        token_url = f"{url}/token"
        login = ("by-secret", SECRET)
        yield TokenServer(origin, token_url, login, "by-key", token_url, pid, took)


def npm_install() -> None:
    """Into the build folder, once."""
    if (NPM / "node_modules" / "oidc-provider").is_dir():
        return
    if shutil.which("npm") is None or shutil.which("node") is None:
        raise LoadError("npm is not installed")
    NPM.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(NPM), OIDC_PROVIDER]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise LoadError(f"npm cannot install {OIDC_PROVIDER}: {done.stderr[-200:]}")


@contextlib.contextmanager
def oidc_provider(folder: pathlib.Path, alg: str, client_key: Signer) -> Iterator[TokenServer]:
    npm_install()
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    client = {
        "grant_types": ["client_credentials"],
        "redirect_uris": [],
        "response_types": [],
        "scope": SCOPE,
        "id_token_signed_response_alg": alg,
    }
    secret = {"client_secret": SECRET, "token_endpoint_auth_method": "client_secret_basic"}
    key = {
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": client_key.alg,
        "jwks": json.loads(client_key.key_set()),
    }
    run = {
        "issuer": origin,
        "port": port,
        "alg": alg,
        "scope": SCOPE,
        "audience": AUDIENCE,
        "jwks": json.loads(Signer(alg, RSA_BITS).key_set(private=True)),
        "clients": [
            {"client_id": "by-secret", **secret, **client},
            {"client_id": "by-key", **key, **client},
        ],
    }
    (folder / "run.json").write_text(json.dumps(run))
    script = shutil.copy(ROOT / "tests" / "bench" / "oidc-provider.mjs", NPM)
    command = ["node", str(script), str(folder / "run.json")]
    with process(command, folder / "node.log", f"{origin}/jwks") as (pid, took):
        login = ("by-secret", SECRET)
        yield TokenServer(origin, f"{origin}/token", login, "by-key", origin, pid, took)
