"""How the figures change as something grows: connections, clients, revoked tokens, scopes."""
import functools

import issuing
from load import Load, p99_ms, rate, ratio, turn_by_turn
from minted import SCOPE
from proxied import loads_of
from sites import trusting
from stage import Stage
from token_peers import TokenServer

SECONDS = 1
CONNECTIONS = (1, 2, 4, 8, 16)
CLIENTS = (10, 1_000, 100_000)
REVOKED = (1, 100, 10_000)
SCOPES = (1, 10, 50, 100, 200)

# Rows like those that fhir-authctl makes, without starting it so many times.
MORE_CLIENTS = """
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
INSERT INTO client (id, {others}) SELECT 'more-' || i, {others} FROM n, (SELECT * FROM client LIMIT 1)"""
THEIR_SECRETS = """
INSERT INTO client_secret (client_id, kind, salt, hash, created_at, expires_at)
SELECT c.id, s.kind, randomblob(16), s.hash, s.created_at, s.expires_at
 FROM client c, (SELECT * FROM client_secret LIMIT 1) s WHERE c.id LIKE 'more-%'"""
MORE_REVOKED = """
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
INSERT INTO revocation SELECT randomblob(32), unixepoch() + 3000 FROM n"""


def tell(stage: Stage, what: str, loads: dict[str, Load]) -> None:
    """Rates turn by turn, and that of the last over that of the first."""
    for load in loads.values():
        load.run(SECONDS)
    turns = turn_by_turn(loads, SECONDS)
    for name, runs in turns.items():
        stage.report.add(f"{what}-{name}", rate(runs), "requests/s", [run.rate for run in runs])
    names = list(loads)
    stage.report.add(f"{what}-{names[-1]}-over-{names[0]}", ratio(turns, names[-1], names[0]), "ratio")


def connections(stage: Stage, server: str) -> None:
    loads = loads_of(stage, server, ("ours", "noop"))
    for load in loads.values():
        load.warm_up()
    for count in CONNECTIONS:
        turns = turn_by_turn(loads, SECONDS, count)
        what = f"growth-connections-{server}-{count}"
        stage.report.add(what, rate(turns["ours"]), "requests/s")
        stage.report.add(f"{what}-p99", p99_ms(turns["ours"]), "ms")
        stage.report.add(f"{what}-ours-over-noop", ratio(turns, "ours", "noop"), "ratio")


def clients(stage: Stage) -> None:
    """Tokens given out, of a store with so many clients."""
    loads = {}
    for count in CLIENTS:
        site = stage.site("lighttpd")
        login = site.add_client(SCOPE, "--secret")
        columns = [row[1] for row in site.sql("PRAGMA table_info(client)")]
        others = ", ".join(name for name in columns if name != "id")
        site.sql(MORE_CLIENTS.format(count=count - 1, others=others))
        site.sql(THEIR_SECRETS)
        site.start()
        server = TokenServer(site.origin, site.token_url, login, "", "")
        loads[str(count)] = issuing.by_secret(stage, server, None)
    tell(stage, "growth-clients", loads)


def revoked(stage: Stage) -> None:
    """A token that is checked each time, of a store with so many revoked ones."""
    loads = {}
    for count in REVOKED:
        site = stage.site("lighttpd", "[authorizer]\ntoken_cache = 0\n")
        site.sql(MORE_REVOKED.format(count=count))
        site.start()
        loads[str(count)] = stage.reads(site, [site.token(SCOPE)])
    tell(stage, "growth-revoked", loads)


def many_scopes(count: int) -> str:
    """The one that is needed comes last."""
    others = [f"system/Observation.rs?code=c{i}" for i in range(count - 1)]
    return " ".join([*others, "system/Patient.rs"])


def scopes(stage: Stage) -> None:
    """Tokens with so many scopes, seen before."""
    site = stage.site("lighttpd", trusting(stage.backend))
    site.start()
    loads = {
        str(count): stage.reads(site, [stage.minter.token("ES256", many_scopes(count))])
        for count in SCOPES
    }
    tell(stage, "growth-scopes", loads)


connections_lighttpd = functools.partial(connections, server="lighttpd")
connections_apache = functools.partial(connections, server="apache")
