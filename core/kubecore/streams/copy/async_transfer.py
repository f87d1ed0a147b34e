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
    from kubecore.streams.exec.async_process import AsyncProcess

__all__ = ["receive_async", "send_async"]


async def receive_async(process: AsyncProcess, plan: Plan, progress: Progress | None, timeout: float | None) -> Copied:
    """Run a copy from a container."""
    unpacker = Unpacker(plan.base, plan.local, progress)
    output_of_tar = TarOutput(unpacker)
    deadline = Deadline.within(timeout)
    try:
        async with process:
            with unpacker:
                while (output := await process.read(None if deadline is None else deadline.left)) is not None:
                    output_of_tar.take(output)
                return output_of_tar.finish(process.returncode)
    except ReadTimeoutError as error:
        if deadline is None or deadline.left:
            raise
        raise late(plan, timeout) from error
    except StatusError as error:
        raise explained(error) from error


async def send_async(process: AsyncProcess, plan: Plan, progress: Progress | None, timeout: float | None) -> Copied:
    """Run a copy to a container."""
    copied, gathered = Copied(), Gathered(MAX_ERROR_BYTES)
    archive = pack(plan.local, plan.base, copied, progress)
    deadline = Deadline.within(timeout)
    try:
        async with process:
            check(
                await process.communicate(gathered, archive, timeout, None if deadline is None else deadline.left),
                gathered.stderr,
            )
    except CommandTimeoutError as error:
        raise late(plan, timeout) from error
    except StatusError as error:
        raise explained(error) from error
    finally:
        archive.close()
    return copied
