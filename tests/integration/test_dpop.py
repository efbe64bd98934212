"""Tokens that are bound to the client's key (DPoP, RFC 9449), with a client of jwcrypto's."""
import concurrent.futures
import hashlib
import json
import re
import time

import pytest

import keys
import wire
from dpop_client import DpopClient
from fastcgi import AUTHORIZER, RESPONDER, Program
from gateway import BUILD, Gateway

SERVERS = ("lighttpd", "apache", "apache-authnz", "nginx")
PATH = "/Patient/pat-1"
ALGS = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA"


@pytest.fixture(scope="module")
def client(gw):
    return DpopClient(gw, scope="system/*.cruds")


@pytest.fixture(scope="module")
def token(client):
    return client.token()


def challenge(answer, scheme="DPoP"):
    """The parameters of the one challenge, which is of this scheme."""
    values = answer.raw.headers.getlist("WWW-Authenticate")
    assert len(values) == 1, values
    assert values[0].startswith(f"{scheme} realm="), values
    parameters = dict(re.findall(r'([a-z_]+)="([^"]*)"', values[0]))
    assert (parameters.get("algs") == ALGS) == (scheme == "DPoP")
    return parameters


def assert_refused(answer, error, text=None, scheme="DPoP", status=401):
    assert answer.status_code == status, answer.text
    parameters = challenge(answer, scheme)
    assert parameters.get("error") == error
    outcome = answer.json()  # on Apache this is what the second pass found
    assert outcome["resourceType"] == "OperationOutcome"
    if text:
        assert text in parameters["error_description"]
        assert text in json.dumps(outcome), outcome


# ---- the whole way ----


@pytest.mark.parametrize("alg", ("ES256", "RS256", "EdDSA", "PS384"))
def test_flow(gw, alg, upstream_saw):
    client = DpopClient(gw, alg, scope="system/*.cruds")
    token = client.token()
    assert keys.parts(token)[1]["cnf"] == {"jkt": client.jkt}
    assert client.fhir("GET", PATH, token).status_code == 200
    assert client.fhir("GET", "/Patient?name=x&_count=1", token).status_code == 200
    assert client.fhir("HEAD", PATH, token).status_code == 200
    assert client.fhir("GET", "", token).status_code in (400, 404, 200)  # of the FHIR server
    body = {"resourceType": "Patient", "id": "pat-dpop"}
    assert client.fhir("PUT", "/Patient/pat-dpop", token, json=body).status_code in (200, 201)
    assert client.fhir("DELETE", "/Patient/pat-dpop", token).status_code in (200, 204)
    for request in upstream_saw():
        names = {name.lower() for name, _ in request["headers"]}
        assert not names & {"dpop", "authorization"}, "the proof and the token stay here"


def test_url_may_be_written_otherwise(gw, client, token):
    upper = gw.base.replace("https://", "HTTPS://")
    for htu in (upper + PATH, gw.base + PATH + "?a=b", gw.base + "/%50atient/pat%2D1"):
        assert client.fhir("GET", PATH, token, htu=htu).status_code == 200


def test_scheme_in_any_case(gw, client, token):
    for scheme in ("dpop", "DPOP"):
        proof = client.proof("GET", gw.base + PATH, token)
        assert client.send("GET", PATH, token, proof, scheme).status_code == 200


def test_scope_is_told_to_the_holder_only(gw):
    narrow = DpopClient(gw, scope="system/Observation.r")
    token = narrow.token()
    answer = narrow.fhir("GET", PATH, token)
    assert_refused(answer, "insufficient_scope", status=403)
    assert challenge(answer)["scope"] == "system/Patient.r"
    stolen = narrow.fhir("GET", PATH, token, htm="POST")
    assert_refused(stolen, "invalid_dpop_proof")
    assert "scope" not in challenge(stolen)


def test_open_paths_need_no_proof(gw, client, token):
    assert gw.fhir("GET", "/metadata").status_code == 200
    assert client.send("GET", "/metadata", token, "nonsense").status_code == 200


def test_metadata_and_introspection(gw, client, token):
    for path in ("/oauth/.well-known/smart-configuration",
                 "/.well-known/oauth-authorization-server/oauth"):
        document = gw.session.get(gw.origin + path, timeout=30).json()
        assert document["dpop_signing_alg_values_supported"] == ALGS.split()
    reader = gw.add_client("introspect")
    answer = gw.oauth("POST", "/introspect", data={"token": token}, auth=reader).json()
    assert (answer["active"], answer["token_type"]) == (True, "DPoP")
    assert answer["cnf"] == {"jkt": client.jkt}


# ---- the token endpoint ----


def test_bad_proofs_buy_no_token(gw, client):
    now, url = int(time.time()), gw.token_url
    other = keys.new_key("ES256")
    bad = {
        "method": client.proof("GET", url),
        "url": client.proof("POST", gw.issuer),
        "other host": client.proof("POST", "https://evil.example/oauth/token"),
        "old": client.proof("POST", url, iat=now - 70),
        "future": client.proof("POST", url, iat=now + 70),
        "typ": client.proof("POST", url, header={"typ": "JWT"}),
        "key": client.proof("POST", url, key=other),
        "no key": client.proof("POST", url, header={"jwk": None, "kid": "x"}),
        "private": client.proof("POST", url, header={"jwk": client.key.export_private(as_dict=True)}),
        "jti": client.proof("POST", url, jti=None),
        "two": client.proof("POST", url) + ", " + client.proof("POST", url),
        "none": "",
    }
    for what, proof in bad.items():
        answer = client.ask(proof)
        if what == "none" and answer.status_code == 200:
            continue  # a web server may drop an empty header
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof"), what
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_proof_buys_one_token(gw, client):
    proof = client.proof("POST", gw.token_url)
    assert client.ask(proof).status_code == 200
    answer = client.ask(proof)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
    assert "jti" in answer.json()["error_description"]


def test_client_that_must_send_a_proof(gw):
    client = DpopClient(gw, "ES256", "--dpop", "required")
    answer = client.ask(None)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
    assert client.token()
    gw.ctl("client", "set", client.credentials[0], "--dpop", "optional")
    assert client.ask(None).json()["token_type"] == "Bearer"


# ---- the authorizer ----


def test_bad_proofs_are_refused(gw, client, token, upstream_saw):
    now, url = int(time.time()), gw.base + PATH
    other = DpopClient(gw)
    secret = keys.jwk.JWK(kty="oct", k=keys.b64(b"k" * 32))
    cases = [
        ("(htm)", {"htm": "POST"}),
        ("(htm)", {"htm": "get"}),
        ("(htu)", {"htu": gw.base + "/Patient/pat-2"}),
        ("(htu)", {"htu": "https://evil.example/fhir" + PATH}),
        ("(htu)", {"htu": url.replace("https:", "http:")}),
        ("(htu)", {"htu": gw.origin + PATH}),
        ("(iat)", {"iat": now - 70}),
        ("(iat)", {"iat": now + 70}),
        ("(ath)", {"ath": None}),
        ("(ath)", {"ath": keys.b64(hashlib.sha256(b"another").digest())}),
        ("lacks a claim", {"jti": None}),
        ("lacks a claim", {"iat": None}),
        ("lacks a claim", {"jti": "j" * 300}),
        ("dpop+jwt", {"header": {"typ": "JWT"}}),
        ("dpop+jwt", {"header": {"typ": None}}),
        ("dpop+jwt", {"header": {"crit": ["b64"], "b64": True}}),
        ("(jwk, alg)", {"header": {"jwk": client.key.export_private(as_dict=True)}}),
        ("(jwk, alg)", {"header": {"jwk": None}}),
        ("(jwk, alg)", {"key": secret, "header": {"alg": "HS256"}}),
        ("(jwk, alg)", {"key": secret, "header": {"alg": "HS256", "jwk": json.loads(
            secret.export())}}),
        ("signature", {"key": other.key}),
    ]
    for text, changes in cases:
        assert_refused(client.fhir("GET", PATH, token, **changes), "invalid_dpop_proof", text)
    # not signed at all
    parts = client.proof("GET", url, token).split(".")
    head = keys.b64(json.dumps({"typ": "dpop+jwt", "alg": "none"}).encode())
    for proof in (f"{head}.{parts[1]}.", ".".join(parts[:2]) + ".", "x", "a.b.c"):
        assert_refused(client.send("GET", PATH, token, proof), "invalid_dpop_proof")
    # its own proof with another key
    answer = client.send("GET", PATH, token, other.proof("GET", url, token))
    assert_refused(answer, "invalid_token", "another key")
    assert_refused(client.send("GET", PATH, token, None), "invalid_dpop_proof", "is needed")
    assert upstream_saw() == []


def test_two_proofs(gw, client, token, upstream_saw):
    proofs = [client.proof("GET", gw.base + PATH, token) for _ in range(2)]
    assert_refused(client.send("GET", PATH, token, ", ".join(proofs)), "invalid_dpop_proof")
    answer = wire.get(
        gw.port, gw.ca, f"/fhir{PATH}".encode(), f"Authorization: DPoP {token}".encode(),
        *[f"DPoP: {proof}".encode() for proof in proofs]
    )
    assert answer.status in (400, 401)
    assert upstream_saw() == []


def test_downgrade_is_refused_both_ways(gw, client, token, upstream_saw):
    url = gw.base + PATH
    assert_refused(client.send("GET", PATH, token, None, "Bearer"), "invalid_token", "bound")
    proof = client.proof("GET", url, token)
    assert_refused(client.send("GET", PATH, token, proof, "Bearer"), "invalid_token", "bound")
    plain = gw.token("system/*.rs")
    answer = client.send("GET", PATH, plain, client.proof("GET", url, plain))
    assert_refused(answer, "invalid_token", "not bound", "Bearer")
    assert upstream_saw() == []
    # a bearer token passes whatever is in the header DPoP
    assert client.send("GET", PATH, plain, "nonsense", "Bearer").status_code == 200


def test_bad_token_with_a_good_proof(gw, client, token):
    bad = token[:-8] + "AAAAAAAA"
    assert_refused(client.fhir("GET", PATH, bad), "invalid_token")
    assert_refused(client.fhir("GET", PATH, bad + "x"), "invalid_token")
    no_token = client.send("GET", PATH, None, client.proof("GET", gw.base + PATH))
    assert_refused(no_token, None, scheme="Bearer")


def test_a_proof_serves_once_over_all_processes(gw, client, token):
    url = gw.base + PATH
    proof = client.proof("GET", url, token)
    assert client.send("GET", PATH, token, proof).status_code == 200
    for _ in range(3):
        assert_refused(client.send("GET", PATH, token, proof), "invalid_dpop_proof", "(jti)")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for _ in range(4):
            proof = client.proof("GET", url, token)
            sent = [
                pool.submit(wire.get, gw.port, gw.ca, f"/fhir{PATH}".encode(),
                            f"Authorization: DPoP {token}".encode(), f"DPoP: {proof}".encode())
                for _ in range(8)
            ]
            assert sorted(each.result().status for each in sent) == [200] + [401] * 7
    # a refused request has not used its proof
    proof = client.proof("GET", url, token)
    assert client.send("GET", "/Patient/pat-2", token, proof).status_code == 401
    assert client.send("GET", PATH, token, proof).status_code == 200


def test_asked_again_it_only_looks(gw, client, token, tmp_path):
    """As mod_fcgid asks for the body of a refusal: the proof is not used up by that."""
    env = {"FHIR_AUTH_CONF": str(gw.dir / "etc" / "fhir-auth.conf"), **gw.sanitizer_options()}
    program = Program(BUILD / "fcgi-authorizer", tmp_path / "sock", env)
    try:
        params = {
            "REQUEST_METHOD": "GET", "REQUEST_URI": f"/fhir{PATH}", "UNIQUE_ID": "id-1",
            "HTTP_AUTHORIZATION": f"DPoP {token}",
            "HTTP_DPOP": client.proof("GET", gw.base + PATH, token),
        }
        again = {**params, "REDIRECT_STATUS": "401"}
        for _ in range(2):  # nothing is wrong: the first pass had another reason
            assert program.ask(RESPONDER, again).startswith("Status: 503")
        assert program.ask(AUTHORIZER, params).startswith("Status: 200")
        refused = program.ask(AUTHORIZER, params)
        assert refused.startswith("Status: 401")
        answer = program.ask(RESPONDER, again)
        assert answer.startswith("Status: 401") and "WWW-Authenticate" not in answer
        assert answer.partition("\r\n\r\n")[2] == refused.partition("\r\n\r\n")[2]
    finally:
        assert program.end() == 0


# ---- what an administrator can demand ----


@pytest.fixture(scope="module", params=SERVERS)
def strict(request):
    """Nonces everywhere, and a base that takes bound tokens only."""
    with Gateway(request.param) as gw:
        conf = gw.dir / "etc" / "fhir-auth.conf"
        conf.write_text(conf.read_text() + "dpop = required\n[dpop]\nnonces = yes\n")
        gw.start()
        yield gw


def nonce_of(answer):
    values = answer.raw.headers.getlist("DPoP-Nonce")
    assert len(values) == 1, values
    return values[0]


def test_nonces(strict):
    client = DpopClient(strict)
    answer = client.ask(client.proof("POST", strict.token_url))
    assert (answer.status_code, answer.json()["error"]) == (400, "use_dpop_nonce")
    token = client.token(nonce=nonce_of(answer))
    answer = client.fhir("GET", PATH, token)
    assert_refused(answer, "use_dpop_nonce", "nonce")
    assert_refused(client.fhir("GET", PATH, token, nonce="x" * 43), "use_dpop_nonce", "nonce")
    nonce = nonce_of(answer)
    for _ in range(3):
        assert client.fhir("GET", PATH, token, nonce=nonce).status_code == 200
    good = client.ask(client.proof("POST", strict.token_url, nonce=nonce))
    assert good.status_code == 200
    assert nonce_of(good)


def test_base_that_takes_bound_tokens_only(strict):
    assert_refused(strict.fhir("GET", PATH), None)
    plain = strict.token("system/*.rs")
    assert_refused(strict.fhir("GET", PATH, plain), "invalid_token", "bound to a key")
    client = DpopClient(strict)
    answer = client.fhir("GET", PATH, plain)
    assert_refused(answer, "invalid_token", "bound to a key")
    assert strict.fhir("GET", "/metadata").status_code == 200


@pytest.mark.parametrize("server", SERVERS)
def test_without_a_store_nothing_passes(server):
    with Gateway(server) as gw:
        gw.start()
        client = DpopClient(gw)
        token = client.token()
        assert client.fhir("GET", PATH, token).status_code == 200
        full = "CREATE TRIGGER full BEFORE INSERT ON jti BEGIN SELECT RAISE(ABORT, 'full'); END"
        for fault in (full, "DROP TABLE jti"):  # cannot be written; cannot be read
            gw.sql(fault)
            answer = client.fhir("GET", PATH, token)
            assert answer.status_code == 503, answer.text
            assert answer.json()["issue"][0]["code"] == "transient"


def test_explain_names_the_key(gw, client, token):
    text = gw.ctl("explain", "GET", f"/fhir{PATH}", stdin=token)
    assert client.jkt in text
    assert "not judged here" in text
    assert json.loads(gw.ctl("explain", "GET", f"/fhir{PATH}", "--json", stdin=token))[
        "dpop_jkt"] == client.jkt
