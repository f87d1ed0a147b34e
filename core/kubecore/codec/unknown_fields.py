"""Fields that the schema of an object does not name: a CRD can allow them for a kind, and for any object in it.

msgspec drops unknown fields, so types with such objects are decoded twice. The second time their outline is decoded: a
type with only the fields that lead to such objects, whose fields stay JSON text until it is known that no model names
them. msgspec skips everything else. Other types are decoded once.
"""

from __future__ import annotations

import collections.abc
import functools
import types
import typing
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, Final, TypeAlias

import msgspec

from kubecore.model.base import CustomBase, ModelBase, OpenBase

__all__ = ["KeepingDecoder", "may_be_open", "others"]

_Fill: TypeAlias = Callable[[Any, Any], None]
"""Accepts a decoded value and its decoded outline, and adds the unknown fields."""

_LISTS: Final = (list, tuple, collections.abc.Collection, collections.abc.Sequence)
_MAPS: Final = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_ABSENT: Final = (type(None), msgspec.UnsetType)


class KeepingDecoder:
    """Decodes like the decoder of a type, and keeps unknown fields.

    Args:
        inner: The decoder of a type that may be open.
    """

    def __init__(self, inner: msgspec.json.Decoder[Any]) -> None:
        self._inner = inner
        self.type: Any = inner.type
        outline = _Outlines().of(inner.type)
        self._outline = msgspec.json.Decoder(outline.type)
        self._fill = outline.fill

    def decode(self, data: Any) -> Any:
        """Decode JSON."""
        decoded = self._inner.decode(data)
        self._fill(decoded, self._outline.decode(data))
        return decoded


@functools.lru_cache(maxsize=1024)
def may_be_open(kind: Hashable) -> bool:
    """Return whether values of a type may hold an open model, at any depth."""
    waiting: list[Any] = [kind]
    seen: set[Any] = set()
    while waiting:
        hint = waiting.pop()
        if hint not in seen:
            seen.add(hint)
            if _is_open(hint):
                return True
            waiting += _parts(hint)
    return False


def others(kind: type[ModelBase], data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an object that its model does not name."""
    known = {field.wire_name for field in kind.model_fields()}
    return {key: value for key, value in data.items() if key not in known}


class _Outline(msgspec.Struct):
    """The outline of a type.

    Attributes:
        type: The type to decode; JSON text if it is not known yet, in types that hold themselves.
        fill: Adds the unknown fields to a value.
        decoder: The decoder of the outline, for a value of which only the JSON text is known.
    """

    type: Any
    fill: _Fill
    decoder: msgspec.json.Decoder[Any] | None = None

    def fill_from_text(self, decoded: Any, text: msgspec.Raw) -> None:
        """Add the unknown fields to a value, given its JSON text."""
        if self.decoder is not None:
            self.fill(decoded, self.decoder.decode(text))


class _Outlines:
    """Makes the outlines of a type and of the types inside of it."""

    def __init__(self) -> None:
        self._made: dict[Any, _Outline] = {}

    def of(self, hint: Any) -> _Outline:
        """Return the outline of a type that may be open."""
        made = self._made.get(hint)
        if made is not None:
            # A type that holds itself has no outline yet: its text is decoded when it is.
            return made if made.decoder is not None else _Outline(msgspec.Raw, made.fill_from_text)
        made = self._made[hint] = _Outline(None, _skip)
        made.type, made.fill = self._outline(hint)
        made.decoder = msgspec.json.Decoder(made.type)
        return made

    def _outline(self, hint: Any) -> tuple[Any, _Fill]:
        if _is_open(hint):
            return dict[str, msgspec.Raw], self._open(hint)
        if _is_struct(hint):
            return self._struct(hint)
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin is typing.Annotated:
            inner = self.of(arguments[0])
            return inner.type, inner.fill
        if origin in (typing.Union, types.UnionType):
            return self._union(arguments)
        if origin in _LISTS:
            inner = self.of(arguments[0])
            return list[inner.type], functools.partial(_fill_list, inner.fill)  # type: ignore[name-defined]
        if origin in _MAPS:
            inner = self.of(arguments[1])
            return dict[str, inner.type], functools.partial(_fill_map, inner.fill)  # type: ignore[name-defined]
        return Any, _skip

    def _struct(self, hint: Any) -> tuple[Any, _Fill]:
        fields: list[Any] = []
        fills: list[tuple[str, str, _Fill]] = []
        for field in _fields(hint):
            if may_be_open(field.type):
                inner = self.of(field.type)
                name = f"field_{len(fields)}"
                fields.append((name, inner.type | None, msgspec.field(default=None, name=field.encode_name)))
                fills.append((field.name, name, inner.fill))
        outline = msgspec.defstruct(f"{_class(hint).__name__}Outline", fields)
        return outline, functools.partial(_fill_struct, tuple(fills))

    def _open(self, kind: type[OpenBase]) -> _Fill:
        known: dict[str, tuple[str, _Outline] | None] = {}
        for field in kind.model_fields():
            known[field.wire_name] = (field.name, self.of(field.type)) if may_be_open(field.type) else None
        return functools.partial(_fill_open, known)

    def _union(self, members: tuple[Any, ...]) -> tuple[Any, _Fill]:
        """Return the outline of a type that may be null, or of different JSON types: the decoded value shows which."""
        parts = [member for member in members if may_be_open(member)]
        if len(parts) == 1 and len([member for member in members if member not in _ABSENT]) == 1:
            inner = self.of(parts[0])
            return inner.type | None, functools.partial(_fill_optional, inner.fill)
        options = tuple((_class(part), self.of(part)) for part in parts)
        return msgspec.Raw, functools.partial(_fill_option, options)


def _class(hint: Any) -> Any:
    return typing.get_origin(hint) or hint


def _is_open(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, OpenBase)


def _is_struct(hint: Any) -> bool:
    cls = _class(hint)
    return isinstance(cls, type) and issubclass(cls, msgspec.Struct)


def _parts(hint: Any) -> Iterator[Any]:
    """Yield the types of the fields, items or members of a type."""
    if _is_struct(hint):
        yield from (field.type for field in _fields(hint))
    else:
        yield from typing.get_args(hint)


def _fields(hint: Any) -> tuple[Any, ...]:
    """Return the fields that may lead to open models: those of a type of Kubernetes do not, except items of a list."""
    cls = _class(hint)
    if issubclass(cls, ModelBase) and not issubclass(cls, CustomBase):
        if "items" not in cls.__struct_fields__:
            return ()
        return tuple(field for field in msgspec.structs.fields(hint) if field.name == "items")
    return msgspec.structs.fields(hint)


def _skip(decoded: Any, outline: Any) -> None:
    """Add nothing."""


def _fill_open(known: Mapping[str, tuple[str, _Outline] | None], decoded: OpenBase, outline: Any) -> None:
    unknown: dict[str, Any] = {}
    for key, text in outline.items():
        if key not in known:
            unknown[key] = msgspec.json.decode(text)
        elif (field := known[key]) is not None:
            field[1].fill_from_text(getattr(decoded, field[0]), text)
    decoded.other_fields = unknown


def _fill_struct(fills: tuple[tuple[str, str, _Fill], ...], decoded: Any, outline: Any) -> None:
    for name, outlined, fill in fills:
        inner = getattr(outline, outlined)
        if inner is not None:
            fill(getattr(decoded, name), inner)


def _fill_optional(fill: _Fill, decoded: Any, outline: Any) -> None:
    if decoded is not None and outline is not None:
        fill(decoded, outline)


def _fill_option(options: tuple[tuple[type, _Outline], ...], decoded: Any, text: msgspec.Raw) -> None:
    for cls, outline in options:
        if isinstance(decoded, cls):
            outline.fill_from_text(decoded, text)


def _fill_list(fill: _Fill, decoded: Any, outline: Any) -> None:
    for item, inner in zip(decoded, outline, strict=True):
        fill(item, inner)


def _fill_map(fill: _Fill, decoded: Any, outline: Any) -> None:
    for item, inner in zip(decoded.values(), outline.values(), strict=True):
        fill(item, inner)
