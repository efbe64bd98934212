"""fhir-authctl: signing keys and access tokens."""
import json
import os
import sqlite3
import stat
import time

import pytest
from jwcrypto import jwk, jws

from authctl import AUDIENCE, ISSUER, Authctl

PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "k"}


@pytest.fixture
def ctl(tmp_path):
    return Authctl(tmp_path)


def states(ctl):
    return [k["state"] for k in ctl.json("key", "list")]


def private_key(ctl, kid):
    return jwk.JWK.from_json((ctl.keys / f"{kid}.jwk").read_text())


def test_generate(ctl):
    first = ctl.json("key", "generate")
    assert first["state"] == "active" and first["alg"] == "ES256" and first["here"] is True
    assert stat.S_IMODE(ctl.keys.stat().st_mode) == 0o700
    (path,) = ctl.keys.iterdir()
    assert path.name == first["kid"] + ".jwk" and stat.S_IMODE(path.stat().st_mode) == 0o600
    key = jwk.JWK.from_json(path.read_text())
    assert key.thumbprint() == first["kid"] and key.has_private
    with sqlite3.connect(ctl.store) as db:
        published = json.loads(db.execute("SELECT public_jwk FROM signing_key").fetchone()[0])
    assert not PRIVATE_MEMBERS & published.keys()
    assert published["x"] == key.export(as_dict=True)["x"]

    second = ctl.json("key", "generate")
    assert second["state"] == "pending" and second["activated_at"] is None
    assert [k["kid"] for k in ctl.json("key", "list")] == [second["kid"], first["kid"]]
    assert "active" in ctl.yes("key", "list") and "KID" in ctl.yes("key", "generate")


@pytest.mark.parametrize("alg, kty", [("RS256", "RSA"), ("ES384", "EC")])
def test_generate_for_the_configured_algorithm(tmp_path, alg, kty):
    ctl = Authctl(tmp_path, extra=f"signing_alg = {alg}\n")
    made = ctl.json("key", "generate")
    assert made["alg"] == alg
    assert private_key(ctl, made["kid"]).export(as_dict=True)["kty"] == kty


def test_rotate(ctl):
    """The next key is published for an hour before it signs."""
    first = ctl.json("key", "generate")["kid"]
    begin = int(time.time())
    following = ctl.json("key", "rotate")
    assert following["state"] == "pending" and following["activated_at"] is None
    assert begin + 3600 <= following["signs_from"] <= time.time() + 3603
    assert {p.stem for p in ctl.keys.iterdir()} == {first, following["kid"]}
    listed = ctl.json("key", "list")
    assert [(k["kid"], k["state"], k["signs_from"]) for k in listed] == [
        (following["kid"], "pending", following["signs_from"]), (first, "active", None)]
    shown = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(following["signs_from"]))
    assert shown in ctl.yes("key", "list")
    assert any(line.split() == ["Signs", "from", shown] or line.split() == ["SIGNS", "FROM", shown]
               for line in ctl.yes("key", "rotate").splitlines())
    assert ctl.json("key", "rotate") == following
    # As time goes by, for whoever looks.
    with sqlite3.connect(ctl.store) as db:
        db.execute("UPDATE signing_key SET activated_at = activated_at - 4000")
    assert ctl.json("key", "list")[0]["state"] == "active"
    third = ctl.json("key", "rotate")
    assert third["kid"] not in (first, following["kid"]) and third["state"] == "pending"
    assert states(ctl) == ["pending", "active", "retired"]
    assert {p.stem for p in ctl.keys.iterdir()} == {third["kid"], following["kid"]}


def test_rotate_to_a_key_that_was_published_long_ago(ctl):
    first = ctl.json("key", "generate")["kid"]
    second = ctl.json("key", "generate")["kid"]
    with sqlite3.connect(ctl.store) as db:
        db.execute("UPDATE signing_key SET created_at = created_at - 3602")
    now = ctl.json("key", "rotate")
    assert now["kid"] == second and now["state"] == "active" and now["signs_from"] is None
    assert states(ctl) == ["active", "retired"] and first == ctl.json("key", "list")[1]["kid"]


def test_rotate_now(ctl):
    first = ctl.json("key", "generate")["kid"]
    ctl.yes("key", "generate")
    waiting = ctl.json("key", "list")[0]["kid"]
    now = ctl.json("key", "rotate", "--now")
    assert now["kid"] == waiting and now["state"] == "active" and now["activated_at"]
    retired = ctl.json("key", "list")[1]
    assert retired["kid"] == first and retired["state"] == "retired" and not retired["here"]
    assert retired["expires_at"] >= time.time() + 3600
    assert [p.stem for p in ctl.keys.iterdir()] == [waiting]
    assert ctl.json("key", "rotate", "--now")["kid"] not in (first, waiting)
    assert states(ctl) == ["active", "retired", "retired"]
    assert len(list(ctl.keys.iterdir())) == 1


def test_rotate_keeps_the_active_key_when_the_next_cannot_sign(ctl):
    first = ctl.json("key", "generate")["kid"]
    second = ctl.json("key", "generate")["kid"]
    (ctl.keys / f"{second}.jwk").write_text("{}")
    ctl.no("does not hold the private ES256 key", "key", "rotate")
    assert states(ctl) == ["pending", "active"] and (ctl.keys / f"{first}.jwk").exists()


def test_retire(ctl):
    first = ctl.json("key", "generate")["kid"]
    done = ctl.run("key", "retire", first, "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["state"] == "retired"
    assert b"warning: no tokens can be issued" in done.stderr
    assert states(ctl) == ["retired"] and list(ctl.keys.iterdir()) == []
    ctl.yes("key", "retire", first)
    second = ctl.json("key", "generate")["kid"]
    assert ctl.json("key", "rotate", "--now")["kid"] != second
    assert ctl.json("key", "retire", second, "--now") == {"kid": second, "removed": True}
    assert second not in [k["kid"] for k in ctl.json("key", "list")]
    for kid in [second, "", "../../etc/passwd", "A" * 43]:
        ctl.no("there is no key", "key", "retire", kid)


def test_a_key_of_another_host(ctl, tmp_path):
    here = ctl.json("key", "generate")["kid"]
    (tmp_path / "host2").mkdir()
    other = Authctl(tmp_path / "host2")
    other.conf.write_text(other.conf.read_text().replace(str(other.store), str(ctl.store)))
    there = other.json("key", "generate")
    assert there["state"] == "active"
    listed = {k["kid"]: k["here"] for k in ctl.json("key", "list")}
    assert listed == {here: True, there["kid"]: False}
    assert ctl.json("key", "rotate", "--now")["kid"] not in listed
    assert states(other) == ["active", "active", "retired"]
    ctl.yes("key", "retire", there["kid"], "--now")
    other.no("key", "key", "retire", there["kid"])


def test_unsafe_directory(ctl):
    ctl.keys.mkdir(mode=0o770)
    ctl.keys.chmod(0o720)
    ctl.no("chmod 0700", "key", "generate")
    ctl.keys.rmdir()
    ctl.keys.symlink_to("/nowhere")
    ctl.no("key directory", "key", "generate")
    ctl.keys.unlink()
    ctl.keys.write_text("")
    ctl.no(str(ctl.keys), "key", "generate")


def test_a_key_file_open_to_others_does_not_sign(ctl):
    kid = ctl.json("key", "generate")["kid"]
    for mode in (0o640, 0o604, 0o610):
        (ctl.keys / f"{kid}.jwk").chmod(mode)
        done = ctl.run("config", "check")
        assert done.returncode == 0 and b"chmod 0600" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_root_gives_files_to_the_owner_of_the_directory(ctl):
    os.chown(ctl.dir, 65534, 65534)
    ctl.yes("key", "generate")
    ctl.add()
    for path in [ctl.store, ctl.keys, *ctl.keys.iterdir(), *ctl.dir.glob("store.db-*")]:
        assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65534), path


# ---- tokens ----


def claims_of(**changes):
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": "c", "client_id": "c", "aud": AUDIENCE, "iat": now,
              "exp": now + 300, "jti": "token-1", "scope": "system/*.rs", **changes}
    return {name: value for name, value in claims.items() if value is not None}


def token_of(key, kid, claims, **header):
    header = {"alg": "ES256", "typ": "at+jwt", "kid": kid, **header}
    text = claims if isinstance(claims, str) else json.dumps(claims)
    signed = jws.JWS(text)
    signed.add_signature(key, None, json.dumps({k: v for k, v in header.items() if v}))
    return signed.serialize(compact=True)


@pytest.fixture
def issuing(ctl):
    ctl.kid = ctl.json("key", "generate")["kid"]
    ctl.key = private_key(ctl, ctl.kid)
    ctl.add("--id", "c")
    return ctl


def test_inspect(issuing):
    token = token_of(issuing.key, issuing.kid, claims_of())
    for end in ["", "\n", "\r\n"]:
        text = issuing.yes("token", "inspect", stdin=token + end)
    assert '"jti": "token-1"' in text and '"typ": "at+jwt"' in text and "Signature" in text
    seen = issuing.json("token", "inspect", stdin=token)
    assert seen["valid"] is True and set(seen["checks"].values()) == {"ok"}
    assert seen["claims"]["scope"] == "system/*.rs" and seen["header"]["kid"] == issuing.kid


@pytest.mark.parametrize(
    "check, why, changes",
    [
        ("time", "has expired", {"exp": int(time.time()) - 60}),
        ("time", "not valid yet", {"nbf": int(time.time()) + 1000}),
        ("time", "lacks a required claim", {"exp": None}),
        ("issuer", "(iss)", {"iss": ISSUER + "/"}),
        ("issuer", "(iss)", {"iss": None}),
        ("audience", "(aud)", {"aud": "https://other.example"}),
        ("audience", "(aud)", {"aud": None}),
        ("revocation", "revoked", {"client_id": "unknown"}),
        ("revocation", "revoked", {"iat": 1000}),
        ("revocation", "lacks a required claim", {"jti": None}),
        ("revocation", "lacks a required claim", {"iat": None}),
        ("time", "lacks a required claim", {"exp": "soon"}),
    ],
)
def test_inspect_says_why_not(issuing, check, why, changes):
    token = token_of(issuing.key, issuing.kid, claims_of(**changes))
    text = issuing.no(why, "token", "inspect", stdin=token)
    assert '"scope": "system/*.rs"' in text and issuing.kid in text
    report = json.loads(issuing.no(why, "token", "inspect", "--json", stdin=token).splitlines()[-1])
    assert report["valid"] is False and why in report["checks"][check]
    assert report["checks"]["signature"] == "ok" and report["reason"]


def test_inspect_refuses_what_the_authorizer_refuses(issuing):
    token = token_of(issuing.key, issuing.kid, claims_of(sub=None))
    issuing.no("lacks a required claim", "token", "inspect", stdin=token)


def test_inspect_checks_type_signature_and_form(issuing):
    stranger = jwk.JWK.generate(kty="EC", crv="P-256")
    good = token_of(issuing.key, issuing.kid, claims_of())
    cases = [
        ("another type", token_of(issuing.key, issuing.kid, claims_of(), typ="JWT")),
        ("another type", token_of(issuing.key, issuing.kid, claims_of(), typ=None)),
        ("signature of the token is wrong", token_of(stranger, issuing.kid, claims_of())),
        ("no known signing key", token_of(issuing.key, "other", claims_of())),
        ("no known signing key", token_of(issuing.key, None, claims_of())),
        ("malformed JSON", token_of(issuing.key, issuing.kid, "not JSON")),
        ("unknown to its issuer", "opaque"),
        ("not a compact signed JWT", good + "." + good),
        ("no token on standard input", ""),
        ("no token on standard input", "\n"),
        ("longer than", good + "A" * 40000),
    ]
    for why, token in cases:
        issuing.no(why, "token", "inspect", stdin=token)
        issuing.no("", "token", "inspect", "--json", stdin=token)


def test_a_token_of_a_disabled_client_stays_dead(issuing):
    token = token_of(issuing.key, issuing.kid, claims_of())
    issuing.yes("client", "disable", "c")
    issuing.no("revoked", "token", "inspect", stdin=token)
    issuing.yes("client", "enable", "c")
    issuing.no("revoked", "token", "inspect", stdin=token)
    issuing.yes("token", "inspect", stdin=token_of(issuing.key, issuing.kid, claims_of()))


def test_tokens_of_retired_keys(issuing):
    token = token_of(issuing.key, issuing.kid, claims_of())
    issuing.yes("key", "rotate", "--now")
    issuing.yes("token", "inspect", stdin=token)
    issuing.yes("key", "retire", issuing.kid, "--now")
    issuing.no("no known signing key", "token", "inspect", stdin=token)


def test_revoke(issuing):
    token = token_of(issuing.key, issuing.kid, claims_of())
    other = token_of(issuing.key, issuing.kid, claims_of(jti="token-2"))
    assert issuing.json("token", "revoke", stdin=token + "\n")["jti"] == "token-1"
    issuing.no("revoked", "token", "inspect", stdin=token)
    issuing.yes("token", "inspect", stdin=other)
    assert "token-1" in issuing.yes("token", "revoke", stdin=token)


def test_the_clock_skew_lets_a_token_live_longer(tmp_path):
    ctl = Authctl(tmp_path, authorizer="clock_skew = 30s\n")
    kid = ctl.json("key", "generate")["kid"]
    ctl.add("--id", "c")
    claims = claims_of(exp=int(time.time()) - 5)
    token = token_of(private_key(ctl, kid), kid, claims)
    ctl.yes("token", "inspect", stdin=token)
    ctl.yes("token", "revoke", stdin=token)
    with sqlite3.connect(ctl.store) as db:
        assert db.execute("SELECT expires_at FROM revocation").fetchone() == (claims["exp"] + 30,)
    ctl.no("revoked", "token", "inspect", stdin=token)


def test_revoke_refuses_what_is_not_ours(issuing):
    stranger = jwk.JWK.generate(kty="EC", crv="P-256")
    for why, token in [
        ("signature", token_of(stranger, issuing.kid, claims_of())),
        ("no known signing key", token_of(stranger, stranger.thumbprint(), claims_of())),
        ("claim", token_of(issuing.key, issuing.kid, claims_of(jti=None))),
        ("claim", token_of(issuing.key, issuing.kid, claims_of(exp=None))),
        ("unknown to its issuer", "abc"),
        ("compact", "a.b"),
    ]:
        issuing.no(why, "token", "revoke", stdin=token)
    with sqlite3.connect(issuing.store) as db:
        assert db.execute("SELECT count(*) FROM revocation").fetchone() == (0,)
