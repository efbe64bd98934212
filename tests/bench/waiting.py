"""
What a request waits for under mod_fcgid, of 16 connections: just after a start, after fhir-authctl
doctor --warm, and after a reload with it.  Granted ones, and refused ones, of which each is two rounds.
"""
import os
import signal
import subprocess

from gateway import BUILD, wait_until
from load import CONNECTIONS, Load, LoadError
from sites import Site
from stage import Stage


def tell(stage: Stage, loads: dict[str, Load], when: str) -> None:
    for name, load in loads.items():
        run = load.run()
        stage.report.add(f"wait-fcgid-{when}-{name}-p99", run.p99_ms, "ms")


def warm(stage: Stage, site: Site, when: str) -> None:
    command = [str(BUILD / "fhir-authctl"), "doctor", site.base, "--warm", str(CONNECTIONS)]
    env = {**os.environ, "FHIR_AUTH_CONF": str(site.conf)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=env)
    if done.returncode != 0:
        raise LoadError(f"doctor --warm: {done.stdout[-200:]}{done.stderr[-200:]}")
    seconds = done.stdout.splitlines()[-1].split()[-2]
    stage.report.add(f"wait-fcgid-{when}-warming", float(seconds), "s")


def fcgid(stage: Stage) -> None:
    site = stage.site("apache").start()
    token = site.token("system/*.rs")
    loads = {"granted": stage.reads(site, [token]), "refused": stage.refusals(site)}
    tell(stage, loads, "start")
    warm(stage, site, "start")
    tell(stage, loads, "start-warmed")
    before = set(site.program_pids("fcgi-authorizer"))
    site.web_server.send_signal(signal.SIGUSR1)
    wait_until("the old processes end", lambda: not before & set(site.program_pids("fcgi-authorizer")))
    warm(stage, site, "reload")
    tell(stage, loads, "reload-warmed")
