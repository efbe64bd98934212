"""A FHIR store in memory: just enough of R4 for the demo and the tests, without any access control.

It honours _include, _revinclude, _has and chained parameters, so that an authorizer that lets one
of them through with too small a scope is seen to leak.
"""
import copy
import datetime
import json
import threading
import uuid
from collections.abc import Iterator

# Search parameter -> path of the references it follows.
REFERENCES = {
    "Patient": {
        "organization": "managingOrganization", "general-practitioner": "generalPractitioner"
    },
    "Encounter": {
        "subject": "subject",
        "patient": "subject",
        "participant": "participant.individual",
        "practitioner": "participant.individual",
        "service-provider": "serviceProvider",
    },
    "Observation": {
        "subject": "subject",
        "patient": "subject",
        "encounter": "encounter",
        "performer": "performer",
    },
}
TYPES = ("Organization", "Practitioner", "Patient", "Encounter", "Observation")


class Fault(Exception):
    """Becomes an OperationOutcome."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


def outcome(severity: str, code: str, text: str) -> dict:
    issue = {"severity": severity, "code": code, "diagnostics": text}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def at(node: object, path: str) -> Iterator[object]:
    """All values at a dotted path; lists are walked through."""
    if isinstance(node, list):
        for item in node:
            yield from at(item, path)
    elif not path:
        yield node
    elif isinstance(node, dict):
        head, _, rest = path.partition(".")
        if head in node:
            yield from at(node[head], rest)


def references(resource: dict, parameter: str) -> list[str]:
    path = REFERENCES.get(resource["resourceType"], {}).get(parameter)
    return [str(value) for value in at(resource, f"{path}.reference")] if path else []


def text_matches(resource: dict, parameter: str, wanted: str) -> bool:
    """The parameters that are no references; an unknown one is ignored, as R4 servers do."""
    if parameter == "_id":
        return resource["id"] == wanted
    if parameter in ("name", "family", "given"):
        paths = {"name": ("name.family", "name.given", "name"), "family": ("name.family",)}
        found = [v for p in paths.get(parameter, ("name.given",)) for v in at(resource, p)]
        return any(isinstance(v, str) and v.lower().startswith(wanted.lower()) for v in found)
    if parameter in ("code", "identifier"):
        coded = ("code.coding", "system", "code")
        paths = coded if parameter == "code" else ("identifier", "system", "value")
        system, _, value = wanted.rpartition("|")
        return any(
            item.get(paths[2]) == value and system in ("", item.get(paths[1]))
            for item in at(resource, paths[0])
        )
    plain = {"gender": "gender", "birthdate": "birthDate", "status": "status"}
    return wanted in at(resource, plain[parameter]) if parameter in plain else True


class Store:
    def __init__(self, resources: list[dict]) -> None:
        self.lock = threading.RLock()
        self.versions: dict[tuple[str, str], list[dict | None]] = {}
        for resource in resources:
            self.put(resource)

    def put(self, resource: dict) -> dict:
        kind, ident = resource["resourceType"], resource["id"]
        now = datetime.datetime.now(datetime.UTC)
        with self.lock:
            versions = self.versions.setdefault((kind, ident), [])
            resource = copy.deepcopy(resource)
            resource["meta"] = {
                "versionId": str(len(versions) + 1),
                "lastUpdated": now.isoformat(timespec="milliseconds"),
            }
            versions.append(resource)
            return resource

    def create(self, resource: dict) -> dict:
        return self.put({**resource, "id": uuid.uuid4().hex[:16]})

    def exists(self, kind: str, ident: str) -> bool:
        return bool(self.versions.get((kind, ident), [None])[-1])

    def read(self, kind: str, ident: str, version: str = "") -> dict:
        with self.lock:
            versions = self.versions.get((kind, ident), [])
            if not versions:
                raise Fault(404, "not-found", f"{kind}/{ident} does not exist")
            if version and not (version.isdigit() and 1 <= int(version) <= len(versions)):
                raise Fault(404, "not-found", f"{kind}/{ident} has no such version")
            found = versions[int(version) - 1 if version else -1]
            if found is None:
                raise Fault(410, "deleted", f"{kind}/{ident} was deleted")
            return found

    def history(self, kind: str, ident: str) -> list[dict]:
        with self.lock:
            self.read(kind, ident)
            return [version for version in reversed(self.versions[kind, ident]) if version]

    def delete(self, kind: str, ident: str) -> None:
        with self.lock:
            self.read(kind, ident)
            self.versions[kind, ident].append(None)

    def all(self, kind: str) -> list[dict]:
        with self.lock:
            return [v[-1] for (k, _), v in self.versions.items() if k == kind and v[-1]]

    def by_reference(self, reference: str) -> dict | None:
        kind, _, ident = reference.rpartition("/")
        return self.read(kind, ident) if self.exists(kind, ident) else None

    def matches(self, resource: dict, name: str, value: str) -> bool:
        """One parameter; alternatives are separated by commas."""
        if name.startswith("_has:"):
            _, kind, link, rest = name.split(":", 3)
            me = f"{resource['resourceType']}/{resource['id']}"
            return any(
                me in references(o, link) and self.matches(o, rest, value) for o in self.all(kind)
            )
        if "." in name:
            link, rest = name.split(".", 1)
            link, _, kind = link.partition(":")
            targets = [self.by_reference(r) for r in references(resource, link)]
            return any(
                t and kind in ("", t["resourceType"]) and self.matches(t, rest, value)
                for t in targets
            )
        name = name.partition(":")[0]
        for wanted in value.split(","):
            if name in REFERENCES.get(resource["resourceType"], {}):
                if {wanted, f"Patient/{wanted}"} & set(references(resource, name)):
                    return True
            elif text_matches(resource, name, wanted):
                return True
        return False

    def search(self, kind: str, parameters: list[tuple[str, str]]) -> list[tuple[str, dict]]:
        """Pairs of search mode and resource."""
        control = ("_include", "_revinclude", "_count", "_format", "_pretty", "_type", "_summary")
        filters = [(n, v) for n, v in parameters if n.partition(":")[0] not in control]
        with self.lock:
            found = [r for r in self.all(kind) if all(self.matches(r, n, v) for n, v in filters)]
            extra: dict[str, dict] = {}
            for name, value in parameters:
                if name.partition(":")[0] == "_include":
                    links = [ref for r in found for ref in references(r, value.split(":")[1])]
                    targets = [self.by_reference(link) for link in links]
                elif name.partition(":")[0] == "_revinclude":
                    source, link = value.split(":")[:2]
                    mine = {f"{r['resourceType']}/{r['id']}" for r in found}
                    targets = [o for o in self.all(source) if mine & set(references(o, link))]
                else:
                    continue
                extra.update({f"{t['resourceType']}/{t['id']}": t for t in targets if t})
        return [("match", r) for r in found] + [("include", r) for r in extra.values()]


def json_patch(resource: dict, operations: list[dict]) -> dict:
    """RFC 6902, the operations add, replace and remove on members of objects and lists."""
    result = json.loads(json.dumps(resource))
    for operation in operations:
        *parents, last = operation["path"].lstrip("/").split("/")
        node = result
        for step in parents:
            node = node[int(step)] if isinstance(node, list) else node[step]
        key = int(last) if isinstance(node, list) and last != "-" else last
        if operation["op"] == "remove":
            del node[key]
        elif operation["op"] in ("add", "replace"):
            if isinstance(node, list) and operation["op"] == "add":
                node.insert(len(node) if key == "-" else key, operation["value"])
            else:
                node[key] = operation["value"]
        else:
            raise ValueError(operation["op"])
    return result
