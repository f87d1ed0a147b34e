"""A websocket's session for asyncio and trio: one task may read while another writes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Self

import anyio

from kubecore._http.async_socket import AsyncSocket
from kubecore._http.deadlines import reason
from kubecore._http.websocket_upgrade import Upgraded
from kubecore.calls.call import Call
from kubecore.calls.deadline import Deadline
from kubecore.errors import KubeError, StreamClosedError
from kubecore.streams.websocket.frames import Piece
from kubecore.streams.websocket.state import SessionState

if TYPE_CHECKING:
    from kubecore.rest import AsyncClient

__all__ = ["AsyncSession"]

_CONTROL_SECONDS: Final = 1.0
"""Time limit for sending a ping, a pong or a close frame, which is never interrupted half-way."""


class AsyncSession:
    """Messages both ways: see `Session`.

    Args:
        state: The state of the session.
        upgraded: The connection.

    Attributes:
        protocol: The subprotocol that the server chose.
    """

    def __init__(self, state: SessionState, upgraded: Upgraded[AsyncSocket]) -> None:
        self._state = state
        self._socket = upgraded.connection
        self._socket.share()
        self.protocol: str = upgraded.protocol
        self._reading = anyio.Lock(fast_acquire=True)
        self._broken = ""
        self._is_closed = False
        if upgraded.first:
            state.feed(upgraded.first)

    @classmethod
    async def open(
        cls, client: AsyncClient, call: Call[Any], protocols: Sequence[str], *, deadline: Deadline | None = None
    ) -> Self:
        """Open a session.

        Args:
            client: Opens the connection.
            call: The request.
            protocols: The subprotocols, the best first.
            deadline: The time limit for opening it; None for no limit but that of connecting.

        Returns:
            The session.

        Raises:
            StatusError: The server refuses it.
            TransportError: There is no response, or no websocket.
            MissingExtraError: The package wsproto is not installed.
        """
        state = SessionState(f"{call.method} {call.path}")
        return cls(state, await client.upgrade(call, protocols, deadline=deadline))

    @property
    def goodbye(self) -> str:
        """The code and reason of the other end's close frame, "" if there are none."""
        return self._state.goodbye

    async def receive(self) -> Piece | None:
        """Wait for the next chunk of a message; may be cancelled and called again.

        Returns:
            The chunk; None after the close frame of the other end.

        Raises:
            StreamClosedError: It was closed locally.
            TransportError: The connection broke.
        """
        while True:
            async with self._reading:
                piece = self._state.take()
                if piece is not None:
                    return piece
                if self._state.is_ended:
                    return None
                await self._read()
            is_free = not self._socket.is_writing
            ping = self._state.ping(is_free=is_free)
            if is_free:
                await self._send_control(ping + self._state.control())

    async def send(self, data: bytes) -> None:
        """Send a message; all of it is sent when this returns.

        After a cancelled call, nothing more can be sent, since an unknown part of the message was sent.

        Args:
            data: The content of the message.

        Raises:
            StreamClosedError: It is closed, by us or by the other end.
        """
        self._check_open()
        message = self._state.message(data)
        async with anyio.create_task_group() as group:
            group.start_soon(self._read_ahead)
            await self._write(message)
            group.cancel_scope.cancel()
        self._check_whole()

    async def aclose(self) -> None:
        """Close it, also under other tasks that read or write; a second call does nothing."""
        if not self._is_closed:
            self._is_closed = True
            try:
                await self._send_control(self._state.close())
            finally:
                await self._socket.aclose()

    def _check_open(self) -> None:
        self._state.check_open()
        self._check_whole()

    def _check_whole(self) -> None:
        if self._broken:
            raise StreamClosedError(f"{self._state.place}: {self._broken}")

    async def _read(self) -> None:
        """Wait for data, or until it is time for a ping."""
        began = time.monotonic()
        with anyio.move_on_after(self._state.quiet()) as scope:
            try:
                self._state.feed(await self._socket.read())
            except (OSError, ValueError) as error:
                self._state.broke(error)
        if scope.cancelled_caught:
            self._state.waited(time.monotonic() - began)

    async def _read_ahead(self) -> None:
        """Read while another task waits to send: the other end may wait for us to read."""
        while self._state.has_room and not self._state.is_ended:
            async with self._reading:
                with contextlib.suppress(KubeError):  # The state keeps it for the reader.
                    await self._read()

    async def _write(self, data: bytes) -> None:
        try:
            await self._socket.write(data)
        except (OSError, ValueError) as error:
            self._broken = f"the connection broke: {reason(error)}"
        except BaseException:
            self._broken = "a message was interrupted half-way; nothing can be sent any more"
            raise

    async def _send_control(self, data: bytes) -> None:
        """Send data that must not be interrupted, unless another task is sending, which may take any time."""
        if not data or self._broken or self._socket.is_writing:
            return
        with anyio.move_on_after(_CONTROL_SECONDS, shield=True) as scope:
            await self._write(data)
        if scope.cancelled_caught:
            self._broken = "the other end no longer reads"
