"""The rows of tests/decisions, and tokens for them by an issuer whose keys are in a file."""
import dataclasses
import pathlib
import re
import time

import keys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DECISIONS = ROOT / "tests" / "decisions"
AUDIENCE = "https://fhir.example.org"
ISSUER = "https://login.example/decisions"

HEADERS = {"If-None-Exist": "If-None-Exist", "X-Provenance": "X-Provenance",
           "X-Cascade": "X-Cascade", "override": "X-HTTP-Method-Override"}


@dataclasses.dataclass(frozen=True)
class Row:
    place: str
    method: str
    target: str
    scopes: str
    context: str
    policy: str
    verdict: str
    why: str
    told: str

    def words(self) -> dict[str, str]:
        pairs = (word.partition("=") for word in self.context.split() if word != "-")
        return {name: value for name, _, value in pairs}

    def claims(self) -> dict[str, str]:
        words = self.words()
        return {name: words[name] for name in ("patient", "fhirUser") if words.get(name)}

    def headers(self) -> dict[str, str]:
        return {HEADERS[name]: value or "DELETE" if name == "override" else value
                for name, value in self.words().items() if name in HEADERS}

    def below(self) -> str:
        return "" if self.target == "-" else self.target

    def whole(self) -> str:
        return self.target[1:] if self.target.startswith("=") else f"/{self.policy}{self.below()}"


def rows() -> list[Row]:
    found = []
    for path in sorted(DECISIONS.glob("*.tsv")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line and not line.startswith("#"):
                found.append(Row(f"{path.name}:{number}", *line.split("\t")))
    return found


def error_texts() -> dict[str, str]:
    """ERR_… -> its English text, of shared/error.h."""
    text = (ROOT / "shared" / "error.h").read_text()
    entry = re.compile(
        r'X\((ERR_\w+),\s*\d+,\s*"[^"]*",\s*\d+,\s*"[^"]*",\s*"[^"]*",\s*\\?\s*'
        r'((?:"(?:[^"\\]|\\.)*"\s*\\?\s*)+),'
    )
    return {
        name: "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', parts))
        for name, parts in entry.findall(text)
    }


class Issuer:
    """Its tokens may bear patient/ and user/ scopes; those of the token endpoint never do."""

    def __init__(self, key_set: pathlib.Path, audience: str = AUDIENCE) -> None:
        self.key = keys.new_key("ES256")
        self.audience = audience
        self.path = key_set
        self.made: dict[tuple, str] = {}
        key_set.write_text(keys.key_set(self.key))
        key_set.chmod(0o644)

    def section(self) -> str:
        return f'[issuer "decisions"]\nissuer = {ISSUER}\nkeys = {self.path}\n'

    def token(self, row: Row) -> str:
        """Empty when the row sends none.  One token for all rows that have the same facts."""
        if row.scopes == "none":
            return ""
        facts = (row.scopes, *sorted(row.claims().items()))
        if facts not in self.made:
            now = int(time.time())
            claims = {
                "iss": ISSUER, "sub": "someone", "azp": "app", "aud": self.audience,
                "iat": now, "exp": now + 3000, "jti": f"decision-{len(self.made)}",
                "scope": "" if row.scopes == "-" else row.scopes, **row.claims(),
            }
            header = {"alg": "ES256", "typ": "at+jwt", "kid": self.key["kid"]}
            self.made[facts] = keys.sign(header, claims, self.key)
        return self.made[facts]
