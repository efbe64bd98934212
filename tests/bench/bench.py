#!/usr/bin/python3
"""
All figures, or those whose names hold a word: bench.py [WORD].  Called by make bench, which has built
the programs.  One line each, "name value unit"; then build/bench/bench.json and bench.svg.

The exit status is 1 when a figure of ours is missing; a peer that is not there is only told.
"""
import os
import pathlib
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ["FHIR_AUTH_BUILD"] = str(ROOT / "build")  # the release programs, before gateway looks
os.environ["no_proxy"] = "*"  # all is on this machine
sys.path[:0] = [str(ROOT / "tests" / "integration"), str(ROOT / "tests" / "demo")]

import chart  # noqa: E402
import core  # noqa: E402
import footprint  # noqa: E402
import growth  # noqa: E402
import guards  # noqa: E402
import issuing  # noqa: E402
import proxied  # noqa: E402
import waiting  # noqa: E402
from figures import Report, note  # noqa: E402
from sites import BENCH  # noqa: E402
from stage import Stage  # noqa: E402

# How the names of its figures begin, and what measures them.
MEASUREMENTS: tuple[tuple[str, Callable[[Stage], None]], ...] = (
    ("lighttpd-", proxied.lighttpd),
    ("apache-fcgid-", proxied.apache),
    ("apache-authnz-", proxied.apache_authnz),
    ("wait-fcgid-", waiting.fcgid),
    ("guard-keys-", guards.by_keys),
    ("guard-introspection-", guards.by_introspection),
    ("token-ES256-", issuing.es256),
    ("token-RS256-", issuing.rs256),
    ("growth-connections-lighttpd-", growth.connections_lighttpd),
    ("growth-connections-apache-", growth.connections_apache),
    ("growth-clients-", growth.clients),
    ("growth-revoked-", growth.revoked),
    ("growth-scopes-", growth.scopes),
    ("core-decision-", core.decisions),
    ("core-token-", core.tokens),
    ("instructions-", core.costs),
    ("start-", footprint.starts),
    ("memory-", footprint.after_many),
)
PACKAGES = (
    "lighttpd", "apache2", "libapache2-mod-fcgid", "libapache2-mod-auth-openidc",
    "libapache2-mod-oauth2", "glewlwyd", "libfcgi0ldbl", "libssl3", "nginx-light", "wrk",
)  # fmt: skip


def about(seconds: float) -> dict:
    """Where the figures come from: without it they say little."""
    query = ["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *PACKAGES]
    listed = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    model = [
        line.partition(":")[2].strip()
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seconds": round(seconds),
        "processor": model[0] if model else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "load_average": os.getloadavg()[0],
        "kernel": platform.release(),
        "packages": dict(line.split() for line in listed.splitlines() if " " in line),
    }


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started ends too
    report = Report(sys.argv[1] if len(sys.argv) > 1 else "")
    begin = time.monotonic()
    failed = False
    for name, measure in MEASUREMENTS:
        if not (report.wanted in name or report.wanted.startswith(name)):
            continue
        with Stage(report) as stage:
            try:
                measure(stage)
            except Exception as fault:  # the others are still worth having
                report.skip(f"{name}rest", fault)
                failed = True
    seconds = time.monotonic() - begin
    facts = about(seconds)
    report.write(BENCH / "bench.json", facts)
    title = f"fhir-auth, {facts['date']}, {facts['cores']} cores, {facts['processor']}"
    chart.draw(BENCH / "bench.svg", report.figures, title)
    note(f"{seconds:.0f} s; build/bench/bench.json, build/bench/bench.svg")
    return 1 if failed or not report.figures else 0


if __name__ == "__main__":
    sys.exit(main())
