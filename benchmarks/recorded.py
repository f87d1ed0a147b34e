"""The table of recorded responses: every client against a server that does nothing but send them."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import environment, generating, record, results
from benchmarks.environment import ROOT
from benchmarks.node import CASES, node
from benchmarks.results import Missing, Table, Target

RUNS = 5
JSON, PROTOBUF = "application/json", "application/vnd.kubernetes.protobuf"


@dataclass(frozen=True)
class Figure:
    """One row of the table: the measured case, the peer and the target.

    `target` is the smallest ratio peer/ours that counts as reached. `own` names a case of kubeclient that is measured
    instead of a peer. The peer `BEFORE` is kubeclient in another checkout.
    """

    title: str
    case: str
    peer: str
    target: float
    unit: str = "ms"
    own: str = ""


BEFORE = "kubeclient before lists were streamed"
"""Commit 185da6c, if a checkout of it is given."""

FIGURES = (
    Figure("decode 10,000 pods", "decode", "lightkube", 5.0),
    Figure("decode 10,000 pods", "decode", "client-go protobuf", 1.0),
    Figure("decode 10,000 pods", "decode", "client-go JSON", 1.0),
    Figure("list 10,000 pods over TLS", "list", "lightkube", 3.0),
    Figure("list 10,000 pods over TLS", "list", "kubernetes", 20.0),
    Figure("list 10,000 pods over TLS", "list", "client-go protobuf", 1.3),
    Figure("list 10,000 pods over TLS", "list", "client-go JSON", 1.0),
    Figure("peak memory of that list", "peak", "lightkube", 1 / 0.9, "MiB"),
    Figure("peak memory of that list", "peak", "client-go protobuf", 1 / 1.4, "MiB"),
    Figure("watch of 10,000 changes", "watch", "lightkube", 2.0),
    Figure("watch of 10,000 changes", "watch", "kubernetes", 2.0),
    Figure("watch of 10,000 changes", "watch", "client-go JSON", 1.0),
    Figure("get of one pod", "get", "lightkube", 1.0, "us"),
    Figure("get of one pod", "get", "client-go protobuf", 1.0, "us"),
    Figure("get of one pod", "get", "client-go JSON", 1.0, "us"),
    Figure("get of one pod", "get", "kubernetes", 1.0, "us"),
    Figure("import and first get", "start", "lightkube", 1.0),
    Figure("import and first get", "start", "kubernetes", 1.0),
    Figure("async get of one pod", "async_get", "kubernetes_asyncio", 3.0, "us"),
    Figure("async get of one pod", "async_get", "kr8s", 1.0, "us"),
    Figure("async list of 10,000 pods", "async_list", "kubernetes_asyncio", 20.0),
    Figure("1,000 gets over 100 connections", "fan_out", "lightkube", 1.2),
    Figure("1,000 gets over 100 connections", "fan_out", "kr8s", 1.2),
    Figure("1,000 gets over 100 connections", "fan_out", "kubernetes_asyncio", 1.0),
    Figure("1,000 gets over 100 connections", "fan_out", "aiohttp alone, undecoded", 0.6),
    Figure("1,000 gets from 64 threads", "threads", "lightkube", 1.0),
    Figure("get of one pod", "get", "httpcore2 alone, undecoded", 1.0, "us"),
    Figure("20 MB out of a command", "exec", "kubernetes", 1.0),
    Figure("20 MB out of a command", "exec", "kr8s", 1.0),
    Figure("20 MB of log", "log", "kubernetes", 1.0),
    Figure("20 MB of log", "log", "kr8s", 1.0),
    Figure("100 forwarded connections at once", "forward", "kubernetes", 1.0),
    Figure("100 forwarded connections at once", "forward", "kr8s", 1.0),
    Figure("kubeconfig load", "load", "lightkube", 1.0, "us"),
    Figure("get of one pod", "get", BEFORE, 0.95, "us"),
    Figure("import and first get", "start", BEFORE, 0.95),
    Figure("watch of 10,000 changes", "watch", BEFORE, 0.95),
    Figure("one odd item in the 10,000", "odd", "the clean list", 0.5, own="decode"),
    Figure("10,000 pods over TLS, six fields of each", "rows", "the whole list", 2.0, own="list"),
    Figure("memory that those need", "rows_added", "the whole list", 5.0, "MiB", own="added"),
    Figure("build of prometheus-operator's CRDs", generating.SECONDS, generating.ALONE, 4.5),
    Figure("peak memory of that build", generating.PEAK, generating.ALONE, 2.0, "MiB"),
    Figure("lines that it makes", generating.LINES, generating.ALONE, 3.0, "lines"),
)

MODULES = {
    "ours": "ours",
    BEFORE: "ours",
    "lightkube": "lightkube",
    "kubernetes": "official",
    "kubernetes_asyncio": "kubernetes_asyncio",
    "kr8s": "kr8s",
    "httpcore2 alone, undecoded": "bare",
    "aiohttp alone, undecoded": "bare",
}


def measure(
    only: Sequence[str] | None = None, clients: Sequence[str] | None = None, before: Path | None = None
) -> Table:
    """Run the cases and return the table without its targets.

    Args:
        only: Names of the cases; None for all.
        clients: Names of the clients; None for all. An earlier version belongs to ours.
        before: A checkout of an earlier version of kubeclient; None if there is none.
    """
    chosen = {*clients, *([BEFORE] if "ours" in clients else [])} if clients else {client for client, _ in wanted()}
    pairs = [
        (client, case)
        for client, case in wanted()
        if (not only or case in only) and client in chosen and (client != BEFORE or before)
    ]
    python = environment.environment()
    with tempfile.TemporaryDirectory(prefix="kgen-bench-") as name:
        folder = Path(name)
        record.write_certificates(folder)
        record.write_bodies(folder)
        goclient = encoded(folder)
        measured: dict[tuple[str, str], list[float] | None] = {}
        with server(folder) as url:
            of_server = [key for key in pairs if key[1] not in CASES and key[1] not in generating.CASES]
            measured |= {key: runs_of(key, python, goclient, url, folder, before) for key in of_server}
        of_node = [key for key in pairs if key[1] in CASES]
        if goclient is None:  # A cluster needs Go, too.
            measured |= dict.fromkeys(of_node)
        elif of_node:
            with node(folder) as url:
                measured |= {key: runs_of(key, python, goclient, url, folder) for key in of_node}
    if any(case in generating.CASES for _, case in pairs):
        measured |= {key: None if value is None else [value] for key, value in generating.measure().items()}
    return table(measured)


def encoded(folder: Path) -> Path | None:
    """Build the Go program and write the protobuf bodies with it; return None if Go is missing."""
    binary = environment.goclient()
    if binary is not None:
        names = [str(folder / f"{stem}.{suffix}") for stem in ("list", "item") for suffix in ("json", "pb")]
        subprocess.run([binary, "encode", *names], check=True)
    return binary


@contextlib.contextmanager
def server(folder: Path, module: str = "benchmarks.server") -> Iterator[str]:
    """Serve the recorded bodies from another process and write its kubeconfig; yield its URL."""
    process = subprocess.Popen([sys.executable, "-m", module, folder], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = f"https://127.0.0.1:{int(process.stdout.readline())}"
        record.write_kubeconfig(folder, url)
        yield url
    finally:
        process.kill()
        process.communicate()


def wanted() -> list[tuple[str, str]]:
    """Return every (client, case) that a figure needs."""
    pairs = {("ours", figure.case) for figure in FIGURES} | {
        ("ours", figure.own) if figure.own else (figure.peer, figure.case) for figure in FIGURES
    }
    return sorted(pairs, key=lambda pair: (pair[1], pair[0]))


def runs_of(
    key: tuple[str, str], python: Path, goclient: Path | None, url: str, folder: Path, before: Path | None = None
) -> list[float] | None:
    """Return the figure of each run: seconds, or MiB if the case measures memory."""
    client, case = key
    variables = {}
    if client == BEFORE and before:
        variables["PYTHONPATH"] = os.pathsep.join(str(before / part) for part in ("core", "generated"))
    if client.startswith("client-go"):
        if goclient is None:
            return None
        command = go_command(client, case, goclient, url, folder)
    else:
        command = [str(python), "-m", f"benchmarks.clients.{MODULES[client]}", case, url, str(folder)]
    runs = [run(command, case, variables) for _ in range(RUNS if client != "kubernetes" or case != "list" else 3)]
    print(f"{case:12} {client:22} {statistics.median(runs):.6f}", file=sys.stderr)
    return runs


def go_command(client: str, case: str, goclient: Path, url: str, folder: Path) -> list[str]:
    """Return the Go program's command line for a case."""
    content_type, suffix = (JSON, "json") if client.endswith("JSON") else (PROTOBUF, "pb")
    if case == "decode":
        return [str(goclient), "decode", str(folder / f"list.{suffix}"), content_type]
    verb, count = ("get", 1000) if case == "get" else ("list", 1 if case == "peak" else 4)
    return [str(goclient), verb, url, str(folder / "ca.pem"), content_type, str(count)]


def run(command: list[str], case: str, variables: Mapping[str, str]) -> float:
    """Run one process; return its median seconds, its peak MiB, or the MiB that the call adds."""
    environ = {**os.environ, **variables}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr[-2000:]}")
    said = json.loads(done.stdout.splitlines()[-1])
    if case == "peak":
        return float(said["peak_kib"]) / 1024
    if case.endswith("added"):
        return float(said["added_kib"]) / 1024
    return float(statistics.median(said["seconds"]))


def table(measured: dict[tuple[str, str], list[float] | None]) -> Table:
    """Return the table of the measured runs, without its targets."""
    titles = {figure.case: (figure.title, figure.unit) for figure in reversed(FIGURES)}
    titles |= {figure.own: titles.get(figure.own, (figure.peer, figure.unit)) for figure in FIGURES if figure.own}
    figures = [
        results.figure(case, titles[case][0], client, _quantity(case), titles[case][1], runs)
        for (client, case), runs in sorted(measured.items(), key=lambda item: (item[0][1], item[0][0]))
        if runs
    ]
    missing = [
        Missing(client=client, case=case, reason="its program cannot be built here")
        for (client, case), runs in measured.items()
        if not runs
    ]
    return Table(
        machine=environment.machine(),
        versions=environment.versions(),
        rounds=RUNS,
        pods=record.PODS,
        pod_bytes=record.pod_bytes(),
        figures=figures,
        missing=missing,
    )


def _quantity(case: str) -> str:
    if case == "peak" or case.endswith(("added", "_peak")):
        return "peak_mib"
    return "lines" if case == generating.LINES else "seconds"


def targets(measured: Table) -> list[Target]:
    """Return the rows of the table: each figure, compared with its peer."""
    return [_row(figure, measured) for figure in FIGURES]


def _row(figure: Figure, measured: Table) -> Target:
    ours = measured.find(figure.case, "ours", _quantity(figure.case))
    case, client = (figure.own, "ours") if figure.own else (figure.case, figure.peer)
    peer = measured.find(case, client, _quantity(case))
    return results.judge(
        Target(
            title=figure.title,
            case=figure.case,
            client="ours",
            unit=figure.unit,
            value=ours.value if ours else None,
            peer=figure.peer,
            peer_value=peer.value if peer else None,
            at_least=round(figure.target, 3),
        )
    )
