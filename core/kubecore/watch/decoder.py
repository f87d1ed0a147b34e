"""From the bytes of a watch to its events. No I/O.

Source: `k8s.io/apimachinery/pkg/apis/meta/v1 WatchEvent`; one JSON object a line.
"""

from __future__ import annotations

import functools
import logging
import typing
from collections.abc import Hashable, Iterator, Mapping
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec

from kubecore._support.json_types import is_json_object
from kubecore.codec import decode, depth
from kubecore.codec.decoders import CheckedDecoder, decoder
from kubecore.codec.other_fields import may_hold
from kubecore.codec.verbatim import is_custom, may_differ
from kubecore.errors import DecodeError, status_error
from kubecore.model.meta import Status
from kubecore.watch.lines import Lines

__all__ = [
    "ADDED",
    "BOOKMARK",
    "DELETED",
    "ERROR",
    "MODIFIED",
    "Decoder",
    "Event",
    "Meta",
    "carries_meta",
    "check_media_type",
    "ends_initial_events",
    "meta_in",
    "meta_of",
]

T = TypeVar("T")

ADDED: Final = "ADDED"
MODIFIED: Final = "MODIFIED"
DELETED: Final = "DELETED"
BOOKMARK: Final = "BOOKMARK"
ERROR: Final = "ERROR"

_INITIAL_EVENTS_END: Final = "k8s.io/initial-events-end"

_LOG: Final = logging.getLogger("kubecore")
_CHANGES: Final = frozenset((ADDED, MODIFIED, DELETED))
_UNREADABLE: Final = (msgspec.DecodeError, ValueError, RecursionError)


class Event(msgspec.Struct, Generic[T], frozen=True):
    """A change of an object, or the first state of an existing one.

    Attributes:
        type: `ADDED`, `MODIFIED`, `DELETED` or `BOOKMARK`.
        object: The object after the change, or as it was last when it was deleted; of a bookmark only the resource
            version counts.
    """

    type: str
    object: T


class Meta(Protocol):
    """The metadata of each object that a watch needs, if the model does not have it."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def namespace(self) -> str: ...  # noqa: D102
    @property
    def uid(self) -> str: ...  # noqa: D102
    @property
    def resource_version(self) -> str: ...  # noqa: D102
    @property
    def annotations(self) -> dict[str, str]: ...  # noqa: D102


class _Raw(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _Meta(msgspec.Struct, rename="camel"):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    annotations: dict[str, str] = {}


class _Object(msgspec.Struct):
    metadata: _Meta = msgspec.field(default_factory=_Meta)


class _Line(msgspec.Struct):
    object: _Object


class Decoder(Generic[T]):
    """Splits a stream of any chunks into lines and decodes each as an event.

    Args:
        kind: The type of the objects: a model, or any type that msgspec can decode, which may leave the metadata out.
        bookmarks: Whether the objects of bookmarks are needed; otherwise such an event is None.
        place: The request, for errors.
    """

    def __init__(self, kind: type[T], *, bookmarks: bool = True, place: str = "") -> None:
        self._kind = kind
        self._place = place
        self._bookmarks = bookmarks
        self._carries = carries_meta(kind)
        self._is_custom = is_custom(kind)
        self._fast: CheckedDecoder[Event[T]] = decoder(Event[kind])  # type: ignore[valid-type]
        self._lines = Lines()

    def feed(self, data: bytes) -> Iterator[tuple[Event[T] | None, Meta]]:
        """Parse the next chunk of the stream.

        Args:
            data: The bytes.

        Yields:
            Each event that is complete, with the metadata of its object.

        Raises:
            StatusError: The stream holds an ERROR event.
            DecodeError: The stream holds something other than events; the error has the position.
        """
        for line in self._lines.feed(data):
            if (found := self._event(line)) is not None:
                yield found

    def end(self) -> Iterator[tuple[Event[T] | None, Meta]]:
        """End the stream: a complete last line without a newline counts, an incomplete one is dropped.

        Yields:
            The last event, if there is one.

        Raises:
            StatusError: It is an ERROR event.
            DecodeError: It is complete, but not an event.
        """
        if line := self._lines.end():
            try:
                decoder(_Raw).decode(line)
            except _UNREADABLE:
                return  # Cut off in the middle: the event was not yielded, and a new watch will yield it.
            if (found := self._event(line)) is not None:
                yield found

    def _event(self, line: bytes) -> tuple[Event[T] | None, Meta] | None:
        depth.check(line)
        try:
            event = self._fast.unchecked.decode(line)
        except _UNREADABLE:
            return self._slow(line)
        if event.type not in _CHANGES:
            return self._slow(line)
        item: Any = event.object
        if self._is_custom and (may_differ(line, item) or may_hold(line, self._kind)):
            return self._slow(line)
        if not self._carries:
            decode.detach(item)
            return event, self._read(line, _Line).object.metadata
        meta: Meta = item.metadata
        decode.detach_meta(meta)
        return event, meta

    def _slow(self, line: bytes) -> tuple[Event[T] | None, Meta] | None:
        """Decode a line whose object is of another kind, or does not match the schema; None for a skipped one."""
        raw = self._read(line, _Raw)
        if raw.type == ERROR:
            raise status_error(self._decode(raw.object, Status)).locate(self._place)
        if raw.type not in _CHANGES and raw.type != BOOKMARK:
            _LOG.warning("a watch's event at byte %d is of an unknown type: skipped", self._lines.seen)
            return None
        meta = self._read(line, _Line).object.metadata
        if raw.type == BOOKMARK and not self._bookmarks:
            return None, meta
        return Event(raw.type, self._decode(raw.object, self._kind)), meta

    def _read(self, line: bytes, kind: type[_R]) -> _R:
        try:
            return decoder(kind).unchecked.decode(line)
        except _UNREADABLE:
            raise DecodeError(
                f"the watch holds no event at byte {self._lines.seen}, but {len(line)} bytes of something else"
            ) from None

    def _decode(self, data: msgspec.Raw, kind: type[_R]) -> _R:
        try:
            return decode.decode(data, kind)
        except DecodeError as error:
            from kubecore.codec import lenient

            raise DecodeError(f"the watch's event at byte {self._lines.seen}: {lenient.named(data)}{error}") from None


_R = TypeVar("_R")


def check_media_type(path: str, headers: Mapping[str, str]) -> None:
    """Refuse a stream without events.

    Args:
        path: The path of the request.
        headers: Its headers, their names in lower case.

    Raises:
        DecodeError: It is of another media type.
    """
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise DecodeError(f"GET {path}: a watch comes as application/json, not as {media_type[:100]!r}")


def ends_initial_events(meta: Meta) -> bool:
    """Return whether a bookmark has the annotation that ends the state which the server sends as events.

    Args:
        meta: The metadata of the bookmark.
    """
    return meta.annotations.get(_INITIAL_EVENTS_END) == "true"


def meta_in(text: bytes) -> Meta:
    """Return the metadata of an object in JSON, empty if it has none.

    Args:
        text: The object.
    """
    try:
        return decoder(_Object).unchecked.decode(text).metadata
    except _UNREADABLE:
        return _Meta()


def carries_meta(kind: Any) -> bool:
    """Return whether objects of a type hold all of `Meta` in their metadata.

    Args:
        kind: The type of the objects.
    """
    hashable: Hashable = kind
    return _carries(hashable)


def meta_of(item: Any) -> Meta:
    """Return the metadata of a listed object.

    Args:
        item: The object: a model, a mapping, or a struct that has the metadata.

    Raises:
        DecodeError: It lacks the name or the version, which identify objects.
    """
    carried: Any = item.get("metadata") if is_json_object(item) else getattr(item, "metadata", None)
    meta: Meta = carried if carries_meta(type(item)) else _converted(carried)
    if not meta.name or not meta.resource_version:
        raise DecodeError("an item of the list has no metadata with name, namespace, uid and resource version")
    return meta


def _converted(metadata: Any) -> Meta:
    try:
        return msgspec.convert(metadata, _Meta, from_attributes=True)
    except _UNREADABLE:
        return _Meta()


@functools.cache
def _carries(kind: Any) -> bool:
    try:
        meta = typing.get_type_hints(kind).get("metadata")
        if not (isinstance(kind, type) and isinstance(meta, type) and issubclass(meta, msgspec.Struct)):
            return False
        hints = typing.get_type_hints(meta)
    except (TypeError, NameError, AttributeError):
        return False  # No class with annotations.
    texts = ("name", "namespace", "uid", "resource_version")
    return all(hints.get(name) is str for name in texts) and hints.get("annotations") == dict[str, str]
