"""The asynchronous client: sends calls over one pool of connections."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

from kubecore.call import Call
from kubecore.rest import transport
from kubecore.rest.config import Config
from kubecore.rest.request import Requests, check_answer
from kubecore.rest.transport import AsyncHttpClient, AsyncStream

__all__ = ["AsyncClient"]

R = TypeVar("R")


class AsyncClient:
    """Sends calls; for asyncio and trio.

    Args:
        config: where the server is and how to reach it.
        http_client: a client of your own to send every request with; it stays yours, and open. Certificates, proxies
            and timeouts are then its own.

    Raises:
        ConfigError: `config` contradicts itself or names what can't be read.
    """

    def __init__(self, config: Config, *, http_client: AsyncHttpClient | None = None) -> None:
        self._requests = Requests(config)
        self._transport = transport.async_transport(config, http_client)

    async def send(self, call: Call[R]) -> R:
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
        stream = await self._transport.open(request)
        try:
            check_answer(request, stream.status, stream.headers, self._requests.max_bytes)
            body = await stream.read(self._requests.max_bytes)
        finally:
            await stream.aclose()
        return call.parse(stream.status, stream.headers, body)

    @asynccontextmanager
    async def stream(self, call: Call[Any]) -> AsyncGenerator[AsyncStream]:
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
        stream = await self._transport.open(request)
        try:
            check_answer(request, stream.status, stream.headers, self._requests.max_bytes)
            if stream.status != 200:
                call.parse(stream.status, stream.headers, await stream.read(self._requests.max_bytes))
            yield stream
        finally:
            await stream.aclose()

    async def get_bytes(self, path: str, *, accept: str = "application/json") -> bytes:
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
        stream = await self._transport.open(request)
        try:
            check_answer(request, stream.status, stream.headers, self._requests.max_bytes)
            body = await stream.read(self._requests.max_bytes)
        finally:
            await stream.aclose()
        if stream.status != 200:
            call.parse(stream.status, stream.headers, body)
        return bytes(body)

    async def aclose(self) -> None:
        """Close every connection; a second call does nothing."""
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close every connection."""
        await self.aclose()
