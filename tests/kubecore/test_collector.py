"""The cyclic collector is on again after every large body, even if an interrupt or a fork happens meanwhile."""

from __future__ import annotations

import gc
import json
import os
import threading
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from kubecore import errors
from kubecore.codec import decode, gc_pause
from kubecore.model import meta
from tests.kubecore.interrupts import interrupted

_LARGE: Final = json.dumps({"metadata": {}, "status": "x" * 70_000}).encode()
_FILES: Final = tuple(module.__file__ or "" for module in (decode, gc_pause))


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    assert gc.isenabled()
    yield
    gc.enable()


@pytest.mark.parametrize("body", [_LARGE, _LARGE.replace(b"{}", b"[]"), _LARGE[:-1]], ids=["good", "wrong", "cut"])
def test_an_interrupt_before_any_instruction_leaves_the_collector_on(body: bytes) -> None:
    def work() -> None:
        try:
            decode.decode(body, meta.Status)
        except errors.DecodeError:
            pass

    work()
    frozen = gc.get_freeze_count()  # Python 3.12 starts with frozen objects. The first pause unfreezes them.
    for number in range(1, 10_000):
        error = interrupted(number, work, _FILES)
        if error is None:
            break
        # `error` still refers to every frame that the interrupt passed through.
        assert isinstance(error, KeyboardInterrupt)
        assert gc.isenabled(), f"off after an interrupt before instruction {number}"
        assert gc.get_freeze_count() == frozen, f"frozen after an interrupt before instruction {number}"
    assert number > 30


def test_the_collector_is_off_during_the_work_and_on_afterwards() -> None:
    assert gc_pause.paused(gc.isenabled) is False
    assert gc.isenabled()

    def failing() -> None:
        raise ValueError(gc.isenabled())

    with pytest.raises(ValueError, match="False") as caught:
        gc_pause.paused(failing)
    assert gc.isenabled(), caught.value


def test_a_collector_that_the_user_switched_off_stays_off() -> None:
    gc.disable()
    decode.decode(_LARGE, meta.Status)
    assert not gc.isenabled()
    with pytest.raises(errors.DecodeError):
        decode.decode(_LARGE[:-1], meta.Status)
    assert not gc.isenabled()


def test_work_inside_of_work_and_in_other_threads_leaves_the_collector_on() -> None:
    assert gc_pause.paused(gc_pause.paused, gc.isenabled) is False
    assert gc.isenabled()
    inside, leave = threading.Event(), threading.Event()

    def work() -> None:
        inside.set()
        leave.wait(10)

    first = threading.Thread(target=gc_pause.paused, args=(work,))
    first.start()
    inside.wait(10)
    decode.decode(_LARGE, meta.Status)  # Starts after the other thread and ends before it.
    leave.set()
    first.join()
    assert gc.isenabled()


def test_objects_that_the_user_has_frozen_stay_frozen() -> None:
    gc.freeze()
    try:
        before = gc.get_freeze_count()
        assert before > 1000
        decode.decode(_LARGE, meta.Status)
        assert gc.get_freeze_count() == before
    finally:
        gc.unfreeze()


def in_child(look: Callable[[], object]) -> str:
    """Return the result of `look` in a forked child, as text."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(look()).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        found = pipe.read().decode()
    os.waitpid(child, 0)
    return found


@pytest.mark.parametrize("point", ["work", "freeze"])
def test_a_child_forked_while_another_thread_decodes_has_its_collector_on(
    point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, leave = threading.Event(), threading.Event()
    freeze = gc.freeze

    def wait() -> None:
        if point == "freeze":
            freeze()
        inside.set()
        leave.wait(10)

    if point == "freeze":
        monkeypatch.setattr(gc_pause, "_freeze", wait)
    thread = threading.Thread(target=gc_pause.paused, args=((lambda: None) if point == "freeze" else wait,))
    thread.start()
    inside.wait(10)
    try:
        assert not gc.isenabled()
        assert in_child(gc.isenabled) == "True"
        assert int(in_child(gc.get_freeze_count)) < 1000
        assert not gc.isenabled()
    finally:
        leave.set()
        thread.join()
    assert gc.isenabled()


def test_a_child_whose_parent_had_the_collector_off_has_it_off() -> None:
    gc.disable()
    decode.decode(_LARGE, meta.Status)
    assert in_child(gc.isenabled) == "False"
