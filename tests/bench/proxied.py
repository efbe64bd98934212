"""A proxied request behind our authorizer, behind a no-op, and behind none: lighttpd and Apache."""
from load import Load, p99_ms, rate, ratio, turn_by_turn
from stage import Stage



# What stands in for us; the second one tells the FHIR server who asks, as we do.
NOOPS = {"noop": "noop_authorizer", "facts": "noop_facts"}


def all_sites(stage: Stage, server: str) -> dict[str, Load]:
    # Without an authorizer there is nothing in which the two sites for Apache differ.
    unguarded = "apache" if server.startswith("apache") else server
    sites = {"ours": server, "noop": server, "facts": server, "none": unguarded}
    sites = {name: stage.site(each) for name, each in sites.items()}
    for name, program in NOOPS.items():
        sites[name].take("fcgi-authorizer", program)
    sites["none"].unguard()
    for name, site in sites.items():
        site.start()
        if site.server == "apache" and name != "none":
            site.fill_pool()
    token = sites["ours"].token("system/*.rs")
    return {name: stage.reads(site, [token]) for name, site in sites.items()}


def measure(stage: Stage, server: str, what: str) -> None:
    loads = all_sites(stage, server)
    for load in loads.values():
        load.warm_up()
    turns = turn_by_turn(loads)
    for name, runs in turns.items():
        stage.report.add(f"{what}-{name}", rate(runs), "requests/s", [run.rate for run in runs])
        stage.report.add(f"{what}-{name}-p99", p99_ms(runs), "ms")
    for other in ("noop", "facts", "none"):
        stage.report.add(f"{what}-ours-over-{other}", ratio(turns, "ours", other), "ratio")


def lighttpd(stage: Stage) -> None:
    measure(stage, "lighttpd", "lighttpd")


def apache_authnz(stage: Stage) -> None:
    """mod_authnz_fcgi instead of mod_fcgid."""
    measure(stage, "apache-authnz", "apache-authnz")


def apache(stage: Stage) -> None:
    measure(stage, "apache", "apache-fcgid")
