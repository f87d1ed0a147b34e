"""The synchronous elector: a thread renews the Lease, and the block looks at `Term.lost`. `deciding` decides."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from kubecore._support.wakeup import Wakeup
from kubecore.clientset.base import BaseClientset
from kubecore.clientset.kinds import require_kind
from kubecore.clocks import SYSTEM_CLOCK, Clock
from kubecore.election import driving
from kubecore.election.base import BaseElector, BaseTerm, EventSink
from kubecore.election.deciding import Candidacy, Known, Tenure
from kubecore.election.fence import Fence
from kubecore.election.requests import LeaseRequests

__all__ = ["Elector", "Term"]

_JOIN_SECONDS: Final = 1.0
"""More than the time limit of a renewal that the end of a thread may take, in seconds."""


class Term(BaseTerm):
    """The time in which this process leads, as `Elector.lead` returns it.

    Attributes:
        lost: Set when the term is lost: `lost.is_set()`, `lost.wait(seconds)`.
    """

    def __init__(self, tenure: Tenure, fence: Fence, known: Known) -> None:
        super().__init__(tenure, fence, known)
        self.lost: Wakeup = Wakeup()


class Elector(BaseElector):
    """A candidate for the leadership of processes that share a Lease, also with client-go.

    ```python
    elector = Elector(clientset, "shop-controller", "shop")
    with elector.lead() as term:
        while not term.lost.is_set():
            work()
    ```

    A thread can't be cancelled: the block must look at `term.lost`, or end with the FencedError of its next write. If
    it still runs when its time is over, the process ends: see `on_stuck`.

    From the first `lead` on, writes of the clientset raise FencedError unless this process leads. Use another clientset
    for writes that do not need the leadership.

    Args:
        clientset: Sends the requests for the Lease; the fence applies to its writes.
        name: The name of the Lease.
        namespace: Its namespace; by default the one of the service account, or of the kubeconfig's context.
        identity: The name of this candidate, which no other one may have; by default the host's name and a UUID.
        lease_duration: Seconds after the last renewal that they saw for which other candidates wait; whole seconds.
        renew_deadline: Seconds without a renewal after which the term is lost.
        retry_period: Seconds between two renewals, and between two looks of other candidates, which are up to 2.2 times
            as long.
        on_stuck: Called if the block still runs when its time is over, by another thread, after a line in the log. By
            default the process ends with the exit code 1.
        events: Records `became leader` and `stopped leading`, with the Lease.
        clock: The clocks.

    Raises:
        ConfigError: The times contradict each other, the identity is empty, or the namespace is not known.
        InvalidRequestError: The name or the namespace is invalid.
        TypeError: The clientset is asynchronous.
    """

    def __init__(
        self,
        clientset: BaseClientset,
        name: str,
        namespace: str | None = None,
        *,
        identity: str | None = None,
        lease_duration: float = 15.0,
        renew_deadline: float = 10.0,
        retry_period: float = 2.0,
        on_stuck: Callable[[], object] | None = None,
        events: EventSink | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        require_kind(clientset, BaseClientset, "Elector")
        super().__init__(
            clientset.rest_client,
            name,
            namespace,
            identity=identity,
            lease_duration=lease_duration,
            renew_deadline=renew_deadline,
            retry_period=retry_period,
            on_stuck=on_stuck,
            events=events,
            clock=clock,
        )
        self._requests = LeaseRequests(clientset.rest_client, self._namespace, name)
        self._closing = Wakeup()

    @contextmanager
    def lead(self) -> Generator[Term]:
        """Wait until this process leads, and lead until the block ends.

        If the Lease can't be renewed or has another holder, `Term.lost` is set. If the block ends by itself or raises,
        the Lease is released for other candidates.

        Yields:
            The term.

        Raises:
            LeadershipLostError: The term was lost before the block ended. Another error of the block is raised instead,
                unless it is a FencedError.
            ClosedError: `close` was called.
            ConfigError: The configuration is invalid, such as a missing token, and no request has succeeded yet.
            StatusError: The server refuses a request that never succeeded before, such as for missing rights.
            RuntimeError: The elector is in use already.
        """
        candidacy = self._begin()
        try:
            self._acquire(candidacy)
            with self._term(candidacy) as term:
                yield term
        finally:
            if self._end(candidacy):  # The block did not begin, or its end was interrupted.
                self._release()
            self._free()

    def close(self) -> None:
        """End the wait of `lead`, which then raises ClosedError. A term that has begun continues.

        Any thread may call it. A request that is on its way is finished first.
        """
        self._is_closed = True
        self._closing.set()

    def _acquire(self, candidacy: Candidacy) -> None:
        driving.acquire(self._requests, candidacy, self._closing)

    @contextmanager
    def _term(self, candidacy: Candidacy) -> Generator[Term]:
        """Begin the term, and renew the Lease in a thread while the block runs."""
        tenure = self._elected(candidacy)
        term, ended = Term(tenure, self._fence, self._known), Wakeup()
        watchdog = self._watch(tenure, on_lost=term.lost.set)
        name = f"kubecore-election-renew {self._lease}"
        renewals = threading.Thread(target=self._renew, args=(tenure, term, ended), name=name, daemon=True)
        error: BaseException | None = None
        try:
            watchdog.start()
            renewals.start()
            yield term
        except BaseException as raised:
            error = raised
        try:
            ended.set()
            watchdog.stop()
            if self._end(candidacy):
                self._release()
            if renewals.ident is not None:
                renewals.join(self._settings.renew_deadline / 2 + _JOIN_SECONDS)
        finally:
            if (result := self._error(tenure, error)) is not None:
                raise result

    def _renew(self, tenure: Tenure, term: Term, ended: Wakeup) -> None:
        """Renew until the term is lost or the block has ended."""
        driving.renew(self._requests, tenure, ended)
        if not ended.is_set():
            term.lost.set()

    def _release(self) -> None:
        driving.release(self._requests, self._known)
