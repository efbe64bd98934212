"""What a client finds without a token: discovery documents, keys, capabilities, health."""
import pytest

SERVERS = ("lighttpd", "apache", "nginx")

SMART_PLACES = ("/fhir/.well-known/smart-configuration", "/.well-known/smart-configuration")
RFC8414_PLACE = "/.well-known/oauth-authorization-server/oauth"
ENDPOINTS = ("token_endpoint", "jwks_uri", "introspection_endpoint", "revocation_endpoint")


@pytest.mark.parametrize("place", SMART_PLACES)
def test_smart_configuration(gw, place):
    answer = gw.session.get(gw.origin + place, headers={"Accept": "application/fhir+xml"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    document = answer.json()
    assert document["token_endpoint"] == gw.token_url
    assert document["grant_types_supported"] == ["client_credentials"]
    assert "S256" in document["code_challenge_methods_supported"]
    for capability in ("client-confidential-asymmetric", "client-confidential-symmetric"):
        assert capability in document["capabilities"]
    assert {"permission-v1", "permission-v2"} <= set(document["capabilities"])
    assert {"client_secret_basic", "client_secret_post", "private_key_jwt"} == set(
        document["token_endpoint_auth_methods_supported"]
    )
    assert {"ES384", "RS384"} <= set(document["token_endpoint_auth_signing_alg_values_supported"])
    assert "response_types_supported" in document
    for name in ENDPOINTS:
        assert document[name].startswith(gw.issuer + "/")


@pytest.mark.parametrize("place", (RFC8414_PLACE, "/oauth/.well-known/oauth-authorization-server"))
def test_authorization_server_metadata_names_the_same_endpoints(gw, place):
    answer = gw.session.get(gw.origin + place)
    assert answer.status_code == 200
    document = answer.json()
    smart = gw.session.get(gw.origin + SMART_PLACES[0]).json()
    assert document["issuer"] == gw.issuer
    assert document["response_types_supported"]
    for name in ENDPOINTS:
        assert document[name] == smart[name]


def test_head_has_no_body(gw):
    answer = gw.session.head(gw.origin + SMART_PLACES[0])
    assert (answer.status_code, answer.content) == (200, b"")


def test_key_set_holds_public_members_only(gw):
    answer = gw.oauth("GET", "/jwks")
    assert answer.status_code == 200
    keys = answer.json()["keys"]
    assert keys
    for key in keys:
        assert {"kty", "kid", "alg", "use"} <= set(key)
        assert not set(key) & {"d", "p", "q", "dp", "dq", "qi", "k", "oth"}


def test_health(gw):
    answer = gw.oauth("GET", "/health")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/json")


def test_capabilities_need_no_token(gw):
    answer = gw.fhir("GET", "/metadata")
    assert answer.status_code == 200
    assert answer.json()["resourceType"] == "CapabilityStatement"


def test_other_well_known_documents_are_not_open_to_writing(gw):
    assert gw.fhir("POST", "/.well-known/smart-configuration").status_code in (400, 401, 405)
    assert gw.fhir("DELETE", "/metadata").status_code in (400, 401)


@pytest.mark.parametrize("path", ("/", "/nothing", "/token/x", "/.well-known/openid-configuration"))
def test_no_such_endpoint(gw, path):
    answer = gw.oauth("GET", path)
    assert answer.status_code == 404
    assert answer.json()["error"] == "not_found"
    assert answer.headers["Cache-Control"] == "no-store"
