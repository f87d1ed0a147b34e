"""The processes of a test run share one server, which ends after the last of them."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kubecore.testing.machine.sharing import shared
from tests.ready import wait_until

_WORKER = """
import contextlib, pathlib, sys
from kubecore.testing.machine.endpoint import Endpoint
from kubecore.testing.machine.sharing import shared

folder, name = pathlib.Path(sys.argv[1]), sys.argv[2]

class Server:
    kubeconfig = folder / "kubeconfig"
    def endpoint(self):
        return Endpoint(url=f"https://{name}", token="secret", ca=b"pem")

@contextlib.contextmanager
def start():
    (folder / f"started-{name}").touch()
    yield Server()
    (folder / f"stopped-{name}").touch()

with shared(folder, start) as server:
    print(server.url, server.config.bearer_token, "secret" in repr(server), flush=True)
    sys.stdin.readline()
"""


class Worker:
    """A process that uses the server until `leave`."""

    def __init__(self, folder: Path, name: str) -> None:
        command = [sys.executable, "-c", _WORKER, str(folder), name]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def leave(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def end(self) -> int:
        """Wait for the end of the process and return its exit code."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        code = self.process.wait(30)
        self.process.stdin.close()
        self.process.stdout.close()
        return code


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith(("started", "stopped")))


def test_the_first_process_starts_the_server_and_stops_it_after_the_last(tmp_path: Path) -> None:
    first = Worker(tmp_path, "first")
    assert first.line() == "https://first secret False"
    others = [Worker(tmp_path, f"other-{number}") for number in range(3)]
    assert {worker.line() for worker in others} == {"https://first secret False"}
    assert (tmp_path / "apiserver.json").stat().st_mode & 0o777 == 0o600
    first.leave()
    others[0].leave()
    assert others[0].end() == 0
    assert first.process.poll() is None
    assert _names(tmp_path) == ["started-first"]
    for worker in others[1:]:
        worker.leave()
    for worker in (first, *others):
        assert worker.end() == 0
    assert _names(tmp_path) == ["started-first", "stopped-first"]
    assert not (tmp_path / "apiserver.json").exists()


def test_after_the_owner_was_killed_the_next_process_starts_another_server(tmp_path: Path) -> None:
    first = Worker(tmp_path, "first")
    assert first.line()
    first.process.send_signal(signal.SIGKILL)
    assert first.end() == -signal.SIGKILL
    second = Worker(tmp_path, "second")
    assert second.line() == "https://second secret False"
    second.leave()
    assert second.end() == 0
    assert _names(tmp_path) == ["started-first", "started-second", "stopped-second"]


def test_processes_that_start_together_start_one_server(tmp_path: Path) -> None:
    workers = [Worker(tmp_path, str(number)) for number in range(6)]
    assert len({worker.line() for worker in workers}) == 1
    for worker in workers:
        worker.leave()
    for worker in workers:
        assert worker.end() == 0
    assert len(_names(tmp_path)) == 2


def test_a_server_that_does_not_start_leaves_nothing(tmp_path: Path) -> None:
    def start() -> None:
        raise RuntimeError("no server")

    for _ in range(2):
        with pytest.raises(RuntimeError, match="no server"), shared(tmp_path, start):  # type: ignore[arg-type]
            pass
    wait_until(lambda: not (tmp_path / "apiserver.json").exists())
