"""The asynchronous elector: its block is cancelled when the term is lost. `deciding` decides."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import anyio

from kubecore._support.async_wakeup import AsyncWakeup
from kubecore.clientset.async_base import AsyncBaseClientset
from kubecore.clientset.kinds import require_kind
from kubecore.clocks import SYSTEM_CLOCK, Clock
from kubecore.election import async_driving as driving
from kubecore.election.async_requests import AsyncLeaseRequests
from kubecore.election.base import BaseElector, BaseTerm, EventSink
from kubecore.election.deciding import Candidacy, Known, Tenure
from kubecore.election.fence import Fence

__all__ = ["AsyncElector", "AsyncTerm"]


class AsyncTerm(BaseTerm):
    """The time in which this process leads, as `AsyncElector.lead` returns it.

    Attributes:
        lost: Set when the term is lost: `lost.is_set()`, `await lost.wait()`.
    """

    def __init__(self, tenure: Tenure, fence: Fence, known: Known) -> None:
        super().__init__(tenure, fence, known)
        self.lost: anyio.Event = anyio.Event()


class AsyncElector(BaseElector):
    """A candidate for the leadership of processes that share a Lease, also with client-go; for asyncio and trio.

    ```python
    elector = AsyncElector(clientset, "shop-controller", "shop")
    async with elector.lead() as term:
        await work()
    ```

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
        TypeError: The clientset is not asynchronous.
    """

    def __init__(
        self,
        clientset: AsyncBaseClientset,
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
        require_kind(clientset, AsyncBaseClientset, "AsyncElector")
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
        self._requests = AsyncLeaseRequests(clientset.rest_client, self._namespace, name)
        self._closing: AsyncWakeup | None = None

    @asynccontextmanager
    async def lead(self) -> AsyncGenerator[AsyncTerm]:
        """Wait until this process leads, and lead until the block ends.

        The block is cancelled if the Lease can't be renewed or has another holder. If the block ends by itself, raises,
        or is cancelled from outside, the Lease is renewed until its end, and then released for other candidates.

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
            await self._acquire(candidacy)
            async with self._term(candidacy) as term:
                yield term
        finally:
            if self._end(candidacy):  # The block did not begin, or its end was interrupted.
                await self._release()
            self._free()

    def close(self) -> None:
        """End the wait of `lead`, which then raises ClosedError. A term that has begun continues.

        Any thread may call it.
        """
        self._is_closed = True
        if (closing := self._closing) is not None:
            closing.set()

    async def _acquire(self, candidacy: Candidacy) -> None:
        with anyio.CancelScope() as scope:
            self._closing = AsyncWakeup(scope.cancel)
            if not self._is_closed:
                await driving.acquire(self._requests, candidacy, self._closing)

    @asynccontextmanager
    async def _term(self, candidacy: Candidacy) -> AsyncGenerator[AsyncTerm]:
        """Begin the term, and renew the Lease while the block runs."""
        tenure = self._elected(candidacy)
        term = AsyncTerm(tenure, self._fence, self._known)
        watchdog = self._watch(tenure, on_lost=lambda: None)
        block, renewals = anyio.CancelScope(), anyio.CancelScope(shield=True)
        error: BaseException | None = None
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._renew, tenure, term, block, renewals)
                try:
                    watchdog.start()
                    with block:
                        yield term
                except anyio.get_cancelled_exc_class():
                    raise
                except BaseException as raised:
                    error = raised  # The task group would put it into an exception group.
                finally:
                    renewals.cancel()
                    watchdog.stop()
        finally:
            if self._end(candidacy):
                await self._release()
            if (result := self._error(tenure, error)) is not None:
                raise result

    async def _renew(
        self, tenure: Tenure, term: AsyncTerm, block: anyio.CancelScope, renewals: anyio.CancelScope
    ) -> None:
        """Renew until the term is lost or the block has ended, also while the block is cancelled from outside."""
        with renewals:
            await driving.renew(self._requests, tenure, AsyncWakeup())
            term.lost.set()
            block.cancel()

    async def _release(self) -> None:
        with anyio.CancelScope(shield=True):
            await driving.release(self._requests, self._known)
