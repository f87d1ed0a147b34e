"""Errors of exec, cp and port-forward."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

from kubecore._support.terminal import escape_for_terminal
from kubecore.errors.base import KubeError

__all__ = ["CommandError", "CommandTimeoutError", "CopyError", "PortForwardError"]


class CommandError(KubeError):
    """A command in a container returned another code than 0; the message does not contain its output.

    Args:
        command: The command.
        returncode: The code.
        stdout: Its output: bytes, or text for `run(text=True)`.
        stderr: Its error output.
    """

    def __init__(self, command: Sequence[str], returncode: int, stdout: bytes | str, stderr: bytes | str) -> None:
        super().__init__(command, returncode, stdout, stderr)
        self.command = command
        self.returncode = returncode
        # Any, as in `subprocess.CalledProcessError`: only the caller knows whether `text` was set.
        self.stdout: Any = stdout
        self.stderr: Any = stderr

    def __str__(self) -> str:
        """Return the message: the command and its exit code."""
        return f"{_command(self.command)} returned {self.returncode}"

    def __repr__(self) -> str:
        """Show the message only: the output of a command may be a secret."""
        return f"CommandError({self})"


class CommandTimeoutError(KubeError, builtins.TimeoutError):
    """A command in a container did not end in time; it may still run, since it cannot be stopped from outside.

    Args:
        command: The command.
        timeout: The time limit in seconds.
        stdout: Its output until then, always bytes: the last character may be incomplete.
        stderr: Its error output.
    """

    def __init__(self, command: Sequence[str], timeout: float, stdout: bytes, stderr: bytes) -> None:
        super().__init__(command, timeout, stdout, stderr)
        self.command = command
        self.timeout = timeout
        self.stdout = stdout
        self.stderr = stderr

    def __str__(self) -> str:
        """Return the message: the command and its time limit."""
        return f"{_command(self.command)} was not done within {self.timeout:g} s"

    def __repr__(self) -> str:
        """Show the message only: the output of a command may be a secret."""
        return f"CommandTimeoutError({self})"


def _command(command: Sequence[str]) -> str:
    """Name a command: its arguments may be secrets."""
    return f"the command {escape_for_terminal(command[0], max_length=100)!r}" if command else "the command"


class PortForwardError(KubeError):
    """A port can't be forwarded.

    The node can't reach the port of the pod, mostly since nothing listens there (the message is the node's); or there
    is no port of this name, or no pod of the service runs.
    """


class CopyError(KubeError):
    """Files could not be copied to or from a container."""
