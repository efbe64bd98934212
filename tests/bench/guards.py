"""The same request under Apache, guarded by us and by the two modules that one would take instead."""
import itertools
import pathlib
import secrets

from gateway import chown_to_server
from load import Load, LoadError, rate, ratio
from minted import AUDIENCE, OPAQUE
from sites import Site, introspecting, trusting
from stage import Stage

MODULES = pathlib.Path("/usr/lib/apache2/modules")
MANY = 10_000

OPENIDC = """\
    OIDCCryptoPassphrase of-no-use-here
    OIDCOAuthSSLValidateServer Off
"""
OPENIDC_LOCATION = f"""\
AuthType oauth20
        <RequireAll>
            Require claim aud:{AUDIENCE}
            Require claim "scope~(?:^|.*[ ])system/[*][.]rs(?:[ ].*|$)"
        </RequireAll>
"""
OAUTH2_LOCATION = f"""\
AuthType oauth2
        Require oauth2_claim aud:{AUDIENCE}
"""


def openidc(stage: Stage, how: str) -> Site:
    lines = {
        "keys": f"    OIDCOAuthVerifyJwksUri {stage.backend.tls}/jwks.json\n",
        "introspection": f"    OIDCOAuthIntrospectionEndpoint {stage.backend.tls}/introspect\n"
        "    OIDCOAuthClientID gateway\n    OIDCOAuthClientSecret secret\n",
    }
    site = stage.site("apache")
    module = f"LoadModule auth_openidc_module {MODULES}/mod_auth_openidc.so"
    site.guard_by(OPENIDC_LOCATION, OPENIDC + lines[how], module)
    return site


def oauth2(stage: Stage, how: str) -> Site:
    url = stage.backend.plain
    lines = {
        "keys": f"    OAuth2TokenVerify jwks_uri {url}/jwks.json "
        "jwks_uri.ssl_verify=false&verify.iat=skip&verify.iss=skip\n",
        "introspection": f"    OAuth2TokenVerify introspect {url}/introspect "
        "introspect.auth=client_secret_basic&client_id=gateway&client_secret=secret&verify.iat=skip\n",
    }
    site = stage.site("apache")
    module = f"LoadModule oauth2_module {MODULES}/mod_oauth2.so"
    site.guard_by(OAUTH2_LOCATION, lines[how], module)
    return site


def ours(stage: Stage, how: str, server: str = "apache") -> Site:
    if how == "keys":
        return stage.site(server, trusting(stage.backend))
    secret = stage.folder("secret") / "introspect.secret"
    secret.write_text("secret\n")
    secret.chmod(0o600)
    chown_to_server(secret)
    secret.parent.chmod(0o755)
    return stage.site(server, introspecting(stage.backend, secret))


def ours_authnz(stage: Stage, how: str) -> Site:
    """By mod_authnz_fcgi instead of mod_fcgid."""
    return ours(stage, how, "apache-authnz")


GUARDS = {
    "ours": ours,
    "ours-authnz": ours_authnz,
    "mod_auth_openidc": openidc,
    "mod_oauth2": oauth2,
}


NOOP = "noop"  # what no authorizer under mod_fcgid can surpass


def started(stage: Stage, what: str, how: str) -> dict[str, Site]:
    """Those that there are, and that refuse what they should: else they would be no guards."""
    sites = {}
    for name, make in GUARDS.items():
        try:
            site = make(stage, how).start()
            status = site.session.get(site.patient, timeout=30).status_code
            if status not in (400, 401):
                raise LoadError(f"a request without a token got {status}")
            sites[name] = site
            if name == "ours":
                site.fill_pool()
        except Exception as fault:  # not installed, or another version than these lines are for
            stage.report.skip(f"{what}{name}", fault)
    sites[NOOP] = stage.site("apache")
    sites[NOOP].take("fcgi-authorizer", "noop_authorizer")
    sites[NOOP].start().fill_pool()
    return sites


def compare(stage: Stage, what: str, loads: dict[str, Load]) -> None:
    turns = stage.compare(what, loads)
    names = {True: [], False: []}  # of ours, and of the others
    for name in (each for each in loads if each != NOOP):
        names[name.startswith("ours")].append(name)
    for mine, other in itertools.product(names[True], names[False]):
        stage.report.add(f"{what}-{mine}-over-{other}", ratio(turns, mine, other), "ratio")
    best, fastest = (max(each, key=lambda name: rate(turns[name])) for each in names.values())
    stage.report.add(f"{what}-best-over-fastest", ratio(turns, best, fastest), "ratio")
    stage.report.add(f"{what}-noop-over-fastest", ratio(turns, NOOP, fastest), "ratio")


def by_keys(stage: Stage) -> None:
    sites = started(stage, "guard-keys-", "keys")
    for alg in ("ES256", "RS256"):
        for name, count in (("one", 1), ("10000", MANY)):
            what = f"guard-keys-{alg}-{name}"
            if not stage.report.wants(what):
                continue
            tokens = stage.minter.tokens(alg, count)
            compare(stage, what, {each: stage.reads(site, tokens) for each, site in sites.items()})


def by_introspection(stage: Stage) -> None:
    sites = started(stage, "guard-introspection-", "introspection")
    many = [secrets.token_urlsafe(32) for _ in range(MANY)]
    for name, tokens in (("cached", [OPAQUE]), ("10000", many)):
        what = f"guard-introspection-{name}"
        if stage.report.wants(what):
            compare(stage, what, {each: stage.reads(site, tokens) for each, site in sites.items()})
