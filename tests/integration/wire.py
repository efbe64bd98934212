"""Requests byte for byte, where a client library would tidy them up."""
import socket
import ssl
import time
from dataclasses import dataclass


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    seconds: float  # until the header had arrived

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


def connect(port: int, ca: str, seconds: float = 10.0) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=ca)
    plain = socket.create_connection(("127.0.0.1", port), timeout=seconds)
    return context.wrap_socket(plain, server_hostname="127.0.0.1")


def exchange(port: int, ca: str, request: bytes, seconds: float = 10.0) -> Answer:
    """Send the bytes, read one answer.  A server may close before it has read them all."""
    begin = time.monotonic()
    with connect(port, ca, seconds) as tls:
        try:
            tls.sendall(request)
        except OSError:
            pass
        received = b""
        while b"\r\n\r\n" not in received or received.startswith(b"HTTP/1.1 100"):
            if received.startswith(b"HTTP/1.1 100") and b"\r\n\r\n" in received:
                received = received.partition(b"\r\n\r\n")[2]  # an interim answer
                continue
            chunk = tls.recv(65536)
            assert chunk, f"the connection ended within the header: {received!r}"
            received += chunk
        arrived = time.monotonic() - begin
        head, _, body = received.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]
        answer = Answer(int(status_line.split()[1]), headers, body, arrived)
        length = int((answer.header("Content-Length") or ["-1"])[0])
        while not (len(answer.body) >= length >= 0 or answer.body.endswith(b"0\r\n\r\n")):
            try:
                chunk = tls.recv(65536)
            except OSError:
                break
            if not chunk:
                break
            answer.body += chunk
        return answer


def get(port: int, ca: str, target: bytes, *headers: bytes, method: bytes = b"GET") -> Answer:
    lines = [
        method + b" " + target + b" HTTP/1.1", b"Host: 127.0.0.1", b"Connection: close", *headers
    ]
    return exchange(port, ca, b"\r\n".join(lines) + b"\r\n\r\n")
