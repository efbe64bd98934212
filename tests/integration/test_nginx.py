"""What can go wrong in an nginx configuration, or behind it, and must not open anything."""
import os
import signal

import pytest

import wire
from fastcgi import AUTHORIZER, RESPONDER, Program
from gateway import BUILD, wait_until
from test_failures import SPOOFED

SERVERS = ("nginx",)
SITE = "nginx-site.conf"
BEFORE = "        auth_request /fhir-auth;\n"


def read(gw, token=None, **options):
    return gw.fhir("GET", "/Patient/pat-1", token, **options)


def pid_of(gw):
    (pid,) = wait_until("it runs", lambda: gw.program_pids("fcgi-authorizer"))
    return pid


def test_without_auth_request_there_is_no_way(own_gw):
    """The second lock.  The second pass denies even what it would grant."""
    own_gw.edit(SITE, BEFORE, "")
    gw = own_gw.start()
    token = gw.token("system/*.cruds")
    for answer in (read(gw, token), read(gw, headers=SPOOFED), gw.fhir("GET", "/files/x", token)):
        assert answer.status_code in (401, 404, 503), answer.text
    assert read(gw, token).status_code == 503
    assert read(gw).status_code == 401
    assert gw.upstream_requests() == []


@pytest.mark.parametrize("mode", ("deny", "granted", "", None))
def test_wrong_mode_grants_nothing(own_gw, mode):
    line = "        fastcgi_param FHIR_AUTH_MODE authorizer;\n"
    own_gw.edit(SITE, line, "" if mode is None else line.replace("authorizer", f'"{mode}"'))
    gw = own_gw.start()
    assert read(gw, gw.token("system/*.cruds"), headers={"Fhir-Auth-Mode": "authorizer"}).status_code == 503
    assert gw.upstream_requests() == []


def test_authorizer_is_gone(own_gw):
    gw = own_gw.start()
    token = gw.token("system/*.cruds")
    assert read(gw, token).status_code == 200
    os.kill(pid_of(gw), signal.SIGKILL)
    wait_until("it has ended", lambda: not gw.program_pids("fcgi-authorizer"))
    seen = len(gw.upstream_requests())
    for answer in (read(gw, token), read(gw), read(gw, headers=SPOOFED)):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json()["resourceType"] == "OperationOutcome"
    assert len(gw.upstream_requests()) == seen
    gw.start_program(gw.commands[0])
    wait_until("it works again", lambda: read(gw, token).status_code == 200)


def test_authorizer_hangs(own_gw):
    own_gw.edit(SITE, "fastcgi_read_timeout 10s", "fastcgi_read_timeout 1s")
    gw = own_gw.start()
    token = gw.token("system/*.cruds")
    pid = pid_of(gw)
    os.kill(pid, signal.SIGSTOP)
    try:
        assert read(gw, token).status_code == 503
        assert gw.upstream_requests() == []
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until("it works again", lambda: read(gw, token).status_code == 200)


def test_fhir_server_is_gone(own_gw):
    gw = own_gw.start()
    token = gw.token("system/*.cruds")
    gw.processes[0].kill()
    gw.processes[0].wait(10)
    answer = read(gw, token)
    assert answer.status_code == 502
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert answer.headers["Cache-Control"] == "no-store"


def test_clients_do_not_reach_what_is_internal(gw):
    token = gw.token("system/*.cruds")
    for path in ("/fhir-auth", "/fhir-auth-error", "/@fhir_deny", "/fhir_server/fhir/Patient"):
        answer = gw.session.get(gw.origin + path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code in (400, 404), path
        assert answer.headers["Content-Type"].startswith("application/")


def test_no_query_is_logged_with_a_refusal(gw):
    secret = "not-to-be-logged-4711"
    for query in (f"access_token={secret}", f"name={secret}"):
        assert gw.fhir("GET", f"/Patient?{query}").status_code in (400, 401)
    two = [b"Authorization: Bearer " + secret.encode()] * 2
    assert wire.get(gw.port, gw.ca, b"/fhir/Patient", *two).status == 400
    assert "/fhir/Patient" in gw.logs()
    assert secret not in gw.logs()


@pytest.mark.parametrize("role, params, good, none", (
    (AUTHORIZER, {}, 200, 401),
    (RESPONDER, {"FHIR_AUTH_MODE": "authorizer"}, 200, 401),
    (RESPONDER, {"FHIR_AUTH_MODE": "deny"}, 503, 401),
    (RESPONDER, {"FHIR_AUTH_MODE": "deny", "REDIRECT_STATUS": "200"}, 503, 401),
    (RESPONDER, {"REDIRECT_STATUS": "401"}, 503, 401),
    (RESPONDER, {"FHIR_AUTH_MODE": "allow", "REDIRECT_STATUS": "401"}, 404, 404),
    (RESPONDER, {}, 404, 404),
    (RESPONDER, {"HTTP_FHIR_AUTH_MODE": "authorizer"}, 404, 404),
))
def test_who_asks_gets_what_it_may(gw, role, params, good, none):
    """The program itself: only the first pass can grant, and only what a server's files say."""
    env = {"FHIR_AUTH_CONF": str(gw.dir / "etc" / "fhir-auth.conf"), **gw.sanitizer_options()}
    sock = gw.dir / "asked.sock"
    sock.unlink(missing_ok=True)
    program = Program(BUILD / "fcgi-authorizer", sock, env)
    try:
        read = params | {"REQUEST_METHOD": "GET", "REQUEST_URI": "/fhir/Patient/pat-1"}
        bearer = {"HTTP_AUTHORIZATION": f"Bearer {gw.token('system/*.rs')}"}
        assert program.ask(role, read | bearer).startswith(f"Status: {good} ")
        assert program.ask(role, read).startswith(f"Status: {none} ")
    finally:
        assert program.end() == 0


def test_large_bodies_pass(gw):
    token = gw.token("system/*.cruds")
    patient = {"resourceType": "Patient", "name": [{"family": "x" * 3_000_000}]}
    assert gw.fhir("POST", "/Patient", token, json=patient).status_code == 201
    assert gw.fhir("POST", "/Observation", token + "x", data=b"x" * 3_000_000).status_code == 401
