"""Drives the state machines of an election: sends their requests, and waits between them."""

from __future__ import annotations

from kubecore._support.async_wakeup import AsyncWakeup
from kubecore.calls.steps import Pause
from kubecore.election.async_requests import AsyncLeaseRequests
from kubecore.election.deciding import Candidacy, Known, Release, Tenure

__all__ = ["acquire", "release", "renew"]


async def acquire(requests: AsyncLeaseRequests, candidacy: Candidacy, closing: AsyncWakeup) -> None:
    """Wait until the Lease is held, or until the elector is closed.

    Args:
        requests: Sends the requests.
        candidacy: The candidacy.
        closing: Given when the elector is closed.

    Raises:
        Exception: The error of a request that will fail again.
    """
    while not closing.is_set() and (step := candidacy.step()) is not None:
        if isinstance(step, Pause):
            await closing.wait(step.seconds)
            continue
        error = await requests.send(candidacy, step)
        if error is not None and requests.is_hopeless(step, error):
            raise error


async def renew(requests: AsyncLeaseRequests, tenure: Tenure, ended: AsyncWakeup) -> None:
    """Renew the Lease until the term is lost, or until the block has ended.

    Args:
        requests: Sends the requests.
        tenure: The term.
        ended: Given when the block has ended.
    """
    while not ended.is_set() and (step := tenure.step()) is not None:
        if isinstance(step, Pause):
            await ended.wait(step.seconds)
        else:
            await requests.send(tenure, step)


async def release(requests: AsyncLeaseRequests, known: Known) -> None:
    """Release the Lease, so that another candidate can acquire it at once.

    Args:
        requests: Sends the requests.
        known: The knowledge of the Lease.
    """
    machine = Release(known)
    while (step := machine.step()) is not None:
        await requests.send(machine, step)
