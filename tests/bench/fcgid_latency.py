#!/usr/bin/python3
"""What a request waits for under mod_fcgid, of 16 connections: one line a figure, name value unit.

Just after a start, after fhir-authctl doctor --warm, and after a reload with it.  The requests have no
token: such a refusal takes two processes.
"""
import os
import pathlib
import re
import signal
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ["FHIR_AUTH_BUILD"] = str(ROOT / "build")
sys.path.insert(0, str(ROOT / "tests" / "integration"))
from gateway import BUILD, Gateway  # noqa: E402

REQUESTS = "6000"


def measure(gw: Gateway, name: str) -> None:
    command = ["ab", "-q", "-k", "-n", REQUESTS, "-c", "16", gw.base + "/Patient/pat-1"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for percent in ("50", "99"):
        (value,) = re.findall(rf"^ +{percent}% +(\d+)", text, re.MULTILINE)
        print(f"fcgid-{name}-p{percent} {value} ms")
    print(f"fcgid-{name}-processes {len(gw.program_pids('fcgi-authorizer'))} processes", flush=True)


def warm(gw: Gateway) -> None:
    command = [str(BUILD / "fhir-authctl"), "doctor", gw.base, "--ca", gw.ca, "--warm", "16"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


def main() -> None:
    with Gateway("apache") as gw:
        gw.start()
        measure(gw, "cold")
        warm(gw)
        measure(gw, "warm")
        gw.web_server.send_signal(signal.SIGUSR1)
        warm(gw)
        measure(gw, "reload-warm")


if __name__ == "__main__":
    main()
