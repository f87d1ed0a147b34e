"""Copying files and folders to and from a container, by the `tar` that is in it; both kinds of client.

Source: `kubectl cp`.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kubecore._support.terminal import shown
from kubecore.calls.call import Call
from kubecore.calls.deadline import Deadline
from kubecore.calls.resource import Resource
from kubecore.errors import (
    CommandTimeoutError,
    CopyError,
    DeadlineError,
    InvalidRequestError,
    ReadTimeoutError,
    StatusError,
)
from kubecore.model.meta import Status
from kubecore.streams.copy.totar import pack
from kubecore.streams.copy.untar import Copied, Unpacker
from kubecore.streams.exec.command import Gathered, Options, Output, exec_call, is_text

if TYPE_CHECKING:
    from kubecore.streams.exec.async_process import AsyncProcess
    from kubecore.streams.exec.process import Process

__all__ = [
    "Plan",
    "Progress",
    "plan_from",
    "plan_to",
    "receive",
    "receive_async",
    "send",
    "send_async",
]

Progress = Callable[[int], object]
"""Is told how many bytes of files were copied so far."""

_MOST_SAID: Final = 64 * 1024
_TAR: Final = "tar"
_NO_TAR: Final = "there is no `tar` in the container, which copying needs"


class Plan(NamedTuple):
    """What is to be run, and between which names.

    Attributes:
        call: the exec.
        options: what it connects.
        command: the command.
        base: the name that everything in the archive begins with.
        local: the file or folder here.
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


class _Said:
    """What tar says beside the archive."""

    def __init__(self, unpacker: Unpacker) -> None:
        self._unpacker = unpacker
        self._errors = bytearray()

    def take(self, output: Output) -> None:
        if output.stream == "stdout":
            self._unpacker.feed(output.data)
        elif len(self._errors) < _MOST_SAID:
            self._errors += output.data

    def finish(self, returncode: int | None) -> Copied:
        _check(returncode, bytes(self._errors))
        return self._unpacker.finish()


def _check(returncode: int | None, said: bytes) -> None:
    text = shown(said.decode("utf-8", "replace").strip(), most=500)
    if returncode in (126, 127):
        raise CopyError(f"{_NO_TAR}: {text}" if text else _NO_TAR)
    if returncode != 0:
        raise CopyError(f"tar in the container returned {returncode}; not everything may have been copied: {text}")


def _explained(error: StatusError) -> Exception:
    text = str(error)
    if "tar" in text and ("not found" in text or "no such file" in text):
        return CopyError(f"{_NO_TAR}: {shown(text, most=500)}")
    return error


def _late(plan: Plan, timeout: float | None) -> DeadlineError:
    return DeadlineError(f"{plan.call.method} {plan.call.path}: not copied within {timeout:g} s (timeout=)")


def receive(process: Process, plan: Plan, progress: Progress | None, timeout: float | None) -> Copied:
    """Run a copy from a container."""
    unpacker = Unpacker(plan.base, plan.local, progress)
    said = _Said(unpacker)
    deadline = Deadline.within(timeout)
    try:
        with process, unpacker:
            while (output := process.read(None if deadline is None else deadline.left)) is not None:
                said.take(output)
            return said.finish(process.returncode)
    except ReadTimeoutError as error:
        if deadline is None or deadline.left:
            raise
        raise _late(plan, timeout) from error
    except StatusError as error:
        raise _explained(error) from error


async def receive_async(process: AsyncProcess, plan: Plan, progress: Progress | None, timeout: float | None) -> Copied:
    """Run a copy from a container: see `receive`."""
    import anyio

    unpacker = Unpacker(plan.base, plan.local, progress)
    said = _Said(unpacker)
    try:
        with anyio.move_on_after(timeout):
            async with process:
                with unpacker:
                    async for output in process:
                        said.take(output)
                    return said.finish(process.returncode)
    except StatusError as error:
        raise _explained(error) from error
    raise _late(plan, timeout)


def send(process: Process, plan: Plan, progress: Progress | None, timeout: float | None) -> Copied:
    """Run a copy to a container."""
    copied, gathered = Copied(), Gathered(_MOST_SAID)
    archive = pack(plan.local, plan.base, copied, progress)
    deadline = Deadline.within(timeout)
    try:
        with process:
            _check(
                process.communicate(gathered, archive, timeout, None if deadline is None else deadline.left),
                gathered.stderr,
            )
    except CommandTimeoutError as error:
        raise _late(plan, timeout) from error
    except StatusError as error:
        raise _explained(error) from error
    finally:
        archive.close()
    return copied


async def send_async(process: AsyncProcess, plan: Plan, progress: Progress | None, timeout: float | None) -> Copied:
    """Run a copy to a container: see `send`."""
    copied, gathered = Copied(), Gathered(_MOST_SAID)
    archive = pack(plan.local, plan.base, copied, progress)
    deadline = Deadline.within(timeout)
    try:
        async with process:
            _check(
                await process.communicate(gathered, archive, timeout, None if deadline is None else deadline.left),
                gathered.stderr,
            )
    except CommandTimeoutError as error:
        raise _late(plan, timeout) from error
    except StatusError as error:
        raise _explained(error) from error
    finally:
        archive.close()
    return copied
