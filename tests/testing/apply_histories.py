"""Random histories of applies and updates, and their comparison with the results of the Go program.

`python -m tests.testing.apply_histories --n N --seed S` compares N histories with the running program.
`python -m tests.testing.apply_histories --record` writes `gotables/apply.jsonl`.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kubecore.testing._apply.managed import apply, track_update
from kubecore.testing._schemas.schema_type import SchemaType
from kubecore.testing._server.failures import RequestError
from tests.testing.apply_cases import CASES, THING, THING_SCHEMAS
from tests.testing.apply_oracle import Oracle, plain
from tests.testing.document_types import builtin, custom

__all__ = ["KINDS", "TABLE", "Maker", "described", "difference", "histories", "type_of"]

TABLE = Path(__file__).parent / "gotables" / "apply.jsonl"
API_VERSIONS = ("v1", "apps/v1")
KINDS = (
    ("v1", "ConfigMap"),
    ("v1", "Namespace"),
    ("v1", "Node"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "Pod"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
)
RESETS: Sequence[list[list[str]]] = ([], [], [], [["status"]], [["spec"], ["metadata", "labels"]])
NOT_CHANGED = ("managedFields", "name", "namespace", "uid", "deletionTimestamp", "selfLink", "resourceVersion")
Json = dict[str, Any]


def kind_of(api_version: str, kind: str) -> Json:
    """Return a row that begins a history of a built-in kind."""
    group, _, version = api_version.rpartition("/")
    return {"kind": {"Group": group, "Version": version, "Kind": kind}, "typed": True}


def type_of(row: Json) -> SchemaType:
    """Return the type of the objects of a history."""
    names = row["kind"]
    if row.get("deduced"):
        return custom({"Any": {}}, "Any")
    if not row.get("typed"):
        return custom(THING_SCHEMAS, "Thing")
    return builtin("/".join(filter(None, (names["Group"], names["Version"]))), names["Kind"])


class Maker:
    """Makes random values and objects of a type."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def scalar(self, known: SchemaType) -> Any:
        """Return a value that Go types of the format can hold."""
        if known.format == "date-time":
            return self.rng.choice(["2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"])
        if known.format == "byte":
            return self.rng.choice(["YQ==", "Yg=="])
        choices: dict[str, list[Any]] = {
            "int-or-string": ["1", "2"] if "oneOf" in known.document else [1, 2, "a"],
            "integer": [0, 1, 2],
            "number": [1, 1.5],
            "boolean": [True, False],
        }
        if "Quantity" in str(known.document) or known.document.get("oneOf"):
            return self.rng.choice(["1", "2"])
        return self.rng.choice(choices.get(known.scalar, ["a", "b", "c"]))

    def value(self, known: SchemaType, depth: int = 0) -> Any:
        """Return a value of a type."""
        rng = self.rng
        if known.kind == "scalar":
            return self.scalar(known)
        if known.kind == "map":
            share = max(0.03, 0.6 - 0.13 * depth) * (0.5 if len(known.fields) > 8 else 1)
            if known.values is not None:
                return {name: self.value(known.values, depth + 1) for name in "xyz" if rng.random() < 0.5}
            return {name: self.value(field, depth + 1) for name, field in known.fields.items() if rng.random() < share}
        if known.kind == "list" and known.items is not None:
            return [self._item(known, known.items, depth) for _ in range(rng.choice([0, 1, 2, 3]) if depth < 6 else 1)]
        if depth < 3 and rng.random() < 0.3:
            return {"a": rng.choice([1, "x", [1, 2], {"b": rng.choice([1, 2])}])}
        return {}

    def _item(self, known: SchemaType, items: SchemaType, depth: int) -> Any:
        made = self.value(items, depth + 1)
        if known.list_type == "map":
            for key in known.list_keys:
                field = items.fields.get(key)
                if field is not None and key not in made and (key in items.required or self.rng.random() < 0.7):
                    made[key] = self.scalar(field)
        return made

    def mixed(self, known: SchemaType | None, old: Any, new: Any) -> Any:
        """Return a value with parts of two others."""
        rng = self.rng
        if isinstance(old, dict) and isinstance(new, dict) and rng.random() < 0.8:
            made = dict(old)
            for name, value in new.items():
                field = None if known is None else known.fields.get(name) or known.values
                made[name] = self.mixed(field, old.get(name), value)
            return {name: value for name, value in made.items() if name in new or rng.random() > 0.1}
        if isinstance(old, list) and isinstance(new, list) and rng.random() < 0.5:
            items = [item for item in old + new if rng.random() < 0.8]
            if rng.random() < 0.3:
                rng.shuffle(items)
            return items
        return new

    def updated(self, known: SchemaType, live: Json) -> Json:
        """Return an object for an update."""
        rng, new, made = self.rng, self.value(known), copy.deepcopy(live)
        for name, field in known.fields.items():
            if name not in ("apiVersion", "kind", "metadata") and rng.random() < 0.5:
                if name in new:
                    made[name] = self.mixed(field, made.get(name), new[name])
                elif rng.random() < 0.3:
                    made.pop(name, None)
        for name, value in new.get("metadata", {}).items():
            if name not in NOT_CHANGED and rng.random() < 0.3:
                made["metadata"][name] = value
        made["metadata"]["uid"] = "u"
        chance = rng.random()
        if chance < 0.03:
            made["metadata"]["managedFields"] = [{}]
        elif chance < 0.06:
            made["metadata"].pop("managedFields", None)
        return self.with_nulls(made) if rng.random() < 0.05 else made

    def configuration(self, known: SchemaType, names: Json, live: Json | None) -> Json:
        """Return a configuration for an apply."""
        rng, new = self.rng, self.value(known)
        made: Json = {**names, "metadata": {"name": "a"}}
        for name in known.fields:
            if name in ("apiVersion", "kind", "metadata") or name not in new or rng.random() < 0.1:
                continue
            value, old = new[name], (live or {}).get(name)
            if isinstance(value, dict) and isinstance(old, dict) and rng.random() < 0.5:
                value = {**{key: found for key, found in old.items() if rng.random() < 0.3}, **value}
            made[name] = value
        for name, value in new.get("metadata", {}).items():
            if name in ("labels", "annotations", "finalizers") and rng.random() < 0.7:
                made["metadata"][name] = value
        if rng.random() < 0.9:
            made = self.without_duplicates(known, made)
        return self.with_nulls(made) if rng.random() < 0.1 else made

    def with_nulls(self, value: Any) -> Any:
        """Return the value with some fields that are null."""
        if not isinstance(value, dict):
            return value
        kept = ("apiVersion", "kind", "metadata", "name", "x", "y", "z")
        return {
            name: None if name not in kept and self.rng.random() < 0.08 else self.with_nulls(found)
            for name, found in value.items()
        }

    def without_duplicates(self, known: SchemaType | None, value: Any) -> Any:
        """Return the value without items of equal keys."""
        if known is None:
            return value
        if isinstance(value, dict):
            return {k: self.without_duplicates(known.fields.get(k) or known.values, v) for k, v in value.items()}
        if not isinstance(value, list) or known.list_type == "atomic" or known.items is None:
            return value
        fields = known.items.fields
        seen: dict[str, Any] = {}
        for item in value:
            made = self.without_duplicates(known.items, item)
            if known.list_type == "map":
                key = [made.get(key, fields[key].default if key in fields else None) for key in known.list_keys]
            else:
                key = made
            seen.setdefault(json.dumps(key), made)
        return list(seen.values())

    def operation(self, known: SchemaType, names: Json, live: Json | None) -> Json:
        """Return an operation on an object."""
        rng = self.rng
        is_apply = rng.random() < 0.6
        base = {**names, "metadata": {"name": "a", "uid": "u"}} if live is None else live
        return {
            "op": "apply" if is_apply else "update",
            "manager": rng.choice("mno"),
            "object": self.configuration(known, names, live) if is_apply else self.updated(known, base),
            "force": rng.random() < 0.5,
            "advance": rng.choice([0, 0, 1]),
            "subresource": rng.choice(["", "", "", "status"]),
            "reset": rng.choice(RESETS),
        }


def histories(seed: int, count: int, *, length: int = 10) -> Iterator[tuple[Json, random.Random, int]]:
    """Yield the row that begins a history, its random numbers, and its number of operations."""
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        yield rng.choice([THING, THING, *(kind_of(*kind) for kind in KINDS)]), rng, length


def described(begin: Json) -> Json:
    """Return `apiVersion` and `kind` of the objects of a history."""
    names = begin["kind"]
    return {"apiVersion": "/".join(filter(None, (names["Group"], names["Version"]))), "kind": names["Kind"]}


def difference(begin: Json, known: SchemaType, live: Any, operation: Json, result: Json) -> str:
    """Run an operation, and return how its result differs from the one of Go; "" if it does not."""
    options: Json = {
        "manager": operation["manager"],
        "api_version": described(begin)["apiVersion"],
        "subresource": operation.get("subresource", ""),
        "reset": operation.get("reset", ()),
        "now": result.get("time", "2020-01-01T00:00:00Z"),
    }
    try:
        if operation["op"] == "apply":
            made = apply(live, operation["object"], known, force=operation.get("force", False), **options)
        elif "object" in result:
            new: Json = result.get("input") or operation["object"]
            made = track_update(live, new, known, **options)
        else:
            return ""  # The Go type can't hold the values.
    except RequestError as error:
        return _error_difference(error, result)
    if "object" not in result:
        return f"no error; expected {result['error']}"
    return _object_difference(made, result["object"], is_typed=begin.get("typed", False))


def _error_difference(error: RequestError, result: Json) -> str:
    # Go prints several faults of one object in random order.
    if sorted(error.message.split("\n")) != sorted(result.get("error", "").split("\n")):
        return f"error {error.message!r} instead of {result.get('error')!r}"
    status = result.get("status") or {}
    if status.get("code", 500) != error.code or status.get("reason", "") != error.reason:
        return f"code {error.code} {error.reason}"
    causes = [(cause["field"], cause["message"]) for cause in (error.details or {}).get("causes", ())]
    expected = [(cause["field"], cause["message"]) for cause in (status.get("details") or {}).get("causes", ())]
    return "" if sorted(causes) == sorted(expected) else f"causes {causes} instead of {expected}"


def _object_difference(made: Json, expected: Json, *, is_typed: bool) -> str:
    parts = []
    for document in (made, expected):
        metadata = dict(document.get("metadata", {}))
        managed = metadata.pop("managedFields", [])
        rest = {**document, "metadata": metadata}
        parts.append((json.dumps([entry["fieldsV1"] for entry in managed]), managed, plain(rest) if is_typed else rest))
    (order, managed, rest), (go_order, go_managed, go_rest) = parts
    if managed != go_managed:
        return f"managers {json.dumps(managed)} instead of {json.dumps(go_managed)}"
    if order != go_order:
        return f"order {order} instead of {go_order}"
    return "" if rest == go_rest else f"object {json.dumps(rest)} instead of {json.dumps(go_rest)}"


def compare_with(oracle: Oracle, seed: int, count: int) -> tuple[Counter[str], list[str]]:
    """Run random histories here and in Go. Return the numbers of operations, and all differences."""
    numbers: Counter[str] = Counter()
    found: list[str] = []
    for index, (begin, rng, length) in enumerate(histories(seed, count)):
        known, names, maker = type_of(begin), described(begin), Maker(rng)
        oracle.begin(**begin)
        live: Json | None = None
        for step in range(length):
            operation = maker.operation(known, names, live)
            result = oracle.run(operation)
            wrong = difference(begin, known, live, operation, result)
            numbers[operation["op"]] += 1
            numbers["refused by Go"] += "object" not in result
            if wrong:
                found.append(f"history {index} of seed {seed}, step {step}, {names['kind']}: {wrong}")
            live = result.get("object", live)
    return numbers, found


def recorded(oracle: Oracle, seed: int, count: int) -> Iterator[Json]:
    """Yield the rows of the table: prepared cases, then random histories."""
    for begin, operations in CASES:
        oracle.begin(**begin)
        yield {"begin": _short(begin)}
        for operation in operations:
            yield _row(operation, oracle.run(operation))
    for begin, rng, _ in histories(seed, count):
        known, names, maker = type_of(begin), described(begin), Maker(rng)
        oracle.begin(**begin)
        yield {"begin": _short(begin)}
        live: Json | None = None
        for _ in range(6):
            operation = maker.operation(known, names, live)
            result = oracle.run(operation)
            live = result.get("object", live)
            yield _row(operation, result)


def _short(begin: Json) -> Json:
    return {name: value for name, value in begin.items() if name != "schemas"}


def _row(operation: Json, result: Json) -> Json:
    result = dict(result)
    if operation["op"] == "apply" or result.get("input") == operation["object"]:
        result.pop("input", None)
    # The order of several faults, and of the causes of several managers, is random in Go.
    if "error" in result:
        first, *lines = result["error"].split("\n")
        result["error"] = "\n".join([first, *(lines if "conflicts with" in first else sorted(lines))])
    if "status" in result:
        status = json.loads(json.dumps(result["status"]).replace(json.dumps(result["status"]["message"]), '""'))
        for cause in [status.get("details") or {}]:
            cause.get("causes", []).sort(key=lambda found: (found["message"], found["field"]))
        result["status"] = status
    return {"operation": operation, "result": result}


def record(seed: int = 3, count: int = 26) -> str:
    """Return the table."""
    with tempfile.TemporaryDirectory() as folder, Oracle(Path(folder), API_VERSIONS) as oracle:
        rows = [json.dumps(row, separators=(",", ":"), sort_keys=True) for row in recorded(oracle, seed, count)]
    return "\n".join(rows) + "\n"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.testing.apply_histories")
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    if options.record:
        TABLE.write_text(record(), "utf-8")
        return
    with tempfile.TemporaryDirectory() as folder, Oracle(Path(folder), API_VERSIONS) as oracle:
        numbers, found = compare_with(oracle, options.seed, options.n)
    for line in found[:10]:
        print(line[:4000])
    print(dict(numbers), f"{len(found)} differences")


if __name__ == "__main__":
    main()
