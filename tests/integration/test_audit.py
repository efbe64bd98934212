"""One line in the log for each decision and each token; the same as FHIR AuditEvents in a file."""
import itertools
import json
import re

import pytest

import balp
import keys
from gateway import wait_until

COUNTER = itertools.count()


def new_id() -> str:
    return f"audit-test-{next(COUNTER)}"


def lines_of(gw, request_id):
    """The client may have its answer before the line is written."""
    return wait_until(
        "the line",
        lambda: [event for event in gw.events() if event.get("request_id") == request_id],
    )


def logged(gw, name, count):
    """All lines of this name, once there are so many."""
    return wait_until("lines", lambda: lines if len(lines := gw.events(name)) >= count else None)


def events_in(file, count):
    """All events in the order of the requests, once there are so many."""
    lines = wait_until(
        "events", lambda: lines if len(lines := file.read_text().splitlines()) >= count else None
    )
    return sorted(map(json.loads, lines), key=lambda event: event["recorded"])


@pytest.fixture(scope="module")
def tokens(gw):
    return {
        "none": None,
        "bad": "a.b.c",
        "narrow": gw.token("system/Patient.r"),
        "full": gw.token("system/*.cruds"),
    }


# method, path, token, status, reason, interaction
REQUESTS = (
    ("GET", "/Patient/pat-1", "full", 200, None, "read"),
    ("GET", "/Patient?name=Secretname", "full", 200, None, "search-type"),
    ("GET", "/Patient/nobody", "full", 404, None, "read"),
    ("HEAD", "/Patient/pat-1", "narrow", 200, None, "read"),
    ("GET", "/metadata", "none", 200, None, "capabilities"),
    ("GET", "/Patient/pat-1", "none", 401, "ERR_NO_TOKEN", "read"),
    ("GET", "/Patient/pat-1", "bad", 401, "ERR_", "read"),
    ("GET", "/Observation/obs-1", "narrow", 403, "ERR_SCOPE", "read"),
    ("DELETE", "/Patient/pat-1", "narrow", 403, "ERR_SCOPE", "delete"),
    ("GET", "/Patient?access_token=x", "none", 400, "ERR_TOKEN_IN_QUERY", "none"),
    ("GET", "/Nonsense/1", "full", 400, "ERR_NOT_FHIR", "none"),
    ("PUT", "/metadata", "full", 405, "ERR_METHOD", "none"),
)


@pytest.mark.parametrize("row", REQUESTS, ids=lambda row: f"{row[0]} {row[1]} {row[2]}")
def test_each_decision_is_one_line(gw, tokens, row):
    method, path, kind, status, reason, interaction = row
    request_id, token = new_id(), tokens[kind]
    answer = gw.fhir(method, path, token, headers={"X-Request-Id": request_id})
    assert answer.status_code == status
    (line,) = lines_of(gw, request_id)
    granted = reason is None
    assert line["program"] == "fcgi-authorizer"
    assert line["event"] == ("granted" if granted else "refused")
    assert line["level"] == "info"
    assert line["method"] == method and line["path"] == "/fhir" + path.split("?")[0]
    assert line["interaction"] == interaction
    assert line["status"] == (200 if granted else status)
    assert line.get("reason", "") == "" if granted else line["reason"].startswith(reason)
    assert line["remote_addr"] == "127.0.0.1"
    assert 0 < line["duration_us"] < 5_000_000
    known = kind in ("full", "narrow") and (granted or reason == "ERR_SCOPE")
    names = ("client_id", "subject", "jti", "issuer")
    if known:
        claims = keys.parts(token)[1]
        assert [line[name] for name in names] == [
            claims[name] for name in ("client_id", "sub", "jti", "iss")
        ]
    else:
        assert not set(names) & set(line)
    assert ("needed_scope" in line) == (reason == "ERR_SCOPE")
    assert "Secretname" not in json.dumps(line)


def test_answer_names_the_line(gw):
    """Without an id of the client too, whether or not the web server asks twice."""
    answer = gw.fhir("GET", "/Patient/pat-1")
    said = re.search(r"request-id: (\S+)", answer.json()["issue"][0]["diagnostics"])[1]
    (line,) = lines_of(gw, said)
    assert line["reason"] == "ERR_NO_TOKEN"


@pytest.mark.parametrize("bad", ("a b", "x" * 65, 'a"b', "ñ"))
def test_unusable_request_id(gw, bad):
    before = len(gw.events("refused"))
    gw.fhir("GET", "/Patient/pat-1", headers={"X-Request-Id": bad.encode()})
    lines = wait_until("the line", lambda: gw.events("refused")[before:])
    assert bad not in json.dumps(lines, ensure_ascii=False)


# ---- the token endpoint ----


def ask(gw, path, form, client, **headers):
    request_id = new_id()
    answer = gw.oauth(
        "POST", path, data=form, auth=client, headers={"X-Request-Id": request_id, **headers}
    )
    lines = lines_of(gw, request_id)
    assert len(lines) == 1 and lines[0]["program"] == "token-endpoint"
    assert lines[0]["remote_addr"] == "127.0.0.1" and lines[0]["duration_us"] > 0
    return answer, lines[0]


def test_tokens_issued_and_refused(gw):
    client = gw.add_client("system/*.rs")
    form = {"grant_type": "client_credentials", "scope": "system/*.rs"}
    answer, line = ask(gw, "/token", form, client)
    token = answer.json()["access_token"]
    gw.secrets.add(token)
    claims = keys.parts(token)[1]
    assert (line["event"], line["client_id"]) == ("token-issued", client[0])
    assert (line["subject"], line["jti"]) == (claims["sub"], claims["jti"])
    assert (line["scope"], line["method"]) == ("system/*.rs", "client_secret_basic")

    _, line = ask(gw, "/token", {**form, "scope": "system/*.cruds"}, client)
    assert (line["event"], line["reason"]) == ("refused", "ERR_SCOPE")
    assert (line["client_id"], line["status"]) == (client[0], 400)
    _, line = ask(gw, "/token", form, (client[0], "wrong"))
    assert (line["event"], line["status"]) == ("refused", 401)


def test_client_that_swaps_its_name_and_its_secret(gw):
    client = gw.add_client("system/*.rs")
    form = {"grant_type": "client_credentials", "scope": "system/*.rs"}
    _, line = ask(gw, "/token", form, client[::-1])
    assert (line["event"], line["client_id"]) == ("refused", "(hidden)")


def test_introspection_and_revocation(gw):
    owner, introspector = gw.add_client("system/*.rs"), gw.add_client("introspect")
    token = gw.token("system/*.rs", owner)
    jti = keys.parts(token)[1]["jti"]

    _, line = ask(gw, "/introspect", {"token": token}, introspector)
    assert (line["event"], line["active"]) == ("token-introspected", "yes")
    assert (line["client_id"], line["token_client_id"]) == (introspector[0], owner[0])
    assert line["jti"] == jti
    _, line = ask(gw, "/revoke", {"token": token}, introspector)
    assert (line["event"], line["reason"]) == ("token-not-revoked", "ERR_CLIENT_MISMATCH")
    assert "jti" not in line
    _, line = ask(gw, "/revoke", {"token": token}, owner)
    assert (line["event"], line["client_id"]) == ("token-revoked", owner[0])
    assert line["jti"] == jti
    _, line = ask(gw, "/introspect", {"token": token}, introspector)
    assert (line["event"], line["active"]) == ("token-introspected", "no")
    assert line["reason"] == "ERR_TOKEN_REVOKED" and "jti" not in line


# ---- files of our own ----


def configure(gw, log="stderr", **audit):
    lines = "".join(f"{name} = {value}\n" for name, value in audit.items())
    gw.edit("fhir-auth.conf", "[store]", f"[server]\nlog = {log}\n[audit]\n{lines}[store]")


def test_files_sampling_and_rotation(own_gw):
    gw = own_gw
    log, events = gw.dir / "log" / "fhir-auth.log", gw.dir / "log" / "events.ndjson"
    configure(gw, log, grants=4, events=events)
    gw.start()
    token = gw.token("system/*.rs")

    def get(count):
        for _ in range(count):
            assert gw.fhir("GET", "/Patient/pat-1", token).status_code == 200

    get(40)
    events_in(events, 40)  # of which each comes behind its line
    granted = len(gw.events("granted"))
    # Each process logs its first grant, and then one of four.
    processes = len(gw.program_pids("fcgi-authorizer"))
    assert 10 <= granted <= 10 + processes and granted < 40
    for _ in range(5):
        assert gw.fhir("GET", "/Patient/pat-1").status_code == 401
    assert len(events_in(events, 45)) == 45
    assert len(gw.events("refused")) == 5
    for file in (log, events):
        assert file.stat().st_mode & 0o777 & ~0o640 == 0
        file.rename(file.with_suffix(".1"))

    def both_are_there():
        assert gw.fhir("GET", "/Patient/pat-1").status_code == 401
        return log.exists() and events.exists()

    wait_until("new files are made", both_are_there, 5)
    gw.stop()
    everything = [*events_in(events.with_suffix(".1"), 0), *events_in(events, 0)]
    for event in everything:
        balp.check(event)
    assert len(everything) == 40 + len(gw.events("refused"))
    assert {e["outcomeDesc"] for e in everything if e["outcome"] != "0"} == {"ERR_NO_TOKEN"}


def test_no_grant_is_logged(own_gw):
    gw = own_gw
    configure(gw, grants=0)
    gw.start()
    token = gw.token("system/Patient.rs")
    for path in ("/Patient/pat-1", "/metadata", "/Patient"):
        assert gw.fhir("GET", path, token).status_code == 200
    assert gw.fhir("GET", "/Observation", token).status_code == 403
    assert len(logged(gw, "refused", 1)) == 1 and gw.events("granted") == []


TOKEN_USE = {"OAUTHaccessTokenUse.Comprehensive", "OAUTHaccessTokenUse.Minimal"}
# method, path, status, action, subtype, profile
EVENTS = (
    ("GET", "/Patient/pat-1", 200, "R", "read", "PatientRead"),
    ("GET", "/Observation/obs-1", 200, "R", "read", "Read"),
    ("GET", "/Patient/pat-1/_history/1", 200, "R", "vread", "PatientRead"),
    ("GET", "/Patient/pat-1/_history", 200, "R", "history-instance", None),
    ("GET", "/Observation?code=x&patient=pat-1", 200, "E", "search-type", "Query"),
    ("GET", "/Patient/pat-1/Observation?code=x", 200, "E", "search", "PatientQuery"),
    ("GET", "?_type=Patient", 200, "E", "search-system", "Query"),
    ("POST", "/Observation/_search", 200, "E", "search-type", "Query"),
    ("POST", "/Observation", 201, "C", "create", "Create"),
    ("PUT", "/Patient/pat-1", 200, "U", "update", "PatientUpdate"),
    ("PATCH", "/Patient/pat-1", 200, "U", "patch", "PatientUpdate"),
    ("DELETE", "/Patient?identifier=none", 204, "D", "delete", "Delete"),
    ("DELETE", "/Patient/pat-3", 204, "D", "delete", "PatientDelete"),
    ("GET", "/metadata", 200, "R", "capabilities", None),
    ("GET", "/Patient/pat-1/$everything", 200, "E", "operation", None),
)
BODIES = {
    "POST": {"resourceType": "Observation", "status": "final", "code": {"text": "x"}},
    "PUT": {"resourceType": "Patient", "id": "pat-1"},
    "PATCH": [],
}


def test_events_of_each_interaction(own_gw):
    gw = own_gw
    events = gw.dir / "log" / "events.ndjson"
    configure(gw, events=events)
    gw.start()
    token = gw.token("system/*.cruds")
    claims = keys.parts(token)[1]
    for method, path, status, *_ in EVENTS:
        body = {"json": BODIES[method]} if method in BODIES else {}
        if path.endswith("_search"):
            body = {"data": {"code": "x"}}
        answer = gw.fhir(method, path, token, headers={"X-Request-Id": new_id()}, **body)
        assert answer.status_code == status, (method, path, answer.text)
    found = events_in(events, len(EVENTS))
    assert len(found) == len(EVENTS)
    for event, (method, path, _, action, subtype, profile) in zip(found, EVENTS):
        claimed = balp.check(event)
        open_path = path == "/metadata"
        assert claimed == (TOKEN_USE | {profile} - {None} if not open_path else set())
        assert (event["action"], event["subtype"][0]["code"]) == (action, subtype)
        if not open_path:
            (user,) = balp.agents_of(event, balp.OAUTH_USER)
            assert user["policy"] == [f"urn:ietf:params:oauth:jti:{claims['jti']}"]
            assert user["who"]["identifier"] == {"system": gw.issuer, "value": claims["sub"]}
        if profile in ("Query", "PatientQuery") or "?" in path:
            assert balp.asked_url(event) == gw.base + path
        if profile and profile.startswith("Patient"):
            (patient,) = balp.entities_of(event, balp.PERSON)
            assert patient["what"]["reference"] == "/".join(path.split("/")[1:3])


def test_events_of_refusals(own_gw):
    gw = own_gw
    events = gw.dir / "log" / "events.ndjson"
    configure(gw, events=events)
    gw.start()
    narrow = gw.token("system/Patient.r")
    rows = (
        ("/Observation?code=x", narrow, "ERR_SCOPE", TOKEN_USE),
        ("/Observation?code=x", None, "ERR_NO_TOKEN", set()),
        (f"/Observation?access_token={narrow}", None, "ERR_TOKEN_IN_QUERY", set()),
        (f"/Observation?code={narrow}", narrow, "ERR_SCOPE", TOKEN_USE),
        ("/Nonsense", narrow, "ERR_NOT_FHIR", set()),
        ("/%2e%2e/x", narrow, "ERR_TARGET", set()),
    )
    for path, token, *_ in rows:
        assert gw.fhir("GET", path, token).status_code in (400, 401, 403)
    found = events_in(events, len(rows) - 1)  # what the web server itself refuses does not come
    for event, (path, _, reason, profiles) in zip(found, rows):
        assert balp.check(event) == profiles
        assert (event["outcome"], event["outcomeDesc"]) == ("4", reason)
        (outcome,) = event["contained"]
        assert outcome["issue"][0]["details"]["text"]
        queries = [e["query"] for e in event["entity"] if "query" in e]
        assert all(narrow not in balp.asked_url(event) for _ in queries)
