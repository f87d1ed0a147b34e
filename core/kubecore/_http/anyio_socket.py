"""A TCP connection on trio: a stream of anyio."""

from __future__ import annotations

import socket
import time
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final

import anyio
from anyio.abc import SocketAttribute

from kubecore._http.async_socket import AsyncSocket
from kubecore._http.readiness import readable

if TYPE_CHECKING:
    from anyio.abc import SocketStream

__all__ = ["AnyioSocket"]

_PIECE: Final = 256 * 1024


class AnyioSocket(AsyncSocket):
    """A TCP connection on trio.

    Args:
        stream: The connection.
    """

    __slots__ = ("_stream",)

    def __init__(self, stream: SocketStream) -> None:
        super().__init__()
        self._stream = stream
        raw = stream.extra(SocketAttribute.raw_socket)  # noqa: S610 - no Django here
        self._is_readable = readable(raw.fileno())

    async def read(self, deadline: float | None = None) -> bytes:
        try:
            with _limit(deadline):
                return await self._stream.receive(_PIECE)
        except anyio.EndOfStream:
            return b""
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise _cause(error) from None

    async def read_now(self, deadline: float | None = None) -> bytes | None:
        return await self.read(deadline) if self._is_readable() else None

    async def _write(self, data: bytes, deadline: float | None) -> None:
        try:
            with _limit(deadline):
                await self._stream.send(data)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise _cause(error) from None

    def has_rest(self) -> bool:
        # Streams of other event loops may have received data that nobody read; anyio has no way to see it.
        return not hasattr(self._stream, "_trio_socket")

    async def aclose(self) -> None:
        with anyio.CancelScope(shield=True):
            await self._stream.aclose()

    def abandon(self) -> None:
        raw = self._stream.extra(SocketAttribute.raw_socket, None)  # noqa: S610 - no Django here
        if isinstance(raw, socket.socket):
            raw.close()


def _limit(deadline: float | None) -> AbstractContextManager[object]:
    return anyio.fail_after(None if deadline is None else max(0.0, deadline - time.monotonic()))


def _cause(error: BaseException) -> OSError:
    return error.__cause__ if isinstance(error.__cause__, OSError) else ConnectionResetError("the connection is closed")
