"""`retry.on_conflict` and `retry.on_error`, sync and async."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from kubecore import errors, retry
from kubecore.model.meta import Status

CONFLICT = errors.status_error(Status(status="Failure", code=409, reason="Conflict"))
OTHER = errors.status_error(Status(status="Failure", code=404, reason="NotFound"))
QUICK = retry.Backoff(steps=3, duration=0.0)


def call_sync(function: Callable[[], Any]) -> Any:
    return retry.on_conflict(function, backoff=QUICK)


def call_async(function: Callable[[], Any]) -> Any:
    async def awaited() -> Any:
        return function()

    async def main() -> Any:
        return await retry.on_conflict_async(awaited, backoff=QUICK)

    return anyio.run(main)


both = pytest.mark.parametrize("call", [call_sync, call_async], ids=["sync", "async"])


class Fails:
    def __init__(self, *failures: BaseException) -> None:
        self.failures = list(failures)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "done"


@both
def test_only_conflicts_are_retried(call: Any) -> None:
    always = Fails(*[CONFLICT] * 9)
    with pytest.raises(errors.ConflictError) as caught:
        call(always)
    assert (caught.value, always.calls) == (CONFLICT, 3)
    other = Fails(OTHER)
    with pytest.raises(errors.NotFoundError):
        call(other)
    assert other.calls == 1
    twice = Fails(CONFLICT, CONFLICT)
    assert (call(twice), twice.calls) == ("done", 3)
    stopped = Fails(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        call(stopped)


def test_pauses_grow_to_their_cap_with_jitter() -> None:
    assert list(retry.Backoff(steps=5, duration=1.0, factor=3.0, cap=5.0).pauses()) == [1.0, 3.0, 5.0, 5.0]
    assert list(retry.Backoff(steps=1, duration=1.0).pauses()) == []
    assert all(0.01 <= pause <= 0.011 for pause in retry.DEFAULT_RETRY.pauses())
    assert len(list(retry.DEFAULT_BACKOFF.pauses())) == 3
