"""The way from transports to one server: recording, faults, and the lock of the server."""

from __future__ import annotations

import threading
from collections.abc import Callable

from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.failures import NotSimulatedError
from kubecore.testing._server.plans import Plan
from kubecore.testing._server.route import route
from kubecore.testing.faults import Faults, planned
from kubecore.testing.matching import Names, known_names
from kubecore.testing.recording import Calls

__all__ = ["ServerGate"]


class ServerGate:
    """The requests of all clients of one server.

    Args:
        respond: The server: returns the reply to a request. It is called under one lock.
        faults: The faults of the exchanges; by default there are none.
        names: Returns the resources that a name of a kind may mean.

    Attributes:
        lock: The lock under which the server is called.
        calls: The received requests.
        faults: The faults of the exchanges.
        refused: The errors of requests that the server doesn't simulate.
        client: The request of a client that the server handles, or None.
        after: Called without the lock after the server has handled the request of a client.
    """

    def __init__(
        self, respond: Callable[[Received], Reply], faults: Faults | None = None, names: Names = known_names
    ) -> None:
        self._respond = respond
        self.lock: threading.RLock = threading.RLock()
        self.calls: Calls = Calls(names=names)
        self.faults: Faults = Faults() if faults is None else faults
        self.after: Callable[[Received, Reply], None] | None = None
        self.refused: list[NotSimulatedError] = []
        self.client: Received | None = None

    def plan(self, received: Received) -> Plan:
        """Record a request, and decide how its exchange goes."""
        route(received)
        self.calls.add(received)  # Before the rules, whose own requests come later.
        plan = planned(self.faults, received)
        if plan.is_refused:
            self.calls.discard(received)
        return plan

    def perform(self, received: Received, plan: Plan, *, is_internal: bool = False) -> Reply:
        """Return the reply to a request.

        Args:
            received: The request.
            plan: How the exchange goes.
            is_internal: Whether the request is the test's, and not a client's.

        Raises:
            NotSimulatedError: The server doesn't simulate it.
        """
        reply = plan.reply
        if reply is None:
            try:
                with self.lock:
                    reply = self._handle(plan.received or received, is_internal=is_internal)
            except NotSimulatedError as error:
                self.refused.append(error)
                raise
            if self.after is not None and not is_internal:
                self.after(received, reply)
        received.status = reply.code
        return reply

    def _handle(self, received: Received, *, is_internal: bool) -> Reply:
        self.client, outer = None if is_internal else received, self.client
        try:
            return self._respond(received)
        finally:
            self.client = outer

    def check(self) -> None:
        """Raise the first error of a request that was not simulated again, so that no program hides it.

        Raises:
            NotSimulatedError: A request was not simulated.
        """
        for error in self.refused:
            raise NotSimulatedError(str(error)) from error
