"""The programs of the peers: an environment with the Python clients, and the programs in Go and Rust."""

from __future__ import annotations

import contextlib
import functools
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
CACHE = ROOT / ".cache" / "bench"
PEERS = ("kubernetes", "lightkube", "lightkube-models", "kubernetes_asyncio", "kr8s", "httpcore2", "aiohttp")


@functools.cache
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


def goclient() -> Path | None:
    """Build the program that uses client-go; return None if Go is missing."""
    if shutil.which("go") is None:
        print("Go is missing: client-go is not measured", file=sys.stderr)
        return None
    binary = CACHE / "goclient"
    subprocess.run(
        ["go", "build", "-o", binary, "."], cwd=HERE / "goclient", check=True, env={**os.environ, "CGO_ENABLED": "0"}
    )
    return binary


def rustclient() -> Path | str:
    """Build the program that uses kube-rs; return why it cannot be built otherwise."""
    if shutil.which("cargo") is None:
        return "cargo is not installed"
    print("building kube-rs ...", file=sys.stderr)
    target = CACHE / "rust"
    command = ["cargo", "build", "--quiet", "--release", "--locked", "--target-dir", str(target)]
    done = subprocess.run(command, cwd=HERE / "rustclient", capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
        return "its crates cannot be fetched or built"
    return target / "release" / "rustclient"


def machine() -> str:
    """Return the processor, the number of cores and the platform."""
    model = "unknown processor"
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def versions() -> dict[str, str]:
    """Return the versions of the peers that are installed or built."""
    found = {"Python": platform.python_version()}
    python = CACHE / "venv" / "bin" / "python"
    if python.exists():
        code = "import importlib.metadata as m, sys; print(*(m.version(n) for n in sys.argv[1:]))"
        done = subprocess.run([python, "-c", code, *PEERS], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            found |= dict(zip(PEERS, done.stdout.split(), strict=True))
    for name, file, line in (
        ("client-go", HERE / "goclient" / "go.mod", "\tk8s.io/client-go v"),
        ("kube-rs", HERE / "rustclient" / "Cargo.toml", 'kube = { version = "'),
        ("k8s-openapi", HERE / "rustclient" / "Cargo.toml", 'k8s-openapi = { version = "'),
    ):
        found[name] = file.read_text().partition(line)[2].splitlines()[0].partition('"')[0]
    return found
