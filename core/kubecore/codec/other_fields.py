"""Fields of copies of Kubernetes' types that the types lack: they are read, kept with the objects and sent again.

A generated annotation has their paths (`kubecore.model.other_fields`). msgspec drops such fields, so a body that may
hold one is read by `kubecore.codec.lenient`, which keeps them with the object (`kubecore.codec.verbatim`).
"""

from __future__ import annotations

import copy
import functools
import types
import typing
from collections.abc import Hashable, Iterator
from typing import Any, Final

import msgspec

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.codec.verbatim import with_others
from kubecore.model.base import CustomBase, ModelBase
from kubecore.model.other_fields import OtherFields

__all__ = ["NO_OTHERS", "OtherTree", "attached", "may_hold", "paths_of", "tree_in"]


class OtherTree(msgspec.Struct, frozen=True):
    """The other fields of an object, and of the objects in its fields, by names in JSON.

    Attributes:
        names: The other fields of the object.
        inner: Those of the objects in its fields.
    """

    names: set[str] = msgspec.field(default_factory=set[str])
    inner: dict[str, OtherTree] = msgspec.field(default_factory=dict[str, "OtherTree"])


NO_OTHERS: Final = OtherTree()


def paths_of(annotated: Any) -> OtherFields | None:
    """Return the paths in an annotation, None if it has none.

    Args:
        annotated: The annotation: `Annotated[...]`.
    """
    return next((part for part in typing.get_args(annotated)[1:] if isinstance(part, OtherFields)), None)


def attached(read: Any, raw: Any, paths: OtherFields) -> Any:
    """Return an object that keeps its other fields.

    Args:
        read: The object as it was read.
        raw: The document.
        paths: The paths of other fields.
    """
    return _attached(read, raw, _tree(paths))


def tree_in(hint: Any) -> OtherTree | None:
    """Return the other fields in the annotation of a value that is one object, None if it has no annotation.

    Args:
        hint: The type: `Annotated[...]`, or `Annotated[...] | None`.
    """
    parts = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    found = (paths_of(part) for part in parts if typing.get_origin(part) is typing.Annotated)
    return next((_tree(paths) for paths in found if paths is not None), None)


@functools.lru_cache(maxsize=1024)
def _tree(paths: OtherFields) -> OtherTree:
    root = OtherTree()
    for path in paths:
        *steps, name = path.replace("[]", "").split(".")
        node = root
        for step in filter(None, steps):
            node = node.inner.setdefault(step, OtherTree())
        node.names.add(name)
    return root


def _attached(read: Any, raw: Any, node: OtherTree) -> Any:
    if is_json_array(read) and is_json_array(raw):
        return [_attached(item, other, node) for item, other in zip(read, raw, strict=True)]
    if not is_json_object(raw):
        return read
    if is_json_object(read):
        return {key: _attached(item, raw.get(key), node) for key, item in read.items()}
    if not isinstance(read, ModelBase):
        return read
    for info in read.model_fields():
        if info.wire_name in node.inner and info.wire_name in raw:
            inner = _attached(getattr(read, info.name), raw[info.wire_name], node.inner[info.wire_name])
            setattr(read, info.name, inner)
    return with_others(read, {name: copy.deepcopy(raw[name]) for name in sorted(node.names & raw.keys())})


def may_hold(data: bytes | bytearray | memoryview | msgspec.Raw, kind: Any) -> bool:
    """Return whether JSON may contain other fields of a type, of the items of a list, or of an event.

    Args:
        data: The JSON text.
        kind: The type.
    """
    names = _names(kind)
    if not names:
        return False
    text = data if isinstance(data, (bytes, bytearray)) else bytes(data)
    return any(name in text for name in names)


@functools.lru_cache(maxsize=1024)
def _names(kind: Hashable) -> tuple[bytes, ...]:
    """Return the names of the other fields below a type, as they are written in JSON."""
    found = {path.rpartition(".")[2] for paths in _below(kind, set()) for path in paths}
    return tuple(f'"{name}"'.encode() for name in sorted(found))


def _below(hint: Any, seen: set[Any]) -> Iterator[OtherFields]:
    paths = paths_of(hint) if typing.get_origin(hint) is typing.Annotated else None
    if paths is not None:
        yield paths
        return
    for part in typing.get_args(hint):
        yield from _below(part, seen)
    cls: Any = typing.get_origin(hint) or hint
    is_struct = isinstance(cls, type) and issubclass(cls, msgspec.Struct)
    # No type of Kubernetes has such annotations.
    if is_struct and cls not in seen and (issubclass(cls, CustomBase) or not issubclass(cls, ModelBase)):
        seen.add(cls)
        for each in msgspec.structs.fields(hint):
            yield from _below(each.type, seen)
