"""What was measured: one line each, and build/bench/bench.json."""
import dataclasses
import json
import pathlib
import sys


@dataclasses.dataclass
class Figure:
    name: str
    value: float | None  # None: skipped
    unit: str
    why: str = ""  # it was skipped
    runs: list[float] = dataclasses.field(default_factory=list)


def short(value: float) -> str:
    """Four digits, or all that stand before the point."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


class Report:
    def __init__(self, wanted: str = "") -> None:
        self.figures: list[Figure] = []
        self.wanted = wanted  # only names that hold this

    def wants(self, *names: str) -> bool:
        return any(self.wanted in name for name in names)

    def add(self, name: str, value: float, unit: str, runs: list[float] | None = None) -> None:
        if self.wants(name):
            self.figures.append(Figure(name, value, unit, runs=runs or []))
            print(name, short(value), unit, flush=True)

    def skip(self, name: str, why: object) -> None:
        text = " ".join(str(why).split())[:300]
        self.figures.append(Figure(name, None, "", text))
        print(name, "skipped", f"({text})", flush=True)

    def write(self, path: pathlib.Path, about: dict) -> None:
        figures = [dataclasses.asdict(each) for each in self.figures]
        path.write_text(json.dumps({"about": about, "figures": figures}, indent=1) + "\n")


def note(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)
