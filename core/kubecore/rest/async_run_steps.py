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
from kubecore.rest import AsyncClient

__all__ = ["run_async"]

R = TypeVar("R")


async def run_async(client: AsyncClient, steps: Steps[R], *, timeout: float | None = None) -> R:
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
            response = await (
                _pause_async(step, deadline) if isinstance(step, Pause) else client.send(step, deadline=deadline)
            )
        except KubeError as error:
            advance = functools.partial(steps.throw, error)
        else:
            advance = functools.partial(steps.send, response)


async def _pause_async(pause: Pause, deadline: Deadline | None) -> object:
    await pauses.async_sleep(_seconds(pause, deadline))
    return None


def _seconds(pause: Pause, deadline: Deadline | None) -> float:
    return pause.seconds if deadline is None else min(pause.seconds, max(0.0, deadline - time.monotonic()))
