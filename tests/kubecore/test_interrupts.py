"""Ctrl-C at every moment of a watch: the caller gets a KeyboardInterrupt, and close() never waits."""

from __future__ import annotations

import functools
import json
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from kubeclient.typed.core.v1 import pod as pods_of
from kubecore._support import wakeup
from kubecore._support.wakeup import Wakeup
from kubecore.watch import pacing, recovery, reporter, state, watcher
from tests.kubecore.interrupts import LostError, interrupted

_FILES: Final = frozenset(
    (module.__file__ or "" for module in (watcher, state, reporter, recovery, pacing, wakeup, threading)),
)
_POD: Final = {"metadata": {"name": "p", "namespace": "d", "uid": "u", "resourceVersion": "5"}}
_EVENT: Final = json.dumps({"type": "ADDED", "object": _POD}).encode() + b"\n"


class Stream:
    headers: Final = {"content-type": "application/json"}

    def chunks(self) -> Iterator[bytes]:
        yield _EVENT


class FakeClient:
    """Responds to a watch with one event, without any I/O."""

    @contextmanager
    def stream(self, call: Any, **_: Any) -> Iterator[Stream]:
        yield Stream()

    def send(self, call: Any, **_: Any) -> Any:
        raise AssertionError(call)


def put(found: queue.SimpleQueue[BaseException | None], number: int, work: Callable[[], None]) -> None:
    found.put(interrupted(number, work, _FILES))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Lost interrupts.
def test_ctrl_c_at_any_moment_of_a_watch_is_raised_and_close_returns() -> None:
    watches: list[Any] = []

    def work() -> None:
        with pods_of.Pods(FakeClient(), "d").watch(resource_version="1") as events:  # type: ignore[arg-type]
            watches.append(events)
            assert next(iter(events)).object.metadata.name == "p"

    lost = 0
    for number in range(1, 20_000):
        watches.clear()
        found = queue.SimpleQueue[BaseException | None]()
        threading.Thread(target=put, args=(found, number, work), daemon=True).start()
        error = found.get(timeout=60)  # Fails if the watch hangs.
        if error is None:
            break
        lost += isinstance(error, LostError)
        assert isinstance(error, (KeyboardInterrupt, LostError)), f"instruction {number}: {error!r}"
        for watch in watches:
            thread = threading.Thread(target=watch.close, daemon=True)
            thread.start()
            thread.join(60)
            assert not thread.is_alive(), f"close() waits after an interrupt before instruction {number}"
    assert number > 300
    assert lost < 20


def test_another_thread_can_set_a_wakeup_after_an_interrupt_at_any_moment() -> None:
    for given in (False, True):
        for number in range(1, 1000):
            one = Wakeup()
            if given:
                one.set()
            error = interrupted(number, functools.partial(one.wait, 0.0), {wakeup.__file__})
            thread = threading.Thread(target=one.set, daemon=True)
            thread.start()
            thread.join(60)
            assert not thread.is_alive()
            assert one.is_set()
            assert one.wait(0)
            if error is None:
                break
        assert number > 5


def test_a_wakeup_ends_the_waiting_of_several_threads() -> None:
    one = Wakeup()
    assert not one.wait(0)
    assert not one.wait(-1)
    found: list[bool] = []
    threads = [threading.Thread(target=lambda: found.append(one.wait(600))) for _ in range(5)]
    for thread in threads:
        thread.start()
    one.set()
    one.set()
    for thread in threads:
        thread.join(60)
    assert found == [True] * 5
    assert one.wait(float("inf"))
