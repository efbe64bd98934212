"""Mutual TLS (RFC 8705) over every web server: logging in by a certificate, tokens bound to one."""
import dataclasses
import json
import re
import socket
import ssl
import subprocess

import pytest
import requests

import keys
from client_certificates import Authority, all_names, name_of, switch_on
from dpop_client import DpopClient
from gateway import Gateway

SERVERS = ("lighttpd", "lighttpd-forwarded", "apache", "apache-authnz", "nginx")
PATH = "/Patient/pat-1"
WARD = {"COUNTRY_NAME": "AR", "ORGANIZATION_NAME": "Hospital, S.A.", "COMMON_NAME": "Sala ñ 1"}
WARD_DN = r"CN=Sala \C3\B1 1,O=Hospital\, S.A.,C=AR"
REFUSED_TLS = (requests.exceptions.SSLError, requests.exceptions.ConnectionError)


@dataclasses.dataclass
class Place:
    gw: Gateway
    ca: Authority


@pytest.fixture(scope="module", params=SERVERS)
def place(request):
    with Gateway(request.param) as gw:
        ca = switch_on(gw)
        gw.start()
        yield Place(gw, ca)


@pytest.fixture
def gw(place):
    return place.gw


@pytest.fixture(scope="module")
def ward(place):
    """It has a certificate of the CA, and is registered by its subject."""
    return place.ca.holder(place.gw, name_of(**WARD), *all_names())


@pytest.fixture(scope="module")
def client_id(place):
    return place.gw.add_client("system/*.cruds introspect", "--tls-subject", WARD_DN)[0]


@pytest.fixture(scope="module")
def other(place):
    """One of the same CA."""
    return place.ca.holder(place.gw, name_of(COMMON_NAME="other"))


@pytest.fixture(scope="module")
def token(ward, client_id):
    return ward.token(client_id)


def assert_refused(answer, text, scheme="Bearer"):
    """401 with one challenge, wherever the certificate is at fault."""
    assert answer.status_code == 401, answer.text
    values = answer.raw.headers.getlist("WWW-Authenticate")
    assert len(values) == 1 and values[0].startswith(scheme + " "), values
    assert 'error="invalid_token"' in values[0]
    assert text in values[0] and text in json.dumps(answer.json()), (values, answer.text)


def fails(answer_of):
    """What the web server itself makes of a certificate that it does not trust."""
    try:
        answer = answer_of()
    except REFUSED_TLS:
        return True
    return answer.status_code in (400, 401)


# ---- the whole way ----


def test_flow(gw, ward, client_id, other):
    token = ward.token(client_id)
    assert keys.parts(token)[1]["cnf"] == {"x5t#S256": ward.x5t}
    for _ in range(2):
        assert ward.fhir(PATH, token).status_code == 200
        assert_refused(other.fhir(PATH, token), "another client certificate")
        assert_refused(gw.fhir("GET", PATH, token), "certificate is needed")
    assert ward.fhir("/Patient?name=x", token).status_code == 200
    narrow = ward.ask(client_id, "system/Observation.r").json()["access_token"]
    answer = ward.fhir(PATH, narrow)
    assert (answer.status_code, answer.headers["WWW-Authenticate"].count("insufficient_scope")) == (
        403, 1)
    assert_refused(other.fhir(PATH, narrow), "another client certificate")  # and no word on scopes


@pytest.mark.parametrize("option, name", (
    ("--tls-san-dns", "WARD.hospital.example"),
    ("--tls-san-uri", "urn:ward:1"),
    ("--tls-san-ip", "2001:DB8:0::7"),
    ("--tls-san-email", "ward@hospital.example"),
))
def test_other_names(gw, ward, other, option, name):
    client, _ = gw.add_client("system/*.rs", option, name)
    assert ward.fhir(PATH, ward.token(client)).status_code == 200
    assert other.ask(client).status_code == 401


def test_curl(gw, ward, client_id):
    """An independent TLS client."""
    def curl(*args):
        done = subprocess.run(
            ["curl", "-s", "--cacert", gw.ca, "-w", "\n%{http_code}", *args],
            capture_output=True, text=True, timeout=30,
        )
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body

    own = ("--cert", ward.files[0], "--key", ward.files[1])
    form = f"grant_type=client_credentials&scope=system/*.rs&client_id={client_id}"
    status, body = curl(*own, "-d", form, gw.token_url)
    assert status == 200, body
    token = json.loads(body)["access_token"]
    gw.secrets.add(token)
    bearer = ("-H", f"Authorization: Bearer {token}")
    assert curl(*own, *bearer, gw.base + PATH)[0] == 200
    assert curl(*bearer, gw.base + PATH)[0] == 401
    assert curl("-d", form, gw.token_url)[0] == 401


# ---- who does not get in ----


def test_wrong_certificates_buy_no_token(place, ward, client_id, other):
    gw = place.gw
    stranger = Authority(gw.dir / "etc", "another-ca")
    assert other.ask(client_id).json()["error"] == "invalid_client"
    assert other.ask("nobody").json()["error"] == "invalid_client"
    form = {"grant_type": "client_credentials", "scope": "system/*.rs", "client_id": client_id}
    assert gw.post_token(form).json()["error"] == "invalid_client"
    for wrong in (stranger.holder(gw, name_of(**WARD), *all_names()),
                  place.ca.holder(gw, name_of(**WARD), self_signed=True)):
        assert fails(lambda: wrong.ask(client_id))  # pylint: disable=cell-var-from-loop
        token = ward.token(client_id)
        assert fails(lambda: wrong.fhir(PATH, token))  # pylint: disable=cell-var-from-loop
    assert ward.ask(client_id).status_code == 200


def headers_of(holder):
    """What a client may try to be taken for the web server with."""
    line = holder.pem.strip().replace("\n", " ")
    names = ("Ssl-Client-Cert", "X-SSL-Cert", "X-SSL-Client-Cert", "X-Forwarded-Client-Cert",
             "Client-Cert", "SSL_CLIENT_CERT", "Redirect-Ssl-Client-Cert")
    for name in names:
        yield {name: line, "Ssl-Client-Verify": "SUCCESS"}
    yield {"SSL_CLIENT_CERT": line, "SSL_CLIENT_VERIFY": "SUCCESS"}


def test_a_client_cannot_send_the_variables(gw, ward, client_id, token, other):
    form = {"grant_type": "client_credentials", "scope": "system/*.rs", "client_id": client_id}
    seen = len(gw.upstream_requests())
    for headers in headers_of(ward):
        assert gw.post_token(form, headers=headers).status_code in (400, 401), headers
        assert gw.fhir("GET", PATH, token, headers=headers).status_code in (400, 401), headers
        assert other.ask(client_id, headers=headers).status_code in (400, 401), headers
        assert other.fhir(PATH, token, **headers).status_code in (400, 401), headers
    assert len(gw.upstream_requests()) == seen


def test_no_weaker_method(gw, ward, other):
    """RFC 9700 section 2.5: who is registered for a certificate has no secret any more."""
    client = gw.add_client("system/*.rs")
    assert gw.token("system/*.rs", client)
    gw.ctl("client", "set", client[0], "--tls-subject", WARD_DN)
    form = {"grant_type": "client_credentials", "scope": "system/*.rs"}
    assert gw.post_token(form, auth=client).json()["error"] == "invalid_client"
    assert ward.ask(client[0], auth=client).json()["error"] == "invalid_client"
    assert ward.ask(client[0]).status_code == 200
    gw.ctl("client", "set", client[0], "--tls-san-dns", "x.example")
    assert ward.ask(client[0]).json()["error"] == "invalid_client"
    two = {"client_secret": client[1]}
    assert ward.ask(client[0], form=two, auth=client).json()["error"] == "invalid_request"
    assert other.ask(gw.add_client("system/*.rs")[0]).json()["error"] == "invalid_client"


# ---- binding without logging in by it ----


def test_client_with_a_secret_binds_its_tokens(gw, ward, other):
    client = gw.add_client("system/*.rs", "--tls-bound", "required")
    form = {"grant_type": "client_credentials", "scope": "system/*.rs"}
    answer = gw.post_token(form, auth=client)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    token = ward.ask(client[0], auth=client).json()["access_token"]
    assert keys.parts(token)[1]["cnf"] == {"x5t#S256": ward.x5t}
    assert ward.fhir(PATH, token).status_code == 200
    assert_refused(other.fhir(PATH, token), "another client certificate")
    gw.ctl("client", "set", client[0], "--tls-bound", "optional")
    token = ward.ask(client[0], auth=client).json()["access_token"]
    assert "cnf" not in keys.parts(token)[1]
    assert gw.fhir("GET", PATH, token).status_code == 200


def test_with_dpop_too(gw, ward, client_id, other):
    dpop = DpopClient(gw)
    url = gw.base + PATH
    proof = {"DPoP": dpop.proof("POST", gw.token_url)}
    answer = ward.ask(client_id, headers=proof).json()
    assert answer["token_type"] == "DPoP"
    token = answer["access_token"]
    assert keys.parts(token)[1]["cnf"] == {"jkt": dpop.jkt, "x5t#S256": ward.x5t}

    def proved(holder):
        return holder.fhir(PATH, token, "DPoP", DPoP=dpop.proof("GET", url, token))

    assert proved(ward).status_code == 200
    assert_refused(proved(other), "another client certificate", "DPoP")
    assert_refused(ward.fhir(PATH, token), "bound to a key", "DPoP")
    assert ward.fhir(PATH, token, "DPoP").status_code == 401


def test_introspection_and_metadata(gw, ward, client_id, other, token):
    for path in ("/oauth/.well-known/smart-configuration",
                 "/.well-known/oauth-authorization-server/oauth"):
        document = gw.session.get(gw.origin + path, timeout=30).json()
        assert document["tls_client_certificate_bound_access_tokens"] is True
        assert {"tls_client_auth", "self_signed_tls_client_auth"} <= set(
            document["token_endpoint_auth_methods_supported"])
    url = gw.issuer + "/introspect"
    form = {"token": token, "client_id": client_id}
    told = ward.session.post(url, data=form, timeout=30).json()
    assert (told["active"], told["token_type"]) == (True, "Bearer")
    assert told["cnf"] == {"x5t#S256": ward.x5t}
    reader = ward.token(client_id, "introspect")
    bearer = {"Authorization": f"Bearer {reader}"}
    for session, status in ((ward.session, 200), (other.session, 401), (gw.session, 401)):
        answer = session.post(url, data={"token": token}, headers=bearer, timeout=30)
        assert answer.status_code == status, answer.text


def test_administration(gw, ward, client_id, token):
    shown = json.loads(gw.ctl("client", "show", client_id, "--json"))
    assert shown["auth_method"] == "tls_client_auth"
    assert (shown["tls_subject"], shown["tls_bound"]) == (WARD_DN, "required")
    text = gw.ctl("explain", "GET", f"/fhir{PATH}", stdin=token)
    assert re.search(rf"certificate {re.escape(ward.x5t)}.*taken to be shown", text), text


def test_failures_lock(gw, ward, client_id):
    """They count as wrong secrets do."""
    client, _ = gw.add_client("system/*.rs", "--tls-subject", "CN=somebody else")
    assert ward.ask(client).status_code == 401
    assert json.loads(gw.ctl("client", "show", client, "--json"))["failed_logins"] == 1
    refused = [e for e in gw.events("refused") if e.get("client_id") == client]
    assert [(e["reason"], e["method"]) for e in refused] == [("ERR_TLS_NAME", "tls_client_auth")]


# ---- self-signed certificates ----


def resumed(holder, form):
    """Status of the same request in a new session and in a resumed one."""
    gw, context, session = holder.gw, holder.context(), None
    statuses = []
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context.maximum_version = version
        session = None
        for _ in range(2):
            raw = socket.create_connection(("127.0.0.1", gw.port), timeout=10)
            with context.wrap_socket(raw, server_hostname="127.0.0.1", session=session) as tls:
                tls.sendall((
                    "POST /oauth/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                    "Content-Type: application/x-www-form-urlencoded\r\n"
                    f"Content-Length: {len(form)}\r\n\r\n{form}"
                ).encode())
                answer = b""
                while chunk := tls.recv(65536):
                    answer += chunk
                session = tls.session
                statuses.append((tls.session_reused, int(answer.split()[1])))
                found = re.search(rb'"access_token":"([^"]+)"', answer)
                if found:
                    gw.secrets.add(found[1].decode())
    return statuses


@pytest.mark.parametrize("server", ("apache", "apache-authnz", "nginx"))
def test_self_signed(server, tmp_path):
    with Gateway(server) as gw:
        ca = switch_on(gw, without_ca=True)
        gw.start()
        own, next_one, other = (ca.holder(gw, name_of(**WARD), self_signed=True) for _ in range(3))
        file = tmp_path / "certificates.pem"
        file.write_text(own.pem + next_one.pem)
        client, _ = gw.add_client("system/*.rs", "--tls-certificate", str(file))
        shown = json.loads(gw.ctl("client", "show", client, "--json"))
        assert shown["auth_method"] == "self_signed_tls_client_auth"
        assert shown["tls_x5t"] == f"{own.x5t} {next_one.x5t}"
        for holder in (own, next_one):
            assert holder.fhir(PATH, holder.token(client)).status_code == 200
        token = own.token(client)
        assert_refused(next_one.fhir(PATH, token), "another client certificate")
        assert other.ask(client).json()["error"] == "invalid_client"
        # nobody vouches for its name, whatever that is: not at first, nor when a session goes on
        by_name, _ = gw.add_client("system/*.rs", "--tls-subject", WARD_DN)
        forms = {
            each: f"grant_type=client_credentials&scope=system/*.rs&client_id={each}"
            for each in (client, by_name)
        }
        assert own.ask(by_name).json()["error"] == "invalid_client"
        answers = resumed(own, forms[by_name])
        assert {status for _, status in answers} == {401}
        assert any(reused for reused, _ in answers), "no session was resumed"
        stranger = Authority(gw.dir / "etc", "another-ca").holder(gw, name_of(**WARD))
        assert {status for _, status in resumed(stranger, forms[by_name])} == {401}
        assert {status for _, status in resumed(own, forms[client])} == {200}
        trusted = ca.holder(gw, name_of(**WARD))
        assert {status for _, status in resumed(trusted, forms[by_name])} == {200}
        reasons = {e["reason"] for e in gw.events("refused") if e.get("client_id") == by_name}
        assert reasons == {"ERR_TLS_UNVERIFIED"}
        # as a JWK Set (RFC 8705 section 2.2.2)
        der = "".join(other.pem.splitlines()[1:-1])
        file.write_text(json.dumps({"keys": [{"kty": "EC", "x5c": [der]}]}))
        gw.ctl("client", "set", client, "--tls-certificate", str(file))
        assert other.ask(client).status_code == 200
        assert own.ask(client).status_code == 401


def test_lighttpd_takes_no_self_signed(tmp_path):
    with Gateway("lighttpd") as gw:
        ca = switch_on(gw)
        gw.start()
        own = ca.holder(gw, name_of(**WARD), self_signed=True)
        client, _ = gw.add_client("system/*.rs", "--tls-certificate", own.files[0])
        assert own.ask(client).status_code == 401
        # but one of the CA's may be pinned
        pinned, twin = (ca.holder(gw, name_of(**WARD)) for _ in range(2))
        gw.ctl("client", "set", client, "--tls-certificate", pinned.files[0])
        assert pinned.fhir(PATH, pinned.token(client)).status_code == 200
        assert twin.ask(client).status_code == 401


@pytest.mark.parametrize("server", ("lighttpd-cgi", "apache-cgi"))
def test_plain_cgi(server):
    """The token endpoint alone."""
    with Gateway(server) as gw:
        ca = switch_on(gw)
        gw.start()
        ward = ca.holder(gw, name_of(**WARD))
        client, _ = gw.add_client("system/*.rs", "--tls-subject", WARD_DN)
        assert keys.parts(ward.token(client))[1]["cnf"] == {"x5t#S256": ward.x5t}
        assert ca.holder(gw, name_of(COMMON_NAME="other")).ask(client).status_code == 401
        form = {"grant_type": "client_credentials", "scope": "system/*.rs", "client_id": client}
        for headers in headers_of(ward):
            assert gw.post_token(form, headers=headers).status_code in (400, 401)


# ---- where it is not switched on ----


@pytest.mark.parametrize("server", ("apache", "nginx"))
def test_off_the_variables_do_not_count(server):
    with Gateway(server) as gw:
        ca = switch_on(gw)
        gw.start()
        ward = ca.holder(gw, name_of(**WARD))
        client, _ = gw.add_client("system/*.rs", "--tls-subject", WARD_DN)
        token = ward.token(client)
        gw.stop()
        conf = gw.dir / "etc" / "fhir-auth.conf"
        conf.write_text(conf.read_text().replace("client_certificates = yes", "client_certificates = no"))
        gw.start()
        ward.session.close()
        assert ward.ask(client).json()["error"] == "invalid_client"
        assert_refused(ward.fhir(PATH, token), "are not taken here")
        path = "/oauth/.well-known/smart-configuration"
        document = gw.session.get(gw.origin + path, timeout=30).json()
        assert "tls_client_auth" not in document["token_endpoint_auth_methods_supported"]
        assert "tls_client_certificate_bound_access_tokens" not in document
