"""Raise a KeyboardInterrupt before a chosen instruction, to simulate a signal at any moment without a clock."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Collection
from types import FrameType
from typing import Any


class LostError(Exception):
    """Python reported and dropped the interrupt, because it arrived while Python closed an unreferenced generator."""


def interrupted(number: int, work: Callable[[], Any], files: Collection[str]) -> BaseException | None:
    """Call a function and interrupt it.

    Args:
        number: The instruction before which to interrupt, counted from 1.
        work: The function to call.
        files: The source files whose instructions count.

    Returns:
        The error that `work` raised. None if `work` has fewer instructions. LostError if Python dropped the interrupt.
    """
    # An interrupt before the last instruction of a handler leaves its exception in the state of the thread. In a shared
    # thread, it would become the context of every later exception.
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
    sys._getframe().f_trace_opcodes = True  # Otherwise Python 3.12 does not start to trace instructions.
    sys.settrace(trace)
    try:
        work()
    except BaseException as error:
        return error
    finally:
        sys.settrace(before)
    return LostError() if count >= number else None
