"""
Many at once, with bodies that the authorizer never reads: each client gets the answer that is its
own.  The authorizer closes its connections without waiting for the web server; an answer that was
lost by that would be a 500, a 502 or a 503, or none at all.
"""
import collections
import concurrent.futures
import json

import pytest
import requests

from gateway import Gateway, free_port

THREADS = 8
ROUNDS = 5
OVER_TCP = "lighttpd over TCP"
BODY = json.dumps({"resourceType": "Patient", "text": {"div": "x" * 100_000}})
# lighttpd closes after a refusal that comes before the body, and over TLS a client that still sends may
# lose it; for a longer body only one thread of the authorizer at a time gives the client a moment.
SHORT_BODY = json.dumps({"resourceType": "Patient", "text": {"div": "x" * 10_000}})


def over_tcp(gw: Gateway) -> None:
    """lighttpd's authorizer on a port in place of a socket in the file system."""
    listening = f'"host" => "127.0.0.1", "port" => {free_port()}'
    files = f'"socket" => "{gw.dir}/run/fcgi-authorizer.sock-0", "mode"'
    gw.edit("lighttpd.conf", files, f'{listening}, "mode"')
    named = f'"socket"          => "{gw.dir}/run/fcgi-authorizer.sock"'
    gw.edit("lighttpd.conf", named, listening)


@pytest.fixture(params=("lighttpd", OVER_TCP, "apache", "apache-authnz", "nginx"))
def site(request):
    with Gateway(request.param.partition(" ")[0]) as gateway:
        if request.param == OVER_TCP:
            over_tcp(gateway)
        gateway.start()
        yield gateway


def test_each_answer_arrives(site):
    reader, writer = site.token("system/Patient.rs"), site.token("system/*.cruds")
    wanted = (
        ("GET", reader, None, 200),
        ("POST", writer, BODY, 201),
        ("POST", reader, SHORT_BODY if site.server == "lighttpd" else BODY, 403),
        ("GET", None, None, 401),
    )

    def ask(session: requests.Session, item: tuple, pad: int) -> tuple[int, int]:
        method, token, body, status = item
        url = site.base + ("/Patient" if body else "/Patient/pat-1")
        headers = {"Content-Type": "application/fhir+json", "X-Pad": "p" * pad}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        answer = session.request(
            method, url, headers=headers, data=body, verify=site.ca, timeout=60
        )
        return status, answer.status_code

    def client(number: int) -> collections.Counter:
        """Each a little longer than the one before, so that reads end in different places."""
        with requests.Session() as session:
            items = enumerate(wanted * ROUNDS)
            return collections.Counter(
                ask(session, item, 7 * (number + THREADS * i)) for i, item in items
            )

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        got = sum(pool.map(client, range(THREADS)), collections.Counter())
    each = THREADS * ROUNDS
    assert got == {(status, status): each for _, _, _, status in wanted}
