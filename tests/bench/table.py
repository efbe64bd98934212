#!/usr/bin/python3
"""
For the README: its table on standard output, and tests/bench/measured.svg, from build/bench/bench.json
of one run of make bench: table.py [FILE].
"""
import json
import pathlib
import sys

import chart
from figures import Figure

ROOT = pathlib.Path(__file__).resolve().parents[2]
GUARD, SECRET, KEY = "guard", "token-ES256-client_secret_basic", "token-ES256-private_key_jwt"

# What is said of some figures, in the table and in short; of each, with its name.
ROWS = (
    ("A request with a token that was seen before, over a no-op FastCGI authorizer", "seen, over no-op", (
        ("lighttpd", "lighttpd-ours-over-noop"),
        ("Apache, mod_fcgid", "apache-fcgid-ours-over-noop"),
        ("Apache, mod_authnz_fcgi", "apache-authnz-ours-over-noop"),
    )),
    ("On Apache, over the faster of mod_auth_openidc and mod_oauth2", "Apache, over the faster module", (
        ("10,000 ES256 tokens", f"{GUARD}-keys-ES256-10000-best-over-fastest"),
        ("10,000 RS256 tokens", f"{GUARD}-keys-RS256-10000-best-over-fastest"),
        ("10,000 tokens, introspection", f"{GUARD}-introspection-10000-best-over-fastest"),
        ("one ES256 token", f"{GUARD}-keys-ES256-one-best-over-fastest"),
        ("one RS256 token", f"{GUARD}-keys-RS256-one-best-over-fastest"),
        ("one token, introspection", f"{GUARD}-introspection-cached-best-over-fastest"),
    )),
    ("Issuing a token by client_secret_basic, ES256, lighttpd", "client_secret_basic", (
        ("over a no-op FastCGI responder", f"{SECRET}-ours-over-noop"),
        ("over Glewlwyd", f"{SECRET}-ours-over-glewlwyd"),
        ("over oidc-provider", f"{SECRET}-ours-over-oidc-provider"),
    )),
    ("Issuing a token by private_key_jwt, ES256, lighttpd", "private_key_jwt", (
        ("over Glewlwyd", f"{KEY}-ours-over-glewlwyd"),
        ("over oidc-provider", f"{KEY}-ours-over-oidc-provider"),
    )),
    ("Checking a token, over `openssl speed` for a bare verify", "check, over a bare verify", (
        ("ES256", "core-token-ES256-over-openssl-verify"),
        ("RS256", "core-token-RS256-over-openssl-verify"),
    )),
)  # fmt: skip


def main() -> None:
    path = sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "bench" / "bench.json"
    found = json.loads(pathlib.Path(path).read_text())
    values = {figure["name"]: figure["value"] for figure in found["figures"]}
    about, drawn = found["about"], []
    print("| | ratio |\n| --- | --- |")
    for heading, brief, rows in ROWS:
        print(f"| **{heading}** | |")
        for text, name in rows:
            value = values.get(name)
            print(f"| {text} | {'not measured' if value is None else f'{value:.2f}'} |")
            drawn.append(Figure(f"{brief}: {text}", value, "ratio" if value is not None else ""))
    title = f"Higher is faster; {about['date'][:10]}, {about['cores']} cores of {about['processor']}"
    print(f"\n{title}")
    chart.draw(pathlib.Path(__file__).with_name("measured.svg"), drawn, title)


if __name__ == "__main__":
    main()
