"""Learn the defaults of types from the responses of the real server."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

from kubecore.testing._schemas.schema_type import SchemaType

MISSING: Final = "<missing>"
SKIPPED: Final = ("apiVersion", "kind", "metadata", "status")
"""Fields of whole objects that have no defaults of this kind."""

DEPENDENT: Final = frozenset(
    {
        ("apps.v1.DeploymentStrategy", "rollingUpdate"),
        ("apps.v1.RollingUpdateDaemonSet", "maxSurge"),
        ("apps.v1.RollingUpdateDaemonSet", "maxUnavailable"),
        ("apps.v1.RollingUpdateDeployment", "maxSurge"),
        ("apps.v1.RollingUpdateDeployment", "maxUnavailable"),
        ("core.v1.LimitRangeItem", "default"),
        ("core.v1.LimitRangeItem", "defaultRequest"),
        ("core.v1.NodeSpec", "taints"),
        ("core.v1.ServicePort", "targetPort"),
        ("resource.v1.DeviceTaint", "timeAdded"),
        ("v1.CustomResourceDefinitionNames", "listKind"),
        ("v1.CustomResourceDefinitionNames", "singular"),
    }
)
"""Fields whose default depends on other values, although every observed object had the same one."""


class Defaults:
    """Observations of fields that were not sent, by type, field and kind of the whole object."""

    def __init__(self) -> None:
        self._instances: list[tuple[str, str, frozenset[str], dict[str, Any]]] = []

    def observe(self, root: str, sent: Any, received: Any, schema: SchemaType, *, whole: bool = True) -> None:
        """Compare a sent value with the received one, at all places.

        Args:
            root: The resource of the whole object.
            sent: The value of the request.
            received: The value of the response.
            schema: The type of the place.
            whole: Whether the place is the whole object.
        """
        if schema.kind == "map" and isinstance(sent, dict) and isinstance(received, dict):
            name = _name(schema)
            fields = {key: value for key, value in received.items() if not (whole and key in SKIPPED)}
            if name and schema.fields:
                self._instances.append((name, root, frozenset(sent), fields))
            for key, value in fields.items():
                inner = schema.fields.get(key) or schema.values
                if key in sent and inner is not None:
                    self.observe(root, sent[key], value, inner, whole=False)
        elif schema.kind == "list" and isinstance(sent, list) and isinstance(received, list) and schema.items:
            for left, right in zip(sent, received, strict=False):
                self.observe(root, left, right, schema.items, whole=False)

    def found(self) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, dict[str, Any]]], dict[str, list[str]]]:
        """Return the defaults of types, those of a type in one resource, and the fields whose defaults depend on more."""
        seen: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        fields: dict[str, set[str]] = defaultdict(set)
        for name, _, sent, received in self._instances:
            fields[name] |= received.keys() - sent
        for name, root, sent, received in self._instances:
            for field in fields[name] - sent:
                value = json.dumps(received[field], sort_keys=True) if field in received else MISSING
                seen[name, field][root].add(value)
        plain: dict[str, dict[str, Any]] = defaultdict(dict)
        special: dict[str, dict[str, dict[str, Any]]] = defaultdict(lambda: defaultdict(dict))
        conditional: dict[str, list[str]] = defaultdict(list)
        for (name, field), roots in sorted(seen.items()):
            values = set().union(*roots.values())
            if _depends(name, field):
                conditional[name].append(field)
            elif len(values) == 1:
                plain[name][field] = json.loads(values.pop())
            elif all(len(each) == 1 for each in roots.values()):
                for root, each in roots.items():
                    if each != {MISSING}:
                        special[root][name][field] = json.loads(next(iter(each)))
            else:
                conditional[name].append(field)
        return plain, special, conditional


def _depends(name: str, field: str) -> bool:
    return any(field == member and name.endswith(f".{type_}") for type_, member in DEPENDENT)


def expansions(body: Any, received: Any, schema: SchemaType, place: tuple[Any, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield bodies with one more empty struct, each with a key by which equal ones are tried once.

    Args:
        body: The body of the whole object.
        received: The value at the place.
        schema: The type of the place.
        place: The path of the place in the object.
    """
    if schema.kind == "list" and isinstance(received, list) and schema.items is not None:
        for number, item in enumerate(received[:1]):
            yield from expansions(body, item, schema.items, (*place, number))
    if schema.kind != "map" or not isinstance(received, dict):
        return
    for field, inner in schema.fields.items():
        if not place and field in SKIPPED:
            continue
        if field in received:
            yield from expansions(body, received[field], inner, (*place, field))
        elif inner.kind == "map" and inner.fields:
            yield f"{_name(schema)}.{field}", _with(body, (*place, field), {})
        elif inner.kind == "list" and inner.items is not None and inner.items.fields:
            yield f"{_name(schema)}.{field}", _with(body, (*place, field), [{}])


def _with(body: Any, place: tuple[Any, ...], value: Any) -> Any:
    """Return a copy of a body with a value at a path; missing maps are added."""
    copy = json.loads(json.dumps(body))
    at = copy
    for step, following in pairwise(place):
        if isinstance(at, list):
            if step >= len(at):
                return copy
            at = at[step]
        else:
            at = at.setdefault(step, [] if isinstance(following, int) else {})
    if isinstance(at, dict):
        at[place[-1]] = value
    return copy


def _name(schema: SchemaType) -> str:
    return str(getattr(schema, "name", ""))
