"""Models of kinds with fields that their schema does not name: a CRD can allow that at its top level.

msgspec drops unknown fields, so such an object is read a second time, for the rest.
"""

from __future__ import annotations

import functools
import typing
from collections.abc import Mapping
from typing import Any

import msgspec

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.model.base import ModelBase, OpenBase

__all__ = ["KeepingDecoder", "keep", "may_be_open", "others"]


class KeepingDecoder:
    """Decodes like the decoder of a type, and keeps unknown fields.

    Args:
        inner: The decoder.
    """

    def __init__(self, inner: msgspec.json.Decoder[Any]) -> None:
        self._inner = inner
        self.type: Any = inner.type

    def decode(self, data: Any) -> Any:
        """Decode JSON."""
        decoded = self._inner.decode(data)
        keep(decoded, msgspec.json.decode(data))
        return decoded


@functools.lru_cache(maxsize=1024)
def may_be_open(kind: Any) -> bool:
    """Return whether a type is an open model, a list of them, or an event with one."""
    if any(may_be_open(part) for part in typing.get_args(kind)):
        return True
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return False
    if issubclass(kind, OpenBase):
        return True
    return "items" in kind.__struct_fields__ and any(
        may_be_open(field.type) for field in msgspec.structs.fields(kind) if field.name == "items"
    )


def keep(decoded: Any, data: Any) -> None:
    """Add unknown fields to open models.

    Args:
        decoded: The decoded value: an object, a list of objects, its items, or an event.
        data: The same as dictionaries and lists.
    """
    if is_json_array(decoded) and is_json_array(data):
        for item, raw in zip(decoded, data, strict=False):
            keep(item, raw)
    if not is_json_object(data):
        return
    if isinstance(decoded, OpenBase):
        decoded.other_fields = others(type(decoded), data)
    items: Any = getattr(decoded, "items", None)
    if is_json_array(items):
        for item, raw in zip(items, data.get("items") or (), strict=False):
            keep(item, raw)
    elif isinstance(inner := getattr(decoded, "object", None), ModelBase):
        keep(inner, data.get("object"))


def others(kind: type[ModelBase], data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an object that its model does not name."""
    known = {field.wire_name for field in kind.model_fields()}
    return {key: value for key, value in data.items() if key not in known}
