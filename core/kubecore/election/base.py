"""The common base of both electors: states, health check, events, and the result of a block."""

from __future__ import annotations

import logging
import os
import random
import threading
import uuid
from collections.abc import Callable
from typing import Any, Final, Protocol, cast

from kubecore import errors, rest
from kubecore._config import incluster
from kubecore.clocks import Clock
from kubecore.election import record
from kubecore.election.deciding import Candidacy, Known, Tenure
from kubecore.election.fence import Fence
from kubecore.election.settings import Settings
from kubecore.election.watchdog import Watchdog, exit_process

__all__ = ["BaseElector", "BaseTerm", "EventSink"]

_LOG: Final = logging.getLogger("kubecore")


class EventSink(Protocol):
    """Records events; it must neither wait nor raise."""

    def normal(self, about: Any, reason: str, note: str, *, action: str) -> object:
        """Record an event of the type `Normal`.

        Args:
            about: The object that the event is about: a Lease, as a mapping with its apiVersion, kind and metadata.
            reason: The reason, in one word: `LeaderElection`.
            note: The text for people, such as `web-0 became leader`.
            action: The change, in one word: `StartLeading` or `StopLeading`.
        """
        ...


class BaseTerm:
    """The time in which this process leads.

    Args:
        tenure: Decides about its end.
        fence: The fence.
        known: The knowledge of the Lease.

    Attributes:
        identity: The name of this process in the Lease.
        transitions: How often the leader had changed when the term began, according to the Lease.
    """

    def __init__(self, tenure: Tenure, fence: Fence, known: Known) -> None:
        self._tenure = tenure
        self._fence = fence
        self.identity: str = known.settings.identity
        self.transitions: int = record.transitions(known.lease or {})

    def valid_for(self) -> float:
        """Return the seconds until the fence closes if no further renewal succeeds; 0 once the term is lost.

        Check it before work that the fence does not protect, such as a request to another service: no other process
        leads before this time is over.
        """
        return 0.0 if self._tenure.overdue() else self._fence.left

    def __repr__(self) -> str:
        """Show the leader and the time that is left."""
        return f"<{type(self).__name__} of {self.identity!r}, valid for {self.valid_for():.1f} s>"


class BaseElector:
    """A candidate for the leadership: see `Elector`."""

    def __init__(
        self,
        client: rest.AsyncClient | rest.Client,
        name: str,
        namespace: str | None,
        *,
        identity: str | None,
        lease_duration: float,
        renew_deadline: float,
        retry_period: float,
        on_stuck: Callable[[], object] | None,
        events: EventSink | None,
        clock: Clock,
    ) -> None:
        settings = Settings(
            identity=new_identity() if identity is None else identity,
            lease_duration=lease_duration,
            renew_deadline=renew_deadline,
            retry_period=retry_period,
        )
        self._client = client
        self._namespace = _namespace(namespace, client.namespace)
        self._name = name
        self._lease = f"{self._namespace}/{name}"
        self._settings = settings
        self._on_stuck = on_stuck or exit_process
        self._events = events
        self._clock = clock
        self._known = Known(settings, self._namespace, name, clock)
        self._fence = Fence(clock, self._lease)
        self._tenure: Tenure | None = None
        self._busy = threading.Lock()
        self._is_closed = False

    def __repr__(self) -> str:
        """Show the Lease and the identity."""
        return f"{type(self).__name__}({self._name!r}, {self._namespace!r}, identity={self.identity!r})"

    @property
    def identity(self) -> str:
        """The name of this candidate in the Lease."""
        return self._settings.identity

    @property
    def leader(self) -> str:
        """The identity of the leader as last seen in the Lease; "" if there is none, or if it is not known yet."""
        return self._known.leader

    @property
    def is_leading(self) -> bool:
        """Whether this process leads: it is in a term that is not lost."""
        tenure = self._tenure
        return tenure is not None and not tenure.overdue() and self._fence.left > 0

    def check(self, grace: float = 0.0) -> bool:
        """Return whether the election works, for a health check of the process.

        It does not if this process still works for a term whose Lease was not renewed for its duration and `grace`: the
        process hangs, and should be restarted. Processes that do not lead are healthy.

        Args:
            grace: Seconds.
        """
        tenure = self._tenure
        late = self._settings.lease_duration + grace
        return tenure is None or self._clock.monotonic() - tenure.sent <= late

    def _begin(self) -> Candidacy:
        """Begin to be a candidate; from now on, the fence holds."""
        if self._is_closed:
            raise _closed(self._lease)
        if not self._busy.acquire(blocking=False):
            raise RuntimeError("this elector leads already, or waits to lead: use one elector for each block")
        self._fence.is_used = True
        self._client.write_hooks.put(self._fence, instead_of=self._fence.replaces)
        return Candidacy(self._known, random.uniform)

    def _elected(self, candidacy: Candidacy) -> Tenure:
        """Begin the term that a candidate has won."""
        if candidacy.sent is None or self._is_closed:
            raise _closed(self._lease)
        self._tenure = Tenure(self._known, self._fence, candidacy.sent)
        _LOG.info("leader election %s: %s became leader", self._lease, self.identity)
        self._record("became leader", "StartLeading")
        return self._tenure

    def _watch(self, tenure: Tenure, on_lost: Callable[[], object]) -> Watchdog:
        """Return the watchdog of a term."""
        return Watchdog(tenure, self._settings.patience, self._clock, self._lease, self._on_stuck, on_lost)

    def _end(self, candidacy: Candidacy) -> bool:
        """Close the fence and end the term, if there is one; return whether the Lease must be released.

        A second call does nothing.
        """
        self._fence.close()
        tenure, self._tenure = self._tenure, None
        may_hold, candidacy.may_hold = candidacy.may_hold, False
        if tenure is None:
            return may_hold
        is_lost = tenure.overdue()
        tenure.end()
        if is_lost:
            _LOG.warning("leader election %s: %s lost the leadership: %s", self._lease, self.identity, tenure.reason)
        else:
            _LOG.info("leader election %s: %s stopped leading", self._lease, self.identity)
        self._record("stopped leading", "StopLeading")
        return not is_lost

    def _free(self) -> None:
        """Allow another block of this elector."""
        self._fence.is_used = False
        self._busy.release()

    def _error(self, tenure: Tenure, error: BaseException | None) -> BaseException | None:
        """Return the error that `lead` raises after the end of the block.

        Args:
            tenure: The term.
            error: The error of the block, or None.
        """
        if tenure.lost_at is None:
            return error
        lost = errors.LeadershipLostError(f"the leadership of {self._lease} was lost: {tenure.reason}")
        if error is None:
            return lost
        if _is_fenced(error):
            lost.__cause__ = error
            return lost
        error.add_note(str(lost))
        return error

    def _record(self, what: str, action: str) -> None:
        if self._events is None:
            return
        metadata = {"namespace": self._namespace, "name": self._name}
        if self._known.lease is not None:
            metadata["uid"] = record.uid(self._known.lease)
        about = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata}
        try:
            self._events.normal(about, "LeaderElection", f"{self.identity} {what}", action=action)
        except Exception:
            _LOG.exception("leader election %s: the event %r could not be recorded", self._lease, what)


def new_identity() -> str:
    """Return an identity that no other candidate has: the host's name and a UUID, as client-go's programs use."""
    import socket

    return f"{socket.gethostname()}_{uuid.uuid4()}"


def _closed(lease: str) -> errors.ClosedError:
    return errors.ClosedError(f"the elector of {lease} is closed; create another one to lead again")


def _namespace(given: str | None, configured: str) -> str:
    """Return the namespace of the Lease.

    Args:
        given: The argument of the constructor.
        configured: The namespace of the configuration: the service account's, or that of the kubeconfig's context.
    """
    if given is not None:
        if not given:
            raise errors.ConfigError(
                'namespace is "", which is not the name of a namespace; None is the configured one'
            )
        return given
    if configured:
        return configured
    if os.environ.get("POD_NAMESPACE") or (incluster.SERVICE_ACCOUNT / "namespace").is_file():
        return incluster.pod_namespace()
    raise errors.ConfigError(
        "the namespace of the Lease is not known: neither the kubeconfig's context nor a service account has one; "
        "pass namespace="
    )


def _is_fenced(error: BaseException) -> bool:
    """Return whether an error consists of refused writes alone."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return group.split(errors.FencedError)[1] is None
    return isinstance(error, errors.FencedError)
