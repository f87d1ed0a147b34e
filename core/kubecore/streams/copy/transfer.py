# Derived from kubecore/streams/copy/async_transfer.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""Run the `tar` of a copy, and move its data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubecore.calls.deadline import Deadline
from kubecore.errors import CommandTimeoutError, ReadTimeoutError, StatusError
from kubecore.streams.copy.copying import MAX_ERROR_BYTES, Plan, TarOutput, check, explained, late
from kubecore.streams.copy.totar import pack
from kubecore.streams.copy.untar import Copied, Unpacker
from kubecore.streams.exec.command import Gathered

if TYPE_CHECKING:
    from kubecore.streams.copy.copying import Progress
    from kubecore.streams.exec.process import Process

__all__ = ["receive", "send"]


def receive(process: Process, plan: Plan, progress: Progress | None, timeout: float | None) -> Copied:
    """Run a copy from a container."""
    unpacker = Unpacker(plan.base, plan.local, progress)
    output_of_tar = TarOutput(unpacker)
    deadline = Deadline.within(timeout)
    try:
        with process, unpacker:
            while (output := process.read(None if deadline is None else deadline.left)) is not None:
                output_of_tar.take(output)
            return output_of_tar.finish(process.returncode)
    except ReadTimeoutError as error:
        if deadline is None or deadline.left:
            raise
        raise late(plan, timeout) from error
    except StatusError as error:
        raise explained(error) from error


def send(process: Process, plan: Plan, progress: Progress | None, timeout: float | None) -> Copied:
    """Run a copy to a container."""
    copied, gathered = Copied(), Gathered(MAX_ERROR_BYTES)
    archive = pack(plan.local, plan.base, copied, progress)
    deadline = Deadline.within(timeout)
    try:
        with process:
            check(
                process.communicate(gathered, archive, timeout, None if deadline is None else deadline.left),
                gathered.stderr,
            )
    except CommandTimeoutError as error:
        raise late(plan, timeout) from error
    except StatusError as error:
        raise explained(error) from error
    finally:
        archive.close()
    return copied
