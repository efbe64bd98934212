"""fhir-authctl explain: the authorizer's decision on the command line."""
import json

import pytest

from authctl import AUDIENCE, Authctl
from test_authctl_keys import claims_of, private_key, token_of


@pytest.fixture
def issuing(tmp_path):
    ctl = Authctl(tmp_path)
    ctl.kid = ctl.json("key", "generate")["kid"]
    ctl.key = private_key(ctl, ctl.kid)
    ctl.add("--id", "c")
    return ctl


def token(ctl, scope, **changes):
    return token_of(ctl.key, ctl.kid, claims_of(scope=scope, **changes))


@pytest.mark.parametrize(
    "method, uri, scope",
    [
        ("GET", "/fhir/Patient/1", "system/Patient.r"),
        ("GET", AUDIENCE + "/Patient/1", "system/*.rs"),
        ("GET", "/fhir/Patient?name=x", "system/Patient.s openid"),
        ("POST", "/fhir/Patient", "system/Patient.c"),
        ("GET", "/fhir/metadata", ""),
    ],
)
def test_allowed(issuing, method, uri, scope):
    bearer = token(issuing, scope) if scope else ""
    assert "allowed" in issuing.yes("explain", method, uri, stdin=bearer)
    seen = issuing.json("explain", method, uri, stdin=bearer + "\n" if bearer else "")
    assert seen["allowed"] is True and seen["status"] == 200


@pytest.mark.parametrize(
    "status, error, method, uri, scope, changes",
    [
        (403, "insufficient_scope", "GET", "/fhir/Patient/1", "system/Observation.rs", {}),
        (403, "insufficient_scope", "DELETE", "/fhir/Patient/1", "system/*.rs", {}),
        (401, "invalid_token", "GET", "/fhir/Patient/1", "system/*.rs", {"exp": 1000}),
        (401, "invalid_token", "GET", "/fhir/Patient/1", "system/*.rs", {"aud": "https://x"}),
        (401, "", "GET", "/fhir/Patient/1", None, {}),
        (400, "invalid_request", "GET", "/fhir/../fhir/Patient/1", "system/*.rs", {}),
        (400, "invalid_request", "GET", "/elsewhere/Patient/1", "system/*.rs", {}),
    ],
)
def test_refused(issuing, status, error, method, uri, scope, changes):
    bearer = token(issuing, scope, **changes) if scope else ""
    text = issuing.no("refused with", "explain", method, uri, stdin=bearer)
    assert not bearer or bearer not in text
    text = issuing.no("", "explain", method, uri, "--json", stdin=bearer)
    seen = json.loads(text.splitlines()[-1])
    assert seen["allowed"] is False and (seen["status"], seen["error"]) == (status, error)


def test_usage(issuing):
    issuing.misuse("explain needs a METHOD", "explain")
    issuing.misuse("explain needs a URI", "explain", "GET")
    issuing.misuse("does not take the argument 'x'", "explain", "GET", "/fhir/Patient", "x")
    assert "explain METHOD URI" in issuing.yes("explain", "--help")
