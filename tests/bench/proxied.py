"""A proxied request behind our authorizer, behind a no-op, and behind none: lighttpd and Apache."""
from load import Load, ratio
from sites import Site
from stage import Stage

# What stands in for us; the second one tells the FHIR server who asks, as we do.
NOOPS = {"noop": "noop_authorizer", "facts": "noop_facts"}


def site_of(stage: Stage, server: str, name: str) -> Site:
    if name == "none":
        # Without an authorizer there is nothing in which the two sites for Apache differ.
        site = stage.site("apache" if server.startswith("apache") else server)
        site.unguard()
        return site
    site = stage.site(server)
    if name in NOOPS:
        site.take("fcgi-authorizer", NOOPS[name])
    return site


def loads_of(stage: Stage, server: str, names: tuple[str, ...]) -> dict[str, Load]:
    sites = {name: site_of(stage, server, name) for name in names}
    for name, site in sites.items():
        site.start()
        if site.server == "apache" and name != "none":
            site.fill_pool()
    token = sites["ours"].token("system/*.rs")
    return {name: stage.reads(site, [token]) for name, site in sites.items()}


def measure(stage: Stage, server: str, what: str) -> None:
    turns = stage.compare(what, loads_of(stage, server, ("ours", *NOOPS, "none")))
    for other in ("noop", "facts", "none"):
        stage.report.add(f"{what}-ours-over-{other}", ratio(turns, "ours", other), "ratio")


def lighttpd(stage: Stage) -> None:
    measure(stage, "lighttpd", "lighttpd")


def apache_authnz(stage: Stage) -> None:
    """mod_authnz_fcgi instead of mod_fcgid."""
    measure(stage, "apache-authnz", "apache-authnz")


def apache(stage: Stage) -> None:
    measure(stage, "apache", "apache-fcgid")
