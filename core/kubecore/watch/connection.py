# Derived from kubecore/watch/async_connection.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""One connection of a watch, for callers that handle its end themselves."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, TypeVar

from kubecore.calls.call import Call
from kubecore.watch.decoder import Decoder, Event, check_media_type

if TYPE_CHECKING:
    from kubecore._http.protocols import Stream
    from kubecore.rest import Client

__all__ = ["connected"]

T = TypeVar("T")


@contextmanager
def connected(client: Client, call: Call[T], *, ends_at: float | None = None) -> Generator[Iterator[Event[T]]]:
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
    with client.stream(call, idle_timeout=True, ends_at=ends_at) as stream:
        check_media_type(call.path, stream.headers)
        with closing(_read(Decoder(_kind(call), place=f"{call.method} {call.path}"), stream)) as events:
            yield events


def _read(decoder: Decoder[T], stream: Stream) -> Generator[Event[T]]:
    with closing(stream.chunks()) as chunks:
        for chunk in chunks:
            for event in decoder.events(chunk):
                yield event
    for event in decoder.events(None):
        yield event


def _kind(call: Call[T]) -> type[T]:
    assert isinstance(call.response, type)  # noqa: S101 - Resource.watch made the call
    return call.response
