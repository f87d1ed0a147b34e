"""Strict reading: refuses missing required fields and unknown fields, which are otherwise zero values and dropped."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore._support.nearest import nearest
from kubecore.codec.field_types import members, shape_of
from kubecore.codec.other_fields import NO_OTHERS, OtherTree, tree_in
from kubecore.errors.base import DecodeError
from kubecore.model.base import ModelBase, OpenBase

__all__ = ["refuse_faults"]

_SHOWN: Final = 10
_LONGEST_KEY: Final = 200
"""Characters of a key in a path."""


class _Unknown(NamedTuple):
    """A field that the schema does not name: its path, the field, and the model of the object that holds it."""

    path: str
    name: str
    kind: type[ModelBase]

    def __str__(self) -> str:
        hint = nearest(self.name, members(self.kind)).removeprefix("; ")
        return f"{self.path} ({hint})" if hint else self.path


def refuse_faults(data: Any, kind: type[ModelBase]) -> None:
    """Refuse an object that lacks a field that its schema requires, or has one that its schema does not name.

    Args:
        data: The object, as `kubecore.codec.decode.convert` reads it.
        kind: Its model.

    Raises:
        DecodeError: A field at any depth is missing, null although it is required, or unknown. The error has the paths
            of the first ten of both kinds.
    """
    missing: list[str | _Unknown] = []
    unknown: list[str | _Unknown] = []
    for fault in _faults(data, kind, "$", NO_OTHERS):
        of_its_kind = unknown if isinstance(fault, _Unknown) else missing
        if len(of_its_kind) <= _SHOWN:
            of_its_kind.append(fault)
    found = [
        f"{words}: {_listed(faults)}"
        for words, faults in (("lacks required fields", missing), ("has unknown fields", unknown))
        if faults
    ]
    if found:
        raise DecodeError(f"{kind.__name__} {'; it '.join(found)}")


def _listed(faults: list[str | _Unknown]) -> str:
    return ", ".join(map(str, faults[:_SHOWN])) + (", ..." if len(faults) > _SHOWN else "")


def _faults(value: Any, hint: Any, path: str, others: OtherTree) -> Iterator[str | _Unknown]:
    """Yield the path of each missing field, and each unknown field."""
    shape = shape_of(hint)
    if shape.name == "model" and is_json_object(value):
        yield from _of_model(value, shape.inner, path, tree_in(hint) or others)
    elif shape.name == "list" and is_json_array(value):
        for number, item in enumerate(value):
            yield from _faults(item, shape.inner, f"{path}[{number}]", others)
    elif shape.name == "map" and is_json_object(value):
        for key, item in value.items():
            yield from _faults(item, shape.inner, f"{path}.{str(key)[:_LONGEST_KEY]}", others)


def _of_model(value: Any, kind: type[ModelBase], path: str, others: OtherTree) -> Iterator[str | _Unknown]:
    for field in kind.model_fields():
        place, item = f"{path}.{field.wire_name}", value.get(field.wire_name)
        if item is not None:
            yield from _faults(item, field.type, place, others.inner.get(field.wire_name, NO_OTHERS))
        elif field.required and not (field.wire_name in value and _may_be_null(field.type)):
            yield place
    if not issubclass(kind, OpenBase):
        for key in value:
            if key not in members(kind) and key not in others.names:
                name = str(key)[:_LONGEST_KEY]
                yield _Unknown(f"{path}.{name}", name, kind)


def _may_be_null(hint: Any) -> bool:
    is_union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    return is_union and type(None) in typing.get_args(hint)
