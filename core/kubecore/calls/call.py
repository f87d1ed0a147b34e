"""A call: everything about one request, and how its response is read. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeGuard, TypeVar, cast
from urllib.parse import quote

import msgspec

from kubecore.calls import error_response
from kubecore.codec import decode
from kubecore.codec.decoders import decoder, is_list
from kubecore.errors import DecodeError, StatusError
from kubecore.model.meta import Status
from kubecore.options import Query

if TYPE_CHECKING:
    from kubecore.codec.streamed_list import StreamedList

__all__ = ["Call", "ListReader", "Reader", "Received", "is_list_reader"]

R = TypeVar("R")
Q = TypeVar("Q")

Received: TypeAlias = "bytes | bytearray | memoryview | StreamedList[Any]"
"""The body of a response: as a whole, or a list whose items were decoded while it arrived."""

Reader: TypeAlias = Callable[["Call[Any]", int, Mapping[str, str], bytes | bytearray | memoryview], R]
"""Reads the response to a call: from the call, the status code, the headers with names in lower case, and the body."""

_SUCCESS: Final = range(200, 207)


class ListReader(Generic[R]):
    """A reader that also reads lists of which groups of items were decoded while the response arrived."""

    def __call__(
        self, call: Call[Any], status: int, headers: Mapping[str, str], body: bytes | bytearray | memoryview
    ) -> R:
        """Read a response as a whole: see `Reader`."""
        raise NotImplementedError

    def begin(self, streamed: StreamedList[Any]) -> None:
        """Prepare a list before its first items are decoded.

        Args:
            streamed: The list.
        """
        raise NotImplementedError

    def finish(self, call: Call[Any], status: int, headers: Mapping[str, str], streamed: StreamedList[Any]) -> R:
        """Read the rest of the response.

        Args:
            call: The call.
            status: The HTTP status code.
            headers: The headers, their names in lower case.
            streamed: The list, with all data of the response.
        """
        raise NotImplementedError


_DRY_RUN: Final = ("dryRun", "All")


class _DeleteOptions(msgspec.Struct, rename="camel"):
    """The part of the options of a delete that decides whether anything is deleted."""

    dry_run: list[str] | None = None


class _Head(msgspec.Struct, rename="camel"):
    """Keys that identify the kind of the object in a body."""

    kind: str = ""
    status: Any = None


def is_list_reader(read: object) -> TypeGuard[ListReader[Any]]:
    """Return whether a reader also reads lists that are decoded in groups."""
    return isinstance(read, ListReader)


class Call(msgspec.Struct, Generic[R], frozen=True, kw_only=True, gc=False):
    """One request to the API.

    Attributes:
        method: The HTTP method.
        path: The path, percent-encoded, without the prefix that the configured host may have.
        response: The type of the response, or several types, selected by the kind in the response; `bytes` is the
            unchanged body.
        verb: Kubernetes' verb, such as `list`.
        query: The query parameters.
        body: The body, or None.
        content_type: The body's media type, or None.
        accept: The accepted media type.
        headers: More headers, their names in lower case.
        is_proxied: Whether the API server passes it on to a backend: a response of any status is then the backend's,
            and is neither followed nor retried.
        kind: The kind that the response must be of if its type would take any, "" if the type knows.
        group: The API group.
        version: The API version, such as `v1`; "" if the call is not about a resource.
        resource: The resource's plural name.
        subresource: The subresource, "" for none.
        namespace: The namespace, "" for none.
        name: The object's name, "" for none.
        read: Reads the response; None for `decode`. It must not refer to the call that it is part of: the cyclic
            collector does not look at calls.
    """

    method: str
    path: str
    response: type[R] | tuple[type[Any], ...]
    verb: str
    query: Query = ()
    body: bytes | None = None
    content_type: str | None = None
    accept: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    is_proxied: bool = False
    kind: str = ""
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    read: Reader[R] | None = None

    def __repr__(self) -> str:
        """Show the request line; a body may be a Secret."""
        return f"Call({self.method} {self.path})"

    @property
    def target(self) -> str:
        """The path with its query, as it stands in the request line."""
        if not self.query:
            return self.path
        return self.path + "?" + "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in self.query)

    @property
    def is_dry_run(self) -> bool:
        """Whether the server stores nothing (`dryRun=All`): False if that is not certain.

        The server ignores the query of a delete that has options in its body. A request that it passes on to a pod, a
        service or a node has the effect that the process there gives it.
        """
        if self.is_proxied or (not self.resource and "/proxy/" in f"{self.path}/"):
            return False
        if self.method != "DELETE" or not self.body:
            return _DRY_RUN in self.query
        try:
            return decoder(_DeleteOptions).decode(self.body).dry_run == ["All"]
        except (msgspec.DecodeError, ValueError, RecursionError):  # The body of `raw` may be anything.
            return False

    def with_reader(self, read: Reader[Q]) -> Call[Q]:
        """Return the same request, whose response is read by another function.

        Args:
            read: Reads the response.
        """
        return cast("Call[Q]", msgspec.structs.replace(self, read=read))

    def parse(self, status: int, headers: Mapping[str, str], body: Received) -> R:
        """Read the response, with `read` if there is one.

        Args:
            status: The HTTP status code.
            headers: The headers, their names in lower case.
            body: The whole body, or the list of `begin_list` with all data of the body.

        Returns:
            The object.

        Raises:
            StatusError: The response is a failure, even if the code is not.
            DecodeError: The body does not have the expected type.
        """
        if not isinstance(body, (bytes, bytearray, memoryview)):
            if not body.is_whole:
                return self._parse_list(status, headers, body)
            body = body.rest
        if self.read is not None:
            return self.read(self, status, headers, body)
        return self.decode(status, headers, body)

    def decode(self, status: int, headers: Mapping[str, str], body: bytes | bytearray | memoryview) -> R:
        """Read the response as an object of the type `response`, without `read`: see `parse`.

        Args:
            status: The HTTP status code.
            headers: The headers, their names in lower case.
            body: The whole body.
        """
        if status not in _SUCCESS:
            raise error_response.from_response(self, status, headers, body)
        if self.response is bytes:
            return bytes(body)  # type: ignore[return-value]  # pyright: ignore[reportReturnType]
        try:
            found = decode.decode(body, self._type(body))
            if self.kind:
                self._refuse_other_kind(found, body)
            return found
        except DecodeError as error:
            raise self._failed(status, headers, body, len(body), error) from None

    def begin_list(self, status: int, headers: Mapping[str, str]) -> StreamedList[R] | None:
        """Return the list that decodes the response while it arrives; None if `parse` has to read it as a whole.

        Args:
            status: The HTTP status code.
            headers: The headers, their names in lower case.
        """
        read = self.read
        if self.verb != "list" or status != 200 or not (read is None or is_list_reader(read)):
            return None
        if isinstance(self.response, tuple) or not is_list(self.response):
            return None
        if not headers.get("content-type", "").startswith("application/json"):
            return None
        from kubecore.codec.streamed_list import GROUP_BYTES, StreamedList

        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) < GROUP_BYTES:
            return None
        streamed = StreamedList(self.response)
        if read is not None:
            read.begin(streamed)
        return streamed

    def _parse_list(self, status: int, headers: Mapping[str, str], streamed: StreamedList[R]) -> R:
        read = self.read
        if is_list_reader(read):
            result: R = read.finish(self, status, headers, streamed)
            return result
        return self.decode_list(status, headers, streamed)

    def decode_list(self, status: int, headers: Mapping[str, str], streamed: StreamedList[R]) -> R:
        """Read the rest of a list, without `read`: see `parse`.

        Args:
            status: The HTTP status code.
            headers: The headers, their names in lower case.
            streamed: The list, with all data of the response.
        """
        try:
            found = streamed.finish()
            if self.kind:
                self._refuse_other_kind(found, streamed.rest)
            return found
        except DecodeError as error:
            raise self._failed(status, headers, streamed.rest, streamed.size, error) from None

    def _failed(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes | bytearray | memoryview,
        size: int,
        error: DecodeError,
    ) -> StatusError | DecodeError:
        """Return the error for a body that cannot be decoded: the server's own if the body is one."""
        return error_response.status_in(body) or error_response.unreadable(self, status, headers, body, size, error)

    def _refuse_other_kind(self, found: R, body: bytes | bytearray | memoryview) -> None:
        from kubecore import projection

        projection.refuse_other_kind(found, body, self.kind)

    def _type(self, body: bytes | bytearray | memoryview) -> type[R]:
        response = self.response
        if not isinstance(response, tuple):
            return response
        try:
            kind = decoder(_Head).decode(body).kind
        except (msgspec.DecodeError, ValueError, RecursionError):
            kind = ""
        found = next((type_ for type_ in response if type_.__name__ == kind), response[0])
        return Status if kind == "Status" else found  # type: ignore[return-value]  # pyright: ignore[reportReturnType]


def _quoted(value: str) -> str:
    return quote(value, safe="=,!()*:@/", errors="surrogatepass")
