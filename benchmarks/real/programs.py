"""Run the program of a client: one process for each case and round."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks import environment
from benchmarks.real import cases

_SECONDS: Final = 300.0
_CONTENT_TYPES: Final = {cases.PROTOBUF: "application/vnd.kubernetes.protobuf", cases.JSON: "application/json"}


class ProgramError(Exception):
    """A program failed; the text is the end of its error output."""


@dataclass(frozen=True)
class Programs:
    """How the programs are started.

    Attributes:
        python: The Python that has the peers.
        missing: Clients whose program cannot be built, with the reason.
        goclient: The program that uses client-go.
        rustclient: The program that uses kube-rs.
    """

    python: Path
    missing: dict[str, str]
    goclient: Path | None = None
    rustclient: Path | None = None

    def command(self, client: str, case: str, url: str, folder: Path, table: str = "real") -> list[str]:
        """Return the command line of a case of a table: `real` or `controllers`."""
        if client in _CONTENT_TYPES:
            return [str(self.goclient), table, case, url, str(folder), _CONTENT_TYPES[client]]
        if client == cases.RUST:
            return [str(self.rustclient), table, case, url, str(folder)]
        module = f"benchmarks.{table}.clients.{cases.MODULES[client]}"
        return [str(self.python), "-m", module, case, url, str(folder)]


def build(clients: Sequence[str]) -> Programs:
    """Build or install the programs of these clients. The client of this checkout alone needs nothing."""
    missing: dict[str, str] = {}
    peers = {cases.LIGHTKUBE, cases.OFFICIAL, cases.ASYNCIO, cases.BARE} & set(clients)
    python = environment.environment() if peers else Path(sys.executable)
    go = environment.goclient() if set(_CONTENT_TYPES) & set(clients) else None
    if go is None:
        missing |= dict.fromkeys(_CONTENT_TYPES, "Go is not installed")
    rust: Path | str | None = environment.rustclient() if cases.RUST in clients else None
    if isinstance(rust, str):
        missing[cases.RUST] = rust
        rust = None
    return Programs(python, {name: why for name, why in missing.items() if name in clients}, go, rust)


Ready = Callable[[], dict[str, Any] | None]
"""Called when a program is ready, while it runs. The result replaces figures of the program."""


def run(command: Sequence[str], ready: Ready | None = None, seconds: float = _SECONDS) -> dict[str, Any]:
    """Run a program and return the JSON of its last line.

    Args:
        command: Its command line.
        ready: Called when the program has printed `ready`. The end of its standard input then reports the return.
        seconds: Time after which it is killed.

    Raises:
        ProgramError: It failed.
    """
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            command, cwd=environment.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        measured: dict[str, Any] | None = None
        alarm = threading.Timer(seconds, process.kill)
        alarm.start()
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            if ready is not None and process.stdout.readline() == "ready\n":
                measured = ready()
            process.stdin.close()
            lines = process.stdout.read().splitlines()
        except BaseException:
            process.kill()
            raise
        finally:
            alarm.cancel()
        if process.wait():
            errors.seek(0)
            raise ProgramError(f"exit code {process.returncode}: {errors.read().strip()[-500:]}")
        figures: dict[str, Any] = json.loads(lines[-1])
        return figures | (measured or {})
