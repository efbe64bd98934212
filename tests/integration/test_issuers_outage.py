"""An issuer that cannot be reached, does not answer, or answers nonsense."""
import concurrent.futures
import time

import pytest

import keys
from conftest import SERVERS
from gateway import wait_until
from test_access import assert_refused
from trusting import trusting


@pytest.fixture(params=SERVERS)
def world(request):
    with trusting(request.param) as both:
        yield both


def source_of(world, issuer):
    """What /health says of an issuer; its own status stays good."""
    answer = world.gw.oauth("GET", "/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    return {each["source"]: each for each in answer.json()["key_sets"]}[issuer.url]


def unavailable(answer):
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "WWW-Authenticate" not in answer.headers
    assert answer.json()["resourceType"] == "OperationOutcome"


def fail(server):
    server.status = 500


def garbage(server):
    server.pages = {path: "<html>" for path in server.pages}


def nothing(server):
    server.pages = {}


@pytest.mark.parametrize("spoil", (fail, garbage, nothing))
def test_outage_is_survived(world, spoil):
    assert world.get(world.agency.token()).status_code == 200
    pages = world.server.pages.copy()
    spoil(world.server)
    world.restart_after_expiry()
    began = int(time.time())
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        tokens = [world.agency.token() for _ in range(20)]
        assert {answer.status_code for answer in pool.map(world.get, tokens)} == {200}
    state = source_of(world, world.agency)
    assert state["state"] == "stale"
    assert began - 1 <= state["failed_since"] <= time.time()
    # A new key cannot be told from an invented one: neither is called wrong.
    new = keys.new_key("ES256")
    unavailable(world.get(world.agency.token(new)))
    # The set that never came is no set.
    unavailable(world.get(world.keycloak.token(header={"typ": "JWT"})))
    assert source_of(world, world.keycloak)["state"] == "failing"
    # When it is over, that is noticed without anybody's doing.
    world.server.pages, world.server.status = pages, 200
    world.agency.publish(world.agency.key, new)
    wait_until("the new key counts", lambda: world.get(world.agency.token(new)).status_code == 200)
    assert world.get(world.agency.token()).status_code == 200
    state = source_of(world, world.agency)
    assert (state["state"], state["failed_since"]) == ("fresh", None)


def test_nobody_waits_for_a_server_that_hangs(world):
    assert world.get(world.agency.token()).status_code == 200
    world.may_be_asked_again()
    world.server.go_on.clear()
    before = world.server.total()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(world.get, world.agency.token(keys.new_key("ES256")))
        wait_until("the issuer is asked", lambda: world.server.total() > before)
        began = time.monotonic()
        for _ in range(10):
            assert world.get(world.agency.token()).status_code == 200
        assert not waiting.done()
        assert time.monotonic() - began < 2
        unavailable(waiting.result())
    # From then on not even for an unknown key.
    began = time.monotonic()
    for _ in range(5):
        unavailable(world.get(world.agency.token(keys.new_key("ES256"))))
        assert world.get(world.agency.token()).status_code == 200
    assert time.monotonic() - began < 2
    assert source_of(world, world.agency)["failed_since"] is not None


def test_outage_ends_for_tokens_that_are_too_old_for_it(world):
    """Beyond stale_if_error the last good set does not count any more."""
    assert world.get(world.agency.token()).status_code == 200
    world.server.status = 500
    world.gw.stop()
    world.gw.sql("UPDATE fetch SET next_at = 0, fetched_at = 1, fresh_until = 2")
    world.gw.start()
    unavailable(world.get(world.agency.token()))
    assert source_of(world, world.agency)["state"] == "failing"


def test_other_issuers_and_local_tokens_are_not_concerned(world):
    assert world.get(world.plain.token()).status_code == 200
    world.server.status = 500
    unavailable(world.get(world.agency.token()))
    assert world.get(world.plain.token()).status_code == 200
    assert world.gw.fhir("GET", "/Patient/pat-1", world.gw.token("system/*.rs")).status_code == 200


def test_a_withdrawn_key_ends(world):
    old, new = world.agency.key, keys.new_key("ES256")
    assert world.get(world.agency.token(old)).status_code == 200
    world.agency.publish(new)
    world.restart_after_expiry()
    assert_refused(world.get(world.agency.token(old)), 401, "invalid_token")
    assert world.get(world.agency.token(new)).status_code == 200
