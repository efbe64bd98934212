#!/usr/bin/python3
"""Write matrix.tsv: each interaction with each kind of scope, by the rules of the specifications.

An interaction needs letters on one type or on every type; it is allowed when the letters that the
token has there are among them.  Nothing of the product is asked.
"""
import pathlib

ALL = "cruds"
V1 = {"read": "rs", "write": "cud", "*": "cruds"}  # SMART App Launch 2.2, version 1 scopes

# method, target, type, letters: http://hl7.org/fhir/R4/http.html and SMART's meaning of the letters.
INTERACTIONS = [
    ("GET", "/Patient/1", "Patient", "r"),
    ("HEAD", "/Patient/1", "Patient", "r"),
    ("GET", "/Binary/b-1", "Binary", "r"),
    ("GET", "/Observation/1/", "Observation", "r"),
    ("GET", "/Patient/1/_history/2", "Patient", "r"),
    ("HEAD", "/Condition/1/_history/2", "Condition", "r"),
    ("GET", "/Observation/1/_history", "Observation", "r"),
    ("GET", "/Observation/1/_history?_at=2020", "Observation", "r"),
    ("GET", "/Patient/_history", "Patient", "s"),
    ("GET", "/Observation/_history?_since=2020-01-01", "Observation", "s"),
    ("GET", "/_history", "*", "s"),
    ("GET", "/_history?_type=Patient", "Patient", "s"),
    ("GET", "/Patient", "Patient", "s"),
    ("HEAD", "/Patient/", "Patient", "s"),
    ("GET", "/Observation?code=8867-4&_count=5", "Observation", "s"),
    ("POST", "/Patient/_search", "*", "s"),
    ("POST", "/_search", "*", "s"),
    ("POST", "/_search?_type=Patient", "*", "s"),
    ("GET", "/", "*", "s"),
    ("GET", "?name=a", "*", "s"),
    ("GET", "?_type=Observation", "Observation", "s"),
    ("GET", "/Patient/1/Observation", "Observation", "s"),
    ("GET", "/Encounter/1/Observation?code=x", "Observation", "s"),
    ("GET", "/Patient/1/*", "*", "s"),
    ("POST", "/Patient/1/_search", "*", "s"),
    ("POST", "/Patient/1/Observation/_search", "*", "s"),
    ("POST", "/Patient", "Patient", "c"),
    ("POST", "/Observation?_format=json", "Observation", "c"),
    ("PUT", "/Patient/1", "Patient", "u"),
    ("PUT", "/Patient?identifier=1", "Patient", "us"),
    ("PATCH", "/Observation/1", "Observation", "u"),
    ("PATCH", "/Observation?identifier=1", "Observation", "us"),
    ("DELETE", "/Patient/1", "Patient", "d"),
    ("DELETE", "/Patient?identifier=1", "Patient", "ds"),
    ("DELETE", "?identifier=1", "*", "ds"),
    ("POST", "/", "*", "cruds"),
    ("GET", "/Patient/$validate", "Patient", "r"),
    ("POST", "/Observation/1/$validate", "Observation", "r"),
    ("POST", "/Observation/1/$meta-add", "Observation", "u"),
    ("POST", "/Patient/$match", "Patient", "s"),
    ("GET", "/Observation/$lastn?max=3", "Observation", "s"),
    ("GET", "/$graphql?query=%7BPatientList%7Bid%7D%7D", "*", "rs"),
]


def ordered(letters):
    return "".join(c for c in ALL if c in letters)


def rows_of(method, target, kind, need):
    smallest = f"system/{kind}.{need}"
    named = "Patient" if kind == "*" else kind
    other = "Slot"

    def row(scope, has, context="-", why="ERR_SCOPE"):
        fits = set(need) <= set(has)
        return (method, target, scope, context, "default", "allow" if fits else "403",
                "ok" if fits else why, smallest)

    def on(scope_type, permission, context="system"):
        return f"{context}/{scope_type}.{permission}"

    yield method, target, "none", "-", "default", "401", "ERR_NO_TOKEN", "-"
    yield row("openid", "")
    yield row(on(kind, need), need)
    yield row(on("*", ALL), ALL)
    for letter in need:
        rest = ordered(set(ALL) - {letter})
        yield row(on(kind, rest), rest)
    # A type alone never gives what is needed on every type; nor does another type.
    yield row(on(named, ALL), ALL if kind != "*" else "")
    yield row(on(other, ALL), "")
    for name, has in V1.items():
        yield row(on("*", name), has)
        yield row(on(named, name), has if kind != "*" else "")
    yield row(on("*", "read") + " " + on("*", "write"), ALL)
    if len(need) > 1:
        yield row(" ".join(on(kind, letter) for letter in need), need)
        yield row(on(kind, need[::-1]), "")  # out of order: grants nothing, not a part
    user = on(kind, need, "user")
    yield row(user, need, "fhirUser=Practitioner/1")
    yield row(user, "", why="ERR_SCOPE_CONTEXT")
    yield row(on(kind, need + "x"), "")


def main():
    here = pathlib.Path(__file__).resolve().parent
    lines = ["# Written by matrix.py: " + (__doc__ or "").splitlines()[0]]
    for interaction in INTERACTIONS:
        lines += ["\t".join(row) for row in rows_of(*interaction)]
    (here / "matrix.tsv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
