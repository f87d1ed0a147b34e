"""A work queue compared with a simple model, for random sequences of calls."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kubecore.clocks import FakeClock
from kubecore.metrics import Registry
from kubecore.workqueue import ItemExponential
from kubecore.workqueue.core import QueueCore
from kubecore.workqueue.queue_metrics import QueueMetrics

ITEMS = st.sampled_from("abcdef")
PRIORITIES = st.sampled_from([-7, -1, 0, 1, 2])
DELAYS = st.integers(0, 5)


class Model:
    """The rules as lists that are searched: slow and obvious."""

    def __init__(self) -> None:
        self.now = 0.0
        self.ready: list[tuple[str, int]] = []
        self.delayed: list[tuple[float, str, int]] = []  # In the order in which the times were set.
        self.working: dict[str, int | None] = {}  # The priority with which the item was added again, if it was.
        self.takes = 0
        self.is_shut_down = False

    def add(self, item: str, priority: int) -> None:
        for entry in self.delayed:
            if entry[1] == item:
                priority = max(priority, entry[2])
        self.delayed = [entry for entry in self.delayed if entry[1] != item]
        if item in self.working:
            held = self.working[item]
            self.working[item] = priority if held is None else max(held, priority)
            return
        known = dict(self.ready).get(item)
        if known is None or known < priority:
            self.ready = [entry for entry in self.ready if entry[0] != item]
            self.ready.append((item, priority))

    def add_after(self, item: str, seconds: float, priority: int) -> None:
        if not seconds or item in dict(self.ready) or self.working.get(item) is not None:
            return self.add(item, priority)
        for at, (due, other, known) in enumerate(self.delayed):
            if other == item:
                priority = max(priority, known)
                if due <= self.now + seconds:
                    self.delayed[at] = (due, item, priority)
                    return None
                del self.delayed[at]
                break
        self.delayed.append((self.now + seconds, item, priority))
        return None

    def advance(self, seconds: float) -> None:
        self.now += seconds
        for due, item, priority in sorted(self.delayed, key=lambda entry: entry[0]):  # Stable.
            if due <= self.now:
                self.add(item, priority)

    def take(self) -> str:
        self.takes += 1
        priorities = sorted({priority for _, priority in self.ready})
        chosen = priorities[-1]
        if self.takes % 16 == 0:
            chosen = priorities[0]
        elif self.takes % 16 == 8 and len(priorities) > 2:
            between = priorities[1:-1]
            chosen = between[self.takes // 16 % len(between)]
        item = next(item for item, priority in self.ready if priority == chosen)
        self.ready = [entry for entry in self.ready if entry[0] != item]
        self.working[item] = None
        return item

    def done(self, item: str) -> None:
        held = self.working.pop(item, None)
        if held is not None:
            self.add(item, held)

    def shut_down(self) -> None:
        self.is_shut_down = True
        self.delayed = []


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.model = Model()
        self.registry = Registry()
        self.failures: dict[str, int] = {}

    @initialize(has_name=st.booleans())
    def create(self, *, has_name: bool) -> None:
        metrics = QueueMetrics("queue", self.registry) if has_name else None
        self.core: QueueCore[str] = QueueCore(ItemExponential(1, 8), self.clock, metrics)

    @rule(item=ITEMS, priority=PRIORITIES)
    def add(self, item: str, priority: int) -> None:
        self.core.add(item, priority)
        if not self.model.is_shut_down:
            self.model.add(item, priority)

    @rule(item=ITEMS, seconds=DELAYS, priority=PRIORITIES)
    def add_after(self, item: str, seconds: int, priority: int) -> None:
        self.core.add_after(item, seconds, priority)
        if not self.model.is_shut_down:
            self.model.add_after(item, seconds, priority)

    @rule(item=ITEMS, priority=PRIORITIES)
    def add_rate_limited(self, item: str, priority: int) -> None:
        self.core.add_rate_limited(item, priority)
        if not self.model.is_shut_down:
            count = self.failures.get(item, 0)
            self.failures[item] = count + 1
            self.model.add_after(item, min(2**count, 8), priority)

    @rule(item=ITEMS)
    def forget(self, item: str) -> None:
        self.core.forget(item)
        self.failures.pop(item, None)

    @rule(seconds=DELAYS)
    def advance(self, seconds: int) -> None:
        self.clock.advance(seconds)
        self.model.advance(seconds)

    @precondition(lambda self: self.model.ready)
    @rule(count=st.integers(1, 20))
    def take(self, count: int) -> None:
        for _ in range(min(count, len(self.model.ready))):
            taken: list[tuple[str, int]] = []
            before = {*self.model.working}
            self.core.take(taken)
            assert taken[0][0] not in before
            assert taken[0][0] == self.model.take()

    @precondition(lambda self: self.model.ready)
    @rule(count=st.integers(1, 40))
    def work(self, count: int) -> None:
        for _ in range(count if self.model.ready else 0):
            taken: list[tuple[str, int]] = []
            self.core.take(taken)
            item, priority = taken[0]
            assert item == self.model.take()
            if not self.model.is_shut_down:
                self.core.add(item, priority)
                self.model.add(item, priority)
            self.core.done(item)
            self.model.done(item)
            if not self.model.ready:
                break

    @precondition(lambda self: self.model.ready)
    @rule()
    def take_and_give_back(self) -> None:
        taken: list[tuple[str, int]] = []
        self.core.take(taken)
        self.core.repair()
        self.core.give_back(taken)
        item = self.model.take()
        assert taken[0][0] == item
        del self.model.working[item]
        self.model.ready.insert(0, taken[0])

    @rule(item=ITEMS)
    def done(self, item: str) -> None:
        self.core.done(item)
        self.model.done(item)

    @rule()
    def repair(self) -> None:
        self.core.repair()  # Nothing was interrupted, so nothing changes.

    @precondition(lambda self: not self.model.is_shut_down)
    @rule(seconds=DELAYS)
    def shut_down(self, seconds: int) -> None:
        self.core.shut_down()
        self.model.shut_down()
        self.clock.advance(seconds)
        self.model.advance(seconds)

    @invariant()
    def the_states_are_equal(self) -> None:
        if not hasattr(self, "core"):
            return
        model: Any = self.model
        assert len(self.core) == len(model.ready)
        assert self.core.is_idle == (not model.ready and not model.working)
        assert self.core.is_shut_down == model.is_shut_down
        assert self.core.next_due() == min((due for due, _, _ in model.delayed), default=None)
        assert {*self.core._working} == {*model.working}
        depths: dict[int, int] = {}
        for _, priority in model.ready:
            depths[priority] = depths.get(priority, 0) + 1
        assert self.core.depths() == depths
        for item in "abcdef":
            assert self.core.num_requeues(item) == self.failures.get(item, 0)


Machine.TestCase.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
TestModel = Machine.TestCase
