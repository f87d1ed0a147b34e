"""A program that ends servers and removes their folder when the process that started them is killed.

It is started as a file, without kubecore, and reads commands from its standard input: `+PID` and `-PID` for servers
that run and that ended, and `done` when nothing is left to do. The end of the input without `done` means that the
process has ended, however it was killed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Iterable

__all__ = ["watch"]


def watch(commands: Iterable[str], folder: str) -> None:
    """Follow the commands to their end.

    Args:
        commands: The lines of the input.
        folder: The folder to remove.
    """
    running: set[int] = set()
    for command in commands:
        text = command.strip()
        if text == "done":
            return
        (running.add if text.startswith("+") else running.discard)(int(text[1:]))
    for pid in running:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    watch(sys.stdin, sys.argv[1])
