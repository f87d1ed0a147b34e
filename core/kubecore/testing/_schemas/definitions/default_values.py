"""Checks of the defaults in schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kubecore.testing._schemas.definitions.structure import EMBEDDED
from kubecore.testing._schemas.json_values import copied, is_map, same
from kubecore.testing._schemas.pruning import prune
from kubecore.testing._schemas.shapes import Schema, properties_of
from kubecore.testing._schemas.validation.embedded import check_embedded
from kubecore.testing._schemas.validation.faults import cause_of, invalid_value
from kubecore.testing._schemas.validation.schemas import Checker
from kubecore.testing._server.failures import Cause, NotSimulatedError

__all__ = ["check_default_values"]


def check_default_values(schema: Schema, path: str) -> Iterator[Cause]:
    """Yield the faults of the defaults of a structural schema, and of all schemas below it.

    Raises:
        NotSimulatedError: A default was not checked completely.
    """
    if schema.get("default") is not None:
        yield from _check(schema["default"], schema, f"{path}.default")
    for name, part in properties_of(schema).items():
        yield from check_default_values(part, f"{path}.properties[{name}]")
    for name in ("additionalProperties", "items"):
        if is_map(schema.get(name)):
            yield from check_default_values(schema[name], f"{path}.{name}")


def _check(value: Any, schema: Schema, path: str) -> Iterator[Cause]:
    whole: Mapping[str, Any] = {"type": "object", "properties": {"value": schema}}
    pruned = {"value": copied(value)}
    prune(pruned, whole)
    if not same(pruned["value"], value):
        yield invalid_value(path, value, "must not have unknown fields")
        return
    checker = Checker()
    found = checker.check(value, {**schema, "default": None}, "")
    if checker.unsure or (isinstance(value, float) and schema.get("type") == "integer" and found.faults):
        raise NotSimulatedError(f"{path}: the default {value!r} is not checked completely; run with --kube=real")
    yield from (cause_of(fault, path) for fault in found.faults)
    if not found.faults:
        embedded = check_embedded({"value": value}, whole)
        yield from (cause._replace(field=f"{path}{cause.field.removeprefix('value')}") for cause in embedded)
    if is_map(value) and schema.get(EMBEDDED) and found.faults:
        raise NotSimulatedError(f"{path}: the default of an embedded object is not simulated; run with --kube=real")
