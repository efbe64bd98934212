"""
Whatever is wrong with the authorizer or with the web server's configuration: nothing reaches the FHIR
server unasked.  faults.py has the rows; where a mistake opens the gateway all the same, it says so.
"""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest
import requests

import wire
from everywhere import EVERYWHERE
from faults import (
    CANNOT_BE_PREVENTED, DEAD, FAULTS, FILES, MISTAKES, OPEN, PROGRAM, REFUSED, SECOND, STARTED,
    UNABLE, UNLOCK, WAITS
)
from gateway import BUILD, ROOT, Gateway, wait_until

PROBE = "X-Probe"
SPOOFED = {"X-Fhir-Auth": "granted", "Fhir-Auth": "granted", "X_Fhir_Auth": "granted"}
# Besides what the rows tell: none of these may reach the FHIR server, and all have no token.
TARGETS = (b"/fhir/Patient/%e9", b"//fhir/Patient/pat-1", b"/%66hir/Patient/pat-1", b"/fhir",
           b"/fhir/Patient/pat-1.json", b"https://127.0.0.1/fhir/Patient/pat-1")
FILE = "/files/a.ndjson"
HUNG_S = 1.5  # where the server waits for ever, the client does not
SHORT_IO_TIMEOUT = "<IfModule mod_fcgid.c>\nFcgidIOTimeout 1\n</IfModule>\n"
SHORT = (("FcgidIOTimeout 30", "FcgidIOTimeout 1"),
         ("fastcgi_read_timeout 10s", "fastcgi_read_timeout 1s"),
         (r'"read-timeout"( *)=> 10', r'"read-timeout"\1=> 1'))


class Site:
    """A web server that is broken and mended, with tokens."""

    def __init__(self, gw: Gateway):
        self.gw = gw
        conf = gw.dir / "etc" / "fhir-auth.conf"
        conf.write_text(conf.read_text() + '[rules "main"]\nGET /files/* = system/*.rs\n')
        for folder in ("export", "export/fhir/files", "www/fhir/files"):
            (gw.dir / folder).mkdir(parents=True, exist_ok=True)
            (gw.dir / folder / "a.ndjson").write_text("{}\n")
        gw.start()
        self.small, self.good = gw.token("system/Patient.r"), gw.token("system/*.cruds")
        gw.secrets |= {self.small, self.good}
        assert self.ask("file", self.good, path=FILE) == 200
        gw.stop()
        names = (FILES[gw.server], "fhir-auth.conf")
        self.files = {name: (gw.dir / "etc" / name).read_text() for name in names}

    def write(self, name: str, text: str) -> None:
        (self.gw.dir / "etc" / name).write_text(text)

    def start(self) -> bool:
        """False: the web server refuses to start."""
        gw = self.gw
        for sock in (gw.dir / "run").glob("*.sock*"):
            sock.unlink()
        self.logged = len(gw.events("granted", "refused"))
        self.reached = len(gw.upstream_requests())
        try:
            gw.start()
        except AssertionError:
            assert gw.web_server.poll() is not None
            gw.web_server = None
            return False
        if gw.server in STARTED:
            authorizer = gw.programs[0]
            wait_until("the authorizer listens or has ended",
                       lambda: self.listens() or authorizer.poll() is not None)
        return True

    def listens(self) -> bool:
        command = self.gw.commands[0]
        tcp = "-p" in command
        address = ("127.0.0.1", int(command[command.index("-p") + 1])) if tcp else (
            command[command.index("-s") + 1])
        with socket.socket(socket.AF_INET if tcp else socket.AF_UNIX) as s:
            return s.connect_ex(address) == 0

    def stop(self) -> None:
        """At once: what hangs is not waited for."""
        gw = self.gw
        self.kill()
        if gw.web_server is not None:
            gw.web_server.terminate()
            gw.web_server.wait(30)
            wait_until("what it was about to start has ended", lambda: not self.kill())
        gw.stop()

    def kill(self) -> bool:
        """
        The authorizers, and what is about to be one: its command is still that of the server, or none
        while it changes.  True: there was one.
        """
        names = {str(self.gw.dir / "bin" / "fcgi-authorizer").encode()}
        if self.gw.web_server is None or self.gw.web_server.poll() is not None:
            names.add(str(self.gw.dir / "etc" / "lighttpd.conf").encode())
        found = False
        for entry in pathlib.Path("/proc").glob("[1-9]*"):
            try:
                command, state = (entry / "cmdline").read_bytes(), (entry / "status").read_text()
                if names & set(command.split(b"\0")):
                    os.kill(int(entry.name), signal.SIGKILL)
                    found = True
                found |= not command and "State:\tZ" not in state and "VmSize" in state
            except OSError:
                continue
        return found

    def mend(self) -> None:
        self.gw.stop()
        self.gw.upstream_log.unlink(missing_ok=True)  # an open gateway sends tokens there
        for name, text in self.files.items():
            self.write(name, text)

    # ---- requests ----

    def ask(self, probe: str, token: str | None = None, seconds: float = 10, **options) -> int:
        """The status; 0 when no answer comes."""
        headers = {PROBE: probe, **options.pop("headers", {})}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        path = options.pop("path", "/Patient/pat-1")
        method = options.pop("method", "GET")
        try:
            return requests.request(method, self.gw.base + path, headers=headers, timeout=seconds,
                                    verify=self.gw.ca, allow_redirects=False, **options).status_code
        except requests.RequestException:
            return 0

    def raw(self, target: bytes) -> int:
        method, more = (b"POST", b"Content-Length: 0") if target == b"/fhir" else (b"GET", b"X-A: b")
        try:
            return wire.get(self.gw.port, self.gw.ca, target, b"X-Probe: raw", more,
                            method=method).status
        except (AssertionError, OSError):
            return 0

    def told(self, seconds: float = 10) -> tuple[int, int, int]:
        """What clients get without a token, with one that is too small, and with a good one."""
        probes = (("none", None, "/Patient/pat-1"), ("small", self.small, "/Observation/obs-1"),
                  ("good", self.good, "/Patient/pat-1"))
        return tuple(self.ask(probe, token, seconds, path=path) for probe, token, path in probes)

    def others(self) -> set[str]:
        """Which of them were answered with what only the token would give: a file of the server."""
        patient = {"resourceType": "Patient", "id": "pat-1"}
        self.ask("spoofed", method="PUT", json=patient, headers=SPOOFED)
        self.ask("spoofed", headers=SPOOFED)
        self.ask("other", self.small, method="DELETE", path="/Observation/none")
        for target in TARGETS:
            self.raw(target)
        files = {None: self.ask("file", path=FILE), "small": self.ask("file", self.small, path=FILE)}
        return {str(token) for token, status in files.items() if status == 200}

    def arrived(self) -> set[str]:
        """Which of the probes have reached the FHIR server."""
        seen = self.gw.upstream_requests()[self.reached:]
        return {dict(request["headers"])[PROBE] for request in seen}

    def asked(self) -> bool:
        return len(self.gw.events("granted", "refused")) > self.logged


@pytest.fixture(scope="module")
def sites():
    """One of each, made when it is first broken."""
    made: dict[str, Site] = {}
    gateways: list[Gateway] = []

    def site(server: str) -> Site:
        if server not in made:
            gateways.append(Gateway(server).__enter__())
            made[server] = Site(gateways[-1])
        return made[server]

    yield site
    for gateway in gateways:
        gateway.__exit__()


# ---- mistakes of an administrator ----


def make(site: Site, mistake) -> None:
    name = mistake.file or FILES[site.gw.server]
    site.write(name, mistake.changed(site.files[name]))


def fits(told: tuple, expected: tuple) -> bool:
    return told == expected or expected in (UNABLE, WAITS) and set(told) <= expected[0]


@pytest.mark.parametrize("mistake, server", [
    pytest.param(m, s, id=f"{s}-{m.name}") for m in MISTAKES for s in m.servers])
def test_mistake(sites, mistake, server):
    site = sites(server)
    make(site, mistake)
    try:
        expected, held = mistake.expected(server), mistake.held(server)
        if not site.start():
            assert expected in (DEAD, UNABLE)
            return
        told = site.told()
        assert fits(told, expected), told
        files = site.others() if told[0] < 500 else set()
        arrived = site.arrived()
        if held == OPEN:
            assert arrived - {"good"}, "it is closed: the row is wrong"
            return
        assert files == set()
        assert arrived == ({"good"} if expected[2] == 200 else set())
        assert site.asked() or expected != REFUSED
    finally:
        site.mend()


@pytest.mark.parametrize("mistake, server", [
    pytest.param(m, s, id=f"{s}-{m.name}") for m in MISTAKES for s in m.servers
    if m.held(s) == SECOND])
def test_it_is_the_second_lock_that_holds(sites, mistake, server):
    """For without it the same mistake opens the gateway."""
    site = sites(server)
    make(site, mistake)
    name, lock = FILES[server], UNLOCK[server]
    text, count = re.subn(*lock, (site.gw.dir / "etc" / name).read_text())
    assert count
    site.write(name, text)
    try:
        assert site.start()
        site.told()
        site.others()
        assert site.arrived() - {"good"}
    finally:
        site.mend()


def test_the_mistakes_that_open(capsys):
    found = [(s, m.name) for m in MISTAKES for s in m.servers if m.held(s) == OPEN]
    found += [(s, f.name) for f in FAULTS for s in EVERYWHERE
              if f.opens(s) and s not in f.passes]
    with capsys.disabled():
        for server, name in found:
            print(f"\nOPEN: {server}: {name}", end="")
    assert found == CANNOT_BE_PREVENTED


# ---- faults of the program ----


def spoil(site: Site, how: str) -> bool:
    """False: the web server does not start."""
    program = site.gw.dir / "bin" / "fcgi-authorizer"
    if how == "not executable":
        program.chmod(0o644)
    if how == "missing":
        program.unlink()
    if not site.start():
        return False
    if how == "killed and gone":
        assert site.told() == REFUSED
        site.reached = len(site.gw.upstream_requests())
        program.unlink()
        site.kill()
        wait_until("it is gone", lambda: not site.gw.program_pids("fcgi-authorizer"))
    return True


@pytest.mark.parametrize("how, server", [(how, s) for how in PROGRAM for s in EVERYWHERE])
def test_program_is(sites, how, server):
    site = sites(server)
    try:
        expected = PROGRAM[how][server]
        started = spoil(site, how)
        assert started or expected in (DEAD, UNABLE)
        if started:
            told = site.told(1 if expected == WAITS else 10)
            assert fits(told, expected), told
        assert site.arrived() == set()
    finally:
        site.mend()
        program = site.gw.dir / "bin" / "fcgi-authorizer"
        program.unlink(missing_ok=True)
        shutil.copy(BUILD / "fcgi-authorizer", program)



@pytest.fixture(scope="module")
def stub(tmp_path_factory):
    program = tmp_path_factory.mktemp("stub") / "stub"
    source = ROOT / "tests" / "integration" / "stub_authorizer.c"
    subprocess.run(["cc", "-o", program, source, "-lfcgi"], check=True)
    return program


@pytest.fixture(scope="module", params=EVERYWHERE)
def stubbed(request, stub):
    with Gateway(request.param) as gw:
        site = Site(gw)
        shutil.copy(stub, gw.dir / "bin" / "fcgi-authorizer")
        (gw.dir / "etc" / "conf-enabled" / "timeout.conf").write_text(SHORT_IO_TIMEOUT)
        for name, text in site.files.items():
            for old, new in SHORT:
                text = re.sub(old, new, text)
            site.write(name, text)
        assert site.start()
        yield site


def does(site: Site, orders: bytes) -> None:
    path = site.gw.dir / "bin" / "fcgi-authorizer.does"
    path.write_bytes(orders)
    path.chmod(0o644)
    site.reached = len(site.gw.upstream_requests())


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault(stubbed, fault):
    site, server = stubbed, stubbed.gw.server
    expected, dies = fault.gets[server], not fault.does.startswith(b"end")
    for token in (site.good,) if fault.does.startswith(b"hang") else (None, site.good):
        does(site, fault.does)
        begin = time.monotonic()
        got = site.ask("probe", token, HUNG_S if expected == 0 else 10)
        took = time.monotonic() - begin
        arrived = site.arrived()
        if dies:  # a server remembers that, and waits
            site.stop()
            assert site.start()
        print(f"{server}: {fault.name}: {got}, {took:.2f} s, arrived: {arrived}")
        assert (got, arrived) == (expected, {"probe"} if fault.opens(server) else set())
