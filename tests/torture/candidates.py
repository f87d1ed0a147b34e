"""Processes that are candidates for one Lease, and a judge of everything that the server stored."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from kubeclient import Clientset
from tests.ready import wait_until
from tests.torture.candidate import LEASE, WRITER

__all__ = ["GO_CLIENT", "Change", "Judge", "Process", "Write", "go_candidate", "python_candidate", "violations"]

_ROOT: Final = Path(__file__).parents[2]
GO_CLIENT: Final = Path(__file__).with_name("goclient")


class Process:
    """A candidate in a separate process, which is killed at the end of its block.

    Args:
        command: The command.
        identity: The identity of the candidate.

    Attributes:
        identity: The same.
        lines: The lines that it has printed.
    """

    def __init__(self, command: Sequence[str | Path], identity: str) -> None:
        self.identity = identity
        self.lines: list[str] = []
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT)
        self._reader = threading.Thread(target=self._read, name=f"candidate-{identity}", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.strip())

    def wait_for(self, word: str, count: int = 1) -> None:
        """Wait until the process has printed a line some number of times."""
        wait_until(lambda: self.lines.count(word) >= count or self.code is not None)
        assert self.lines.count(word) >= count, f"{self.identity} ended with {self.code} after {self.lines}"

    @property
    def code(self) -> int | None:
        """The exit code, None while it runs."""
        return self._process.poll()

    @property
    def leads(self) -> bool:
        """Whether it believes so, according to its last line."""
        return self.lines[-1:] == ["leading"]

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait for the end of the process, and return its exit code."""
        return self._process.wait(60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join(60)
        if self._process.stdout is not None:
            self._process.stdout.close()


def python_candidate(
    file: Path, namespace: str, identity: str, kind: str, *, url: str = "", times: str = "5,3,1"
) -> Process:
    """Start a candidate that uses kubecore.

    Args:
        file: The kubeconfig.
        namespace: The namespace of the Lease and of the ConfigMaps that it writes.
        identity: Its identity.
        kind: `sync`, `asyncio` or `trio`.
        url: Another address of the server, such as that of a proxy.
        times: The lease duration, the renew deadline and the retry period, in seconds.
    """
    command = [sys.executable, "-m", "tests.torture.candidate", file, url, namespace, identity, kind, times]
    return Process([*map(str, command)], identity)


def go_candidate(file: Path, namespace: str, identity: str, *, times: str = "5,3,1") -> Process:
    """Start a candidate that uses client-go."""
    binary = Path(tempfile.gettempdir()) / f"kgen-torture-gocandidate-{os.getuid()}"
    env = {**os.environ, "CGO_ENABLED": "0"}
    subprocess.run(["go", "build", "-o", binary, "./candidate"], cwd=GO_CLIENT, env=env, check=True)
    return Process([binary, file, namespace, LEASE, identity, *times.split(",")], identity)


class Change(NamedTuple):
    """A change of the Lease: its version, and the holder from then on."""

    version: int
    holder: str


class Write(NamedTuple):
    """A write of a leader: its version, and the identity of the writer."""

    version: int
    writer: str


def violations(changes: Iterable[Change], writes: Iterable[Write]) -> list[str]:
    """Return the writes of processes that did not hold the Lease when the server stored them.

    The time is that of the server: its versions, which are the same sequence for all kinds.

    Args:
        changes: All changes of the Lease.
        writes: All writes.
    """
    found: list[str] = []
    holder, events = "", list[Change | Write]([*changes, *writes])
    for event in sorted(events, key=lambda event: event.version):
        if isinstance(event, Change):
            holder = event.holder
        elif event.writer != holder:
            found.append(f"{event.writer} wrote at {event.version}, when {holder or 'nobody'} held the Lease")
    return found


class Judge:
    """Records all changes of the Lease of a namespace, by a direct connection.

    Args:
        clientset: The clientset.
        namespace: The namespace.

    Attributes:
        changes: The changes so far.
    """

    def __init__(self, clientset: Clientset, namespace: str) -> None:
        self._clientset = clientset
        self._namespace = namespace
        self._error: BaseException | None = None
        self.changes: list[Change] = []
        leases = clientset.coordination_v1.leases(namespace)
        self._events = leases.watch(resource_version=leases.list().metadata.resource_version)
        self._thread = threading.Thread(target=self._follow, name="election-judge", daemon=True)

    def _follow(self) -> None:
        try:
            with self._events as events:
                for event in events:
                    spec = event.object.spec
                    holder = (spec and spec.holder_identity) or ""
                    is_gone = event.type == "DELETED"
                    self.changes.append(
                        Change(int(event.object.metadata.resource_version or 0), "" if is_gone else holder)
                    )
        except BaseException as error:
            self._error = error

    @property
    def holder(self) -> str:
        """The current holder."""
        return self.changes[-1].holder if self.changes else ""

    @property
    def terms(self) -> int:
        """How often somebody became the holder."""
        holders = [change.holder for change in self.changes]
        return sum(new not in ("", old) for old, new in zip(["", *holders], holders, strict=False))

    def writes(self) -> list[Write]:
        """Return all writes so far."""
        maps: Any = self._clientset.core_v1.config_maps(self._namespace).iter(label_selector=WRITER)
        return [Write(int(item.metadata.resource_version), item.metadata.labels[WRITER]) for item in maps]

    def verdict(self) -> list[str]:
        """Return the violations so far, after all changes until now have been seen."""
        writes = self.writes()
        last = max((write.version for write in writes), default=0)
        wait_until(lambda: self._error or (self.changes and self.changes[-1].version > last))
        if self._error is not None:
            raise self._error
        return violations(self.changes, writes)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._events.close()
        self._thread.join(60)
