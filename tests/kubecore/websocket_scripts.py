"""Scripts for the WebSocket server: the frames that it sends, and when."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.kubecore.driving import KINDS
from tests.kubecore.websocket_server import SUCCESS, Peer

each = pytest.mark.parametrize("kind", KINDS)


def script(*steps: Callable[[Peer], object]) -> Callable[[Peer], None]:
    def run(peer: Peer) -> None:
        for step in steps:
            step(peer)

    return run


def says(*pieces: tuple[int, bytes], status: object = SUCCESS) -> Callable[[Peer], None]:
    def run(peer: Peer) -> None:
        for channel, data in pieces:
            peer.send(channel, data)
        peer.end(status)

    return run


def echo(peer: Peer) -> None:
    """Send the input back, as `cat` does."""
    while (message := peer.read()) not in (None, b"\xff\0"):
        assert message is not None
        if message[0] == 0:
            peer.send(1, message[1:])
    peer.end(SUCCESS)


def cut(peer: Peer) -> None:
    peer.raw.close()
