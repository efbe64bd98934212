"""When something is broken, nothing is open.  Each test has a gateway of its own and breaks it."""
import json
import os
import shutil
import signal
import subprocess

import pytest

from gateway import wait_until

SPOOFED = {"X-Fhir-Auth": "granted", "X-Fhir-Auth-Scope": "system/*.cruds"}


def status(gw, token=None, **options):
    return gw.fhir("GET", "/Patient/pat-1", token, **options).status_code


def assert_closed(gw, token="a.b.c"):
    """No token, a bad one and made-up headers open nothing; nothing reaches the FHIR server."""
    before = len(gw.upstream_requests())
    for _ in range(3):
        assert status(gw) >= 400
        assert status(gw, token) >= 400
        assert status(gw, headers=SPOOFED) >= 400
        assert gw.fhir("PUT", "/Patient/pat-1", json={}, headers=SPOOFED).status_code >= 400
    assert len(gw.upstream_requests()) == before


def test_authorizer_is_killed(own_gw):
    gw = own_gw.start()
    token = gw.token("system/*.rs")
    for _ in range(3):
        assert status(gw, token) == 200
        pids = gw.program_pids("fcgi-authorizer")
        assert pids
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for _ in range(10):
            assert status(gw) != 200
            assert status(gw, token + "x") != 200
        wait_until("it works again", lambda: status(gw, token) == 200)
        assert status(gw) == 401


def test_authorizer_hangs(own_gw):
    gw = own_gw
    if gw.server == "lighttpd":
        gw.edit("lighttpd.conf", '"read-timeout"    => 10', '"read-timeout"    => 1')
    else:
        gw.edit("apache-site.conf", "FcgidIOTimeout 30", "FcgidIOTimeout 1")
    gw.start()
    token = gw.token("system/*.rs")
    assert status(gw, token) == 200
    stopped = gw.program_pids("fcgi-authorizer")
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        before = len(gw.upstream_requests())
        assert status(gw) in (401, 500, 503, 504)  # 401: from another process
        assert len(gw.upstream_requests()) == before
    finally:
        for pid in set(stopped) & set(gw.program_pids("fcgi-authorizer")):
            os.kill(pid, signal.SIGCONT)
    wait_until("it works again", lambda: status(gw, token) == 200)


def test_token_endpoint_is_killed(own_gw):
    gw = own_gw.start()
    client = gw.add_client("system/*.rs")
    assert gw.token("system/*.rs", client)
    for pid in gw.program_pids("token-endpoint"):
        os.kill(pid, signal.SIGKILL)
    form = {"grant_type": "client_credentials", "scope": "system/*.rs"}
    wait_until("it works again", lambda: gw.post_token(form, auth=client).status_code == 200)


def assert_unavailable(gw, token):
    answer = gw.fhir("GET", "/Patient/pat-1", token)
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert answer.json()["issue"][0]["code"] == "transient"
    assert "WWW-Authenticate" not in answer.headers


def test_store_is_gone_and_comes_back(own_gw):
    gw = own_gw.start()
    client = gw.add_client("system/*.rs")
    token = gw.token("system/*.rs", client)
    assert status(gw, token) == 200
    away = gw.store.parent / "away"
    away.mkdir(mode=0o700)
    files = list(gw.store.parent.glob("fhir-auth.db*"))
    for file in files:
        file.rename(away / file.name)

    wait_until("it is noticed", lambda: status(gw, token) == 503, 2.0)
    assert_unavailable(gw, token)
    assert status(gw) == 401
    assert gw.fhir("GET", "/metadata").status_code == 200
    form = {"grant_type": "client_credentials", "scope": "system/*.rs"}
    answer = gw.post_token(form, auth=client)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Cache-Control"] == "no-store"
    health = gw.oauth("GET", "/health")
    assert health.status_code == 503
    assert gw.session.get(gw.base + "/.well-known/smart-configuration").status_code == 200

    for file in files:
        (away / file.name).rename(file)
    wait_until("it works again", lambda: status(gw, token) == 200)
    wait_until("tokens too", lambda: gw.post_token(form, auth=client).status_code == 200)


def test_store_is_garbage(own_gw):
    gw = own_gw.start()
    token = gw.token("system/*.rs")
    assert status(gw, token) == 200
    for file in gw.store.parent.glob("fhir-auth.db*"):
        file.unlink()
    gw.store.write_bytes(b"This is no database. " * 1000)
    gw.store.chmod(0o600)
    shutil.chown(gw.store, *owner(gw.store.parent))
    wait_until("it is noticed", lambda: status(gw, token) == 503, 2.0)
    assert_unavailable(gw, token)


def owner(path):
    return path.stat().st_uid, path.stat().st_gid


def test_store_of_somebody_else(own_gw):
    """A new, empty store: the tokens of the old one are worth nothing."""
    gw = own_gw.start()
    token = gw.token("system/*.rs")
    assert status(gw, token) == 200
    for file in gw.store.parent.glob("fhir-auth.db*"):
        file.unlink()
    shutil.rmtree(gw.store.parent / "keys")
    gw.ctl("key", "generate")
    wait_until("the old token is refused", lambda: status(gw, token) == 401, 2.0)
    assert status(gw, gw.token("system/*.rs")) == 200


def test_signing_key_is_gone(own_gw):
    gw = own_gw.start()
    client = gw.add_client("system/*.rs")
    token = gw.token("system/*.rs", client)
    for file in (gw.store.parent / "keys").iterdir():
        file.unlink()
    gw.ctl("client", "disable", gw.add_client("system/*.rs")[0])  # a change: they look again
    form = {"grant_type": "client_credentials", "scope": "system/*.rs"}
    wait_until("no token is issued", lambda: gw.post_token(form, auth=client).status_code == 503)
    assert gw.oauth("GET", "/health").status_code == 503
    assert status(gw, token) == 200


def test_configuration_is_bad(own_gw):
    """The programs refuse to start: lighttpd then does not start either, Apache answers 500."""
    gw = own_gw
    gw.edit("fhir-auth.conf", "[store]", "[stroe]")
    try:
        gw.start()
    except AssertionError:
        assert gw.server == "lighttpd"
        gw.web_server = None
        return
    assert_closed(gw)
    answer = gw.fhir("GET", "/Patient/pat-1", "x")
    assert answer.status_code in (500, 503)
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_fhir_server_is_gone(own_gw):
    gw = own_gw.start()
    token = gw.token("system/*.rs")
    gw.processes[0].terminate()
    gw.processes[0].wait(10)
    answer = gw.fhir("GET", "/Patient/pat-1", token)
    assert answer.status_code in (502, 503, 504)
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert status(gw) == 401


def test_graceful_restart(own_gw):
    gw = own_gw.start()
    client = gw.add_client("system/*.rs")
    token = gw.token("system/*.rs", client)
    old = set(gw.program_pids("fcgi-authorizer"))
    assert status(gw, token) == 200
    old |= set(gw.program_pids("fcgi-authorizer"))
    gw.web_server.send_signal(signal.SIGUSR1)

    def works():
        try:
            return status(gw, token) == 200 and not old & set(gw.program_pids("fcgi-authorizer"))
        except OSError:
            return False

    wait_until("new processes work", works)
    assert status(gw) == 401


# ---- the web server is configured wrongly: the second lock ----

MISTAKES = {
    "lighttpd": [
        ("lighttpd.conf", '"mod_fastcgi", "mod_proxy"', '"mod_proxy", "mod_fastcgi"'),
        (
            "lighttpd.conf",
            '"read-timeout"    => 10,',
            '"read-timeout"    => 10, "check-local" => "enable",',
        ),
        ("lighttpd.conf", '"mode"            => "authorizer"', '"mode"            => "responder"'),
    ],
    "apache": [
        ("apache-site.conf", "        FcgidAccessChecker", "        #FcgidAccessChecker"),
        ("apache-site.conf", "        FcgidAccessChecker", "        FcgidAuthorizer"),
        (
            "apache-site.conf",
            "<Location /fhir>",
            "<Location /fhir>\nFcgidAccessCheckerAuthoritative Off",
        ),
    ],
}


@pytest.mark.parametrize("mistake", range(3))
def test_configuration_mistake(own_gw, mistake):
    gw = own_gw
    name, old, new = MISTAKES[gw.server][mistake]
    if "check-local" in new:  # the same key twice is refused by lighttpd: take the right one out
        text = (gw.dir / "etc" / name).read_text()
        head, tail = text.split('"read-timeout"    => 10,', 1)
        tail = tail.split('"check-local"     => "disable"', 1)[1]
        (gw.dir / "etc" / name).write_text(f'{head}"check-local" => "enable"{tail}')
    else:
        gw.edit(name, old, new)
    gw.start()
    assert_closed(gw)


SILENT_AUTHORIZER = """
#include <fcgiapp.h>
int main(void)
{
    FCGX_Request r;
    FCGX_Init();
    FCGX_InitRequest(&r, 0, 0);
    while (FCGX_Accept_r(&r) == 0) {
        FCGX_PutS(%s, r.out);
        FCGX_Finish_r(&r);
    }
    return 0;
}
"""


@pytest.mark.parametrize(
    "output", ("", "\r\n", "garbage", "X-Some: header\r\n\r\n", "Status: 200 OK\r\n\r\n")
)
def test_authorizer_that_says_nothing(own_gw, output):
    """Servers take an answer without a status for a yes; the second lock wants the proof."""
    gw = own_gw
    program = gw.dir / "bin" / "fcgi-authorizer"
    subprocess.run(
        ["cc", "-x", "c", "-", "-o", str(program), "-lfcgi"],
        input=SILENT_AUTHORIZER % json.dumps(output),
        text=True,
        check=True,
    )
    gw.start()
    assert_closed(gw)
