"""The folders that may hold etcd and kube-apiserver, and the one that is used."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from kubecore.errors.base import Notes

__all__ = ["PROGRAMS", "BinariesMissingError", "cache", "find", "matches", "platform_name", "version_numbers"]

PROGRAMS: Final = ("etcd", "kube-apiserver")

_MACHINES: Final = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


class BinariesMissingError(RuntimeError):
    """etcd and kube-apiserver of the version are not on this machine. Nothing is downloaded automatically."""

    __module__ = "kubecore.testing.apiserver"  # as programs import it

    __notes__: Notes = Notes()  # pyright: ignore[reportIncompatibleVariableOverride] - a list when it is read


def find(version: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder that holds the programs of a version.

    `KUBEBUILDER_ASSETS` names the folder if it is set. Otherwise the newest matching version of setup-envtest's store
    is used, then that of the cache of `python -m kubecore.testing download`.

    Args:
        version: Such as `1.37`, or `1.37.2`.
        environ: The environment variables.

    Raises:
        BinariesMissingError: No folder has them; the message contains the searched folders and the command to run.
    """
    assets = environ.get("KUBEBUILDER_ASSETS", "")
    if assets:
        folder = Path(assets)
        if not _is_complete(folder):
            message = f"KUBEBUILDER_ASSETS={assets} does not contain {' and '.join(PROGRAMS)}; correct it, or unset it"
            raise BinariesMissingError(message)
        return folder
    places = [_store(environ) / "k8s", cache(environ)]
    for place in places:
        for folder in _versions(place, version):
            if _is_complete(folder):
                return folder
    searched = " and ".join(map(str, places))
    message = f"no kube-apiserver {version} in {searched}; run: python -m kubecore.testing download {version}"
    raise BinariesMissingError(message)


def cache(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of the downloaded programs: one folder per version and platform."""
    default = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
    return Path(environ.get("XDG_CACHE_HOME") or Path(default).expanduser()) / "kubecore" / "apiserver"


def platform_name() -> str:
    """Return the platform as archives name it, such as `linux-amd64`."""
    machine = platform.machine().lower()
    return f"{sys.platform}-{_MACHINES.get(machine, machine)}"


def matches(found: str, version: str) -> bool:
    """Return whether a complete version, such as `1.37.2`, is one that was requested, such as `1.37`."""
    return found == version or found.startswith(f"{version}.")


def version_numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, to compare it with others."""
    return tuple(int(number) for number in re.findall(r"[0-9]+", version))


def _store(environ: Mapping[str, str]) -> Path:
    if sys.platform == "darwin":
        return Path("~/Library/Application Support/io.kubebuilder.envtest").expanduser()
    data = environ.get("XDG_DATA_HOME") or Path("~/.local/share").expanduser()
    return Path(data) / "kubebuilder-envtest"


def _versions(place: Path, version: str) -> Iterator[Path]:
    """Yield the folders of a version for this platform, the newest one first."""
    suffix = f"-{platform_name()}"
    names = [folder.name.removesuffix(suffix) for folder in place.glob(f"*{suffix}")]
    for name in sorted((name for name in names if matches(name, version)), key=version_numbers, reverse=True):
        yield place / f"{name}{suffix}"


def _is_complete(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in PROGRAMS)
