"""The table of the fake API server: absolute targets, each case in a separate process."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from benchmarks import environment, results
from benchmarks.environment import ROOT
from benchmarks.results import Table, Target

__all__ = ["CASES", "measure", "targets"]

CLIENT: Final = "ours"


class Case(NamedTuple):
    """A row of the table.

    Attributes:
        title: Its title.
        unit: The unit of its value.
        at_most: The target.
    """

    title: str
    unit: str
    at_most: float


CASES: Final = {
    "new": Case("a cluster and a clientset", "ms", 1),
    "first": Case("the first of them in a process, with all imports, and a first create", "ms", 150),
    "get": Case("get of a ConfigMap", "us", 50),
    "list_page": Case("list of 10 of 1,000 ConfigMaps", "us", 100),
    "create_config_map": Case("create of a ConfigMap", "us", 200),
    "update_lease": Case("update of a Lease", "us", 200),
    "create_pod": Case("create of a pod", "us", 500),
    "apply_deployment": Case("apply of a Deployment of 3 KB", "us", 2500),
    "watch": Case("an event of a watch", "us", 100),
    "watch_async": Case("an event of an asynchronous watch", "us", 200),
    "memory": Case("memory of 10,000 pods and 10,000 changes of them", "MiB", 200),
    "tests": Case("1,000 tests with `fake_cluster`, compared with 1,000 without", "ms", 2000),
    "serve": Case("start of an HTTP server", "ms", 20),
    "serve_tls": Case("start of an HTTPS server", "ms", 20),
    "loopback_get": Case("get over HTTP, client included", "us", 500),
    "plugin": Case("the plugin of pytest without its use", "ms", 1),
}
_WITH_IMPORTS: Final = frozenset({"first", "plugin", "tests"})
"""The cases that import modules while they are measured."""


def measure(only: Sequence[str] | None, rounds: int) -> Table:
    """Measure the cases; they take turns.

    Args:
        only: Names of cases; all of them by default.
        rounds: How often each case is run.
    """
    chosen = [name for name in CASES if not only or name in only]
    runs: dict[str, list[float]] = {name: [] for name in chosen}
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        for name in _WITH_IMPORTS.intersection(chosen):
            _run(name, environ)  # It compiles the modules, as an installation does.
        for _ in range(rounds):
            for name in chosen:
                runs[name].append(_run(name, environ))
                print(f"{name}: {statistics.median(runs[name]):.6f}", file=sys.stderr, flush=True)
    figures = [
        results.figure(name, CASES[name].title, CLIENT, _quantity(name), CASES[name].unit, runs[name])
        for name in chosen
    ]
    return Table(
        machine=environment.machine(),
        versions={"Python": platform.python_version()},
        rounds=rounds,
        pods=0,
        pod_bytes=0,
        figures=figures,
    )


def targets(table: Table) -> list[Target]:
    """Return the targets of the cases."""
    found = []
    for name, case in CASES.items():
        figure = table.find(name, CLIENT, _quantity(name))
        target = Target(
            title=case.title,
            case=name,
            client=CLIENT,
            unit=case.unit,
            value=figure.value if figure else None,
            at_most=case.at_most,
        )
        found.append(results.judge(target))
    return found


def _quantity(name: str) -> str:
    return "resident_mib" if CASES[name].unit == "MiB" else "cpu_seconds"


def _run(name: str, environ: Mapping[str, str]) -> float:
    command = [sys.executable, "-m", "benchmarks.fake_cases", name]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stderr}")
    return float(done.stdout.split()[-1])
