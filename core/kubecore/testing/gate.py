"""The way from transports to one server: recording, faults, and the lock of the server."""

from __future__ import annotations

import threading
from collections.abc import Callable

from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.failures import NotSimulatedError
from kubecore.testing._server.plans import Plan
from kubecore.testing.faults import Faults
from kubecore.testing.matching import describe
from kubecore.testing.recording import Calls

__all__ = ["ServerGate"]


class ServerGate:
    """The requests of all clients of one server.

    Args:
        respond: The server: returns the reply to a request. It is called under one lock.

    Attributes:
        calls: The received requests.
        faults: The faults of the exchanges.
        refused: The errors of requests that the server doesn't simulate.
    """

    def __init__(self, respond: Callable[[Received], Reply]) -> None:
        self._respond = respond
        self.lock = threading.RLock()
        self.calls = Calls()
        self.faults = Faults()
        self.refused: list[NotSimulatedError] = []

    def plan(self, received: Received) -> Plan:
        """Record a request, and decide how its exchange goes."""
        describe(received)
        self.calls.add(received)  # Before the rules, whose own requests come later.
        plan = self.faults.plan(received)
        if plan.is_refused:
            self.calls.discard(received)
        return plan

    def perform(self, received: Received, plan: Plan) -> Reply:
        """Return the reply to a request.

        Raises:
            NotSimulatedError: The server doesn't simulate it.
        """
        reply = plan.reply
        if reply is None:
            try:
                with self.lock:
                    reply = self._respond(plan.received or received)
            except NotSimulatedError as error:
                self.refused.append(error)
                raise
        received.status = reply.code
        return reply

    def check(self) -> None:
        """Raise the first error of a request that was not simulated again, so that no program hides it.

        Raises:
            NotSimulatedError: A request was not simulated.
        """
        for error in self.refused:
            raise NotSimulatedError(str(error)) from error
