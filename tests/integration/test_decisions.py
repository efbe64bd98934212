"""The decision table through fhir-authctl explain, and a part of it through real web servers."""
import concurrent.futures
import json
import os
import subprocess

import pytest

import wire
from authctl import PROGRAM
from conftest import SERVERS
from decisions import DECISIONS, Issuer, Row, error_texts, rows
from gateway import Gateway

ROWS = rows()
TEXTS = error_texts()


def test_there_are_enough():
    assert len(ROWS) >= 600
    assert {row.why for row in ROWS} - {"ok"} <= set(TEXTS)


# ---- explain: every row whose request has no header of its own ----


class Explain:
    def __init__(self, directory) -> None:
        self.issuer = Issuer(directory / "keys.json")
        conf = directory / "fhir-auth.conf"
        text = (DECISIONS / "policies.conf").read_text()
        text = text.replace("[token-endpoint]\n", f"[token-endpoint]\nkeys = {directory}/keys\n")
        text += f"\n[store]\npath = {directory}/store.db\n" + self.issuer.section()
        conf.write_text(text)
        conf.chmod(0o600)
        self.env = {**os.environ, "FHIR_AUTH_CONF": str(conf)}
        subprocess.run([PROGRAM, "key", "generate"], env=self.env, check=True, capture_output=True)

    def __call__(self, row: Row) -> str:
        """What is wrong; empty when all is as the row says."""
        done = subprocess.run(
            [PROGRAM, "explain", row.method, row.whole(), "--json"],
            input=self.issuer.token(row), env=self.env, capture_output=True, text=True, timeout=60,
        )
        if done.returncode not in (0, 1) or "Sanitizer" in done.stderr:
            return f"{row}: exit {done.returncode}: {done.stderr}"
        # A refusal goes to standard error, the document last.
        seen = json.loads((done.stdout or done.stderr).splitlines()[-1])
        verdict = "allow" if seen["allowed"] else str(seen["status"])
        if seen["limits"]:
            verdict += "+limits"
        why = "" if row.why == "ok" else TEXTS[row.why]
        told = seen["limits"] if seen["allowed"] else seen["scope_needed"]
        expected = row.told if row.verdict in ("403", "allow+limits") and row.told != "-" else ""
        wrong = (verdict, seen["reason"], set(told.split())) != (row.verdict, why, set(expected.split()))
        return f"{row}: {seen}" if wrong else ""


def test_explain_says_the_same(tmp_path):
    explain = Explain(tmp_path)
    asked = [row for row in ROWS if not row.headers()]
    for row in asked:
        explain.issuer.token(row)  # made once, before the threads ask for them
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        faults = [fault for fault in pool.map(explain, asked) if fault]
    assert len(asked) >= 600
    assert faults == [], f"{len(faults)} of {len(asked)}\n" + "\n".join(faults[:20])


# ---- the authorizer behind real web servers ----

STRANGE = set('\\|#"<>')  # what a web server may refuse by itself


def sample(policy: str, count: int) -> list[Row]:
    """Evenly spread over the rows that a web server hands on as they are."""
    fit = [
        row for row in ROWS
        if row.policy == policy and not row.target.startswith("=")
        and not STRANGE & set(row.target) and row.why not in ("ERR_TARGET", "ERR_QUERY")
        and row.method in ("GET", "POST", "PUT", "PATCH", "DELETE")
    ]
    return fit[:: max(1, len(fit) // count)][:count]


def ask(gw: Gateway, issuer: Issuer, row: Row) -> str:
    """What is wrong; empty when all is as the row says."""
    headers = [f"{name}: {value}" for name, value in row.headers().items()]
    token = issuer.token(row)
    if token:
        gw.secrets.add(token)
        headers.append(f"Authorization: Bearer {token}")
    if row.method != "GET":
        headers += ["Content-Type: application/fhir+json", "Content-Length: 0"]
    before = len(gw.upstream_requests())
    target = f"/fhir{row.below()}".encode()
    answer = wire.get(
        gw.port, gw.ca, target, *[line.encode() for line in headers], method=row.method.encode()
    )
    passed = len(gw.upstream_requests()) - before
    if passed != row.verdict.startswith("allow"):
        return f"{row}: {answer.status}, {passed} requests passed"
    if not passed and str(answer.status) != row.verdict:
        return f"{row}: {answer.status} {answer.body!r}"
    if row.verdict == "405" and answer.header("Allow") != [row.told]:
        return f"{row}: Allow {answer.header('Allow')}"
    if passed and row.verdict == "allow+limits":
        sent = {n.lower(): v for n, v in gw.upstream_requests()[-1]["headers"]}
        if sent.get("x-fhir-auth-limit") != row.told:
            return f"{row}: handed on {sent.get('x-fhir-auth-limit')}"
    challenge = " ".join(answer.header("WWW-Authenticate"))
    if row.verdict == "403" and row.told != "-" and f'scope="' not in challenge:
        return f"{row}: {challenge}"
    return ""


@pytest.mark.parametrize("policy", ("default", "limits"))
@pytest.mark.parametrize("server", SERVERS)
def test_servers_do_the_same(server, policy):
    with Gateway(server) as gw:
        issuer = Issuer(gw.dir / "etc" / "decisions.json", gw.base)
        main = '[fhir "main"]\n'
        limits = "limits = backend\n" if policy == "limits" else ""
        gw.edit("fhir-auth.conf", main, issuer.section() + main + limits)
        gw.start()
        chosen = sample(policy, 60)
        assert len(chosen) >= (60 if policy == "default" else 15)
        faults = [fault for fault in (ask(gw, issuer, row) for row in chosen) if fault]
        assert faults == [], f"{len(faults)} of {len(chosen)}\n" + "\n".join(faults)
