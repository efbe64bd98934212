"""Processor time of the processes of a site, and what OpenSSL alone needs for a signature."""
import pathlib
import re
import subprocess


def spent_us(folder: pathlib.Path) -> dict[str, float]:
    """By program, of all processes whose command line names the folder of a site."""
    spent: dict[str, float] = {}
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if not any(str(folder) in word for word in command):
                continue
            threads = [task.read_text() for task in process.glob("task/*/schedstat")]
        except OSError:  # it has ended
            continue
        name = pathlib.Path(command[0]).name
        spent[name] = spent.get(name, 0) + sum(int(t.split()[0]) for t in threads) / 1e3
    return spent


def signature_us() -> float:
    """A verification and a signature on P-256, by `openssl speed`."""
    command = ["openssl", "speed", "-seconds", "1", "ecdsap256"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    found = re.search(r"nistp256\)\s+\S+\s+\S+\s+(\S+)\s+(\S+)", told)
    if found is None:
        raise ValueError("openssl speed tells something else")
    return sum(1e6 / float(each) for each in found.groups())
