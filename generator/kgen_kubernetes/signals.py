"""SIGINT and SIGTERM at any moment: one line and the right exit code.

A KeyboardInterrupt is lost if it is raised inside a callback, a finalizer or an import that catches everything. While
there is nothing to put in order, the handlers here therefore end the process themselves instead of raising.

This module imports as little as possible: until its handlers are set, Python's own apply.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False  # `typing` alone takes longer to import than all of this.
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import NoReturn

__all__ = ["exit_interrupted", "exit_on_signals", "run"]


def exit_interrupted(number: int) -> NoReturn:
    """Print `interrupted` and end the process at once with the exit code of a signal.

    Args:
        number: The signal: SIGINT exits with 130, SIGTERM with 143.
    """
    try:  # noqa: SIM105 - contextlib is not imported here
        os.write(2, b"interrupted\n")
    except OSError:
        pass  # Nobody reads standard error any more.
    os._exit(128 + number)


def exit_on_signals() -> None:
    """Let SIGINT end the process at once: at start and during imports nothing needs to be put in order.

    SIGTERM likewise for `build --watch`. A signal that the caller has chosen to ignore stays ignored, as with `nohup`.
    """
    try:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _end)
        if _watches() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _end)
    except ValueError:
        return  # Not the main thread, which alone handles signals.


def run(command: Callable[[], int]) -> int:
    """Run a command line during which SIGINT raises KeyboardInterrupt; afterwards SIGINT is ignored.

    With `--watch` SIGINT keeps ending the process until the watch has its own handlers.

    Args:
        command: Returns the exit code. It puts things in order when it is interrupted.
    """
    raises = not _watches() and signal.getsignal(signal.SIGINT) is _end
    try:
        if raises:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        code = command()
        if raises:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # The result stands: the interpreter only has to end.
    except KeyboardInterrupt:
        exit_interrupted(signal.SIGINT)
    return code


def _watches() -> bool:
    return "--watch" in sys.argv


def _end(number: int, _: FrameType | None) -> None:
    exit_interrupted(number)
