"""Building the servers into a cache outside of the tree, keyed by version."""

from __future__ import annotations

import fcntl
import os
import re
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
    """The servers are not built yet, and there is no Go that can build them."""

    def __init__(self) -> None:
        super().__init__("real-server tests need Go: install it from https://go.dev/dl and run make test again")


def binaries() -> Path:
    """Return the folder of the servers; what is missing is built first, which takes minutes."""
    folder = _cache() / "kgen" / "cluster" / VERSION
    if not _missing(folder):
        return folder
    go = _go()
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        # Another process may have built them while this one waited for the lock.
        missing = _missing(folder)
        if missing:
            print(f"building {', '.join(missing)} {VERSION}: a first build takes minutes", file=sys.stderr, flush=True)
        for name in missing:
            _build(go, name, folder)
    return folder


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())


def _missing(folder: Path) -> list[str]:
    return [name for name in _PACKAGES if not (folder / name).is_file()]


def _go() -> str:
    """Return a Go that is new enough, or that fetches one that is."""
    go = shutil.which("go")
    if go is None:
        raise GoMissingError
    # In the module's folder `go` becomes the toolchain that go.mod asks for, or fails where it may not fetch it.
    said = subprocess.run([go, "env", "GOVERSION"], cwd=_MODULE, capture_output=True, text=True, check=False)
    wanted = re.search(r"^go (\S+)", (_MODULE / "go.mod").read_text("utf-8"), re.MULTILINE)
    if said.returncode != 0 or wanted is None or _numbers(said.stdout) < _numbers(wanted[1]):
        raise GoMissingError
    return go


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of `go1.26.8` or `1.26.0`, major and minor: a release candidate's patch is no number."""
    found = re.search(r"(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else ()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(go: str, name: str, folder: Path) -> None:
    staged = folder / f".{name}.{os.getpid()}"
    command = [go, "build", "-ldflags", f"-s -w {_version_flags()}", "-o", str(staged), _PACKAGES[name]]
    try:
        subprocess.run(command, cwd=_MODULE, env={**os.environ, "CGO_ENABLED": "0"}, check=True)
        staged.replace(folder / name)
    finally:
        staged.unlink(missing_ok=True)


def _version_flags() -> str:
    """Return the linker flags without which `/version` says `v0.0.0-master`."""
    major, minor, _ = VERSION.split(".")
    said = {"gitVersion": f"v{VERSION}", "gitMajor": major, "gitMinor": minor}
    return " ".join(f"-X k8s.io/component-base/version.{key}={value}" for key, value in said.items())
