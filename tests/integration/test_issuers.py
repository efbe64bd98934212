"""Tokens of other issuers, whose keys come over the network."""
import base64
import concurrent.futures
import json
import time

import pytest

import keys
from conftest import SERVERS
from gateway import wait_until
from test_access import assert_refused, challenge
from trusting import trusting


@pytest.fixture(scope="module", params=SERVERS)
def world(request):
    with trusting(request.param) as both:
        yield both


@pytest.fixture
def upstream_saw(world):
    before = len(world.gw.upstream_requests())
    return lambda: world.gw.upstream_requests()[before:]


def refused(world, token, description=None):
    answer = world.get(token)
    assert_refused(answer, 401, "invalid_token")
    if description:
        assert description in challenge(answer)["error_description"]


# ---- what is accepted ----


@pytest.mark.parametrize("name", ("agency", "plain"))
def test_token_by_discovery_and_by_url(world, name):
    issuer = getattr(world, name)
    token = issuer.token()
    assert world.get(token).status_code == 200
    assert world.get(token, "/Observation/obs-1").status_code == 200
    answer = world.gw.fhir("DELETE", "/Patient/none", token)
    assert_refused(answer, 403, "insufficient_scope")
    assert challenge(answer)["scope"] == "system/Patient.d"


def test_roles_become_scopes(world):
    def token(*roles):
        access = {"roles": ["offline_access", "médico", *roles]}
        return world.keycloak.token(header={"typ": "JWT"}, scope="openid profile", realm_access=access)

    assert world.get(token("fhir-reader")).status_code == 200
    assert world.get(token("fhir-reader"), "/Observation/obs-1").status_code == 200
    assert world.get(token("Patient Writer")).status_code == 200
    assert world.get(token("Patient Writer"), "/Observation/obs-1").status_code == 403
    body = {"resourceType": "Patient", "id": "pat-issuer"}
    writer = world.gw.fhir("PUT", "/Patient/pat-issuer", token("Patient Writer"), json=body)
    assert writer.status_code in (200, 201)
    assert world.get(token()).status_code == 403
    assert world.get(token("FHIR-reader", "Patient", "Writer")).status_code == 403
    # The scope claim is not the one that counts, and a role is one name.
    assert world.get(token("x system/*.cruds")).status_code == 403


def test_local_tokens_go_on_to_work(world):
    assert world.gw.fhir("GET", "/Patient/pat-1", world.gw.token("system/*.rs")).status_code == 200


def test_key_without_a_name(world):
    """The only key of the set needs none; of two it could be either."""
    token = world.plain.token(header={"kid": None})
    assert world.get(token).status_code == 200
    other = keys.new_key("ES256")
    world.plain.publish(world.plain.key, other)
    world.may_be_asked_again()
    assert world.get(world.plain.token(other)).status_code == 200
    refused(world, world.plain.token(header={"kid": None}), "kid")


# ---- what is refused ----


def test_claims_that_do_not_fit(world, upstream_saw):
    now = int(time.time())
    for changes, why in (
        ({"aud": "https://other.example/fhir"}, "audience"),
        ({"aud": [world.gw.base + "/"]}, "audience"),
        ({"aud": None}, "claim"),
        ({"iss": world.agency.url + "/"}, "issuer"),
        ({"iss": "https://evil.example"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"exp": now - 31}, "expired"),
        ({"exp": None}, "claim"),
        ({"exp": "tomorrow"}, "claim"),
        ({"nbf": now + 120}, "not valid yet"),
        ({"iat": now + 120}, "not valid yet"),
        ({"sub": None, "azp": None}, "claim"),
        ({"scope": 7}, "claim"),
    ):
        refused(world, world.agency.token(**changes), why)
    assert upstream_saw() == []


def test_audience_of_the_issuer(world):
    roles = {"header": {"typ": "JWT"}, "realm_access": {"roles": ["fhir-reader"]}}
    assert world.get(world.keycloak.token(aud=["account", world.gw.base], **roles)).status_code == 200
    for audience in ("account", "fhir-server-2", "", ["FHIR-server"]):
        refused(world, world.keycloak.token(aud=audience, **roles), "audience")


def test_types_and_algorithms(world, upstream_saw):
    for typ in ("JWT", "dpop+jwt", "", None):
        refused(world, world.agency.token(header={"typ": typ}), "typ")
    refused(world, world.keycloak.token(), "typ")
    # A key of the set may be used for its own algorithm only, and for one that is on the list.
    rsa = keys.new_key("RS256")
    world.plain.publish(world.plain.key, rsa)
    world.may_be_asked_again()
    refused(world, world.plain.token(rsa, header={"alg": "RS256"}), "algorithm")
    refused(world, world.agency.token(keys.new_key("RS256", world.agency.key["kid"]), header={"alg": "RS256"}))
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b"=").decode()
    payload = keys.b64(json.dumps(world.agency.claims()).encode())
    assert world.get(f"{head}.{payload}.").status_code in (400, 401)
    assert upstream_saw() == []


def test_public_key_as_a_secret(world, upstream_saw):
    """HS256 with what everybody can read, the classic confusion."""
    from jwcrypto import jwk

    public = world.agency.key
    for text in (public.export_public(), public.export_to_pem().decode(), keys.key_set(public)):
        secret = jwk.JWK(kty="oct", k=keys.b64(text.encode()), kid=public["kid"])
        refused(world, world.agency.token(secret, header={"alg": "HS256"}), "algorithm")
    assert upstream_saw() == []


def test_secret_in_a_fetched_set(world, upstream_saw):
    from jwcrypto import jwk

    secret = jwk.JWK.generate(kty="oct", size=256, kid="shared")
    both = [world.plain.key.export_public(as_dict=True), secret.export(as_dict=True)]
    world.server.pages[world.plain.set_path] = json.dumps({"keys": both})
    world.may_be_asked_again()
    refused(world, world.plain.token(secret, header={"alg": "HS256"}), "algorithm")
    assert upstream_saw() == []
    assert world.get(world.plain.token()).status_code == 200
    world.plain.publish(world.plain.key)


def test_issuers_do_not_speak_for_each_other(world, upstream_saw):
    kid = world.agency.key["kid"]
    for other in (world.plain.key, world.keycloak.key):
        refused(world, world.agency.token(other))
        refused(world, world.agency.token(other, header={"kid": kid}), "signature")
    refused(world, world.plain.token(iss=world.agency.url))
    # Nor for the token endpoint here.
    claims = {"iss": world.gw.issuer, "client_id": "x", "scope": "system/*.cruds"}
    refused(world, world.agency.token(**claims), "kid")
    assert upstream_saw() == []


def test_keys_that_the_token_brings_along(world, upstream_saw):
    evil = keys.new_key("ES256")
    known = keys.new_key("ES256", world.agency.key["kid"])
    world.server.pages["/evil"] = keys.key_set(evil, known)
    before = world.server.asked.copy()
    for key in (evil, known):
        for member, value in (
            ("jku", world.server.url + "/evil"),
            ("x5u", world.server.url + "/evil"),
            ("jwk", key.export_public(as_dict=True)),
            ("x5c", ["MIIB" + "A" * 40]),
            ("x5t", "A" * 27),
        ):
            refused(world, world.agency.token(key, header={member: value}))
    assert world.server.asked["/evil"] == 0
    # The unknown kid may have led to its issuer, once.
    assert world.agency.fetches() - before[world.agency.set_path] <= 1
    assert upstream_saw() == []


def test_unknown_issuer_costs_no_fetch(world, upstream_saw):
    before = world.server.total()
    for issuer in (world.server.url, world.server.url + "/other", "https://evil.example", "", "x"):
        for _ in range(5):
            refused(world, world.agency.token(iss=issuer), "issuer")
    assert world.server.total() == before
    assert upstream_saw() == []


# ---- how often keys are fetched ----


def test_rotation_without_a_refused_request(world):
    old, new = world.agency.key, keys.new_key("ES256")
    assert world.get(world.agency.token(old)).status_code == 200
    before = world.agency.fetches()
    world.may_be_asked_again()
    world.agency.publish(old, new)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        tokens = [world.agency.token(key) for _ in range(12) for key in (old, new)]
        assert {answer.status_code for answer in pool.map(world.get, tokens)} == {200}
    assert world.agency.fetches() == before + 1
    world.agency.key = new


def test_unknown_kids_are_a_poor_lever(world, upstream_saw):
    """A thousand of them, over all threads and processes."""
    before = world.agency.fetches()
    world.may_be_asked_again()
    evil = keys.new_key("ES256")
    tokens = [world.agency.token(evil, header={"kid": f"kid-{i}"}) for i in range(1000)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = {answer.status_code for answer in pool.map(world.get, tokens)}
    assert statuses == {401}
    assert 1 <= world.agency.fetches() - before <= 2
    assert upstream_saw() == []
    assert world.get(world.agency.token()).status_code == 200


def test_new_processes_fetch_nothing(world):
    for issuer in (world.agency, world.plain):
        assert world.get(issuer.token()).status_code == 200
    before = world.server.total()
    pids = set(world.gw.program_pids("fcgi-authorizer"))
    world.restart()
    for issuer in (world.agency, world.plain):
        assert world.get(issuer.token()).status_code == 200
    wait_until("the old ones are gone", lambda: pids.isdisjoint(world.gw.program_pids("fcgi-authorizer")))
    assert world.server.total() == before


def test_health_names_each_set(world):
    for issuer in (world.agency, world.plain):
        assert world.get(issuer.token()).status_code == 200
    answer = world.gw.oauth("GET", "/health")
    assert answer.status_code == 200
    sets = {each["source"]: each for each in answer.json()["key_sets"]}
    assert set(sets) == {world.agency.url, world.keycloak.url, world.plain.url + "/jwks"}
    for source in (world.agency.url, world.plain.url + "/jwks"):
        assert sets[source]["state"] == "fresh"
        assert abs(sets[source]["fetched_at"] - time.time()) < 300
        assert sets[source]["failed_since"] is None
