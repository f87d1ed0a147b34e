"""Measure every client in one run, print one table of ratios and write it to RESULTS.md."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import generating, record
from benchmarks.node import CASES, node

HERE = Path(__file__).parent
ROOT = HERE.parent
CACHE = ROOT / ".cache" / "bench"
RUNS = 5
PEERS = ("kubernetes", "lightkube", "lightkube-models", "kubernetes_asyncio", "kr8s", "httpcore2", "aiohttp")
JSON, PROTOBUF = "application/json", "application/vnd.kubernetes.protobuf"


@dataclass(frozen=True)
class Figure:
    """One row of the table: the measured case, the peer and the target.

    `target` is the smallest ratio peer/ours that counts as reached. `own` names a case of kubeclient that is measured
    instead of a peer.
    """

    title: str
    case: str
    peer: str
    target: float
    unit: str = "ms"
    own: str = ""


FIGURES = (
    Figure("decode 10,000 pods", "decode", "lightkube", 5.0),
    Figure("decode 10,000 pods", "decode", "client-go protobuf", 1.0),
    Figure("decode 10,000 pods", "decode", "client-go JSON", 1.0),
    Figure("list 10,000 pods over TLS", "list", "lightkube", 3.0),
    Figure("list 10,000 pods over TLS", "list", "kubernetes", 20.0),
    Figure("list 10,000 pods over TLS", "list", "client-go protobuf", 1.0),
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
    Figure("1,000 gets over 100 connections", "fan_out", "aiohttp alone, undecoded", 0.0),
    Figure("1,000 gets from 64 threads", "threads", "lightkube", 1.0),
    Figure("get of one pod", "get", "httpcore2 alone, undecoded", 1.0, "us"),
    Figure("20 MB out of a command", "exec", "kubernetes", 1.0),
    Figure("20 MB out of a command", "exec", "kr8s", 1.0),
    Figure("20 MB of log", "log", "kubernetes", 1.0),
    Figure("20 MB of log", "log", "kr8s", 1.0),
    Figure("100 forwarded connections at once", "forward", "kubernetes", 1.0),
    Figure("100 forwarded connections at once", "forward", "kr8s", 1.0),
    Figure("kubeconfig load", "load", "lightkube", 0.0, "us"),
    Figure("one odd item in the 10,000", "odd", "the clean list", 0.5, own="decode"),
    Figure("10,000 pods over TLS, six fields of each", "rows", "the whole list", 2.0, own="list"),
    Figure("memory of those above the body", "rows_above", "the whole list", 5.0, "MiB", own="above"),
    Figure("build of prometheus-operator's CRDs", generating.SECONDS, generating.ALONE, 4.5),
    Figure("peak memory of that build", generating.PEAK, generating.ALONE, 2.0, "MiB"),
    Figure("lines that it makes", generating.LINES, generating.ALONE, 3.0, "lines"),
)

MODULES = {
    "ours": "ours",
    "lightkube": "lightkube",
    "kubernetes": "official",
    "kubernetes_asyncio": "kubernetes_asyncio",
    "kr8s": "kr8s",
    "httpcore2 alone, undecoded": "bare",
    "aiohttp alone, undecoded": "bare",
}
SCALE = {"ms": 1e3, "us": 1e6}


def main() -> None:
    """Run everything and write the table."""
    python = environment()
    with tempfile.TemporaryDirectory(prefix="kgen-bench-") as name:
        folder = Path(name)
        record.write_certificates(folder)
        record.write_bodies(folder)
        goclient = build_goclient(folder)
        with server(folder) as url:
            record.write_kubeconfig(folder, url)
            of_server = [key for key in wanted() if key[1] not in CASES and key[1] not in generating.CASES]
            measured = {key: measure(key, python, goclient, url, folder) for key in of_server}
        of_node = [key for key in wanted() if key[1] in CASES]
        if goclient is None:  # A cluster needs Go, too.
            measured |= dict.fromkeys(of_node)
        else:
            with node(folder) as url:
                measured |= {key: measure(key, python, goclient, url, folder) for key in of_node}
    measured |= generating.measure()
    table = render(measured)
    print(table)
    (HERE / "RESULTS.md").write_text(table)
    missed = sum("no, " in line for line in table.splitlines())
    print(f"{missed} of {len(FIGURES)} figures short of their target")


def environment() -> Path:
    """Create a virtual environment with this project and the peers; return its Python."""
    folder = CACHE / "venv"
    python = folder / "bin" / "python"
    if not python.exists():
        print("installing the peers ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *PEERS], check=True)
    subprocess.run([*pip, "--force-reinstall", "--no-deps", ROOT], check=True)
    subprocess.run([*pip, f"{ROOT}[ws]"], check=True)
    return python


def build_goclient(folder: Path) -> Path | None:
    """Build the Go program and write the protobuf bodies with it; return None if Go is missing."""
    if shutil.which("go") is None:
        print("Go is missing: client-go is not measured", file=sys.stderr)
        return None
    binary = CACHE / "goclient"
    subprocess.run(
        ["go", "build", "-o", binary, "."], cwd=HERE / "goclient", check=True, env={**os.environ, "CGO_ENABLED": "0"}
    )
    names = [str(folder / f"{stem}.{suffix}") for stem in ("list", "item") for suffix in ("json", "pb")]
    subprocess.run([binary, "encode", *names], check=True)
    return binary


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """Serve the recorded bodies from another process; yield its URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server", folder], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield f"https://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.communicate()


def wanted() -> list[tuple[str, str]]:
    """Return every (client, case) that a figure needs."""
    pairs = {("ours", figure.case) for figure in FIGURES} | {
        ("ours", figure.own) if figure.own else (figure.peer, figure.case) for figure in FIGURES
    }
    return sorted(pairs, key=lambda pair: (pair[1], pair[0]))


def measure(key: tuple[str, str], python: Path, goclient: Path | None, url: str, folder: Path) -> float | None:
    """Return the median of the runs: seconds, or MiB if the case measures memory."""
    client, case = key
    if client.startswith("client-go"):
        if goclient is None:
            return None
        command = go_command(client, case, goclient, url, folder)
    else:
        command = [str(python), "-m", f"benchmarks.clients.{MODULES[client]}", case, url, str(folder)]
    runs = [run(command, case) for _ in range(RUNS if client != "kubernetes" or case != "list" else 3)]
    print(f"{case:12} {client:22} {statistics.median(runs):.6f}", file=sys.stderr)
    return statistics.median(runs)


def go_command(client: str, case: str, goclient: Path, url: str, folder: Path) -> list[str]:
    """Return the Go program's command line for a case."""
    content_type, suffix = (JSON, "json") if client.endswith("JSON") else (PROTOBUF, "pb")
    if case == "decode":
        return [str(goclient), "decode", str(folder / f"list.{suffix}"), content_type]
    verb, count = ("get", 1000) if case == "get" else ("list", 1 if case == "peak" else 4)
    return [str(goclient), verb, url, str(folder / "ca.pem"), content_type, str(count)]


def run(command: list[str], case: str) -> float:
    """Run one process; return its median seconds, its peak MiB, or the MiB above the body."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr[-2000:]}")
    said = json.loads(done.stdout.splitlines()[-1])
    if case == "peak":
        return float(said["peak_kib"]) / 1024
    if case.endswith("above"):
        return float(said["above_kib"]) / 1024
    return float(statistics.median(said["seconds"]))


def render(measured: dict[tuple[str, str], float | None]) -> str:
    """Return the table as Markdown."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`: every client in a process of its own, over TLS to a server in another process",
        f"that answers with recorded bytes; the median of {RUNS} runs.",
        "A ratio above 1 means that kubeclient is faster, or smaller.",
        "",
        f"Machine: {machine()}. Python {platform.python_version()}; {versions()}.",
        "",
        "| figure | peer | peer's | ours | ratio | target | reached |",
        "|---|---|---|---|---|---|---|",
    ]
    for figure in FIGURES:
        ours = measured["ours", figure.case]
        peer = measured["ours", figure.own] if figure.own else measured[figure.peer, figure.case]
        lines.append(row(figure, peer, ours))
    return "\n".join(lines) + "\n"


def row(figure: Figure, peer: float | None, ours: float | None) -> str:
    """Return one line of the table."""
    if peer is None or ours is None:
        return f"| {figure.title} | {figure.peer} | not measured | | | {figure.target:.2f} | |"
    scale = SCALE.get(figure.unit, 1)
    ratio = peer / ours
    reached = "yes" if ratio >= figure.target else f"no, {ratio / figure.target:.2f} of it"
    return (
        f"| {figure.title} | {figure.peer} | {peer * scale:,.0f} {figure.unit} | {ours * scale:,.0f} {figure.unit} "
        f"| {ratio:.2f} | {figure.target:.2f} | {reached} |"
    )


def machine() -> str:
    """Return the processor, the number of cores and the platform."""
    model = "unknown processor"
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def versions() -> str:
    """Return the peers and their versions."""
    python = CACHE / "venv" / "bin" / "python"
    code = "import importlib.metadata as m, sys; print(', '.join(f'{n} {m.version(n)}' for n in sys.argv[1:]))"
    said = subprocess.run([python, "-c", code, *PEERS], capture_output=True, text=True, check=True).stdout.strip()
    return said + ", client-go 0.37.2"


if __name__ == "__main__":
    main()
