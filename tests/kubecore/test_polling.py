"""`poll`: its return value, its pauses and its end, sync and async, without real pauses."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import anyio
import pytest

import kubecore
from kubecore import errors
from kubecore.retry import Backoff


class Clock:
    """A clock that advances only during pauses."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: made.now)
    monkeypatch.setattr(time, "sleep", made.sleep)
    monkeypatch.setattr(anyio, "sleep", made.asleep)
    return made


Poll = Callable[..., Any]


@pytest.fixture(params=["sync", "async"])
def poll(request: pytest.FixtureRequest) -> Poll:
    """Poll with a synchronous or an asynchronous function."""

    def asynchronous(function: Callable[[], Any], **options: Any) -> Any:
        async def awaited() -> Any:
            return function()

        made = kubecore.poll_async(awaited, **options)
        try:
            made.send(None)  # No event loop runs it: its clock is not the clock of the test.
        except StopIteration as end:
            return end.value
        raise AssertionError("it waits for something else than the clock")

    return kubecore.poll if request.param == "sync" else asynchronous


def values(*given: Any) -> Callable[[], Any]:
    left = iter(given)
    return lambda: next(left)


def test_the_first_truthy_value_is_returned(poll: Poll, clock: Clock) -> None:
    assert poll(values(None, 0, [], "", {}, False, ["it"])) == ["it"]
    assert clock.pauses == [1.0] * 6


def test_the_first_call_is_made_at_once(poll: Poll, clock: Clock) -> None:
    assert poll(values(5), timeout=0) == 5
    assert clock.pauses == []


def test_the_last_call_is_made_at_the_end_of_the_timeout(poll: Poll, clock: Clock) -> None:
    asked: list[float] = []
    with pytest.raises(errors.WaitTimeoutError) as raised:
        poll(lambda: asked.append(clock.now - 1000), timeout=5, interval=2)
    assert asked == [0, 2, 4, 5]
    assert str(raised.value) == "the function returned no truthy value within 5 s (4 calls); last value: None"
    assert isinstance(raised.value, TimeoutError)


def test_the_error_has_the_last_value_and_shows_only_plain_values(poll: Poll, clock: Clock) -> None:
    class Secret:
        def __bool__(self) -> bool:
            return False

        def __repr__(self) -> str:
            return "hunter2"

    for value, shown in (([], "[]"), (False, "False"), (Secret(), "Secret")):
        with pytest.raises(
            errors.WaitTimeoutError, match=rf"\(1 call\); last value: {shown}".replace("[]", r"\[\]")
        ) as raised:
            poll(lambda value=value: value, timeout=0)
        assert raised.value.object is value


def test_no_timeout_waits_for_ever(poll: Poll, clock: Clock) -> None:
    for timeout in (None, math.inf):
        assert poll(values(*[0] * 1000, 7), timeout=timeout, interval=3600) == 7


def test_a_backoff_gives_the_pauses_and_its_last_one_is_repeated(poll: Poll, clock: Clock) -> None:
    poll(values(*[0] * 6, 1), interval=Backoff(steps=4, duration=1, factor=2, cap=3), timeout=60)
    assert clock.pauses == [1, 2, 3, 3, 3, 3]
    clock.pauses.clear()
    poll(values(0, 0, 1), interval=Backoff(steps=1, duration=0.5))
    assert clock.pauses == [0.5, 0.5]


def test_exceptions_of_the_function_propagate(poll: Poll, clock: Clock) -> None:
    def fails() -> None:
        raise errors.KubeError("x")  # Any error will do.

    with pytest.raises(errors.KubeError, match="x"):
        poll(fails)
    assert clock.pauses == []


@pytest.mark.parametrize(
    "options",
    [{name: value} for name in ("timeout", "interval") for value in (-1, math.nan, "5", True)] + [{"interval": None}],
)
def test_invalid_seconds_are_refused_before_the_first_call(poll: Poll, options: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidRequestError, match="takes seconds"):
        poll(values(), **options)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_polling_can_be_cancelled(backend: str) -> None:
    async def never() -> bool:
        return False

    async def main() -> None:
        with anyio.move_on_after(0.05) as scope:
            await kubecore.poll_async(never, timeout=None, interval=3600)
        assert scope.cancelled_caught

    anyio.run(main, backend=backend)
