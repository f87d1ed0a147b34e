"""Work of several calls, as a generator that yields the next step. No I/O: `kubecore.rest.run_steps` sends them.

The generator yields a call and receives its response, or has the call's error raised at the `yield`; or it
yields a pause.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple, TypeAlias, TypeVar

from kubecore.calls.call import Call

__all__ = ["Pause", "Steps", "send"]

R = TypeVar("R")


class Pause(NamedTuple):
    """Time to let pass before the next step."""

    seconds: float


Steps: TypeAlias = Generator[Call[Any] | Pause, Any, R]
"""The steps of a work that returns R."""


def send(call: Call[R]) -> Steps[R]:
    """Send one call and return its response, in steps: write `yield from` before it.

    Args:
        call: The call.

    Returns:
        The response.

    Raises:
        KubeError: The error of the call.
    """
    response: R = yield call
    return response
