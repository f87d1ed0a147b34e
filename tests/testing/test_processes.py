"""Servers and their folder end with the process that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kubecore.testing.machine.processes import Folder, ServerProcess, stop_all
from kubecore.testing.machine.watcher import watch
from tests.ready import wait_until

_KILLED = """
import os, pathlib, signal
from kubecore.testing.machine.processes import Folder, ServerProcess
folder = Folder("kubecore-test-")
server = ServerProcess(["/bin/sleep", "600"], folder.path / "log", folder)
print(server.pid, folder.path, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""

_STUBBORN = ["/bin/sh", "-c", "trap '' TERM; echo ready; while :; do sleep 600 & wait; done"]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_servers_and_their_folder_end_with_a_process_that_is_killed() -> None:
    ended = subprocess.run([sys.executable, "-c", _KILLED], stdout=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL
    pid, folder = ended.stdout.split()
    wait_until(lambda: not _is_alive(int(pid)))
    wait_until(lambda: not Path(folder).exists())


def test_the_watcher_kills_servers_and_removes_the_folder_at_the_end_of_its_input(tmp_path: Path) -> None:
    """The watcher alone ends servers on systems other than Linux."""
    folder = tmp_path / "files"
    folder.mkdir()
    running, ended = (subprocess.Popen(["/bin/sleep", "600"]) for _ in range(2))
    watch([f"+{running.pid}\n", f"+{ended.pid}\n", f"-{ended.pid}\n"], str(folder))
    assert running.wait() == -signal.SIGKILL
    assert not folder.exists()
    assert ended.poll() is None
    ended.kill()
    ended.wait()


def test_the_watcher_leaves_everything_as_it_is_after_done(tmp_path: Path) -> None:
    watch([f"+{os.getpid()}\n", "done\n"], str(tmp_path))
    assert tmp_path.exists()


def test_a_removed_folder_leaves_no_watcher() -> None:
    folder = Folder("kubecore-test-")
    watcher = folder._watcher  # pyright: ignore[reportPrivateUsage]
    folder.remove()
    assert watcher.returncode == 0
    assert not folder.path.exists()
    folder.remove()


def test_servers_that_ignore_sigterm_are_killed_together() -> None:
    folder = Folder("kubecore-test-")
    servers = [ServerProcess(_STUBBORN, folder.path / f"{number}.log", folder) for number in range(3)]
    for server in servers:
        server.wait_until(lambda server=server: server.printed("ready"))  # type: ignore[misc]
    stop_all(servers)
    assert not any(_is_alive(server.pid) for server in servers)
    folder.remove()


def test_a_server_that_is_not_ready_is_stopped_and_its_log_is_shown(tmp_path: Path) -> None:
    server = ServerProcess(["/bin/sh", "-c", "echo broken; exit 3"], tmp_path / "log")
    with pytest.raises(RuntimeError, match=r"sh is not ready; its log ends:\nbroken"):
        server.wait_until(lambda: False)
