"""The table of a server that is far away: `python -m benchmarks far`."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks import environment, record
from benchmarks.real import cases, plan, turns
from benchmarks.real.programs import Programs
from benchmarks.real.server import Filled
from benchmarks.results import Table

ROUND_TRIPS: Final = (5, 50)
"""Milliseconds between a request and the first byte of its response, on the network alone."""

MBIT: Final = 200


def measure(filled: Filled, made: Programs, only: Sequence[str], clients: Sequence[str], rounds: int) -> Table:
    """Run the cases over delayed connections and return the table."""
    runs = turns.Turns(made, lambda _: None, lambda _: None)
    for round_trip in ROUND_TRIPS:
        with proxy(filled, round_trip) as url:
            for turn in range(rounds):
                for case, client, compressed in _runs(only, clients, turn):
                    network = f"{round_trip} ms, gzip" if compressed else f"{round_trip} ms"
                    folder = _folder(filled, url, network, compressed=compressed)
                    runs.run(case, client, url, folder, network)
    return runs.table(filled, rounds)


def _runs(only: Sequence[str], clients: Sequence[str], turn: int) -> Iterator[tuple[str, str, bool]]:
    """Yield case, client and whether compressed responses are accepted."""
    for case in only:
        for client in turns.rotated([client for client in cases.FAR[case] if client in clients], turn):
            if client not in cases.ALWAYS_COMPRESSED:
                yield case, client, False
            yield case, client, True


def _folder(filled: Filled, url: str, network: str, *, compressed: bool) -> Path:
    """Return the folder with the files of the programs, for one network."""
    folder = filled.folder / network
    if not folder.exists():
        folder.mkdir()
        shutil.copy(filled.folder / "ca.pem", folder / "ca.pem")
        record.write_kubeconfig(folder, url)
        sized = plan.sized(filled.pods)
        dataclasses.replace(sized, gets=min(20, sized.gets), warm_up=2, compressed=compressed).write(folder)
    return folder


@contextlib.contextmanager
def proxy(filled: Filled, round_trip: float) -> Iterator[str]:
    """Run the proxy in another process and yield its URL."""
    target = str(filled.cluster.port)
    command = [sys.executable, "-m", "benchmarks.real.proxy", target, str(round_trip), str(MBIT)]
    with subprocess.Popen(command, cwd=environment.ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"https://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()
