"""One connection of a watch, for callers that handle its end themselves."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from kubecore.calls.call import Call
from kubecore.watch.decoder import Decoder, Event, check_media_type

if TYPE_CHECKING:
    from kubecore._http.async_protocols import AsyncStream
    from kubecore.rest import AsyncClient

__all__ = ["connected_async"]

T = TypeVar("T")


@asynccontextmanager
async def connected_async(
    client: AsyncClient, call: Call[T], *, ends_at: float | None = None
) -> AsyncGenerator[AsyncIterator[Event[T]]]:
    """Open a watch, and read its events as long as its connection lasts.

    Args:
        client: Sends the call.
        call: The call.
        ends_at: The time limit, on the monotonic clock: DeadlineError; None for no limit.

    Yields:
        The events, bookmarks too.

    Raises:
        StatusError: The server refuses it, or ends it with an error.
        TransportError: There is no response, or the connection breaks or is idle.
        DecodeError: The response contains something other than events.
    """
    async with client.stream(call, idle_timeout=True, ends_at=ends_at) as stream:
        check_media_type(call.path, stream.headers)
        async with aclosing(_read_async(Decoder(_kind(call), place=f"{call.method} {call.path}"), stream)) as events:
            yield events


async def _read_async(decoder: Decoder[T], stream: AsyncStream) -> AsyncGenerator[Event[T]]:
    async with aclosing(stream.chunks()) as chunks:
        async for chunk in chunks:
            for event in decoder.events(chunk):
                yield event
    for event in decoder.events(None):
        yield event


def _kind(call: Call[T]) -> type[T]:
    assert isinstance(call.response, type)  # noqa: S101 - Resource.watch made the call
    return call.response
