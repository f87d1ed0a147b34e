"""Ctrl-C in a thread that uses a queue, while a second thread gets items: no work of the second one ends early."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest

from kubecore.workqueue import WorkQueue
from tests.ready import PATIENCE


class Handover:
    """The lock of a queue: after an interrupt inside it, another thread gets it before the first one continues."""

    def __init__(self, other: Callable[[], None]) -> None:
        self.lock: Any = threading.RLock()
        self.released = threading.Event()
        self.ended = threading.Event()
        self.errors: list[BaseException] = []
        self.thread = threading.Thread(target=self.run, args=[other], daemon=True)
        self.thread.start()

    def run(self, other: Callable[[], None]) -> None:
        try:
            assert self.released.wait(PATIENCE)
            other()
        except BaseException as error:
            self.errors.append(error)
        finally:
            self.ended.set()

    def __enter__(self) -> None:
        self.lock.acquire()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.lock.release()
        if kind is KeyboardInterrupt and threading.current_thread() is not self.thread:
            self.released.set()
            assert self.ended.wait(PATIENCE)


class InterruptedLine(OrderedDict[str, None]):
    """The line of a priority: an interrupt comes when the first item is removed."""

    def __delitem__(self, key: str) -> None:
        raise KeyboardInterrupt


def started(queue: WorkQueue[str]) -> tuple[Handover, list[str]]:
    """Let a second worker get an item when an interrupt has ended the block of the first one."""
    items: list[str] = []
    lock: Any = Handover(lambda: items.append(queue.get()))
    queue._lock = lock
    return lock, items


def ensure_second_works(queue: WorkQueue[str], lock: Handover, items: list[str]) -> None:
    """Fail if a third worker could get the item of the second one."""
    assert (lock.errors, items) == ([], ["a"])
    queue.add("a")
    assert len(queue) == 0
    queue.done("a")
    assert len(queue) == 1


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_interrupt_of_done_does_not_end_the_work_of_another_worker(
    moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    assert queue.get() == "a"
    queue.add("a")
    lock, items = started(queue)
    original = queue._core.done

    def done(item: str) -> None:
        monkeypatch.undo()
        if moment == "after":
            original(item)
        raise KeyboardInterrupt

    monkeypatch.setattr(queue._core, "done", done)
    with pytest.raises(KeyboardInterrupt):
        queue.done("a")
    ensure_second_works(queue, lock, items)


def test_an_interrupt_of_get_does_not_give_back_the_item_of_another_worker() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    lock, items = started(queue)
    queue._core._lines[0] = InterruptedLine(queue._core._lines[0])
    with pytest.raises(KeyboardInterrupt):
        queue.get()
    ensure_second_works(queue, lock, items)
