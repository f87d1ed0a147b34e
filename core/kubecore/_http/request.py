"""A request in the form in which it is sent, and checks of the response head. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from kubecore._config.config import Server, Timeouts
from kubecore.errors import BodyTooLargeError, ClosedError, ProtocolError, RedirectError

__all__ = ["Body", "IdleLimit", "Request", "check_body", "check_response", "closed", "codings", "has_body", "too_large"]


Body = bytes | bytearray | memoryview
"""Buffers that a body can be read into."""

IdleLimit: TypeAlias = bool | Callable[[], float | None]
"""Whether `Timeouts.idle` applies to a response, or a function that is called before each read: it returns a lower
limit, in seconds, or None for `Timeouts.idle`."""


class Request(NamedTuple):
    """A request to send.

    Attributes:
        method: The HTTP method.
        server: The server that receives it.
        target: Path and query, the server's prefix included.
        headers: Names and values.
        body: The body, or None.
        timeouts: How long each step may take.
        deadline: When the whole must be done, on the monotonic clock; None for no limit.
        streaming: Whether the response may last forever, as that of a watch. Once it began, neither `deadline` nor the
            timeout for the next chunk applies.
        idle_timeout: Whether `Timeouts.idle` applies to an endless response, or a lower limit.
        ends_at: When an endless response is abandoned, on the monotonic clock; None for no limit.
        upgrade: Whether it requests another protocol.
        head_deadline: When the headers of an endless response must have arrived, on the monotonic clock; None for no
            limit.
        seconds: The `timeout=` of the call, for errors; None if it was not given.
        fresh: Whether it is sent over a new connection, and over one only.
        patient: Whether `Timeouts.read` does not apply: somebody behind the API server responds when it likes.
        origin: Whose configuration it is, for errors.
        is_hook_limit: Whether `deadline` is that of a write hook, for errors.
    """

    method: str
    server: Server
    target: str
    headers: list[tuple[bytes, bytes]]
    body: bytes | None
    timeouts: Timeouts
    deadline: float | None
    streaming: bool
    idle_timeout: IdleLimit = False
    ends_at: float | None = None
    upgrade: bool = False
    head_deadline: float | None = None
    seconds: float | None = None
    fresh: bool = False
    patient: bool = False
    origin: str = ""
    is_hook_limit: bool = False

    def __repr__(self) -> str:
        """Show the request line; headers and bodies contain secrets."""
        return f"Request({self.place})"

    @property
    def url(self) -> str:
        """The URL without the query: selectors may contain more than a log should."""
        return f"{self.server.scheme}://{self.server.netloc}{self.target.partition('?')[0]}"

    @property
    def place(self) -> str:
        """Method and URL, for errors."""
        return f"{self.method} {self.url}"


def check_response(request: Request, status: int, headers: Mapping[str, str], max_bytes: int) -> None:
    """Refuse a response by its head.

    Args:
        request: The request.
        status: The HTTP status code.
        headers: The headers, their names in lower case.
        max_bytes: Largest body that is read.

    Raises:
        RedirectError: It points somewhere else.
        ProtocolError: Its encoding is not supported.
        BodyTooLargeError: Its body will be too large.
    """
    if 300 <= status < 400 and status != 304:
        raise RedirectError(
            f"{request.place} responded with {status}, a redirect, which is not followed: "
            "it would receive the credentials (Config.follow_redirects follows those on the same server)"
        )
    check_body(request, status, headers, max_bytes)


def codings(encoding: str) -> list[str]:
    """Return the names in a header `Content-Encoding`, in lower case, without those that change nothing."""
    names = [name.strip().lower() for name in encoding.split(",")]
    return ["gzip" if name == "x-gzip" else name for name in names if name not in ("", "identity")]


def has_body(request: Request, status: int) -> bool:
    """Return whether a response has a body; headers of one without a body describe the response to GET."""
    return request.method != "HEAD" and status not in (101, 204, 304)


def check_body(request: Request, status: int, headers: Mapping[str, str], max_bytes: int) -> None:
    """Refuse a response because of the body that its head announces: see `check_response`."""
    if not has_body(request, status):
        return
    encoding = headers.get("content-encoding", "")
    if encoding and codings(encoding) not in ([], ["gzip"]):
        raise ProtocolError(f"{request.place} has a response in an encoding that was not requested: {encoding[:40]!r}")
    length = headers.get("content-length", "")
    if length.isascii() and length.isdigit() and (len(length) > 18 or int(length) > max_bytes):
        raise too_large(request, max_bytes)


def closed(request: Request) -> ClosedError:
    """Make the error for a request of a client that was closed before."""
    return ClosedError(f"{request.place}: the client is closed; keep it open as long as something uses it")


def too_large(request: Request, max_bytes: int) -> BodyTooLargeError:
    """Make the error for a body that is larger than the limit."""
    return BodyTooLargeError(
        f"the response to {request.place} is larger than the limit of {max_bytes} bytes (Config.max_response_bytes)"
    )
