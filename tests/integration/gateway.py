"""One web server with both programs in front of the sample FHIR server, in a folder of its own."""
import base64
import contextlib
import datetime
import ipaddress
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "demo"))
import render  # noqa: E402

BUILD = pathlib.Path(os.environ.get("FHIR_AUTH_BUILD", ROOT / "build" / "asan")).resolve()
SERVER_USER = "www-data"  # what both web servers change to when root starts them


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(what: str, condition: Callable[[], object], seconds: float = 20.0) -> object:
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {seconds} s in vain: {what}"
        time.sleep(0.02)


def proc_status(pid: int) -> str:
    return pathlib.Path(f"/proc/{pid}/status").read_text()


def chown_to_server(path: pathlib.Path) -> None:
    """Started by root, the programs run as the web server's user."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(SERVER_USER)
        os.chown(path, user.pw_uid, user.pw_gid)


def make_certificates(etc: pathlib.Path) -> None:
    """ca.pem, server.pem and server.key for 127.0.0.1 and localhost."""
    now = datetime.datetime.now(datetime.timezone.utc)

    def certificate(name: str, key: ec.EllipticCurvePrivateKey, issuer: str, signer, ca: bool):
        def dn(text: str) -> x509.Name:
            return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

        builder = (
            x509.CertificateBuilder()
            .subject_name(dn(name))
            .issuer_name(dn(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if not ca:
            names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    ca_key = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1())
    (etc / "ca.pem").write_bytes(certificate("Test CA", ca_key, "Test CA", ca_key, True))
    (etc / "server.pem").write_bytes(certificate("127.0.0.1", key, "Test CA", ca_key, False))
    (etc / "server.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


class Gateway:
    """Used as a context manager: everything runs inside, and all processes have ended after it."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="fhir-auth-test.", dir="/tmp"))
        self.port = free_port()
        self.origin = f"https://127.0.0.1:{self.port}"
        self.issuer = f"{self.origin}/oauth"
        self.base = f"{self.origin}/fhir"
        self.token_url = f"{self.issuer}/token"
        self.ca = str(self.dir / "etc" / "ca.pem")
        self.store = self.dir / "state" / "fhir-auth.db"
        self.upstream_log = self.dir / "log" / "upstream.log"
        self.upstream_port = 0
        self.processes: list[subprocess.Popen] = []
        self.web_server: subprocess.Popen | None = None
        self.secrets: set[str] = set()  # what must be in no log …
        self.secret_free: list[pathlib.Path] = []  # … nor in these folders
        self.session = requests.Session()
        self.session.verify = self.ca
        self.session.trust_env = False
        self.commands: list[list[str]] = []  # programs of their own, and at last the web server
        self.programs: list[subprocess.Popen] = []
        self._prepare()

    # ---- files ----

    def _prepare(self) -> None:
        self.dir.chmod(0o711)
        for name in ("bin", "etc", "etc/conf-enabled", "run", "log", "www", "export", "state", "sanitizer"):
            (self.dir / name).mkdir()
        for name in ("run", "log", "state", "sanitizer"):
            chown_to_server(self.dir / name)
        (self.dir / "state").chmod(0o700)
        for program in ("fcgi-authorizer", "token-endpoint"):
            shutil.copy(BUILD / program, self.dir / "bin" / program)
        make_certificates(self.dir / "etc")
        (self.dir / "etc" / "fhir-auth.conf").write_text(
            f"[store]\npath = {self.store}\n"
            f"[token-endpoint]\nissuer = {self.issuer}\nkeys = {self.dir}/state/keys\n"
            f"[jwks]\nca_file = {self.ca}\ntimeout = 2s\n"
            f'[fhir "main"]\nbase = {self.base}\n'
        )
        sanitizer = self.sanitizer_options()
        lines = [f'SetEnv {name} "{value}"' for name, value in sanitizer.items()]  # for CGI
        lines += ["<IfModule mod_fcgid.c>"]
        lines += [f'FcgidInitialEnv {name} "{value}"' for name, value in sanitizer.items()]
        lines += ["</IfModule>"]
        (self.dir / "etc" / "conf-enabled" / "sanitizer.conf").write_text("\n".join(lines) + "\n")

    def sanitizer_options(self) -> dict[str, str]:
        """Reports go to files; a test run in which there is one fails."""
        log = self.dir / "sanitizer"
        return {
            "ASAN_OPTIONS": f"log_path={log}/asan:detect_leaks=1:detect_stack_use_after_return=1",
            "UBSAN_OPTIONS": f"log_path={log}/ubsan:print_stacktrace=1",
        }

    def sanitizer_reports(self) -> str:
        return "\n".join(p.read_text() for p in sorted((self.dir / "sanitizer").iterdir()))

    def edit(self, name: str, old: str, new: str) -> None:
        """Spoil or change a rendered configuration file; takes effect at start()."""
        path = self.dir / "etc" / name
        text = path.read_text()
        assert old in text, f"{name} lacks {old!r}"
        path.write_text(text.replace(old, new))

    # ---- processes ----

    def __enter__(self) -> "Gateway":
        self.ctl("key", "generate")
        upstream = [
            sys.executable, str(ROOT / "tests/demo/upstream.py"), "--log", str(self.upstream_log)
        ]
        process = subprocess.Popen(upstream, stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        self.upstream_port = int(process.stdout.readline())
        self.render()
        return self

    def render(self) -> None:
        upstream = f"http://127.0.0.1:{self.upstream_port}/fhir"
        self.commands = render.render(self.server, self.dir, self.port, upstream)

    def start(self) -> "Gateway":
        *programs, server = self.commands
        for command in programs:
            self.start_program(command)
        env = {**os.environ, **self.sanitizer_options()}
        with (self.dir / "log" / "server.out").open("ab") as out:
            self.web_server = subprocess.Popen(server, stdout=out, stderr=out, env=env)
        wait_until("the web server listens", self._listens)
        return self

    def start_program(self, command: list[str]) -> None:
        """One that the web server does not start, by spawn-fcgi."""
        conf = str(self.dir / "etc" / "fhir-auth.conf")
        env = {**os.environ, **self.sanitizer_options(), "FHIR_AUTH_CONF": conf}
        log = self.dir / "log" / (pathlib.Path(command[-1]).name + ".log")
        with log.open("ab") as out:
            self.programs.append(subprocess.Popen(command, stdout=out, stderr=out, env=env))

    def _listens(self) -> bool:
        assert self.web_server.poll() is None, self.logs()[-3000:]
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def stop(self) -> None:
        if self.web_server is not None:
            self.web_server.send_signal(signal.SIGTERM)
            self.web_server.wait(30)
            self.web_server = None
        for program in self.programs:
            program.terminate()
        self._end_programs()

    def _end_programs(self) -> None:
        """The web server has told them to end; all of them must do so."""
        def left() -> list[int]:
            self.programs = [program for program in self.programs if program.poll() is None]
            return self.program_pids("fcgi-authorizer") + self.program_pids("token-endpoint")

        end = time.monotonic() + 15
        while left() and time.monotonic() < end:
            time.sleep(0.02)
        stuck = left()
        # The leak checker stops its process by ptrace.  Should the web server end just then, the
        # kernel wakes the process (its group is orphaned) and both wait for ever: seen once in
        # some hundred runs, and no fault of the program.
        checked = [pid for pid in stuck if "TracerPid:\t0\n" not in proc_status(pid)]
        for pid in stuck:
            os.kill(pid, signal.SIGKILL)
        assert not stuck or checked, f"still there 15 s after SIGTERM: {stuck}"

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
            for process in self.processes:
                process.terminate()
                process.wait(10)
            reports = self.sanitizer_reports()
            assert reports == "", reports
            self.assert_nothing_secret_logged()
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)

    def program_pids(self, program: str) -> list[int]:
        path = str(self.dir / "bin" / program).encode()
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    argv0 = (entry / "cmdline").read_bytes().split(b"\0")[0]
                except OSError:
                    continue
                if argv0 == path:
                    found.append(int(entry.name))
        return found

    # ---- administration ----

    def ctl(self, *args: str, stdin: str = "") -> str:
        env = {
            **os.environ,
            **self.sanitizer_options(),
            "FHIR_AUTH_CONF": str(self.dir / "etc" / "fhir-auth.conf"),
        }
        done = subprocess.run(
            [str(BUILD / "fhir-authctl"), *args],
            input=stdin,
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sql(self, statement: str) -> list[tuple]:
        """For what only time would bring about."""
        with contextlib.closing(sqlite3.connect(self.store, timeout=10)) as db, db:
            return db.execute(statement).fetchall()

    def add_client(self, scope: str, *options: str) -> tuple[str, str]:
        """Id and secret; the secret is empty for a client with keys."""
        client = json.loads(self.ctl("client", "add", "Test", "--scope", scope, "--json", *options))
        secret = client.get("client_secret", "")
        if secret:
            self.secrets.add(secret)
        return client["client_id"], secret

    # ---- requests ----

    def oauth(self, method: str, path: str, **options) -> requests.Response:
        form = options.get("data")
        if isinstance(form, dict):
            for name in ("client_assertion", "client_secret", "token"):
                self.secrets.add(str(form.get(name, "")))
        return self.session.request(method, self.issuer + path, timeout=30, **options)

    def post_token(self, form: object, **options) -> requests.Response:
        answer = self.oauth("POST", "/token", data=form, **options)
        if answer.status_code == 200:
            self.secrets.add(answer.json()["access_token"])
        return answer

    def token(self, scope: str, client: tuple[str, str] | None = None) -> str:
        """A new token; without a client, of a new one that may have just this scope."""
        client = client or self.add_client(scope)
        answer = self.post_token({"grant_type": "client_credentials", "scope": scope}, auth=client)
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def fhir(
        self, method: str, path: str, token: str | None = None, **options
    ) -> requests.Response:
        headers = dict(options.pop("headers", {}))
        if token is not None:
            self.secrets.add(token)
            headers["Authorization"] = f"Bearer {token}"
        url = self.base + path
        return self.session.request(method, url, headers=headers, timeout=30, **options)

    def upstream_requests(self) -> list[dict]:
        """All that has reached the FHIR server so far."""
        if not self.upstream_log.exists():
            return []
        return [json.loads(line) for line in self.upstream_log.read_text().splitlines()]

    # ---- logs ----

    def logs(self) -> str:
        files = [p for p in (self.dir / "log").iterdir() if p != self.upstream_log]
        return "\n".join(p.read_text(errors="replace") for p in sorted(files))

    def events(self, *names: str) -> list[dict]:
        """The lines that the two programs have logged, wherever the web server puts them."""
        found = []
        for line in self.logs().splitlines():
            at = line.find('{"time":')
            if at >= 0:
                found.append(json.loads(line[at:]))
        return [event for event in found if not names or event["event"] in names]

    def assert_nothing_secret_logged(self) -> None:
        """No file that was written has 16 characters of a secret, token or assertion in a row."""
        leaks = set()
        for secret in self.secrets:
            for part in secret.split("."):
                windows = (part[i : i + 16] for i in range(len(part) - 15))
                leaks.update(w for w in windows if len(set(w)) > 4)  # "aaaa…" is no secret
        places = [self.dir / "log", *self.secret_free]
        for file in (f for place in places for f in place.rglob("*") if f.is_file()):
            if file == self.upstream_log and self.server == "lighttpd-forwarded":
                continue  # without Lua the token goes on to the FHIR server
            # What AuditEvents tell of queries is looked at as it was asked.
            text = re.sub(
                r'"query":"([A-Za-z0-9+/=]+)"',
                lambda query: base64.b64decode(query[1]).decode(errors="replace"),
                file.read_text(errors="replace"),
            )
            for run in set(re.findall(r"[A-Za-z0-9_+=-]{16,}", text)):
                found = [run[i : i + 16] for i in range(len(run) - 15)]
                assert leaks.isdisjoint(found), f"a part of a secret is in {file.name}"
