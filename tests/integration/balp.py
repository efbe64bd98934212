"""What FHIR R4 and IHE BALP 1.1.4 say of an AuditEvent, as tables, and a check against them.

Sources: http://hl7.org/fhir/R4/auditevent.html and the differentials of the profiles at
https://profiles.ihe.net/ITI/BALP/1.1.4/artifacts.html.
"""
import base64
import re

BALP = "https://profiles.ihe.net/ITI/BALP/"
PROFILE = BALP + "StructureDefinition/IHE.BasicAudit."
HL7 = "http://terminology.hl7.org/CodeSystem/"
REST = (HL7 + "audit-event-type", "rest")
INTERACTION = "http://hl7.org/fhir/restful-interaction"
DCM = "http://dicom.nema.org/resources/ontology/DCM"
SOURCE, DESTINATION, APPLICATION = (DCM, "110153"), (DCM, "110152"), (DCM, "110150")
CUSTODIAN = (HL7 + "provenance-participant-type", "custodian")
RECIPIENT = (HL7 + "v3-ParticipationType", "IRCP")
OAUTH_USER = (BALP + "CodeSystem/UserAgentTypes", "UserOauthAgent")
X_REQUEST_ID = (BALP + "CodeSystem/BasicAuditEntityType", "XrequestId")
PERSON, SYSTEM_OBJECT = (HL7 + "audit-entity-type", "1"), (HL7 + "audit-entity-type", "2")
PATIENT, QUERY = (HL7 + "object-role", "1"), (HL7 + "object-role", "24")
REST_OBJECT_ROLES = {(HL7 + "object-role", code) for code in ("4", "3", "20")}
# FHIR R4's own codes; R5 has more.
INTERACTIONS = {
    "read", "vread", "update", "patch", "delete", "history", "history-instance", "history-type",
    "history-system", "create", "search", "search-type", "search-system", "capabilities",
    "transaction", "batch", "operation",
}

# ---- R4: element -> (min, max, members or None for a primitive); max None: any number ----

CODING = {"system": (1, 1, None), "code": (1, 1, None), "display": (0, 1, None)}
CONCEPT = {"coding": (1, None, CODING)}
IDENTIFIER = {"system": (0, 1, None), "value": (1, 1, None)}
REFERENCE = {
    "reference": (0, 1, None),
    "type": (0, 1, None),
    "identifier": (0, 1, IDENTIFIER),
    "display": (0, 1, None),
}
ISSUE = {
    "severity": (1, 1, None),
    "code": (1, 1, None),
    "details": (0, 1, {"text": (1, 1, None)}),
    "diagnostics": (0, 1, None),
}
EVENT = {
    "resourceType": (1, 1, None),
    "meta": (0, 1, {"profile": (1, None, None)}),
    "contained": (
        0, None, {"resourceType": (1, 1, None), "id": (1, 1, None), "issue": (1, None, ISSUE)}
    ),
    "type": (1, 1, CODING),
    "subtype": (0, None, CODING),
    "action": (0, 1, None),
    "recorded": (1, 1, None),
    "outcome": (0, 1, None),
    "outcomeDesc": (0, 1, None),
    "agent": (
        1,
        None,
        {
            "type": (0, 1, CONCEPT),
            "who": (0, 1, REFERENCE),
            "name": (0, 1, None),
            "requestor": (1, 1, None),
            "policy": (0, None, None),
            "network": (0, 1, {"address": (0, 1, None), "type": (0, 1, None)}),
        },
    ),
    "source": (1, 1, {"observer": (1, 1, REFERENCE), "type": (0, None, CODING)}),
    "entity": (
        0,
        None,
        {
            "what": (0, 1, REFERENCE),
            "type": (0, 1, CODING),
            "role": (0, 1, CODING),
            "description": (0, 1, None),
            "query": (0, 1, None),
        },
    ),
}

# ---- the profiles ----

TO_SERVER = [(SOURCE, 1, 1, ("who", "network")), (DESTINATION, 1, 1, ("who", "network"))]
FROM_SERVER = [(DESTINATION, 1, 1, ("who", "network")), (SOURCE, 1, 1, ("who", "network"))]
DELETION = [(APPLICATION, 1, 1, ("who", "network")), (CUSTODIAN, 1, 1, ("who", "network"))]
# name: action, subtypes, agent slices (type, min, max, members that must be there), entity
BASIC = {
    "Create": ("C", {"create"}, TO_SERVER, "data"),
    "Read": ("R", {"read", "vread"}, FROM_SERVER, "data"),
    "Update": ("U", {"update", "patch"}, TO_SERVER, "data"),
    "Delete": ("D", {"delete"}, DELETION, "data"),
    "Query": ("E", {"search", "search-type", "search-system"}, TO_SERVER, "query"),
}


def coded(coding: dict) -> tuple[str, str]:
    return coding["system"], coding["code"]


def agents_of(event: dict, kind: tuple[str, str]) -> list[dict]:
    return [a for a in event["agent"] if kind in map(coded, a["type"]["coding"])]


def entities_of(event: dict, kind: tuple[str, str]) -> list[dict]:
    return [e for e in event["entity"] if coded(e["type"]) == kind]


def check_members(value: object, members: dict, where: str) -> None:
    assert isinstance(value, dict), where
    assert set(value) <= set(members), f"{where}: {set(value) - set(members)}"
    for name, (least, most, inner) in members.items():
        found = value.get(name, [])
        if most == 1:
            assert not isinstance(found, list) or name not in value, f"{where}.{name}"
            found = [found] if name in value else []
        else:
            assert name not in value or found, f"{where}.{name} is empty"
        assert len(found) >= least, f"{where}.{name} is missing"
        for one in found:
            if inner is not None:
                check_members(one, inner, f"{where}.{name}")
            else:
                assert isinstance(one, bool) or (isinstance(one, str) and one.strip()), where


def check_r4(event: dict) -> None:
    check_members(event, EVENT, "AuditEvent")
    assert event["resourceType"] == "AuditEvent"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["recorded"])
    assert event["action"] in "CRUDE" and event["outcome"] in ("0", "4", "8", "12")
    assert sum(agent["requestor"] for agent in event["agent"]) == 1
    for subtype in event.get("subtype", []):
        assert subtype["system"] == INTERACTION and subtype["code"] in INTERACTIONS
    for agent in event["agent"]:
        assert agent.get("network", {"type": "2"})["type"] in "12345"
    contained = {"#" + resource["id"] for resource in event.get("contained", [])}
    references = set()
    for entity in event.get("entity", []):
        if "query" in entity:
            base64.b64decode(entity["query"], validate=True)
        if "what" in entity:
            # A Reference has one of them at least.
            assert {"reference", "identifier", "display"} & set(entity["what"])
            references.add(entity["what"].get("reference"))
    for reference in references - contained - {None}:
        form = r"[A-Za-z]+/[A-Za-z0-9.-]{1,64}(/_history/[A-Za-z0-9.-]{1,64})?"
        assert re.fullmatch(form, reference), reference
    assert contained <= references


def check_basic(event: dict, name: str) -> None:
    with_patient = name.startswith("Patient")
    action, subtypes, agents, entity = BASIC[name.removeprefix("Patient")]
    assert coded(event["type"]) == REST
    assert len([s for s in event["subtype"] if s["code"] in subtypes]) == 1
    assert (event["action"], event["outcome"]) == (action, "0")
    for kind, least, most, members in agents:
        found = agents_of(event, kind)
        assert least <= len(found) <= most, kind
        for agent in found:
            assert all(member in agent for member in members) and "media" not in agent
    transactions = entities_of(event, X_REQUEST_ID)
    assert len(transactions) <= 1
    assert all(t["what"]["identifier"]["value"] for t in transactions)
    (found,) = entities_of(event, SYSTEM_OBJECT)
    if entity == "query":
        assert "what" not in found and "detail" not in found and "lifecycle" not in found
        assert coded(found["role"]) == QUERY and found["query"]
    else:
        assert found["what"] and coded(found["role"]) in REST_OBJECT_ROLES
    patients = entities_of(event, PERSON)
    assert len(patients) == with_patient
    for patient in patients:
        assert coded(patient["role"]) == PATIENT
        assert patient["what"]["reference"].startswith("Patient/")
    if name.removeprefix("Patient") in ("Read", "Query"):
        check_user_slice(agents_of(event, RECIPIENT))


def check_user_slice(users: list[dict]) -> None:
    assert len(users) <= 1
    for user in users:
        assert user["who"] and user["requestor"] is True
        assert "media" not in user and "network" not in user


def check_oauth_comprehensive(event: dict) -> None:
    (client,) = agents_of(event, APPLICATION)
    assert client["who"]["identifier"]["value"] and "media" not in client
    users = agents_of(event, RECIPIENT)
    check_user_slice(users)
    for user in users:
        assert user["who"]["identifier"] and len(user["policy"]) == 1


def check_oauth_minimal(event: dict) -> None:
    users = agents_of(event, OAUTH_USER)
    assert users
    for user in users:
        assert user["requestor"] is True and "media" not in user and "network" not in user
        (policy,) = user["policy"]
        assert policy.startswith("urn:ietf:params:oauth:jti:")


def check(event: dict) -> set[str]:
    """The event is valid R4 and all that its meta.profile claims; the names of the profiles."""
    check_r4(event)
    claimed = {url.removeprefix(PROFILE) for url in event.get("meta", {}).get("profile", [])}
    for name in claimed:
        if name == "OAUTHaccessTokenUse.Comprehensive":
            check_oauth_comprehensive(event)
        elif name == "OAUTHaccessTokenUse.Minimal":
            check_oauth_minimal(event)
        else:
            check_basic(event, name)
    return claimed


def asked_url(event: dict) -> str:
    """The URL that an entity's query holds."""
    (query,) = [e["query"] for e in event["entity"] if "query" in e]
    return base64.b64decode(query).decode()
