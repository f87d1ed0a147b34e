"""Creations of custom resources: responses of a real API server, and the decisions of the fake one.

`python -m tests.testing.structural_table` records `recorded/structural.jsonl` again.
"""

from __future__ import annotations

import copy
import json
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

from kubecore.testing._schemas.validation.objects import check, read
from kubecore.testing._server.failures import invalid
from tests.cluster import Cluster
from tests.testing.structural_cases import draw_object, draw_schema

__all__ = ["TABLE", "differences", "is_unsure", "limits", "recorded", "responses"]

TABLE: Final = Path(__file__).parent / "recorded" / "structural.jsonl"
"""One line for each kind: a schema, then pairs of an object and the response."""

_GROUP: Final = "shapes.example.com"
_DEFINITIONS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_Json = dict[str, Any]

_LIMITS: Final[list[tuple[_Json, list[Any]]]] = [
    ({"type": "integer", "format": "int32"}, [2**31 - 1, 2**31, -(2**31), -(2**31) - 1]),
    ({"type": "integer", "format": "int64"}, [2**53, 2**63 - 1]),
    ({"type": "string", "minLength": 2, "maxLength": 3}, ["a", "ab", "abc", "abcd"]),
    ({"type": "string", "format": "date"}, ["2026-02-28", "2026-02-29", "2024-02-29", "2026-02-30"]),
    (
        {"type": "string", "format": "mac"},
        ["4" * size for size in (10, 12, 14, 16, 20, 40)] + ["ABCDEFabcdef", "41111111111g", "4411-4411-4411"],
    ),
    ({"type": "array", "maxItems": 1, "items": {"type": "integer"}}, [[], [1], [1, 2]]),
]
"""Schemas, and values at their limits: random objects rarely have them."""


def recorded() -> Iterator[tuple[_Json, _Json, _Json]]:
    """Yield the schema, the object and the response of each recorded creation."""
    for line in TABLE.read_text("utf-8").splitlines():
        found = json.loads(line)
        for sent, response in found["cases"]:
            yield found["schema"], sent, response


def differences(schema: _Json, sent: _Json, response: _Json) -> list[str]:
    """Return the differences between the decision of the fake server and a response. Unsure decisions are left out.

    Args:
        schema: The schema of the kind.
        sent: The object.
        response: `code`, and either `object` or `reason`, `causes` and `size`, the length of the message.
    """
    stored = copy.deepcopy(sent)
    read(stored, schema)
    verdict = check(stored, schema)
    if verdict.unsure:
        return []
    if not verdict.causes:
        mine: _Json = {"code": 201, "object": stored}
    else:
        error = invalid(_GROUP, sent["kind"], "x", verdict.causes)
        causes = sorted([list(cause) for cause in verdict.causes])
        mine = {"code": error.code, "reason": error.reason, "causes": causes, "size": len(error.message)}
    return [
        f"{name}: {mine.get(name)!r} instead of {response.get(name)!r}"
        for name in sorted({*mine, *response})
        if mine.get(name) != response.get(name)
    ]


def is_unsure(schema: _Json, sent: _Json) -> bool:
    """Return whether the fake server can't check all rules for an object."""
    stored = copy.deepcopy(sent)
    read(stored, schema)
    return bool(check(stored, schema).unsure)


def responses(cluster: Cluster, seed: int, kinds: int, each: int) -> Iterator[tuple[_Json, _Json, _Json]]:
    """Create random kinds and objects on a real API server; yield the schema, the object and the response.

    Args:
        cluster: The API server.
        seed: The seed of the kinds and objects.
        kinds: The number of kinds.
        each: The number of objects of each kind.
    """
    draw = Random(seed)
    made: list[_Kind] = []
    while len(made) < kinds:
        schema = {"type": "object", "properties": {"spec": draw_schema(draw, 3), "status": draw_schema(draw, 2)}}
        kind = _Kind(cluster, f"Shape{seed}x{len(made)}", schema)
        if kind.define():
            kind.objects += [draw_object(draw, schema) for _ in range(each)]
            made.append(kind)
    for kind in made:  # The server needs a second for each definition, or for all of them at the same time.
        yield from kind.responses()


def limits(cluster: Cluster) -> Iterator[tuple[_Json, _Json, _Json]]:
    """Create objects with values at the limits of their schemas; yield the schema, the object and the response."""
    made = [
        _Kind(cluster, f"Limit{number}", {"type": "object", "properties": {"spec": spec}}, values)
        for number, (spec, values) in enumerate(_LIMITS)
    ]
    for kind in made:
        assert kind.define()
    for kind in made:
        yield from kind.responses()


class _Kind:
    """A custom kind on a real server.

    Attributes:
        objects: The content of the objects to create.

    Args:
        cluster: The API server.
        name: The kind.
        schema: The schema of its objects.
        specs: The specs of objects to create.
    """

    def __init__(self, cluster: Cluster, name: str, schema: _Json, specs: Iterable[Any] = ()) -> None:
        self._cluster = cluster
        self._name = name
        self._plural = f"{name.lower()}s"
        self._schema = schema
        self.objects: list[_Json] = [{"spec": spec} for spec in specs]

    def define(self) -> bool:
        """Define the kind, and return whether the server accepts the definition."""
        return self._cluster.raw("POST", _DEFINITIONS, _definition(self._name, self._plural, self._schema))[0] == 201

    def responses(self) -> Iterator[tuple[_Json, _Json, _Json]]:
        """Create the objects and delete the definition; yield the schema, each object and its response."""
        path = f"/apis/{_GROUP}/v1/{self._plural}"
        _wait_until_served(self._cluster, path)
        for content in self.objects:
            sent = {"apiVersion": f"{_GROUP}/v1", "kind": self._name, "metadata": {"name": "x"}, **content}
            yield self._schema, sent, _shape(*self._cluster.raw("POST", f"{path}?dryRun=All", sent))
        self._cluster.raw("DELETE", f"{_DEFINITIONS}/{self._plural}.{_GROUP}")


def _wait_until_served(cluster: Cluster, path: str) -> None:
    until = time.monotonic() + 30
    while cluster.raw("GET", path)[0] != 200:
        if time.monotonic() > until:
            raise TimeoutError(path)
        time.sleep(0.05)


def _definition(kind: str, plural: str, schema: _Json) -> _Json:
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{_GROUP}"},
        "spec": {
            "group": _GROUP,
            "scope": "Cluster",
            "names": {"plural": plural, "singular": kind.lower(), "kind": kind},
            "versions": [version],
        },
    }


def _shape(code: int, body: _Json) -> _Json:
    """Return the part of a response that does not depend on time; causes are sorted."""
    if code == 201:
        return {"code": code, "object": {**body, "metadata": {"name": body["metadata"]["name"]}}}
    causes = sorted([each["reason"], each["message"], each["field"]] for each in body["details"]["causes"])
    return {"code": code, "reason": body["reason"], "causes": causes, "size": len(body["message"])}


def _record() -> None:
    by_schema: dict[str, _Json] = {}
    with Cluster(all_apis=False, controllers=False) as cluster:
        for schema, sent, response in responses(cluster, 1, 100, 20):
            found = by_schema.setdefault(json.dumps(schema), {"schema": schema, "cases": []})
            good = sum(each["code"] == 201 for _, each in found["cases"])
            bad = len(found["cases"]) - good
            if (good if response["code"] == 201 else bad) < 2 and not is_unsure(schema, sent):
                found["cases"].append((sent, response))
        for schema, sent, response in limits(cluster):
            by_schema.setdefault(json.dumps(schema), {"schema": schema, "cases": []})["cases"].append((sent, response))
    lines = (json.dumps(each, sort_keys=True, ensure_ascii=True) for each in by_schema.values() if each["cases"])
    TABLE.write_text("".join(f"{line}\n" for line in lines), "utf-8")


if __name__ == "__main__":
    _record()
    sys.exit(0)
