"""The two thin loops that read a watch's connection."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, aclosing
from types import TracebackType
from typing import TYPE_CHECKING, Final, Generic, Self, TypeVar

from kubecore.call import Call
from kubecore.errors import DecodeError
from kubecore.watch.decoder import Decoder, Event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubecore.rest import AsyncClient, Client
    from kubecore.rest.transport import AsyncStream, Stream

__all__ = ["AsyncWatch", "Watch"]

T = TypeVar("T")

_NOT_OPEN: Final = "the watch is not open: write `with ... as events:` around it, and iterate inside"


def _check_media_type(call: Call[T], headers: Mapping[str, str]) -> None:
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise DecodeError(f"{call.method} {call.path}: a watch comes as application/json, not as {media_type[:100]!r}")


class Watch(Generic[T]):
    """A watch: a context manager that opens it, and an iterator of its events that ends when the server ends it.

    ```python
    with clientset.core_v1.pods("default").watch() as events:
        for event in events:
            print(event.type, event.object.metadata.name)
    ```

    Args:
        client: sends the call.
        call: the call.
        until: when it is left, on the monotonic clock: DeadlineError; None for no limit.
    """

    def __init__(self, client: Client, call: Call[T], *, until: float | None = None) -> None:
        self._client = client
        self._call = call
        self._until = until
        self._stack = ExitStack()
        self._events: Iterator[Event[T]] | None = None

    def __enter__(self) -> Self:
        """Open the watch.

        Raises:
            StatusError: the server refuses it.
            TransportError: there is no answer.
        """
        stream = self._stack.enter_context(self._client.stream(self._call, until=self._until))
        try:
            _check_media_type(self._call, stream.headers)
        except DecodeError:
            self.close()
            raise
        self._events = self._read(stream)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        self._stack.close()

    def __iter__(self) -> Iterator[Event[T]]:
        """Return the watch itself."""
        return self

    def __next__(self) -> Event[T]:
        """Wait for the next event.

        Raises:
            StatusError: the server ends the watch with an error, such as ExpiredError.
            TransportError: the connection breaks.
            DecodeError: something else than events comes.
        """
        if self._events is None:
            raise RuntimeError(_NOT_OPEN)
        return next(self._events)

    def _read(self, stream: Stream) -> Iterator[Event[T]]:
        decoder = Decoder(_kind(self._call))
        for chunk in stream.chunks():
            yield from decoder.feed(chunk)
        yield from decoder.end()


class AsyncWatch(Generic[T]):
    """A watch: a context manager that opens it, and an iterator of its events that ends when the server ends it.

    ```python
    async with clientset.core_v1.pods("default").watch() as events:
        async for event in events:
            print(event.type, event.object.metadata.name)
    ```

    Args:
        client: sends the call.
        call: the call.
        until: when it is left, on the monotonic clock: DeadlineError; None for no limit.
    """

    def __init__(self, client: AsyncClient, call: Call[T], *, until: float | None = None) -> None:
        self._client = client
        self._call = call
        self._until = until
        self._stack = AsyncExitStack()
        self._events: AsyncGenerator[Event[T]] | None = None

    async def __aenter__(self) -> Self:
        """Open the watch.

        Raises:
            StatusError: the server refuses it.
            TransportError: there is no answer.
        """
        stream = await self._stack.enter_async_context(self._client.stream(self._call, until=self._until))
        try:
            _check_media_type(self._call, stream.headers)
        except DecodeError:
            await self.aclose()
            raise
        self._events = self._read(stream)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connection."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection; a second call does nothing."""
        try:
            if self._events is not None:
                await self._events.aclose()
        finally:
            await self._stack.aclose()

    def __aiter__(self) -> AsyncIterator[Event[T]]:
        """Return the watch itself."""
        return self

    async def __anext__(self) -> Event[T]:
        """Wait for the next event.

        Raises:
            StatusError: the server ends the watch with an error, such as ExpiredError.
            TransportError: the connection breaks.
            DecodeError: something else than events comes.
        """
        if self._events is None:
            raise RuntimeError(_NOT_OPEN)
        return await anext(self._events)

    async def _read(self, stream: AsyncStream) -> AsyncGenerator[Event[T]]:
        decoder = Decoder(_kind(self._call))
        async with aclosing(stream.chunks()) as chunks:
            async for chunk in chunks:
                for event in decoder.feed(chunk):
                    yield event
        for event in decoder.end():
            yield event


def _kind(call: Call[T]) -> type[T]:
    assert isinstance(call.response, type)  # noqa: S101 - Resource.watch made the call
    return call.response
