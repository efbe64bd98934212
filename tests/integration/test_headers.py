"""What goes on to the FHIR server and back: verified facts, and nothing that a client made up."""
import itertools

import pytest

import keys
import wire

SERVERS = ("lighttpd", "apache", "apache-authnz", "nginx")
IDENTITY = ("Client-Id", "Scope", "Subject", "Jti", "Issuer")


@pytest.fixture(scope="module")
def token(gw):
    return gw.token("system/*.cruds")


def received(upstream_saw):
    """Headers of the one request that arrived, names in lower case, '_' and '-' alike."""
    (request,) = upstream_saw()
    found = {}
    for name, value in request["headers"]:
        found.setdefault(name.lower().replace("_", "-"), []).append(value)
    return found


def test_facts_of_the_token(gw, token, upstream_saw):
    assert gw.fhir("GET", "/Patient/pat-1", token).status_code == 200
    headers, claims = received(upstream_saw), keys.parts(token)[1]
    assert headers["x-fhir-auth"] == ["granted"]
    assert headers["x-fhir-auth-client-id"] == [claims["client_id"]]
    assert headers["x-fhir-auth-scope"] == ["system/*.cruds"]
    assert headers["x-fhir-auth-subject"] == [claims["sub"]]
    assert headers["x-fhir-auth-jti"] == [claims["jti"]]
    assert headers["x-fhir-auth-issuer"] == [gw.issuer]


def test_token_stays_here(gw, token, upstream_saw):
    gw.fhir("GET", "/Patient/pat-1", token)
    headers = received(upstream_saw)
    assert "authorization" not in headers
    assert token not in str(headers)


def test_no_facts_without_a_token(gw, upstream_saw):
    spoofed = {f"X-Fhir-Auth-{name}": "evil" for name in IDENTITY}
    assert gw.fhir("GET", "/metadata", headers=spoofed).status_code == 200
    headers = received(upstream_saw)
    assert not [name for name in headers if name.startswith("x-fhir-auth-")]


def test_token_at_an_open_path_stays_here_too(gw, token, upstream_saw):
    gw.fhir("GET", "/metadata", token)
    assert "authorization" not in received(upstream_saw)


@pytest.mark.parametrize(
    "spelling", ("X-Fhir-Auth-{}", "x_fhir_auth_{}", "X_FHIR_AUTH_{}", "X-FHIR-AUTH-{}")
)
def test_spoofed_facts_do_not_arrive(gw, token, upstream_saw, spelling):
    names = [
        spelling.format(name.replace("-", "_") if "_" in spelling else name) for name in IDENTITY
    ]
    names.append(spelling[:-3])
    answer = gw.fhir("GET", "/Patient/pat-1", token, headers={name: "evil" for name in names})
    assert answer.status_code == 200
    headers = received(upstream_saw)
    assert "evil" not in str(headers)
    assert headers["x-fhir-auth-subject"] == [keys.parts(token)[1]["sub"]]


@pytest.mark.parametrize(
    "name",
    (
        "X-Fhir_Auth-Client-Id",
        "X.Fhir.Auth.Scope",
        "X_Fhir-Auth_Subject",
        "X~Fhir~Auth",
        "X-Fhir-Auth_Jti",
    ),
)
def test_spoofed_facts_in_a_mixed_spelling(gw, token, upstream_saw, name):
    """Apache refuses them, lighttpd drops them."""
    answer = gw.fhir("GET", "/Patient/pat-1", token, headers={name: "evil"})
    assert answer.status_code in (200, 400)
    assert "evil" not in str(upstream_saw())


def test_spoofed_facts_without_a_token_open_nothing(gw, upstream_saw):
    spoofed = {"X-Fhir-Auth": "granted", "X_Fhir_Auth": "granted", "FHIR_AUTH": "granted"}
    spoofed |= {f"X-Fhir-Auth-{name}": "system/*.cruds" for name in IDENTITY}
    assert gw.fhir("GET", "/Patient/pat-1", headers=spoofed).status_code in (400, 401)
    for name in (
        "Variable-FHIR_AUTH",
        "FHIR-AUTH",
        "REDIRECT_STATUS",
        "Redirect-Status",
        "FCGI-ROLE",
        "Status",
    ):
        assert gw.fhir("GET", "/Patient/pat-1", headers={name: "granted"}).status_code in (400, 401)
    assert upstream_saw() == []


def test_nothing_of_the_gateway_goes_to_the_client(gw, token):
    for answer in (
        gw.fhir("GET", "/Patient/pat-1", token),
        gw.fhir("GET", "/Patient/nobody", token),
        gw.fhir("GET", "/metadata"),
        gw.fhir("GET", "/.well-known/smart-configuration"),
        gw.fhir("GET", "/Patient"),
    ):
        names = [name.lower() for name in answer.headers]
        assert not [
            name for name in names if name.startswith(("variable-", "x-fhir-auth", "fhir_auth"))
        ]


@pytest.mark.parametrize(
    "name",
    ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "x-http-method-override"),
)
def test_method_override_is_refused(gw, upstream_saw, name):
    reader = gw.token("system/*.rs")
    assert gw.fhir("GET", "/Patient/pat-1", reader, headers={name: "DELETE"}).status_code == 400
    assert gw.fhir("POST", "/Patient/_search", reader, headers={name: "PUT"}).status_code == 400
    assert upstream_saw() == []


@pytest.mark.parametrize(
    "name",
    ("X_HTTP_Method_Override", "X_HTTP_Method", "X_Method_Override", "X_HTTP-Method-Override"),
)
def test_method_override_with_underscores_does_not_arrive(gw, upstream_saw, name):
    answer = gw.fhir("GET", "/Patient/pat-1", gw.token("system/*.rs"), headers={name: "DELETE"})
    assert answer.status_code in (200, 400)
    assert "DELETE" not in str(upstream_saw())


def test_method_override_in_the_query(gw, upstream_saw):
    reader = gw.token("system/*.rs")
    for query in ("_method=DELETE", "%5Fmethod=DELETE", "_METHOD=PUT"):
        assert gw.fhir("GET", f"/Patient/pat-1?{query}", reader).status_code == 400
    assert upstream_saw() == []


def test_condition_with_underscores_does_not_arrive(gw, upstream_saw):
    """If-None-Exist makes a search of a create; not only the FHIR server may see it."""
    creator = gw.token("system/Patient.c")
    body = {"resourceType": "Patient"}
    refused = gw.fhir(
        "POST", "/Patient", creator, json=body, headers={"If-None-Exist": "identifier=100001"}
    )
    assert refused.status_code == 403
    assert upstream_saw() == []
    gw.fhir("POST", "/Patient", creator, json=body, headers={"If_None_Exist": "identifier=100001"})
    assert "if-none-exist" not in str(upstream_saw()).lower().replace("_", "-")


def test_body_and_type_go_on_unchanged(gw, token):
    patient = {"resourceType": "Patient", "name": [{"family": "Ñandú" * 50_000}]}
    created = gw.fhir(
        "POST", "/Patient", token, json=patient, headers={"Content-Type": "application/fhir+json"}
    )
    assert created.status_code == 201
    assert created.headers["Location"].startswith(gw.base + "/Patient/")
    read = gw.fhir("GET", f"/Patient/{created.json()['id']}", token)
    assert read.json()["name"] == patient["name"]
    assert gw.fhir("DELETE", f"/Patient/{created.json()['id']}", token).status_code == 204


def test_errors_of_the_fhir_server_come_through(gw, token):
    answer = gw.fhir("GET", "/Patient/nobody", token)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("application/fhir+json")
    assert answer.json()["issue"][0]["diagnostics"] == "Patient/nobody does not exist"
    assert gw.fhir("POST", "/Patient", token, data=b"not json").status_code == 400


def test_head_of_a_resource(gw, token):
    answer = gw.fhir("HEAD", "/Patient/pat-1", token)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 100


def test_token_with_many_scopes(gw):
    """Longer than the 8 KiB of one header line that web servers take by default."""
    types = "Account Basic Binary CarePlan CareTeam Claim Condition Consent Coverage Device Flag"
    subsets = ["".join(some) for n in range(1, 6) for some in itertools.combinations("cruds", n)]
    wanted = " ".join(f"system/{kind}.{letters}" for kind in types.split() for letters in subsets)
    wanted = wanted[:6900].rsplit(" ", 1)[0] + " system/Patient.r"
    token = gw.token(wanted, gw.add_client("system/*.cruds"))
    assert len(token) > 8400
    assert gw.fhir("GET", "/Patient/pat-1", token).status_code == 200
    assert gw.fhir("GET", "/Observation/obs-1", token).status_code == 403


def test_header_over_the_limit_opens_nothing(gw, upstream_saw):
    answer = wire.get(
        gw.port, gw.ca, b"/fhir/Patient/pat-1", b"Authorization: Bearer " + b"a" * 40_000
    )
    assert answer.status in (400, 401, 431)
    assert answer.header("Content-Type")[0].startswith("application/")
    assert upstream_saw() == []
