"""An introspection endpoint (RFC 7662) that checks its callers, and can be made to fail."""
import base64
import collections
import http.server
import json
import pathlib
import socket
import ssl
import threading
import time
import urllib.parse

from jwcrypto import jwk, jwt

from keys import ASSERTION_TYPE

OAUTH = "/.well-known/oauth-authorization-server"


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, *args):
        self.open: set[socket.socket] = set()
        super().__init__(*args)

    def handle_error(self, *_):  # clients that went away
        pass

    def process_request(self, request, client_address):
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self.open.discard(request)
        super().shutdown_request(request)


class IntrospectionServer:
    """`answers` by token; everything else is not active.  A context manager."""

    def __init__(self, etc: pathlib.Path, client: tuple[str, str], key: jwk.JWK) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(etc / "server.pem", etc / "server.key")
        self.client = client
        self.key = key
        self.answers: dict[str, dict] = {}
        self.port = 0
        self.start()
        self.url = f"https://127.0.0.1:{self.port}"
        self.reset()

    def reset(self) -> None:
        self.asked: collections.Counter = collections.Counter()
        self.jtis: list[str] = []
        self.connections = 0
        self.spoilt: tuple[int, bytes] | None = None  # what is answered to everybody
        self.delay = 0.0
        self.go_on = threading.Event()  # ends a delay

    def start(self) -> None:
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def log_message(self, *_):
                pass

            def setup(self):
                outer.connections += 1
                super().setup()

            def reply(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Location", outer.url + "/ok")
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                issuer = outer.url + self.path.removeprefix(OAUTH)
                document = {
                    "issuer": issuer,
                    "token_endpoint": outer.url + "/token",
                    "introspection_endpoint": outer.url + "/introspect",
                }
                self.reply(200, json.dumps(document).encode())

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = dict(urllib.parse.parse_qsl(body, strict_parsing=True))
                outer.asked[form["token"]] += 1
                if outer.delay:
                    outer.go_on.wait(outer.delay)
                if not outer.knows(self.headers, form):
                    self.reply(401, b'{"error":"invalid_client"}')
                elif outer.spoilt is not None:
                    self.reply(*outer.spoilt)
                else:
                    answer = outer.answers.get(form["token"], {"active": False})
                    self.reply(200, json.dumps(answer).encode())

        self.server = _Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        self.server.socket = self.context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False
        )
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Nobody listens any more, and what was open is closed."""
        self.server.shutdown()
        self.server.server_close()
        for each in list(self.server.open):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self) -> "IntrospectionServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on.set()
        self.stop()

    def total(self) -> int:
        return sum(self.asked.values())

    # ---- who calls ----

    def knows(self, headers, form: dict) -> bool:
        if "client_assertion" in form:
            return form.get("client_assertion_type") == ASSERTION_TYPE and self.verifies(form)
        kind, _, text = headers.get("Authorization", "").partition(" ")
        pair = base64.b64decode(text).decode() if kind == "Basic" else ":"
        return tuple(urllib.parse.unquote_plus(part) for part in pair.split(":", 1)) == self.client

    def verifies(self, form: dict) -> bool:
        try:
            token = jwt.JWT(jwt=form["client_assertion"], key=self.key, algs=["ES384"])
        except Exception:  # whatever jwcrypto finds wrong
            return False
        claims = json.loads(token.claims)
        audiences = (self.url + "/token", self.url + "/disc", self.url + "/nocache")
        good = (
            claims["iss"] == claims["sub"] == self.client[0]
            and claims["aud"] in audiences
            and 0 < claims["exp"] - time.time() <= 60
            and claims["jti"] not in self.jtis
        )
        self.jtis.append(claims["jti"])
        return good
