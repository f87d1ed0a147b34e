"""Changing an object without losing fields that its model does not know. No I/O.

A model drops fields that it has no name for, so a get, change and update by an older client erases them. Here the
document stays as the server sent it, and only changes of the model are applied to it.

Items of lists are followed by identity: an item that was changed, moved or renamed in place is still itself. Another
Python object (a copy, a new list) is matched by the identifying fields of such items (`name`, or `containerPort` with
`protocol`, ...), then by equality, and last, if items have no such fields and their number is the same, by position. An
item without a match is new, and is sent unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, Final, Generic, TypeAlias, TypeGuard, TypeVar

import msgspec

from kubecore._support.coroutines import is_unawaited
from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.calls.body import Body, metadata_field, with_version
from kubecore.codec import decode, encode
from kubecore.codec.verbatim import others_of, plain_type
from kubecore.errors import DecodeError, InvalidRequestError
from kubecore.model.base import ModelBase, OpenBase

__all__ = ["Change", "Draft", "merge"]

T = TypeVar("T", bound=Body)

Change: TypeAlias = Callable[[T], T | None]
"""Changes an object in place and returns nothing, or returns the changed one."""

Origins: TypeAlias = dict[int, tuple[ModelBase, ModelBase]]
"""Items of lists by their id, each with its like in the object before the change. They are kept, so ids stay theirs."""

# Identifying fields of list items, by their names in JSON: the first set that a model has all fields of.
# Source: the list types and merge keys of the API's documents.
_KEYS: Final = (
    ("containerPort", "protocol"),
    ("port", "protocol"),
    ("mountPath",),
    ("devicePath",),
    ("topologyKey", "whenUnsatisfiable"),
    ("uid",),
    ("ip",),
    ("name",),
    ("type",),
    ("key",),
)


class Draft(Generic[T]):
    """An object that is about to be changed, together with the document that it was read from.

    Args:
        data: The document, JSON.
        kind: The object's model, or `dict`.

    Attributes:
        object: The object, to be changed in place.

    Raises:
        DecodeError: The document is not such an object.
    """

    def __init__(self, data: msgspec.Raw, kind: type[T]) -> None:
        text = bytes(data)
        try:
            self._before = decode.decode(text, kind)
            self._raw: Any = decode.decode(text, object)
            self.object: T = decode.decode(text, kind)
        except DecodeError as error:
            text = b""  # Variables of the frames hold the object, maybe a Secret.
            raise error.with_traceback(None) from None

    def change(self, change: Change[T]) -> dict[str, Any] | None:
        """Change the object.

        Args:
            change: The function to call.

        Returns:
            The document with the changes in it and the resource version that it had; None if nothing changed.

        Raises:
            InvalidRequestError: `change` returned something else than the object or nothing.
            EncodeError: A value that was set has no form in JSON.
        """
        _require_function(change)
        origins: Origins = dict(_origins(self.object, self._before))
        after = _changed(change(self.object), self.object)
        # The version that was read goes along, whatever became of it: without one the update would overwrite anything.
        document = with_version(
            merge(self._raw, self._before, after, origins=origins), metadata_field(self._raw, "resource_version")
        )
        return None if _sorted(document) == _sorted(self._raw) else document


def _changed(returned: object, given: T) -> T:
    """Return the object after a change: the result of the change, or its argument."""
    if returned is None:
        return given
    kind: Any = plain_type(given) if isinstance(given, ModelBase) else type(given)
    if isinstance(returned, kind):
        found: Any = returned
        return found  # type: ignore[no-any-return]
    if is_unawaited(returned):
        raise InvalidRequestError("the function that changes the object is async, but nothing awaits it")
    raise InvalidRequestError(
        f"a change returns nothing or the changed {kind.__name__}, not {returned.__class__.__name__}"
    )


def _require_function(change: object) -> None:
    if not callable(change):
        raise InvalidRequestError(
            f"modify needs a function that changes the object, not a {type(change).__name__}; patch accepts changes"
        )


def _sorted(document: Any) -> bytes:
    return msgspec.json.encode(document, order="sorted")


def merge(raw: Mapping[str, Any], before: T, after: T, *, origins: Origins | None = None) -> dict[str, Any]:
    """Apply the difference between two models to the document of the first.

    Args:
        raw: The document; it is not changed.
        before: Its model.
        after: The same, changed.
        origins: Items of lists in `after`, by id, with their counterparts in `before`.

    Returns:
        The document with the changes in it; unchanged parts are shared with `raw`.
    """
    merged: dict[str, Any] = dict(_Merge(origins or {}).value(raw, before, after, encode.to_dict(after)))
    return merged


class _Merge:
    """Traverses at once a document, the models before and after, and the body that would be sent for the second."""

    def __init__(self, origins: Origins) -> None:
        self._origins = origins

    def value(self, raw: Any, before: Any, after: Any, sent: Any) -> Any:
        """Return the new value for `raw`: itself if nothing changed."""
        if isinstance(after, ModelBase) and isinstance(before, plain_type(after)) and is_json_object(raw):
            return self.model(raw, before, after, sent)
        if is_json_object(before) and is_json_object(after) and is_json_object(raw):
            return self.mapping(raw, before, after, sent)
        if _is_models(before) and _is_models(after) and is_json_array(raw) and len(raw) == len(before):
            return self.list(raw, before, after, sent)
        return raw if _same(before, after) else sent

    def model(self, raw: Mapping[str, Any], before: ModelBase, after: ModelBase, sent: Mapping[str, Any] | None) -> Any:
        """Merge the fields of a model; those that it does not know stay."""
        merged = dict(raw)
        changed = [
            self._put(merged, field.wire_name, getattr(before, field.name), getattr(after, field.name), sent or {})
            for field in type(after).model_fields()
        ]
        others = _others(before), _others(after)
        if any(others):
            changed.append(not _same(*others))
            merged = {key: item for key, item in merged.items() if key not in others[0]} | others[1]
        return merged if any(changed) else raw

    def mapping(
        self,
        raw: Mapping[str, Any],
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        sent: Mapping[str, Any] | None,
    ) -> Any:
        """Merge a map, all of whose keys are known."""
        merged = {key: item for key, item in raw.items() if key in after or key not in before}
        changed = [len(merged) < len(raw)]
        for key, new in after.items():
            if key in before:
                changed.append(self._put(merged, key, before[key], new, sent or {}))
            else:
                merged[key] = (sent or {}).get(key)
                changed.append(True)
        return merged if any(changed) else raw

    def _put(self, merged: dict[str, Any], key: str, old: Any, new: Any, sent: Mapping[str, Any]) -> bool:
        """Write the current value of a key into a copy of the document; return whether it differs."""
        present = merged.get(key)
        item = self.value(present, old, new, sent.get(key))
        if item is present:
            return False
        if key in sent or item:
            merged[key] = item
        else:  # Empty now, as far as the models know, and with nothing else in it.
            merged.pop(key, None)
        return True

    def list(self, raw: Sequence[Any], before: Sequence[Any], after: Sequence[Any], sent: Sequence[Any] | None) -> Any:
        """Merge a list, each item with the one that it was."""
        items = sent or ()
        merged = [
            items[index] if source is None else self.value(raw[source], before[source], after[index], items[index])
            for index, source in enumerate(self._sources(before, after))
        ]
        is_changed = len(merged) != len(raw) or any(new is not old for new, old in zip(merged, raw, strict=True))
        return merged if is_changed else raw

    def _sources(self, before: Sequence[Any], after: Sequence[Any]) -> Sequence[int | None]:
        """Return, for each item after the change, the index that it had before; None for new ones."""
        matching = _Matching(before, after)
        places = {id(item): index for index, item in enumerate(before)}
        matching.match(lambda item: places.get(id(self._origins.get(id(item), (None, None))[1])))
        matching.match(_by_key(before))
        matching.match_equal()
        if len(before) == len(after):
            matching.match_places()
        return matching.sources


class _Matching:
    """Which item of one list became which of another; each at most once."""

    def __init__(self, before: Sequence[Any], after: Sequence[Any]) -> None:
        self._before = before
        self._after = after
        self._free = set(range(len(before)))
        self.sources: list[int | None] = [None] * len(after)

    def match(self, find: Callable[[Any], int | None]) -> None:
        """Match the items that a function finds the index of."""
        for index, item in self._open():
            self._take(index, find(item))

    def match_equal(self) -> None:
        """Match items that are equal."""
        if not self._free:
            return
        free: dict[Hashable, list[int]] = {}
        for source in sorted(self._free, reverse=True):
            free.setdefault(_form(self._before[source]), []).append(source)
        for index, item in self._open():
            if alike := free.get(_form(item)):
                self._take(index, alike.pop())

    def match_places(self) -> None:
        """Match items at the same position, if nothing else identifies them."""
        for index, item in self._open():
            if index in self._free and _key(item) is None and _key(self._before[index]) is None:
                self._take(index, index)

    def _open(self) -> Iterator[tuple[int, Any]]:
        return ((index, self._after[index]) for index, source in enumerate(self.sources) if source is None)

    def _take(self, index: int, source: int | None) -> None:
        if source in self._free:
            self._free.remove(source)
            self.sources[index] = source


def _by_key(before: Sequence[Any]) -> Callable[[Any], int | None]:
    """Return a function that finds an item's index by its key; a key that two items have finds none."""
    places: dict[object, int | None] = {}
    for index, item in enumerate(before):
        key = _key(item)
        places[key] = None if key in places else index
    places.pop(None, None)
    return lambda item: places.get(_key(item))


def _key(item: Any) -> tuple[Any, ...] | None:
    """Return the identifying fields of an item; None if it has none, or they are not set."""
    if not isinstance(item, ModelBase):
        return None
    names = {field.wire_name: field.name for field in type(item).model_fields()}
    keys = next((keys for keys in _KEYS if names.keys() >= set(keys)), None)
    if keys is None:
        return None
    values = tuple(getattr(item, names[key]) for key in keys)
    return values if isinstance(values[0], (str, int)) and values[0] != "" else None


def _form(item: ModelBase) -> Hashable:
    """Return the common fields of two items that `_same` considers equal in JSON."""
    return plain_type(item), encode.encode(item)


def _same(one: Any, other: Any) -> bool:
    """Return whether two values are equal in JSON: 1, 1.0 and True are equal in Python, and not in JSON."""
    if one is msgspec.UNSET or other is msgspec.UNSET:
        return one is other
    if isinstance(one, ModelBase) and isinstance(other, ModelBase):
        return plain_type(one) is plain_type(other) and encode.encode(one) == encode.encode(other)
    if type(one) is not type(other) or one != other:
        return False
    return isinstance(one, (str, int, type(None))) or encode.encode(one) == encode.encode(other)


def _is_models(value: Any) -> TypeGuard[Sequence[Any]]:
    return is_json_array(value) and all(isinstance(item, ModelBase) for item in value)


def _origins(after: Any, before: Any, *, listed: bool = False) -> Iterator[tuple[int, tuple[ModelBase, ModelBase]]]:
    """Yield the items of all lists with their like before the change; both were read from one text."""
    if isinstance(after, ModelBase):
        if listed:
            yield id(after), (after, before)
        for field in type(after).model_fields():
            yield from _origins(getattr(after, field.name), getattr(before, field.name))
    elif is_json_object(after):
        for key, item in after.items():
            yield from _origins(item, before[key])
    elif is_json_array(after):
        for item, other in zip(after, before, strict=True):
            yield from _origins(item, other, listed=True)


def _others(model: ModelBase) -> dict[str, Any]:
    return dict(model.other_fields if isinstance(model, OpenBase) else others_of(model))
