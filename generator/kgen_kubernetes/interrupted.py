"""SIGINT and SIGTERM at any moment: one line and the right exit code.

A KeyboardInterrupt is lost if it is raised inside a callback, a finalizer or an import that catches everything. While
there is nothing to put in order, the handlers here therefore end the process themselves instead of raising.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Generator
from types import FrameType
from typing import Final

__all__ = ["end", "exits", "run"]

WORDS: Final = b"interrupted\n"


def end(number: int) -> None:
    """Print `interrupted` and end the process at once with the exit code of a signal.

    Args:
        number: The signal: SIGINT exits with 130, SIGTERM with 143.
    """
    with contextlib.suppress(OSError):  # Nobody reads standard error any more.
        os.write(2, WORDS)
    os._exit(128 + number)


@contextlib.contextmanager
def exits() -> Generator[None]:
    """Let SIGINT end the process at once while nothing needs to be put in order: at start and during imports."""
    if not _is_default():
        yield
        return
    signal.signal(signal.SIGINT, _end)
    yield


def run(command: Callable[[], int]) -> int:
    """Run a command line for which SIGINT raises KeyboardInterrupt; afterwards SIGINT is ignored.

    Args:
        command: Returns the exit code. It puts things in order when it is interrupted.
    """
    try:
        if signal.getsignal(signal.SIGINT) is _end:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        code = command()
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # The result stands: the interpreter only has to end.
    except KeyboardInterrupt:
        end(signal.SIGINT)
        raise
    return code


def _end(number: int, _: FrameType | None) -> None:
    end(number)


def _is_default() -> bool:
    """Return whether SIGINT raises KeyboardInterrupt: not if the caller has chosen to ignore it, as `nohup` does."""
    return (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
