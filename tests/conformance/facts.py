"""`python -m tests.conformance.facts`: write the facts about built-in resources that no document contains."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from kubecore.testing._schemas.packages import load
from kubecore.testing._schemas.schema_type import SchemaType
from tests.cluster import VERSION, Cluster
from tests.conformance.backends import RealServer
from tests.conformance.learning import Defaults, expansions
from tests.conformance.rich import RICH
from tests.server.recording import prefixes
from tests.server.test_round_trip import BODIES, NAMESPACE, NOT_STORED

OUTPUT: Final = Path(__file__).parents[2] / "core/kubecore/testing/_rules/facts" / f"{VERSION.rpartition('.')[0]}.json"
NAME_RULES: Final = (
    ("RFC 1123 subdomain", "subdomain"),
    ("RFC 1123 label", "label"),
    ("RFC 1035 label", "label 1035"),
    ("may not contain '/'", "path"),
)
MOST: Final = 400
"""How many bodies of one resource are tried."""


ADMITTED: Final = ("preemptionPolicy", "priority", "serviceAccount", "serviceAccountName", "tolerations")
"""Fields of pods that admission sets: `_rules/admission.py` has rules for them."""


class Probe:
    """Sends requests that show facts about resources.

    Args:
        server: The server.
    """

    def __init__(self, server: RealServer) -> None:
        self._server = server
        self._package = load("kubeclient")
        self.defaults = Defaults()

    def send(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> tuple[int, Any]:
        """Send a request; return the code and the decoded body."""
        content = b"" if body is None else json.dumps(body).encode()
        raw = self._server.send(method, path, {"Content-Type": kind, "User-Agent": "facts/1"}, content)
        try:
            return raw.code, json.loads(raw.content)
        except ValueError:
            return raw.code, {}

    def resource(self, prefix: str, found: dict[str, Any]) -> dict[str, Any]:
        """Return the facts about one resource of a discovery document."""
        group_version = prefix.removeprefix("/apis/").removeprefix("/api/")
        plural = found["name"]
        facts: dict[str, Any] = {
            "kind": found["kind"],
            "singular": found["singularName"],
            "verbs": sorted(found["verbs"]),
            "namespaced": found["namespaced"],
            "short_names": found.get("shortNames", []),
            "categories": found.get("categories", []),
        }
        if "watch" in found["verbs"]:
            facts["bookmark"] = self.bookmark(f"{prefix}/{plural}")
        if not {"create", "get", "delete"} <= set(found["verbs"]) or plural in NOT_STORED:
            return _without_empty(facts)
        place = f"{prefix}/namespaces/{NAMESPACE}/{plural}" if found["namespaced"] else f"{prefix}/{plural}"
        group, _, version = group_version.rpartition("/")
        schema = self._package.schema(group, version, found["kind"])
        bodies = list(bodies_of(group_version, plural, found["kind"]))
        facts |= self._learn(f"{group_version}/{plural}", place, bodies, schema)
        facts |= self._names(place, bodies[0])
        facts["field_selectors"] = list(self._selectors(place, schema))
        facts |= self._life(place, bodies[0])
        return _without_empty(facts)

    def bookmark(self, path: str) -> dict[str, Any]:
        """Return the fields of the object in a bookmark, without metadata."""
        query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        with self._server.open(f"{path}?{query}", {"Accept": "application/json"}) as reading:
            while lines := reading.lines(1):
                event = json.loads(lines[0])
                if event["type"] == "BOOKMARK":
                    found: dict[str, Any] = event["object"]
                    return {name: found[name] for name in found.keys() - {"kind", "apiVersion", "metadata"}}
        return {}

    def _learn(self, root: str, place: str, bodies: list[Any], schema: SchemaType) -> dict[str, Any]:
        """Create objects, with more and more empty structs; return the facts of the first one."""
        tried: set[str] = set()
        first: dict[str, Any] = {}
        for count, body in enumerate(bodies):
            if count >= MOST:
                break
            code, made = self.send("POST", f"{place}?dryRun=All", body)
            if code != 201:
                if count < len(RICH.get(root, ())) + 1:
                    print(f"{root}: {str(made.get('message'))[:300]}", flush=True)
                continue
            self.defaults.observe(root, body, made, schema)
            first = first or made
            for key, further in expansions(body, made, schema):
                if key not in tried:
                    tried.add(key)
                    bodies.append(further)
        metadata = first.get("metadata", {})
        return {
            "generation": metadata.get("generation", 0),
            "finalizers": metadata.get("finalizers", []),
            "status": _plain(first.get("status", {})),
        }

    def _names(self, place: str, body: Any) -> dict[str, Any]:
        bad = {**body, "metadata": {**body["metadata"], "name": "A/_b"}}
        text = str(self.send("POST", f"{place}?dryRun=All", bad)[1].get("message", ""))
        return {
            "name_rule": next((rule for sign, rule in NAME_RULES if "metadata.name: " in text and sign in text), "")
        }

    def _selectors(self, place: str, schema: SchemaType) -> Iterator[str]:
        names = {"metadata.name", "metadata.namespace"}
        for field, inner in schema.fields.items():
            names.add(field)
            if field != "metadata":
                names |= {f"{field}.{member}" for member in inner.fields}
        for name in sorted(names):
            if self.send("GET", f"{place}?limit=1&fieldSelector={name}%3Dx")[0] == 200:
                yield name

    def _life(self, place: str, body: Any) -> dict[str, Any]:
        """Create an object; return the facts about its updates and its deletion."""
        code, made = self.send("POST", place, body)
        if code != 201:
            return {}
        name = made["metadata"]["name"]
        path = f"{place}/{name}"
        plain = json.loads(json.dumps(made))
        for field in ("resourceVersion", "uid", "managedFields", "creationTimestamp"):
            plain["metadata"].pop(field, None)
        absent = {**plain, "metadata": {**plain["metadata"], "name": f"{name}x"}}
        updated = self.send("PUT", f"{path}?dryRun=All", plain)
        labels = {"metadata": {"labels": {"facts": "x"}}}
        labelled = self.send("PATCH", f"{path}?dryRun=All", labels, "application/merge-patch+json")[1]
        by_default = self.send("DELETE", f"{path}?dryRun=All")[1]
        deleted = self.send("DELETE", f"{path}?dryRun=All&propagationPolicy=Background")[1]
        collection = self.send("DELETE", f"{place}?dryRun=All&fieldSelector=metadata.name%3D{name}")[1]
        facts = {
            "unconditional_update": updated[0] == 200,
            "create_on_update": self.send("PUT", f"{place}/{name}x?dryRun=All", absent)[0] == 201,
            "generation_of_labels": labelled.get("metadata", {}).get("generation", 0)
            > made["metadata"].get("generation", 0),
            "deleted": "status" if deleted.get("kind") == "Status" else "object",
            "deleted_grace": deleted.get("metadata", {}).get("deletionGracePeriodSeconds"),
            "deleted_finalizers": by_default.get("metadata", {}).get("finalizers", []),
            "deleted_collection": "status" if collection.get("kind") == "Status" else "list",
            "immutable": list(self._immutable(path, made)),
        }
        self.send("DELETE", f"{path}?gracePeriodSeconds=0")
        return facts

    def _immutable(self, path: str, made: Any) -> Iterator[str]:
        for place, value in _leaves(
            {key: made[key] for key in made.keys() - {"metadata", "status", "kind", "apiVersion"}}
        ):
            other: Any = not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else f"{value}x"
            operation = [{"op": "replace", "path": place, "value": other}]
            code, found = self.send("PATCH", f"{path}?dryRun=All", operation, "application/json-patch+json")
            causes = found.get("details", {}).get("causes", ()) if code == 422 else ()
            if any("immutable" in cause["message"] or cause["message"].startswith("Forbidden") for cause in causes):
                yield place


def bodies_of(group_version: str, plural: str, kind: str) -> Iterator[dict[str, Any]]:
    key = f"{group_version}/{plural}"
    body = BODIES.get(key, BODIES.get(plural, {}))
    for number, more in enumerate((body, *RICH.get(key, ()))):
        metadata = {"name": "facts" if not number else f"facts{number}", **more.get("metadata", {})}
        yield {"apiVersion": group_version, "kind": kind, **more, "metadata": metadata}


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    members: Iterator[tuple[Any, Any]] = iter(())
    if isinstance(value, dict):
        members = iter(sorted(value.items()))
    elif isinstance(value, list):
        members = iter(enumerate(value[:1]))
    elif isinstance(value, str | int | bool):
        yield place, value
    for name, member in members:
        yield from _leaves(member, f"{place}/{str(name).replace('~', '~0').replace('/', '~1')}")


def _plain(status: Any) -> Any:
    """Return a status without times, that differ in each run."""
    return json.loads(json.dumps(status)) if "T" not in json.dumps(status) or "Z" not in json.dumps(status) else {}


def _without_empty(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value not in ("", [], {}, None, False, 0)}


def main() -> None:
    """Write the facts of the newest version."""
    with Cluster(controllers=False) as cluster:
        probe = Probe(RealServer(cluster))
        probe.send("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        probe.send("POST", f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", {"metadata": {"name": "default"}})
        resources = {
            f"{prefix.removeprefix('/apis/').removeprefix('/api/')}/{found['name']}": probe.resource(prefix, found)
            for prefix in prefixes(cluster)
            for found in cluster.raw("GET", prefix)[1]["resources"]
            if "/" not in found["name"]
        }
    plain, special, conditional = probe.defaults.found()
    for root, types in special.items():
        resources[root]["defaults"] = types
    of_pods = resources["v1/pods"]["defaults"]["io.k8s.api.core.v1.PodSpec"]
    for name in ADMITTED:
        of_pods.pop(name, None)
    facts = {"version": VERSION, "resources": resources, "defaults": plain, "conditional": conditional}
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", "utf-8")
    print(
        f"{len(resources)} resources, {sum(map(len, plain.values()))} defaults, {sum(map(len, conditional.values()))} conditional"
    )


if __name__ == "__main__":
    main()
