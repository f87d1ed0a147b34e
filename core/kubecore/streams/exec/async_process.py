"""A connected command in a container, or the main process of a container; for asyncio and trio."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio

from kubecore.calls.call import Call
from kubecore.calls.deadline import Deadline
from kubecore.errors import (
    CommandTimeoutError,
    InvalidRequestError,
    KubeError,
    ReadError,
    ReadTimeoutError,
    StreamClosedError,
    UnknownResultError,
    WriteTimeoutError,
)
from kubecore.model.meta import Status
from kubecore.streams.exec.channels import ERROR, PROTOCOLS, Channels, cut
from kubecore.streams.exec.command import Gathered, Options, Output, stream_name
from kubecore.streams.websocket.async_session import AsyncSession

if TYPE_CHECKING:
    from kubecore.rest import AsyncClient

__all__ = ["AsyncProcess"]


class AsyncProcess:
    """A command that runs in a container: a context manager that starts it, and an iterator of its output.

    ```python
    async with clientset.core_v1.pods("default").exec("web", ["cat"], stdin=True) as process:
        await process.write(b"hello")
        await process.close_stdin()
        async for stream, data in process:
            print(stream, data)
        print(await process.wait())
    ```

    One task may write while another reads. Leaving the block closes the connection; a command that still runs then is
    not ended by that, unless it has a terminal or reads its input.

    Args:
        client: Opens the connection.
        call: The call.
        options: The connected streams.
        command: The command, for errors.
        timeout: Seconds until it is started; None for no limit but that of connecting.
    """

    def __init__(
        self,
        client: AsyncClient,
        call: Call[Status],
        options: Options,
        command: Sequence[str],
        *,
        timeout: float | None = None,
    ) -> None:
        self._client = client
        self._call = call
        self._options = options
        self._command = command
        self._timeout = timeout
        self._session: AsyncSession | None = None
        self._channels: Channels | None = None
        self._goodbye: str | None = None
        self._returncode: int | None = None

    async def __aenter__(self) -> Self:
        """Start the command.

        Raises:
            StatusError: The server refuses it.
            TransportError: There is no response.
            MissingExtraError: The package wsproto is not installed.
        """
        if self._session is not None:
            raise RuntimeError("the process was started before")
        session = self._session = await AsyncSession.open(
            self._client, self._call, PROTOCOLS, deadline=Deadline.within(self._timeout)
        )
        self._channels = Channels(session.protocol, f"{self._call.method} {self._call.path}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connection."""
        await self.aclose()

    @property
    def returncode(self) -> int | None:
        """The code that the command returned, None while that is not known; reading and `wait` make it known."""
        return self._returncode

    async def write(self, data: bytes, timeout: float | None = None) -> None:
        """Write to the command's standard input.

        Args:
            data: The bytes.
            timeout: Seconds that it may take for the command to take them, None for no limit.

        Raises:
            InvalidRequestError: It was not started with `stdin=True`.
            WriteTimeoutError: It takes longer; a part was written.
            StreamClosedError: The command has ended, or it was closed.
        """
        session, channels = self._open()
        self._check_stdin()
        with anyio.move_on_after(math.inf if timeout is None else timeout) as scope:
            for piece in cut(data):
                await session.send(channels.data(piece))
        if scope.cancelled_caught:
            raise WriteTimeoutError(f"{self._place}: the command did not take its input within {timeout:g} s")

    async def close_stdin(self) -> None:
        """End the command's standard input: nothing follows the written data.

        Raises:
            InvalidRequestError: It was not started with `stdin=True`.
            ProtocolError: The server is older than Kubernetes 1.30, and does not support this.
            StreamClosedError: The command has ended, or it was closed.
        """
        session, channels = self._open()
        self._check_stdin()
        await session.send(channels.close_stdin())

    async def resize(self, width: int, height: int) -> None:
        """Set the size of the terminal.

        Args:
            width: The columns.
            height: The rows.

        Raises:
            InvalidRequestError: The size is invalid, or there is no terminal.
            StreamClosedError: The command has ended, or it was closed.
        """
        session, channels = self._open()
        if not self._options.tty:
            raise InvalidRequestError("there is no terminal: it was not started with tty=True")
        await session.send(channels.resize(width, height))

    async def read(self, timeout: float | None = None) -> Output | None:
        """Wait for the next output of the command.

        Args:
            timeout: Seconds to wait, None for no limit.

        Returns:
            The stream and the bytes; None at the end, when `returncode` is known.

        Raises:
            ReadTimeoutError: Nothing was received in time; it may be called again.
            UnknownResultError: The connection ended before the server reported the exit status.
            StatusError: It could not be run, or the node does not report its exit code.
            StreamClosedError: It was closed locally.
        """
        with anyio.move_on_after(math.inf if timeout is None else timeout) as scope:
            return await self._read()
        assert scope.cancelled_caught  # noqa: S101 - there is no other way here
        raise ReadTimeoutError(f"{self._place}: nothing was received for {timeout:g} s")

    def __aiter__(self) -> AsyncIterator[Output]:
        """Return the process itself."""
        return self

    async def __anext__(self) -> Output:
        """Wait for the next that the command prints, until it ends: see `read`."""
        output = await self.read()
        if output is None:
            raise StopAsyncIteration
        return output

    async def wait(self, timeout: float | None = None) -> int:
        """Wait until the command has ended. Its output in the meantime is dropped.

        Args:
            timeout: Seconds to wait, None for no limit.

        Returns:
            The exit code.

        Raises:
            CommandTimeoutError: It has not ended in time; it may be called again.
            UnknownResultError: The connection ended before the server reported the exit status.
            StatusError: It could not be run, or the node does not report its exit code.
            StreamClosedError: It was closed locally.
        """
        return await self.communicate(None, None, timeout)

    async def aclose(self) -> None:
        """Close the connection, also under another task that reads or writes; a second call does nothing."""
        if self._session is not None:
            await self._session.aclose()

    async def communicate(
        self,
        gathered: Gathered | None,
        stdin: Iterable[bytes] | None,
        timeout: float | None,
        left: float | None = None,
    ) -> int:
        """Write all of the input, read all of the output, and wait.

        Args:
            gathered: Collects the output; None to drop it.
            stdin: The input, in chunks; None for none.
            timeout: Seconds that it may take.
            left: The remaining seconds, if some are used up.

        Returns:
            The code that the command returned.
        """
        _, channels = self._open()
        messages = iter(()) if stdin is None else channels.input(stdin)
        failures: list[KubeError] = []  # Raised in a task they would come out in a group.
        seconds = timeout if left is None else left
        with anyio.move_on_after(math.inf if seconds is None else seconds) as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(self._write_all, messages, failures, group.cancel_scope)
                await self._read_all(gathered, failures)
                group.cancel_scope.cancel()
            if failures:
                raise failures[0]
        if scope.cancelled_caught and timeout is not None:
            stdout, stderr = (gathered.stdout, gathered.stderr) if gathered is not None else (b"", b"")
            raise CommandTimeoutError(self._command, timeout, stdout, stderr)
        assert self._returncode is not None  # noqa: S101 - known at the end
        return self._returncode

    async def _write_all(self, messages: Iterator[bytes], failures: list[KubeError], scope: anyio.CancelScope) -> None:
        session, _ = self._open()
        try:
            for message in messages:
                await session.send(message)
        except StreamClosedError:
            return  # The command may end before it has read all.
        except KubeError as error:
            failures.append(error)
            scope.cancel()

    async def _read_all(self, gathered: Gathered | None, failures: list[KubeError]) -> None:
        try:
            while (output := await self._read()) is not None:
                if gathered is not None:
                    gathered.add(output)
        except KubeError as error:
            failures.append(error)

    async def _read(self) -> Output | None:
        session, channels = self._open()
        if self._goodbye is not None:
            self._returncode = channels.returncode(self._goodbye)
            return None
        while True:
            try:
                piece = await session.receive()
            except ReadError as error:
                if isinstance(error, (ReadTimeoutError, UnknownResultError)):
                    raise
                raise UnknownResultError(f"{error}; the result of the command is unknown") from error
            if piece is None:
                self._goodbye = session.goodbye
                self._returncode = channels.returncode(self._goodbye)
                return None
            channel, data = channels.feed(piece)
            if channel != ERROR and data:
                return Output(stream_name(channel), data)

    def _open(self) -> tuple[AsyncSession, Channels]:
        if self._session is None or self._channels is None:
            raise RuntimeError("the process is not started: write `async with ... as process:` around it")
        return self._session, self._channels

    def _check_stdin(self) -> None:
        if not self._options.stdin:
            raise InvalidRequestError("there is no standard input: it was not started with stdin=True")

    @property
    def _place(self) -> str:
        return f"{self._call.method} {self._call.path}"
