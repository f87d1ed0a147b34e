"""Server processes: their start, their logs, and their end, also if the process that started them is killed."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

__all__ = ["Folder", "PortTakenError", "ServerProcess", "free_port", "retry_if_port_taken", "stop_all"]

_PATIENCE: Final = 2.0
"""Seconds between SIGTERM and SIGKILL: the API server waits for open watches."""

_POLL: Final = 0.05

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


def retry_if_port_taken(start: Callable[[], None]) -> None:
    """Start something that chooses its ports, and retry twice if another process took one of them.

    Args:
        start: Chooses ports and starts a server.
    """
    for _ in range(2):
        with contextlib.suppress(PortTakenError):
            start()
            return
    start()


class Folder:
    """A temporary folder of servers, which is removed with them, also if this process is killed.

    A watcher process removes it in that case, and kills the servers. On Linux the kernel kills them, too.

    Args:
        prefix: The beginning of the folder's name.
    """

    def __init__(self, prefix: str) -> None:
        self.path: Path = Path(tempfile.mkdtemp(prefix=prefix))
        program = Path(__file__).with_name("watcher.py")
        # In a separate session, the watcher survives a signal to the process group of the tests.
        self._watcher = subprocess.Popen(
            [sys.executable, "-I", "-S", str(program), str(self.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def started(self, pid: int) -> None:
        """Let the watcher kill a process if this process ends before it."""
        self._send(f"+{pid}\n")

    def ended(self, pid: int) -> None:
        """Let the watcher forget a process."""
        self._send(f"-{pid}\n")

    def remove(self) -> None:
        """Remove the folder and end the watcher; the servers must have ended."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._send("done\n")
        if self._watcher.stdin is not None:
            with contextlib.suppress(OSError):
                self._watcher.stdin.close()
        self._watcher.wait()

    def _send(self, command: str) -> None:
        # If the watcher was killed, the kernel of Linux still ends the servers with this process.
        with contextlib.suppress(OSError, ValueError):
            if self._watcher.stdin is not None:
                self._watcher.stdin.write(command.encode())
                self._watcher.stdin.flush()


class ServerProcess:
    """A server process.

    Args:
        command: The program's path and its arguments.
        log: The file that receives its output.
        folder: The folder whose watcher kills the process if this process is killed; None for none.
    """

    def __init__(self, command: Sequence[str], log: Path, folder: Folder | None = None) -> None:
        self._log = log
        self._name = Path(command[0]).name
        self._log_start = log.stat().st_size if log.exists() else 0
        self._folder = folder
        self._process = _spawn(command, log)
        if folder is not None:
            folder.started(self._process.pid)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def printed(self, text: str) -> bool:
        """Return whether this process, not an earlier one with the same log, has printed a text."""
        return text in self._output()

    def wait_until(self, ready: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until the server is ready.

        Args:
            ready: Whether it is.
            seconds: The limit.

        Raises:
            PortTakenError: Another process uses its port.
            RuntimeError: It ended, or is not ready in time; the message has the end of its log.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise self._failure()
            time.sleep(_POLL)

    def terminate(self) -> None:
        """Send SIGTERM to the process, without waiting for its end."""
        if self._process.poll() is None:
            self._process.terminate()

    def stop(self, patience: float = _PATIENCE) -> None:
        """Terminate the process, and kill it if it does not end in time.

        Args:
            patience: Seconds until it is killed.
        """
        self.terminate()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._reap()

    def kill(self) -> None:
        """Kill the process and wait for its end."""
        self._process.kill()
        self._reap()

    def signal(self, number: int) -> None:
        """Send a signal to the process."""
        self._process.send_signal(number)

    def _reap(self) -> None:
        self._process.wait()
        if self._folder is not None:
            self._folder.ended(self._process.pid)

    def _output(self) -> str:
        return self._log.read_bytes()[self._log_start :].decode("utf-8", "replace")

    def _failure(self) -> RuntimeError:
        output = self._output()
        kind = PortTakenError if "address already in use" in output else RuntimeError
        return kind(f"{self._name} is not ready; its log ends:\n{output[-2000:]}")


def stop_all(processes: Sequence[ServerProcess]) -> None:
    """Stop several processes at the same time: SIGTERM, and SIGKILL for those that still run after two seconds."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + _PATIENCE
    for process in processes:
        process.stop(max(0.0, deadline - time.monotonic()))


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
