"""HTTP/1.1 requests of untrusted clients, parsed without I/O: bounded headers and bodies, and no ambiguous lengths."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from kubecore.testing._server.exchange import Received

__all__ = ["MAX_BODY", "MAX_HEAD", "BadRequestError", "HttpRequest", "RequestReader"]

MAX_HEAD: Final = 65536
"""Bytes of the request line and the headers."""

MAX_BODY: Final = 8 << 20
"""Bytes of a body."""

_LINE: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([!-~]{1,60000}) HTTP/1\.([01])")
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

Steps = Generator[None, None, "HttpRequest"]
"""A parser that stops whenever it needs more bytes."""


class BadRequestError(Exception):
    """A request that cannot be parsed: the connection is closed after the response.

    Attributes:
        code: The status of the response.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class HttpRequest:
    """A request.

    Attributes:
        received: The request for the server.
        keeps_alive: Whether the client sends more requests on the connection.
    """

    def __init__(self, received: Received, *, keeps_alive: bool) -> None:
        self.received = received
        self.keeps_alive = keeps_alive


class RequestReader:
    """Parses the requests of one connection, one after the other.

    Attributes:
        expects_continue: Whether the client waits for `100 Continue` before it sends the body.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._steps: Steps | None = None
        self.expects_continue: bool = False

    @property
    def is_idle(self) -> bool:
        """Whether no byte of the next request was received."""
        return self._steps is None and not self._buffer

    def feed(self, data: bytes) -> HttpRequest | None:
        """Return the next request if it is complete.

        Args:
            data: The bytes that were received; none, to parse a request that the buffer may contain.

        Raises:
            BadRequestError: The request is invalid or too large.
        """
        self._buffer += data
        if self._steps is None:
            if not self._buffer:
                return None
            self._steps = self._request()
        try:
            next(self._steps)
        except StopIteration as end:
            self._steps = None
            found: HttpRequest = end.value
            return found
        return None

    def _request(self) -> Steps:
        lines = (yield from self._until(b"\r\n\r\n", MAX_HEAD)).split(b"\r\n")
        first = _LINE.fullmatch(lines[0])
        if first is None:
            raise BadRequestError(400, "malformed request line")
        headers = _headers(lines[1:])
        if first[3] == b"1" and "host" not in headers:
            raise BadRequestError(400, "missing header Host")
        content = yield from self._body(headers)
        path, query = _target(first[2].decode("ascii"))
        received = Received(
            method=first[1].decode("ascii"),
            path=path,
            query=parse_qsl(query, keep_blank_values=True),
            headers=headers,
            content=content,
        )
        closes = headers.get("connection", "").lower() == "close"
        return HttpRequest(received, keeps_alive=first[3] == b"1" and not closes)

    def _body(self, headers: dict[str, str]) -> Generator[None, None, bytes]:
        length, coding = headers.get("content-length"), headers.get("transfer-encoding")
        if coding is not None and (length is not None or coding.lower() != "chunked"):
            raise BadRequestError(400, "ambiguous length of the body")
        if length is not None and not (length.isascii() and length.isdigit() and len(length) < 16):
            raise BadRequestError(400, "malformed header Content-Length")
        if int(length or 0) > MAX_BODY:
            raise BadRequestError(413, f"the body is longer than {MAX_BODY} bytes")
        self.expects_continue = headers.get("expect", "").lower() == "100-continue" and not self._buffer
        if coding is not None:
            return (yield from self._chunks())
        return (yield from self._exactly(int(length or 0)))

    def _chunks(self) -> Generator[None, None, bytes]:
        content = bytearray()
        while True:
            size = _CHUNK.fullmatch((yield from self._until(b"\r\n", 4096)))
            if size is None:
                raise BadRequestError(400, "malformed chunk")
            count = int(size[1], 16)
            if len(content) + count > MAX_BODY:
                raise BadRequestError(413, f"the body is longer than {MAX_BODY} bytes")
            if not count:
                break
            content += yield from self._exactly(count)
            if (yield from self._exactly(2)) != b"\r\n":
                raise BadRequestError(400, "malformed chunk")
        while (yield from self._until(b"\r\n", 4096)):
            pass  # Trailers are read and ignored.
        return bytes(content)

    def _until(self, end: bytes, limit: int) -> Generator[None, None, bytes]:
        searched = 0
        while (found := self._buffer.find(end, searched)) < 0:
            if len(self._buffer) > limit:
                raise BadRequestError(431, f"the headers are longer than {limit} bytes")
            searched = max(0, len(self._buffer) - len(end) + 1)
            yield
        if found > limit:
            raise BadRequestError(431, f"the headers are longer than {limit} bytes")
        line = bytes(self._buffer[:found])
        del self._buffer[: found + len(end)]
        return line

    def _exactly(self, count: int) -> Generator[None, None, bytes]:
        while len(self._buffer) < count:
            yield
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data


def _target(text: str) -> tuple[str, str]:
    """Return the path and the query of a request target: a path, which may begin with `//`, or a URL."""
    if text.startswith("/"):
        path, _, query = text.partition("#")[0].partition("?")
        return path, query
    try:
        target = urlsplit(text)
    except ValueError as error:
        raise BadRequestError(400, "malformed request target") from error
    return target.path or "/", target.query


def _headers(lines: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or _NAME.fullmatch(name) is None or _CONTROL.search(value) is not None:
            raise BadRequestError(400, "malformed header")
        key, text = name.decode("ascii").lower(), value.decode("latin-1").strip(" \t")
        if key not in headers:
            headers[key] = text
        elif key in ("content-length", "host", "transfer-encoding"):
            raise BadRequestError(400, f"repeated header {key}")
        else:
            headers[key] = f"{headers[key]}, {text}"
    return headers
