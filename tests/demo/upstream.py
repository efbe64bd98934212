#!/usr/bin/python3
"""A small FHIR R4 server with sample data, on loopback.  Checking tokens is the gateway's job."""
import argparse
import http.server
import json
import pathlib
import re
import threading
import urllib.parse

from fhir_store import TYPES, Fault, Store, json_patch, outcome
from sample_data import resources

BASE = "/fhir"
FHIR_JSON = "application/fhir+json"
ID = re.compile(r"[A-Za-z0-9.-]{1,64}")


def capability_statement(base: str) -> dict:
    interactions = (
        "read", "vread", "history-instance", "search-type", "create", "update", "patch", "delete"
    )
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2024-01-01",
        "kind": "instance",
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "implementation": {"description": "Sample FHIR server", "url": base},
        "rest": [
            {
                "mode": "server",
                "resource": [
                    {"type": kind, "interaction": [{"code": code} for code in interactions]}
                    for kind in TYPES
                ],
            }
        ],
    }


class Server(http.server.ThreadingHTTPServer):
    # As many as a web server may open at once; one above it is tried again after a second only.
    request_queue_size = 128


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "SampleFHIR"
    store: Store
    log_file: pathlib.Path | None = None
    log_lock = threading.Lock()

    def log_message(self, *_: object) -> None:
        """Quiet: --log is the log."""

    def note(self) -> None:
        if self.log_file is None:
            return
        line = json.dumps(
            {"method": self.command, "target": self.path, "headers": self.headers.items()}
        )
        with self.log_lock, self.log_file.open("a") as file:
            file.write(line + "\n")

    @property
    def base(self) -> str:
        scheme = self.headers.get("X-Forwarded-Proto", "http")
        return f"{scheme}://{self.headers.get('Host', 'localhost')}{BASE}"

    def answer(self, status: int, body: dict | None, **headers: str) -> None:
        content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        if content:
            self.send_header("Content-Type", f"{FHIR_JSON}; charset=utf-8")
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def resource(self, status: int, body: dict) -> None:
        headers = {"ETag": f'W/"{body["meta"]["versionId"]}"'}
        if status == 201:
            path = f"{body['resourceType']}/{body['id']}"
            headers["Location"] = f"{self.base}/{path}/_history/{body['meta']['versionId']}"
        self.answer(status, body, **headers)

    def bundle(self, kind: str, entries: list[tuple[str, dict]]) -> None:
        self.answer(
            200,
            {
                "resourceType": "Bundle",
                "type": kind,
                "total": sum(mode == "match" for mode, _ in entries),
                "link": [{"relation": "self", "url": self.base + self.path[len(BASE) :]}],
                "entry": [
                    {
                        "fullUrl": f"{self.base}/{r['resourceType']}/{r['id']}",
                        "resource": r,
                        "search": {"mode": mode},
                    }
                    for mode, r in entries
                ],
            },
        )

    # ---- what is asked ----

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(chunks)

    def handle_any(self) -> None:
        self.note()
        try:
            self.route(self.body())
        except Fault as fault:
            self.answer(fault.status, outcome("error", fault.code, fault.text))
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as fault:
            self.answer(400, outcome("error", "invalid", f"{type(fault).__name__}: {fault}"))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def route(self, body: bytes) -> None:
        target = urllib.parse.urlsplit(self.path)
        if target.path != BASE and not target.path.startswith(BASE + "/"):
            raise Fault(404, "not-found", "outside of the FHIR base")
        parts = [urllib.parse.unquote(p) for p in target.path[len(BASE) :].split("/") if p]
        query = urllib.parse.parse_qsl(target.query, keep_blank_values=True)
        method = "GET" if self.command == "HEAD" else self.command
        if parts == ["metadata"] and method == "GET":
            return self.answer(200, capability_statement(self.base))
        if not parts and method == "GET":
            kinds = dict(query).get("_type", ",".join(TYPES)).split(",")
            return self.bundle(
                "searchset", [hit for k in kinds for hit in self.store.search(k, query)]
            )
        if not parts or parts[0] not in TYPES:
            raise Fault(404, "not-supported", "unknown resource type")
        kind, rest = parts[0], parts[1:]
        if method == "POST" and rest == ["_search"]:
            query += urllib.parse.parse_qsl(body.decode(), keep_blank_values=True)
            return self.bundle("searchset", self.store.search(kind, query))
        if not rest:
            return self.on_type(method, kind, query, body)
        if not ID.fullmatch(rest[0]):
            raise Fault(400, "invalid", "malformed id")
        return self.on_instance(method, kind, rest, query, body)

    def on_type(self, method: str, kind: str, query: list[tuple[str, str]], body: bytes) -> None:
        if method == "GET":
            return self.bundle("searchset", self.store.search(kind, query))
        if method == "DELETE" and query:
            for _, found in self.store.search(kind, query):
                self.store.delete(kind, found["id"])
            return self.answer(204, None)
        if method != "POST":
            raise Fault(405, "not-supported", "not an interaction on a type")
        condition = self.headers.get("If-None-Exist")
        if condition:
            found = self.store.search(kind, urllib.parse.parse_qsl(condition))
            if found:
                return self.resource(200, found[0][1])
        return self.resource(201, self.store.create(self.parse(kind, body)))

    def on_instance(
        self, method: str, kind: str, rest: list[str], query: list[tuple[str, str]], body: bytes
    ) -> None:
        ident, *more = rest
        if method == "GET" and not more:
            return self.resource(200, self.store.read(kind, ident))
        if method == "GET" and more == ["_history"]:
            return self.bundle("history", [("match", r) for r in self.store.history(kind, ident)])
        if method == "GET" and len(more) == 2 and more[0] == "_history":
            return self.resource(200, self.store.read(kind, ident, more[1]))
        if method == "GET" and kind == "Patient" and more and more[0] in (*TYPES, "$everything"):
            kinds = ("Encounter", "Observation") if more[0] == "$everything" else (more[0],)
            query = [*query, ("patient", ident)]
            return self.bundle(
                "searchset", [hit for k in kinds for hit in self.store.search(k, query)]
            )
        if more:
            raise Fault(404, "not-supported", "no such interaction")
        if method == "PUT":
            new = not self.store.exists(kind, ident)
            return self.resource(
                201 if new else 200, self.store.put({**self.parse(kind, body), "id": ident})
            )
        if method == "PATCH":
            return self.resource(200, self.patch(kind, ident, body))
        if method == "DELETE":
            self.store.delete(kind, ident)
            return self.answer(204, None)
        raise Fault(405, "not-supported", "not an interaction on an instance")

    def parse(self, kind: str, body: bytes) -> dict:
        resource = json.loads(body)
        if resource.get("resourceType") != kind:
            raise Fault(400, "invalid", f"the body is no {kind}")
        return resource

    def patch(self, kind: str, ident: str, body: bytes) -> dict:
        current, change = self.store.read(kind, ident), json.loads(body)
        if isinstance(change, list):
            changed = json_patch(current, change)
        else:  # RFC 7396, top level only
            changed = {k: v for k, v in {**current, **change}.items() if v is not None}
        return self.store.put({**changed, "resourceType": kind, "id": ident})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--log", type=pathlib.Path, help="append each request here, as a JSON line")
    args = parser.parse_args()
    Handler.store, Handler.log_file = Store(resources()), args.log
    server = Server(("127.0.0.1", args.port), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
