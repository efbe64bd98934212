"""fhir-authctl: command line, config check, clients."""
import json
import os
import pathlib
import sqlite3
import stat
import subprocess
import time

import pytest
from jwcrypto import jwk

from authctl import PROGRAM, Authctl


@pytest.fixture
def ctl(tmp_path):
    return Authctl(tmp_path)


def public_set(*keys):
    return '{"keys":[' + ",".join(k.export_public() for k in keys) + "]}"


def test_usage(ctl):
    for args in [["--help"], ["-h"], ["client", "--help"], ["client", "add", "-h"]]:
        assert "fhir-authctl client add NAME" in ctl.yes(*args)
    assert "jose verify" not in ctl.yes("client", "--help")
    assert "client list" not in ctl.yes("client", "add", "x", "--help")
    ctl.misuse("usage:", *[])
    ctl.misuse("client add NAME", "client")


@pytest.mark.parametrize(
    "why, args",
    [
        ("unknown command 'clients'", ["clients"]),
        ("unknown command 'client delete'", ["client", "delete", "x"]),
        ("unknown command '--json'", ["--json"]),
        ("needs a NAME", ["client", "add", "--scope", "system/*.rs"]),
        ("needs --scope", ["client", "add", "x"]),
        ("--scope needs a value", ["client", "add", "x", "--scope"]),
        ("given twice", ["client", "add", "x", "--scope", "introspect", "--scope=introspect"]),
        ("takes no value", ["client", "list", "--json=1"]),
        ("no option --scop", ["client", "add", "x", "--scop", "system/*.rs"]),
        ("no option --now", ["client", "list", "--now"]),
        ("no option -j", ["client", "list", "-j"]),
        ("does not take the argument 'x'", ["client", "list", "x"]),
        ("does not take the argument 'b'", ["client", "show", "a", "b"]),
        ("does not take the argument '--json'", ["client", "list", "--", "--json"]),
        ("needs something to set", ["client", "set", "x"]),
        ("--grace 'soon'", ["client", "rotate-secret", "x", "--grace", "soon"]),
        ("--grace '91d'", ["client", "rotate-secret", "x", "--grace", "91d"]),
        ("needs --key", ["jose", "verify"]),
    ],
)
def test_misuse(ctl, why, args):
    ctl.misuse(why, *args)
    assert not ctl.store.exists()


def test_config_check(ctl):
    done = ctl.run("config", "check")
    assert done.returncode == 0 and b"no faults" in done.stdout
    assert b"warning" in done.stderr and b"fhir-authctl key generate" in done.stderr
    ctl.add()
    done = ctl.run("config", "check")
    assert done.returncode == 0 and b"fhir-authctl key generate" in done.stderr
    ctl.yes("key", "generate")
    done = ctl.run("config", "check")
    assert done.returncode == 0 and done.stderr == b""
    signal = ctl.store.with_name(ctl.store.name + "-signal")
    signal.write_bytes(b"")
    done = ctl.run("config", "check")
    assert done.returncode == 0 and b"-signal: it is of no use" in done.stderr
    signal.unlink()
    assert ctl.run("config", "check").stderr == b""
    ctl.store.chmod(0o644)
    done = ctl.run("config", "check")
    assert done.returncode == 0 and b"warning: store" in done.stderr
    with ctl.conf.open("a") as conf:
        conf.write("[audit]\nevents = https://fhir.example/r4\nspool = /proc/version/x\n")
    assert b"warning: spool /proc/version/x" in ctl.run("config", "check").stderr


def test_opaque_tokens_need_no_key(tmp_path):
    ctl = Authctl(tmp_path, extra="format = opaque\n")
    ctl.add()
    done = ctl.run("config", "check")
    assert done.returncode == 0 and done.stderr == b""


def test_config_faults_are_listed_with_their_lines(ctl):
    ctl.conf.write_text("[server]\nthreads = 0\ncolour = red\n[token-endpoint]\nissuer = ftp://x\n")
    text = ctl.no(f"{ctl.conf}:2: ", "config", "check")
    assert f"{ctl.conf}:3: " in text and f"{ctl.conf}:5: " in text
    assert text.count("fhir-authctl: ") == len(text.splitlines())
    for args in [["client", "list"], ["key", "generate"], ["token", "inspect"]]:
        ctl.no(f"{ctl.conf}:2: ", *args)
    ctl.conf.unlink()
    ctl.no(str(ctl.conf), "config", "check")


def test_no_store_yet(ctl):
    for args in [["client", "list"], ["client", "show", "x"], ["client", "remove", "x"],
                 ["key", "list"], ["key", "rotate"], ["key", "retire", "x"], ["token", "revoke"]]:
        ctl.no("fhir-authctl key generate", *args)
    assert not ctl.store.exists()


def test_add_shows_the_secret_once(ctl):
    made = ctl.add(name="Ward é")
    assert len(made["client_id"]) == 32 and len(made["client_secret"]) == 43
    assert made["name"] == "Ward é" and made["scope"] == "system/*.rs"
    assert made["auth_method"] == "client_secret_basic" and made["enabled"] is True
    assert made["token_lifetime"] is None and abs(made["created_at"] - time.time()) < 60
    assert stat.S_IMODE(ctl.store.stat().st_mode) == 0o600
    for args in [["show", made["client_id"]], ["list"]]:
        for form in [[], ["--json"]]:
            text = ctl.yes("client", *args, *form)
            assert made["client_id"] in text and made["client_secret"] not in text
    assert made["client_secret"].encode() not in ctl.store.read_bytes()
    assert ctl.add()["client_secret"] != made["client_secret"]


def test_dpop_may_be_demanded(ctl):
    made = ctl.add("--dpop", "required")
    assert made["dpop"] == "required"
    assert ctl.add()["dpop"] == "optional"
    client_id = made["client_id"]
    assert ctl.json("client", "set", client_id, "--name", "n")["dpop"] == "required"
    assert ctl.json("client", "set", client_id, "--dpop", "optional")["dpop"] == "optional"
    assert ctl.json("client", "show", client_id)["dpop"] == "optional"
    for value in ("yes", "", "Required"):
        ctl.misuse("--dpop", "client", "set", client_id, "--dpop", value)


TLS_NAMES = {
    "--tls-subject": ("CN=a,O=b", "tls_subject", ("CN=a, O=b", "CN = a", "/CN=a", "a", "CN=ñ")),
    "--tls-san-dns": ("a.example", "tls_san_dns", ("*.example", "a b", "")),
    "--tls-san-uri": ("urn:a", "tls_san_uri", ("a", "")),
    "--tls-san-ip": ("2001:db8::1", "tls_san_ip", ("10.0.0.0/8", "a", "1.2.3")),
    "--tls-san-email": ("a@b.example", "tls_san_email", ("a", "")),
}


@pytest.mark.parametrize("option", TLS_NAMES)
def test_a_name_of_a_certificate(ctl, option):
    good, member, bad = TLS_NAMES[option]
    made = ctl.add(option, good)
    assert (made["auth_method"], made[member]) == ("tls_client_auth", good)
    assert made["tls_bound"] == "required"
    assert "client_secret" not in made
    for value in bad:
        ctl.misuse(option, "client", "add", "x", "--scope", "introspect", option, value)
    ctl.no("has no secret", "client", "rotate-secret", made["client_id"])
    ctl.misuse("exclude each other", "client", "set", made["client_id"], option, good,
               "--tls-certificate", "x")
    ctl.misuse("exclude each other", "client", "add", "x", "--scope", "introspect", option, good,
               "--secret")
    back = ctl.json("client", "set", made["client_id"], "--jwks-uri", "https://a.example/jwks")
    assert (back["auth_method"], back["tls_bound"]) == ("private_key_jwt", "optional")
    assert member not in back
    assert "tls_client_auth" not in ctl.yes("client", "list")


def test_known_certificates(ctl):
    vector = json.loads(pathlib.Path("tests/vectors/rfc8705-a.json").read_text())
    pem, x5t = vector["certificate"], vector["x5t#S256"]
    der = "".join(pem.splitlines()[1:-1])
    a_set = json.dumps({"keys": [{"kty": "RSA"}, {"kty": "EC", "x5c": [der, "chain"]}]})
    for text in (pem, "text\n" + pem, a_set):
        made = ctl.add("--tls-certificate", ctl.file("c", text))
        assert (made["auth_method"], made["tls_x5t"]) == ("self_signed_tls_client_auth", x5t)
    assert ctl.add("--tls-certificate", ctl.file("c", pem * 8))["tls_x5t"] == " ".join([x5t] * 8)
    ctl.no("more than 8", "client", "add", "x", "--scope", "introspect",
           "--tls-certificate", ctl.file("c", pem * 9))
    for text in ("", "x", "{}", "{", '{"keys":[]}', '{"keys":[{"x5c":"a"}]}',
                 '{"keys":[{"x5c":["QUJD"]}]}', pem[:200], pem.replace("MIIB", "QUJD"),
                 "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"):
        ctl.misuse("", "client", "add", "x", "--scope", "introspect",
                   "--tls-certificate", ctl.file("c", text))
    ctl.misuse("", "client", "add", "x", "--scope", "introspect", "--tls-certificate", "/nonexistent")


def test_certificates_may_be_demanded(ctl):
    assert ctl.add()["tls_bound"] == "optional"
    made = ctl.add("--tls-bound", "required")
    assert made["tls_bound"] == "required"
    changed = ctl.json("client", "set", made["client_id"], "--tls-bound", "optional")
    assert changed["tls_bound"] == "optional"
    ctl.misuse("--tls-bound", "client", "set", made["client_id"], "--tls-bound", "yes")


def test_add_for_a_person(ctl):
    text = ctl.yes("client", "add", "--id=a.b~c_d-1", "--token-lifetime", "10s",
                   "--scope", " system/Patient.r   introspect ", "--", "--Odd name")
    lines = dict(line.split("  ", 1) for line in text.splitlines() if "  " in line)
    assert lines["Client id"].strip() == "a.b~c_d-1"
    assert lines["Scope"].strip() == "system/Patient.r introspect"
    assert lines["Name"].strip() == "--Odd name"
    assert lines["Token lifetime"].strip() == "10s"
    assert "shown this once" in text
    shown = ctl.json("client", "show", "a.b~c_d-1")
    assert shown["token_lifetime"] == 10 and shown["scope"] == "system/Patient.r introspect"


@pytest.mark.parametrize(
    "why, args",
    [
        ("scope 'user/*.rs'", ["--scope", "system/*.rs user/*.rs"]),
        ("only system/ scopes", ["--scope", "patient/Patient.r"]),
        ("scope 'openid'", ["--scope", "openid"]),
        ("scope 'system/Patients.r'", ["--scope", "system/Patients.r"]),
        ("scope 'system/Patient.sr'", ["--scope", "system/Patient.sr"]),
        ("scope 'system/Observation.rs?'", ["--scope", "system/Observation.rs?"]),
        ("RFC 6749", ["--scope", 'system/*.rs "']),
        ("scope is empty", ["--scope", "  "]),
        ("longer than", ["--scope", "system/Patient.rs " * 600]),
        ("no client id", ["--scope", "introspect", "--id", ""]),
        ("no client id", ["--scope", "introspect", "--id", "a/b"]),
        ("no client id", ["--scope", "introspect", "--id", "é"]),
        ("no client id", ["--scope", "introspect", "--id", "a" * 129]),
        ("must begin with https", ["--scope", "introspect", "--jwks-uri", "http://a.example/k"]),
        ("must be https://HOST", ["--scope", "introspect", "--jwks-uri", "https://u@a.example/k"]),
        ("must be https://HOST", ["--scope", "introspect", "--jwks-uri", "https://a.example/#k"]),
        ("must be https://HOST", ["--scope", "introspect", "--jwks-uri", "https:///k"]),
    ],
)
def test_add_refuses(ctl, why, args):
    ctl.no(why, "client", "add", "Test", *args)
    assert not ctl.store.exists()


def test_add_refuses_names_lifetimes_and_two_ways(ctl):
    for name in ["", "a\nb", "a\x1b[2J", "é" * 101]:
        ctl.no("the name must be", "client", "add", name, "--scope", "system/*.rs")
    for lifetime in ["0s", "61m", "10", "s", "-1s", "1.5h", ""]:
        ctl.misuse("--token-lifetime", "client", "add", "x", "--scope", "introspect",
                   "--token-lifetime", lifetime)
    ctl.misuse("exclude each other", "client", "add", "x", "--scope", "introspect",
               "--secret", "--jwks-uri", "https://a.example/k")


def test_an_id_is_taken_once(ctl):
    ctl.add("--id", "one")
    ctl.no("there is a client 'one' already", "client", "add", "x", "--id", "one",
           "--scope", "system/*.cruds")
    assert ctl.json("client", "show", "one")["scope"] == "system/*.rs"


def test_add_with_keys(ctl):
    ec = jwk.JWK.generate(kty="EC", crv="P-384", kid="ec", use="sig")
    rsa = jwk.JWK.generate(kty="RSA", size=2048, kid="rsa")
    made = ctl.add("--id", "k", "--jwks", ctl.file("jwks.json", public_set(ec, rsa)))
    assert made["auth_method"] == "private_key_jwt" and "client_secret" not in made
    assert ctl.json("client", "show", "k")["jwks_kids"] == ["ec", "rsa"]
    assert "rsa" in ctl.yes("client", "show", "k")
    made = ctl.add("--jwks-uri", "https://client.example/jwks.json")
    assert made["jwks_uri"] == "https://client.example/jwks.json"
    ctl.no("has no secret", "client", "rotate-secret", "k")


def test_bad_key_sets(ctl):
    ec = jwk.JWK.generate(kty="EC", crv="P-256", kid="ec")
    bare = jwk.JWK.generate(kty="EC", crv="P-256")
    enc = jwk.JWK.generate(kty="EC", crv="P-256", kid="e", use="enc")
    weak = jwk.JWK.generate(kty="RSA", size=1024, kid="weak")
    octets = jwk.JWK.generate(kty="oct", size=256, kid="o")
    odd = '{"keys":[{"kty":"XYZ","kid":"x","d":"AA"},' + ec.export_public() + "]}"
    cases = [
        (1, "private or secret", ec.export_private()),
        (1, "private or secret", '{"keys":[' + ec.export_private() + "]}"),
        (1, "private or secret", '{"keys":[' + octets.export() + "]}"),
        (1, "private or secret", odd),
        (1, "no kid", public_set(ec, bare)),
        (1, "no key for signatures", public_set(enc)),
        (2, "same kid", public_set(ec, ec)),
        (2, "weak", public_set(weak)),
        (2, "not well-formed JSON", "{"),
        (2, "not a well-formed JWK", '{"keys":[]}'),
        (2, "holds more than", " " * 70000),
    ]
    for status, why, text in cases:
        ctl.refused(status, why, "client", "add", "x", "--scope", "introspect",
                    "--jwks", ctl.file("k", text))
    ctl.misuse("No such file", "client", "add", "x", "--scope", "introspect", "--jwks", "/nowhere")
    ctl.misuse("Is a directory", "client", "add", "x", "--scope", "introspect", "--jwks", "/")
    assert not ctl.store.exists()


def test_imported_secret(ctl):
    secret = "correct horse battery"
    made = ctl.json("client", "add", "x", "--id", "i", "--scope", "introspect",
                    "--import-secret", "-", stdin=secret + "\n")
    assert "client_secret" not in made
    assert ctl.json("client", "show", "i")["secrets"][0]["kind"] == "imported"
    assert secret.encode() not in ctl.store.read_bytes()
    for text in ["short", "x" * 257, "with\ttab in the middle", "línea no ascii"]:
        shown = ctl.no("12 to 256", "client", "add", "y", "--id", "j", "--scope", "introspect",
                       "--import-secret", ctl.file("s", text))
        assert text not in shown
    ctl.no("there is no client 'j'", "client", "show", "j")


def test_an_id_that_looks_like_an_option(ctl):
    for name in ("-a", "--json", "--", "-h"):
        assert ctl.add("--id", name)["client_id"] == name
        assert name in ctl.yes("client", "show", "--", name)
    ctl.misuse("put -- before it", "client", "show", "-a")


def test_set(ctl):
    ctl.add("--id", "s")
    changed = ctl.json("client", "set", "s", "--name", "New", "--scope", "system/*.cruds",
                       "--token-lifetime", "5m")
    assert (changed["name"], changed["scope"], changed["token_lifetime"]) == (
        "New", "system/*.cruds", 300)
    assert "default" in ctl.yes("client", "set", "s", "--token-lifetime", "default")
    ctl.no("scope 'launch'", "client", "set", "s", "--name", "Half", "--scope", "launch")
    assert ctl.json("client", "show", "s")["name"] == "New"
    ctl.no("there is no client 'nobody'", "client", "set", "nobody", "--name", "x")

    key = jwk.JWK.generate(kty="EC", crv="P-256", kid="ec")
    changed = ctl.json("client", "set", "s", "--jwks", ctl.file("k", public_set(key)))
    assert changed["auth_method"] == "private_key_jwt"
    changed = ctl.json("client", "set", "s", "--import-secret", "-", stdin="twelve letters")
    assert changed["auth_method"] == "client_secret_basic"
    shown = ctl.json("client", "show", "s")
    assert [s["kind"] for s in shown["secrets"]] == ["imported"] and shown["jwks_kids"] == []
    ctl.no("12 to 256", "client", "set", "s", "--name", "Z", "--import-secret", "-", stdin="x")
    assert ctl.json("client", "show", "s")["name"] == "New"


def test_rotate_secret(ctl):
    first = ctl.add("--id", "r")["client_secret"]
    second = ctl.json("client", "rotate-secret", "r")["client_secret"]
    assert len(second) == 43 and second != first
    assert len(ctl.json("client", "show", "r")["secrets"]) == 1
    assert "Client secret" in ctl.yes("client", "rotate-secret", "r", "--grace", "24h")
    secrets = ctl.json("client", "show", "r")["secrets"]
    assert len(secrets) == 2 and secrets[0]["expires_at"] is None
    assert abs(secrets[1]["expires_at"] - time.time() - 86400) < 60
    ctl.no("there is no client 'x'", "client", "rotate-secret", "x")


def test_disable_enable_remove(ctl):
    ctl.add("--id", "d")
    before = int(time.time())
    off = ctl.json("client", "disable", "d")
    assert off["enabled"] is False and off["tokens_valid_from"] > before
    on = ctl.json("client", "enable", "d")
    assert on["enabled"] is True and on["tokens_valid_from"] == off["tokens_valid_from"]
    assert time.time() >= on["tokens_valid_from"]  # so that a token of now is good
    assert "is disabled" in ctl.yes("client", "disable", "d")
    assert "is enabled" in ctl.yes("client", "enable", "d")
    assert ctl.json("client", "remove", "d") == {"client_id": "d", "removed": True}
    for verb in ["remove", "disable", "enable", "show"]:
        ctl.no("there is no client 'd'", "client", verb, "d")
    again = ctl.add("--id", "d")
    assert again["tokens_valid_from"] >= off["tokens_valid_from"]
    assert time.time() >= again["tokens_valid_from"]


def test_lists(ctl):
    ctl.yes("key", "generate")
    assert "no clients" in ctl.yes("client", "list") and ctl.json("client", "list") == []
    for i in ["b", "a"]:
        ctl.add("--id", i)
    assert [c["client_id"] for c in ctl.json("client", "list")] == ["a", "b"]
    lines = ctl.yes("client", "list").splitlines()
    assert lines[0].startswith("CLIENT ID")
    assert {line.index("system/") for line in lines[1:]} == {lines[0].index("SCOPE")}


def test_control_bytes_from_the_store_are_escaped(ctl):
    ctl.add("--id", "e")
    with sqlite3.connect(ctl.store) as db:
        db.execute("UPDATE client SET name = ?", ("a\x1b[2Jb\nc\x9bd\x7f",))
    for args in [["list"], ["show", "e"]]:
        assert r"a\x1b[2Jb\x0ac\xc2\x9bd\x7f" in ctl.yes("client", *args)
    assert ctl.json("client", "show", "e")["name"] == "a\x1b[2Jb\nc\x9bd\x7f"
    ctl.no(r"no client 'x\x1b[1m'", "client", "show", "x\x1b[1m")


def test_output_that_cannot_be_written(ctl):
    with open("/dev/full", "wb") as full:
        done = ctl.run("client", "add", "x", "--id", "f", "--scope", "introspect", stdout=full)
    assert done.returncode == 1 and b"No space left" in done.stderr
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "wb") as pipe:
        done = ctl.run("client", "list", stdout=pipe)
    assert done.returncode == 1 and b"Broken pipe" in done.stderr


def test_closed_standard_files(ctl):
    ctl.add("--id", "c")
    shell = f'exec "{PROGRAM}" client show c <&- >&- 2>&-'
    env = {**os.environ, "FHIR_AUTH_CONF": str(ctl.conf)}
    assert subprocess.run(["/bin/sh", "-c", shell], env=env, timeout=60).returncode == 0
    with sqlite3.connect(ctl.store) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert ctl.json("client", "show", "c")["client_id"] == "c"
