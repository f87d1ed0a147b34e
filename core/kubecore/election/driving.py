# Derived from kubecore/election/async_driving.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""Drives the state machines of an election: sends their requests, and waits between them."""

from __future__ import annotations

from kubecore._support.wakeup import Wakeup
from kubecore.calls.steps import Pause
from kubecore.election.deciding import Candidacy, Known, Release, Tenure
from kubecore.election.requests import LeaseRequests

__all__ = ["acquire", "release", "renew"]


def acquire(requests: LeaseRequests, candidacy: Candidacy, closing: Wakeup) -> None:
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
            closing.wait(step.seconds)
            continue
        error = requests.send(candidacy, step)
        if error is not None and requests.is_hopeless(step, error):
            raise error


def renew(requests: LeaseRequests, tenure: Tenure, ended: Wakeup) -> None:
    """Renew the Lease until the term is lost, or until the block has ended.

    Args:
        requests: Sends the requests.
        tenure: The term.
        ended: Given when the block has ended.
    """
    while not ended.is_set() and (step := tenure.step()) is not None:
        if isinstance(step, Pause):
            ended.wait(step.seconds)
        else:
            requests.send(tenure, step)


def release(requests: LeaseRequests, known: Known) -> None:
    """Release the Lease, so that another candidate can acquire it at once.

    Args:
        requests: Sends the requests.
        known: The knowledge of the Lease.
    """
    machine = Release(known)
    while (step := machine.step()) is not None:
        requests.send(machine, step)
