"""The clocks of controllers: the machine's, and the one that tests set."""

from __future__ import annotations

import time

import pytest

from kubecore.clocks import SYSTEM_CLOCK, Clock, FakeClock


def test_the_monotonic_clock_counts_suspension() -> None:
    clock_id = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    before = time.clock_gettime(clock_id)
    assert before <= SYSTEM_CLOCK.monotonic() <= time.clock_gettime(clock_id)


def test_the_wall_clock_is_the_machines() -> None:
    before = time.time()
    assert before <= SYSTEM_CLOCK.time() <= time.time()


def test_a_fake_clock_stands_still_until_it_is_moved() -> None:
    fake = FakeClock(now=5.0, wall=1000.0)
    clock: Clock = fake
    assert (clock.monotonic(), clock.time()) == (5.0, 1000.0)
    fake.advance(2.5)
    assert (clock.monotonic(), clock.time()) == (7.5, 1002.5)


def test_the_wall_clock_of_a_fake_clock_is_set_without_the_monotonic_one() -> None:
    clock = FakeClock()
    clock.set_time(0.0)
    assert (clock.monotonic(), clock.time()) == (0.0, 0.0)


def test_a_fake_clock_refuses_to_go_back() -> None:
    clock = FakeClock()
    with pytest.raises(ValueError, match=r"can't go back by 1.0 s; use set_time"):
        clock.advance(-1.0)
    assert clock.monotonic() == 0.0
