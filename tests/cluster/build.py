"""Build the servers into a cache outside of the checkout, by version."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

VERSION: Final = "1.37.2"
"""The newest supported version of Kubernetes; kubeclient is generated from it."""

OLDER: Final = "1.35.4"
"""Two minor versions older. Only its API server is built, because the tests need only its responses."""

CAPTURED: Final = (OLDER, "1.36.3", VERSION)
"""The versions whose OpenAPI documents are in specs/."""

_HERE: Final = Path(__file__).parent
_MODULES: Final = _HERE / "gomod"
_KWOK: Final = _MODULES / "kwok"
_NODE_SERVER: Final = _HERE / "nodeserver"
_STAGES: Final = (
    "node/fast/node-initialize",
    "pod/fast/pod-ready",
    "pod/fast/pod-complete",
    "pod/fast/pod-delete",
)
_PACKAGES: Final = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
}
_OF_OLDER: Final = ("kube-apiserver",)


_NO_GO: Final = "need Go: install it from https://go.dev/dl"
_PROBE: Final = "k8s.io/klog/v2"
"""A small module: whether Go can load it shows whether it can load the others."""


@dataclass(frozen=True)
class _Program:
    """A Go program to build: the folder of its module, its package and its linker flags."""

    module: Path
    package: str
    flags: str = ""


class GoMissingError(Exception):
    """The servers are not built yet, and no installed Go can build them, or Go lacks their modules.

    Args:
        problem: The missing part, and how to get it.
    """

    def __init__(self, problem: str = _NO_GO) -> None:
        super().__init__(f"real-server tests {problem} and run make test again")


def binaries(version: str = VERSION) -> Path:
    """Return the folder of a version's servers. Missing servers are built first, which takes minutes."""
    folder = _cache() / "kgen" / "cluster" / version
    module = _module(version)
    programs = {name: _Program(module, _PACKAGES[name], _version_flags(version)) for name in _names(version)}
    return _built(folder, programs)


def node_binaries() -> Path:
    """Return the folder of kwok, its stages and the node server. Missing files are built first, in a minute or two."""
    sources = [_KWOK / "go.mod", *sorted(_NODE_SERVER.iterdir())]
    key = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()[:12]
    folder = _cache() / "kgen" / "cluster" / f"nodes-{key}"
    programs = {"kwok": _Program(_KWOK, "sigs.k8s.io/kwok/cmd/kwok"), "nodeserver": _Program(_NODE_SERVER, ".")}
    _built(folder, programs)
    if not (folder / "stages.yaml").is_file():
        _copy_stages(folder)
    return folder


def obstacle() -> str:
    """Return why the servers can't be built, "" if they are built or can be built."""
    if not _missing(_cache() / "kgen" / "cluster" / VERSION, _PACKAGES):
        return ""
    try:
        _go(_module(VERSION))
        _check_modules(_module(VERSION), "mod", "download", _PROBE)
    except GoMissingError as error:
        return str(error)
    return ""


@functools.cache
def go_problem(folder: Path, *arguments: str) -> str:
    """Return why a Go command fails: Go is missing, or it can't load modules; "" if it succeeds.

    Args:
        folder: The folder of the module.
        *arguments: The arguments of `go`, such as `list -deps .`.
    """
    go = shutil.which("go")
    if go is None:
        return _NO_GO
    done = subprocess.run([go, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    *_, last = done.stderr.strip().splitlines() or [""]
    return f"need Go modules: make the module proxy of `go env GOPROXY` reachable ({last.strip()})"


def _check_modules(folder: Path, *arguments: str) -> None:
    if problem := go_problem(folder, *arguments):
        raise GoMissingError(problem)


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())


def _module(version: str) -> Path:
    return _MODULES / version.rpartition(".")[0]


def _names(version: str) -> Iterable[str]:
    return _PACKAGES if version == VERSION else _OF_OLDER


def _built(folder: Path, programs: Mapping[str, _Program]) -> Path:
    if not _missing(folder, programs):
        return folder
    compilers = {name: _go(program.module) for name, program in programs.items()}
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        # Another process may have built them while this one waited for the lock.
        missing = _missing(folder, programs)
        if missing:
            said = f"building {', '.join(missing)} of {folder.name}: a first build takes minutes"
            print(said, file=sys.stderr, flush=True)
        for name in missing:
            _check_modules(programs[name].module, "list", "-deps", programs[name].package)
            _build(compilers[name], programs[name], folder / name)
    return folder


def _missing(folder: Path, names: Iterable[str]) -> list[str]:
    return [name for name in names if not (folder / name).is_file()]


def _go(module: Path) -> str:
    """Return the path of a `go` command that is new enough, or that can download a toolchain that is."""
    go = shutil.which("go")
    if go is None:
        raise GoMissingError
    # In the module's folder, `go` switches to the toolchain that go.mod requires, or fails if it may not download it.
    said = subprocess.run([go, "env", "GOVERSION"], cwd=module, capture_output=True, text=True, check=False)
    wanted = re.search(r"^go (\S+)", (module / "go.mod").read_text("utf-8"), re.MULTILINE)
    if said.returncode != 0 or wanted is None or _numbers(said.stdout) < _numbers(wanted[1]):
        raise GoMissingError
    return go


def _numbers(version: str) -> tuple[int, ...]:
    """Return the major and minor number of `go1.26.8` or `1.26.0`; a release candidate has no patch number."""
    found = re.search(r"(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else ()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(go: str, program: _Program, target: Path) -> None:
    staged = target.with_name(f".{target.name}.{os.getpid()}")
    command = [go, "build", "-ldflags", f"-s -w {program.flags}", "-o", str(staged), program.package]
    try:
        subprocess.run(command, cwd=program.module, env={**os.environ, "CGO_ENABLED": "0"}, check=True)
        staged.replace(target)
    finally:
        staged.unlink(missing_ok=True)


def _copy_stages(folder: Path) -> None:
    """Copy kwok's stages of nodes and pods from kwok's Go module."""
    _check_modules(_KWOK, "mod", "download", "sigs.k8s.io/kwok")
    command = [_go(_KWOK), "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"]
    found = subprocess.run(command, cwd=_KWOK, capture_output=True, text=True, check=True)
    stages = Path(found.stdout.strip()) / "kustomize" / "stage"
    staged = folder / f".stages.{os.getpid()}"
    staged.write_text("\n---\n".join((stages / f"{name}.yaml").read_text("utf-8") for name in _STAGES), "utf-8")
    staged.replace(folder / "stages.yaml")


def _version_flags(version: str) -> str:
    """Return the linker flags that set the version; without them, `/version` returns `v0.0.0-master`."""
    major, minor, _ = version.split(".")
    said = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor}
    return " ".join(f"-X k8s.io/component-base/version.{key}={value}" for key, value in said.items())
