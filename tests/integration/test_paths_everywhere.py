"""
Paths that servers read differently, on every server: what reaches the FHIR server is never more than the
token allows, by method and path as the FHIR server sees them.
"""
import re

import pytest

import wire
from everywhere import EVERYWHERE
from gateway import Gateway
from test_paths import TWO_READINGS

# Besides those: what an absolute form, another case, an escape or a byte that is none makes of a path.
MORE = [
    b"http://evil.example/fhir/Patient/pat-1",
    b"https://evil.example/fhir/../fhir/Patient/pat-1",
    b"HTTP://127.0.0.1/fhir/Patient/pat-1",
    b"http://127.0.0.1//fhir/Patient/pat-1",
    b"http://127.0.0.1/fhir/Observation/../Patient/pat-1",
    b"http://127.0.0.1\\fhir/Patient/pat-1",
    b"ftp://127.0.0.1/fhir/Patient/pat-1",
    b"//127.0.0.1/fhir/Patient/pat-1",
    b"/fhir/patient/pat-1",
    b"/Fhir/Patient/pat-1",
    b"/fhir/Patient/pat-1/",
    b"/fhir/Patient/pat-1/.",
    b"/fhir/Patient/pat-1/..",
    b"/fhir/Patient/pat-1/../../Observation/obs-1",
    b"/fhir/Observation/../Patient/pat-1",
    b"/fhir/Patient/%2e%2e/%2e%2e/fhir/Observation/obs-1",
    b"/fhir/Patient/..%5cObservation",
    b"/fhir/Patient/%2e%2e%2fObservation",
    b"/fhir/Patient/..%252fObservation",
    b"/fhir/Patient/%c0%ae%c0%ae/Observation/obs-1",
    b"/fhir/Patient/%u002e%u002e/Observation/obs-1",
    b"/fhir/Patient/%00/../Observation/obs-1",
    b"/fhir/Patient/pat-1%3F",
    b"/fhir/Patient/pat-1%23frag",
    b"/fhir/Patient/pat-1%09",
    b"/fhir/Patient/pat-1\x00",
    b"/fhir/Patient/pat-1\x7f",
    b"/fhir/Patient/pat-1\tx",
    b"/fhir/Patient/pat-1\x0bHTTP/1.1",
    b"/fhir/Patient/pat-1 /fhir/Observation/obs-1",
    b"/fhir/Patient/\xff\xfe",
    b"/fhir/\xe9/../Patient/pat-1",
    b"/fhir/%e9/%2e%2e/Patient/pat-1",
    b"/\xe9/../fhir/Patient/pat-1",
    b"/%e9/%2e%2e/fhir/Patient/pat-1",
    b"/fhir%e9/Patient/pat-1",
    b"/fhir;x=1/Patient/pat-1",
    b"/fhir/;/Patient/pat-1",
    b"/;/fhir/Patient/pat-1",
    b"/fhir/..;/fhir/Patient/pat-1",
    b"/oauth/../fhir/Patient/pat-1",
    b"/oauth/..;/fhir/Patient/pat-1",
    b"/oauth/%2e%2e/fhir/Patient/pat-1",
    b"/.well-known/../fhir/Patient/pat-1",
    b"/fhir-auth-deny/../fhir/Patient/pat-1",
    b"/fhir/files/../Patient/pat-1",
    b"/fhir/files/%2e%2e/Patient/pat-1",
    b"/fhir/files/..;/Patient/pat-1",
    b"/fhir/Patient/pat-1?/../../Observation/obs-1",
    b"/fhir/Patient/pat-1?x=%2e%2e/",
    b"?/fhir/Patient/pat-1",
    b"/?/fhir/Patient/pat-1",
    b"/fhir?/Patient/pat-1",
    b"/" * 3000 + b"fhir/Patient/pat-1",
    b"/fhir/Patient/pat-1/" + b"../" * 2000 + b"fhir/Observation/obs-1",
    b"/fhir/Patient/" + b"%61" * 2000,
]
CASES = [(b"GET", target) for target in TWO_READINGS + MORE] + [
    (method, b"/fhir/Patient/pat-1")
    for method in (b"get", b"GETX", b"HEAD", b"DELETE", b"delete", b"TRACE", b"CONNECT", b"PATCH")
]

# Who, and what the FHIR server may be asked for by them: nothing in these can be read in two ways.
SEGMENT = r"[A-Za-z0-9$_-][A-Za-z0-9.$_-]*"
OPEN = r"(GET|HEAD) /fhir/(metadata|\.well-known/[a-z-]+)"
ALLOWED = {
    "nobody": OPEN,
    "patients": rf"{OPEN}|(GET|HEAD) /fhir/Patient/{SEGMENT}/?(\?.*)?",
    "observations": rf"{OPEN}|(GET|HEAD) /fhir/Observation(/{SEGMENT})?/?(\?.*)?",
    "all": rf"{OPEN}|(GET|HEAD|PATCH|DELETE) /fhir(/{SEGMENT})*/?(\?.*)?",
}
SCOPES = {"patients": "system/Patient.r", "observations": "system/Observation.rs", "all": "system/*.cruds"}


def ask(gw, method, target, *headers):
    """0 for a connection that is closed without an answer."""
    try:
        return wire.get(gw.port, gw.ca, target, *headers, b"Content-Length: 0", method=method).status
    except (AssertionError, ConnectionError):
        return 0


@pytest.mark.parametrize("server", EVERYWHERE)
def test_no_more_than_the_token_allows(server):
    with Gateway(server) as gw:
        gw.start()
        tokens = {who: gw.token(scope) for who, scope in SCOPES.items()}
        wrong, seen, granted = [], 0, 0
        for who, allowed in ALLOWED.items():
            bearer = [f"Authorization: Bearer {tokens[who]}".encode()] if who in tokens else []
            for method, target in CASES:
                status = ask(gw, method, target, *bearer)
                arrived = gw.upstream_requests()[seen:]
                seen += len(arrived)
                granted += len(arrived)
                requests = [f"{request['method']} {request['target']}" for request in arrived]
                fits = [re.fullmatch(allowed, request) for request in requests]
                if not all(fits) or len(requests) > 1 or (not requests and status in (200, 201)):
                    wrong.append((who, method, target[:80], status, requests))
        assert wrong == []
        assert granted >= 4  # absolute forms, and methods that the tokens allow
