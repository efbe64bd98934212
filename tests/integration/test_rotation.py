"""Signing keys change while tokens are asked for and used all the time: nobody may notice."""
import base64
import json
import sqlite3
import subprocess
import threading
import time

import pytest
import requests
from jwcrypto import jwk, jws

from authctl import Authctl
from fastcgi import RESPONDER, Program
from gateway import BUILD, wait_until
from keys import parts

PUBLISH_S = 2
THREADS = 4


class Verifier:
    """A resource server of somebody else: it asks for the key set when Cache-Control lets it."""

    def __init__(self, fetch):
        self.fetch = fetch
        self.lock = threading.Lock()
        self.keys = {}
        self.fetches = 0
        self.expires = 0.0

    def verify(self, token):
        kid = parts(token)[0]["kid"]
        with self.lock:
            asked = time.monotonic()
            if asked >= self.expires:
                max_age, key_set = self.fetch()
                self.expires = asked + max_age
                self.keys = {key["kid"]: jwk.JWK(**key) for key in key_set["keys"]}
                self.fetches += 1
            key = self.keys.get(kid)
        assert key is not None, f"{kid} is not in the key set that may be used"
        checked = jws.JWS()
        checked.deserialize(token)
        checked.verify(key)


class Load:
    """Threads that go on until stopped; any failure is kept."""

    def __init__(self):
        self.stopped = threading.Event()
        self.faults = []
        self.signed = {}  # kid: when its first token came
        self.published = {}  # kid: when it was first seen in the key set
        self.rounds = 0
        self.threads = []

    def run(self, work):
        def loop():
            try:
                step = work()
                while not self.stopped.is_set():
                    step()
                    self.rounds += 1
            except Exception as fault:  # pylint: disable=broad-except
                self.faults.append(fault)

        self.threads.append(threading.Thread(target=loop))
        self.threads[-1].start()

    def note_token(self, token):
        self.signed.setdefault(parts(token)[0]["kid"], time.monotonic())

    def note_key_set(self, key_set):
        kids = {key["kid"] for key in key_set["keys"]}
        assert self.published.keys() <= kids, "a key has gone whose tokens still live"
        for kid in kids:
            self.published.setdefault(kid, time.monotonic())

    def wait_for(self, kid):
        wait_until(f"{kid} signs", lambda: self.faults or kid in self.signed)

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()
        if self.faults:
            raise self.faults[0]

    def check_schedule(self):
        """Each key but the first was published for long enough before it signed."""
        first = min(self.signed, key=self.signed.get)
        for kid in self.signed.keys() - {first}:
            assert self.signed[kid] - self.published[kid] >= PUBLISH_S, kid


def max_age_of(answer):
    directive, seconds = answer.headers["Cache-Control"].split("max-age=")
    assert directive == "public, "
    return int(seconds)


def test_no_request_fails_while_keys_rotate(own_gw):
    gw = own_gw
    gw.edit("fhir-auth.conf", "[token-endpoint]\n",
            f"[token-endpoint]\npublish_before_use = {PUBLISH_S}s\n")
    gw.start()
    client = gw.add_client("system/*.rs")
    load = Load()

    def key_set(session):
        answer = session.get(gw.issuer + "/jwks", timeout=30)
        assert answer.status_code == 200 and max_age_of(answer) == PUBLISH_S
        load.note_key_set(answer.json())
        return max_age_of(answer), answer.json()

    def new_session():
        session = requests.Session()
        session.verify = gw.ca
        session.trust_env = False
        return session

    verifier = Verifier(lambda: key_set(new_session()))

    def issue_and_read():
        session, tokens = new_session(), []
        form = {"grant_type": "client_credentials", "scope": "system/*.rs"}

        def step():
            answer = session.post(gw.token_url, data=form, auth=client, timeout=30)
            assert answer.status_code == 200, answer.text
            tokens.append(answer.json()["access_token"])
            load.note_token(tokens[-1])
            verifier.verify(tokens[-1])
            for token in (tokens[-1], tokens[0]):  # the first is of the first key, to the end
                headers = {"Authorization": f"Bearer {token}"}
                read = session.get(gw.base + "/Patient/pat-1", headers=headers, timeout=30)
                assert read.status_code == 200, read.text

        return step

    def watch():
        session = new_session()
        return lambda: key_set(session) and load.stopped.wait(0.05)

    load.run(watch)
    wait_until("the key set is seen", lambda: load.faults or load.published)
    for _ in range(THREADS):
        load.run(issue_and_read)
    wait_until("tokens are issued", lambda: load.faults or load.signed)
    rotated = []
    for _ in range(2):
        following = json.loads(gw.ctl("key", "rotate", "--json"))
        assert following["state"] == "pending" and following["signs_from"] > time.time()
        rotated.append(following["kid"])
        load.wait_for(following["kid"])
    load.stop()

    assert len(load.signed) == 3 and set(rotated) <= load.signed.keys()
    load.check_schedule()
    assert verifier.fetches >= 3 and load.rounds > 50
    print(f"{gw.server}: {load.rounds} rounds, {verifier.fetches} fetches of the key set")
    assert load.signed.keys() <= {key["kid"] for key in key_set(gw.session)[1]["keys"]}
    states = {key["kid"]: key["state"] for key in json.loads(gw.ctl("key", "list", "--json"))}
    assert states.pop(rotated[1]) == "active"
    assert states[rotated[0]] in ("active", "retired")  # it is noted when somebody gets to it
    assert "retired" in states.values()


# ---- by itself ----


class Endpoint:
    """token-endpoint alone, asked over FastCGI."""

    def __init__(self, folder, extra):
        self.ctl = Authctl(folder, extra=extra + "require_https = no\n")
        self.first = self.ctl.json("key", "generate")["kid"]
        self.client = self.ctl.add("--id", "c")
        self.log = folder / "events"
        text = self.ctl.conf.read_text()
        self.ctl.conf.write_text(f"[server]\nlog = {self.log}\nthreads = 2\n" + text)
        env = {"FHIR_AUTH_CONF": str(self.ctl.conf)}
        self.program = Program(BUILD / "token-endpoint", folder / "sock", env)

    def get(self, path):
        answer = self.program.ask(
            RESPONDER, {"REQUEST_METHOD": "GET", "REQUEST_URI": path}
        )
        head, body = answer.split("\r\n\r\n", 1)
        assert head.startswith("Status: 200"), answer
        return head, json.loads(body)

    def token(self):
        body = b"grant_type=client_credentials&scope=system/*.rs"
        login = f"{self.client['client_id']}:{self.client['client_secret']}".encode()
        answer = self.program.ask(RESPONDER, {
            "REQUEST_METHOD": "POST",
            "REQUEST_URI": "/token",
            "REMOTE_ADDR": "127.0.0.1",  # which is not throttled
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_AUTHORIZATION": "Basic " + base64.b64encode(login).decode(),
        }, body)
        assert answer.startswith("Status: 200"), answer
        return json.loads(answer.split("\r\n\r\n", 1)[1])["access_token"]

    def events(self, name):
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line for line in lines if line["event"] == name]


@pytest.fixture(name="endpoint_with")
def endpoint_with_fixture(tmp_path):
    running = []

    def start(extra):
        running.append(Endpoint(tmp_path, extra))
        return running[0]

    yield start
    for endpoint in running:
        if endpoint.program.process.poll() is None:
            assert endpoint.program.end() == 0


def test_keys_rotate_by_themselves(endpoint_with):
    endpoint = endpoint_with(f"publish_before_use = {PUBLISH_S}s\nrotate_every = 5s\n")
    load = Load()

    def key_set():
        head, body = endpoint.get("/jwks")
        load.note_key_set(body)
        return int(head.split("max-age=")[1].split("\r\n")[0]), body

    verifier = Verifier(key_set)

    def issue():
        def step():
            token = endpoint.token()
            load.note_token(token)
            verifier.verify(token)
            load.stopped.wait(0.01)

        return step

    load.run(lambda: lambda: key_set() and load.stopped.wait(0.05))
    wait_until("the key set is seen", lambda: load.faults or load.published)
    load.run(issue)
    wait_until("two switches", lambda: load.faults or len(load.signed) == 3, 30)
    load.stop()
    load.check_schedule()
    assert endpoint.first in load.signed
    wait_until("it is noted", lambda: len(endpoint.events("key-switched")) >= 2)
    switched = endpoint.events("key-switched")
    assert {event["kid"] for event in switched} <= load.signed.keys()
    states = [key["state"] for key in endpoint.ctl.json("key", "list")]
    assert states.count("active") == 1 and states.count("retired") >= 2
    assert endpoint.events("keys-not-tended") == []


def test_what_hinders_a_rotation_is_said_once(endpoint_with):
    """And no request notices: the key that signs is in memory."""
    endpoint = endpoint_with("publish_before_use = 1s\nrotate_every = 2s\n")
    endpoint.token()
    saved = endpoint.ctl.keys.with_name("saved")
    endpoint.ctl.keys.rename(saved)
    said = wait_until("it is said", lambda: endpoint.events("keys-not-tended"))
    assert str(endpoint.ctl.keys) in said[0]["reason"]
    assert "fhir-authctl key rotate" in said[0]["remedy"]
    saved.rename(endpoint.ctl.keys)
    endpoint.token()
    with sqlite3.connect(endpoint.ctl.store) as db:
        (name, next_at), = db.execute("SELECT name, next_at FROM task WHERE name LIKE 'key%'")
    assert str(endpoint.ctl.keys) in name and next_at > time.time() + 80000


def test_expired_rows_go_while_nobody_waits(endpoint_with):
    """A few seconds after the first request, and without holding up the end of the process."""
    endpoint = endpoint_with("")
    fill = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {}) "
        "INSERT INTO jti SELECT randomblob(32), 1000 FROM n"
    )

    def rows():
        with sqlite3.connect(endpoint.ctl.store, timeout=10) as db:
            return db.execute("SELECT count(*) FROM jti").fetchone()[0]

    with sqlite3.connect(endpoint.ctl.store) as db:
        db.execute(fill.format(5000))
    endpoint.token()
    wait_until("the rows have gone", lambda: rows() == 0)
    with sqlite3.connect(endpoint.ctl.store) as db:
        db.execute("DELETE FROM task")
        db.execute(fill.format(60000))
    second = Program(BUILD / "token-endpoint", endpoint.ctl.dir / "sock2",
                     {"FHIR_AUTH_CONF": str(endpoint.ctl.conf)})
    assert "200" in second.ask(RESPONDER, {"REQUEST_METHOD": "GET", "REQUEST_URI": "/health"})
    wait_until("it purges", lambda: rows() < 60000)
    begin = time.monotonic()
    assert second.end() == 0
    assert time.monotonic() - begin < 2
    assert rows() > 0


def test_plain_cgi_does_a_small_step_after_its_answer(tmp_path):
    ctl = Authctl(tmp_path, extra="publish_before_use = 1s\n")
    first = ctl.json("key", "generate")["kid"]
    second = ctl.json("key", "rotate")
    with sqlite3.connect(ctl.store) as db:
        db.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 800) "
                   "INSERT INTO jti SELECT randomblob(32), 1000 FROM n")
    env = {"FHIR_AUTH_CONF": str(ctl.conf), "GATEWAY_INTERFACE": "CGI/1.1",
           "REQUEST_METHOD": "GET", "REQUEST_URI": "/jwks"}
    wait_until("the second key signs", lambda: time.time() > second["signs_from"])
    for left in (300, 300):  # of all processes one a minute
        done = subprocess.run([BUILD / "token-endpoint"], env=env, stdin=subprocess.DEVNULL,
                              capture_output=True, check=True, timeout=20)
        assert done.stdout.startswith(b"Status: 200") and b"keys-not-tended" not in done.stderr
        with sqlite3.connect(ctl.store) as db:
            assert db.execute("SELECT count(*) FROM jti").fetchone() == (left,)
    states = {key["kid"]: key["state"] for key in ctl.json("key", "list")}
    assert states == {first: "retired", second["kid"]: "active"}
