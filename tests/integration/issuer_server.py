"""Another issuer: an HTTPS server with metadata and a key set, and the tokens of that issuer."""
import collections
import http.server
import json
import pathlib
import ssl
import threading
import time
import uuid

import keys

OAUTH = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):  # clients that went away
        pass


class IssuerServer:
    """Serves whatever `pages` holds, and counts what is asked.  A context manager."""

    def __init__(self, etc: pathlib.Path) -> None:
        self.pages: dict[str, str] = {}
        self.headers: dict[str, str] = {}
        self.asked: collections.Counter = collections.Counter()
        self.status = 200
        self.go_on = threading.Event()  # cleared: nothing is answered
        self.go_on.set()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = 60

            def log_message(self, *_):
                pass

            def do_GET(self):
                outer.asked[self.path] += 1
                outer.go_on.wait(30)
                body = outer.pages.get(self.path, "").encode()
                self.send_response(outer.status if self.path in outer.pages else 404)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = _Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(etc / "server.pem", etc / "server.key")
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> "IssuerServer":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on.set()
        self.server.shutdown()
        self.server.server_close()

    def total(self) -> int:
        return sum(self.asked.values())


class Issuer:
    """One issuer at a path of the server: its keys, where they are found, and its tokens."""

    def __init__(self, server: IssuerServer, path: str, audience: str, metadata: str = "") -> None:
        self.server = server
        self.url = server.url + path
        self.set_path = path + "/jwks"
        self.audience = audience
        self.key = keys.new_key("ES256")
        self.publish(self.key)
        text = json.dumps({"issuer": self.url, "jwks_uri": server.url + self.set_path})
        if metadata == "oauth":
            server.pages[OAUTH + path] = text
        elif metadata == "openid":
            server.pages[path + OPENID] = text

    def publish(self, *published) -> None:
        self.server.pages[self.set_path] = keys.key_set(*published)

    def fetches(self) -> int:
        return self.server.asked[self.set_path]

    def claims(self, **changes: object) -> dict:
        """A change to None takes a claim out."""
        claims = {
            "iss": self.url,
            "sub": "service-account-lab",
            "azp": "lab",
            "aud": self.audience,
            "exp": int(time.time()) + 300,
            "iat": int(time.time()),
            "jti": str(uuid.uuid4()),
            "scope": "system/*.rs",
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, key=None, header: dict | None = None, **changes: object) -> str:
        key = key or self.key
        head = {"alg": "ES256", "typ": "at+jwt", "kid": key["kid"], **(header or {})}
        head = {name: value for name, value in head.items() if value is not None}
        return keys.sign(head, self.claims(**changes), key)
