"""The pure core without servers, beside what OpenSSL itself needs on the same processor core."""
import os
import re
import statistics
import subprocess

from load import ROUNDS, LoadError
from sites import BENCH
from stage import Stage

# What openssl speed calls the key of an algorithm; keys are as long as those that fhir-authctl makes.
SPEED = {
    "ES256": "ecdsap256", "ES384": "ecdsap384", "EdDSA": "ed25519",
    "RS256": "rsa3072", "RS384": "rsa3072", "PS256": "rsa3072", "PS384": "rsa3072",
}  # fmt: skip
# Its machine-readable lines: "+F2:3:3072:SIGN:VERIFY", "+F4:3:256:…", "+F6:0:253:Ed25519:…".
SPEED_LINE = re.compile(r"^\+F([246]):\d+:(\d+):(?:Ed25519:)?[\d.]+:([\d.]+)$", re.MULTILINE)
SPEED_NAMES = {
    ("2", "3072"): "rsa3072", ("4", "256"): "ecdsap256", ("4", "384"): "ecdsap384",
    ("6", "253"): "ed25519",
}  # fmt: skip
CALLS = 20  # of one piece of work under callgrind


def output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise LoadError(f"{command[0]}: {done.stderr[-300:]}")
    return done.stdout


def on_one_core(*command: str) -> str:
    core = max(os.sched_getaffinity(0))
    return output("taskset", "-c", str(core), *command)


def lines(text: str) -> dict[str, tuple[float, str]]:
    """What the micro benchmarks print: name, value, unit."""
    found = (line.split() for line in text.splitlines())
    return {name: (float(value), unit) for name, value, unit in found}


def openssl_verifies() -> dict[str, float]:
    """A second, by openssl speed's names."""
    wanted = sorted(set(SPEED.values()))
    text = on_one_core("openssl", "speed", "-mr", "-seconds", "1", *wanted)
    found = SPEED_LINE.findall(text)
    return {SPEED_NAMES[kind, bits]: float(verify) for kind, bits, verify in found}


def decisions(stage: Stage) -> None:
    for name, (us, _) in lines(on_one_core(str(BENCH / "bench_decisions"))).items():
        stage.report.add(f"core-{name}", 1e6 / us, "/s")


def tokens(stage: Stage) -> None:
    rounds = [
        (lines(on_one_core(str(BENCH / "bench_tokens"))), openssl_verifies())
        for _ in range(ROUNDS)
    ]
    for name, (_, unit) in rounds[0][0].items():
        runs = [ours[name][0] for ours, _ in rounds]
        stage.report.add(f"core-token-{name}", statistics.median(runs), unit, runs)
    for alg, key in SPEED.items():
        shares = [ours[f"check-{alg}"][0] / openssl[key] for ours, openssl in rounds]
        name = f"core-token-{alg}-over-openssl-verify"
        stage.report.add(name, statistics.median(shares), "ratio", shares)


def instructions(work: str, calls: int) -> int:
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    command += [str(BENCH / "cost"), work, str(calls)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    counted = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or counted is None:
        raise LoadError(f"callgrind: {done.stderr[-300:]}")
    return int(counted[1])


def costs(stage: Stage) -> None:
    """Of one call, without what the first one brings with it."""
    for work, name in (("cached", "cached-decision"), ("fresh", "fresh-ES256-check")):
        each = (instructions(work, 1 + CALLS) - instructions(work, 1)) / CALLS
        stage.report.add(f"instructions-{name}", each, "instructions")
