"""AuditEvents on their way to a FHIR server: none is lost, none comes twice, nobody waits."""
import os
import signal
import time

import pytest

import balp
from audit_server import AuditServer
from gateway import Gateway, wait_until


@pytest.fixture
def server():
    with AuditServer() as server:
        yield server


@pytest.fixture
def one_gw():
    """For what does not depend on the web server."""
    with Gateway("lighttpd") as gateway:
        yield gateway


def configure(gw, server, **audit):
    audit = {"events": server.url, "spool": gw.dir / "state" / "spool", **audit}
    lines = "".join(f"{name} = {value}\n" for name, value in audit.items())
    gw.edit("fhir-auth.conf", "[store]", f"[audit]\n{lines}[store]")
    gw.secret_free.append(gw.dir / "state" / "spool")


def spool(gw):
    return sorted((gw.dir / "state" / "spool").glob("*.events"))


def ask(gw, token, names):
    """Each with an id of its own; none of them waits for the sender."""
    for name in names:
        begin = time.monotonic()
        gw.fhir("GET", "/Patient/pat-1", token, headers={"X-Request-Id": name})
        assert time.monotonic() - begin < 2
    return list(names)


def ids(prefix, count):
    return [f"{prefix}-{i}" for i in range(count)]


def all_arrived(server, wanted):
    assert len(server.received) <= len(wanted)
    return sorted(server.request_ids()) == sorted(wanted)


def test_all_arrive_once(own_gw, server):
    gw = own_gw
    configure(gw, server)
    server.start()
    gw.start()
    token = gw.token("system/*.rs")
    wanted = ask(gw, token, ids("up", 20)) + ask(gw, None, ids("refused", 5))
    wait_until("all are there", lambda: all_arrived(server, wanted))
    for event in server.received:
        balp.check(event)
    assert sum(event["outcome"] == "0" for event in server.received) == 20
    wait_until("the spool is empty", lambda: not spool(gw))
    directory = gw.dir / "state" / "spool"
    assert directory.stat().st_mode & 0o777 == 0o700


def test_server_is_away_and_the_web_server_restarts(own_gw, server):
    gw = own_gw
    configure(gw, server)
    gw.start()
    token = gw.token("system/*.rs")
    wanted = ask(gw, token, ids("away", 10))
    wait_until("it is logged", lambda: gw.events("audit-event-not-sent"))
    assert spool(gw) and server.received == []
    gw.stop()
    gw.start()
    wanted += ask(gw, token, ids("again", 10))
    server.start()
    wait_until("all are there", lambda: all_arrived(server, wanted))
    wait_until("the spool is empty", lambda: not spool(gw))
    # Away in the middle, and killed: what was not acknowledged comes once the server is back.
    server.stop()
    wanted += ask(gw, token, ids("killed", 10))
    for pid in gw.program_pids("fcgi-authorizer"):
        os.kill(pid, signal.SIGKILL)
    wait_until("it works again", lambda: gw.fhir("GET", "/metadata").status_code == 200)
    server.start()
    wait_until("those too", lambda: set(wanted) <= set(server.request_ids()))
    found = server.request_ids()
    assert len([name for name in found if name in wanted]) == len(wanted)


def test_event_that_the_server_refuses(one_gw, server):
    gw = one_gw
    configure(gw, server)
    bad = {"poison-0": 400, "poison-1": 422}
    server.refuse = lambda event: bad.get(event["entity"][0]["what"]["identifier"]["value"], 0)
    server.start()
    gw.start()
    wanted = ask(gw, None, ids("good", 2))
    ask(gw, None, bad)
    wanted += ask(gw, None, ids("better", 2))
    wait_until("the others are there", lambda: all_arrived(server, wanted))
    wait_until("the spool is empty", lambda: not spool(gw))
    assert len(gw.events("audit-event-rejected")) == 2
    # Refused for another reason: kept, and tried again.
    server.refuse = lambda event: 403
    wanted += ask(gw, None, ids("kept", 2))
    (line,) = wait_until("it is logged", lambda: gw.events("audit-event-not-sent")[:1])
    assert "403" in line["reason"]
    server.refuse = lambda event: 0
    wait_until("they come in the end", lambda: all_arrived(server, wanted))


def test_spool_has_a_bound(one_gw, server):
    gw = one_gw
    configure(gw, server, spool_max="1m", grants=0)
    gw.start()
    path = "/Patient?" + "&".join(f"name=n{i}" for i in range(500))
    for _ in range(130):  # some 10 KiB each
        assert gw.fhir("GET", path).status_code == 401
    token = gw.token("system/*.rs")
    for _ in range(130):
        assert gw.fhir("GET", path, token).status_code == 200
    (lost,) = wait_until("it is logged", lambda: gw.events("audit-events-lost")[:1])
    assert lost["count"] == 1 and "full" in lost["reason"]
    processes = len(gw.program_pids("fcgi-authorizer"))
    assert sum(file.stat().st_size for file in spool(gw)) <= (1 << 20) + processes * (256 << 10)
    assert gw.fhir("GET", "/Patient/pat-1", token).status_code == 200


def test_spool_that_cannot_be_made(one_gw, server):
    gw = one_gw
    configure(gw, server, spool="/proc/none")
    gw.start()
    token = gw.token("system/*.rs")
    assert gw.fhir("GET", "/Patient/pat-1", token).status_code == 200
    assert gw.fhir("GET", "/Patient/pat-1").status_code == 401
    wait_until("it is logged", lambda: gw.events("audit-events-lost") and gw.events("audit-failed"))
