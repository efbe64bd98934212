"""Every format of tokens: good until revoked, and refused on the very next request."""
import json
import re

import pytest

import keys
from conftest import SERVERS
from gateway import Gateway, wait_until

FORMATS = ("jwt", "encrypted-jwt", "opaque")
ROUNDS = 30


@pytest.fixture(scope="module", params=[(s, f) for s in SERVERS for f in FORMATS], ids="-".join)
def site(request):
    """A gateway whose tokens are of one format; opaque ones are issued without any key."""
    server, name = request.param
    with Gateway(server) as gateway:
        gateway.format = name
        gateway.edit(
            "fhir-auth.conf", "[token-endpoint]\n", f"[token-endpoint]\nformat = {name}\n"
        )
        if name == "encrypted-jwt":
            gateway.ctl("key", "generate", "--use", "enc")
        if name == "opaque":
            (key,) = json.loads(gateway.ctl("key", "list", "--json"))
            gateway.ctl("key", "retire", key["kid"], "--now")
        gateway.start()
        yield gateway


@pytest.fixture(scope="module")
def client(site):
    return site.add_client("system/*.rs")


def status(site, token):
    return site.fhir("GET", "/Patient/pat-1", token).status_code


def cached_token(site, client):
    """A new one that every process has seen by now, as likely as not."""
    token = site.token("system/*.rs", client)
    assert {status(site, token) for _ in range(8)} == {200}
    return token


def revoke(site, client, token):
    assert site.oauth("POST", "/revoke", data={"token": token}, auth=client).status_code == 200


def inspect(site, token):
    return json.loads(site.ctl("token", "inspect", "--json", stdin=token))


def assert_refused(site, token):
    """From this request on, whichever process or cache answers."""
    answers = [site.fhir("GET", "/Patient/pat-1", token) for _ in range(12)]
    assert [a.status_code for a in answers] == [401] * 12
    assert 'error="invalid_token"' in answers[0].headers["WWW-Authenticate"]
    assert "revoked" in answers[0].headers["WWW-Authenticate"]


def test_the_format_is_as_configured(site, client):
    token = site.token("system/*.rs", client)
    assert {"jwt": 2, "encrypted-jwt": 4, "opaque": 0}[site.format] == token.count(".")
    assert status(site, token) == 200
    if site.format == "opaque":
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)
    health = site.oauth("GET", "/health")
    assert health.status_code == 200
    assert health.json()["signing_key"] == ("none" if site.format == "opaque" else "ok")


def test_revoked_by_its_client(site, client):
    token, other = cached_token(site, client), cached_token(site, client)
    revoke(site, client, token)
    assert_refused(site, token)
    assert status(site, other) == 200


def test_nobody_else_revokes_it(site, client):
    token = cached_token(site, client)
    revoke(site, site.add_client("system/*.rs"), token)
    assert status(site, token) == 200


def test_revoked_by_the_administrator(site, client):
    token = cached_token(site, client)
    told = json.loads(site.ctl("token", "revoke", "--json", stdin=token))
    assert_refused(site, token)
    assert told["client_id"] == client[0]


@pytest.mark.parametrize("verb", ["disable", "remove"])
def test_its_client_goes(site, verb):
    client = site.add_client("system/*.rs")
    tokens = [cached_token(site, client) for _ in range(2)]
    site.ctl("client", verb, client[0])
    for token in tokens:
        assert_refused(site, token)


def test_it_is_no_luck_of_timing(site, client):
    """At any moment of a second: the first request after the answer to the revocation."""
    seen = []
    for _ in range(ROUNDS):
        token = site.token("system/*.rs", client)
        before = status(site, token)
        revoke(site, client, token)
        seen.append((before, status(site, token), status(site, token)))
    assert seen == [(200, 401, 401)] * ROUNDS


def test_nor_with_clients(site):
    seen = []
    for _ in range(ROUNDS // 3):
        client = site.add_client("system/*.rs")
        token = site.token("system/*.rs", client)
        before = status(site, token)
        site.ctl("client", "disable", client[0])
        seen.append((before, status(site, token), status(site, token)))
    assert seen == [(200, 401, 401)] * (ROUNDS // 3)


def test_introspection_says_the_same_of_every_format(site, client):
    reader = site.add_client("introspect")
    token = site.token("system/Patient.rs", client)
    claims = inspect(site, token)["claims"]
    answer = site.oauth("POST", "/introspect", data={"token": token}, auth=reader).json()
    assert claims["iss"] == site.issuer and claims["scope"] == "system/Patient.rs"
    assert answer == {"active": True, "token_type": "Bearer", **claims}
    revoke(site, client, token)
    answer = site.oauth("POST", "/introspect", data={"token": token}, auth=reader).json()
    assert answer == {"active": False}


def test_the_administrator_sees_through_it(site, client):
    token = site.token("system/*.rs", client)
    seen = inspect(site, token)
    opaque = site.format == "opaque"
    assert seen["valid"] is True and set(seen["checks"].values()) == {"ok"}
    assert set(seen["checks"]) == {"issuer", "audience", "time", "revocation"} | (
        {"store"} if opaque else {"type", "signature"}
    )
    assert (seen["header"] is None) == opaque
    text = site.ctl("token", "inspect", stdin=token)
    assert ("In the store" in text) == opaque and seen["claims"]["jti"] in text
    told = json.loads(site.ctl("explain", "GET", "/fhir/Patient/1", "--json", stdin=token))
    assert told["allowed"] is True and told["client_id"] == client[0]
    told = site.ctl("explain", "GET", "/fhir/Patient/1", stdin=token)
    assert "granted by system/*.rs" in told


def test_a_damaged_one_is_refused(site, client):
    token = site.token("system/*.rs", client)
    other = "B" if token[-5] == "A" else "A"
    for damaged in (token + "x", token[:-1], token[:-5] + other + token[-4:], token[1:]):
        answer = site.fhir("GET", "/Patient/pat-1", damaged)
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_the_store_holds_nothing_of_its_text(site, client):
    tokens = [cached_token(site, client) for _ in range(20)]
    jti = inspect(site, tokens[0])["claims"]["jti"].encode()
    files = sorted(site.store.parent.glob(site.store.name + "*"))
    texts = {f.name[len(site.store.name):]: f.read_bytes() for f in files}
    assert texts.keys() >= {"", "-wal", "-signal", "-verified"}
    assert jti in texts["-verified"]  # that is where the claims are, of an opaque one also here:
    assert (jti in texts[""] + texts["-wal"]) == (site.format == "opaque")
    held = b"".join(texts.values())
    for token in tokens:
        secret = token.rsplit(".", 1)[-1]
        for part in (token[:16], secret[:16], secret[-16:]):
            assert part.encode() not in held
        assert keys.unb64(secret)[:12] not in held


def test_without_its_signal_a_revocation_counts_soon(gw):
    client = gw.add_client("system/*.rs")
    signal = gw.store.with_name(gw.store.name + "-signal")
    token = cached_token(gw, client)
    signal.unlink()
    revoke(gw, client, token)
    wait_until("the token is refused", lambda: status(gw, token) == 401, 2)
    # It was made anew, and is found again.
    assert signal.stat().st_size == 4096
    assert signal.owner() == gw.store.owner()
    assert signal.stat().st_mode == gw.store.stat().st_mode

    def counts_at_once():
        token = cached_token(gw, client)
        revoke(gw, client, token)
        return {status(gw, token) for _ in range(8)} == {401}

    wait_until("revocations count at once", counts_at_once, 4)
    for _ in range(5):
        assert counts_at_once()
