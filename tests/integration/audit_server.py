"""A FHIR server that only takes AuditEvents.  It can be away, and it can refuse."""
import http.server
import json
import threading

import gateway


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):  # clients that went away
        pass


class AuditServer:
    """Listens on the same port each time it is started."""

    def __init__(self) -> None:
        self.port = gateway.free_port()
        self.url = f"http://127.0.0.1:{self.port}/fhir"
        self.received: list[dict] = []
        self.bodies: list[str] = []
        self.refuse = lambda event: 0  # the status that an event is refused with
        self.server: _Server | None = None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                event = json.loads(body)
                assert self.headers["Content-Type"] == "application/fhir+json"
                status = outer.refuse(event) if self.path == "/fhir/AuditEvent" else 404
                if not status:
                    outer.received.append(event)
                    outer.bodies.append(body.decode())
                self.send_response(status or 201)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self.handler = Handler

    def start(self) -> None:
        self.server = _Server(("127.0.0.1", self.port), self.handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def __enter__(self) -> "AuditServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def request_ids(self) -> list[str]:
        """Of the events received, in their order."""
        return [event["entity"][0]["what"]["identifier"]["value"] for event in self.received]
