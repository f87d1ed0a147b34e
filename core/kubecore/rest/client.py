"""The synchronous client: sends calls over one pool of connections."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

from kubecore.call import Call
from kubecore.rest import transport
from kubecore.rest.config import Config
from kubecore.rest.request import Requests, check_answer
from kubecore.rest.transport import HttpClient, Stream

__all__ = ["Client"]

R = TypeVar("R")


class Client:
    """Sends calls; safe to use from many threads at once.

    Args:
        config: where the server is and how to reach it.
        http_client: a client of your own to send every request with; it stays yours, and open. Certificates, proxies
            and timeouts are then its own.

    Raises:
        ConfigError: `config` contradicts itself or names what can't be read.
    """

    def __init__(self, config: Config, *, http_client: HttpClient | None = None) -> None:
        self._requests = Requests(config)
        self._transport = transport.transport(config, http_client)

    def send(self, call: Call[R]) -> R:
        """Send a call and read its answer.

        Args:
            call: the call.

        Returns:
            The object.

        Raises:
            StatusError: the server answered with a failure.
            TransportError: there is no whole answer.
            DecodeError: the answer is not what was asked for.
        """
        request = self._requests.make(call)
        stream = self._transport.open(request)
        try:
            check_answer(request, stream.status, stream.headers, self._requests.max_bytes)
            body = stream.read(self._requests.max_bytes)
        finally:
            stream.close()
        return call.parse(stream.status, stream.headers, body)

    @contextmanager
    def stream(self, call: Call[Any]) -> Generator[Stream]:
        """Send a call whose answer may go on for ever, such as a watch.

        Args:
            call: the call.

        Yields:
            The answer, its status checked; it is closed when the block ends.

        Raises:
            StatusError: the server answered with a failure.
            TransportError: there is no answer.
        """
        request = self._requests.make(call, endless=True)
        stream = self._transport.open(request)
        try:
            check_answer(request, stream.status, stream.headers, self._requests.max_bytes)
            if stream.status != 200:
                call.parse(stream.status, stream.headers, stream.read(self._requests.max_bytes))
            yield stream
        finally:
            stream.close()

    def get_bytes(self, path: str, *, accept: str = "application/json") -> bytes:
        """Read a path that is no resource, such as `/version` or `/openapi/v3`.

        Args:
            path: the path with its query, percent-encoded.
            accept: the media type asked for.

        Returns:
            The body.

        Raises:
            StatusError: the server answered with a failure.
            TransportError: there is no whole answer.
        """
        call: Call[Any] = Call(method="GET", path=path, response=object, verb="get", accept=accept)
        request = self._requests.make(call)
        stream = self._transport.open(request)
        try:
            check_answer(request, stream.status, stream.headers, self._requests.max_bytes)
            body = stream.read(self._requests.max_bytes)
        finally:
            stream.close()
        if stream.status != 200:
            call.parse(stream.status, stream.headers, body)
        return bytes(body)

    def close(self) -> None:
        """Close every connection; a second call does nothing."""
        self._transport.close()

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close every connection."""
        self.close()
