"""Building the servers into a cache outside of the tree, keyed by version."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

VERSION: Final = "1.37.2"

_MODULE: Final = Path(__file__).parent / "gomod"
_PACKAGES: Final = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
}


class GoMissingError(Exception):
    """The servers are not built yet, and there is no Go to build them with."""


def binaries() -> Path:
    """Return the folder of the servers; what is missing is built first, which takes minutes."""
    folder = _cache() / "kgen" / "cluster" / VERSION
    if not _missing(folder):
        return folder
    go = shutil.which("go")
    if go is None:
        raise GoMissingError("real-server tests need Go: install it from https://go.dev/dl and run `make test` again")
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        for name in _missing(folder):
            _build(go, name, folder)
    return folder


def available() -> bool:
    """Say whether there are servers, or a Go to build them with."""
    return shutil.which("go") is not None or not _missing(_cache() / "kgen" / "cluster" / VERSION)


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())


def _missing(folder: Path) -> list[str]:
    return [name for name in _PACKAGES if not (folder / name).is_file()]


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(go: str, name: str, folder: Path) -> None:
    print(f"building {name} {VERSION}; the first time this takes minutes", file=sys.stderr, flush=True)
    major, minor, _ = VERSION.split(".")
    said = {"gitVersion": f"v{VERSION}", "gitMajor": major, "gitMinor": minor}
    flags = " ".join(f"-X k8s.io/component-base/version.{key}={value}" for key, value in said.items())
    staged = folder / f".{name}.{os.getpid()}"
    command = [go, "build", "-ldflags", f"-s -w {flags}", "-o", str(staged), _PACKAGES[name]]
    subprocess.run(command, cwd=_MODULE, env={**os.environ, "CGO_ENABLED": "0"}, check=True)
    staged.replace(folder / name)
