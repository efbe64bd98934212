"""Load by wrk: what is sent, one run, and several loads turn by turn."""
import contextlib
import dataclasses
import json
import pathlib
import statistics
import subprocess
from collections.abc import Callable, Mapping

HERE = pathlib.Path(__file__).resolve().parent
ROUNDS = 3
SECONDS = 2  # wrk takes whole ones
CONNECTIONS = 16
STEADY_P99_MS = 50  # mod_fcgid lets a request wait for a second while it has too few processes
WARM_UPS = 12
WARM_UP_CONNECTIONS = 48  # so that its pool grows beyond what is measured
RETRIES = 3
FIRST_FRESH = 4000  # of requests that are used once, for the first run; then by what that one used


class LoadError(Exception):
    """What was measured did not do what it should: there is no figure."""


class TooFew(LoadError):
    """Some of what may be used once was used twice."""


@dataclasses.dataclass
class Run:
    rate: float  # requests a second
    p50_ms: float
    p99_ms: float


def raw(method: str, url: str, headers: Mapping[str, str], body: str = "") -> bytes:
    """A whole request; the host is that of the URL."""
    host, _, path = url.removeprefix("http://").partition("/")
    lines = [f"{method} /{path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


class Load:
    """Requests to one server, again and again; or, when made by `fresh`, each one time only."""

    def __init__(
        self,
        file: pathlib.Path,
        url: str,
        requests: list[bytes],
        fresh: Callable[[], bytes] | None = None,
    ) -> None:
        self.file, self.url, self.fresh = file, url, fresh
        self.need, self.most = FIRST_FRESH, 0
        self.refused = False  # whether each answer must be a refusal, or none
        self._write(requests)

    def _write(self, requests: list[bytes]) -> None:
        self.file.write_bytes(b"".join(b"%d\n%s" % (len(each), each) for each in requests))

    def run(self, seconds: int = SECONDS, connections: int = CONNECTIONS) -> Run:
        """Once more, with more of them, when those that are used once did not last."""
        for _ in range(RETRIES):
            with contextlib.suppress(TooFew):
                return self._run(seconds, connections)
        return self._run(seconds, connections)

    def _run(self, seconds: int, connections: int) -> Run:
        if self.fresh is not None:
            self._write([self.fresh() for _ in range(self.need)])
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
        command += ["-s", str(HERE / "load.lua"), self.url, "--", str(self.file)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
        found = [line[5:] for line in done.stdout.splitlines() if line.startswith("JSON ")]
        if not found:
            raise LoadError(f"wrk failed: {done.stdout[-200:]} {done.stderr[-200:]}")
        got = json.loads(found[0])
        if self.fresh is not None:
            # What was on the way when wrk ended counts too.
            used, prepared = got["requests"] + connections, self.need
            self.need = max(self.most, used) * 2 + 1000
            self.most = max(self.most, used)
            if used > prepared:
                raise TooFew(f"{used} requests were sent and only {prepared} prepared")
        refused = got["requests"] if self.refused else 0
        if got["refused"] != refused or got["broken"] or not got["requests"]:
            raise LoadError(
                f"of {got['requests']} requests {got['refused']} were refused, {got['broken']} broken"
            )
        rate = got["requests"] / (got["us"] / 1e6)
        return Run(rate, got["p50_us"] / 1e3, got["p99_us"] / 1e3)

    def warm_up(self) -> None:
        """Until every process that the web server will start is there."""
        for _ in range(WARM_UPS):
            if self.run(seconds=1).p99_ms < STEADY_P99_MS:
                return
            with contextlib.suppress(LoadError):  # Apache hangs up on some when its workers all wait
                self.run(seconds=2, connections=WARM_UP_CONNECTIONS)


Turns = dict[str, list[Run]]


def turn_by_turn(
    loads: Mapping[str, Load], seconds: int = SECONDS, connections: int = CONNECTIONS
) -> Turns:
    """A B C A B C …: what the machine does meanwhile hits all of them alike."""
    turns: Turns = {name: [] for name in loads}
    for _ in range(ROUNDS):
        for name, load in loads.items():
            turns[name].append(load.run(seconds, connections))
    return turns


def rate(runs: list[Run]) -> float:
    return statistics.median(run.rate for run in runs)


def p99_ms(runs: list[Run]) -> float:
    return statistics.median(run.p99_ms for run in runs)


def ratio(turns: Turns, a: str, b: str) -> float:
    """Median of the ratios of runs that came one after the other."""
    return statistics.median(x.rate / y.rate for x, y in zip(turns[a], turns[b]))
