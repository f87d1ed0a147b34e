"""A complete collection, page by page: the next page is requested when the one before has been yielded.

`Pager` decides, without I/O; `rest.page_iterator` and `rest.async_page_iterator` send the calls.

If the version of the pages is compacted away between two of them (410), the remaining objects are read by one list
without a limit. Objects are identified by their UIDs, so none is repeated.
Source: client-go's `tools/pager`, with `FullListIfExpired`.
"""

from __future__ import annotations

import operator
import re
import typing
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from kubecore import errors
from kubecore.calls.body import Body, metadata_field
from kubecore.calls.call import Call, ListReader, is_list_reader
from kubecore.calls.continue_tokens import Trail
from kubecore.codec import decode
from kubecore.options import Query

if TYPE_CHECKING:
    from kubecore.codec.streamed_list import StreamedList

__all__ = ["Pager"]

T = TypeVar("T")

_OF_VERSION = ("resourceVersion", "resourceVersionMatch")


class _Page(msgspec.Struct):
    """One response: its objects, their identities, and the token of the next page."""

    items: list[Any]
    keys: list[str]
    token: str


_ITEM = re.compile(r"\$\.items\[(\d+)\]")


class _Meta(msgspec.Struct):
    name: str = ""
    namespace: str = ""
    uid: str = ""


class _Identity(msgspec.Struct):
    metadata: _Meta = msgspec.field(default_factory=_Meta)


class _Identities(msgspec.Struct):
    items: list[_Identity] = []


@dataclass(frozen=True, kw_only=True)
class _PageReader(ListReader[_Page]):
    """Reads a page.

    Attributes:
        inner: The call that reads the response.
        uid_of: Reads the UID of an object, None if the objects have none: their projection does not contain it.
        is_rest: Whether this is the complete rest, after a 410.
        offset: The number of objects in earlier pages.
    """

    inner: Call[Any]
    uid_of: Callable[[Any], str] | None
    is_rest: bool = False
    offset: int = 0

    def __call__(
        self, call: Call[Any], status: int, headers: Mapping[str, str], body: bytes | bytearray | memoryview
    ) -> _Page:
        """Read the page."""
        with self._counting_items():
            found = self.inner.parse(status, headers, body)
        token = found.metadata.continue_ or ""
        items: list[Any] = found.items
        if not token and not self.is_rest:
            return _Page(items, [], token)  # Nothing follows, so identities are not needed.
        keys = self._uids(items) or _keys(decode.decode(body, _Identities).items)
        return _Page(items, keys, token)

    def begin(self, streamed: StreamedList[Any]) -> None:
        """Prepare a page that is decoded while it arrives."""
        read = self.inner.read
        if is_list_reader(read):
            read.begin(streamed)
        streamed.identify = self._identify

    def finish(self, call: Call[Any], status: int, headers: Mapping[str, str], streamed: StreamedList[Any]) -> _Page:
        """Read the rest of the page."""
        with self._counting_items():
            found = self.inner.parse(status, headers, streamed)
        token = found.metadata.continue_ or ""
        if not token and not self.is_rest:
            return _Page(found.items, [], token)
        if streamed.keys_error is not None:
            raise streamed.keys_error
        return _Page(found.items, streamed.keys, token)

    def _identify(self, items: list[Any], array: memoryview, first: int) -> list[str]:
        return self._uids(items) or _keys(decode.decode_items(array, _Identities, first=first)[0])

    def _uids(self, items: list[Any]) -> list[str] | None:
        """Return the UIDs of objects, None if one lacks it: some aggregated APIs have none."""
        keys = [] if self.uid_of is None else list(map(self.uid_of, items))
        return keys if keys and all(keys) else None

    @contextmanager
    def _counting_items(self) -> Generator[None]:
        """Count the items in errors from the beginning of the whole list."""
        try:
            yield
        except errors.DecodeError as error:
            error.args = (_ITEM.sub(self._counted, str(error), count=1), *error.args[1:])
            raise

    def _counted(self, match: re.Match[str]) -> str:
        return f"$.items[{self.offset + int(match[1])}]"


def _keys(items: list[_Identity]) -> list[str]:
    """Return the identities of objects whose UIDs are missing, or are not part of the projection."""
    return [item.metadata.uid or f"{item.metadata.namespace}/{item.metadata.name}" for item in items]


def _uid_in(item: Body) -> str:
    """Return the UID of an object that may be a dictionary."""
    return str(metadata_field(item, "uid"))


def _uid_of(into: Any) -> Callable[[Any], str] | None:
    """Find the way to the UID of an object: through the attributes of models, or those of a projection."""
    if into is None:
        return operator.attrgetter("metadata.uid")
    path: list[str] = []
    for wire_name in ("metadata", "uid"):
        if not isinstance(into, type) or not issubclass(into, msgspec.Struct):
            return None
        field = next(
            (candidate for candidate in msgspec.structs.fields(into) if candidate.encode_name == wire_name), None
        )
        if field is None:
            return None
        path.append(field.name)
        into = field.type
    return operator.attrgetter(".".join(path)) if into is str else None


class Pager(Generic[T]):
    """Decides the next page, and which of its objects are new.

    Args:
        call: The call of the first page.
        into: The projection of the objects, None if they are models.
    """

    def __init__(self, call: Call[Any], into: type[T] | None = None) -> None:
        self._first = call.query
        self._seen: set[str] = set()
        self._trail = Trail()
        uid_of = _uid_in if typing.get_args(call.response) == (dict,) else _uid_of(into)
        self._reader = _PageReader(inner=call, uid_of=uid_of)
        self.call: Call[_Page] | None = call.with_reader(self._reader)
        """The next call; None after the last page."""

    def took(self, page: _Page) -> list[T]:
        """Handle the response to the call.

        Args:
            page: The response.

        Returns:
            The objects that have not been yielded yet.

        Raises:
            DecodeError: The list would be endless: see `Trail.follow`.
        """
        call = self.call
        assert call is not None  # noqa: S101 - a response has a call
        new = page.items
        if self._reader.is_rest:
            new = [item for item, key in zip(page.items, page.keys, strict=True) if key not in self._seen]
        self._seen.update(page.keys)
        self.call = self._next(call, page.token, count=len(page.items))
        return new

    def _next(self, call: Call[_Page], token: str, *, count: int) -> Call[_Page] | None:
        if not token:
            return None
        self._trail.follow(f"{call.method} {call.path}", token, is_empty=count == 0)
        # A token contains its version, and the server refuses another one in addition.
        query = _with(self._first, _OF_VERSION, ("continue", token))
        self._reader = replace(self._reader, offset=self._reader.offset + count)
        return msgspec.structs.replace(call, query=query, read=self._reader)

    def failed(self, error: errors.StatusError) -> bool:
        """Handle an error, and return whether there is an alternative.

        Args:
            error: The error.

        Returns:
            Whether `call` is now a list of the rest; else the error is final.
        """
        call = self.call
        if call is None or self._reader.is_rest or not len(self._trail) or not errors.is_resource_expired(error):
            return False
        query = _with(self._first, ("limit",))
        self._reader = replace(self._reader, is_rest=True, offset=0)
        self.call = msgspec.structs.replace(call, query=query, read=self._reader)
        return True


def _with(query: Query, without: tuple[str, ...], *more: tuple[str, str]) -> Query:
    return tuple(sorted((*(pair for pair in query if pair[0] not in without), *more)))
