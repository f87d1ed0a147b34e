"""The two thin loops that read a log's connection."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Final, Generic, Self, TypeVar

from kubecore.calls.call import Call
from kubecore.errors import ReadError, TransportError

if TYPE_CHECKING:
    from kubecore.logs.lines import Reader
    from kubecore.rest import AsyncClient, Client

__all__ = ["AsyncLogStream", "LogStream"]

T = TypeVar("T")

_NOT_OPEN: Final = "the log is not open: write `with ... as lines:` around it, and iterate inside"
_BROKEN: Final = "{}: reading was interrupted and data was lost; open the log again"
_BOTH: Final = "lines or chunks, not both: data that one has read ahead is missing in the other"


class _State(Generic[T]):
    """Received data that was not returned yet."""

    def __init__(self, call: Call[bytes], reader: Reader[T]) -> None:
        self._call = call
        self._reader = reader
        self._ready: deque[T] = deque()
        self._is_closed = False
        self._is_over = False
        self._is_broken = False
        self._is_reading = False
        self._by: str | None = None

    def _choose(self, what: str) -> None:
        if self._by not in (None, what):
            raise RuntimeError(_BOTH)
        self._by = what

    def _take(self, chunk: bytes | None) -> None:
        """Split received data into lines, None for the end."""
        if chunk is None:
            self._is_over = True
            self._ready.extend(self._reader.last_line())
        else:
            self._ready.extend(self._reader.lines(chunk))

    def _check(self) -> None:
        if self._is_broken:
            raise ReadError(_BROKEN.format(f"{self._call.method} {self._call.path}"))


class LogStream(_State[T]):
    r"""A log as it is written: a context manager that opens it, and an iterator of its lines.

    Lines end at `\n`, which is not part of them. It ends when the container does, or when the server ends the
    connection; the connection may be silent for as long as it likes.

    ```python
    with clientset.core_v1.pods("default").stream_logs("web", errors="replace") as lines:
        for line in lines:
            print(line)
    ```

    Args:
        client: Sends the call.
        call: The call.
        reader: Makes lines.
        timeout: Seconds until the log is open; None for no limit.
    """

    def __init__(self, client: Client, call: Call[bytes], reader: Reader[T], *, timeout: float | None = None) -> None:
        super().__init__(call, reader)
        self._client = client
        self._timeout = timeout
        self._stack = ExitStack()
        self._source: Iterator[bytes] | None = None

    def __enter__(self) -> Self:
        """Open the log.

        Raises:
            StatusError: The server refuses it.
            TransportError: There is no response.
        """
        self._source = self._stack.enter_context(
            self._client.stream(self._call, timeout=self._timeout, once=True)
        ).chunks()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection, also under a reading that waits elsewhere: it then ends. A second call does nothing."""
        self._is_closed = True
        self._stack.close()

    def __iter__(self) -> Iterator[T]:
        """Return the log itself."""
        return self

    def __next__(self) -> T:
        """Wait for the next line.

        Raises:
            TransportError: The connection breaks.
            DecodeError: It is not UTF-8, if that was requested.
        """
        self._choose("lines")
        while not self._ready:
            if self._is_over:
                raise StopIteration
            self._take(self._read())
        return self._ready.popleft()

    def chunks(self) -> Iterator[T]:
        """Yield received data of any size; in text, no character is split.

        Raises:
            TransportError: The connection breaks.
            DecodeError: It is not UTF-8, if that was requested.
        """
        self._choose("chunks")
        while (chunk := self._read()) is not None:
            if piece := self._reader.piece(chunk):
                yield piece
        if rest := self._reader.last_piece():
            yield rest

    def _read(self) -> bytes | None:
        """Return the next chunk, None at the end."""
        if self._source is None:
            raise RuntimeError(_NOT_OPEN)
        self._check()
        if self._is_closed:
            return None
        try:
            return next(self._source, None)
        except BaseException as error:
            if self._is_closed and isinstance(error, TransportError):
                return None
            self._is_broken = True
            raise


class AsyncLogStream(_State[T]):
    r"""A log as it is written: a context manager that opens it, and an iterator of its lines.

    Lines end at `\n`, which is not part of them. It ends when the container does, or when the server ends the
    connection; the connection may be silent for as long as it likes.

    ```python
    async with clientset.core_v1.pods("default").stream_logs("web", errors="replace") as lines:
        async for line in lines:
            print(line)
    ```

    Args:
        client: Sends the call.
        call: The call.
        reader: Makes lines.
        timeout: Seconds until the log is open; None for no limit.
    """

    def __init__(
        self, client: AsyncClient, call: Call[bytes], reader: Reader[T], *, timeout: float | None = None
    ) -> None:
        super().__init__(call, reader)
        self._client = client
        self._timeout = timeout
        self._stack = AsyncExitStack()
        self._source: AsyncGenerator[bytes] | None = None

    async def __aenter__(self) -> Self:
        """Open the log.

        Raises:
            StatusError: The server refuses it.
            TransportError: There is no response.
        """
        self._source = (
            await self._stack.enter_async_context(self._client.stream(self._call, timeout=self._timeout, once=True))
        ).chunks()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connection."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection, also under a reading that waits elsewhere: it then ends. A second call does nothing."""
        self._is_closed = True
        try:
            if self._source is not None and not self._is_reading:
                await self._source.aclose()
        finally:
            await self._stack.aclose()

    def __aiter__(self) -> AsyncIterator[T]:
        """Return the log itself."""
        return self

    async def __anext__(self) -> T:
        """Wait for the next line.

        Raises:
            TransportError: The connection breaks.
            DecodeError: It is not UTF-8, if that was requested.
        """
        self._choose("lines")
        while not self._ready:
            if self._is_over:
                raise StopAsyncIteration
            self._take(await self._read())
        return self._ready.popleft()

    async def chunks(self) -> AsyncGenerator[T]:
        """Yield received data of any size; in text, no character is split.

        Raises:
            TransportError: The connection breaks.
            DecodeError: It is not UTF-8, if that was requested.
        """
        self._choose("chunks")
        while (chunk := await self._read()) is not None:
            if piece := self._reader.piece(chunk):
                yield piece
        if rest := self._reader.last_piece():
            yield rest

    async def _read(self) -> bytes | None:
        """Return the next chunk, None at the end."""
        if self._source is None:
            raise RuntimeError(_NOT_OPEN)
        self._check()
        if self._is_closed:
            return None
        self._is_reading = True
        try:
            return await anext(self._source, None)
        except BaseException as error:
            if self._is_closed and isinstance(error, TransportError):
                return None
            self._is_broken = True
            raise
        finally:
            self._is_reading = False
