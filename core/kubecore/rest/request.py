"""From a call to the request that carries it. No I/O but the token's file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from kubecore.call import Call
from kubecore.errors import BodyTooLargeError, ConfigError, ProtocolError, RedirectError
from kubecore.rest.auth import Authorization
from kubecore.rest.config import Config, Server, Timeouts, default_user_agent

__all__ = ["Request", "Requests", "check_answer"]

_JSON: Final = b"application/json"


class Request(NamedTuple):
    """What goes over the wire.

    Attributes:
        method: the HTTP method.
        server: where it goes.
        target: path and query, the server's prefix included.
        headers: names and values.
        body: the body, or None.
        timeouts: how long each step may take.
        endless: whether the answer may go on for ever, as a watch's does: no deadline then holds, and no limit to how
            long it pauses.
    """

    method: str
    server: Server
    target: str
    headers: list[tuple[bytes, bytes]]
    body: bytes | None
    timeouts: Timeouts
    endless: bool

    @property
    def place(self) -> str:
        """Method and URL without the query, for errors: selectors may say more than a log should."""
        return f"{self.method} {self.server.scheme}://{self.server.netloc}{self.target.partition('?')[0]}"


class Requests:
    """Makes the requests of one client.

    Args:
        config: where to, and who asks.

    Raises:
        ConfigError: the configuration contradicts itself or names what can't be read.
    """

    def __init__(self, config: Config) -> None:
        config.check()
        self.server: Server = config.server()
        self.max_bytes: int = config.max_response_bytes
        self._authorization = Authorization(config)
        agent = config.user_agent or default_user_agent()
        self._fixed = [
            (b"Host", self.server.netloc.encode("idna" if not self.server.netloc.isascii() else "ascii")),
            (b"User-Agent", _header(agent, "user_agent")),
        ]
        self._timeouts = config.timeouts

    def make(self, call: Call[Any], *, endless: bool = False) -> Request:
        """Make the request for a call.

        Args:
            call: the call.
            endless: whether the answer may pause for as long as it likes, as a watch does.
        """
        headers = [
            *self._fixed,
            (b"Accept", _JSON if call.accept == "application/json" else _header(call.accept, "accept")),
        ]
        authorization = self._authorization.header()
        if authorization is not None:
            headers.append((b"Authorization", authorization))
        if call.content_type is not None:
            headers.append((b"Content-Type", call.content_type.encode("ascii")))
        if call.body is not None or call.method in ("POST", "PUT", "PATCH"):
            headers.append((b"Content-Length", str(len(call.body or b"")).encode("ascii")))
        target = self.server.prefix + call.target
        return Request(call.method, self.server, target, headers, call.body, self._timeouts, endless)


def _header(value: str, what: str) -> bytes:
    if not value.isprintable():
        raise ConfigError(f"{what} holds characters that no header can hold")
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        raise ConfigError(f"{what} holds characters that no header can hold") from None


def check_answer(request: Request, status: int, headers: Mapping[str, str], max_bytes: int) -> None:
    """Refuse an answer by its head.

    Args:
        request: what was asked.
        status: the HTTP status code.
        headers: the headers, their names in lower case.
        max_bytes: largest body that is read.

    Raises:
        RedirectError: it points somewhere else.
        ProtocolError: it is compressed, which was not asked for, or no final answer.
        BodyTooLargeError: its body will be too large.
    """
    if 300 <= status < 400 and status != 304:
        raise RedirectError(
            f"{request.place} was answered {status}, a redirect; none is followed, since credentials would go along"
        )
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise ProtocolError(f"{request.place} was answered compressed ({encoding[:40]!r}), which was not asked for")
    length = headers.get("content-length", "")
    if length.isascii() and length.isdigit() and (len(length) > 18 or int(length) > max_bytes):
        raise too_large(request, max_bytes)


def too_large(request: Request, max_bytes: int) -> BodyTooLargeError:
    """Make the error for a body that is larger than the limit."""
    return BodyTooLargeError(
        f"the answer to {request.place} is larger than the limit of {max_bytes} bytes (Config.max_response_bytes)"
    )
