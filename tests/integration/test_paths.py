"""Request targets that can be read two ways, sent byte for byte: none reaches the FHIR server."""
import pytest

import wire

SERVERS = ("lighttpd", "apache", "apache-authnz", "nginx")
REFUSED = (400, 401, 403, 404, 405, 414, 431, 501)

# What a decoding, merging or resolving server makes another path of.
TWO_READINGS = [
    b"/fhir/Patient%2Fpat-1",
    b"/fhir/Patient/..%2fObservation",
    b"/fhir/Patient/..%2f..%2fObservation",
    b"/fhir/./Patient/pat-1",
    b"/fhir/../fhir/Patient",
    b"/other/../fhir/Patient",
    b"/fhir/Patient/../Observation/obs-1",
    b"/fhir/Patient/%2e%2e/Observation/obs-1",
    b"/fhir/Patient/%2E%2E/Observation/obs-1",
    b"/fhir/Patient/.%2e/Observation/obs-1",
    b"/fhir/Patient/%252e%252e/Observation/obs-1",
    b"/fhir//Patient//pat-1",
    b"//fhir/Patient/pat-1",
    b"/fhir/%50atient/pat-1",
    b"/%66hir/Patient/pat-1",
    b"/%66%68%69%72/Patient/pat-1",
    b"/fhir%2fPatient/pat-1",
    b"/fhir/Patient/%c3%a9",
    b"/fhir/Patient/\xe9",
    b"/fhir/Patient/%e9",
    b"/fhir/Patient/a%0ab",
    b"/fhir/Patient/a%0d%0aX-Evil:%201",
    b"/fhir/Patient/a%00b",
    b"/fhir/Patient/pat-1%00",
    b'/fhir/Patient/"q"',
    b"/fhir/Patient/<x>",
    b"/fhir/Patient/a|b",
    b"/fhir/Patient\\pat-1",
    b"/fhir\\..\\fhir/Patient",
    b"/fhir/Patient/pat-1#frag",
    b"/fhir/Patient/..;/Observation/obs-1",
    b"/fhir/Patient;x=1/pat-1",
    b"/fhir/Patient/pat-1;x=1",
    b"/fhir/Patient%3Fname=x",
    b"/fhir/Patient/%20",
    b"/fhir/Patient/pat-1%20",
    b"/fhir/Patient/" + b"a" * 7000,
    b"/fhir/Patient/" + b"a" * 15000,
    b"/FHIR/Patient/pat-1",
    b"/fhirPatient/pat-1",
    b"/fhirx/Patient/pat-1",
    b"fhir/Patient/pat-1",
    b"*",
    b"",
    b"/",
    b"/fhir/%",
    b"/fhir/%zz",
    b"http://evil.example/fhir/../fhir/Patient",
    b"http:/fhir/Patient/pat-1",
    b"http:///fhir/Patient/pat-1",
    b"https://user@127.0.0.1/fhir/Patient/pat-1",
    b"/fhir/metadata/../Patient/pat-1",
    b"/fhir/metadata/%2e%2e/Patient/pat-1",
    b"/fhir/metadata%2f..%2fPatient/pat-1",
    b"/fhir/metadata;/../Patient/pat-1",
    b"/fhir/.well-known/../Patient/pat-1",
    b"/fhir/.well-known/smart-configuration/../../Patient/pat-1",
    b"/fhir/.well-known/%2e%2e/Patient/pat-1",
    b"/fhir/.well-known/smart-configuration/%2e%2e/%2e%2e/Patient/pat-1",
]


@pytest.fixture(scope="module")
def bearer(gw):
    return b"Authorization: Bearer " + gw.token("system/*.cruds").encode()


@pytest.mark.parametrize("target", TWO_READINGS, ids=lambda t: t[:60].decode("latin-1"))
def test_two_readings(gw, bearer, upstream_saw, target):
    """Refused with a token that may do everything, and without one."""
    for headers in ((bearer,), ()):
        answer = wire.get(gw.port, gw.ca, target, *headers)
        assert answer.status in REFUSED, answer
    assert upstream_saw() == []


@pytest.mark.parametrize(
    "query",
    [
        b"%5Finclude=Observation:subject",
        b"_include%3Aiterate=x",
        b"%%",
        b"a=%zz",
        b"a=%00",
        b"a=\xe9",
        b"\x01=1",
        b"a#b",
    ],
)
def test_query_that_can_be_read_two_ways(gw, upstream_saw, query):
    narrow = b"Authorization: Bearer " + gw.token("system/Patient.rs").encode()
    answer = wire.get(gw.port, gw.ca, b"/fhir/Patient?" + query, narrow)
    assert answer.status in (400, 403)
    assert upstream_saw() == []


def test_absolute_form_names_the_same_resource(gw, bearer, upstream_saw):
    """The host counts for nothing: the path decides, and it is the one that is forwarded."""
    answer = wire.get(gw.port, gw.ca, b"https://127.0.0.1/fhir/Patient/pat-1", bearer)
    assert answer.status in (200, 400)
    forwarded = ["/fhir/Patient/pat-1"] if answer.status == 200 else []
    assert [seen["target"] for seen in upstream_saw()] == forwarded
    assert wire.get(gw.port, gw.ca, b"https://127.0.0.1/fhir/Patient/pat-1").status in (400, 401)


def test_what_is_allowed_goes_on_unchanged(gw, bearer, upstream_saw):
    targets = [
        b"/fhir/Patient/pat-1",
        b"/fhir/Patient?name=Garc%C3%ADa&_count=2",
        b"/fhir/Patient?birthdate=ge1980-01-01",
        b"/fhir/Observation?code=http://loinc.org|8867-4&patient=pat-1",
        b"/fhir/Observation?_sort=-date&_elements=code,subject",
    ]
    for target in targets:
        assert wire.get(gw.port, gw.ca, target, bearer).status == 200, target
    # lighttpd writes '|' as %7C, which is the same.
    assert [seen["target"].replace("%7C", "|").encode() for seen in upstream_saw()] == targets


def test_two_authorization_headers(gw, bearer, upstream_saw):
    other = b"Authorization: Bearer other"
    for headers in (
        (bearer, other), (other, bearer), (bearer, bearer), (bearer, b"Authorization: Basic eDp5")
    ):
        assert wire.get(gw.port, gw.ca, b"/fhir/Patient/pat-1", *headers).status == 400
    joined = bearer + b", Bearer other"
    assert wire.get(gw.port, gw.ca, b"/fhir/Patient/pat-1", joined).status == 400
    assert upstream_saw() == []


@pytest.mark.parametrize("header", (b"Authorization : Bearer %s", b" Authorization: Bearer %s"))
def test_header_that_is_written_oddly(gw, bearer, upstream_saw, header):
    token = bearer.split()[-1]
    answer = wire.get(gw.port, gw.ca, b"/fhir/Patient/pat-1", header % token)
    assert answer.status in (400, 401)
    assert upstream_saw() == []


@pytest.mark.parametrize(
    "method",
    (
        b"get",
        b"Get",
        b"GETX",
        b"FOO",
        b"TRACE",
        b"CONNECT",
        b"OPTIONS",
        b"PROPFIND",
        b"SEARCH",
        b"LINK",
    ),
)
def test_other_method(gw, bearer, upstream_saw, method):
    answer = wire.get(gw.port, gw.ca, b"/fhir/Patient/pat-1", bearer, method=method)
    assert answer.status in REFUSED
    assert upstream_saw() == []


def test_request_in_a_body_is_no_request(gw, upstream_saw):
    """Two requests on one connection: the first is refused with its body unread, the second too."""
    inner = b"GET /fhir/Patient/pat-1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    head = b"POST /fhir/Patient HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(
        inner
    )
    assert wire.exchange(gw.port, gw.ca, head + inner + inner).status == 401
    assert upstream_saw() == []


def test_length_given_twice(gw, bearer, upstream_saw):
    smuggled = b"0\r\n\r\nGET /fhir/Patient/pat-1 HTTP/1.1\r\nHost: x\r\n\r\n"
    head = b"POST /fhir/Patient HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    both = head + b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n" % len(smuggled)
    assert wire.exchange(gw.port, gw.ca, both + smuggled).status in (400, 401)
    twice = head + bearer + b"\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde"
    assert wire.exchange(gw.port, gw.ca, twice).status == 400
    assert upstream_saw() == []
