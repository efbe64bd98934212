"""fhir-authctl as the tests run it: its own configuration, one call for each exit status."""
import json
import os
import pathlib
import subprocess

BUILD = pathlib.Path(os.environ.get("FHIR_AUTH_BUILD", "build/asan")).resolve()
PROGRAM = BUILD / "fhir-authctl"
ISSUER = "https://gateway.example/auth"
AUDIENCE = "https://gateway.example/fhir"


class Authctl:
    def __init__(self, directory, extra="", authorizer=""):
        self.dir = pathlib.Path(directory)
        self.keys = self.dir / "keys"
        self.store = self.dir / "store.db"
        self.conf = self.dir / "fhir-auth.conf"
        self.conf.write_text(
            f"[store]\npath = {self.store}\n"
            f"[token-endpoint]\nissuer = {ISSUER}\nkeys = {self.keys}\n{extra}"
            f"[authorizer]\n{authorizer}"
            f'[fhir "main"]\nbase = {AUDIENCE}\n'
        )
        self.conf.chmod(0o600)

    def run(self, *args, stdin=b"", **how):
        env = {**os.environ, "FHIR_AUTH_CONF": str(self.conf)}
        if isinstance(stdin, str):
            stdin = stdin.encode()
        if "stdout" not in how:
            how["stdout"] = subprocess.PIPE
        done = subprocess.run(
            [str(PROGRAM), *args], input=stdin, stderr=subprocess.PIPE, env=env, timeout=60, **how
        )
        assert b"Sanitizer" not in done.stderr and b"runtime error" not in done.stderr, done.stderr
        return done

    def yes(self, *args, **how):
        done = self.run(*args, **how)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    def json(self, *args, **how):
        return json.loads(self.yes(*args, "--json", **how))

    def refused(self, status, why, *args, **how):
        done = self.run(*args, **how)
        text = done.stderr.decode()
        assert (done.returncode, done.stdout) == (status, b""), (done.returncode, text)
        assert why in text, text
        return text

    def no(self, why, *args, **how):
        return self.refused(1, why, *args, **how)

    def misuse(self, why, *args, **how):
        return self.refused(2, why, *args, **how)

    def file(self, name, text):
        path = self.dir / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def add(self, *args, name="Test", scope="system/*.rs"):
        return self.json("client", "add", name, "--scope", scope, *args)
