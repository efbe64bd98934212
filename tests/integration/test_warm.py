"""mod_fcgid's pool is grown before clients come, as the unit does it: after a start and after a reload."""
import json
import re
import shlex
import shutil
import signal
import subprocess

import pytest

import gateway
from gateway import ROOT, Gateway

UNIT = ROOT / "conf-examples" / "systemd" / "fhir-auth-warm.service"
PROCESSES = 24  # at least, of the 32 that apache.conf allows: half as many again as come at once
RELEASE = ROOT / "build"  # times of a program with sanitizers tell nothing


def unit_command(gw, name: str) -> list[str]:
    (line,) = re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)
    line = line.replace("/usr/local/sbin/fhir-authctl", str(RELEASE / "fhir-authctl"))
    return [*shlex.split(line.replace("https://fhir.example.org/fhir", gw.base)), "--ca", gw.ca]


def run(command: list[str], conf: str = "", seconds: int = 90) -> str:
    env = {"no_proxy": "*", "FHIR_AUTH_CONF": conf}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds, check=False, env=env
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def p99_ms(url: str, *headers: str) -> int:
    options = [part for header in headers for part in ("-H", header)]
    text = run(["ab", "-q", "-k", "-n", "4000", "-c", "16", *options, url])
    assert not headers or "Non-2xx" not in text
    return int(re.search(r"^ +99% +(\d+)", text, re.MULTILINE)[1])


@pytest.mark.skipif(not shutil.which("ab") or not (RELEASE / "fcgi-authorizer").exists(),
                    reason="needs ab and the release build")
def test_warm_after_start_and_after_reload(monkeypatch):
    monkeypatch.setattr(gateway, "BUILD", RELEASE)
    with Gateway("apache") as gw:
        gw.start()
        token = gw.token("system/Patient.rs")
        gw.secrets.add(token)
        granted = f"Authorization: Bearer {token}"
        for name in ("ExecStart", "ExecReload"):
            before = set(gw.program_pids("fcgi-authorizer"))
            if name == "ExecReload":
                gw.web_server.send_signal(signal.SIGUSR1)  # apachectl graceful
            conf = str(gw.dir / "etc" / "fhir-auth.conf")
            assert "\nwarm: 16 requests at once" in run(unit_command(gw, name), conf)
            after = set(gw.program_pids("fcgi-authorizer"))
            assert len(after) >= PROCESSES and not before & after
            # A request that must wait for a process waits for a second.
            assert p99_ms(gw.base + "/Patient/pat-1", granted) < 100
            assert p99_ms(gw.base + "/Patient/pat-1") < 100
            assert p99_ms(gw.issuer + "/health") < 100
        assert set(gw.program_pids("fcgi-authorizer")) >= after  # they stay


def test_it_ends_at_once_when_nothing_can_come_of_it():
    """No minute of waiting for a server that is not there, or that answers with nothing but errors."""
    with Gateway("apache") as gw:
        conf = gw.dir / "etc" / "fhir-auth.conf"
        command = [str(gateway.BUILD / "fhir-authctl"), "doctor", gw.base, "--warm", "2", "--ca", gw.ca]
        env = {"no_proxy": "*", "FHIR_AUTH_CONF": str(conf), **gw.sanitizer_options()}

        def warm(*options: str) -> str:
            done = subprocess.run(
                [*command, *options], env=env, capture_output=True, text=True, timeout=40, check=False)
            assert (done.returncode, done.stdout) == (1, "")
            assert f"fhir-authctl doctor {gw.base} tells what to mend" in done.stderr
            return done.stderr

        assert "/fhir/Patient?_count=1: every request fails, no answer: " in warm()
        gw.edit("apache-site.conf", "ProxyPass /fhir-auth-deny !", "ProxyPass /oauth http://127.0.0.1:9/")
        gw.start()
        assert "/oauth/health: every request fails, status 503;" in warm()
        record = json.loads(next(line for line in warm("--json").splitlines() if line.startswith("{")))
        assert (record["warm"], record["requests_at_once"], record["rounds"]) == (False, 2, 1)


def test_misuse():
    for value in ("0", "65", "x", "-1", ""):
        done = subprocess.run(
            [str(gateway.BUILD / "fhir-authctl"), "doctor", "https://127.0.0.1:9/fhir", "--warm", value],
            capture_output=True, text=True, timeout=30, check=False)
        assert (done.returncode, done.stdout) == (2, "")
        assert "--warm needs a number of requests from 1 to 64" in done.stderr
