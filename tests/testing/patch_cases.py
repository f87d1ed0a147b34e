"""Random patches of three types, drawn from the schemas of built-in kinds, and the Go program that applies them."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from kubecore.testing._patching.json_patch import apply_json_patch
from kubecore.testing._patching.merge_patch import apply_merge_patch
from kubecore.testing._patching.strategic import apply_strategic_merge
from kubecore.testing._schemas import packages
from kubecore.testing._schemas.openapi import OpenApiType
from kubecore.testing._server.failures import RequestError

KINDS: Final = (
    *("v1/ConfigMap", "v1/Node", "v1/Pod", "v1/Service", "v1/ServiceAccount", "apps/v1/Deployment", "batch/v1/Job"),
    *("networking.k8s.io/v1/Ingress", "policy/v1/PodDisruptionBudget"),
)
TABLES: Final = Path(__file__).parent / "gotables"
_KEYS: Final = ("a", "b", "c", "x/y", "m~n", "")

Row = dict[str, Any]


def schema_of(kind: str) -> OpenApiType:
    group_version, _, name = kind.rpartition("/")
    group, _, version = group_version.rpartition("/")
    return packages.load("kubeclient").schema(group, version, name)


def applied(row: Row) -> Row:
    """Return the result of kubecore for a row, in the form of the Go program."""
    kind, original, patch = row["kind"], row["original"], row["patch"]
    try:
        if kind == "json":
            return {"result": apply_json_patch(original, patch)}
        if kind == "merge":
            return {"result": apply_merge_patch(original, patch)}
        return {"result": apply_strategic_merge(original, patch, schema_of(kind))}
    except RequestError as error:
        return {"error": str(error)}


def in_go(rows: Iterable[Row], program: list[str], folder: Path) -> list[Row]:
    """Return the results of Go for rows."""
    text = "".join(json.dumps(row) + "\n" for row in rows)
    done = subprocess.run(program, cwd=folder, input=text, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def differs(mine: Row, go: Row) -> bool:
    """Return whether two outcomes differ. The words of errors are compared elsewhere."""
    if "error" in mine or "error" in go:
        return ("error" in mine) != ("error" in go)
    return json.dumps(mine["result"], sort_keys=True) != json.dumps(go["result"], sort_keys=True)


class Drawing:
    """Draws patches.

    Args:
        seed: Of the random numbers.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def rows(self, kind: str, number: int) -> list[Row]:
        return [self._row(kind) for _ in range(number)]

    def strategic(self, number: int) -> list[Row]:
        return [self._row(self.random.choice(KINDS)) for _ in range(number)]

    def _row(self, kind: str) -> Row:
        if kind == "json":
            original: Any = self._object()
            return {"kind": kind, "original": original, "patch": self._operations(original)}
        if kind == "merge":
            original = self._object()
            return {"kind": kind, "original": original, "patch": self._merge(original, top=True)}
        schema = schema_of(kind)
        original = self._typed(schema, 0)
        return {"kind": kind, "original": original, "patch": self._map_patch(schema, original, 0)}

    # Values without a schema.

    def _value(self, depth: int = 0) -> Any:
        draw, at = self.random, self.random.random()
        if depth < 3 and at < 0.25:
            return {draw.choice(_KEYS): self._value(depth + 1) for _ in range(draw.randint(0, 3))}
        if depth < 3 and at < 0.45:
            return [self._value(depth + 1) for _ in range(draw.randint(0, 3))]
        return draw.choice([None, 1, 0, "s", "", True, False, 1.5, -3, "1"])

    def _object(self) -> dict[str, Any]:
        return {key: self._value() for key in self.random.sample(_KEYS, self.random.randint(1, 5))}

    def _merge(self, value: Any, *, top: bool = False) -> Any:
        draw = self.random
        if not isinstance(value, dict) or (draw.random() < 0.2 and not top):
            return self._value()
        patch = {
            key: None if draw.random() < 0.2 else self._merge(each)
            for key, each in value.items()
            if draw.random() < 0.5
        }
        return patch | {draw.choice(("a", "q", "z")): self._value() for _ in range(draw.randint(0, 2))}

    def _path(self, document: Any) -> str:
        draw, parts, found = self.random, list[str](), document
        while not parts or draw.random() < 0.8:
            if isinstance(found, dict):
                key = draw.choice(list(found)) if found and draw.random() < 0.8 else draw.choice(("a", "new", "0", "-"))
                found = found.get(key)
                parts.append(key.replace("~", "~0").replace("/", "~1"))
            elif isinstance(found, list):
                size = len(found)
                inside = str(draw.randint(0, max(size - 1, 0)))
                key = draw.choice(
                    [str(draw.randint(-size - 2, size + 1)), "-", inside, inside, inside, "+1", "01", "x"]
                )
                parts.append(key)
                found = found[int(key)] if key == inside and found else None
            else:
                break
        if draw.random() < 0.03:
            parts.append("zz")
        return draw.choice(("", "/", "a", "a/b", "//")) if draw.random() < 0.02 else "/" + "/".join(parts)

    def _operations(self, document: Any) -> list[Row]:
        return [self._operation(document) for _ in range(self.random.randint(1, 4))]

    def _operation(self, document: Any) -> Row:
        draw, path = self.random, self._path(document)
        operation: Row = {"op": draw.choice(("add", "remove", "replace", "test", "copy", "move")), "path": path}
        if operation["op"] in ("add", "replace"):
            operation["value"] = self._value()
        elif operation["op"] == "test":
            operation["value"] = _at(document, path) if draw.random() < 0.8 else self._value()
        elif operation["op"] in ("copy", "move"):
            operation["from"] = self._path(document)
        if draw.random() < 0.01:
            operation.pop(draw.choice([key for key in operation if key != "value" or path]))
        return operation

    # Values and patches by schema.

    def _typed(self, schema: OpenApiType, depth: int, key: str = "") -> Any:
        draw = self.random
        if schema.kind == "map":
            names = self._names(schema, depth)
            return {name: self._typed(schema.fields[name], depth + 1, name) for name in names} | self._values(schema)
        if schema.kind == "list":
            return self._items(schema, depth)
        if schema.scalar == "boolean":
            return draw.random() < 0.5
        if schema.scalar in ("integer", "number"):
            return draw.choice((80, 81, 443, 0))
        return draw.choice(("a", "b", "c", "d", "e"))

    def _names(self, schema: OpenApiType, depth: int) -> list[str]:
        """Choose properties; those with merge rules more often than others."""
        names = [name for name in schema.fields if depth < 7 or schema.fields[name].kind == "scalar"]
        rich = [name for name in names if schema.fields[name].patch_strategy or _leads_to_lists(schema.fields[name])]
        chosen = {name for name in rich if self.random.random() < (0.6 if len(rich) < 6 else 0.3)}
        return sorted(chosen | set(self.random.sample(names, min(len(names), self.random.randint(0, 2)))))

    def _values(self, schema: OpenApiType) -> dict[str, Any]:
        if schema.values is None:
            return {}
        return {key: self._typed(schema.values, 9) for key in self.random.sample("abcd", self.random.randint(0, 3))}

    def _items(self, schema: OpenApiType, depth: int) -> list[Any]:
        assert schema.items is not None
        items = [self._typed(schema.items, depth + 1) for _ in range(self.random.randint(0, 4))]
        if schema.items.kind == "scalar":
            return list(dict.fromkeys(items))
        return list({item[key]: item for item in items if (key := self._keyed(schema, item))}.values()) or items[:1]

    def _keyed(self, schema: OpenApiType, item: Any) -> str:
        """Give an item its merge key, and return the name of the key."""
        key = schema.patch_merge_key
        if key and isinstance(item, dict) and schema.items is not None:
            item[key] = self._typed(schema.items.fields[key], 9)
        return key

    def _map_patch(self, schema: OpenApiType, original: Any, depth: int) -> dict[str, Any]:
        draw, patch = self.random, dict[str, Any]()
        if not isinstance(original, dict):
            original = {}
        if depth and draw.random() < 0.04:
            patch = {"$patch": draw.choice(("replace", "replace", "delete", "merge"))}
        known = [name for name in original if name in schema.fields]
        new = [name for name in self._names(schema, depth) if draw.random() < 0.5]
        for name in dict.fromkeys([*(name for name in known if draw.random() < 0.6), *new]):
            self._change(patch, name, schema.fields[name], original.get(name), depth)
        if schema.values is not None:
            patch |= {key: None if draw.random() < 0.3 else "v" for key in draw.sample("abcd", 2)}
        if draw.random() < (0.3 if "retainKeys" in schema.patch_strategy else 0.02):
            named = {key for key in patch if not key.startswith("$") and draw.random() < 0.97}
            patch["$retainKeys"] = sorted(named | {key for key in original if draw.random() < 0.5})
        return patch

    def _change(self, patch: dict[str, Any], name: str, schema: OpenApiType, had: Any, depth: int) -> None:
        draw = self.random
        if draw.random() < 0.1:
            patch[name] = None
        elif draw.random() < 0.02:
            patch[name] = "other"
        elif schema.kind == "map":
            patch[name] = self._map_patch(schema, had, depth + 1)
        elif schema.kind == "list" and "merge" in schema.patch_strategy:
            self._change_list(patch, name, schema, had if isinstance(had, list) else [], depth)
        else:
            patch[name] = self._typed(schema, depth + 1)

    def _change_list(self, patch: dict[str, Any], name: str, schema: OpenApiType, had: list[Any], depth: int) -> None:
        draw, key = self.random, schema.patch_merge_key
        if not key:
            if draw.random() < 0.4:
                patch[f"$deleteFromPrimitiveList/{name}"] = draw.sample(("a", "b", "c", "d", "e"), 2)
            else:
                patch[name] = self._items(schema, depth)
        else:
            patch[name] = self._item_patches(schema, had, depth)
        if draw.random() < 0.4:
            shown = [each.get(key) if key else each for each in patch.get(name, ()) if not key or "$patch" not in each]
            olds = [each[key] if key else each for each in had if draw.random() < 0.8]
            order = list(dict.fromkeys([*shown, *olds]))
            if draw.random() < 0.7:
                order = _mixed(draw, shown, [each for each in olds if each not in shown])
            elif draw.random() < 0.2:
                draw.shuffle(order)
            patch[f"$setElementOrder/{name}"] = [{key: each} for each in order] if key else order

    def _item_patches(self, schema: OpenApiType, had: list[Any], depth: int) -> list[Any]:
        draw, key, found = self.random, schema.patch_merge_key, dict[Any, Any]()
        assert schema.items is not None
        for item in draw.sample(had, draw.randint(0, len(had))):
            change = self._map_patch(schema.items, item, depth + 1)
            change.pop("$retainKeys", None) if draw.random() < 0.5 else None
            change = {**change, key: item[key]}
            if "$retainKeys" in change:
                change["$retainKeys"] = [*change["$retainKeys"], key]
            found[item[key]] = {"$patch": "delete", key: item[key]} if draw.random() < 0.2 else change
        for item in self._items(schema, depth):
            found.setdefault(item.get(key), item)
        items = list(found.values())
        if draw.random() < 0.04:
            items.insert(0, {"$patch": "replace"})
        if draw.random() < 0.02:
            items.append({"$patch": draw.choice(("merge", "delete", "other"))})
        if draw.random() < 0.02 and items:
            draw.choice(items).pop(key, None)
        return items


def _at(document: Any, path: str) -> Any:
    try:
        for part in path.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            document = document[int(key)] if isinstance(document, list) else document[key]
    except (LookupError, TypeError, ValueError):
        return 0
    return document


def _mixed(draw: random.Random, one: list[Any], other: list[Any]) -> list[Any]:
    """Return two lists as one, each in its order."""
    one, other, mixed = list(one), list(other), list[Any]()
    while one and other:
        mixed.append((one if draw.random() < 0.5 else other).pop(0))
    return [*mixed, *one, *other]


def _leads_to_lists(schema: OpenApiType) -> bool:
    return schema.kind == "map" and any(each.kind != "scalar" for each in schema.fields.values())


def drawn(seed: int, each: int, longest: int = 1 << 20) -> list[Row]:
    """Return patches of all types, and no row that is longer than a number of characters."""
    drawing = Drawing(seed)
    rows = [*drawing.rows("json", each), *drawing.rows("merge", each), *drawing.strategic(3 * each)]
    return [row for row in rows if len(json.dumps(row)) <= longest]


WRITTEN: Final[tuple[Row, ...]] = (
    *(
        {"kind": "json", "original": original, "patch": [{"op": op, "path": path, "value": value}]}
        for original, op, path, value in (
            ({"~1": 1, "/": 2}, "replace", "/~01", 3),
            ({"a": [1, 2, 3]}, "add", "/a/-1", 4),
            ({"a": [1, 2, 3]}, "add", "/a/-4", 4),
            ({"a": [1, 2, 3]}, "add", "/a/-5", 4),
            ({"a": 1}, "test", "/a", True),
            ({"a": 1}, "test", "/a", 1.0),
            ({"a": {"b": 1}}, "test", "/a", {"b": 1.0}),
            ({"a": True}, "test", "/a", 1),
        )
    ),
    {"kind": "merge", "original": {"a": {"b": 1}, "c": 1}, "patch": {"a": [{"d": None}], "c": [{"d": None}]}},
    *(
        {
            "kind": "v1/ConfigMap",
            "original": {"metadata": {"ownerReferences": [{"uid": uid} for uid in "dbc"]}},
            "patch": {
                "metadata": {
                    "ownerReferences": [{"$patch": "delete", "uid": "d"}, {"uid": "b"}, {"uid": "e"}],
                    "$setElementOrder/ownerReferences": [{"uid": uid} for uid in order],
                }
            },
        }
        for order in ("bde", "be", "dbe", "bec")
    ),
    {
        "kind": "policy/v1/PodDisruptionBudget",
        "original": {"spec": {"selector": {"matchLabels": {"a": "b"}, "matchExpressions": []}}},
        "patch": {"spec": {"selector": {"matchLabels": {"c": "d"}}}},
    },
)
"""Patches that random ones seldom contain."""


def main() -> None:
    """Write the table of patches with the results of Go; needs Go."""
    rows = [*WRITTEN, *drawn(seed=2, each=140, longest=900)]
    results = in_go(rows, ["go", "run", "."], TABLES / "patching")
    lines = [
        json.dumps(row | result, separators=(",", ":"))
        for row, result in zip(rows, results, strict=True)
        if not result.get("error", "").startswith("panic")
    ]
    (TABLES / "patching.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    print(f"{len(lines)} patches")


if __name__ == "__main__":
    main()
