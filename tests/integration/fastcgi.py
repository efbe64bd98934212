"""A FastCGI client of a few lines: one request on one connection (FastCGI specification, section 3)."""

import os
import socket
import struct
import subprocess
from pathlib import Path

RESPONDER, AUTHORIZER = 1, 2
BEGIN, PARAMS, STDIN, STDOUT = 1, 4, 5, 6


def record(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def length(n: int) -> bytes:
    return bytes([n]) if n < 128 else struct.pack(">I", n | 0x80000000)


def pair(name: str, value: str) -> bytes:
    n, v = name.encode(), value.encode()
    return length(len(n)) + length(len(v)) + n + v


class Program:
    """A program with a listening socket as its standard input, as a web server starts it."""

    def __init__(self, path: Path, sock: Path, env: dict[str, str]):
        self.sock = str(sock)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.sock)
        self.listener.listen(16)
        self.process = subprocess.Popen(
            [path], stdin=self.listener, stderr=subprocess.DEVNULL, env=os.environ | env
        )

    def ask(self, role: int, params: dict[str, str], body: bytes = b"") -> str:
        message = record(BEGIN, struct.pack(">HB5x", role, 0))
        message += record(PARAMS, b"".join(pair(n, v) for n, v in params.items()))
        message += record(PARAMS, b"")
        if role == RESPONDER:
            message += (record(STDIN, body) if body else b"") + record(STDIN, b"")
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(self.sock)
            s.sendall(message)
            data = b"".join(iter(lambda: s.recv(65536), b""))
        text, at = b"", 0
        while at + 8 <= len(data):
            _, kind, _, size, padding, _ = struct.unpack(">BBHHBB", data[at : at + 8])
            if kind == STDOUT:
                text += data[at + 8 : at + 8 + size]
            at += 8 + size + padding
        return text.decode()

    def end(self) -> int:
        self.process.terminate()
        self.listener.close()
        return self.process.wait(10)
