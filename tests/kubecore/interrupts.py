"""A KeyboardInterrupt before a chosen instruction: what a signal can do, at every moment and without a clock."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Collection
from types import FrameType
from typing import Any


class LostError(Exception):
    """The interrupt came while Python ended a generator that nobody holds any more: Python itself reports and drops it."""


def interrupted(number: int, work: Callable[[], Any], files: Collection[str]) -> BaseException | None:
    """Do some work, and interrupt it.

    Args:
        number: before which instruction, counted from 1.
        work: the work.
        files: only instructions of these files count.

    Returns:
        What the work raised; None if it has fewer instructions; LostError if Python dropped the interrupt.
    """
    # In a thread of its own: an interrupt before the last instruction of a handler leaves its exception in the thread's
    # state, where it would become the context of every later one.
    found: list[BaseException | None] = []
    thread = threading.Thread(target=lambda: found.append(_interrupted(number, work, files)), daemon=True)
    thread.start()
    thread.join()
    return found[0]


def _interrupted(number: int, work: Callable[[], Any], files: Collection[str]) -> BaseException | None:
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        if frame.f_code.co_filename not in files:
            return None
        frame.f_trace, frame.f_trace_opcodes = trace, True
        if event == "opcode":
            count += 1
            if count == number:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys._getframe().f_trace_opcodes = True  # Else Python 3.12 does not begin to trace instructions.
    sys.settrace(trace)
    try:
        work()
    except BaseException as error:
        return error
    finally:
        sys.settrace(before)
    return LostError() if count >= number else None
