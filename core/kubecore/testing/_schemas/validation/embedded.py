"""Checks of embedded objects, and of the types in their metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kubecore.testing._schemas.json_values import is_list, is_map
from kubecore.testing._schemas.pruning import EMBEDDED
from kubecore.testing._schemas.shapes import Schema, items_of, part_of, properties_of
from kubecore.testing._schemas.validation.faults import invalid_value
from kubecore.testing._server.failures import Cause

__all__ = ["METADATA", "check_embedded", "clean_embedded"]

METADATA: Final[Mapping[str, type]] = {
    "name": str,
    "generateName": str,
    "namespace": str,
    "selfLink": str,
    "uid": str,
    "resourceVersion": str,
    "generation": int,
    "creationTimestamp": str,
    "deletionTimestamp": str,
    "deletionGracePeriodSeconds": int,
    "labels": dict,
    "annotations": dict,
    "ownerReferences": list,
    "finalizers": list,
    "managedFields": list,
}
"""The fields of the metadata of objects, and their types in JSON."""

_LABEL: Final = re.compile("[a-z]([-a-z0-9]*[a-z0-9])?")


def clean_embedded(value: Any, schema: Schema | None, path: str = "") -> Iterator[str]:
    """Remove unknown and empty fields of the metadata of embedded objects, in place. Yield the paths of unknown fields.

    Args:
        value: The value.
        schema: The schema, or None if nothing is known about the value.
        path: The path of the value.
    """
    if schema is None:
        return
    if is_map(value):
        metadata = value.get("metadata")
        if schema.get(EMBEDDED) is True and is_map(metadata):
            where = f"{path}.metadata" if path else "metadata"
            yield from (f"{where}.{name}" for name in metadata if name not in METADATA)
            value["metadata"] = {name: metadata[name] for name in METADATA if metadata.get(name)}
        for name, each in value.items():
            _, part = part_of(schema, name)
            yield from clean_embedded(each, part, f"{path}.{name}" if path else name)
    elif is_list(value):
        for position, each in enumerate(value):
            yield from clean_embedded(each, items_of(schema), f"{path}[{position}]")


def check_embedded(value: Any, schema: Schema | None, path: str = "") -> Iterator[Cause]:
    """Yield the causes for embedded objects without a valid `apiVersion` and `kind`.

    Args:
        value: The value.
        schema: The schema, or None if nothing is known about the value.
        path: The path of the value.
    """
    if schema is None:
        return
    if is_map(value):
        if schema.get(EMBEDDED) is True:
            yield from _check_head(value, path)
        properties = properties_of(schema)
        for name, each in value.items():
            _, part = part_of(schema, name)
            below = f"{path}.{name}" if path else name
            yield from check_embedded(each, part, below if name in properties else f"{path}[{name}]")
    elif is_list(value):
        for position, each in enumerate(value):
            yield from check_embedded(each, items_of(schema), f"{path}[{position}]")


def _check_head(value: dict[str, Any], path: str) -> Iterator[Cause]:
    for name in ("apiVersion", "kind"):
        if name not in value:
            yield Cause("FieldValueRequired", "Required value", f"{path}.{name}")
            continue
        found = value[name]
        if not isinstance(found, str):
            yield invalid_value(f"{path}.{name}", found, "must be a string")
        elif not found:
            yield invalid_value(f"{path}.{name}", found, "must not be empty")
        elif name == "apiVersion" and found.count("/") > 1:
            yield invalid_value(f"{path}.{name}", found, f"unexpected GroupVersion string: {found}")
        elif name == "kind":
            yield from _check_kind(found, f"{path}.{name}")


def _check_kind(kind: str, path: str) -> Iterator[Cause]:
    wrong: list[str] = []
    if len(kind.encode()) > 63:
        wrong.append("must be no more than 63 bytes")
    if _LABEL.fullmatch(kind.lower()) is None:
        wrong.append(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
            "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for "
            "validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
        )
    if wrong:
        yield invalid_value(path, kind, f"may have mixed case, but should otherwise match: {','.join(wrong)}")
