"""The gateway of the faults of informers."""

from __future__ import annotations

import gc
import select
import socket
import ssl
import struct
import warnings
from collections.abc import Iterator

import pytest

from tests.torture.gateway import connect_tls

RESET = struct.pack("ii", 1, 0)
"""The option SO_LINGER with which `close` resets a connection."""


@pytest.fixture
def resetting(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server that resets each connection before the client begins its handshake."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        plain_connect = socket.socket.connect

        def connect(client: socket.socket, address: object) -> None:
            plain_connect(client, address)  # type: ignore[arg-type]
            accepted, _ = listener.accept()
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            accepted.close()
            select.select([client], [], [], 10)

        monkeypatch.setattr(socket.socket, "connect", connect)
        yield listener.getsockname()[1]


def test_a_connection_that_is_reset_before_the_handshake_is_closed(resetting: int) -> None:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        with pytest.raises(OSError, match=r"reset|EOF|Broken"):
            connect_tls(ssl.create_default_context(), resetting)
        gc.collect()
    assert [str(one.message) for one in found if one.category is ResourceWarning] == []
