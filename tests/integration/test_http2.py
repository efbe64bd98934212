"""HTTP/2 on lighttpd, should an administrator switch it on; by curl, requests does not speak it."""
import subprocess

import pytest

from gateway import Gateway


@pytest.fixture(scope="module")
def gw():
    with Gateway("lighttpd") as gateway:
        gateway.edit(
            "lighttpd.conf", '"server.h2proto" => "disable"', '"server.h2proto" => "enable"'
        )
        yield gateway.start()


@pytest.fixture
def curl(gw):
    def run(target, *options):
        """Status and body."""
        command = ["curl", "-sS", "--http2", "--path-as-is", "--noproxy", "*"]
        command += ["--max-time", "10", "--cacert", gw.ca]
        command += ["-w", "\n%{http_code} %{http_version}", *options, gw.origin + target]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
        body, _, last = done.stdout.rpartition("\n")
        status, version = last.split()
        assert version == "2"
        return int(status), body

    return run


def bearer(token):
    return ["-H", f"Authorization: Bearer {token}"]


def test_requests(gw, curl):
    token = gw.token("system/*.rs")
    assert curl("/fhir/Patient/pat-1", *bearer(token))[0] == 200
    assert curl("/fhir/Patient/pat-1")[0] == 401
    assert curl("/fhir/Patient/pat-1", *bearer(token + "x"))[0] == 401
    assert curl("/fhir/Patient", *bearer(gw.token("system/Patient.r")))[0] == 403
    assert curl("/fhir/metadata")[0] == 200


def test_paths(gw, curl, upstream_saw):
    token = gw.token("system/*.cruds")
    for target in (
        "/fhir/Patient/../Observation/obs-1",
        "/fhir/Patient/%2e%2e/Observation/obs-1",
        "//fhir/Patient/pat-1",
        "/fhir//Patient/pat-1",
        "/%66hir/Patient/pat-1",
        "/fhir/%50atient/pat-1",
        "/fhir/Patient/%e9",
        "/fhir/Patient%2fpat-1",
        "/fhir/Patient;x/pat-1",
    ):
        for options in (bearer(token), []):
            assert curl(target, *options)[0] in (400, 401, 404), target
    assert upstream_saw() == []


def test_spoofed_headers(gw, curl, upstream_saw):
    spoofed = [
        "-H",
        "X-Fhir-Auth: granted",
        "-H",
        "x_fhir_auth_subject: evil",
        "-H",
        "X-Fhir-Auth-Subject: evil",
    ]
    assert curl("/fhir/Patient/pat-1", *spoofed)[0] == 401
    assert upstream_saw() == []
    assert curl("/fhir/Patient/pat-1", *spoofed, *bearer(gw.token("system/*.rs")))[0] == 200
    assert "evil" not in str(upstream_saw())


def test_two_authorization_headers(gw, curl, upstream_saw):
    token = gw.token("system/*.rs")
    assert curl("/fhir/Patient/pat-1", *bearer(token), *bearer("other"))[0] == 400
    assert upstream_saw() == []


def test_errors_of_the_token_endpoint(curl):
    status, body = curl("/oauth/token", "--data", "grant_type=password")
    assert status == 400
    assert '"error":"unsupported_grant_type"' in body
    assert curl("/oauth/token")[0] == 405
