"""State that the connections of one pool share while their calls are interrupted at random."""

from __future__ import annotations

import random
import ssl

import anyio
import anyio.lowlevel

from tests.torture.kept_plans import Plan

__all__ = ["Interrupt", "State"]


class Interrupt(BaseException):
    """Substitute for a KeyboardInterrupt."""


class State:
    """Shared by the connections of one pool.

    Args:
        chance: Source of all random choices.
        server: The TLS context of the server's side.

    Attributes:
        plans: The plan of each request and its method, by the tag of the request.
        reused: How many requests used a connection of an earlier request.
        early: How many responses preceded the body of their request.
        scope: Of the asynchronous call that runs.
    """

    def __init__(self, chance: random.Random, server: ssl.SSLContext) -> None:
        self.chance = chance
        self.server = server
        self.plans: dict[bytes, tuple[Plan, str]] = {}
        self.reused = 0
        self.early = 0
        self.scope: anyio.CancelScope | None = None
        self._is_cancelled = False

    def strike(self, fault: str) -> None:
        """Interrupt the client with the fault."""
        if fault == "interrupt":
            raise Interrupt
        if self.scope is None or fault == "timeout":
            raise TimeoutError
        self.scope.cancel()
        self._is_cancelled = True

    async def pause(self) -> None:
        """Deliver a pending cancellation."""
        if self._is_cancelled:
            self._is_cancelled = False
            await anyio.lowlevel.checkpoint()
