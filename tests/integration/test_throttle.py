"""Guessing is slowed and locked, and nobody takes more than a share; others are not hindered."""
import concurrent.futures
import contextlib
import json

import pytest
import requests
from requests.adapters import HTTPAdapter

from conftest import SERVERS
from gateway import Gateway, wait_until

GRANT = {"grant_type": "client_credentials", "scope": "system/Patient.rs"}
LOCK_TIME = 300
LOOPBACK = "127.0.0.1"


class From(HTTPAdapter):
    """Connect from an address of this machine."""

    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args, **options):
        super().init_poolmanager(*args, source_address=(self.address, 0), **options)


def session(gw, address):
    s = requests.Session()
    s.verify = gw.ca
    s.trust_env = False
    s.mount("https://", From(address))
    return s


@contextlib.contextmanager
def throttled(server, settings):
    with Gateway(server) as gateway:
        gateway.edit("fhir-auth.conf", "[jwks]", f"[throttle]\n{settings}[jwks]")
        yield gateway.start()


@pytest.fixture(scope="module", params=SERVERS)
def strict(request):
    settings = f"lock_time = {LOCK_TIME}s\ntoken_requests = 5\nrefusals = 5\n"
    with throttled(request.param, settings) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def addresses():
    """Each test has some to itself: what they did is counted for minutes."""
    return (f"127.0.0.{i}" for i in range(2, 250))


@pytest.fixture(scope="module")
def client(strict):
    return strict.add_client("system/*.rs introspect")


def login(gw, address, client, path="/token", form=GRANT):
    with session(gw, address) as s:
        answer = s.post(gw.issuer + path, data=form, auth=client, timeout=30)
    if answer.status_code == 200 and path == "/token":
        gw.secrets.add(answer.json()["access_token"])
    return answer


def status(gw, address, client):
    return login(gw, address, client).status_code


def wrong(client):
    return client[0], "x" * 43


def pass_time(gw, seconds):
    gw.sql(f"UPDATE failed_login SET last_at = last_at - {seconds}")


def fail(gw, address, client, times):
    """As somebody who waits between the attempts as long as it takes."""
    for _ in range(times):
        pass_time(gw, 20)
        assert status(gw, address, wrong(client)) == 401


def assert_wait(answer, at_least, at_most):
    assert answer.status_code == 429
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "WWW-Authenticate" not in answer.headers
    assert answer.json()["error"] == "temporarily_unavailable"
    assert "wait" in answer.json()["error_description"]
    assert at_least <= int(answer.headers["Retry-After"]) <= at_most


def shown(gw, client):
    return json.loads(gw.ctl("client", "show", client[0], "--json"))


def locks_logged(gw, word):
    lines = [line for line in gw.logs().splitlines() if '"event":"login-locked"' in line]
    return [json.loads(line[line.index("{") :]) for line in lines if word in line]


def test_failed_logins_slow_and_then_lock(strict, addresses):
    here, there = next(addresses), next(addresses)
    client = strict.add_client("system/*.rs introspect")
    for _ in range(5):
        assert status(strict, here, wrong(client)) == 401
    fail(strict, here, client, 4)
    assert_wait(login(strict, here, client), 1, 16)
    assert shown(strict, client)["failed_logins"] == 9
    assert shown(strict, client)["locked_addresses"] == 0
    fail(strict, here, client, 1)
    for attempt in (client, wrong(client)):
        for path in ("/token", "/introspect", "/revoke"):
            form = {**GRANT, "token": "x"}
            assert_wait(login(strict, here, attempt, path, form), LOCK_TIME - 60, LOCK_TIME)
    locked = shown(strict, client)
    assert (locked["failed_logins"], locked["locked_addresses"]) == (10, 1)
    assert locked["locked_until"] == locked["failed_login_at"] + LOCK_TIME
    logged = locks_logged(strict, client[0])
    assert [(line["level"], line["address"]) for line in logged] == [("warning", here)]
    assert logged[0]["until"] == locked["locked_until"]
    # The right secret from elsewhere works, and does not open the lock here.
    assert status(strict, there, client) == 200
    assert status(strict, here, client) == 429
    # Another client here works, too.
    assert status(strict, here, strict.add_client("system/*.rs")) == 200
    pass_time(strict, LOCK_TIME)
    assert status(strict, here, client) == 200
    assert shown(strict, client)["failed_logins"] == 0


def test_an_unknown_client_is_answered_alike(strict, addresses):
    here = next(addresses)
    known, unknown = strict.add_client("system/*.rs"), ("nobody", "x" * 43)
    answers = []
    for who in (known, unknown):
        fail(strict, here, who, 9)
        answers.append([login(strict, here, wrong(who)) for _ in range(2)])
    for a, b in zip(*answers):
        assert (a.status_code, a.content) == (b.status_code, b.content)
        assert a.headers.keys() == b.headers.keys()


def test_enabling_a_client_unlocks_it(strict, addresses):
    here = next(addresses)
    client = strict.add_client("system/*.rs")
    fail(strict, here, client, 10)
    assert status(strict, here, client) == 429
    strict.ctl("client", "enable", client[0])
    assert status(strict, here, client) == 200


def test_loopback_is_never_locked(strict):
    client = strict.add_client("system/*.rs")
    for _ in range(12):
        assert status(strict, LOOPBACK, wrong(client)) == 401
    assert status(strict, LOOPBACK, client) == 200
    assert shown(strict, client)["failed_logins"] == 12
    assert shown(strict, client)["locked_addresses"] == 0


def start_many_processes(gw, pool):
    """Apache starts them as it needs them: when requests meet, so connections are kept."""
    with contextlib.ExitStack() as stack:
        kept = [stack.enter_context(session(gw, LOOPBACK)) for _ in range(8)]

        def ask(s):
            for _ in range(10):
                assert s.get(gw.issuer + "/jwks", timeout=30).status_code == 200

        def many():
            list(pool.map(ask, kept))
            return len(gw.program_pids("token-endpoint")) > 2

        wait_until("there are many processes", many)


def test_all_processes_count_together(strict, addresses):
    here = next(addresses)
    client = strict.add_client("system/*.rs")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        if strict.server == "apache":
            start_many_processes(strict, pool)
        codes = list(pool.map(lambda _: status(strict, here, wrong(client)), range(40)))
    # A few that ran at once may have passed the first wait together.
    assert set(codes) == {401, 429}
    assert 5 <= codes.count(401) < 5 + 3 * 8
    assert shown(strict, client)["failed_logins"] == codes.count(401)


def test_many_client_ids_lock_the_address(strict, client, addresses):
    here, there = next(addresses), next(addresses)
    with session(strict, here) as s:
        for i in range(100):
            auth = (f"guess-{i}", "x" * 43)
            assert s.post(strict.token_url, data=GRANT, auth=auth, timeout=30).status_code == 401
    assert_wait(login(strict, here, client), LOCK_TIME - 60, LOCK_TIME)
    assert_wait(login(strict, here, ("guess-100", "x" * 43)), LOCK_TIME - 60, LOCK_TIME)
    assert status(strict, there, client) == 200
    [logged] = locks_logged(strict, f'"address":"{here}"')
    assert "client_id" not in logged


def test_tokens_of_a_client_are_limited(strict, addresses):
    here = next(addresses)
    client = strict.add_client("system/*.rs")
    for _ in range(5):
        assert status(strict, here, client) == 200
    for address in (here, next(addresses)):
        assert_wait(login(strict, address, client), 1, 60)
    assert status(strict, here, strict.add_client("system/*.rs")) == 200
    assert status(strict, LOOPBACK, client) == 200


def read(gw, address, token, path="/Patient/pat-1", **headers):
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    with session(gw, address) as s:
        return s.get(gw.base + path, headers=headers, timeout=30)


def assert_throttled(answer):
    assert answer.status_code == 429
    assert answer.headers["Content-Type"].startswith("application/fhir+json")
    assert answer.headers["Cache-Control"] == "no-store"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert "WWW-Authenticate" not in answer.headers
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"][0]["code"] == "throttled"


def test_refusals_of_a_client_are_limited(strict, addresses):
    here, there = next(addresses), next(addresses)
    token, other = (strict.token("system/Patient.r") for _ in range(2))
    for _ in range(5):
        assert read(strict, here, token, "/Observation/obs-1").status_code == 403
    for address in (here, there, here):
        assert_throttled(read(strict, address, token, "/Observation/obs-1"))
    assert read(strict, here, token).status_code == 200
    assert read(strict, here, other, "/Observation/obs-1").status_code == 403
    assert '"reason":"ERR_THROTTLED"' in strict.logs()
    for _ in range(8):
        assert read(strict, LOOPBACK, token, "/Observation/obs-1").status_code == 403


def test_bad_tokens_from_an_address_are_limited(strict, addresses):
    here, there = next(addresses), next(addresses)
    good = strict.token("system/Patient.r")
    for i in range(5):
        assert read(strict, here, None).status_code == 401  # no token is no attempt
        assert read(strict, here, f"a.b.c{i}").status_code == 401
    assert_throttled(read(strict, here, "a.b.c"))
    assert_throttled(read(strict, here, good + "x"))
    outcome = read(strict, here, "a.b.c", Accept="application/fhir+xml")
    assert (outcome.status_code, 'code value="throttled"' in outcome.text) == (429, True)
    assert read(strict, here, None).status_code == 401
    assert read(strict, here, good).status_code == 200
    assert read(strict, there, "a.b.c").status_code == 401


@pytest.mark.parametrize("server", SERVERS)
def test_with_nobody_exempt(server):
    settings = "failed_logins = 1\nlock_time = 3s\nrefusals = 2\nexempt =\n"
    with throttled(server, settings) as gw:
        client = gw.add_client("system/Patient.rs")
        token = gw.token("system/Patient.rs", client)
        for _ in range(2):
            assert read(gw, LOOPBACK, token, "/Observation/obs-1").status_code == 403
        assert_throttled(read(gw, LOOPBACK, token, "/Observation/obs-1"))
        assert read(gw, LOOPBACK, token).status_code == 200
        assert status(gw, LOOPBACK, wrong(client)) == 401
        assert status(gw, LOOPBACK, client) == 429
        assert status(gw, "127.0.0.2", client) == 200
        wait_until("the lock ends", lambda: status(gw, LOOPBACK, client) == 200, 10)
        assert shown(gw, client)["failed_logins"] == 0
