"""Tokens for client_credentials: ours under lighttpd, a no-op there, and two other token endpoints."""
import base64
import pathlib
import urllib.parse
from collections.abc import Callable

from keys import assertion_form
from load import Load, p99_ms, rate, ratio, raw, turn_by_turn
from minted import SCOPE, Signer
from processor import signature_us, spent_us
from stage import Stage
from token_peers import TokenServer, glewlwyd, oidc_provider

SECONDS = 1  # of a run: each assertion counts once and must be signed before
FIRST = {"ES256": 30_000, "RS256": 5_000}  # assertions for the first run: more than any server takes


def ours(stage: Stage, alg: str, client_key: Signer) -> TokenServer:
    site = stage.site("lighttpd", signing=alg)
    jwks = stage.folder("client") / "jwks.json"
    jwks.write_text(client_key.key_set())
    by_secret = site.add_client(SCOPE, "--secret")
    by_key = site.add_client(SCOPE, "--jwks", str(jwks))[0]
    site.start()
    audience = site.token_audience
    return TokenServer(site.origin, site.token_url, by_secret, by_key, audience, folder=site.dir)


def noop(stage: Stage, alg: str, _: Signer) -> TokenServer:
    site = stage.site("lighttpd", signing=alg)
    site.take("token-endpoint", "noop_responder")
    site.start()
    return TokenServer(site.origin, site.token_url, ("c", "secret"), "c", alg, reads_nothing=True)


def peer(make) -> Callable[[Stage, str, Signer], TokenServer]:
    def on_stage(stage: Stage, alg: str, client_key: Signer) -> TokenServer:
        return stage.enter_context(make(stage.folder(make.__name__), alg, client_key))

    return on_stage


SERVERS = {
    "ours": ours,
    "noop": noop,
    "glewlwyd": peer(glewlwyd),
    "oidc-provider": peer(oidc_provider),
}


def post(server: TokenServer, form: dict, headers: dict[str, str]) -> bytes:
    headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    return raw("POST", server.token_url, headers, urllib.parse.urlencode(form))


def by_secret(stage: Stage, server: TokenServer, _: Signer) -> Load:
    login = base64.b64encode(":".join(server.by_secret).encode()).decode()
    form = {"grant_type": "client_credentials", "scope": SCOPE}
    request = post(server, form, {"Authorization": f"Basic {login}"})
    return stage.load([request], server.origin)


def by_key(stage: Stage, server: TokenServer, key: Signer) -> Load:
    def fresh() -> bytes:
        assertion = key.assertion(server.by_key, server.audience)
        return post(server, assertion_form(assertion, SCOPE), {})

    if server.reads_nothing:
        return stage.load([fresh()], server.origin)
    load = stage.load([], server.origin, fresh)
    load.need = FIRST[key.alg]
    return load


LOGINS = {"client_secret_basic": by_secret, "private_key_jwt": by_key}


def processor(stage: Stage, what: str, load: Load, folder: pathlib.Path, by_key: bool) -> None:
    """Microseconds a token: with the web server, and of token-endpoint beside what OpenSSL needs."""
    before = spent_us(folder)
    tokens = load.run(SECONDS).rate * SECONDS
    used = {name: (us - before.get(name, 0)) / tokens for name, us in spent_us(folder).items()}
    stage.report.add(f"{what}-ours-cpu-with-lighttpd", sum(used.values()), "us/token")
    stage.report.add(f"{what}-ours-cpu-endpoint", used["token-endpoint"], "us/token")
    if by_key:
        name = f"{what}-openssl-verify-and-sign-over-cpu-endpoint"
        stage.report.add(name, signature_us() / used["token-endpoint"], "ratio")


def measure(stage: Stage, alg: str) -> None:
    """alg: of the tokens and of the assertions."""
    key = Signer(alg)
    servers = {}
    for name, make in SERVERS.items():
        try:
            servers[name] = make(stage, alg, key)
        except Exception as fault:  # not installed, no network, or another version
            stage.report.skip(f"token-{alg}-{name}", fault)
    for login, prepare in LOGINS.items():
        what = f"token-{alg}-{login}"
        if not stage.report.wants(what):
            continue
        loads = {name: prepare(stage, server, key) for name, server in servers.items()}
        for load in loads.values():
            load.run(SECONDS)
        turns = turn_by_turn(loads, SECONDS)
        for name, runs in turns.items():
            stage.report.add(f"{what}-{name}", rate(runs), "tokens/s", [run.rate for run in runs])
            stage.report.add(f"{what}-{name}-p99", p99_ms(runs), "ms")
        if alg == "ES256" and "ours" in loads:
            folder = servers["ours"].folder
            processor(stage, what, loads["ours"], folder, login == "private_key_jwt")
        for other in loads:
            if other != "ours":
                stage.report.add(f"{what}-ours-over-{other}", ratio(turns, "ours", other), "ratio")


def es256(stage: Stage) -> None:
    measure(stage, "ES256")


def rs256(stage: Stage) -> None:
    measure(stage, "RS256")
