"""The units for servers that do not start the programs: what they name, and how systemd starts them."""
import re
import shutil
import subprocess

import pytest

from fastcgi import AUTHORIZER, RESPONDER, Program
from gateway import BUILD, ROOT

UNITS = ROOT / "conf-examples" / "systemd"
PROGRAMS = ("fcgi-authorizer", "token-endpoint")


def setting(unit: str, name: str) -> str:
    (value,) = re.findall(rf"^{name}=(.*)$", (UNITS / unit).read_text(), re.MULTILINE)
    return value


@pytest.mark.parametrize("program", PROGRAMS)
def test_units_name_what_is_installed_and_what_nginx_asks(program):
    assert setting(f"{program}.service", "ExecStart") == f"/usr/local/lib/fhir-auth/{program}"
    where = setting(f"{program}.socket", "ListenStream")
    assert f"unix:{where};" in (ROOT / "conf-examples" / "nginx.conf").read_text()
    assert setting(f"{program}.socket", "SocketMode") == "0660"
    assert setting(f"{program}.service", "StandardInput") == "socket"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_reads_the_units(tmp_path):
    for unit in UNITS.iterdir():
        text = unit.read_text().replace("/usr/local/lib/fhir-auth", str(BUILD))
        text = text.replace("/usr/local/sbin", str(BUILD))
        (tmp_path / unit.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(map(str, tmp_path.iterdir()))],
        capture_output=True, text=True, timeout=30, check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_started_with_a_listening_socket(tmp_path):
    """As systemd does it: the socket is standard input, and is there once more as descriptor 3."""
    conf = tmp_path / "fhir-auth.conf"
    conf.write_text(
        f"[store]\npath = {tmp_path}/store.db\n[token-endpoint]\nissuer = https://x.example/oauth\n"
        f'keys = {tmp_path}/keys\n[fhir "main"]\nbase = https://x.example/fhir\n'
    )
    asked = {"fcgi-authorizer": (AUTHORIZER, "/fhir/Patient", "Status: 401"),
             "token-endpoint": (RESPONDER, "/oauth/.well-known/smart-configuration", "Status: 200")}
    for name, (role, target, status) in asked.items():
        env = {"FHIR_AUTH_CONF": str(conf), "LISTEN_FDS": "1", "LISTEN_FDNAMES": f"{name}.socket"}
        program = Program(BUILD / name, tmp_path / f"{name}.sock", env)
        try:
            for _ in range(3):
                answer = program.ask(role, {"REQUEST_METHOD": "GET", "REQUEST_URI": target})
                assert answer.startswith(status)
        finally:
            assert program.end() == 0
