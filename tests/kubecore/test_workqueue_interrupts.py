"""Ctrl-C at every instruction of a work queue for threads: no item is lost, and no worker waits for ever."""

from __future__ import annotations

import contextlib
import dis
import functools
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from types import FrameType
from typing import Any, Final

import pytest

from kubecore._support import wakeup
from kubecore.clocks import FakeClock
from kubecore.workqueue import ItemExponential, QueueClosedError, WorkQueue
from kubecore.workqueue import base as base_module
from kubecore.workqueue import core as core_module
from kubecore.workqueue import line as line_module
from kubecore.workqueue import queue as queue_module
from tests.kubecore.interrupts import interrupted
from tests.ready import PATIENCE, wait_until

pytestmark = pytest.mark.slow

_FILES: Final = frozenset(
    str(module.__file__) for module in (base_module, core_module, line_module, queue_module, wakeup)
)
UNLOCKED: Final[Any] = nullcontext()
"""A replacement of the lock. Tracing can interrupt Python between the acquisition and the block; a signal cannot."""


class Queue:
    """A queue with one item of each state, and with a worker that waits."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.queue: WorkQueue[str] = WorkQueue(ItemExponential(1, 8), clock=self.clock, name="")
        self.queue._lock = UNLOCKED
        for item in ("done", "held"):
            self.queue.add(item, priority=1)
            self.queue.get()
        self.queue.add("held")
        self.queue.add("low", priority=-1)
        self.queue.add_after("due", 1)
        self.queue.add_after("later", 10)
        self.queue.add_after("replaced", 20)
        self.clock.advance(1)
        self.items: list[str] = []
        self.worker = wakeup.Wakeup()
        self.queue._line.join(self.worker)

    def get(self) -> None:
        self.items.append(self.queue.get())

    def get_two(self) -> None:
        self.get()
        self.get()

    def shut_down_and_get(self) -> None:
        self.queue.shut_down()
        with contextlib.suppress(QueueClosedError):
            while True:
                self.get()

    def rest(self) -> list[str]:
        """Finish all work, and return the items that are still taken."""
        self.queue._line.leave(self.worker)
        for item in ("done", "held", *self.items):
            self.queue.done(item)
        self.clock.advance(100)
        rest = []
        while len(self.queue):
            rest.append(self.queue.get())
            self.queue.done(rest[-1])
        assert self.queue._core._working == {}
        assert self.queue._core.next_due() is None
        assert self.queue._line._called == self.queue._line.waiting == {}
        return rest


ALL: Final = {"held", "low", "due", "later", "replaced"}
CHANGES: dict[str, tuple[Callable[[Queue], object], set[str]]] = {
    "add": (lambda queue: queue.queue.add("new"), set()),
    "add with a higher priority": (lambda queue: queue.queue.add("low", priority=3), set()),
    "add a delayed item": (lambda queue: queue.queue.add("later"), set()),
    "add an item that is worked on": (lambda queue: queue.queue.add("done"), set()),
    "add after": (lambda queue: queue.queue.add_after("new", 5), set()),
    "add earlier": (lambda queue: queue.queue.add_after("replaced", 5, priority=2), set()),
    "add rate limited": (lambda queue: queue.queue.add_rate_limited("new"), set()),
    "get": (Queue.get, set()),
    "get due items too": (Queue.get_two, set()),
    "done": (lambda queue: queue.queue.done("done"), set()),
    "done for a held item": (lambda queue: queue.queue.done("held"), set()),
    "length": (lambda queue: len(queue.queue), set()),
    "shut down": (lambda queue: queue.queue.shut_down(), {"later", "replaced"}),
    "shut down and get": (Queue.shut_down_and_get, {"later", "replaced"}),
    "drain": (lambda queue: queue.queue.shut_down_with_drain(timeout=0), {"later", "replaced"}),
}


def walk(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    """Yield the frames of a traceback, and the offset of the instruction in each."""
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame, trace.tb_lasti
        trace = trace.tb_next


def is_returning(error: BaseException) -> bool:
    """Return whether no signal can interrupt `get` at this instruction: Python checks for them at calls and jumps back."""
    frames = [(frame.f_code, at) for frame, at in walk(error) if frame.f_code.co_filename in _FILES]
    code, at = frames[-1]
    if code is not WorkQueue.get.__code__:
        return False
    for instruction in dis.get_instructions(WorkQueue.get):
        if instruction.offset >= at:
            if instruction.opname == "RETURN_VALUE":
                return True
            if "CALL" in instruction.opname or "JUMP" in instruction.opname:
                return False
    return False


@pytest.mark.parametrize("change", CHANGES)
def test_an_interrupt_at_any_instruction_loses_no_item(change: str) -> None:
    call, dropped = CHANGES[change]
    for number in range(1, 10_000):
        queue = Queue()
        error = interrupted(number, functools.partial(call, queue), _FILES)
        if error is None:
            break
        assert isinstance(error, KeyboardInterrupt), f"instruction {number}: {error!r}"
        if is_returning(error):
            continue
        expected = ALL - dropped if queue.queue.is_shut_down else ALL
        rest = queue.rest()
        assert expected <= {*queue.items, *rest}, f"instruction {number}"
        assert len(rest) == len({*rest}), f"instruction {number}"
    assert number > 50


@pytest.mark.parametrize("change", CHANGES)
def test_an_interrupt_at_any_instruction_leaves_no_worker_asleep(change: str) -> None:
    call, _ = CHANGES[change]
    for number in range(1, 10_000):
        queue = Queue()
        error = interrupted(number, functools.partial(call, queue), _FILES)
        if error is None:
            break
        is_woken = queue.worker.is_set() or queue.worker not in queue.queue._line.waiting
        was_changed = len(queue.queue._core._queued) > 1 or queue.queue.is_shut_down
        assert is_woken or not was_changed, f"instruction {number}"
    assert number > 20


def shells(error: BaseException) -> list[str]:
    """Return the names of the interrupted methods of the queue."""
    return [frame.f_code.co_name for frame, _ in walk(error) if frame.f_code.co_filename == queue_module.__file__]


@pytest.mark.parametrize("item", ["done", "held"])
def test_an_interrupt_at_any_instruction_of_done_still_ends_the_work(item: str) -> None:
    for number in range(1, 10_000):
        queue = Queue()
        error = interrupted(number, functools.partial(queue.queue.done, item), _FILES)
        if error is None:
            break
        has_begun = shells(error) != ["done"]
        assert item not in queue.queue._core._working or not has_begun, f"instruction {number}"
    assert number > 50


def call_at(number: int, function: Callable[[], object], work: Callable[[], object]) -> bool:
    """Call a function before an instruction of other work, as a signal handler; return whether there is this instruction."""
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        if frame.f_code.co_filename not in _FILES:
            return None
        frame.f_trace, frame.f_trace_opcodes = trace, True
        if event == "opcode":
            count += 1
            if count == number:
                sys.settrace(None)
                function()
        return trace

    sys._getframe().f_trace_opcodes = True
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count >= number


@pytest.mark.parametrize("items", [0, 2])
def test_a_signal_handler_may_shut_down_a_queue_at_any_instruction(items: int) -> None:
    """The handler comes at a chosen instruction here; `test_workqueue_cancellation.py` has real signals."""
    for number in range(1, 10_000):
        queue: WorkQueue[int] = WorkQueue()
        found: list[bool] = []

        def work(queue: WorkQueue[int] = queue) -> None:
            for item in range(items):
                queue.add(item)
            queue.add_after(items, 3600)
            with contextlib.suppress(QueueClosedError):
                while True:
                    queue.done(queue.get())

        def run(queue: WorkQueue[int] = queue, number: int = number, found: list[bool] = found) -> None:
            found.append(call_at(number, queue.shut_down, functools.partial(work, queue)))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        wait_until(functools.partial(is_over, thread, queue))
        queue.shut_down()  # For a worker that waits because the handler did not come.
        thread.join(PATIENCE)
        assert not thread.is_alive(), f"instruction {number}"
        if not found[0]:
            break
    assert number > 50


def is_over(thread: threading.Thread, queue: WorkQueue[int]) -> bool:
    """Return whether the worker has ended, or waits although nothing has shut the queue down."""
    return not thread.is_alive() or (bool(queue._line.waiting) and not queue.is_shut_down)
