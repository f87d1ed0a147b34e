"""Commands in containers: run, exec and attach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, overload

from kubecore.async_verbs.base import ResourceClient

if TYPE_CHECKING:
    from kubecore.calls.text_mode import TextErrors
    from kubecore.streams.exec.async_process import AsyncProcess
    from kubecore.streams.exec.command import Completed

__all__ = ["Attach", "Exec"]


class Exec(ResourceClient):
    """Runs commands in containers."""

    @overload
    async def run(
        self,
        name: str,
        command: Sequence[str],
        *,
        container: str | None = None,
        stdin: bytes | None = None,
        text: Literal[False] = False,
        encoding: None = None,
        errors: None = None,
        timeout: float | None = None,
        check: bool = False,
        max_output: int | None = None,
    ) -> Completed[bytes]: ...

    @overload
    async def run(
        self,
        name: str,
        command: Sequence[str],
        *,
        container: str | None = None,
        stdin: str | None = None,
        text: Literal[True],
        encoding: str | None = None,
        errors: TextErrors | None = None,
        timeout: float | None = None,
        check: bool = False,
        max_output: int | None = None,
    ) -> Completed[str]: ...

    @overload
    async def run(
        self,
        name: str,
        command: Sequence[str],
        *,
        container: str | None = None,
        stdin: str | None = None,
        text: bool = False,
        encoding: str,
        errors: TextErrors | None = None,
        timeout: float | None = None,
        check: bool = False,
        max_output: int | None = None,
    ) -> Completed[str]: ...

    @overload
    async def run(
        self,
        name: str,
        command: Sequence[str],
        *,
        container: str | None = None,
        stdin: str | None = None,
        text: bool = False,
        encoding: str | None = None,
        errors: TextErrors,
        timeout: float | None = None,
        check: bool = False,
        max_output: int | None = None,
    ) -> Completed[str]: ...

    async def run(
        self,
        name: str,
        command: Sequence[str],
        *,
        container: str | None = None,
        stdin: bytes | str | None = None,
        text: bool = False,
        encoding: str | None = None,
        errors: TextErrors | None = None,
        timeout: float | None = None,
        check: bool = False,
        max_output: int | None = None,
    ) -> Completed[bytes] | Completed[str]:
        """Run a command to its end, as `subprocess.run`: GET of `exec`, a websocket. Needs the extra `ws`.

        A command is never sent twice: if the connection breaks, its result is unknown.

        Args:
            name: The pod's name.
            command: The program and its arguments; no shell splits them.
            container: The container; by default the pod's default container.
            stdin: The command's complete input; None for no input. Text if the output is text.
            text: Whether to return text, UTF-8 unless `encoding` is set. `encoding` and `errors` imply it.
            encoding: The encoding of the text, such as `utf-8`.
            errors: How bytes that the encoding does not allow are handled, by Python's names: `strict` (the default)
                refuses them, then there are `replace`, `ignore`, `backslashreplace` and `surrogateescape`.
            timeout: The time limit in seconds; the command may continue in the container after it.
            check: Whether a code other than 0 is an error.
            max_output: The maximum output in bytes; None for no limit.

        Returns:
            The exit code and the output, bytes or text; line ends are not changed.

        Raises:
            InvalidRequestError: Refused before anything was sent.
            CommandTimeoutError: It did not end in time; the error has its output so far.
            CommandError: It returned another code than 0, and `check` was set.
            BodyTooLargeError: It printed more than `max_output`.
            DecodeError: Its output is not of the encoding, and `errors` is `strict`.
            UnknownResultError: The connection ended before the server reported the exit status.
            StatusError: It could not be run, or the node does not report its exit code.
            TransportError: There is no response.
            MissingExtraError: The package wsproto is not installed.
        """
        from kubecore.calls.text_mode import text_mode
        from kubecore.streams.exec import command as commands
        from kubecore.streams.exec.async_run import run

        mode = text_mode(text=text, encoding=encoding, errors=errors)
        data = commands.input_of(stdin, mode)
        options = commands.Options(container=container, stdin=data is not None, stdout=True, stderr=True, tty=False)
        call = commands.exec_call(self._resource, self._namespace, name, command, options)
        return await run(
            self._client,
            call,
            options,
            command,
            stdin=data,
            timeout=timeout,
            check=check,
            max_output=max_output,
            mode=mode,
        )

    def exec(
        self,
        name: str,
        command: Sequence[str],
        *,
        container: str | None = None,
        stdin: bool = False,
        stdout: bool = True,
        stderr: bool = True,
        tty: bool = False,
        timeout: float | None = None,
    ) -> AsyncProcess:
        """Run a command and talk to it: GET of `exec`, a websocket. Needs the extra `ws`.

        Nothing is sent before the `async with` block begins.

        Args:
            name: The pod's name.
            command: The program and its arguments; no shell splits them.
            container: The container; by default the pod's default container.
            stdin: Whether something is to be written to it.
            stdout: Whether to read its output.
            stderr: Whether to read its output as errors; with a terminal that is part of `stdout`.
            tty: Whether to give it a terminal.
            timeout: Seconds until the stream is open; after that it has no effect. None for no limit but that of
                connecting.

        Returns:
            A context manager that starts the command.

        Raises:
            InvalidRequestError: Refused before anything was sent.
        """
        from kubecore.streams.exec import command as commands
        from kubecore.streams.exec.async_process import AsyncProcess

        options = commands.Options(container=container, stdin=stdin, stdout=stdout, stderr=stderr, tty=tty)
        call = commands.exec_call(self._resource, self._namespace, name, command, options)
        return AsyncProcess(self._client, call, options, command, timeout=timeout)


class Attach(ResourceClient):
    """Connects to processes of containers."""

    def attach(
        self,
        name: str,
        *,
        container: str | None = None,
        stdin: bool = False,
        stdout: bool = True,
        stderr: bool = True,
        tty: bool = False,
        timeout: float | None = None,
    ) -> AsyncProcess:
        """Connect to the process of a container: GET of `attach`, a websocket. Needs the extra `ws`.

        Nothing is sent before the `async with` block begins.

        Args:
            name: The pod's name.
            container: The container; by default the pod's default container.
            stdin: Whether to write to it; its specification must have `stdin: true`.
            stdout: Whether to read its output from now on.
            stderr: Whether to read its output as errors; with a terminal that is part of `stdout`.
            tty: Whether the container has a terminal; its specification must have `tty: true`.
            timeout: Seconds until the stream is open; after that it has no effect. None for no limit but that of
                connecting.

        Returns:
            A context manager that connects.

        Raises:
            InvalidRequestError: Refused before anything was sent.
        """
        from kubecore.streams.exec import command as commands
        from kubecore.streams.exec.async_process import AsyncProcess

        options = commands.Options(container=container, stdin=stdin, stdout=stdout, stderr=stderr, tty=tty)
        call = commands.attach_call(self._resource, self._namespace, name, options)
        return AsyncProcess(self._client, call, options, (), timeout=timeout)
