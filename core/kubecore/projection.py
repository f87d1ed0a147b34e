"""Projections: structs of the user with the desired fields of an object; all other fields are skipped.

```python
from kubecore.projection import Projection

class Status(Projection):
    phase: str = ""
    pod_ip: str | None = None

class Metadata(Projection):
    name: str
    labels: dict[str, str] = {}

class PodRow(Projection):
    metadata: Metadata
    status: Status

for row in pods.list(into=PodRow).items:
    print(row.metadata.name, row.status.phase)
```

A projection is compared with the model once, when it is first used: an unknown field would silently keep its default.
"""

from __future__ import annotations

import collections.abc
import datetime
import decimal
import difflib
import enum
import functools
import types
import typing
import uuid
from collections.abc import Iterator
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

from kubecore._support.json_types import is_json_array
from kubecore.codec import decode, verbatim
from kubecore.codec.decoders import decoder
from kubecore.errors import DecodeError, InvalidRequestError
from kubecore.model.base import OTHER, OpenBase
from kubecore.model.list_of import ObjectList
from kubecore.model.times import MicroTime

__all__ = ["ObjectList", "Projection", "check", "kind_of", "refuse_other_kind", "wire_name"]

P = TypeVar("P", bound=msgspec.Struct)
_Problem: TypeAlias = "str | None"

_ACRONYMS: Final = {
    **{word: word.upper() for word in ("api", "cidr", "cpu", "fqdn", "id", "io", "ip", "ipc", "pid", "tls", "uid")},
    **{word: word.upper() for word in ("apiv3", "pkcs10", "uri", "uuid")},
    **{word: f"{word[:-1].upper()}s" for word in ("cidrs", "ips", "urls", "wwns")},
}


def wire_name(name: str) -> str:
    """Return the name in JSON of an attribute: `node_name` is `nodeName`, `pod_ip` is `podIP`, `from_` is `from`.

    Args:
        name: The attribute, named as the models name it.
    """
    first, *others = name.rstrip("_").split("_")
    return first + "".join(_ACRONYMS.get(word, word[:1].upper() + word[1:]) for word in others)


class Projection(msgspec.Struct, rename=wire_name, gc=False):
    """Base of projections: attributes are named as in the models, and the garbage collector ignores the objects.

    A missing field has the field's default, or without one the zero value of its type, as in Go. Give a default to
    fields that are often absent: they are decoded faster. `msgspec.field(name=...)` sets the JSON name.
    """


class _Head(msgspec.Struct):
    kind: str = ""


def check(into: Any, model: type[Any]) -> None:
    """Compare a projection with the model that it is of; each pair once, if nothing is wrong.

    Args:
        into: The projection.
        model: The model; fields are not checked if objects are dictionaries.

    Raises:
        InvalidRequestError: It is not a projection, has a field that the model does not have, or a type that cannot
            hold the field's values.
    """
    if not _is_struct(into):
        raise InvalidRequestError(f"into= must be a subclass of msgspec.Struct, not {_name(into)}")
    known: Any = model
    if _is_struct(known):
        _checked(into, known)


def kind_of(model: Any) -> str:
    """Return the kind of a model's objects, "" if the model does not define it.

    Args:
        model: The model of an object or a list.
    """
    if model is dict:
        return ""
    hint = next((field.type for field in msgspec.structs.fields(model) if field.name == "kind"), None)
    return str(typing.get_args(hint)[0]) if typing.get_origin(hint) is typing.Literal else ""


def refuse_other_kind(decoded: object, body: bytes | bytearray | memoryview, kind: str) -> None:
    """Refuse a response of another kind, which a projection would accept: models know their kind, projections do not.

    Args:
        decoded: The decoded value.
        body: Its JSON.
        kind: The expected kind; a missing kind is accepted too.

    Raises:
        DecodeError: It is another kind.
    """
    actual = decoded.kind if isinstance(decoded, ObjectList) else decode.decode(body, _Head).kind
    if actual not in ("", kind):
        raise DecodeError(f"expected a {kind}, found a {actual[:100]!r}")


@functools.cache
def _checked(into: Any, model: type[msgspec.Struct]) -> None:
    try:
        problem = _Comparison(_name(into)).structs(into, model, "")
        if problem is None:
            decoder(into)
            problem = _no_json(into)
    except (TypeError, ValueError, NameError, AttributeError) as error:
        problem = f"{_name(into)} can't be read: {error}"
    if problem is not None:
        raise InvalidRequestError(problem)
    if verbatim.is_custom(model) and not verbatim.is_custom(into) and _holds_custom(into, set()):
        verbatim.read_exactly(into)


def _holds_custom(hint: Any, seen: set[Any]) -> bool:
    """Return whether a type holds a model of a custom resource."""
    if hint in seen:
        return False
    seen.add(hint)
    if not _is_struct(hint):
        return any(_holds_custom(part, seen) for part in typing.get_args(hint))
    return verbatim.is_custom(hint) or any(_holds_custom(field.type, seen) for field in msgspec.structs.fields(hint))


def _no_json(into: Any) -> _Problem:
    """Find a class that msgspec would pass to our callbacks, which it does only when an object is decoded."""
    import msgspec.inspect

    waiting: list[Any] = [msgspec.inspect.type_info(into)]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, msgspec.inspect.CustomType) and node.cls is not MicroTime:
            return f"{_name(into)} declares a {_name(node.cls)}, which is not a JSON type"
        if is_json_array(node):
            waiting += node
        elif id(node) not in seen and isinstance(node, (msgspec.inspect.Type, msgspec.inspect.Field)):
            seen.add(id(node))
            waiting += msgspec.structs.astuple(node)
    return None


_JSON_KINDS: Final[dict[Any, frozenset[str]]] = {
    str: frozenset({"text"}),
    bytes: frozenset({"text"}),
    bytearray: frozenset({"text"}),
    bool: frozenset({"boolean"}),
    int: frozenset({"number"}),
    float: frozenset({"number"}),
    decimal.Decimal: frozenset({"number", "text"}),
    datetime.datetime: frozenset({"text"}),
    datetime.date: frozenset({"text"}),
    datetime.time: frozenset({"text"}),
    datetime.timedelta: frozenset({"text"}),
    uuid.UUID: frozenset({"text"}),
    type(None): frozenset({"null"}),
}
_LISTS: Final = (list, tuple, set, frozenset, collections.abc.Collection, collections.abc.Sequence)
_MAPS: Final = (dict, collections.abc.Mapping, collections.abc.MutableMapping)


class _Comparison:
    """Compares a projection with its model; a problem is returned as text, None means no problem."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._seen: set[tuple[Any, Any]] = set()

    def structs(self, projected: Any, model: Any, path: str) -> _Problem:
        """Compare a struct with a model."""
        if projected is model or (projected, model) in self._seen:
            return None
        self._seen.add((projected, model))
        own = {field.encode_name: field.type for field in msgspec.structs.fields(model) if field.encode_name != OTHER}
        return next(
            filter(None, (self._field(field, own, model, path) for field in _fields(projected))),
            None,
        )

    def _field(self, field: Any, own: dict[str, Any], model: Any, path: str) -> _Problem:
        place = f"{path}.{field.encode_name}".lstrip(".")
        if field.encode_name not in own:
            if issubclass(_origin(model), OpenBase):
                return None
            near: list[str] = difflib.get_close_matches(str(field.encode_name), list(own), 1, 0.6)
            hint = f"; the nearest is {near[0]!r}" if near else ""
            return f"{self._name} requests {place!r}, which {_name(model)} does not have{hint}"
        return self._types(field.type, own[field.encode_name], place)

    def _types(self, projected: Any, model: Any, path: str) -> _Problem:
        """Compare a field's types: some member of the one must be able to hold some member of the other."""
        ours = list(_members(projected))
        theirs = list(_members(model))
        if msgspec.Raw in ours:
            return f"{self._name} declares {path!r} as msgspec.Raw, which would keep the whole response in memory"
        problems = [self._pair(one, other, path) for one in ours for other in theirs]
        return None if None in problems else next(iter(problems), None)

    def _pair(self, projected: Any, model: Any, path: str) -> _Problem:
        if projected in (Any, object) or model in (Any, msgspec.Raw):
            return None
        if _is_struct(projected) and _is_struct(model):
            return self.structs(projected, model, path)
        if _is_struct(projected) and _origin(model) in _MAPS:
            value = typing.get_args(model)[1]
            fields = (self._types(field.type, value, f"{path}.{field.encode_name}") for field in _fields(projected))
            return next(filter(None, fields), None)
        if _origin(projected) in _LISTS and _origin(model) in _LISTS:
            return self._items(projected, model, 0, f"{path}[]")
        if _origin(projected) in _MAPS and _origin(model) in _MAPS:
            return self._items(projected, model, 1, f"{path}.*")
        ours, theirs = _json_kinds(projected), _json_kinds(model)
        if ours is None or theirs is None or ours & theirs:
            return None
        return f"{self._name} declares {path!r} as {_name(projected)}, which can't hold the model's {_name(model)}"

    def _items(self, projected: Any, model: Any, index: int, path: str) -> _Problem:
        ours, theirs = typing.get_args(projected), typing.get_args(model)
        if len(ours) <= index or len(theirs) <= index:
            return None
        return self._types(ours[index], theirs[index], path)


def _fields(struct: Any) -> tuple[Any, ...]:
    config = (typing.get_origin(struct) or struct).__struct_config__
    if config.forbid_unknown_fields or config.array_like or config.tag is not None:
        raise TypeError("a projection has no tag, is not array_like and does not forbid_unknown_fields")
    return msgspec.structs.fields(struct)


def _members(hint: Any) -> Iterator[Any]:
    """Yield the types of a union, without None and annotations; a type that is not a union is its only member."""
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        yield from _members(typing.get_args(hint)[0])
    elif origin in (typing.Union, types.UnionType):
        for member in typing.get_args(hint):
            if member not in (type(None), msgspec.UnsetType):
                yield from _members(member)
    elif isinstance(hint, typing.NewType):
        yield from _members(hint.__supertype__)
    else:
        yield hint


def _json_kinds(hint: Any) -> frozenset[str] | None:
    """Return the kinds of JSON values that a type accepts, None if that is not certain."""
    origin = _origin(hint)
    if origin is typing.Literal:
        return frozenset[str]().union(*(_JSON_KINDS.get(type(member), ()) for member in typing.get_args(hint)))
    if origin in _LISTS:
        return frozenset({"list"})
    if origin in _MAPS or _is_struct(hint):
        return frozenset({"object"})
    if not isinstance(hint, type):
        return None
    if issubclass(hint, enum.Enum):
        return frozenset[str]().union(*(_JSON_KINDS.get(type(member.value), ()) for member in hint))
    return next((_JSON_KINDS[base] for base in hint.__mro__ if base in _JSON_KINDS), None)


def _origin(hint: Any) -> Any:
    return typing.get_origin(hint) or hint


def _is_struct(hint: Any) -> bool:
    origin = _origin(hint)
    return isinstance(origin, type) and issubclass(origin, msgspec.Struct)


def _name(hint: Any) -> str:
    named = hint if isinstance(hint, type) or typing.get_origin(hint) is None else None
    return str(getattr(named, "__name__", None) or str(hint).replace("typing.", ""))[:100]
