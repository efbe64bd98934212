"""What each scope opens, v1 and v2; and no way round it."""
import re

import pytest

PATIENT = {"resourceType": "Patient", "id": "scope-test"}
PATCH = [{"op": "add", "path": "/active", "value": True}]

# Interaction -> (method, path, body, what of cruds it needs).
INTERACTIONS = {
    "read": ("GET", "/Patient/pat-1", None, "r"),
    "read-head": ("HEAD", "/Patient/pat-1", None, "r"),
    "vread": ("GET", "/Patient/pat-1/_history/1", None, "r"),
    "history-instance": ("GET", "/Patient/pat-1/_history", None, "r"),
    "search": ("GET", "/Patient?name=garc", None, "s"),
    "search-all": ("GET", "/Patient", None, "s"),
    "create": ("POST", "/Patient", PATIENT, "c"),
    "update": ("PUT", "/Patient/scope-test", PATIENT, "u"),
    "patch": ("PATCH", "/Patient/scope-test", PATCH, "u"),
    "delete": ("DELETE", "/Patient/scope-test", None, "d"),
    "conditional-delete": ("DELETE", "/Patient?identifier=none", None, "ds"),
}

SCOPES = {
    "system/Patient.c": "c",
    "system/Patient.r": "r",
    "system/Patient.u": "u",
    "system/Patient.d": "d",
    "system/Patient.s": "s",
    "system/Patient.rs": "rs",
    "system/Patient.cud": "cud",
    "system/Patient.cruds": "cruds",
    "system/*.rs": "rs",
    "system/*.cruds": "cruds",
    "system/Patient.read": "rs",
    "system/Patient.write": "cud",
    "system/Patient.*": "cruds",
    "system/*.read": "rs",
    "system/*.write": "cud",
    "system/*.*": "cruds",
    "system/Observation.cruds": "",
    "system/Patient.r system/Patient.s": "rs",
    "system/Observation.cruds system/Patient.d": "d",
}


@pytest.fixture(scope="module")
def tokens(gw):
    """Scope -> token, asked for once."""
    made = {}

    def token(scope):
        if scope not in made:
            made[scope] = gw.token(scope)
        return made[scope]

    return token


@pytest.mark.parametrize("interaction", INTERACTIONS)
def test_matrix(gw, tokens, upstream_saw, interaction):
    method, path, body, needed = INTERACTIONS[interaction]
    if interaction in ("patch", "delete"):
        gw.fhir("PUT", "/Patient/scope-test", tokens("system/*.cruds"), json=PATIENT)
    expected = 0
    before = len(upstream_saw())
    for scope, has in SCOPES.items():
        options = {} if body is None else {"json": body}
        answer = gw.fhir(method, path, tokens(scope), **options)
        if set(needed) <= set(has):
            expected += 1
            assert answer.status_code in (200, 201, 204, 404, 410), (scope, answer.text)
        else:
            assert answer.status_code == 403, (scope, answer.text)
    assert len(upstream_saw()) - before == expected


@pytest.mark.parametrize(
    "path",
    (
        "/Observation/obs-1",
        "/Observation",
        "/Encounter?patient=pat-1",
        "/Observation/obs-1/_history",
    ),
)
def test_other_type(gw, tokens, upstream_saw, path):
    assert gw.fhir("GET", path, tokens("system/Patient.cruds")).status_code == 403
    assert upstream_saw() == []


# ---- side doors: parameters that reveal, or let one deduce, resources of other types ----

# With a scope that must be asked for, because the parameter reveals that type.
SIDE_DOORS = {
    "_include=Patient:general-practitioner": "system/Practitioner.s",
    "_include=*": "system/*.s",
    "_include:iterate=Patient:organization": "system/Organization.s",
    "_revinclude=Observation:subject": "system/Observation.s",
    "_revinclude=*": "system/*.s",
    "_has:Observation:patient:code=8867-4": "system/Observation.s",
    "_has:Encounter:patient:_has:Observation:encounter:code=8867-4": "system/Encounter.s",
    "general-practitioner.name=Navarro": "system/Practitioner.s",
    "organization.name=Hospital": "system/Organization.s",
    "general-practitioner:Practitioner.name=Navarro": "system/Practitioner.s",
    "_filter=name%20co%20x": "system/*.s",
    "_list=42": "system/List.s",
    "_query=everything": "system/*.s",
    "_contained=true": "system/*.s",
    "_type=Observation": "system/*.s",
    "language:in=http://example.org/vs": "system/ValueSet.s",
    "_graph=x": "system/*.s",
    "%5Finclude=Patient:organization": "system/Organization.s",
    "_%69nclude=Patient:organization": "system/Organization.s",
    "_revinclude%3Aiterate=Observation:subject": "system/Observation.s",
    "%5Fhas:Observation:patient:code=8867-4": "system/Observation.s",
    "name=x;_include=Patient:organization": "system/Organization.s",
    "name=x&amp;_include=Patient:organization": "system/*.s",
    "_count=1&&_include=Patient:organization": "system/Organization.s",
}


@pytest.mark.parametrize("query", SIDE_DOORS)
@pytest.mark.parametrize("scope", ("system/Patient.rs", "system/Patient.cruds system/Observation.r"))
def test_side_door(gw, tokens, upstream_saw, scope, query):
    answer = gw.fhir("GET", f"/Patient?{query}", tokens(scope))
    assert answer.status_code == 403, answer.text
    needed = re.search('scope="([^"]*)"', answer.headers["WWW-Authenticate"]).group(1)
    assert SIDE_DOORS[query] in needed.split()
    assert "pat-1" not in answer.text
    assert upstream_saw() == []
    # What the challenge names is enough.
    assert gw.fhir("GET", f"/Patient?{query}", tokens(needed)).status_code != 403


@pytest.mark.parametrize(
    "query",
    (
        "_include=Patient:organization",
        "_revinclude=Observation:subject",
        "_has:Observation:patient:code=8867-4",
    ),
)
def test_side_door_is_a_door_with_the_scope_for_all(gw, tokens, query):
    answer = gw.fhir("GET", f"/Patient?{query}", tokens("system/*.rs"))
    assert answer.status_code == 200
    assert answer.json()["total"] >= 1
    both = gw.fhir("GET", f"/Patient?{query}", tokens("system/*.s system/Patient.r"))
    assert both.status_code == 200


@pytest.mark.parametrize(
    "query", (
        "name=garc",
        "_id=pat-1",
        "_count=1",
        "_sort=-birthdate",
        "_summary=true",
        "birthdate=ge1950",
        "name:exact=Weber",
        "_elements=id",
    )
)
def test_plain_parameters_need_no_more(gw, tokens, query):
    assert gw.fhir("GET", f"/Patient?{query}", tokens("system/Patient.s")).status_code == 200


def test_search_constraint(gw, tokens, upstream_saw):
    """A scope with a constraint is for searches that keep to it."""
    token = tokens("system/Observation.rs?category=vital-signs")
    answer = gw.fhir("GET", "/Observation?category=vital-signs", token)
    assert answer.status_code == 200
    for path in (
        "/Observation",
        "/Observation?category=laboratory",
        "/Observation?category=vital-signs,laboratory",
        "/Observation?category:not=vital-signs",
        "/Observation?category=vital-signs&category=laboratory",
        "/Observation/obs-1",
        "/Observation/_history",
        "/Patient?category=vital-signs",
    ):
        answer = gw.fhir("GET", path, token)
        assert answer.status_code == 403, path
        if "?" in path and path.startswith("/Observation"):
            assert "category=vital-signs" in answer.json()["issue"][0]["details"]["text"]
    assert len(upstream_saw()) == 1


def test_search_by_post_hides_its_parameters(gw, tokens, upstream_saw):
    form = {"_revinclude": "Observation:subject"}
    for path in ("/Patient/_search", "/_search"):
        answer = gw.fhir("POST", path, tokens("system/Patient.rs"), data=form)
        assert answer.status_code == 403
        assert 'scope="system/*.s"' in answer.headers["WWW-Authenticate"]
    assert upstream_saw() == []
    answer = gw.fhir("POST", "/Patient/_search", tokens("system/*.rs"), data={"name": "garc"})
    assert (answer.status_code, answer.json()["total"]) == (200, 2)


def test_system_level(gw, tokens, upstream_saw):
    for path in ("", "/", "?_type=Patient,Observation", "/_history", "/?_id=pat-1"):
        assert gw.fhir("GET", path, tokens("system/Patient.cruds")).status_code == 403, path
    assert upstream_saw() == []
    for scope in ("system/*.rs", "system/Patient.s"):
        assert gw.fhir("GET", "?_type=Patient", tokens(scope)).status_code == 200


def test_query_on_a_read_is_looked_at_too(gw, tokens, upstream_saw):
    """Some servers honour _include and the like on a read."""
    answer = gw.fhir(
        "GET", "/Patient/pat-1?_include=Patient:organization", tokens("system/Patient.r")
    )
    assert answer.status_code == 403
    assert upstream_saw() == []


def test_conditional_create_needs_search(gw, tokens):
    headers = {"If-None-Exist": "identifier=100001"}
    refused = gw.fhir("POST", "/Patient", tokens("system/Patient.c"), json=PATIENT, headers=headers)
    assert refused.status_code == 403
    found = gw.fhir(
        "POST", "/Patient", tokens("system/Patient.cruds"), json=PATIENT, headers=headers
    )
    assert (found.status_code, found.json()["id"]) == (200, "pat-1")
    headers = {"If-None-Exist": "_has:Observation:patient:code=8867-4"}
    refused = gw.fhir(
        "POST", "/Patient", tokens("system/Patient.cruds"), json=PATIENT, headers=headers
    )
    assert refused.status_code == 403


def test_scopes_of_other_contexts_open_nothing(gw, tokens):
    """A client registered with them gets none; such a token would open nothing."""
    token = gw.token("system/Observation.rs", gw.add_client("system/Observation.rs"))
    assert gw.fhir("GET", "/Patient/pat-1", token).status_code == 403
    introspector = gw.token("introspect", gw.add_client("introspect"))
    for path in ("/Patient/pat-1", "/Patient", ""):
        assert gw.fhir("GET", path, introspector).status_code == 403
