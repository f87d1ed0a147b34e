"""The requests of exec and attach, and the result of a command. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, AnyStr, Final, Generic, Literal, NamedTuple

from kubecore.calls.call import Call
from kubecore.calls.resource import Resource
from kubecore.calls.text_mode import TextMode
from kubecore.errors import BodyTooLargeError, CommandError, DecodeError, InvalidRequestError
from kubecore.model.meta import Status
from kubecore.streams.exec.channels import STDOUT

__all__ = [
    "Completed",
    "Gathered",
    "Options",
    "Output",
    "Stream",
    "attach_call",
    "exec_call",
    "finished",
    "input_of",
    "is_text",
    "stream_name",
]

Stream = Literal["stdout", "stderr"]
"""The output streams of a command."""


class Output(NamedTuple):
    """A chunk of the output of a command.

    Attributes:
        stream: `stdout` or `stderr`; with a terminal all is `stdout`.
        data: The bytes; they may end in the middle of a line or of a character.
    """

    stream: Stream
    data: bytes


def stream_name(channel: int) -> Stream:
    """Return the name of a channel that carries output."""
    return "stdout" if channel == STDOUT else "stderr"


# Without slots: with them, Python 3.11 can't make an instance of Completed[AnyStr].
@dataclass(frozen=True)
class Completed(Generic[AnyStr]):
    """A command that has ended, as `subprocess.CompletedProcess`.

    Attributes:
        args: The command.
        returncode: The code that it returned.
        stdout: Its output, bytes or text.
        stderr: Its error output.
    """

    args: Sequence[str]
    returncode: int
    stdout: AnyStr = field(repr=False)
    stderr: AnyStr = field(repr=False)

    def check_returncode(self) -> None:
        """Raise CommandError if the exit code is not 0."""
        if self.returncode != 0:
            raise CommandError(self.args, self.returncode, self.stdout, self.stderr)


class Gathered:
    """The output of a command as it comes.

    Args:
        max_bytes: Most bytes of both streams together, None for no limit.
    """

    def __init__(self, max_bytes: int | None) -> None:
        self._max_bytes = max_bytes
        self._pieces: dict[Stream, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}

    def add(self, output: Output) -> None:
        """Add received output.

        Raises:
            BodyTooLargeError: It exceeds the limit.
        """
        self._pieces[output.stream] += output.data
        if self._max_bytes is not None and sum(map(len, self._pieces.values())) > self._max_bytes:
            raise BodyTooLargeError(f"the command printed more than {self._max_bytes} bytes (max_output)")

    @property
    def stdout(self) -> bytes:
        """The output of the command so far."""
        return bytes(self._pieces["stdout"])

    @property
    def stderr(self) -> bytes:
        """The error output of the command so far."""
        return bytes(self._pieces["stderr"])


def input_of(stdin: bytes | str | None, mode: TextMode | None) -> bytes | None:
    """Return the input of a command, as bytes; None for no input.

    Args:
        stdin: The argument of the caller.
        mode: Its encoding; None if it must be bytes already.

    Raises:
        InvalidRequestError: It is text and should be bytes, or the other way round, or the encoding cannot express it.
    """
    if stdin is None:
        return None
    if not isinstance(stdin, str):
        if mode is None:
            return stdin
        raise InvalidRequestError("stdin is not text: pass text, or leave text=, encoding= and errors= out")
    if mode is None:
        raise InvalidRequestError("stdin is text: pass bytes, or set text=True")
    try:
        return stdin.encode(mode.encoding, mode.errors)
    except UnicodeError:
        raise InvalidRequestError(f"stdin has characters that {mode.name} does not have") from None


def finished(
    command: Sequence[str], code: int, gathered: Gathered, mode: TextMode | None, *, check: bool
) -> Completed[Any]:
    """Return the result of a command.

    Args:
        command: The command.
        code: The code that it returned.
        gathered: Its output.
        mode: Its encoding; None for bytes.
        check: Whether a code other than 0 is an error.

    Raises:
        CommandError: The code is not 0, and `check` is set.
        DecodeError: The output does not match the encoding, and `errors` is `strict`.
    """
    done: Completed[Any] = Completed(command, code, gathered.stdout, gathered.stderr)
    if mode is not None:
        try:
            out, err = (data.decode(mode.encoding, mode.errors) for data in (gathered.stdout, gathered.stderr))
        except UnicodeError:
            raise DecodeError(
                f"the command returned {code}, and its output is not {mode.name}; errors='replace' marks the places, "
                "and without text=, encoding= and errors= the output is returned as bytes"
            ) from None
        done = Completed(command, code, out, err)
    if check:
        done.check_returncode()
    return done


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The streams that an exec or attach connects.

    Attributes:
        container: The container; None for the only one, or the pod's default.
        stdin: Whether input is written.
        stdout: Whether output is requested.
        stderr: Whether error output is requested separately; impossible with a terminal.
        tty: Whether to give the command a terminal.
    """

    container: str | None
    stdin: bool
    stdout: bool
    stderr: bool
    tty: bool

    def query(self) -> tuple[tuple[str, str], ...]:
        """Return the query parameters."""
        parameters = {
            "container": self.container,
            "stderr": "true" if self.stderr and not self.tty else None,
            "stdin": "true" if self.stdin else None,
            "stdout": "true" if self.stdout else None,
            "tty": "true" if self.tty else None,
        }
        return tuple((name, value) for name, value in parameters.items() if value is not None)


def is_text(value: object) -> bool:
    """Whether a value can be an argument of a program."""
    return isinstance(value, str) and "\0" not in value


_NO_STREAM: Final = "at least one of stdin, stdout and stderr must be connected"


def exec_call(
    resource: Resource[Any, Any], namespace: str, name: str, command: Sequence[str], options: Options
) -> Call[Status]:
    """Make the call that runs a command: `core/v1 PodExecOptions`.

    Args:
        resource: The resource.
        namespace: The object's namespace.
        name: The object's name.
        command: The program and its arguments.
        options: The connected streams.

    Returns:
        The call.

    Raises:
        InvalidRequestError: The command or a name is invalid.
    """
    if isinstance(command, (str, bytes)):
        raise InvalidRequestError(
            f"the command is a {type(command).__name__}: pass a list such as ['ls', '-l'] or shlex.split(command), and "
            "['sh', '-c', command] to run it in the container's shell"
        )
    if not command:
        raise InvalidRequestError("the command is empty")
    for part in command:
        if not is_text(part):
            raise InvalidRequestError("a command's parts are texts without NUL characters")
    query = (*(("command", part) for part in command), *options.query())
    return _connect(resource, namespace, name, "exec", query, options)


def attach_call(resource: Resource[Any, Any], namespace: str, name: str, options: Options) -> Call[Status]:
    """Return the call that connects to the main process of a container: `core/v1 PodAttachOptions`.

    Args:
        resource: The resource.
        namespace: The object's namespace.
        name: The object's name.
        options: The connected streams.

    Returns:
        The call.

    Raises:
        InvalidRequestError: A name is invalid.
    """
    return _connect(resource, namespace, name, "attach", options.query(), options)


def _connect(
    resource: Resource[Any, Any],
    namespace: str,
    name: str,
    subresource: str,
    query: tuple[tuple[str, str], ...],
    options: Options,
) -> Call[Status]:
    if not (options.stdin or options.stdout or options.stderr):
        raise InvalidRequestError(_NO_STREAM)
    return resource.call("connect", "GET", namespace, Status, name=name, subresource=subresource, query=query)
