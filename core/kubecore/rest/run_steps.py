# Derived from kubecore/rest/async_run_steps.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""Send the calls that the generators of `kubecore.calls.steps` yield."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any, TypeVar

from kubecore._support import pauses
from kubecore.calls.call import Call
from kubecore.calls.deadline import Deadline
from kubecore.calls.steps import Pause, Steps
from kubecore.errors import KubeError
from kubecore.rest import Client

__all__ = ["run"]

R = TypeVar("R")


def run(client: Client, steps: Steps[R], *, timeout: float | None = None) -> R:
    """Run the steps one after the other.

    Args:
        client: Sends the calls.
        steps: The steps.
        timeout: Seconds for all steps together; None for the limits of `Config.timeouts` for each call.

    Returns:
        Their result.

    Raises:
        KubeError: An error of a call that the steps do not catch.
    """
    deadline = Deadline.within(timeout)
    advance: Callable[[], Call[Any] | Pause] = functools.partial(next, steps)
    while True:
        try:
            step = advance()
        except StopIteration as end:
            result: R = end.value
            return result
        try:
            response = _pause(step, deadline) if isinstance(step, Pause) else client.send(step, deadline=deadline)
        except KubeError as error:
            advance = functools.partial(steps.throw, error)
        else:
            advance = functools.partial(steps.send, response)


def _pause(pause: Pause, deadline: Deadline | None) -> object:
    pauses.sleep(_seconds(pause, deadline))
    return None


def _seconds(pause: Pause, deadline: Deadline | None) -> float:
    return pause.seconds if deadline is None else min(pause.seconds, max(0.0, deadline - time.monotonic()))
