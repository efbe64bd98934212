"""Many at once: nobody gets another's answer, and what is once is once."""
import concurrent.futures

import requests

import keys
from test_assertion import Client

THREADS = 8


def in_parallel(function, items, threads=THREADS):
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, items))


def test_each_request_gets_its_own_identity(gw, upstream_saw):
    clients = [gw.add_client("system/*.rs") for _ in range(THREADS)]
    tokens = {client[0]: gw.token("system/*.rs", client) for client in clients}

    def read(client_id):
        headers = {"Authorization": f"Bearer {tokens[client_id]}", "X-Test-Client": client_id}
        return requests.get(
            gw.base + "/Patient/pat-1", headers=headers, verify=gw.ca, timeout=60
        ).status_code

    order = [client[0] for client in clients] * 12
    assert set(in_parallel(read, order)) == {200}
    seen = [
        {name.lower(): value for name, value in request["headers"]} for request in upstream_saw()
    ]
    assert len(seen) == len(order)
    for headers in seen:
        assert headers["x-test-client"] == headers["x-fhir-auth-client-id"]


def test_good_and_bad_tokens_mixed(gw):
    good = gw.token("system/*.rs")
    narrow = gw.token("system/Observation.r")
    wanted = [(good, 200), (good + "x", 401), (None, 401), (narrow, 403), ("a.b.c", 401)] * 15

    def read(item):
        token, expected = item
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = requests.get(gw.base + "/Patient/pat-1", headers=headers, verify=gw.ca, timeout=60)
        return answer.status_code == expected

    assert all(in_parallel(read, wanted))


def test_assertion_counts_once(gw):
    client = Client(gw, "ES256")
    for _ in range(3):
        form = keys.assertion_form(client.assertion())
        answers = in_parallel(
            lambda _, form=form: requests.post(
                gw.token_url, data=form, verify=gw.ca, timeout=60
            ).status_code,
            range(20),
            threads=20,
        )
        assert sorted(answers) == [200] + [401] * 19
