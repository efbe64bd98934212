"""From issue to end: introspection, revocation, expiry, clients that go, keys that change."""
import json
import time

import pytest

import keys
from gateway import wait_until


def status(gw, token):
    return gw.fhir("GET", "/Patient/pat-1", token).status_code


def assert_refused(gw, token):
    """From this request on, whichever process or cache answers."""
    assert {status(gw, token) for _ in range(20)} == {401}


@pytest.fixture(scope="module")
def introspector(gw):
    return gw.add_client("introspect")


def introspect(gw, client, token, **more):
    return gw.oauth("POST", "/introspect", data={"token": token, **more}, auth=client)


def test_introspection_of_a_good_token(gw, introspector):
    token = gw.token("system/Patient.rs")
    answer = introspect(gw, introspector, token)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    body, claims = answer.json(), keys.parts(token)[1]
    assert body["active"] is True
    for name in ("scope", "client_id", "sub", "iss", "jti", "exp", "iat", "aud"):
        assert body[name] == claims[name], name
    assert introspect(
        gw, introspector, token, token_type_hint="refresh_token"
    ).json()["active"] is True


def test_introspection_of_a_bad_token_says_nothing_more(gw, introspector):
    token = gw.token("system/*.rs")
    for bad in ("x", "a.b.c", token[:-8] + "AAAAAAAA", token + "x"):
        answer = introspect(gw, introspector, bad)
        assert (answer.status_code, answer.json()) == (200, {"active": False})


def test_who_may_introspect(gw, introspector):
    client = gw.add_client("system/*.rs")
    token = gw.token("system/*.rs", client)
    assert introspect(gw, client, token).json() == {"active": False}
    for wrong in ((introspector[0], "wrong"), ("nobody", "wrong")):
        answer = introspect(gw, wrong, token)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert gw.oauth("POST", "/introspect", data={"token": token}).status_code == 401
    answer = gw.oauth("POST", "/introspect", data={"other": "x"}, auth=introspector)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_token_of_the_introspector_is_not_inactive_for_itself(gw, introspector):
    token = gw.token("introspect", introspector)
    assert introspect(gw, introspector, token).json()["active"] is True


def test_revoked_by_its_client(gw, introspector):
    client = gw.add_client("system/*.rs")
    token, other = gw.token("system/*.rs", client), gw.token("system/*.rs", client)
    assert status(gw, token) == 200 == status(gw, other)
    assert gw.oauth("POST", "/revoke", data={"token": token}, auth=client).status_code == 200
    assert_refused(gw, token)
    assert introspect(gw, introspector, token).json() == {"active": False}
    assert status(gw, other) == 200


def test_nobody_else_can_revoke(gw):
    client, stranger = gw.add_client("system/*.rs"), gw.add_client("system/*.rs")
    token = gw.token("system/*.rs", client)
    assert gw.oauth("POST", "/revoke", data={"token": token}, auth=stranger).status_code == 200
    assert gw.oauth("POST", "/revoke", data={"token": "nonsense"}, auth=stranger).status_code == 200
    assert gw.oauth("POST", "/revoke", data={"token": token}).status_code == 401
    assert status(gw, token) == 200


def test_revoked_by_the_administrator(gw):
    token = gw.token("system/*.rs")
    assert status(gw, token) == 200
    gw.ctl("token", "revoke", stdin=token)
    assert_refused(gw, token)


def test_disabled_client(gw):
    client = gw.add_client("system/*.rs")
    token = gw.token("system/*.rs", client)
    assert status(gw, token) == 200
    gw.ctl("client", "disable", client[0])
    assert_refused(gw, token)
    gw.ctl("client", "enable", client[0])
    new = wait_until(
        "a new token works",
        lambda: (t := gw.token("system/*.rs", client)) and status(gw, t) == 200 and t,
    )
    assert status(gw, new) == 200
    assert status(gw, token) == 401


def test_removed_client(gw):
    client = gw.add_client("system/*.rs")
    token = gw.token("system/*.rs", client)
    assert status(gw, token) == 200
    gw.ctl("client", "remove", client[0])
    assert_refused(gw, token)


def test_short_lived_token(gw):
    client = gw.add_client("system/*.rs", "--token-lifetime", "2s")
    token = gw.token("system/*.rs", client)
    expires = keys.parts(token)[1]["exp"]
    assert status(gw, token) == 200
    wait_until("the token expires", lambda: status(gw, token) == 401, 6)
    assert time.time() >= expires
    answer = gw.fhir("GET", "/Patient/pat-1", token)
    assert "expired" in answer.headers["WWW-Authenticate"]
    assert answer.json()["issue"][0]["code"] == "expired"


def test_rotated_secret(gw):
    client_id, old = gw.add_client("system/*.rs")
    new = json.loads(gw.ctl("client", "rotate-secret", client_id, "--json"))["client_secret"]
    gw.secrets.add(new)
    assert gw.token("system/*.rs", (client_id, new))
    assert new != old


def test_rotated_signing_key(gw):
    """New tokens carry the new key at once, as asked; old ones stay good."""
    old = gw.token("system/*.rs")
    assert status(gw, old) == 200
    gw.ctl("key", "rotate", "--now")
    client = gw.add_client("system/*.rs")
    kid = keys.parts(old)[0]["kid"]
    new = wait_until(
        "the new key signs", lambda: keys.parts(
            t := gw.token("system/*.rs", client)
        )[0]["kid"] != kid and t
    )
    assert status(gw, new) == 200
    assert status(gw, old) == 200
    published = {key["kid"] for key in gw.oauth("GET", "/jwks").json()["keys"]}
    assert {kid, keys.parts(new)[0]["kid"]} <= published


def test_rotation_is_only_a_rotation_for_each_process(gw):
    """Every process of the authorizer knows the new key: no request may be refused by chance."""
    token = gw.token("system/*.rs")
    assert {status(gw, token) for _ in range(40)} == {200}
