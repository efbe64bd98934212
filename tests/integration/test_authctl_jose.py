"""fhir-authctl jose verify, against tokens that jwcrypto makes."""
import base64
import hashlib
import hmac
import json

import pytest
from jwcrypto import jwk, jws
from jwcrypto.common import base64url_encode

from authctl import Authctl

RSA = {"kty": "RSA", "size": 2048}
KEYS = {
    **{f"{family}{bits}": RSA for family in ("RS", "PS") for bits in (256, 384, 512)},
    "ES256": {"kty": "EC", "crv": "P-256"},
    "ES384": {"kty": "EC", "crv": "P-384"},
    "ES512": {"kty": "EC", "crv": "P-521"},
    "Ed25519": {"kty": "OKP", "crv": "Ed25519"},
    "Ed448": {"kty": "OKP", "crv": "Ed448"},
    **{f"HS{bits}": {"kty": "oct", "size": bits} for bits in (256, 384, 512)},
}
PAYLOAD = b"bytes as they are:\x00\xff\r\n\n"


@pytest.fixture
def ctl(tmp_path):
    return Authctl(tmp_path)


def alg_of(name):
    return "EdDSA" if name.startswith("Ed") else name


def sign(key, payload=PAYLOAD, **header):
    signed = jws.JWS(payload)
    signed.allowed_algs = list(signed.allowed_algs) + ["ES256K"]
    signed.add_signature(key, None, json.dumps({k: v for k, v in header.items() if v is not None}))
    return signed.serialize(compact=True)


def by_hand(header, payload, signer):
    text = header if isinstance(header, str) else json.dumps(header)
    signed = base64url_encode(text) + "." + base64url_encode(payload)
    return signed + "." + base64url_encode(signer(signed.encode()))


def verify(ctl, key_file, token):
    return ctl.run("jose", "verify", "--key", key_file, stdin=token)


@pytest.mark.parametrize("name", KEYS)
def test_every_algorithm(ctl, name):
    key = jwk.JWK.generate(**KEYS[name])
    with_kid = jwk.JWK(**{**key.export(as_dict=True), "kid": "k1", "alg": alg_of(name)})
    forms = {"private": key.export(), "set": '{"keys":[%s,%s]}' % (
        jwk.JWK.generate(**KEYS[name], kid="k0").export(), with_kid.export())}
    if KEYS[name]["kty"] != "oct":
        forms["public"] = key.export_public()
    token = sign(key, alg=alg_of(name), kid="k1")
    for text in forms.values():
        for end in ("", "\n", "\r\n"):
            done = verify(ctl, ctl.file("key.json", text), token + end)
            assert (done.returncode, done.stdout, done.stderr) == (0, PAYLOAD, b"")
        header, payload, signature = token.split(".")
        other = base64url_encode(b"other" + PAYLOAD)
        for bad in [f"{header}.{other}.{signature}", f"{header}.{payload}.",
                    f"{header}.{payload}.{signature[:-4]}", f"{header}.{payload}.{signature}AAAA"]:
            ctl.no("", "jose", "verify", "--key", ctl.file("key.json", text), stdin=bad)
    stranger = jwk.JWK.generate(**KEYS[name])
    ctl.no("signature", "jose", "verify", "--key", ctl.file("key.json", stranger.export()),
           stdin=token)


def test_which_key_of_a_set(ctl):
    one = jwk.JWK.generate(kty="EC", crv="P-256", kid="one")
    two = jwk.JWK.generate(kty="EC", crv="P-256", kid="two")
    bare = jwk.JWK.generate(kty="EC", crv="P-256")
    both = ctl.file("both", '{"keys":[%s,%s]}' % (one.export(), two.export()))
    third = ctl.file("third", '{"keys":[%s,%s]}' % (one.export(), bare.export()))
    for key, kid, file, status in [
        (two, "two", both, 0),
        (two, None, both, 0),
        (two, "one", both, 1),
        (two, "TWO", both, 1),
        (two, "nobody", both, 1),
        (bare, None, both, 1),
        (bare, "anything", third, 0),
        (bare, "one", third, 1),
    ]:
        done = verify(ctl, file, sign(key, alg="ES256", kid=kid))
        assert (done.returncode, done.stdout) == (status, b"" if status else PAYLOAD), kid


def hostile(rsa, ec, good):
    """(what, token) pairs; every one must be refused with the keys rsa and ec."""
    header, payload, signature = good.split(".")
    pem, raw = rsa.export_to_pem(), rsa.export_public().encode()

    def mac(key):
        return lambda text: hmac.new(key, text, hashlib.sha256).digest()

    def relabelled(text):
        return f"{base64url_encode(text)}.{payload}.{signature}"

    for alg in ["none", "None", "NONE", "nOnE", "", "RS256 ", "rs256", "HS256", "XX"]:
        yield f"alg {alg!r}, no signature", by_hand({"alg": alg}, PAYLOAD, lambda t: b"")
        yield f"alg {alg!r}, its signature", relabelled(json.dumps({"alg": alg}))
    for key in [pem, pem.strip(), raw, b"", b"\x00"]:
        yield "HS256 with the public key", by_hand({"alg": "HS256"}, PAYLOAD, mac(key))
    for text in ["{}", "[]", "1", "null", '{"alg":null}', '{"alg":["RS256"]}', '{"alg":"RS256"',
                 '{"alg":"none","alg":"RS256"}', '{"alg":"RS256"}{}', '{"alg":"RS256","kid":1}',
                 '{"alg":"RS256","crit":[]}', '{"alg":"RS256","crit":["b64"],"b64":false}',
                 '{"alg":"RS256","b64":false}', '{"alg":"RS256","x":"\\u0000"}', "", "\x00"]:
        yield f"header {text!r}", relabelled(text)
    attacker = jwk.JWK.generate(kty="RSA", size=2048)
    public = attacker.export_public(as_dict=True)
    yield "a key in the header", sign(attacker, alg="RS256", jwk=public)
    yield "jku", sign(attacker, alg="RS256", jku="https://attacker.example/jwks")
    yield "ES256 of zeros", by_hand({"alg": "ES256"}, PAYLOAD, lambda t: b"\x00" * 64)
    yield "ES256 of 0xff", by_hand({"alg": "ES256"}, PAYLOAD, lambda t: b"\xff" * 64)
    yield "ES384 with a P-256 key", by_hand({"alg": "ES384"}, PAYLOAD, lambda t: b"\x01" * 96)
    yield "RS256 of zeros", by_hand({"alg": "RS256"}, PAYLOAD, lambda t: b"\x00" * 256)
    yield "RS256 as PS256", relabelled('{"alg":"PS256"}')
    for form in ["{0}.{1}", "{0}.{1}.{2}.", ".{0}.{1}.{2}", "{0}..{1}.{2}", "{0}.{1}.{2}.{2}.{2}",
                 "{0}.{1}.{2}=", "{0}=.{1}.{2}", "{0}.{1}.{2} ", " {0}.{1}.{2}", "{0}.{1}. {2}",
                 "{0}.{1}.{2}\n\n", "{0}.{1}.{2}\r", "{0}.{1}.{2}\0", "{0}.{1}\n.{2}", "{0}",
                 "..", ".", "...", "", "\n", "{0}.{1}.{2}\n{0}.{1}.{2}"]:
        yield f"form {form!r}", form.format(header, payload, signature)
    yield "not base64url", f"{header}.{payload}.{signature[:-1]}+"
    yield "too long", good + "A" * 20000
    signed = jws.JWS(PAYLOAD)
    signed.add_signature(rsa, None, json.dumps({"alg": "RS256"}))
    yield "JSON serialization", signed.serialize()


def test_hostile(ctl):
    rsa = jwk.JWK.generate(kty="RSA", size=2048)
    ec = jwk.JWK.generate(kty="EC", crv="P-256")
    good = sign(rsa, alg="RS256")
    keys = ctl.file("keys", '{"keys":[%s,%s]}' % (rsa.export_public(), ec.export_public()))
    assert verify(ctl, keys, good).stdout == PAYLOAD
    for what, token in hostile(rsa, ec, good):
        done = verify(ctl, keys, token)
        assert (done.returncode, done.stdout) == (1, b""), what
        assert done.stderr.startswith(b"fhir-authctl: "), what


def test_what_the_key_is_for(ctl):
    rsa = jwk.JWK.generate(kty="RSA", size=2048)
    token = sign(rsa, alg="RS256")
    for why, extra in [
        ("algorithm", {"alg": "RS512"}),
        ("algorithm", {"alg": "PS256"}),
        ("may not be used", {"use": "enc"}),
        ("may not be used", {"key_ops": ["sign"]}),
    ]:
        text = json.dumps({**json.loads(rsa.export_public()), **extra})
        ctl.no(why, "jose", "verify", "--key", ctl.file("k", text), stdin=token)
    ec = jwk.JWK.generate(kty="EC", crv="secp256k1")
    ctl.misuse("not", "jose", "verify", "--key", ctl.file("k", ec.export()), stdin="a.b.c")


def test_key_files_that_cannot_be_read(ctl):
    rsa = jwk.JWK.generate(kty="RSA", size=2048)
    token = sign(rsa, alg="RS256")
    public = json.loads(rsa.export_public())
    short = jwk.JWK.generate(kty="RSA", size=1024).export_public()
    ec = jwk.JWK.generate(kty="EC", crv="P-256").export(as_dict=True)
    off_curve = {**ec, "x": base64.urlsafe_b64encode(b"\x01" * 32).rstrip(b"=").decode()}
    for text in ["", "x", "{}", "[]", '{"keys":[]}', '{"keys":{}}', "null", rsa.export_to_pem(),
                 short, json.dumps(off_curve), json.dumps({**public, "kty": "EC"}),
                 json.dumps({**public, "e": "AQ"}), json.dumps(public) + "x",
                 '{"keys":[%s,%s]}' % (rsa.export_public(), short),
                 '{"keys":[%s,%s]}' % (json.dumps({**public, "kid": "a"}),
                                       json.dumps({**public, "kid": "a"}))]:
        done = verify(ctl, ctl.file("k", text), token)
        assert (done.returncode, done.stdout) == (2, b""), text
        assert done.stderr.startswith(b"fhir-authctl: "), text
    for path in ["/nowhere", "/", "-", ""]:
        assert verify(ctl, path, token).returncode == 2
    good = ctl.file("k", rsa.export_public())
    assert verify(ctl, good, token).returncode == 0


def test_needs_no_configuration(ctl):
    key = jwk.JWK.generate(kty="oct", size=256)
    ctl.conf.unlink()
    done = verify(ctl, ctl.file("k", key.export()), sign(key, alg="HS256"))
    assert (done.returncode, done.stdout) == (0, PAYLOAD)
