"""Which item of a work queue is next, and when: rules without waiting, on a clock that the test moves."""

from __future__ import annotations

import gc
import math
import weakref
from typing import Any

import pytest

from kubecore.clocks import FakeClock
from kubecore.workqueue import ItemExponential, QueueClosedError, WorkQueue


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def queue(clock: FakeClock) -> WorkQueue[str]:
    return WorkQueue(clock=clock)


def take_all(queue: WorkQueue[str]) -> list[str]:
    """Get all items that are ready, and call `done` for each."""
    items = []
    while len(queue):
        items.append(queue.get())
        queue.done(items[-1])
    return items


def test_items_are_taken_in_the_order_in_which_they_were_added(queue: WorkQueue[str]) -> None:
    for item in "cab":
        queue.add(item)
    assert take_all(queue) == ["c", "a", "b"]


def test_an_item_that_is_added_twice_is_taken_once_at_its_first_place(queue: WorkQueue[str]) -> None:
    for item in ("a", "b", "a"):
        queue.add(item)
    assert len(queue) == 2
    assert take_all(queue) == ["a", "b"]


def test_an_item_that_is_worked_on_is_not_given_to_another_worker(queue: WorkQueue[str]) -> None:
    queue.add("a")
    queue.add("b")
    assert queue.get() == "a"
    queue.add("a")
    assert len(queue) == 1
    assert queue.get() == "b"
    assert len(queue) == 0


def test_an_item_that_is_added_while_it_is_worked_on_is_queued_again_by_done(queue: WorkQueue[str]) -> None:
    queue.add("a")
    assert queue.get() == "a"
    queue.add("a")
    queue.add("a")
    assert len(queue) == 0
    queue.done("a")
    assert take_all(queue) == ["a"]


def test_done_for_an_item_that_is_not_worked_on_is_ignored(queue: WorkQueue[str]) -> None:
    queue.done("never added")
    queue.add("a")
    queue.done("a")
    assert take_all(queue) == ["a"]
    queue.done("a")
    assert len(queue) == 0


def test_an_item_that_is_done_twice_is_still_worked_on_once(queue: WorkQueue[str]) -> None:
    queue.add("a")
    queue.get()
    queue.add("a")
    queue.done("a")
    queue.done("a")
    assert take_all(queue) == ["a"]


@pytest.mark.parametrize("priorities", [(1, 2), (2, 1)])
def test_an_item_that_is_added_with_two_priorities_has_the_higher_one(
    queue: WorkQueue[str], priorities: tuple[int, int]
) -> None:
    queue.add("a", priority=priorities[0])
    queue.add("b", priority=1)
    queue.add("a", priority=priorities[1])
    assert take_all(queue) == ["a", "b"]


def test_a_higher_priority_is_first(queue: WorkQueue[str]) -> None:
    for item in ("foo", "bar", "baz"):
        queue.add(item)
    queue.add("baz", priority=1)
    queue.add("qux", priority=-1)
    assert take_all(queue) == ["baz", "foo", "bar", "qux"]


def test_an_item_that_is_raised_goes_to_the_end_of_its_new_priority(queue: WorkQueue[str]) -> None:
    queue.add("foo")
    queue.add("bar", priority=1)
    queue.add("foo", priority=1)
    assert take_all(queue) == ["bar", "foo"]


def test_an_item_that_is_added_with_its_own_or_a_lower_priority_keeps_its_place(queue: WorkQueue[str]) -> None:
    queue.add("foo", priority=1)
    queue.add("bar", priority=1)
    queue.add("foo", priority=1)
    queue.add("foo")
    assert take_all(queue) == ["foo", "bar"]


def test_an_item_that_is_queued_again_by_done_has_the_highest_of_its_new_priorities(queue: WorkQueue[str]) -> None:
    queue.add("a", priority=9)
    queue.get()
    for priority in (-1, 1, 0):
        queue.add("a", priority=priority)
    queue.add("b", priority=1)
    queue.add("c", priority=2)
    queue.add("d")
    queue.done("a")
    assert take_all(queue) == ["c", "b", "a", "d"]


def test_one_of_sixteen_items_is_of_the_lowest_priority(queue: WorkQueue[str]) -> None:
    for number in range(100):
        queue.add(f"high{number}", priority=1)
        queue.add(f"low{number}", priority=-1)
    taken = [queue.get() for _ in range(64)]
    assert [number for number, item in enumerate(taken, start=1) if item.startswith("low")] == [16, 32, 48, 64]


def test_priorities_between_the_highest_and_the_lowest_do_not_wait_for_ever(queue: WorkQueue[str]) -> None:
    for priority in range(4):
        for number in range(100):
            queue.add(f"{priority} {number}", priority=priority)
    taken = [queue.get()[0] for _ in range(64)]
    assert {priority: taken.count(priority) for priority in "3210"} == {"3": 56, "2": 2, "1": 2, "0": 4}


def test_a_delayed_item_is_taken_when_its_time_has_come(queue: WorkQueue[str], clock: FakeClock) -> None:
    queue.add_after("a", 0.05)
    assert len(queue) == 0
    clock.advance(0.04)
    assert len(queue) == 0
    clock.advance(0.02)
    assert take_all(queue) == ["a"]


@pytest.mark.parametrize(("delays", "due"), [((0.05, 0.07), 0.05), ((0.05, 0.03), 0.03)])
def test_of_two_delays_the_earlier_time_counts(
    queue: WorkQueue[str], clock: FakeClock, delays: tuple[float, float], due: float
) -> None:
    for delay in delays:
        queue.add_after("foo", delay)
    clock.advance(due - 0.001)
    assert len(queue) == 0
    clock.advance(0.002)
    assert take_all(queue) == ["foo"]
    clock.advance(1)
    assert take_all(queue) == []


def test_due_items_are_taken_in_the_order_of_their_times(queue: WorkQueue[str], clock: FakeClock) -> None:
    queue.add_after("a", 1)
    queue.add_after("b", 0.05)
    clock.advance(0.06)
    assert take_all(queue) == ["b"]
    queue.add_after("c", 2)
    clock.advance(5)
    queue.add("d")
    assert take_all(queue) == ["a", "c", "d"]


def test_items_of_descending_delays_are_taken_at_their_times(queue: WorkQueue[str], clock: FakeClock) -> None:
    for item, delay in (("first", 1), ("second", 0.5), ("third", 0.25)):
        queue.add_after(item, delay)
    taken = []
    for _ in range(4):
        clock.advance(0.25)
        taken.append(take_all(queue))
    assert taken == [["third"], ["second"], [], ["first"]]


def test_items_with_one_time_are_taken_in_the_order_in_which_they_were_added(
    queue: WorkQueue[str], clock: FakeClock
) -> None:
    for item in "bca":
        queue.add_after(item, 1)
    clock.advance(1)
    assert take_all(queue) == ["b", "c", "a"]


@pytest.mark.parametrize("is_delayed_first", [False, True])
def test_an_item_that_is_queued_is_not_delayed_as_well(
    queue: WorkQueue[str], clock: FakeClock, *, is_delayed_first: bool
) -> None:
    for is_delayed in (is_delayed_first, not is_delayed_first):
        queue.add_after("foo", 3600) if is_delayed else queue.add("foo")
    assert take_all(queue) == ["foo"]
    clock.advance(3600)
    assert take_all(queue) == []


def test_a_delay_and_an_add_give_an_item_the_higher_priority(queue: WorkQueue[str], clock: FakeClock) -> None:
    queue.add_after("a", 10, priority=5)
    queue.add("b", priority=1)
    queue.add("a")
    assert take_all(queue) == ["a", "b"]
    queue.add("c")
    queue.add("d", priority=1)
    queue.add_after("c", 10, priority=2)
    assert take_all(queue) == ["c", "d"]
    queue.add_after("e", 1, priority=1)
    queue.add_after("e", 2, priority=3)
    queue.add_after("f", 1, priority=2)
    clock.advance(1)
    assert take_all(queue) == ["e", "f"]


def test_the_length_is_the_number_of_items_that_are_ready(queue: WorkQueue[str], clock: FakeClock) -> None:
    queue.add_after("foo", 60)
    queue.add_after("bar", 60)
    queue.add("baz")
    queue.add("bal")
    assert len(queue) == 2
    queue.get()
    assert len(queue) == 1
    clock.advance(60)
    assert len(queue) == 3


def test_an_item_that_becomes_due_while_it_is_worked_on_is_queued_by_done(
    queue: WorkQueue[str], clock: FakeClock
) -> None:
    queue.add("a")
    queue.get()
    queue.add_after("a", 1)
    clock.advance(2)
    assert len(queue) == 0
    queue.done("a")
    assert take_all(queue) == ["a"]


def test_an_item_that_is_delayed_while_it_is_worked_on_stays_delayed(queue: WorkQueue[str], clock: FakeClock) -> None:
    queue.add("a")
    queue.get()
    queue.add_after("a", 3)
    queue.done("a")
    assert len(queue) == 0
    clock.advance(3)
    assert take_all(queue) == ["a"]


def test_a_delay_of_zero_seconds_queues_at_once(queue: WorkQueue[str]) -> None:
    queue.add_after("a", 0)
    assert take_all(queue) == ["a"]


def test_delays_that_were_replaced_need_no_memory(queue: WorkQueue[str]) -> None:
    for number in range(10_000):
        queue.add_after("shorter", 7200 - number / 2)
        queue.add_after("queued", 3600)
        queue.add("queued")
        queue.done(queue.get())
    assert len(queue._core._heap) < 100


def test_each_failure_doubles_the_wait_until_the_item_is_forgotten(clock: FakeClock) -> None:
    queue: WorkQueue[str] = WorkQueue(ItemExponential(1, 60), clock=clock)
    for wait in (1, 2, 4):
        queue.add_rate_limited("a")
        clock.advance(wait - 0.5)
        assert len(queue) == 0
        clock.advance(0.5)
        assert take_all(queue) == ["a"]
    assert (queue.num_requeues("a"), queue.num_requeues("b")) == (3, 0)
    queue.forget("a")
    assert queue.num_requeues("a") == 0
    queue.add_rate_limited("a", priority=1)
    clock.advance(1)
    assert take_all(queue) == ["a"]


def test_a_rate_limited_item_keeps_its_priority(clock: FakeClock) -> None:
    queue: WorkQueue[str] = WorkQueue(ItemExponential(1, 60), clock=clock)
    queue.add_rate_limited("a", priority=-1)
    queue.add_rate_limited("b", priority=1)
    queue.add_rate_limited("c")
    clock.advance(1)
    assert take_all(queue) == ["b", "c", "a"]


def test_the_default_limiter_is_that_of_client_go(queue: WorkQueue[str], clock: FakeClock) -> None:
    queue.add_rate_limited("a")
    clock.advance(0.0051)
    assert take_all(queue) == ["a"]
    for number in range(99):
        queue.add_rate_limited(str(number))
    clock.advance(0.0051)
    assert len(take_all(queue)) == 99
    for number in range(100, 103):  # The bucket of 100 attempts is empty, and gets ten a second.
        queue.add_rate_limited(str(number))
    clock.advance(0.095)
    assert take_all(queue) == ["100"]
    clock.advance(0.2)
    assert take_all(queue) == ["101", "102"]


def test_successful_items_need_no_memory_in_the_limiter(clock: FakeClock) -> None:
    limiter = ItemExponential(1, 60)
    queue: WorkQueue[str] = WorkQueue(limiter, clock=clock)
    for number in range(100):
        queue.add(str(number))
        item = queue.get()
        queue.forget(item)
        queue.done(item)
    assert limiter._failures._counts == {}


def test_after_shut_down_queued_items_are_taken_and_then_the_queue_is_closed(
    queue: WorkQueue[str], clock: FakeClock
) -> None:
    queue.add("a")
    queue.add_after("due", 1)
    queue.add_after("later", 2)
    clock.advance(1.5)
    assert not queue.is_shut_down
    queue.shut_down()
    assert queue.is_shut_down
    clock.advance(10)
    assert take_all(queue) == ["a", "due"]
    assert queue._core._delayed == {}
    with pytest.raises(QueueClosedError, match="the queue was shut down"):
        queue.get()


def test_after_shut_down_nothing_is_added(queue: WorkQueue[str], clock: FakeClock) -> None:
    queue.shut_down()
    queue.shut_down()
    queue.add("a")
    queue.add_after("b", 0)
    queue.add_after("c", 1)
    queue.add_rate_limited("d")
    clock.advance(10)
    assert len(queue) == 0
    assert queue.num_requeues("d") == 0
    queue.done("a")
    queue.forget("a")
    with pytest.raises(QueueClosedError):
        queue.get()


def test_an_item_that_was_added_during_its_work_before_shut_down_is_taken_once_more(queue: WorkQueue[str]) -> None:
    queue.add("a")
    queue.get()
    queue.add("a")
    queue.shut_down()
    queue.add("a")
    queue.done("a")
    assert take_all(queue) == ["a"]
    with pytest.raises(QueueClosedError):
        queue.get()


def test_items_that_were_taken_are_not_kept_alive() -> None:
    class Item:
        pass

    queue: WorkQueue[Item] = WorkQueue(name="x")
    item = Item()
    reference = weakref.ref(item)
    queue.add(item)
    queue.add_after(item, 1)
    queue.done(queue.get())
    del item
    gc.collect()
    assert reference() is None


@pytest.mark.parametrize("seconds", [-1, -0.001, math.nan, math.inf])
def test_delays_that_are_negative_or_not_finite_are_refused(queue: WorkQueue[str], seconds: float) -> None:
    with pytest.raises(ValueError, match="a delay must be finite and 0 s or more"):
        queue.add_after("a", seconds)
    assert queue._core._delayed == {}


def test_values_of_wrong_types_are_refused(queue: WorkQueue[str]) -> None:
    wrong: Any = queue
    for add in (wrong.add, wrong.add_rate_limited, lambda item: wrong.add_after(item, 1)):
        with pytest.raises(TypeError, match=r"items of a queue must be hashable, .* not \['a'\]"):
            add(["a"])
    with pytest.raises(TypeError, match="unhashable"):
        wrong.done(["a"])
    with pytest.raises(TypeError, match="priority must be an integer, not 'high'"):
        wrong.add("a", priority="high")
    with pytest.raises(TypeError, match="a delay must be a number of seconds, not '1'"):
        wrong.add_after("a", "1")
    with pytest.raises(TypeError, match="positional argument"):
        wrong.add("a", 1)  # The priority: a second number would be taken for a delay.
    assert len(queue) == 0


def test_an_item_whose_comparison_raises_loses_no_other_item(queue: WorkQueue[Any]) -> None:
    class Broken:
        def __hash__(self) -> int:
            return hash("a")

        def __eq__(self, other: object) -> bool:
            raise RuntimeError("no comparison")

    queue.add("a")
    with pytest.raises(RuntimeError, match="no comparison"):
        queue.add(Broken())
    assert take_all(queue) == ["a"]
