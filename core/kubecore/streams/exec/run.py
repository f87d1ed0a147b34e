# Derived from kubecore/streams/exec/async_run.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""Run a command in a container to its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kubecore.calls.call import Call
from kubecore.calls.deadline import Deadline
from kubecore.errors import CommandTimeoutError, DeadlineError
from kubecore.model.meta import Status
from kubecore.streams.exec.channels import cut
from kubecore.streams.exec.command import Completed, Gathered, Options, finished
from kubecore.streams.exec.process import Process

if TYPE_CHECKING:
    from kubecore.calls.text_mode import TextMode
    from kubecore.rest import Client

__all__ = ["run"]


def run(
    client: Client,
    call: Call[Status],
    options: Options,
    command: Sequence[str],
    *,
    stdin: bytes | None,
    timeout: float | None,
    check: bool,
    max_output: int | None,
    mode: TextMode | None,
) -> Completed[Any]:
    """Run a command to its end.

    Args:
        client: Opens the connection.
        call: The call.
        options: The connected streams.
        command: The command.
        stdin: Its standard input, None for none.
        timeout: The time limit in seconds.
        check: Whether a code other than 0 is an error.
        max_output: The maximum output in bytes.
        mode: How output becomes text; None for bytes.

    Returns:
        The result.
    """
    gathered = Gathered(max_output)
    deadline = Deadline.within(timeout)
    process = Process(client, call, options, command, timeout=timeout)
    try:
        with process:
            code = process.communicate(
                gathered, None if stdin is None else cut(stdin), timeout, None if deadline is None else deadline.left
            )
    except DeadlineError as error:
        if timeout is None:
            raise
        raise CommandTimeoutError(command, timeout, b"", b"") from error
    return finished(command, code, gathered, mode, check=check)
