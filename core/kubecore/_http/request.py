"""A request as it is sent, and checks of the head of its response. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kubecore._config.config import Server, Timeouts
from kubecore.errors import BodyTooLargeError, ProtocolError, RedirectError

__all__ = ["Body", "Request", "check_body", "check_response", "codings", "has_body", "too_large"]


Body = bytes | bytearray | memoryview
"""What a body is read into."""


class Request(NamedTuple):
    """What goes over the wire.

    Attributes:
        method: the HTTP method.
        server: where it goes.
        target: path and query, the server's prefix included.
        headers: names and values.
        body: the body, or None.
        timeouts: how long each step may take.
        end: when the whole must be done, on the monotonic clock; None for no limit.
        streaming: Whether the response may last forever, as that of a watch. Once it began, neither `end` nor the
            timeout for the next chunk applies.
        idle_timeout: whether `Timeouts.idle` holds for an endless answer.
        until: when an endless answer is left, on the monotonic clock; None for no limit.
        upgrade: whether it asks for another protocol.
        head: when the headers of an endless response must be there, on the monotonic clock; None for no limit.
        seconds: the `timeout=` of the call, for errors; None if there is none.
        fresh: whether it is sent over a new connection, and over one only.
        patient: whether `Timeouts.read` does not apply: somebody behind the API server responds when it likes.
        origin: whose configuration it is, for errors.
    """

    method: str
    server: Server
    target: str
    headers: list[tuple[bytes, bytes]]
    body: bytes | None
    timeouts: Timeouts
    end: float | None
    streaming: bool
    idle_timeout: bool = False
    until: float | None = None
    upgrade: bool = False
    head: float | None = None
    seconds: float | None = None
    fresh: bool = False
    patient: bool = False
    origin: str = ""

    def __repr__(self) -> str:
        """Show what is asked; headers and bodies hold secrets."""
        return f"Request({self.place})"

    @property
    def url(self) -> str:
        """The URL without the query: selectors may say more than a log should."""
        return f"{self.server.scheme}://{self.server.netloc}{self.target.partition('?')[0]}"

    @property
    def place(self) -> str:
        """Method and URL, for errors."""
        return f"{self.method} {self.url}"


def check_response(request: Request, status: int, headers: Mapping[str, str], max_bytes: int) -> None:
    """Refuse an answer by its head.

    Args:
        request: what was asked.
        status: the HTTP status code.
        headers: the headers, their names in lower case.
        max_bytes: largest body that is read.

    Raises:
        RedirectError: it points somewhere else.
        ProtocolError: it is packed in a way that we can't undo.
        BodyTooLargeError: its body will be too large.
    """
    if 300 <= status < 400 and status != 304:
        raise RedirectError(
            f"{request.place} was answered {status}, a redirect, which is not followed: credentials would go along "
            "(Config.follow_redirects follows those on the same server)"
        )
    check_body(request, status, headers, max_bytes)


def codings(encoding: str) -> list[str]:
    """Return the names in a header `Content-Encoding`, in lower case, without those that change nothing."""
    names = [name.strip().lower() for name in encoding.split(",")]
    return ["gzip" if name == "x-gzip" else name for name in names if name not in ("", "identity")]


def has_body(request: Request, status: int) -> bool:
    """Return whether a response has a body; headers of one without a body describe what GET would return."""
    return request.method != "HEAD" and status not in (101, 204, 304)


def check_body(request: Request, status: int, headers: Mapping[str, str], max_bytes: int) -> None:
    """Refuse an answer by what its head says of its body: see `check_response`."""
    if not has_body(request, status):
        return
    encoding = headers.get("content-encoding", "")
    if encoding and codings(encoding) not in ([], ["gzip"]):
        raise ProtocolError(f"{request.place} was answered in an encoding that nobody asked for: {encoding[:40]!r}")
    length = headers.get("content-length", "")
    if length.isascii() and length.isdigit() and (len(length) > 18 or int(length) > max_bytes):
        raise too_large(request, max_bytes)


def too_large(request: Request, max_bytes: int) -> BodyTooLargeError:
    """Make the error for a body that is larger than the limit."""
    return BodyTooLargeError(
        f"the answer to {request.place} is larger than the limit of {max_bytes} bytes (Config.max_response_bytes)"
    )
