"""Start-up and memory: the programs alone, on a FastCGI socket of their own."""
import base64
import json
import os
import pathlib
import statistics
import time
import urllib.parse

from fastcgi import AUTHORIZER, RESPONDER, Program
from gateway import BUILD
from load import LoadError
from minted import SCOPE
from sites import Site, trusting
from stage import Stage

STARTS = 5
TOKENS = 100_000
PARAMS = {"REQUEST_METHOD": "GET", "REQUEST_URI": "/fhir/Patient/123", "REMOTE_ADDR": "127.0.0.1"}


def memory_mib(pid: int) -> dict[str, float]:
    """resident: all of it; private: what it has written, which no other process shares."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    kib = {line.split(":")[0]: int(line.split()[1]) for line in text.splitlines()[1:]}
    return {"resident": kib["Rss"] / 1024, "private": kib["Private_Dirty"] / 1024}


def tell_memory(stage: Stage, what: str, pid: int) -> None:
    for kind, mib in memory_mib(pid).items():
        stage.report.add(f"{what}-{kind}", mib, "MiB")


def drop_caches(files: list[pathlib.Path]) -> None:
    """Cold: what these files have in the page cache goes, as far as nobody else uses it."""
    for path in files:
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


class Asked:
    """One of our programs and a request that it must grant."""

    def __init__(
        self, stage: Stage, name: str, site: Site, params: dict, role: int, body: bytes
    ) -> None:
        self.stage, self.name, self.site = stage, name, site
        self.params, self.role, self.body = params, role, body
        self.program: Program | None = None

    def start(self) -> float:
        """Seconds from exec to the first answer."""
        folder = self.stage.folder("socket")
        begin = time.monotonic()
        env = {"FHIR_AUTH_CONF": str(self.site.conf)}
        self.program = Program(BUILD / self.name, folder / "sock", env)
        self.stage.callback(self.end)
        self.ask()
        return time.monotonic() - begin

    def ask(self, params: dict | None = None) -> str:
        answer = self.program.ask(self.role, params or self.params, self.body)
        if not answer.startswith("Status: 200"):
            raise LoadError(f"{self.name} answers {answer.splitlines()[0] if answer else 'nothing'}")
        return answer

    def end(self) -> None:
        self.program.end()


def programs(stage: Stage) -> list[Asked]:
    site = stage.site("lighttpd", trusting(stage.backend))
    client, secret = site.add_client(SCOPE, "--secret")
    login = base64.b64encode(f"{client}:{secret}".encode()).decode()
    body = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": SCOPE}).encode()
    post = {
        **PARAMS,
        "REQUEST_METHOD": "POST",
        "REQUEST_URI": "/oauth/token",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": f"Basic {login}",
    }
    endpoint = Asked(stage, "token-endpoint", site, post, RESPONDER, body)
    endpoint.start()
    token = json.loads(endpoint.ask().split("\r\n\r\n", 1)[1])["access_token"]
    endpoint.end()
    read = {**PARAMS, "HTTP_AUTHORIZATION": f"Bearer {token}"}
    return [Asked(stage, "fcgi-authorizer", site, read, AUTHORIZER, b""), endpoint]


def starts(stage: Stage) -> None:
    for asked in programs(stage):
        name = asked.name
        took = []
        for cold in [True] + [False] * STARTS:
            if cold:
                drop_caches([BUILD / name, asked.site.store])
            seconds = asked.start()
            if cold:
                stage.report.add(f"start-{name}-cold", seconds * 1e3, "ms")
            else:
                took.append(seconds * 1e3)
            if len(took) == STARTS:
                tell_memory(stage, f"memory-{name}-idle", asked.program.process.pid)
            asked.end()
        stage.report.add(f"start-{name}", statistics.median(took), "ms", took)


def after_many(stage: Stage) -> None:
    """Resident after so many distinct tokens were checked, or given out."""
    authorizer, endpoint = programs(stage)
    tokens = stage.minter.tokens("ES256", TOKENS)
    authorizer.start()
    for token in tokens:
        authorizer.ask({**PARAMS, "HTTP_AUTHORIZATION": f"Bearer {token}"})
    pid = authorizer.program.process.pid
    tell_memory(stage, f"memory-fcgi-authorizer-{TOKENS}-tokens", pid)
    authorizer.end()
    endpoint.start()
    for _ in tokens:
        endpoint.ask()
    pid = endpoint.program.process.pid
    tell_memory(stage, f"memory-token-endpoint-{TOKENS}-tokens", pid)
    endpoint.end()
