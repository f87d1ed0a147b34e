"""Time limits for opening a connection to a port of a pod. No I/O."""

from __future__ import annotations

import enum
from typing import Final

from kubecore.errors import ConnectTimeoutError
from kubecore.streams.port_forward.tunnel import Tunnel

__all__ = ["OPENING_SECONDS", "Default", "late"]

OPENING_SECONDS: Final = 30.0
"""Time limit for a response of the node, as in client-go."""


class Default(enum.Enum):
    """Default of arguments for which None has another meaning."""

    OF_VERB = "the timeout of port_forward"


def late(tunnel: Tunnel, seconds: float | None) -> ConnectTimeoutError:
    """Make the error for a connection that is not open in time."""
    return ConnectTimeoutError(f"{tunnel.place}: the node did not respond within {seconds:g} s (timeout=)")
