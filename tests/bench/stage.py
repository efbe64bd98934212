"""What several measurements share: a folder, the backend, the tokens."""
import contextlib
import itertools
import pathlib
import shutil
import tempfile
from collections.abc import Callable

from backend import Backend
from figures import Report
from gateway import make_certificates
from load import Load, Turns, p99_ms, rate, raw, turn_by_turn
from minted import Minter
from sites import Site


class Stage(contextlib.ExitStack):
    """Everything that was started on it ends with it."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="fhir-auth-bench.", dir="/tmp"))
        self.callback(shutil.rmtree, self.dir, ignore_errors=True)
        self.dir.chmod(0o711)
        etc = self.dir / "etc"
        etc.mkdir()
        make_certificates(etc)
        (etc / "ca.pem").chmod(0o644)
        self.minter = Minter()
        self.backend = Backend(self.dir / "backend", etc, self.minter)
        self.enter_context(self.backend.running())
        self.count = itertools.count()

    def site(self, server: str, more: str = "", signing: str = "ES256") -> Site:
        """Not started yet."""
        return self.enter_context(Site(server, self.backend, more, signing))

    def folder(self, name: str) -> pathlib.Path:
        made = self.dir / f"{name}-{next(self.count)}"
        made.mkdir()
        return made

    def load(
        self, requests: list[bytes], url: str, fresh: Callable[[], bytes] | None = None
    ) -> Load:
        return Load(self.dir / f"load-{next(self.count)}", url, requests, fresh)

    def compare(self, what: str, loads: dict[str, Load]) -> Turns:
        """Turn by turn, once they are warm; rates and p99 are reported."""
        for load in loads.values():
            load.warm_up()
        turns = turn_by_turn(loads)
        for name, runs in turns.items():
            self.report.add(f"{what}-{name}", rate(runs), "requests/s", [run.rate for run in runs])
            self.report.add(f"{what}-{name}-p99", p99_ms(runs), "ms")
        return turns

    def reads(self, site: Site, tokens: list[str]) -> Load:
        """GET of a Patient, with these tokens in turn."""
        requests = [
            raw("GET", site.patient, {"Authorization": f"Bearer {token}"}) for token in tokens
        ]
        return self.load(requests, site.origin)

    def refusals(self, site: Site) -> Load:
        """The same without a token."""
        load = self.load([raw("GET", site.patient, {})], site.origin)
        load.refused = True
        return load
