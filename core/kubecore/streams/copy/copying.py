"""Copying files and folders to and from a container, by the `tar` that is in it; both kinds of client.

Source: `kubectl cp`.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from kubecore._support.terminal import escape_for_terminal
from kubecore.calls.call import Call
from kubecore.calls.resource import Resource
from kubecore.errors import (
    CopyError,
    DeadlineError,
    InvalidRequestError,
    StatusError,
)
from kubecore.model.meta import Status
from kubecore.streams.copy.untar import Copied, Unpacker
from kubecore.streams.exec.command import Options, Output, exec_call, is_text

__all__ = [
    "MAX_ERROR_BYTES",
    "Plan",
    "Progress",
    "TarOutput",
    "check",
    "explained",
    "late",
    "plan_from",
    "plan_to",
]

Progress = Callable[[int], object]
"""Called with the number of bytes of files copied so far."""

MAX_ERROR_BYTES: Final = 64 * 1024
_TAR: Final = "tar"
_NO_TAR: Final = "there is no `tar` in the container, which copying needs"


class Plan(NamedTuple):
    """The command, and the paths on both sides.

    Attributes:
        call: The exec.
        options: The connected streams.
        command: The command.
        base: The first segment of all names in the archive.
        local: The file or folder here.
    """

    call: Call[Status]
    options: Options
    command: list[str]
    base: str
    local: Path


def plan_from(
    resource: Resource[Any, Any],
    namespace: str,
    name: str,
    remote: str,
    local: str | os.PathLike[str],
    container: str | None,
) -> Plan:
    """Plan a copy from a container."""
    folder, base = _split(remote)
    entry = base if base == "." else f"./{base}"
    command = [_TAR, "cf", "-", "-C", folder, entry]
    options = Options(container=container, stdin=False, stdout=True, stderr=True, tty=False)
    return Plan(exec_call(resource, namespace, name, command, options), options, command, base, Path(local))


def plan_to(
    resource: Resource[Any, Any],
    namespace: str,
    name: str,
    local: str | os.PathLike[str],
    remote: str,
    container: str | None,
) -> Plan:
    """Plan a copy to a container."""
    folder, base = _split(remote)
    command = [_TAR, "xmf", "-", "-C", folder]
    options = Options(container=container, stdin=True, stdout=True, stderr=True, tty=False)
    return Plan(exec_call(resource, namespace, name, command, options), options, command, base, Path(local))


def _split(remote: str) -> tuple[str, str]:
    """Return the folder in the container, and the name in it."""
    if not remote or not is_text(remote):
        raise InvalidRequestError("the path in the container must be a text that is not empty, without NUL characters")
    folder, base = posixpath.split(posixpath.normpath(remote))
    if base in ("", ".", ".."):
        return posixpath.join(folder, base), "."
    return folder or ".", base


class TarOutput:
    """The output of a `tar` that packs: the archive and its errors.

    Args:
        unpacker: Unpacks the archive.
    """

    def __init__(self, unpacker: Unpacker) -> None:
        self._unpacker = unpacker
        self._errors = bytearray()

    def take(self, output: Output) -> None:
        """Unpack a part of the archive, or keep an error.

        Args:
            output: The next output of the command.
        """
        if output.stream == "stdout":
            self._unpacker.feed(output.data)
        elif len(self._errors) < MAX_ERROR_BYTES:
            self._errors += output.data

    def finish(self, returncode: int | None) -> Copied:
        """Check that all files were copied.

        Args:
            returncode: The exit code of the command.

        Returns:
            The copied files.

        Raises:
            CopyError: `tar` failed.
        """
        check(returncode, bytes(self._errors))
        return self._unpacker.finish()


def check(returncode: int | None, errors: bytes) -> None:
    """Check the exit code of tar.

    Args:
        returncode: The exit code.
        errors: The standard error of tar.

    Raises:
        CopyError: `tar` failed, or the container has none.
    """
    text = escape_for_terminal(errors.decode("utf-8", "replace").strip(), max_length=500)
    if returncode in (126, 127):
        raise CopyError(f"{_NO_TAR}: {text}" if text else _NO_TAR)
    if returncode != 0:
        raise CopyError(f"tar in the container returned {returncode}; not everything may have been copied: {text}")


def explained(error: StatusError) -> Exception:
    """Return a clearer error if the container has no tar, else the same error.

    Args:
        error: The error of the exec request.
    """
    text = str(error)
    if "tar" in text and ("not found" in text or "no such file" in text):
        return CopyError(f"{_NO_TAR}: {escape_for_terminal(text, max_length=500)}")
    return error


def late(plan: Plan, timeout: float | None) -> DeadlineError:
    """Create the error for a copy that exceeds its time limit.

    Args:
        plan: The copy.
        timeout: Its time limit, in seconds.
    """
    return DeadlineError(f"{plan.call.method} {plan.call.path}: not copied within {timeout:g} s (timeout=)")
