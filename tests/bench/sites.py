"""
What is measured: the release programs behind lighttpd and Apache as conf-examples/ sets them up, and
the same sites with a no-op in their place, or with another guard, or with none.

Without TLS: it costs all of them the same, and would only hide a part of the difference.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

from backend import Backend
from gateway import ROOT, Gateway
from minted import AUDIENCE, ISSUER

BENCH = ROOT / "build" / "bench"
POOL = 32  # processes of a program under mod_fcgid, as apache.conf has it
FILLING_S = 8


def cut(text: str, begin: str, end: str) -> str:
    """Without what lies between two marks, the first included."""
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"the example has changed: {begin!r} … {end!r}")
    return before + end + after


class Site(Gateway):
    """A context manager; start() starts its web server.  origin: http://…"""

    def __init__(self, server: str, backend: Backend, more: str = "", signing: str = "ES256") -> None:
        super().__init__(server)
        self.upstream_port = backend.port
        self.conf = self.dir / "etc" / "fhir-auth.conf"
        section = "[token-endpoint]\n"
        text = self.conf.read_text().replace(self.ca, str(backend.ca))
        text = text.replace(section, f"{section}signing_alg = {signing}\nrequire_https = no\n")
        self.conf.write_text(f"{text}audience = {AUDIENCE}\n{more}")
        self.token_audience = self.issuer  # of assertions: an https URL
        self.origin = f"http://127.0.0.1:{self.port}"
        self.issuer, self.base = f"{self.origin}/oauth", f"{self.origin}/fhir"
        self.token_url = f"{self.issuer}/token"
        self.patient = f"{self.base}/Patient/123"

    def __enter__(self) -> "Site":
        self.ctl("key", "generate")
        self.render()
        if self.server.startswith("apache"):
            self.edit("apache-site.conf", "SSLEngine on", "SSLEngine off")
        else:
            self.edit("lighttpd.conf", 'ssl.engine  = "enable"', 'ssl.engine  = "disable"')
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)

    def change(self, name: str, pattern: str, new: str) -> None:
        """One place of a rendered file."""
        path = self.dir / "etc" / name
        text, n = re.subn(pattern, lambda _: new, path.read_text(), flags=re.MULTILINE)
        if n != 1:
            raise ValueError(f"the example has changed: {pattern}")
        path.write_text(text)

    def take(self, program: str, instead: str) -> None:
        """Put a program of the bench in the place of one of ours."""
        shutil.copy(BENCH / instead, self.dir / "bin" / program)

    def guard_by(self, location: str, host: str = "", modules: str = "") -> None:
        """Under Apache: lines that guard /fhir instead of ours, and what they need elsewhere."""
        self.change("apache-site.conf", r"^ *FcgidAccessChecker .*\n", "")
        lock = r"^ *Require expr .*FHIR_AUTH\}.*$"
        self.change("apache-site.conf", r"^ *AuthMerging And\n" + lock[1:], location)
        self.change("apache-site.conf", r"^ *<Proxy [^>]*>\n" + lock[1:] + r"\n *</Proxy>\n", "")
        self.change("apache-site.conf", r"^ *TraceEnable Off$", f"{host}\nTraceEnable Off")
        self.change("apache.conf", r"^TypesConfig .*$", f"{modules}\nTypesConfig /etc/mime.types")

    def fill_pool(self) -> None:
        """mod_fcgid starts a process when all others are busy: here they are made to be, all of them."""
        command = ["wrk", "-t1", f"-c{2 * POOL}", "-d4s", "--timeout", "10s", self.patient]
        stopped: set[int] = set()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as wrk:
            end = time.monotonic() + FILLING_S
            while len(stopped) < POOL and time.monotonic() < end:
                for pid in set(self.program_pids("fcgi-authorizer")) - stopped:
                    os.kill(pid, signal.SIGSTOP)
                    stopped.add(pid)
                time.sleep(0.02)
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
            wrk.wait(60)

    def unguard(self) -> None:
        """The way to the FHIR server without any authorizer."""
        if self.server == "apache":
            self.guard_by("Require all granted")
            return
        path = self.dir / "etc" / "lighttpd.conf"
        begin, end = ",\n    # Files that a bulk export", '\n)\n\n$HTTP["url"] =^ "/oauth"'
        path.write_text(cut(path.read_text(), begin, end))
        self.change("lighttpd.conf", r"^.*/lighttpd\.lua.*\n", "")
        lock = '$REQUEST_HEADER["X-Fhir-Auth"] == "granted"'
        self.edit("lighttpd.conf", lock, '$HTTP["url"] =^ "/fhir"')


def trusting(backend: Backend) -> str:
    """Configuration: tokens of the other issuer count, by its keys."""
    return (
        f'[issuer "bench"]\nissuer = {ISSUER}\nkeys = {backend.tls}/jwks.json\n'
        "algorithms = ES256 RS256\n"
    )


def introspecting(backend: Backend, secret: pathlib.Path) -> str:
    """Configuration: the other issuer is asked about its tokens."""
    return (
        f'[issuer "bench"]\nissuer = {ISSUER}\nkeys = introspection\n'
        f"introspection = {backend.tls}/introspect\nintrospection_client_id = gateway\n"
        f"introspection_secret_file = {secret}\n"
    )
