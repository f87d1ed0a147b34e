"""Server processes with a log, which the tests start, wait for and always stop."""

from __future__ import annotations

import functools
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

_PATIENCE: Final = 3.0

# On Linux, a process can request its own end for the time when its parent ends. A small program sends the request and
# then becomes the server: `preexec_fn` would fork, and newer Pythons warn about a fork if threads run. The program
# compares the parent's id because the parent may have ended before the request.
_TIED: Final = (
    "import ctypes, os, signal, sys; "
    "ctypes.CDLL(None).prctl(1, signal.SIGKILL); "
    "os.getppid() == int(sys.argv[1]) and os.execv(sys.argv[2], sys.argv[2:])"
)


class PortTakenError(RuntimeError):
    """Another process took the port between its choice and its use."""


def free_port() -> int:
    """Return a port on loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def again_where_taken(start: Callable[[], None]) -> None:
    """Start something that chooses its ports, and retry once if another process took one of them."""
    try:
        start()
    except PortTakenError:
        start()


class Server:
    """A server process.

    Args:
        command: The program's path and its arguments.
        log: The file that receives its output.
    """

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._log = log
        self._name = Path(command[0]).name
        self._log_start = log.stat().st_size if log.exists() else 0
        self._process = _spawn(command, log)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def printed(self, text: str) -> bool:
        """Return whether this process, not an earlier one with the same log, has printed a text."""
        return text in self._said()

    def wait_until(self, ready: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until the server responds; if it does not, stop it and show the end of its log."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise self._failure()
            time.sleep(0.1)

    def terminate(self) -> None:
        """Send SIGTERM to the process, without waiting for its end."""
        if self._process.poll() is None:
            self._process.terminate()

    def stop(self) -> None:
        """Terminate the process, and kill it after three seconds: the API server waits for open watches."""
        self.terminate()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def kill(self) -> None:
        """Kill the process and wait for its end."""
        self._process.kill()
        self._process.wait()

    def signal(self, number: int) -> None:
        """Send a signal to the process."""
        self._process.send_signal(number)

    def _said(self) -> str:
        return self._log.read_bytes()[self._log_start :].decode("utf-8", "replace")

    def _failure(self) -> RuntimeError:
        said = self._said()
        kind = PortTakenError if "address already in use" in said else RuntimeError
        return kind(f"{self._name} is not ready; its log ends:\n{said[-2000:]}")


def _spawn(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    # For Linux, the parent is the thread that forks. A server must not end with the thread of a test.
    if threading.current_thread() is threading.main_thread():
        return _popen(command, log)
    return _lasting_thread().submit(_popen, command, log).result()


@functools.cache
def _lasting_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "servers")


def _popen(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    if sys.platform == "linux":
        command = [sys.executable, "-I", "-S", "-c", _TIED, str(os.getpid()), *command]
    with log.open("ab") as file:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=log.parent)
