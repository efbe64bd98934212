"""An HTTPS server for test_http_client: makes its certificates in the directory named, listens on
127.0.0.1, prints the port, and ends when its standard input does."""

import http.server
import os
import ssl
import subprocess
import sys
import threading
import urllib.parse


def openssl(*arguments):
    subprocess.run(("openssl",) + arguments, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def make_certificates():
    for ca in ("ca", "other-ca"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", "/CN=" + ca, "-days", "1", "-keyout", ca + ".key", "-out", ca + ".pem")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", "/CN=server", "-keyout", "server.key", "-out", "server.csr")
    with open("server.ext", "w") as ext:
        ext.write("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "1", "-extfile", "server.ext", "-out", "server.pem")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, *headers):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Type"] == "application/x-www-form-urlencoded":
            self.take_form(body.decode())
        else:
            self.take_json(body)

    def take_form(self, form):  # what came, and over which connection of this server
        status = int(self.path.partition("?")[2] or 200)
        answer = f"connection {self.server.connections}\n{self.headers}\n{form}"
        self.answer(status, answer.encode(), ("Location", "/cache"))

    def do_GET(self):
        path, _, query = self.path.partition("?")
        query = urllib.parse.unquote(query)
        if path == "/cache":  # the query's lines become Cache-Control fields
            self.answer(200, b"{}", *(("Cache-Control", v) for v in query.split("\n")))
        elif path == "/status":
            self.answer(int(query), b"{}", ("Location", "/cache"))
        elif path == "/early":  # an interim answer, whose fields do not count
            self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nCache-Control: max-age=9\r\n\r\n")
            self.answer(200, b"{}")
        elif path == "/bytes":
            self.answer(200, b"x" * int(query))
        elif path == "/chunks":  # as many bytes, of which the length is not told
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for _ in range(int(query)):
                self.wfile.write(b"1\r\nx\r\n")
            self.wfile.write(b"0\r\n\r\n")
        elif path == "/headers":
            self.answer(200, str(self.headers).encode())
        elif path == "/silence":  # until the client gives up
            self.rfile.read(1)

    def take_json(self, body):
        if self.path == "/echo":  # told by the status, as the answer's body is dropped
            wanted = self.headers["Content-Type"] == self.headers["Accept"] == "application/x+json"
            good = wanted and body in (b'{"a":1}', b"")
            self.answer(201 if good else 400, b"x" * 100000)
        elif self.path == "/once":  # the connection does not stay
            self.close_connection = True
            self.answer(200, b"", ("Connection", "close"))
        elif self.path == "/silence":
            self.rfile.read(1)
        else:
            self.answer(503, b"{}")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    connections = 0

    def process_request(self, *request):
        self.connections += 1
        super().process_request(*request)

    def handle_error(self, *_):  # clients that refuse the certificate
        pass


os.chdir(sys.argv[1])
make_certificates()
server = Server(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("server.pem", "server.key")
# The handshake is left to the connection's thread: a client that makes none must not stop others.
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
