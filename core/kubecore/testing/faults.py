"""Faults that a test injects into the exchanges with a server, in front of it."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Callable, Generator, Sequence
from typing import TypeAlias, Unpack

from kubecore.testing._server.exchange import Received
from kubecore.testing._server.failures import Cause
from kubecore.testing._server.plans import Plan
from kubecore.testing._server.route import route
from kubecore.testing.matching import Kind, Matcher, Names, Where, known_names, require_function
from kubecore.testing.responses import Response

__all__ = ["Fault", "Faults", "planned"]

Rule: TypeAlias = Callable[[Received], "Response | Received | None"]
"""Receives a request; returns its outcome, a changed request for the server, or None to let it pass."""


class Fault:
    """A fault that is active until it is removed.

    Args:
        matcher: The requests that it applies to.
        rule: Its effect.
        times: How often it applies, None for no limit.
    """

    def __init__(self, matcher: Matcher, rule: Rule, times: int | None) -> None:
        is_number = isinstance(times, int)  # pyright: ignore[reportUnnecessaryIsInstance]
        if times is not None and (not is_number or times < 1):
            raise ValueError(f"times is {times!r}: expected 1 or more, or None for no limit")
        self._matcher = matcher
        self._rule = rule
        self._times = times
        self._lock = threading.Lock()
        self._count = 0
        self._is_removed = False

    def __repr__(self) -> str:
        """Show the requests that it applies to, and how often it was applied."""
        return f"<Fault of {self._matcher}: count {self._count}>"

    @property
    def count(self) -> int:
        """The number of requests that it was applied to."""
        return self._count

    def remove(self) -> None:
        """End the fault; a second call does nothing."""
        self._is_removed = True

    def covers(self, received: Received) -> bool:
        """Return whether the fault would apply to a request now; the request is not counted."""
        return not self.is_over and self._matcher.matches(received)

    @property
    def is_over(self) -> bool:
        """Whether it applies to no further request."""
        return self._is_removed or (self._times is not None and self._count >= self._times)

    def apply(self, received: Received) -> Response | Received | None:
        """Return the effect on a request, None for no effect."""
        if not self._matcher.matches(received):
            return None
        with self._lock:
            if self.is_over:
                return None
            self._count += 1
        return self._rule(received)  # Without a lock: it may use a client of the same server.


class Faults:
    """The faults of a server. Each method that adds one returns it; the fault that was added first wins.

    A kind is a model of any generated package, or a name: see `on`. All methods accept `namespace=`, `name=` and
    `subresource=` to select requests.

    Args:
        names: Returns the resources that a name of a kind may mean.
    """

    def __init__(self, names: Names = known_names) -> None:
        self._names = names
        self._faults: list[Fault] = []
        self._denials: list[Fault] = []

    def on(self, verb: str, kind: Kind, *, times: int | None = None, **where: Unpack[Where]) -> Callable[[Rule], Fault]:
        """Return a decorator: its function decides about each matching request.

        The function returns a `Response`, a changed `Received` that the server handles instead, or None to let the
        request pass. It may use a clientset of the same cluster.

        Args:
            verb: The verb as RBAC names it, or `*`.
            kind: A model, a kind, a resource such as `pods`, `pods/status` or `deployments.apps`, or `*`. A resource
                that the server does not serve needs its group: `nodes.metrics.k8s.io`.
            times: How often it applies, None for no limit.
            where: The namespace, the name and the subresource, which is `*` for all.

        Raises:
            ValueError: The verb does not exist, or `times` is not positive.
            NoMatchError: The server does not serve the kind.
            TypeError: The decorated object is not a function, or is one that must be awaited. A request raises it if
                the function returns anything else.
        """
        return self._add(Matcher.of(verb, kind, names=self._names, **where), times)

    def _add(self, matcher: Matcher, times: int | None) -> Callable[[Rule], Fault]:
        def add(rule: Rule) -> Fault:
            require_function(rule)
            fault = Fault(matcher, rule, times)
            self._faults.append(fault)
            return fault

        return add

    def respond_with(
        self, verb: str, kind: Kind, response: Response, *, times: int | None = None, **where: Unpack[Where]
    ) -> Fault:
        """Give each matching request one outcome."""
        return self.on(verb, kind, times=times, **where)(lambda received: response)

    def fail(
        self,
        verb: str,
        kind: Kind,
        reason: str = "Conflict",
        *,
        code: int | None = None,
        message: str = "",
        causes: Sequence[Cause] = (),
        retry_after: int | None = None,
        times: int | None = None,
        **where: Unpack[Where],
    ) -> Fault:
        """Respond with a Status: see `Response.status`."""
        response = Response.status(reason, code=code, message=message, causes=causes, retry_after=retry_after)
        return self.respond_with(verb, kind, response, times=times, **where)

    def throttle(
        self,
        verb: str = "*",
        kind: Kind = "*",
        *,
        retry_after: int = 1,
        times: int | None = 3,
        **where: Unpack[Where],
    ) -> Fault:
        """Respond with 429 and `Retry-After`, as priority and fairness does: see `Response.throttled`."""
        return self.respond_with(verb, kind, Response.throttled(retry_after), times=times, **where)

    def deny(
        self,
        verb: str,
        kind: Kind,
        *,
        user: str = "system:serviceaccount:default:default",
        times: int | None = None,
        **where: Unpack[Where],
    ) -> Fault:
        """Respond with 403, in the words of RBAC. Reviews of access report that these requests are not allowed."""
        fault = self.respond_with(verb, kind, Response.denied(user), times=times, **where)
        self._denials.append(fault)
        return fault

    def denies(self, received: Received | None = None) -> bool:
        """Return whether `deny` refuses a request, or any request at all."""
        return any(fault.covers(received) if received is not None else not fault.is_over for fault in self._denials)

    def lose_response(self, verb: str, kind: Kind, *, times: int | None = None, **where: Unpack[Where]) -> Fault:
        """Let the server handle the request, and break the connection before the response."""
        return self.respond_with(verb, kind, Response.lost(), times=times, **where)

    def break_off(
        self, verb: str, kind: Kind, *, after_bytes: int = 0, times: int | None = None, **where: Unpack[Where]
    ) -> Fault:
        """Break the connection after some bytes of the body."""
        return self.respond_with(verb, kind, Response.broken(after_bytes), times=times, **where)

    def garble(self, verb: str, kind: Kind, *, times: int | None = None, **where: Unpack[Where]) -> Fault:
        """Respond with a page instead of the object."""
        return self.respond_with(verb, kind, Response.html(), times=times, **where)

    def delay(
        self, verb: str, kind: Kind, seconds: float, *, times: int | None = None, **where: Unpack[Where]
    ) -> Fault:
        """Handle the request after some real seconds.

        Raises:
            ValueError: `seconds` is not a number, or is negative.
        """
        return self.respond_with(verb, kind, Response.delayed(seconds), times=times, **where)

    def hang(self, verb: str, kind: Kind, *, times: int | None = None, **where: Unpack[Where]) -> Fault:
        """Never respond: only a time limit of the client ends the request."""
        return self.respond_with(verb, kind, Response.never(), times=times, **where)

    def stale_reads(self, by: int = 1, kind: Kind = "*", *, times: int | None = None, **where: Unpack[Where]) -> Fault:
        """Serve reads of any version (`resourceVersion=0`) from an older state, as the cache of a server may.

        A watch of any version begins with that state, and continues with all later changes.

        Args:
            by: The age, in revisions of the whole server; never before the last compaction.
            kind: The kind, `*` for all: see `on`.
            times: How often it applies, None for no limit.
            where: The namespace and the name.

        Raises:
            ValueError: The age is not positive.
        """
        if by < 1:
            raise ValueError(f"by is {by}: expected 1 or more")
        matcher = Matcher.of("*", kind, names=self._names, condition=_reads_any_version, **where)
        return self._add(matcher, times)(lambda received: dataclasses.replace(received, behind=by))

    def refuse_connections(self, *, times: int | None = None) -> Fault:
        """Refuse every connection until the fault is removed."""
        return self.respond_with("*", "*", Response.refused(), times=times)

    @contextlib.contextmanager
    def down(self) -> Generator[Fault]:
        """Refuse every connection within a block."""
        fault = self.refuse_connections()
        try:
            yield fault
        finally:
            fault.remove()


def planned(faults: Faults, received: Received) -> Plan:
    """Return how an exchange goes: as the first fault that has an effect decides."""
    plan = Plan()
    found = faults._faults  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    for fault in tuple(found):
        effect = fault.apply(received if plan.received is None else plan.received)
        if isinstance(effect, Response):
            decided = effect.plan(received)
            decided.received = decided.received or plan.received
            return decided
        if effect is not None:
            _require_received(fault, effect)
            route(effect)  # The function may have changed its method or its path.
            plan.received = effect
    return plan


def _require_received(fault: Fault, effect: object) -> None:
    if not isinstance(effect, Received):
        found = type(effect).__name__
        raise TypeError(f"the function of {fault!r} returned a {found}: expected a Response, a Received or None")


def _reads_any_version(received: Received) -> bool:
    return received.verb in ("get", "list", "watch") and ("resourceVersion", "0") in received.query
