"""Download etcd and kube-apiserver from the index of controller-tools: `python -m kubecore.testing download`."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urljoin, urlsplit

from kubecore._support.json_types import is_json_object
from kubecore._support.terminal import escape_for_terminal
from kubecore.codec import yaml
from kubecore.errors import KubeError
from kubecore.testing.machine import archives, binaries
from kubecore.testing.machine.archives import ArchiveError

__all__ = ["INDEX", "DownloadError", "download"]

INDEX: Final = "https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml"
"""The index that setup-envtest uses, too."""

_INDEX_NAME: Final = "envtest-releases.yaml"
_WANTED: Final = (*binaries.PROGRAMS, "kubectl")
_MAX_INDEX: Final = 16 << 20
_MAX_ARCHIVE: Final = 1 << 30
_TIMEOUT: Final = 60.0
_SHA512: Final = re.compile("[0-9a-fA-F]{128}")


class DownloadError(RuntimeError):
    """The programs could not be downloaded; nothing was installed."""


def download(version: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Download the newest release of a version for this platform into the cache.

    Only regular files with the names of the programs are unpacked, after the SHA-512 of the archive was compared with
    the index. A release that is in the cache is not downloaded again.

    Args:
        version: Such as `1.37`, or `1.37.2`.
        environ: The environment variables. `KUBE_TESTING_INDEX` is another index: its URL, its file, or a folder that
            contains it and the archives.

    Returns:
        The folder of the programs.

    Raises:
        DownloadError: The index or the archive is missing, invalid or too large, or has no such version.
    """
    index = environ.get("KUBE_TESTING_INDEX") or INDEX
    found, name, entry = _release(_index(index), version.removeprefix("v"), index)
    target = binaries.cache(environ) / f"{found}-{binaries.platform_name()}"
    if all((target / program).is_file() for program in binaries.PROGRAMS):
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # The folder is in the cache, so that it can be renamed.
        with tempfile.TemporaryDirectory(prefix=".download-", dir=target.parent) as folder:
            archive, unpacked = Path(folder) / "archive", Path(folder) / "unpacked"
            with _opened(_location(index, name, entry)) as source:
                _save(source, archive, entry.get("hash"))
            archives.unpack(archive, unpacked, _WANTED)
            missing = [program for program in binaries.PROGRAMS if not (unpacked / program).is_file()]
            if missing:
                message = f"the archive does not contain {' and '.join(missing)}"
                raise DownloadError(message)
            _install(unpacked, target)
    except ArchiveError as error:
        raise DownloadError(str(error)) from error
    except OSError as error:
        message = f"cannot write to the cache {target.parent}: {error}"
        raise DownloadError(message) from error
    return target


def _index(index: str) -> Mapping[str, Any]:
    """Return the releases of an index, by version."""
    location = index
    if not _is_url(index):
        path = Path(index).expanduser()
        location = str(path / _INDEX_NAME if path.is_dir() else path)
    with _opened(location) as source:
        content = _read(source, _MAX_INDEX + 1)
    if len(content) > _MAX_INDEX:
        message = f"the index {location} is larger than {_MAX_INDEX} bytes"
        raise DownloadError(message)
    try:
        document = yaml.load(content)
    except (KubeError, ValueError) as error:
        message = f"the index {location} is not YAML: {error}"
        raise DownloadError(message) from error
    releases = document.get("releases") if is_json_object(document) else None
    if not is_json_object(releases):
        message = f"the index {location} is invalid: expected the key 'releases' with a mapping"
        raise DownloadError(message)
    return releases


def _release(releases: Mapping[str, Any], version: str, index: str) -> tuple[str, str, Mapping[str, Any]]:
    """Return the newest release of a version, and the name and the entry of its archive for this platform."""
    known = [name.removeprefix("v") for name in releases if re.fullmatch(r"v?[0-9]{1,9}(\.[0-9]{1,9}){1,3}", name)]
    matching = [name for name in known if binaries.matches(name, version)]
    platform = binaries.platform_name()
    for found in sorted(matching, key=binaries.version_numbers, reverse=True):
        files = releases.get(f"v{found}", releases.get(found))
        name = f"envtest-v{found}-{platform}.tar.gz"
        entry = files.get(name) if is_json_object(files) else None
        if is_json_object(entry):
            return found, name, entry
    if matching:
        message = f"the index {index} has no archive of {version} for {platform}"
        raise DownloadError(message)
    newest = ", ".join(sorted(known, key=binaries.version_numbers)[-5:])
    message = f"the index {index} has no version {escape_for_terminal(version)}; its newest are {newest or 'none'}"
    raise DownloadError(message)


def _location(index: str, name: str, entry: Mapping[str, Any]) -> str:
    """Return the URL of an archive, or its path next to an index that is a file."""
    if _is_url(index):
        return _joined(index, str(entry.get("selfLink") or name))
    path = Path(index).expanduser()
    return str((path if path.is_dir() else path.parent) / name)


def _joined(index: str, link: str) -> str:
    """Return the URL of a link of an index; a link of an index with HTTPS must not lead to HTTP."""
    try:
        location = urljoin(index, link)
        _check_scheme(index, location)
    except ValueError as error:
        message = f"cannot read {link}: {error}"
        raise DownloadError(message) from error
    return location


def _check_scheme(before: str, location: str) -> None:
    allowed = ("https",) if urlsplit(before).scheme == "https" else ("http", "https")
    if urlsplit(location).scheme not in allowed:
        raise ValueError(f"expected {' or '.join(allowed)}, because it follows from {before}")


def _is_url(text: str) -> bool:
    return text.lower().startswith(("http:", "https:"))


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but not from HTTPS to HTTP."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Return the request after a redirect."""
        try:
            _check_scheme(req.full_url, newurl)
        except ValueError as error:
            message = f"redirected to {newurl}: {error}"
            raise urllib.error.URLError(message) from error
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opened(location: str) -> IO[bytes]:
    try:
        if not _is_url(location):
            return Path(location).open("rb")
        opener = urllib.request.build_opener(_Redirects)
        found: IO[bytes] = opener.open(location, timeout=_TIMEOUT)
    except (OSError, http.client.HTTPException, ValueError) as error:
        message = f"cannot read {location}: {error}"
        raise DownloadError(message) from error
    return found


def _read(source: IO[bytes], size: int) -> bytes:
    try:
        return source.read(size)
    except (OSError, http.client.HTTPException) as error:
        message = f"the download broke off: {error}; run the command again"
        raise DownloadError(message) from error


def _save(source: IO[bytes], archive: Path, expected: object) -> None:
    """Write an archive and compare its SHA-512."""
    if not isinstance(expected, str) or _SHA512.fullmatch(expected) is None:
        raise DownloadError("the index has no valid SHA-512 of the archive")
    digest, size = hashlib.sha512(), 0
    with archive.open("wb") as file:
        while data := _read(source, 1 << 20):
            size += len(data)
            if size > _MAX_ARCHIVE:
                message = f"the archive is larger than {_MAX_ARCHIVE} bytes"
                raise DownloadError(message)
            digest.update(data)
            file.write(data)
    if digest.hexdigest() != expected.lower():
        message = f"the SHA-512 of the archive is {digest.hexdigest()}, expected {expected}"
        raise DownloadError(message)


def _install(unpacked: Path, target: Path) -> None:
    """Move the programs to their place; the same download by another process may have been faster."""
    if not all((target / program).is_file() for program in binaries.PROGRAMS):
        shutil.rmtree(target, ignore_errors=True)
        try:
            unpacked.rename(target)
        except OSError:
            if not all((target / program).is_file() for program in binaries.PROGRAMS):
                raise
