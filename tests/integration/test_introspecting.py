"""The authorizer asks introspection endpoints: what it takes, what it keeps, and outages."""
import concurrent.futures
import contextlib
import json
import os
import secrets
import statistics
import time

import pytest

import keys
from conftest import SERVERS
from gateway import Gateway, chown_to_server, wait_until
from introspection_server import IntrospectionServer
from test_access import assert_refused

TIMEOUT = 2.0  # introspection_timeout of all issuers
SECTION = """
[issuer "{name}"]
issuer = {url}/{name}
keys = introspection
introspection_timeout = 2s
introspection_client_id = gate way
"""
SECTIONS = {  # two ways to log in, two ways to find the endpoint
    "opaque": "introspection = {url}/introspect\nintrospection_secret_file = {state}/secret\n",
    "disc": "introspection = discovery\nintrospection_opaque = no\n"
    "introspection_key_file = {state}/key\n",
    "nocache": "introspection = {url}/introspect\nintrospection_opaque = no\n"
    "introspection_key_file = {state}/key\nintrospection_cache = 0\n",
    "wrong": "introspection = {url}/introspect\nintrospection_opaque = no\n"
    "introspection_secret_file = {state}/wrong\n",
    "anyone": "introspection = {url}/introspect\nintrospection_opaque = no\naudience = any\n"
    "introspection_secret_file = {state}/secret\n",
}


class World:
    def __init__(self, gw: Gateway, server: IntrospectionServer) -> None:
        self.gw = gw
        self.server = server
        self.signer = keys.new_key("ES256")  # nobody verifies it

    def claims(self, issuer: str, **changes: object) -> dict:
        claims = {
            "active": True,
            "iss": f"{self.server.url}/{issuer}",
            "client_id": "lab",
            "aud": self.gw.base,
            "exp": int(time.time()) + 300,
            "scope": "system/*.rs",
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def opaque(self, **changes: object) -> str:
        """A token of which the endpoint knows this."""
        token = "op_" + secrets.token_urlsafe(32)
        self.server.answers[token] = self.claims("opaque", **changes)
        self.gw.secrets.add(token)
        return token

    def jwt(self, issuer: str, **changes: object) -> str:
        inside = {"iss": f"{self.server.url}/{issuer}", "jti": secrets.token_hex(8)}
        token = keys.sign({"alg": "ES256", "typ": "at+jwt"}, inside, self.signer)
        self.server.answers[token] = self.claims(issuer, **changes)
        self.gw.secrets.add(token)
        return token

    def get(self, token: str, path: str = "/Patient/pat-1"):
        return self.gw.fhir("GET", path, token)

    def rush(self, requests: int) -> int:
        """So many at once: Apache starts processes only when all are busy."""
        self.server.delay = 0.1
        with concurrent.futures.ThreadPoolExecutor(requests) as pool:
            list(pool.map(self.get, [self.opaque() for _ in range(requests)]))
        return len(self.gw.program_pids("fcgi-authorizer"))

    def time_passes(self) -> None:
        """The breaker lets a probe through."""
        self.gw.sql("UPDATE breaker SET open_until = 0")


@contextlib.contextmanager
def world_of(kind: str):
    client = ("gate way", secrets.token_urlsafe(32) + "+/: %")
    key = keys.new_key("ES384")
    with Gateway(kind) as gw, IntrospectionServer(gw.dir / "etc", client, key) as server:
        files = {"secret": client[1] + "\n", "key": key.export(), "wrong": "no" + client[1]}
        for name, text in files.items():
            path = gw.dir / "state" / name
            path.write_text(text)
            path.chmod(0o600)
            chown_to_server(path)
        gw.secrets |= {client[1][:43], json.loads(key.export())["d"]}
        text = "".join(SECTION.replace("{name}", name) + more for name, more in SECTIONS.items())
        text = text.format(url=server.url, state=gw.dir / "state")
        gw.edit("fhir-auth.conf", '[fhir "main"]', text + '\n[fhir "main"]')
        gw.start()
        yield World(gw, server)


@pytest.fixture(scope="module", params=SERVERS)
def shared(request):
    with world_of(request.param) as world:
        yield world


@pytest.fixture
def world(shared):
    """As if nothing had ever failed."""
    shared.server.reset()
    shared.gw.sql("DELETE FROM breaker")
    shared.gw.sql("DELETE FROM introspection")
    yield shared
    shared.server.go_on.set()


def unavailable(answer, at_least=1):
    assert answer.status_code == 503, answer.text
    assert at_least <= int(answer.headers["Retry-After"]) <= 60
    assert "WWW-Authenticate" not in answer.headers
    assert answer.json()["resourceType"] == "OperationOutcome"


# ---- what is taken ----


def test_opaque_tokens(world):
    token = world.opaque()
    before = len(world.gw.upstream_requests())
    assert world.get(token).status_code == 200
    headers = world.gw.upstream_requests()[before]["headers"]
    assert "lab" in json.dumps(headers)
    assert_refused(world.get("unknown" + secrets.token_hex(20)), 401, "invalid_token")
    assert_refused(world.get(world.opaque(active=False)), 401, "invalid_token")
    assert world.gw.fhir("DELETE", "/Patient/pat-1", token).status_code == 403


@pytest.mark.parametrize("issuer", ("opaque", "disc", "nocache", "anyone"))
def test_jwts_of_an_introspected_issuer(world, issuer):
    assert world.get(world.jwt(issuer)).status_code == 200
    assert_refused(world.get(world.jwt(issuer, active=False)), 401, "invalid_token")
    if issuer in ("disc", "nocache"):
        assert len(set(world.server.jtis)) >= 2  # they were signed, and verified there


def test_rules_for_answers(world):
    now = int(time.time())
    rows = [
        ({"aud": None}, 401),
        ({"aud": "https://other.example/fhir"}, 401),
        ({"aud": ["https://other.example/fhir", world.gw.base]}, 200),
        ({"iss": "https://other.example"}, 401),
        ({"iss": None}, 200),
        ({"exp": now - 60}, 401),
        ({"exp": None}, 200),
        ({"nbf": now + 300}, 401),
        ({"scope": None}, 403),
        ({"scope": "system/Observation.rs"}, 403),
        ({"client_id": None}, 401),
        ({"client_id": None, "sub": "someone"}, 200),
    ]
    got = [(changes, world.get(world.opaque(**changes)).status_code) for changes, _ in rows]
    assert got == rows
    assert world.get(world.jwt("anyone", aud=None)).status_code == 200


# ---- what is kept ----


def test_an_answer_is_asked_for_once(world):
    """On Apache the requests go to several processes, and a refusal is decided twice."""
    good, bad = world.opaque(), world.opaque(active=False)
    for _ in range(6):
        assert world.get(good).status_code == 200
        assert_refused(world.get(bad), 401, "invalid_token")
    assert (world.server.asked[good], world.server.asked[bad]) == (1, 1)
    world.gw.ctl("client", "add", "Other", "--scope", "system/*.rs", "--secret")  # a new epoch
    time_of_it = time.monotonic()
    while time.monotonic() < time_of_it + 1.5:
        assert world.get(good).status_code == 200
    assert world.server.asked[good] == 1


def test_no_cache_means_each_request(world):
    token = world.jwt("nocache")
    for n in range(1, 5):
        assert world.get(token).status_code == 200
        assert world.server.asked[token] == n
    world.server.answers[token] = {"active": False}
    assert_refused(world.get(token), 401, "invalid_token")


def test_connections_are_kept(world):
    world.get(world.opaque())
    before = world.server.connections
    for _ in range(20):
        assert world.get(world.opaque()).status_code == 200
    opened = world.server.connections - before
    assert opened == 0 if world.gw.server == "lighttpd" else opened <= 15


def test_many_new_tokens_at_once(world):
    """A rush is no outage, though all but one of the threads may ask at a time."""
    tokens = [world.opaque() for _ in range(24)]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        assert {answer.status_code for answer in pool.map(world.get, tokens)} == {200}


def test_explain_asks_too(world):
    url = f"{world.gw.base}/Patient/pat-1"
    text = world.gw.ctl("explain", "GET", url, stdin=world.opaque())
    assert "ok, says its issuer (introspection)" in text
    said = json.loads(world.gw.ctl("explain", "GET", url, "--json", stdin=world.jwt("disc")))
    assert (said["allowed"], said["introspected"]) == (True, True)


# ---- outages ----


def test_the_endpoint_is_down(world):
    cached = world.opaque()
    assert world.get(cached).status_code == 200
    world.server.stop()
    for _ in range(3):
        unavailable(world.get(world.opaque()))
    times = []
    for _ in range(10):
        token = world.opaque()
        began = time.monotonic()
        answer = world.get(token)
        times.append(time.monotonic() - began)
        unavailable(answer)
        assert world.get(cached).status_code == 200
    assert statistics.median(times) < 0.1, times
    world.server.start()
    world.time_passes()
    assert world.get(world.opaque()).status_code == 200
    assert world.get(world.opaque()).status_code == 200
    assert world.gw.sql("SELECT count(*) FROM breaker") == [(0,)]


def test_the_endpoint_is_slow(world):
    """More new tokens than there are threads or processes: some are left for cached answers.

    A request that finds none idle waits a whole second in Apache's mod_fcgid, whatever the reason.
    """
    apache = world.gw.server == "apache"
    if apache:
        wait_until("there are processes", lambda: world.rush(16) >= 7)
    cached = world.opaque()
    assert world.get(cached).status_code == 200
    world.server.reset()
    world.server.delay = 10
    began = time.monotonic()
    times = []
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        waiting = [pool.submit(world.get, world.opaque()) for _ in range(12)]
        while not all(each.done() for each in waiting):
            start = time.monotonic()
            assert world.get(cached).status_code == 200
            times.append(time.monotonic() - start)
        for each in waiting:
            unavailable(each.result())
    assert time.monotonic() - began < TIMEOUT + 2
    assert statistics.median(times) < 0.1, times
    assert max(times) < (1.7 if apache else 1), max(times)
    assert world.server.total() == 3  # one less than threads
    # Meanwhile it has failed often enough: nobody waits any more.
    start = time.monotonic()
    unavailable(world.get(world.opaque()))
    assert time.monotonic() - start < 0.3
    asked = world.server.total()
    for _ in range(5):
        unavailable(world.get(world.opaque()))
    assert world.server.total() == asked


def test_one_slow_request_takes_as_long_as_configured(world):
    """Also on Apache, where it is decided twice."""
    world.server.delay = 10
    began = time.monotonic()
    unavailable(world.get(world.opaque()))
    assert TIMEOUT - 0.1 < time.monotonic() - began < TIMEOUT + 0.7
    assert world.server.total() == 1


@pytest.mark.parametrize(
    "status, body, want",
    (
        (200, b"<html>", 503),
        (200, b"", 503),
        (200, b"[]", 503),
        (200, b'{"active":tru', 503),
        (200, b'{"active":true,"active":true}', 503),
        (200, b'{"active":true}' + b" " * 70000, 503),
        (302, b'{"active":true}', 503),
        (500, b'{"active":true}', 503),
        (404, b'{"active":true}', 503),
        (200, b'{"active":"true"}', 401),
        (200, b'{"active":1}', 401),
        (200, b'{"active":true}', 401),  # says too little
        (200, b"{}", 401),
    ),
)
def test_garbage_lets_nobody_in(world, status, body, want):
    world.server.spoilt = (status, body)
    answer = world.get(world.opaque())
    if want == 503:
        unavailable(answer)
    else:
        assert_refused(answer, 401, "invalid_token")
    world.server.spoilt = None
    assert world.get(world.opaque()).status_code == 200


def test_wrong_credentials_are_named_in_the_log(world):
    for _ in range(4):
        unavailable(world.get(world.jwt("wrong")))
    assert world.server.total() == 3  # the breaker spares them a lock-out
    log = [line for line in world.gw.logs().splitlines() if "introspection-failed" in line]
    assert any('introspection_secret_file of [issuer \\"wrong\\"]' in line for line in log)
    assert f"{world.server.url}/wrong" in log[-1]
    assert world.get(world.opaque()).status_code == 200  # other issuers are not concerned


# ---- this site's own tokens ----


@pytest.fixture
def own(own_gw):
    """The authorizer asks the token endpoint behind the same web server."""
    client = own_gw.add_client("introspect")
    path = own_gw.dir / "state" / "secret"
    path.write_text(client[1])
    path.chmod(0o600)
    chown_to_server(path)
    section = (
        f'[issuer "local"]\nissuer = {own_gw.issuer}\nkeys = introspection\n'
        f"introspection = {own_gw.issuer}/introspect\nintrospection_client_id = {client[0]}\n"
        f"introspection_secret_file = {path}\n"
    )
    own_gw.edit("fhir-auth.conf", '[fhir "main"]', section + '[fhir "main"]')
    return own_gw.start()


def test_own_tokens(own):
    reader = own.add_client("system/*.rs")
    tokens = [own.token("system/*.rs", reader) for _ in range(16)]

    def get(token):
        return own.fhir("GET", "/Patient/pat-1", token).status_code

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert set(pool.map(get, tokens)) == {200}
    assert own.sql("SELECT count(*) FROM introspection WHERE state = 0") == [(16,)]
    revoked = own.oauth("POST", "/revoke", data={"token": tokens[0]}, auth=reader)
    assert revoked.status_code == 200
    end = time.monotonic() + 2
    while get(tokens[0]) == 200:
        assert time.monotonic() < end
    assert get(tokens[1]) == 200


def test_a_secret_that_others_may_read_is_refused(own_gw):
    path = own_gw.dir / "state" / "secret"
    path.write_text("s")
    os.chmod(path, 0o644)
    own_gw.edit(
        "fhir-auth.conf",
        '[fhir "main"]',
        '[issuer "x"]\nissuer = https://x.example\nkeys = introspection\n'
        "introspection = discovery\nintrospection_client_id = me\n"
        f'introspection_secret_file = {path}\n[fhir "main"]',
    )
    with pytest.raises(AssertionError) as refused:
        own_gw.ctl("config", "check")
    assert "introspection_secret_file" in str(refused.value)
    assert f"run chmod o-rwx {path}" in str(refused.value)
