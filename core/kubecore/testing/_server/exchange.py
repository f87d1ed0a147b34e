"""A request as the fake API server receives it, and its reply. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["Received", "Reply", "ReplyStream"]


@dataclass(slots=True, kw_only=True)
class Received:
    """A request.

    Attributes:
        method: The HTTP method.
        path: The path, percent-encoded as it was sent.
        query: Names and values, decoded, in order.
        headers: Names in lower case, and values.
        content: The body as it was sent.
        number: The position among all requests of the cluster, from 1.
        verb: The verb as RBAC names it: get, list, watch, create, update, patch, delete or deletecollection; the method
            in lower case for a path of no resource.
        group: The API group, "" for core.
        version: The API version.
        resource: The plural, "" for a path of no resource.
        subresource: Such as `status`, or "".
        namespace: The namespace, or "".
        name: The name of the object, or "".
        status: The HTTP status code of the response, 0 until there is one.
    """

    method: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    number: int = 0
    verb: str = ""
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    status: int = 0


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
        """Call a function, once, as soon as there is a chunk or the body ends: at once if that is so already."""
        ...

    def close(self) -> None:
        """Forget the reader; more chunks are not collected."""
        ...


@dataclass(slots=True, kw_only=True)
class Reply:
    """A response.

    Attributes:
        code: The HTTP status code.
        headers: Names in lower case, and values; `content-type` is always there. A warning is one `warning` header.
        content: The body, unless it is a stream.
        stream: The body of a watch or a followed log, or None.
    """

    code: int
    headers: list[tuple[str, str]]
    content: bytes = b""
    stream: ReplyStream | None = None
