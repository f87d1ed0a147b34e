"""Fields of an object in a custom resource that the type of Kubernetes that stands for it does not have.

A CRD may have a copy of `core_v1.Container` with one field more. Its objects are `core_v1.Container`, and the docstring
of the field that holds them names the other fields.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, TypeVar

from kubecore.codec.verbatim import others_of, with_others
from kubecore.model.base import ModelBase, OpenBase

__all__ = ["read", "replaced"]

_M = TypeVar("_M", bound=ModelBase)


def read(model: ModelBase) -> dict[str, Any]:
    """Return the other fields of an object.

    Args:
        model: The object: the one that has the fields, not one that holds it.

    Returns:
        A copy of the fields by their names in JSON; empty if it has none.
    """
    return copy.deepcopy(dict(model.other_fields if isinstance(model, OpenBase) else others_of(model)))


def replaced(model: _M, fields: Mapping[str, Any]) -> _M:
    """Return a copy of an object with other fields instead of the ones that it has.

    Args:
        model: The object; it is not changed.
        fields: The fields by their names in JSON. Fields that the CRD does not have are dropped by the server.

    Returns:
        The copy, of the same type. Values are shared with the original.

    Raises:
        ValueError: The type itself has a field of that name.
    """
    for info in model.model_fields():
        if info.wire_name in fields:
            raise ValueError(f"{info.wire_name!r} is a field of {type(model).__name__}: set the attribute {info.name}")
    if isinstance(model, OpenBase):
        return model.replace(other_fields=dict(fields))
    made: _M = with_others(copy.copy(model), copy.deepcopy(dict(fields)))
    return made
