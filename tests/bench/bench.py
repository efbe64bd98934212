#!/usr/bin/python3
"""
All figures, or those whose names hold a word: bench.py [WORD].  Called by make bench, which has built
the programs.  One line each, "name value unit"; then build/bench/bench.json and bench.svg.
"""
import os
import pathlib
import sys
import time
from collections.abc import Callable

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ["FHIR_AUTH_BUILD"] = str(ROOT / "build")  # the release programs, before gateway looks
os.environ["no_proxy"] = "*"  # all is on this machine
sys.path[:0] = [str(ROOT / "tests" / "integration"), str(ROOT / "tests" / "demo")]

import guards  # noqa: E402
import issuing  # noqa: E402
import proxied  # noqa: E402
from figures import Report, note  # noqa: E402
from stage import Stage  # noqa: E402

# Which names a measurement gives, by their beginnings, and what measures them.
MEASUREMENTS: tuple[tuple[str, Callable[[Stage], None]], ...] = (
    ("lighttpd-", proxied.lighttpd),
    ("apache-", proxied.apache),
    ("guard-", guards.by_keys),
    ("guard-introspection-", guards.by_introspection),
    ("token-ES256-", issuing.es256),
    ("token-RS256-", issuing.rs256),
)


def main() -> int:
    report = Report(sys.argv[1] if len(sys.argv) > 1 else "")
    begin = time.monotonic()
    for name, measure in MEASUREMENTS:
        if report.wanted.startswith(name) or report.wanted in name:
            with Stage(report) as stage:
                try:
                    measure(stage)
                except Exception as fault:  # one that fails must not take the others with it
                    report.skip(f"{name}rest", fault)
    note(f"{time.monotonic() - begin:.0f} s in all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
