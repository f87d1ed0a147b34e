"""The decisions of a candidate and of a leader, from clock readings and responses. No I/O.

Three state machines share the knowledge of the Lease: `Candidacy` until the Lease is held, `Tenure` while it is held,
and `Release` at its end. Each has `step`, which returns the next request, a pause, or None at its end, and `received`
and `failed`, one of which must be called after each request.

Why two never lead at once: a leader counts from the start of its last successful renewal, other candidates from the
time at which they saw its effect, which is later. They wait for the duration that the leader wrote into the record, and
the leader uses only a part of it: until its fence closes. Wall clocks do not matter.

Source: `k8s.io/client-go/tools/leaderelection`; docs/differences-from-client-go.md lists the differences.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from kubecore.calls.steps import Pause
from kubecore.clocks import Clock
from kubecore.election import record
from kubecore.election.fence import Fence
from kubecore.election.record import Document
from kubecore.election.settings import JITTER, Settings

__all__ = ["RELEASE_SECONDS", "Candidacy", "Failure", "Known", "Release", "Request", "Tenure", "Verb"]

Verb = Literal["get", "create", "update"]

RELEASE_SECONDS: Final = 5.0
"""Seconds that the release of a Lease may take."""

_MOST_CONFLICTS: Final = 5


class Request(NamedTuple):
    """A request for the Lease.

    Attributes:
        verb: The kind of the request.
        body: The document to send, None for `get`.
        timeout: Its time limit, in seconds.
    """

    verb: Verb
    body: Document | None
    timeout: float


class Failure(enum.Enum):
    """Why a request failed."""

    NOT_FOUND = "the Lease does not exist"
    CONFLICT = "the Lease changed, or exists already"
    OTHER = "another error; the request may have taken effect"


class Known:
    """The knowledge that a candidate has of the Lease.

    Args:
        settings: The times, and the identity.
        namespace: The namespace of the Lease.
        name: The name of the Lease.
        clock: The clocks.

    Attributes:
        settings: The same.
        namespace: The same.
        name: The same.
        clock: The same.
        lease: The document as the server returned it last; None if it does not exist, or is unknown.
        leader: The holder of the last record that was seen, "" for nobody.
    """

    def __init__(self, settings: Settings, namespace: str, name: str, clock: Clock) -> None:
        self.settings = settings
        self.namespace = namespace
        self.name = name
        self.clock = clock
        self.lease: Document | None = None
        self.leader: str = ""
        self._record: object = None
        self._ends_at: float | None = None

    def saw(self, lease: Document) -> None:
        """Handle a document that the server returned: remember it, and until when its holder must be waited for.

        Args:
            lease: The document.
        """
        self.lease = lease
        self.leader = record.holder(lease)
        seen = record.observed(lease)
        if seen == self._record:
            return
        self._record = seen
        if self.is_ours:
            return  # A request of ours that arrived late may have created it: another leader is still waited for.
        # A record without a duration was edited manually: then our own is the best guess.
        seconds = record.duration(lease) or self.settings.lease_duration
        self._ends_at = self.clock.monotonic() + seconds if self.leader else None

    def missed(self) -> None:
        """Handle the response that the Lease does not exist.

        If it existed before, a leader may not have noticed yet that it was deleted, even one whose record was never
        seen. Its last renewal was before this moment, so it stops within the duration.
        """
        if self.lease is not None:
            seconds = max(record.duration(self.lease) or 0.0, self.settings.lease_duration)
            self._ends_at = self.clock.monotonic() + seconds
        self.lease = None
        self.leader = ""

    @property
    def wait(self) -> float:
        """Seconds until the last foreign record that was seen ends; 0 if it has ended, or if there was none."""
        return 0.0 if self._ends_at is None else max(0.0, self._ends_at - self.clock.monotonic())

    @property
    def is_ours(self) -> bool:
        """Whether the Lease names this candidate."""
        return self.leader == self.settings.identity

    def written(self) -> Document:
        """Return the document that acquires or renews the Lease for this candidate."""
        settings, now = self.settings, self.clock.time()
        if self.lease is None:
            return record.created(self.namespace, self.name, settings.identity, settings.lease_duration, now)
        return record.taken(self.lease, settings.identity, settings.lease_duration, now)


class Candidacy:
    """Waits for the Lease, and acquires it.

    Args:
        known: The knowledge of the Lease.
        uniform: Returns a random number between two.

    Attributes:
        sent: When the request that acquired the Lease was sent, on the monotonic clock; None before.
        may_hold: Whether a request that acquires the Lease was sent, and its effect is unknown.
    """

    def __init__(self, known: Known, uniform: Callable[[float, float], float]) -> None:
        self._known = known
        self._uniform = uniform
        self._verb: Verb = "get"
        self._not_before = known.clock.monotonic()
        self._sent = 0.0
        self.sent: float | None = None
        self.may_hold: bool = False

    def step(self) -> Pause | Request | None:
        """Return the next step; None once the Lease is held."""
        now = self._known.clock.monotonic()
        if self.sent is not None:
            return None
        if now < self._not_before:
            return Pause(self._not_before - now)
        self._sent = now
        body = None if self._verb == "get" else self._known.written()
        self.may_hold = self.may_hold or body is not None
        return Request(self._verb, body, self._known.settings.renew_deadline)

    def received(self, lease: Document) -> None:
        """Handle a successful response.

        Args:
            lease: The document in it.
        """
        known = self._known
        known.saw(lease)
        if self._verb == "get":
            self.may_hold = known.is_ours
            if known.wait:
                self._pause()
            else:
                self._verb = "update"
        elif known.clock.monotonic() < self._sent + known.settings.renew_deadline:
            self.sent = self._sent
        else:  # The response took so long that most of the lease is over: renew it first.
            self._verb = "update"

    def failed(self, failure: Failure) -> None:
        """Handle an error.

        Args:
            failure: The reason.
        """
        if failure is Failure.NOT_FOUND and self._verb == "get":
            self._known.missed()
            self.may_hold = False
            if not self._known.wait:
                self._verb = "create"
                return
        elif failure is not Failure.OTHER:
            self.may_hold = False
        self._pause()

    def _pause(self) -> None:
        """Look at the Lease again after a random pause, or when the record that was seen ends."""
        known = self._known
        period = known.settings.retry_period
        pause = self._uniform(period, period * (1 + JITTER))
        self._not_before = known.clock.monotonic() + min(pause, known.wait or pause)
        self._verb = "get"


class Tenure:
    """Renews the Lease while it is held, and decides when the term is lost.

    `overdue` may be called by another thread than the rest.

    Args:
        known: The knowledge of the Lease.
        fence: The fence, which is opened.
        sent: When the request that acquired the Lease was sent, on the monotonic clock.

    Attributes:
        sent: When the last request that renewed the Lease was sent.
        lost_at: When the term was lost, on the monotonic clock; None if it is not.
        reason: Why it was lost.
        is_over: Whether its block has ended.
    """

    def __init__(self, known: Known, fence: Fence, sent: float) -> None:
        self._known = known
        self._fence = fence
        self._uid = record.uid(known.lease or {})
        self._verb: Verb = "update"
        self._due = sent + known.settings.retry_period
        self._sent = sent
        self._conflicts = 0
        self.is_over: bool = False
        self.sent: float = sent
        self.lost_at: float | None = None
        self.reason: str = ""
        fence.open(sent + known.settings.fence_seconds)

    @property
    def deadline(self) -> float:
        """When the term is lost unless it is renewed, on the monotonic clock."""
        return self.sent + self._known.settings.renew_deadline

    def overdue(self) -> bool:
        """Return whether the term is lost; it is if the last successful renewal began too long ago."""
        if self.lost_at is None and not self.is_over and self._known.clock.monotonic() >= self.deadline:
            seconds = self._known.settings.renew_deadline
            self._lose(f"the Lease was not renewed for {seconds:g} s, the renew deadline")
        return self.lost_at is not None

    def step(self) -> Pause | Request | None:
        """Return the next step; None once the term is lost, or over."""
        if self.is_over or self.overdue():
            return None
        now = self._known.clock.monotonic()
        if now < self._due:
            return Pause(min(self._due, self.deadline) - now)
        self._sent = now
        limit = min(self._known.settings.renew_deadline / 2, self.deadline - now)
        return Request(self._verb, None if self._verb == "get" else self._known.written(), max(limit, 0.0))

    def received(self, lease: Document) -> None:
        """Handle a successful response.

        Args:
            lease: The document in it.
        """
        known = self._known
        if self.is_over or self.overdue():
            return
        known.saw(lease)
        if self._verb == "update":
            self.sent = self._sent
            self._fence.extend(self.sent + known.settings.fence_seconds)
            self._due = self.sent + known.settings.retry_period
            self._conflicts = 0
        elif not known.is_ours:
            self._lose_at_once(f"the Lease is held by {known.leader!r}" if known.leader else "the holder was removed")
        elif record.uid(lease) != self._uid:
            self._lose_at_once("the Lease was deleted and created again")
        else:
            self._verb = "update"
            if self._conflicts > 1:
                self._later()

    def failed(self, failure: Failure) -> None:
        """Handle an error.

        Args:
            failure: The reason.
        """
        if failure is Failure.NOT_FOUND:
            self._known.missed()
            self._lose_at_once("the Lease was deleted")
        elif failure is Failure.CONFLICT:
            self._conflicts += 1
            self._verb = "get"
        else:
            self._later()

    def end(self) -> None:
        """Close the fence, since the block has ended. There are no more steps, and later responses are ignored."""
        self.is_over = True
        self._fence.close()

    def _later(self) -> None:
        """Try again one retry period after the start of the last request, or at once if it took longer."""
        self._due = self._sent + self._known.settings.retry_period

    def _lose_at_once(self, reason: str) -> None:
        """End the term now: another candidate may lead already."""
        self._fence.close()
        self._lose(reason)

    def _lose(self, reason: str) -> None:
        self.reason = self.reason or reason
        self.lost_at = self._known.clock.monotonic()


class Release:
    """Gives the Lease up, so that another candidate need not wait for its end.

    Args:
        known: The knowledge of the Lease.

    Attributes:
        is_done: Whether the Lease was released.
    """

    def __init__(self, known: Known) -> None:
        self._known = known
        self._ends_at = known.clock.monotonic() + RELEASE_SECONDS
        self._verb: Verb | None = "update" if known.is_ours and known.lease is not None else "get"
        self._conflicts = 0
        self.is_done: bool = False

    def step(self) -> Request | None:
        """Return the next step; None at the end."""
        left = self._ends_at - self._known.clock.monotonic()
        if self._verb is None or left <= 0:
            return None
        lease = self._known.lease
        body = record.released(lease, self._known.clock.time()) if self._verb == "update" and lease else None
        return Request(self._verb, body, left)

    def received(self, lease: Document) -> None:
        """Handle a successful response.

        Args:
            lease: The document in it.
        """
        self._known.saw(lease)
        self.is_done = self._verb == "update"
        self._verb = "update" if self._verb == "get" and self._known.is_ours else None

    def failed(self, failure: Failure) -> None:
        """Handle an error.

        Args:
            failure: The reason.
        """
        self._conflicts += 1
        is_conflict = failure is Failure.CONFLICT and self._conflicts <= _MOST_CONFLICTS
        self._verb = "get" if is_conflict else None
