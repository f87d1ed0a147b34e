"""From HTTP to a websocket: the request's headers, and the check of the response. No I/O.

Source: RFC 6455 section 4.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

from kubecore.calls import error_response
from kubecore.calls.call import Call
from kubecore.errors import KubeError, ProtocolError

__all__ = ["Handshake", "Upgraded", "refused"]

S = TypeVar("S")

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Upgraded(NamedTuple, Generic[S]):
    """A connection that left HTTP.

    Attributes:
        connection: The connection; its owner closes it.
        first: The data received after the response head.
        protocol: The subprotocol that the server chose.
    """

    connection: S
    first: bytes
    protocol: str


class Handshake:
    """One request to change to a websocket.

    Args:
        protocols: The supported subprotocols, the best first.

    Attributes:
        headers: The headers of the request. No extension is offered: compressed messages are bombs and cost more than
            they save.
    """

    def __init__(self, protocols: Sequence[str]) -> None:
        key = base64.b64encode(os.urandom(16))
        self._accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest()).decode("ascii")
        self._protocols = protocols
        self.headers: list[tuple[bytes, bytes]] = [
            (b"Connection", b"Upgrade"),
            (b"Upgrade", b"websocket"),
            (b"Sec-WebSocket-Version", b"13"),
            (b"Sec-WebSocket-Key", key),
            (b"Sec-WebSocket-Protocol", ", ".join(protocols).encode("ascii")),
        ]

    def accept(self, call: Call[Any], headers: Mapping[str, str]) -> str:
        """Check the response that changes the protocol.

        Args:
            call: The call.
            headers: The response headers, their names in lower case.

        Returns:
            The subprotocol that the server chose.

        Raises:
            ProtocolError: It does not match the request.
        """
        tokens = {token.strip().lower() for token in headers.get("connection", "").split(",")}
        if headers.get("upgrade", "").lower() != "websocket" or "upgrade" not in tokens:
            raise _wrong(call, "changes to another protocol than the requested websocket")
        if headers.get("sec-websocket-accept", "") != self._accept:
            raise _wrong(call, "does not prove that the server has read the request (Sec-WebSocket-Accept)")
        if headers.get("sec-websocket-extensions", ""):
            raise _wrong(call, "uses extensions of the websocket that nobody offered")
        protocol = headers.get("sec-websocket-protocol", "")
        if protocol not in self._protocols:
            raise _wrong(call, f"has the subprotocol {protocol[:60]!a}, expected {', '.join(self._protocols)}")
        return protocol


def _wrong(call: Call[Any], what: str) -> ProtocolError:
    return ProtocolError(f"{call.method} {call.path}: the response {what}")


def refused(
    call: Call[Any], status: int, headers: Mapping[str, str], body: bytes | bytearray | memoryview
) -> KubeError:
    """Return the error for a response that does not change the protocol.

    Args:
        call: The call.
        status: The HTTP status code.
        headers: The headers, their names in lower case.
        body: The whole body.

    Returns:
        The error, not raised: the server's Status, or one made of the code.
    """
    if status >= 400:
        return error_response.from_response(call, status, headers, body)
    return error_response.status_in(body) or _wrong(call, f"is {status}, and no websocket")
