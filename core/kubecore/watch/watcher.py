"""The loops that send, read and sleep for a watch; `state` decides."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

from kubecore._support.wakeup import Wakeup
from kubecore.calls.deadline import Deadline
from kubecore.errors import KubeError
from kubecore.watch.decoder import Event
from kubecore.watch.options import WatchOptions
from kubecore.watch.state import Step, WatchState

if TYPE_CHECKING:
    import anyio

    from kubecore.rest import AsyncClient, Client

__all__ = ["AsyncWatch", "Watch"]

T = TypeVar("T")

_NOT_OPEN: Final = "the watch is not open: write `with ... as events:` around it, and iterate inside"


class _ClosedError(Exception):
    """The watch was closed while it waited."""


def _pause(state: WatchState[Any], opening: Deadline | None) -> float:
    """Return the seconds to wait before the next request: while the watch opens, no longer than it may take."""
    return state.pause() if opening is None else min(state.pause(), opening.left)


class Watch(Generic[T]):
    """A watch: a context manager, and an iterator of its events that reconnects automatically.

    ```python
    with clientset.core_v1.pods("default").watch() as events:
        for event in events:
            print(event.type, event.object.metadata.name)
    ```

    The iteration ends after `timeout_seconds`, or when the watch is closed, which any thread may do.

    Args:
        client: Sends the calls.
        options: The options of the watch.
    """

    def __init__(self, client: Client, options: WatchOptions[T]) -> None:
        self._client = client
        self._state = WatchState(options)
        self._timeout = options.timeout
        self._opening: Deadline | None = None
        self._stack = ExitStack()
        self._chunks: Iterator[bytes] | None = None
        self._batch: Iterator[Event[T]] = iter(())
        self._closing = Wakeup()
        self._is_entered = False

    @property
    def resource_version(self) -> str:
        """The current version of the watch, from which another one could resume; "" before it is known."""
        return self._state.version

    @property
    def failure(self) -> str:
        """The message of the last error while the watch reconnects; "" if the server responds."""
        return self._state.failure

    def __enter__(self) -> Self:
        """Send the first request: list, or open the watch.

        Raises:
            StatusError: The server refuses it.
            TransportError: There is no response.
            DecodeError: The response is something else.
        """
        self._is_entered = True
        self._opening = Deadline.within(self._timeout)
        try:
            while not self._state.answered and self._turn():
                pass
        except BaseException:
            self.close()
            raise
        self._opening = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the watch."""
        self.close()

    def close(self) -> None:
        """Close the watch, also while another thread waits for its next event; a second call does nothing."""
        self._closing.set()
        self._batch = iter(())
        self._stack.close()

    def __iter__(self) -> Iterator[Event[T]]:
        """Return the watch itself."""
        return self

    def __next__(self) -> Event[T]:
        """Wait for the next event.

        Raises:
            StatusError: The server refuses to continue; ExpiredError if the version is too old.
            DecodeError: Something other than events is received repeatedly.
        """
        if not self._is_entered:
            raise RuntimeError(_NOT_OPEN)
        while True:
            try:
                for event in self._batch:
                    return event
            except KubeError as error:
                self._fail(error)
            except BaseException:
                self._interrupt()
                raise
            if not self._turn():
                raise StopIteration

    def _turn(self) -> bool:
        """Read on, or send the next request; return whether there is anything to do."""
        try:
            if self._closing.is_set():
                return False
            if self._chunks is not None:
                self._read(self._chunks)
                return True
            self._sleep(_pause(self._state, self._opening))
            step = self._state.step()
            if step is not None:
                self._send(step)
            return step is not None
        except KubeError as error:
            self._fail(error)
        except _ClosedError:
            return False
        except BaseException:
            self._interrupt()
            raise
        return not self._closing.is_set()

    def _read(self, chunks: Iterator[bytes]) -> None:
        data = next(chunks, None)
        if data is None:
            self._leave()
            self._batch = self._state.end()
        else:
            self._batch = self._state.feed(data)

    def _send(self, step: Step) -> None:
        if not step.follows:
            self._batch = self._state.listed(
                self._client.send(step.call, deadline=self._opening, ends_at=step.ends_at, sleep=self._sleep)
            )
            return
        stream = self._stack.enter_context(
            self._client.stream(
                step.call, deadline=self._opening, idle_timeout=True, ends_at=step.ends_at, sleep=self._sleep
            )
        )
        if self._closing.is_set():  # By another thread, which could not see the stream yet.
            self._stack.close()
            raise _ClosedError
        self._state.opened(stream.headers)
        self._chunks = stream.chunks()

    def _sleep(self, seconds: float) -> None:
        if self._closing.wait(seconds):
            raise _ClosedError

    def _fail(self, error: KubeError) -> None:
        self._leave()
        self._batch = iter(())
        if not self._closing.is_set():
            # Variables of its frames hold the event, which may be a Secret.
            self._state.failed(error.with_traceback(None))

    def _interrupt(self) -> None:
        """Abandon the connection: it is unknown how much of it was read.

        Data that was not yielded is received again.
        """
        if self._chunks is not None:
            self._leave()
            self._batch = iter(())
        self._state.interrupted()

    def _leave(self) -> None:
        self._chunks = None
        self._stack.close()


class AsyncWatch(Generic[T]):
    """A watch: a context manager, and an iterator of its events that reconnects automatically.

    ```python
    async with clientset.core_v1.pods("default").watch() as events:
        async for event in events:
            print(event.type, event.object.metadata.name)
    ```

    The iteration ends after `timeout_seconds`, or when the watch is closed, which any task of the event loop may do.

    Args:
        client: Sends the calls.
        options: The options of the watch.
    """

    def __init__(self, client: AsyncClient, options: WatchOptions[T]) -> None:
        self._client = client
        self._state = WatchState(options)
        self._timeout = options.timeout
        self._opening: Deadline | None = None
        self._stack = AsyncExitStack()
        self._chunks: AsyncIterator[bytes] | None = None
        self._batch: Iterator[Event[T]] = iter(())
        self._scope: anyio.CancelScope | None = None
        self._is_closed = False
        self._is_entered = False

    @property
    def resource_version(self) -> str:
        """The current version of the watch, from which another one could resume; "" before it is known."""
        return self._state.version

    @property
    def failure(self) -> str:
        """The message of the last error while the watch reconnects; "" if the server responds."""
        return self._state.failure

    async def __aenter__(self) -> Self:
        """Send the first request: list, or open the watch.

        Raises:
            StatusError: The server refuses it.
            TransportError: There is no response.
            DecodeError: The response is something else.
        """
        self._is_entered = True
        self._opening = Deadline.within(self._timeout)
        try:
            while not self._state.answered and await self._turn():
                pass
        except BaseException:
            await self.aclose()
            raise
        self._opening = None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the watch."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the watch, also while another task waits for its next event; a second call does nothing."""
        self._is_closed = True
        self._batch = iter(())
        if self._scope is not None:
            self._scope.cancel()  # The task that waits there closes the connection.
        else:
            await self._leave()

    def __aiter__(self) -> AsyncIterator[Event[T]]:
        """Return the watch itself."""
        return self

    async def __anext__(self) -> Event[T]:
        """Wait for the next event.

        Raises:
            StatusError: The server refuses to continue; ExpiredError if the version is too old.
            DecodeError: Something other than events is received repeatedly.
        """
        if not self._is_entered:
            raise RuntimeError(_NOT_OPEN)
        while True:
            try:
                for event in self._batch:
                    return event
            except KubeError as error:
                await self._fail(error)
            except BaseException:
                await self._interrupt()
                raise
            if not await self._turn():
                raise StopAsyncIteration

    async def _turn(self) -> bool:
        """Read on, or send the next request; return whether there is anything to do."""
        import anyio

        if self._is_closed:
            return False
        goes_on = True
        with anyio.CancelScope() as scope:
            self._scope = scope
            try:
                goes_on = await self._do()
            except KubeError as error:
                await self._fail(error)
            except anyio.get_cancelled_exc_class():
                # Otherwise a caller that waits for short times would open a connection each time.
                if self._chunks is None or self._is_closed:
                    await self._interrupt()
                raise
            except BaseException:
                await self._interrupt()
                raise
            finally:
                self._scope = None
        return goes_on and not self._is_closed

    async def _do(self) -> bool:
        import anyio

        if self._chunks is not None:
            await self._read(self._chunks)
            return True
        await anyio.sleep(_pause(self._state, self._opening))
        step = self._state.step()
        if step is not None:
            await self._send(step)
        return step is not None

    async def _read(self, chunks: AsyncIterator[bytes]) -> None:
        data = await anext(chunks, None)
        if data is None:
            await self._leave()
            self._batch = self._state.end()
        else:
            self._batch = self._state.feed(data)

    async def _send(self, step: Step) -> None:
        if not step.follows:
            self._batch = self._state.listed(
                await self._client.send(step.call, deadline=self._opening, ends_at=step.ends_at)
            )
            return
        stream = await self._stack.enter_async_context(
            self._client.stream(step.call, deadline=self._opening, idle_timeout=True, ends_at=step.ends_at)
        )
        self._state.opened(stream.headers)
        chunks = stream.chunks()
        self._stack.push_async_callback(chunks.aclose)
        self._chunks = chunks

    async def _fail(self, error: KubeError) -> None:
        await self._leave()
        self._batch = iter(())
        if not self._is_closed:
            # Variables of its frames hold the event, which may be a Secret.
            self._state.failed(error.with_traceback(None))

    async def _interrupt(self) -> None:
        """Abandon the connection: it is unknown how much of it was read.

        Data that was not yielded is received again.
        """
        if self._chunks is not None:
            await self._leave()
            self._batch = iter(())
        self._state.interrupted()

    async def _leave(self) -> None:
        self._chunks = None
        await self._stack.aclose()
