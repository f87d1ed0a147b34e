"""Slots of the synchronous pool: a lost slot is replaced after a KeyboardInterrupt at any instruction."""

from __future__ import annotations

import _weakrefset
import gc
import queue
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, Final

import pytest

from kubecore import errors, rest
from kubecore._auth.credential import Credential
from kubecore._http import pool as module
from kubecore._http.deadlines import Deadlines
from kubecore._http.pool import Pool
from kubecore._http.request import Request
from kubecore.calls.call import Call
from kubecore.rest.request_builder import RequestBuilder
from tests.kubecore.interrupts import interrupted

_FILES: Final = frozenset({str(module.__file__), _weakrefset.__file__})
_CONFIG: Final = rest.Config(
    host="http://127.0.0.1:1", max_connections=2, timeouts=rest.Timeouts(pool=0.001, total=None)
)


def request() -> Request:
    call: Call[Any] = Call(method="GET", path="/x", response=object, verb="get")
    return RequestBuilder(_CONFIG).make(call, Credential(None), streaming=False, deadline=None)


def take(pool: Pool) -> Any:
    return pool._take_slot(REQUEST, Deadlines(REQUEST))


REQUEST: Final = request()
UNLOCKED: Final[Any] = SimpleNamespace(here=nullcontext())
"""A replacement of the lock. Tracing can interrupt Python between the acquisition and the block; a signal cannot."""


def test_there_are_as_many_slots_as_connections() -> None:
    pool = Pool(_CONFIG)
    held = [take(pool), take(pool)]
    with pytest.raises(errors.PoolTimeoutError):
        take(pool)
    pool.leave(held.pop())
    held.append(take(pool))
    with pytest.raises(errors.PoolTimeoutError):
        take(pool)


def test_a_lost_slot_is_replaced() -> None:
    pool = Pool(_CONFIG)
    for _ in range(3):
        assert take(pool)  # No reference to the slot remains.


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Python reports the lost slot.
def test_an_interrupt_at_any_instruction_loses_no_slot() -> None:
    number = 0
    is_done = False
    while not is_done:
        number += 1
        pool = Pool(_CONFIG)
        pool._mending = UNLOCKED
        lost = take(pool)
        held = take(pool)

        def work(pool: Pool = pool) -> None:
            pool.leave(take(pool))

        del lost  # `take` must then create a slot.
        is_done = interrupted(number, work, _FILES) is None
        gc.collect(1)  # The error of `interrupted` is in a cycle with its frames.
        with pytest.raises(errors.PoolTimeoutError):
            more: list[Any] = [held]
            while len(more) <= 3:
                more.append(take(pool))
        assert len(more) == 2, f"instruction {number}"
    assert number > 50


def test_a_forked_child_has_its_own_slots() -> None:
    pool = Pool(_CONFIG)
    held = [take(pool), take(pool)]
    pool._leave_to_parent()
    assert [take(pool) for _ in range(2)]
    with pytest.raises(queue.Empty):
        pool._slots.get_nowait()
    del held
