"""What one process has verified the others know, and those after a restart; and what ends that."""
import concurrent.futures
import json
import stat
import time

import pytest

import keys
from gateway import chown_to_server, wait_until

AT_ONCE = 12
ISSUER = "https://issuer.example"


class World:
    """A gateway that trusts an issuer whose keys lie in a file: without them nothing verifies."""

    def __init__(self, gw):
        self.gw = gw
        self.file = gw.store.with_name(gw.store.name + "-verified")
        self.key_file = gw.dir / "state" / "issuer.json"
        self.key = keys.new_key("ES256")
        self.put_key(self.key)
        gw.edit("fhir-auth.conf", '[fhir "main"]',
                f'[issuer "i"]\nissuer = {ISSUER}\nkeys = {self.key_file}\n[fhir "main"]')
        gw.start()

    def put_key(self, key):
        new = self.key_file.with_suffix(".new")
        new.write_text(keys.key_set(key))
        chown_to_server(new)
        new.rename(self.key_file)

    def token(self):
        now = int(time.time())
        claims = {"iss": ISSUER, "sub": "s", "client_id": "c", "aud": self.gw.base, "iat": now,
                  "exp": now + 600, "scope": "system/*.rs"}
        token = keys.sign({"alg": "ES256", "typ": "at+jwt", "kid": self.key["kid"]}, claims, self.key)
        self.gw.secrets.add(token)
        return token

    def status(self, token):
        return self.gw.fhir("GET", "/Patient/pat-1", token).status_code

    def statuses(self, token):
        """Of requests at once, which as many processes answer as the server cares to start."""
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            return set(pool.map(self.status, [token] * AT_ONCE * 2))

    def restart(self):
        self.gw.stop()
        self.gw.start()


@pytest.fixture(name="world")
def world_fixture(own_gw):
    return World(own_gw)


def test_known_to_all_and_after_a_restart(world):
    known, unknown = world.token(), world.token()
    begin = time.monotonic()
    assert world.status(known) == 200  # one process has verified it
    world.put_key(keys.new_key("ES256"))  # and now nobody could
    if world.gw.server == "apache":
        world.gw.ctl("doctor", world.gw.base, "--ca", world.gw.ca, "--warm", "3")
        assert len(world.gw.program_pids("fcgi-authorizer")) > 1
    assert world.statuses(known) == {200}
    world.restart()
    assert world.statuses(known) == {200}
    assert world.statuses(unknown) == {401}
    assert time.monotonic() - begin < 60  # so long a token of another issuer may count
    # It can be removed at any time; then it takes a verification again.
    world.file.unlink()
    world.restart()
    assert world.statuses(known) == {401}


def test_its_file_is_for_the_programs_user_alone(world):
    tokens = [world.token() for _ in range(3)]
    for token in tokens:
        assert world.statuses(token) == {200}
    status = world.file.stat()
    assert stat.S_IMODE(status.st_mode) == 0o600
    assert world.file.owner() == world.gw.store.owner()
    held = world.file.read_bytes()
    assert len(held) == status.st_size > 1 << 20
    assert world.gw.base.encode() in held  # the audience: it is where the facts are
    for part in (p for token in tokens for p in token.split(".")):
        assert not any(part[i : i + 12].encode() in held for i in range(0, len(part) - 12, 5))


def test_another_configuration_and_no_cache(world):
    known = world.token()
    assert world.status(known) == 200
    world.put_key(keys.new_key("ES256"))
    world.gw.edit("fhir-auth.conf", "[jwks]", "# so that it is another one\n[jwks]")
    world.restart()
    assert world.statuses(known) == {401}
    world.gw.edit("fhir-auth.conf", "# so that it is another one\n", "")
    world.restart()
    assert world.statuses(known) == {200}
    world.gw.edit("fhir-auth.conf", "[jwks]", "[authorizer]\ntoken_cache = 0\n[jwks]")
    world.file.unlink()
    world.restart()
    assert world.statuses(known) == {401}
    assert not world.file.exists()


def test_revoked_and_rotated_however_many_know_it(world):
    gw = world.gw
    client = gw.add_client("system/*.rs")
    revoked, retired = gw.token("system/*.rs", client), gw.token("system/*.rs", client)
    for token in (revoked, retired):
        assert world.statuses(token) == {200}
    form = {"token": revoked}
    assert gw.oauth("POST", "/revoke", data=form, auth=client).status_code == 200
    assert world.statuses(revoked) == {401}
    assert world.statuses(retired) == {200}
    (key,) = json.loads(gw.ctl("key", "list", "--json"))
    gw.ctl("key", "retire", key["kid"], "--now")
    assert world.statuses(retired) == {503}  # there is no other key
    world.restart()
    assert world.statuses(revoked) | world.statuses(retired) == {503}


def test_without_the_file_each_works_by_itself(own_gw):
    gw = own_gw
    file = gw.store.with_name(gw.store.name + "-verified")
    file.symlink_to(gw.dir / "www" / "elsewhere")
    world = World(gw)
    token = world.token()
    assert world.statuses(token) == {200}
    world.put_key(keys.new_key("ES256"))
    world.restart()
    assert world.statuses(token) == {401}
    assert file.is_symlink() and not file.exists()
    (reason,) = {event["reason"] for event in gw.events("tokens-not-shared")}
    assert reason == "Too many levels of symbolic links"
    # A file that an older version left, or that was cut: replaced, and nobody who has it is hurt.
    file.unlink()
    file.write_bytes(b"x" * 5000)
    file.chmod(0o600)
    chown_to_server(file)
    world.restart()
    assert world.statuses(world.token()) == {401}
    wait_until("it is replaced", lambda: file.stat().st_size > 1 << 20)
