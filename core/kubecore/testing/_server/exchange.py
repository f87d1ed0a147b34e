"""A request to the fake API server, and its reply. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

__all__ = ["Received", "Reply", "ReplyStream"]


@dataclass(slots=True, kw_only=True)
class Received:
    """A request that the fake API server received.

    Attributes:
        method: The HTTP method.
        path: The path, with its percent-encoding.
        query: Names and values, decoded, in order.
        headers: Names in lower case, and values.
        content: The bytes of the body.
        number: The position among all requests of the cluster, from 1.
        verb: The verb in the words of RBAC: get, list, watch, create, update, patch, delete or deletecollection; the
            method in lower case for a path of no resource.
        group: The API group, "" for core.
        version: The API version.
        resource: The plural, "" for a path of no resource.
        subresource: Such as `status`, or "".
        namespace: The namespace, or "".
        name: The name of the object, or "".
        status: The HTTP status code of the response, 0 before it exists.
        behind: How many revisions old a read of any version is; a fault sets it.
    """

    method: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    content: bytes = field(default=b"", repr=False)
    number: int = 0
    verb: str = ""
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    status: int = 0
    behind: int = 0

    @property
    def body(self) -> dict[str, Any]:
        """The body as a JSON object, {} if it is not one; each access returns a new one."""
        try:
            return msgspec.json.decode(self.content, type=dict[str, Any])
        except (msgspec.DecodeError, ValueError, RecursionError):
            return {}


class ReplyStream(Protocol):
    """A body that grows: a watch, or a log that is followed. All methods may be called from any thread."""

    def take(self) -> list[bytes]:
        """Return the chunks that are ready, and forget them. This never waits."""
        ...

    @property
    def is_ended(self) -> bool:
        """Whether `take` has returned the last chunk: the body ends there."""
        ...

    def notify(self, callback: Callable[[], None]) -> None:
        """Call a function, once, when a chunk is ready or the body ends; immediately if one of both is true already."""
        ...

    def close(self) -> None:
        """Forget the reader; more chunks are not collected."""
        ...


@dataclass(slots=True, kw_only=True)
class Reply:
    """A response.

    Attributes:
        code: The HTTP status code.
        headers: Names in lower case, and values; `content-type` is always present. A warning is one `warning` header.
        content: The body, unless it is a stream.
        stream: The body of a watch or a followed log, or None.
    """

    code: int
    headers: list[tuple[str, str]]
    content: bytes = b""
    stream: ReplyStream | None = None
