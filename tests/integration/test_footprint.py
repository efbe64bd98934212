"""What a process costs: private memory, resident memory, time to the first answer (release build)."""

import base64
import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from fastcgi import AUTHORIZER, RESPONDER, Program

BUILD = Path(__file__).resolve().parents[2] / "build"
CONFIGURATION = """[store]
path = {dir}/store.db
[token-endpoint]
issuer = https://127.0.0.1/oauth
keys = {dir}/keys
[fhir "main"]
base = https://127.0.0.1/fhir
"""


@pytest.fixture(name="site")
def site_fixture(tmp_path):
    conf = tmp_path / "fhir-auth.conf"
    conf.write_text(CONFIGURATION.format(dir=tmp_path))
    env = {"FHIR_AUTH_CONF": str(conf)}

    def ctl(*args: str) -> dict:
        done = subprocess.run(
            [BUILD / "fhir-authctl", *args, "--json"], env=os.environ | env, capture_output=True, check=True
        )
        return json.loads(done.stdout)

    ctl("key", "generate")
    client = ctl("client", "add", "c", "--scope", "system/*.rs")
    return tmp_path, env, client


def token_request(client: dict) -> tuple[dict[str, str], bytes]:
    body = b"grant_type=client_credentials&scope=system/Patient.rs"
    login = f"{client['client_id']}:{client['client_secret']}".encode()
    return {
        "REQUEST_METHOD": "POST",
        "REQUEST_URI": "/oauth/token",
        "HTTPS": "on",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": "Basic " + base64.b64encode(login).decode(),
    }, body


def memory_kib(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {line.split(":")[0]: int(line.split()[1]) for line in lines}


def started(name: str, folder: Path, env: dict[str, str], ask) -> tuple[Program, str, float]:
    begin = time.monotonic()
    program = Program(BUILD / name, folder / f"{name}.sock", env)
    answer = ask(program)
    return program, answer, time.monotonic() - begin


@pytest.mark.skipif(os.geteuid() != 0, reason="the programs hide their memory from other users")
def test_a_process_is_small_and_quick_to_start(site):
    folder, env, client = site
    params, body = token_request(client)
    endpoint, answer, seconds = started(
        "token-endpoint", folder, env, lambda p: p.ask(RESPONDER, params, body)
    )
    assert answer.startswith("Status: 200")
    token = json.loads(answer.split("\r\n\r\n", 1)[1])["access_token"]
    read = {
        "REQUEST_METHOD": "GET",
        "REQUEST_URI": "/fhir/Patient/1",
        "HTTP_AUTHORIZATION": f"Bearer {token}",
    }
    authorizer, granted, seconds_too = started(
        "fcgi-authorizer", folder, env, lambda p: p.ask(AUTHORIZER, read)
    )
    assert granted.startswith("Status: 200")
    for _ in range(50):
        endpoint.ask(RESPONDER, params, body)
        authorizer.ask(AUTHORIZER, read)
    for program in (endpoint, authorizer):
        memory = memory_kib(program.process.pid)
        print(program.sock, memory["Rss"], memory["Private_Dirty"], seconds, seconds_too)
        assert memory["Private_Dirty"] < 4 * 1024
        assert memory["Rss"] < 16 * 1024
        assert program.end() == 0
    assert max(seconds, seconds_too) < 0.05
