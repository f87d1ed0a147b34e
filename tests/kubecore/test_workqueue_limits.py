"""Rate limiters: the waits of items that fail."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubecore.clocks import FakeClock
from kubecore.workqueue import Bucket, ItemExponential, ItemFastSlow, Limiter, MaxOf, WithMaxWait, default_limiter


def waits(limiter: Limiter[str], item: str, count: int) -> list[float]:
    return [limiter.when(item) for _ in range(count)]


def test_each_failure_doubles_the_wait() -> None:
    limiter = ItemExponential(0.001, 1)
    assert waits(limiter, "one", 5) == [0.001, 0.002, 0.004, 0.008, 0.016]
    assert limiter.num_requeues("one") == 5
    assert waits(limiter, "two", 2) == [0.001, 0.002]
    assert limiter.num_requeues("two") == 2
    limiter.forget("one")
    assert limiter.num_requeues("one") == 0
    assert limiter.when("one") == 0.001
    limiter.forget("never failed")


def test_no_wait_is_longer_than_the_longest() -> None:
    limiter = ItemExponential(0.001, 1)
    assert waits(limiter, "one", 60)[-1] == 1
    limiter = ItemExponential(0.001, 1000)
    assert waits(limiter, "one", 2000)[-1] == 1000


def test_a_wait_is_made_longer_or_shorter_at_random() -> None:
    limits: list[tuple[float, float]] = []

    def chance(low: float, high: float) -> float:
        limits.append((low, high))
        return high

    limiter = ItemExponential(1, 8, jitter=0.25, chance=chance)
    assert waits(limiter, "one", 5) == [1.25, 2.5, 5, 10, 10]
    assert {*limits} == {(0.75, 1.25)}
    by_default = ItemExponential(1, 1, jitter=0.1)
    assert all(0.9 <= wait <= 1.1 for wait in waits(by_default, "one", 100))


def test_some_fast_attempts_then_slow_ones() -> None:
    limiter = ItemFastSlow(0.005, 10, 3)
    assert waits(limiter, "one", 5) == [0.005, 0.005, 0.005, 10, 10]
    assert limiter.num_requeues("one") == 5
    assert waits(limiter, "two", 1) == [0.005]
    limiter.forget("one")
    assert limiter.num_requeues("one") == 0
    assert limiter.when("one") == 0.005


def test_a_bucket_limits_all_items_together() -> None:
    clock = FakeClock()
    limiter = Bucket(10, 2, clock=clock)
    assert [limiter.when(item) for item in "abcd"] == pytest.approx([0, 0, 0.1, 0.2])
    clock.advance(0.2)
    assert limiter.when("a") == pytest.approx(0.1)
    clock.advance(60)
    assert [limiter.when(item) for item in "abc"] == pytest.approx([0, 0, 0.1])
    limiter.forget("a")
    assert limiter.num_requeues("a") == 0


def test_the_longest_wait_of_several_limiters_counts() -> None:
    limiter = MaxOf(ItemFastSlow(0.005, 3, 3), ItemExponential(0.001, 1))
    assert waits(limiter, "one", 5) == [0.005, 0.005, 0.005, 3, 3]
    assert limiter.num_requeues("one") == 5
    assert waits(limiter, "two", 2) == [0.005, 0.005]
    limiter.forget("one")
    assert limiter.num_requeues("one") == 0
    assert limiter.when("one") == 0.005


def test_waits_are_cut_to_a_longest_wait() -> None:
    limiter = WithMaxWait(ItemExponential(1000, 1000), 500)
    assert limiter.when("one") == 500
    assert limiter.num_requeues("one") == 1
    limiter.forget("one")
    assert limiter.num_requeues("one") == 0
    assert WithMaxWait(ItemExponential(1, 2), 500).when("one") == 1


def test_the_default_has_the_numbers_of_client_go() -> None:
    clock = FakeClock()
    limiter = default_limiter(clock)
    assert waits(limiter, "one", 3) == [0.005, 0.01, 0.02]
    assert limiter.num_requeues("one") == 3
    assert [limiter.when(str(number)) for number in range(98)][-1] == pytest.approx(0.1)


@pytest.mark.parametrize(
    "create",
    [
        lambda: ItemExponential(0, 1),
        lambda: ItemExponential(-1, 1),
        lambda: ItemExponential(2, 1),
        lambda: ItemExponential(math.nan, 1),
        lambda: ItemExponential(1, math.inf),
        lambda: ItemExponential(1, 2, jitter=-0.1),
        lambda: ItemExponential(1, 2, jitter=1.1),
        lambda: ItemFastSlow(-1, 1, 1),
        lambda: ItemFastSlow(1, math.nan, 1),
        lambda: ItemFastSlow(1, 1, -1),
        lambda: Bucket(0, 1),
        lambda: Bucket(math.inf, 1),
        lambda: Bucket(1, 0),
        lambda: MaxOf(),
        lambda: WithMaxWait(ItemExponential(1, 2), -1),
        lambda: WithMaxWait(ItemExponential(1, 2), math.nan),
    ],
)
def test_numbers_out_of_range_are_refused(create: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"must be|needs"):
        create()


@given(st.floats(1e-6, 1e3), st.floats(1, 1e6), st.integers(1, 100))
def test_waits_never_fall_and_never_exceed_the_longest(base: float, factor: float, count: int) -> None:
    longest = base * factor
    found = waits(ItemExponential(base, longest), "one", count)
    assert found == sorted(found)
    assert found[0] == base
    assert found[-1] <= longest


def test_limiters_that_threads_share_count_every_failure() -> None:
    limiter = ItemExponential(1, 2)
    bucket = Bucket(1, 1, clock=FakeClock())

    def work() -> None:
        for _ in range(500):
            limiter.when("one")
            bucket.when("one")

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert limiter.num_requeues("one") == 4000
    assert bucket.when("one") == 4000
