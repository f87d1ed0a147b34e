"""The way in which one exchange goes wrong, decided before the server handles the request. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from kubecore.testing._server.exchange import Received, Reply

__all__ = ["Gate", "Plan"]


@dataclass(slots=True, kw_only=True)
class Plan:
    """How one exchange goes: by default as the server decides.

    Attributes:
        seconds: The pause before the server handles the request, in seconds; infinite for no response ever.
        is_refused: Whether the connection is refused: the server never receives the request.
        is_lost: Whether the connection breaks after the server has handled the request.
        after_bytes: The number of bytes of the body after which the connection breaks; None for the whole body.
        reply: The reply instead of the server's, or None.
        received: The request that the server handles instead of the one that was sent, or None.
    """

    seconds: float = 0.0
    is_refused: bool = False
    is_lost: bool = False
    after_bytes: int | None = None
    reply: Reply | None = None
    received: Received | None = None


class Gate(Protocol):
    """The side of the server that transports call, from any thread."""

    def plan(self, received: Received) -> Plan:
        """Decide how an exchange goes, and take note of the request."""
        ...

    def perform(self, received: Received, plan: Plan) -> Reply:
        """Handle a request, unless the plan has a reply already.

        Raises:
            NotSimulatedError: The server doesn't simulate it.
        """
        ...
