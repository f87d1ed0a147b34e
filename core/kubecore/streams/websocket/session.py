"""A websocket's session for blocking code: one thread may read while another writes, and none is ours."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from kubecore._http.deadlines import reason
from kubecore._http.duplex import Duplex
from kubecore.calls.call import Call
from kubecore.calls.deadline import Deadline
from kubecore.errors import StreamClosedError, WriteTimeoutError
from kubecore.streams.websocket.frames import Piece
from kubecore.streams.websocket.state import SessionState

if TYPE_CHECKING:
    from kubecore.rest import Client

__all__ = ["Session"]


class Session:
    """Messages both ways.

    A thread that waits to send reads ahead, up to a limit, if no other thread is reading, because the other end may
    wait for a reader.

    Args:
        client: Opens the connection.
        call: The request.
        protocols: The subprotocols, the best first.
        deadline: The time limit for opening it; None for no limit but that of connecting.

    Attributes:
        protocol: The subprotocol that the server chose.

    Raises:
        StatusError: The server refuses it.
        TransportError: There is no response, or no websocket.
        MissingExtraError: The package wsproto is not installed.
    """

    def __init__(
        self, client: Client, call: Call[Any], protocols: Sequence[str], *, deadline: Deadline | None = None
    ) -> None:
        self._state = SessionState(f"{call.method} {call.path}")
        upgraded = client.upgrade(call, protocols, deadline=deadline)
        self.protocol: str = upgraded.protocol
        self._duplex = Duplex(upgraded.connection)
        self._lock = threading.Lock()
        self._outgoing: deque[bytes] = deque()
        self._queued = 0  # Bytes that were to be sent so far, and that were sent.
        self._sent = 0
        self._broken = ""
        # Threads that may be waiting for the connection, to read or at all. They are known by their numbers, so that
        # one that a KeyboardInterrupt ends at any moment is not counted twice.
        self._readers: set[int] = set()
        self._inside: set[int] = set()
        self._is_closed = False
        if upgraded.first:
            self._state.feed(upgraded.first)

    @property
    def goodbye(self) -> str:
        """The code and reason of the other end's close frame, "" if there are none."""
        return self._state.goodbye

    def receive(
        self, seconds: float | None = None, *, supply: Callable[[], bytes | None] | None = None
    ) -> Piece | None:
        """Wait for the next chunk of a message.

        Args:
            seconds: The time limit, None for no limit.
            supply: Returns messages to send in the meantime, one whenever all before it are sent; None at the end. It
                is not called any more once nothing can be sent.

        Returns:
            The chunk; None after the close frame of the other end.

        Raises:
            TimeoutError: Nothing was received in time; it may be called again.
            StreamClosedError: It was closed locally.
            TransportError: It broke.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        waited = 0.0
        while True:
            with self._lock:
                piece = self._state.take() or self._read_and_take()
                if piece is None:
                    self._state.waited(waited)
                self._send_pong()
                if supply is not None and not self._outgoing and not self._state.is_ended and not self._broken:
                    data = supply()
                    supply = supply if data is not None else None
                    self._queue(b"" if data is None else self._state.message(data))
                    self._push()
                if piece is not None or self._state.is_ended:
                    return piece
                began = time.monotonic()
                if deadline is not None and began >= deadline:
                    raise TimeoutError
                left = self._state.quiet() if deadline is None else min(self._state.quiet(), deadline - began)
                is_sending = bool(self._outgoing)
                if supply is not None and not is_sending and not self._broken:
                    left = 0.0
                self._readers.add(threading.get_ident())
                self._inside.add(threading.get_ident())
            try:
                self._duplex.wait(read=True, write=is_sending, seconds=left)
            finally:
                with self._lock:
                    self._readers.discard(threading.get_ident())
                    self._leave()
            waited = time.monotonic() - began

    def send(self, data: bytes, seconds: float | None = None) -> None:
        """Send a message; all of it is sent when this returns.

        Args:
            data: The content of the message.
            seconds: The time limit, None for no limit.

        Raises:
            WriteTimeoutError: The time limit is over. The rest of a message that has begun is sent with the next one.
            StreamClosedError: It is closed, by us or by the other end.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        with self._lock:
            self._check_open()
            self._queue(self._state.message(data))
            goal = self._queued
        while True:
            with self._lock:
                self._push()
                if self._sent >= goal:
                    return  # A reader may have sent it, and then received the end of the session.
                self._check_open()
                self._readers.discard(threading.get_ident())  # Left behind by an interrupt.
                may_read = not self._readers and self._state.has_room
                if may_read:
                    self._read()
                    self._check_open()
                self._inside.add(threading.get_ident())
            left = None if deadline is None else deadline - time.monotonic()
            try:
                # Not for ever: that another thread has begun to read, or has stopped, wakes nobody.
                self._duplex.wait(read=may_read, write=True, seconds=1.0 if left is None else min(left, 1.0))
            finally:
                with self._lock:
                    self._leave()
            if deadline is not None and time.monotonic() >= deadline:
                raise WriteTimeoutError(f"{self._state.place}: the other end took nothing for {seconds:g} s")

    def close(self) -> None:
        """Close it, also under other threads that read or write; a second call does nothing."""
        with self._lock:
            if self._is_closed:
                return
            self._queue(self._state.close())
            self._push()
            self._is_closed = True
            self._duplex.shut()
            self._inside.discard(threading.get_ident())  # Left behind by an interrupt.
            if not self._inside:
                self._duplex.close()

    def _leave(self) -> None:
        self._inside.discard(threading.get_ident())
        if self._is_closed and not self._inside:
            self._duplex.close()

    def _check_open(self) -> None:
        self._state.check_open()
        if self._broken:
            raise StreamClosedError(f"{self._state.place}: the connection broke: {self._broken}")

    def _read_and_take(self) -> Piece | None:
        self._read()
        return self._state.take()

    def _read(self) -> None:
        if self._state.is_ended:
            return
        try:
            data = self._duplex.receive()
        except (OSError, ValueError) as error:
            self._state.broke(error)
        else:
            if data is not None:
                self._state.feed(data)

    def _send_pong(self) -> None:
        ping = self._state.ping(is_free=not self._outgoing)
        if not self._outgoing:  # One pong is enough for all pings that were received while it could not be sent.
            self._queue(ping + self._state.control())
        self._push()

    def _queue(self, data: bytes) -> None:
        if data:
            self._outgoing.append(data)
            self._queued += len(data)

    def _push(self) -> None:
        """Send as much as possible without waiting."""
        if self._is_closed or self._broken:
            return
        try:
            while self._outgoing:
                first = self._outgoing[0]
                sent = self._duplex.send(first)
                self._sent += sent
                if sent == len(first):
                    self._outgoing.popleft()
                elif sent:
                    self._outgoing[0] = first[sent:]
                else:
                    break
        except (OSError, ValueError) as error:
            self._broken = reason(error)
            self._outgoing.clear()
