"""Every alg with every enc, both ways, against jwcrypto; and the RFCs' examples with both."""
import json
import pathlib

import pytest
from jwcrypto import jwe, jwk

from authctl import Authctl
from jose_write import write_all

VECTORS = pathlib.Path(__file__).parent.parent / "vectors"
EXAMPLES = [path for path in sorted(VECTORS.iterdir())
            if {"enc", "compact"} <= set(json.loads(path.read_text()))]
ENCS = {"A128GCM": 128, "A192GCM": 192, "A256GCM": 256,
        "A128CBC-HS256": 256, "A192CBC-HS384": 384, "A256CBC-HS512": 512}
RSA = {"kty": "RSA", "size": 2048}
CURVES = {"P-256": "EC", "P-384": "EC", "P-521": "EC", "X25519": "OKP"}
KEYS = {
    "dir": None,
    "RSA-OAEP": RSA,
    "RSA-OAEP-256": RSA,
    **{f"A{bits}{way}": {"kty": "oct", "size": bits}
       for bits in (128, 192, 256) for way in ("KW", "GCMKW")},
    **{f"ECDH-ES{way} {crv}": {"kty": kty, "crv": crv}
       for way in ("", "+A128KW", "+A192KW", "+A256KW") for crv, kty in CURVES.items()},
}
PAYLOAD = b"bytes as they are:\x00\xff\r\n\n"


@pytest.fixture
def ctl(tmp_path):
    return Authctl(tmp_path)


def make_key(name, enc, **more):
    return jwk.JWK.generate(**(KEYS[name] or {"kty": "oct", "size": ENCS[enc]}), **more)


def encrypt(key, payload=PAYLOAD, **header):
    token = jwe.JWE(payload, json.dumps(header), algs=[header["alg"], header["enc"]])
    token.add_recipient(key)
    return token.serialize(compact=True)


def decrypt(key, token, alg, enc):
    opened = jwe.JWE(algs=[alg, enc])
    opened.deserialize(token, key)
    return opened


@pytest.mark.parametrize("name", KEYS)
def test_theirs_by_us(ctl, name):
    alg = name.split()[0]
    key = make_key(name, "A128GCM", kid="k1")
    for enc in ENCS:
        if alg == "dir":
            key = make_key(name, enc, kid="k1")
        token = encrypt(key, alg=alg, enc=enc, kid="k1", typ="JWT")
        done = ctl.run("jose", "decrypt", "--key", ctl.file("k", key.export()), stdin=token)
        assert (done.returncode, done.stdout, done.stderr) == (0, PAYLOAD, b""), enc


@pytest.mark.parametrize("name", [n for n in KEYS if n != "RSA-OAEP"])
def test_ours_by_them(name):
    alg = name.split()[0]
    key = make_key(name, "A128GCM", kid="k1")
    payloads = [PAYLOAD, b"x", b"x" * 16, bytes(range(256)) * 40]  # jwcrypto takes no empty one
    orders = [(alg, enc, payload, make_key(name, enc, kid="k1") if alg == "dir" else key)
              for enc in ENCS for payload in payloads]
    for (_, enc, payload, used), token in zip(orders, write_all(orders)):
        opened = decrypt(used, token, alg, enc)
        assert opened.payload == payload
        header = opened.jose_header
        assert (header["typ"], header["kid"], header["alg"], header["enc"]) == (
            "JWT", "k1", alg, enc)
        extra = {"iv", "tag"} if "GCMKW" in alg else {"epk"} if "ECDH" in alg else set()
        assert set(header) == {"typ", "alg", "enc", "kid"} | extra
        if "epk" in header:
            assert "d" not in header["epk"]


def test_party_information(ctl):
    for name in [n for n in KEYS if n.startswith("ECDH")]:
        key = make_key(name, "")
        for party in [{"apu": "QWxpY2U"}, {"apv": "Qm9i"}, {"apu": "QWxpY2U", "apv": "Qm9i"}]:
            token = encrypt(key, alg=name.split()[0], enc="A128GCM", **party)
            done = ctl.run("jose", "decrypt", "--key", ctl.file("k", key.export()), stdin=token)
            assert (done.returncode, done.stdout) == (0, PAYLOAD), (name, party)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_examples(ctl, path):
    vector = json.loads(path.read_text())
    key = ctl.file("k", json.dumps(vector["key"]))
    if "zip" in vector:
        ctl.no("compressed", "jose", "decrypt", "--key", key, stdin=vector["compact"])
        return
    done = ctl.run("jose", "decrypt", "--key", key, stdin=vector["compact"])
    assert (done.returncode, done.stdout.decode()) == (0, vector["plaintext"])
    theirs = decrypt(jwk.JWK(**vector["key"]), vector["compact"], vector["alg"], vector["enc"])
    assert theirs.payload.decode() == vector["plaintext"]
