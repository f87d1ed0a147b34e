"""Errors of the connection: no response, or only a part of it."""

from __future__ import annotations

import builtins

from kubecore.errors.base import KubeError

__all__ = [
    "BodyTooLargeError",
    "ClosedError",
    "ConnectError",
    "ConnectTimeoutError",
    "DeadlineError",
    "PoolTimeoutError",
    "ProtocolError",
    "ProxyError",
    "ReadError",
    "ReadTimeoutError",
    "RedirectError",
    "StreamClosedError",
    "TransportError",
    "UnknownResultError",
    "WriteError",
    "WriteTimeoutError",
]


class TransportError(KubeError, OSError):
    """There is no response, or only a part of one."""

    def __str__(self) -> str:
        """Return the message."""
        return str(self.args[0]) if self.args else type(self).__name__


class ConnectError(TransportError):
    """The connection failed: refused, no such host, TLS."""


class ConnectTimeoutError(ConnectError, builtins.TimeoutError):
    """The connection could not be opened in time."""


class PoolTimeoutError(TransportError, builtins.TimeoutError):
    """All connections of the pool were busy for too long."""


class ReadError(TransportError):
    """The connection broke before the response was complete."""


class ReadTimeoutError(ReadError, builtins.TimeoutError):
    """The server sent nothing for too long."""


class UnknownResultError(ReadError):
    """A stream ended before the exit status was reported: the command may have run completely or in part."""


class StreamClosedError(TransportError):
    """The stream of an exec, attach or port-forward is closed, by us or by the other end."""


class WriteError(TransportError):
    """The connection broke before the whole request was sent."""


class WriteTimeoutError(WriteError, builtins.TimeoutError):
    """The server accepted no data for too long."""


class DeadlineError(TransportError, builtins.TimeoutError):
    """The whole request took too long."""


class ClosedError(TransportError):
    """The client is closed: nothing is sent any more."""


class ProtocolError(TransportError):
    """The received data is not HTTP, or a header is invalid."""


class ProxyError(TransportError):
    """The proxy on the way refused or failed."""


class RedirectError(TransportError):
    """The server responded with a redirect. It is not followed, since the credentials would go elsewhere."""


class BodyTooLargeError(TransportError):
    """The response is larger than the limit."""
