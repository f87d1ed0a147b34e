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
"""The newest Kubernetes, of which kubeclient is."""

OLDER: Final = "1.35.4"
"""Two minors older; its API server alone is built, for what it says."""

_MODULES: Final = Path(__file__).parent / "gomod"
_PACKAGES: Final = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
}
_OF_OLDER: Final = ("kube-apiserver",)


class GoMissingError(Exception):
    """The servers are not built yet, and there is no Go that can build them."""

    def __init__(self) -> None:
        super().__init__("real-server tests need Go: install it from https://go.dev/dl and run make test again")


def binaries(version: str = VERSION) -> Path:
    """Return the folder of a version's servers; what is missing is built first, which takes minutes."""
    folder = _cache() / "kgen" / "cluster" / version
    if not _missing(folder, version):
        return folder
    go = _go(_module(version))
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        # Another process may have built them while this one waited for the lock.
        missing = _missing(folder, version)
        if missing:
            print(f"building {', '.join(missing)} {version}: a first build takes minutes", file=sys.stderr, flush=True)
        for name in missing:
            _build(go, name, folder, version)
    return folder


def can_run() -> bool:
    """Say whether the servers are built, or can be."""
    try:
        return not _missing(_cache() / "kgen" / "cluster" / VERSION, VERSION) or bool(_go(_module(VERSION)))
    except GoMissingError:
        return False


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())


def _module(version: str) -> Path:
    return _MODULES / version.rpartition(".")[0]


def _missing(folder: Path, version: str) -> list[str]:
    return [name for name in (_PACKAGES if version == VERSION else _OF_OLDER) if not (folder / name).is_file()]


def _go(module: Path) -> str:
    """Return a Go that is new enough, or that fetches one that is."""
    go = shutil.which("go")
    if go is None:
        raise GoMissingError
    # In the module's folder `go` becomes the toolchain that go.mod asks for, or fails where it may not fetch it.
    said = subprocess.run([go, "env", "GOVERSION"], cwd=module, capture_output=True, text=True, check=False)
    wanted = re.search(r"^go (\S+)", (module / "go.mod").read_text("utf-8"), re.MULTILINE)
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


def _build(go: str, name: str, folder: Path, version: str) -> None:
    staged = folder / f".{name}.{os.getpid()}"
    command = [go, "build", "-ldflags", f"-s -w {_version_flags(version)}", "-o", str(staged), _PACKAGES[name]]
    try:
        subprocess.run(command, cwd=_module(version), env={**os.environ, "CGO_ENABLED": "0"}, check=True)
        staged.replace(folder / name)
    finally:
        staged.unlink(missing_ok=True)


def _version_flags(version: str) -> str:
    """Return the linker flags without which `/version` says `v0.0.0-master`."""
    major, minor, _ = version.split(".")
    said = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor}
    return " ".join(f"-X k8s.io/component-base/version.{key}={value}" for key, value in said.items())
