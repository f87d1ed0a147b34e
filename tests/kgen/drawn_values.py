"""Random values for schemas, of the types of Kubernetes and of CRDs; a server would refuse some of them."""

from __future__ import annotations

import random
from typing import Any

from kgen.load import load
from kgen.shapes import is_object
from tests.kgen.manifests import SPECS

REFERENCE = "#/components/schemas/"
META = "io.k8s.apimachinery.pkg.apis.meta.v1."
SCALARS: dict[str, tuple[Any, ...]] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": ("1", "500m", 1, 0.5),
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": (80, "http", 0, ""),
    META + "Time": ("2026-01-02T03:04:05Z",),
    META + "MicroTime": ("2026-01-02T03:04:05.000006Z",),
    META + "FieldsV1": ({"f:a": {}}, {}),
    META + "Duration": ("5s",),
}
ANYTHING: tuple[Any, ...] = ({}, [], {"a": None}, [None], "a", 0, {"a": {"b": []}})


def schemas() -> dict[str, Any]:
    return {name: schema for document in load(SPECS).documents for name, schema in document.schemas.items()}


KNOWN = schemas()


def target(schema: Any) -> str:
    parts = schema.get("allOf") or [schema]
    return str(parts[0].get("$ref", "")).removeprefix(REFERENCE)


def has_values(schema: Any) -> bool:
    return is_object(schema.get("additionalProperties")) and bool(schema["additionalProperties"])


def is_empty_struct(name: str) -> bool:
    """Return whether a Go type has no fields. RawExtension has no properties either, but may hold anything."""
    schema = KNOWN.get(name, {})
    return (
        schema.get("type") == "object"
        and not schema.keys() & {"properties", "additionalProperties"}
        and "Raw" not in name
    )


def value(schema: Any, rng: random.Random, depth: int) -> Any:
    """Draw a value that a schema allows, often an empty one."""
    name = target(schema)
    if name:
        if name in SCALARS:
            return rng.choice(SCALARS[name])
        return {} if is_empty_struct(name) else value(KNOWN[name], rng, depth)
    if "enum" in schema:
        return rng.choice(schema["enum"])
    if schema.get("x-kubernetes-int-or-string"):
        return rng.choice(SCALARS["io.k8s.apimachinery.pkg.util.intstr.IntOrString"])
    if "properties" in schema:
        return members(schema, rng, depth)
    kind = schema.get("type")
    if kind == "array":
        size = 0 if depth <= 0 else rng.choice((0, 1, 2))
        return [value(schema["items"], rng, depth - 1) for _ in range(size)]
    if kind == "object":
        if has_values(schema) and depth > 0:
            return {key: value(schema["additionalProperties"], rng, depth - 1) for key in rng.choice(("", "k", "kl"))}
        return {} if has_values(schema) else rng.choice([one for one in ANYTHING if is_object(one)])
    form = schema.get("format")
    texts = {"byte": ("", "aGk="), "date-time": SCALARS[META + "Time"]}.get(str(form), ("", "text", "é"))
    plain: dict[str, tuple[Any, ...]] = {
        "string": texts,
        "integer": (0, 1, -1, 2**63 - 1),
        "number": (0, 1, 1.5, -0.0, 1e21),
        "boolean": (True, False),
    }
    return rng.choice(plain.get(str(kind), ANYTHING))


def members(schema: Any, rng: random.Random, depth: int) -> dict[str, Any]:
    """Draw an object with some of its optional properties and most of its required ones."""
    needed = frozenset(schema.get("required", ()))
    often = 0.35 if depth > 0 else 0.1
    made: dict[str, Any] = {}
    for name, part in schema["properties"].items():
        if rng.random() < (0.9 if name in needed and depth > -3 else often if depth > -2 else 0):
            made[name] = None if rng.random() < 0.1 else value(part, rng, depth - 1)
    if schema.get("x-kubernetes-preserve-unknown-fields") and rng.random() < 0.5:
        made["other"] = rng.choice(ANYTHING)
    return made
