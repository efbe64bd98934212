"""Tokens that our code signs or encrypts, by tests/unit/jose_write.c."""
import subprocess

from jwcrypto.common import base64url_encode

from authctl import BUILD

PROGRAM = BUILD / "unit" / "jose_write"


def write_all(orders):
    """orders: (alg, enc or None, payload, jwcrypto key); the compact forms or names of errors."""
    lines = [f"{alg} {enc or '-'} {base64url_encode(payload)} {key.export()}\n".encode()
             for alg, enc, payload, key in orders]
    done = subprocess.run([str(PROGRAM)], input=b"".join(lines), capture_output=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, b""), done.stderr
    tokens = done.stdout.decode().splitlines()
    assert len(tokens) == len(lines)
    return tokens
