"""fhir-authctl jose decrypt, against tokens that jwcrypto makes and tokens with a fault."""
import base64
import json

import pytest
from jwcrypto import jwe, jwk
from jwcrypto.common import base64url_decode, base64url_encode

from authctl import Authctl
from test_authctl_jose import sign
from test_jwe_interop import PAYLOAD, encrypt

EC = {"kty": "EC", "crv": "P-256"}
OCT = {"kty": "oct", "size": 128}


@pytest.fixture
def ctl(tmp_path):
    return Authctl(tmp_path)


def decrypt(ctl, key, token):
    return ctl.run("jose", "decrypt", "--key", key, stdin=token)


def refused(ctl, why, key, token):
    ctl.no(why, "jose", "decrypt", "--key", key, stdin=token)


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_one_newline_at_the_end(ctl, end):
    key = jwk.JWK.generate(**OCT)
    token = encrypt(key, alg="dir", enc="A128GCM")
    file = ctl.file("k", key.export() + end)
    done = decrypt(ctl, file, token + end)
    assert (done.returncode, done.stdout, done.stderr) == (0, PAYLOAD, b"")
    for bad in (token + "\n\n", " " + token, token + " ", token + "\0", token + "\n" + token):
        refused(ctl, "", file, bad)


def test_plaintexts(ctl):
    key = jwk.JWK.generate(**OCT)
    file = ctl.file("k", key.export())
    for payload in (b"x", b"\n", b"\x00" * 100, bytes(range(256)) * 90):
        for enc in ("A256GCM", "A192CBC-HS384"):
            done = decrypt(ctl, file, encrypt(key, payload, alg="A128KW", enc=enc))
            assert (done.returncode, done.stdout) == (0, payload)
    longest = encrypt(key, b"x" * 24400, alg="A128KW", enc="A128GCM")
    assert len(longest) < 32768 and decrypt(ctl, file, longest).returncode == 0
    refused(ctl, "longer than", file, encrypt(key, b"x" * 24600, alg="A128KW", enc="A128GCM"))


def test_which_key_of_a_set(ctl):
    one, two = (jwk.JWK.generate(**EC, kid=kid, use="enc") for kid in ("one", "two"))
    bare, sig = jwk.JWK.generate(**EC), jwk.JWK.generate(**EC, kid="sig", use="sig")
    rsa = jwk.JWK.generate(kty="RSA", size=2048)

    def file_of(*keys):
        return ctl.file("set", '{"keys":[%s]}' % ",".join(key.export() for key in keys))

    for key, kid, keys, status in [
        (two, "two", (one, two), 0),
        (two, None, (one, two), 0),
        (two, None, (sig, rsa, two), 0),
        (two, "one", (one, two), 1),
        (two, "TWO", (one, two), 1),
        (two, "nobody", (one, two), 1),
        (bare, None, (one, rsa, bare), 0),
        (bare, None, (one, two), 1),
        (bare, "anything", (one, bare), 0),
        (bare, "one", (one, bare), 1),
    ]:
        header = {"alg": "ECDH-ES+A128KW", "enc": "A128GCM", **({"kid": kid} if kid else {})}
        done = decrypt(ctl, file_of(*keys), encrypt(key, **header))
        assert (done.returncode, done.stdout) == (status, b"" if status else PAYLOAD), (kid, status)


def test_what_the_key_is_for(ctl):
    key = jwk.JWK.generate(**EC)
    token = encrypt(key, alg="ECDH-ES", enc="A128GCM")
    for why, extra in [
        ("may not be used", {"use": "sig"}),
        ("may not be used", {"key_ops": ["sign", "verify"]}),
        ("may not be used", {"key_ops": ["encrypt"]}),
        ("algorithm", {"alg": "ES256"}),
        ("algorithm", {"alg": "ECDH-ES+A128KW"}),
    ]:
        text = json.dumps({**key.export(as_dict=True), **extra})
        refused(ctl, why, ctl.file("k", text), token)
        stranger = json.dumps({**jwk.JWK.generate(**EC).export(as_dict=True), **extra})
        refused(ctl, why, ctl.file("k", stranger), token)
    refused(ctl, "may not be used", ctl.file("k", key.export_public()), token)
    refused(ctl, "cannot be decrypted", ctl.file("k", jwk.JWK.generate(**EC).export()), token)
    for other in (dict(kty="EC", crv="P-521"), dict(kty="OKP", crv="X25519")):
        refused(ctl, "cannot be decrypted", ctl.file("k", jwk.JWK.generate(**other).export()),
                token)
    for other in (OCT, dict(kty="RSA", size=2048), dict(kty="OKP", crv="Ed25519")):
        refused(ctl, "algorithm", ctl.file("k", jwk.JWK.generate(**other).export()), token)


def hostile(key):
    """(why, token): all would open with the key but for what is named."""
    good = encrypt(key, alg="A128KW", enc="A128CBC-HS256")
    header, wrapped, iv, text, tag = good.split(".")

    def flip(part, at):
        raw = bytearray(base64url_decode(part))
        raw[at] ^= 1
        return base64url_encode(bytes(raw))

    for at in (0, -1):
        yield "cannot be decrypted", f"{header}.{flip(wrapped, at)}.{iv}.{text}.{tag}"
        yield "cannot be decrypted", f"{header}.{wrapped}.{flip(iv, at)}.{text}.{tag}"
        yield "cannot be decrypted", f"{header}.{wrapped}.{iv}.{flip(text, at)}.{tag}"
        yield "cannot be decrypted", f"{header}.{wrapped}.{iv}.{text}.{flip(tag, at)}"
    for bad in (f"{header}.{wrapped}.{iv}.{text}.", f"{header}.{wrapped}.{iv}.{text}",
                f"{header}.{wrapped}.{iv}.{text}.{tag}.", f"{header}..{iv}.{text}.{tag}",
                f"{header}.{wrapped}..{text}.{tag}", f"{header}.{wrapped}.{iv}..{tag}",
                f"{header}.{wrapped}.{iv}.{text}.{tag[:16]}", "....", "...", "x",
                f"{header}.{wrapped}.{iv}.{text}.{tag}=", f"{header}=.{wrapped}.{iv}.{text}.{tag}"):
        yield "", bad
    for extra, why in [({"zip": "DEF"}, "compressed"), ({"crit": ["x"], "x": 1}, "extension"),
                       ({"crit": []}, "extension"), ({"alg": "none"}, "algorithm"),
                       ({"alg": "RSA1_5"}, "algorithm"), ({"enc": "none"}, "algorithm"),
                       ({"alg": "PBES2-HS256+A128KW", "p2s": "AAAA", "p2c": 10**9}, "algorithm"),
                       ({"typ": "JWT"}, "cannot be decrypted"), ({"enc": None}, "")]:
        changed = {"alg": "A128KW", "enc": "A128CBC-HS256", **extra}
        yield why, f"{base64url_encode(json.dumps(changed))}.{wrapped}.{iv}.{text}.{tag}"
    yield "compressed", encrypt(key, alg="A128KW", enc="A128GCM", zip="DEF")
    token = jwe.JWE(PAYLOAD, '{"alg":"A128KW","enc":"A128GCM"}')
    token.add_recipient(key)
    yield "", token.serialize()  # JSON serialization


def test_hostile(ctl):
    key = jwk.JWK.generate(**OCT)
    file = ctl.file("k", key.export())
    for why, token in hostile(key):
        refused(ctl, why, file, token)


def test_epk_with_a_private_member(ctl):
    """Made as it should be, but for its author's carelessness: not a token to rely on."""
    key = jwk.JWK.generate(**EC)
    header, *rest = encrypt(key, alg="ECDH-ES", enc="A128GCM").split(".")
    fields = json.loads(base64url_decode(header))
    fields["epk"]["d"] = key.export(as_dict=True)["d"]
    token = ".".join([base64url_encode(json.dumps(fields)), *rest])
    refused(ctl, "cannot be decrypted", ctl.file("k", key.export()), token)


def test_small_order(ctl):
    """The shared secret would be zero, known to all (RFC 7748 section 6.1)."""
    key = jwk.JWK.generate(kty="OKP", crv="X25519")
    for point in (b"\x00" * 32, b"\x01" + b"\x00" * 31, b"\xec" + b"\xff" * 30 + b"\x7f"):
        epk = {"kty": "OKP", "crv": "X25519",
               "x": base64.urlsafe_b64encode(point).decode().rstrip("=")}
        header = base64url_encode(json.dumps({"alg": "ECDH-ES", "enc": "A128GCM", "epk": epk}))
        refused(ctl, "cannot be decrypted", ctl.file("k", key.export()),
                f"{header}..{'A' * 16}.AAAA.{'A' * 22}")


def test_usage(ctl):
    key = jwk.JWK.generate(**OCT)
    token = encrypt(key, alg="dir", enc="A128GCM")
    good = ctl.file("good", key.export())
    for path in ("/nowhere", "/", "-", ""):
        assert decrypt(ctl, path, token).returncode == 2
    for text in ("", "x", "{}", '{"keys":[]}', key.export() + "x"):
        done = decrypt(ctl, ctl.file("bad", text), token)
        assert (done.returncode, done.stdout) == (2, b""), text
    ctl.misuse("--key", "jose", "decrypt", stdin=token)
    ctl.misuse("", "jose", "decrypt", "--key", good, "more", stdin=token)
    refused(ctl, "no token", good, "")
    ctl.conf.unlink()  # it needs no configuration
    assert decrypt(ctl, good, token).stdout == PAYLOAD


def test_a_signed_token_is_none(ctl):
    key = jwk.JWK.generate(**EC)
    refused(ctl, "not a compact encrypted token", ctl.file("k", key.export()),
            sign(key, alg="ES256"))
    token = encrypt(key, alg="ECDH-ES", enc="A128GCM")
    ctl.no("not a compact signed", "jose", "verify", "--key", ctl.file("k", key.export()),
           stdin=token)
