#!/usr/bin/python3
"""
The table of the README, from build/bench/bench.json of one run of make bench: table.py [FILE].
"""
import json
import pathlib
import sys

from figures import short

ROOT = pathlib.Path(__file__).resolve().parents[2]

# What is said of a figure, and its name.
ROWS = (
    ("**A request with a token that was seen before**, over a no-op FastCGI authorizer", None),
    ("lighttpd", "lighttpd-ours-over-noop"),
    ("Apache, mod_fcgid", "apache-fcgid-ours-over-noop"),
    ("Apache, mod_authnz_fcgi", "apache-authnz-ours-over-noop"),
    ("**The better of our two ways on Apache**, over the faster of mod_auth_openidc and mod_oauth2", None),
    ("one ES256 token again and again", "guard-keys-ES256-one-best-over-fastest"),
    ("one RS256 token again and again", "guard-keys-RS256-one-best-over-fastest"),
    ("10,000 ES256 tokens", "guard-keys-ES256-10000-best-over-fastest"),
    ("10,000 RS256 tokens", "guard-keys-RS256-10000-best-over-fastest"),
    ("introspection, one token", "guard-introspection-cached-best-over-fastest"),
    ("introspection, 10,000 tokens", "guard-introspection-10000-best-over-fastest"),
    ("**A token for client_secret_basic**, ES256, lighttpd", None),
    ("over a no-op FastCGI responder", "token-ES256-client_secret_basic-ours-over-noop"),
    ("over Glewlwyd", "token-ES256-client_secret_basic-ours-over-glewlwyd"),
    ("over oidc-provider", "token-ES256-client_secret_basic-ours-over-oidc-provider"),
    ("**A token for private_key_jwt**, ES256, lighttpd", None),
    ("over oidc-provider", "token-ES256-private_key_jwt-ours-over-oidc-provider"),
    (
        "`openssl speed` for verify and sign, over the processor time of token-endpoint",
        "token-ES256-private_key_jwt-openssl-verify-and-sign-over-cpu-endpoint",
    ),
    ("**Checking a signature**, over `openssl speed` for a bare verify", None),
    ("ES256", "core-token-ES256-over-openssl-verify"),
    ("RS256", "core-token-RS256-over-openssl-verify"),
)


def main() -> None:
    path = sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "bench" / "bench.json"
    found = json.loads(pathlib.Path(path).read_text())
    values = {figure["name"]: figure["value"] for figure in found["figures"]}
    print("| | ratio |\n| --- | --- |")
    for text, name in ROWS:
        value = "" if name is None else short(values[name]) if values.get(name) else "not measured"
        print(f"| {text} | {value} |")
    about = found["about"]
    print(f"\n{about['date'][:10]}, {about['cores']} cores of {about['processor']}")


if __name__ == "__main__":
    main()
