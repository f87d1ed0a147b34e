"""The root of all errors with the address of each error's page, and the errors that need no connection."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final, overload

from kubecore._support.terminal import escape_for_terminal

__all__ = [
    "DOCUMENTATION",
    "AlreadyOwnedError",
    "ConfigError",
    "DecodeError",
    "DiscoveryError",
    "EncodeError",
    "InvalidRequestError",
    "KubeError",
    "MissingExtraError",
    "NoMatchError",
    "Notes",
    "address",
]

DOCUMENTATION: Final = "https://kgen-kubernetes.github.io/kgen/"
"""The site of the documentation."""


def address(kind: type[BaseException]) -> str:
    """Return the address of the page about an error.

    Args:
        kind: The class. A class of a program has the page of its nearest base class in kubecore.
    """
    documented = next(base for base in kind.__mro__ if base.__module__.partition(".")[0] == "kubecore")
    return f"{DOCUMENTATION}errors/{documented.__name__}/"


class Notes:
    """The attribute `__notes__` of an error, whose first note is the address of its page.

    The list is made when it is first read, by a traceback or by `add_note`: raising an error costs nothing more.
    """

    @overload
    def __get__(self, error: None, kind: type[BaseException]) -> Notes: ...
    @overload
    def __get__(self, error: BaseException, kind: type[BaseException]) -> list[str]: ...
    def __get__(self, error: BaseException | None, kind: type[BaseException]) -> Notes | list[str]:
        """Return the notes of an error."""
        if error is None:
            return self
        notes: list[str] | None = error.__dict__.get("__notes__")
        return error.__dict__.setdefault("__notes__", [f"what to do: {address(kind)}"]) if notes is None else notes

    def __set__(self, error: BaseException, notes: list[str]) -> None:
        """Replace the notes, as pickles and programs do."""
        error.__dict__["__notes__"] = notes

    def __delete__(self, error: BaseException) -> None:
        """Remove all notes that were added."""
        error.__dict__.pop("__notes__", None)


class KubeError(Exception):
    """Root of all errors that kubecore raises.

    Its text and its notes are safe to print: terminal control characters are escaped. This also applies to every
    subclass, including custom ones that define `__str__`.

    The first note is the address of a page about the error. Tracebacks show it below the message.
    """

    __notes__: Notes = Notes()  # pyright: ignore[reportIncompatibleVariableOverride] - a list when it is read

    @property
    def help_url(self) -> str:
        """Address of the page about the error: its causes, and what to do."""
        return address(type(self))

    def __init_subclass__(cls, **options: Any) -> None:
        """Make the class's own `__str__`, if it has one, return text that is safe to print."""
        super().__init_subclass__(**options)
        own: Callable[[KubeError], str] | None = cls.__dict__.get("__str__")
        if own is not None:

            @functools.wraps(own)
            def text(self: KubeError) -> str:
                return escape_for_terminal(own(self))

            cls.__str__ = text  # type: ignore[method-assign]

    def __str__(self) -> str:
        """Return the message."""
        return escape_for_terminal(super().__str__())

    def add_note(self, note: str, /) -> None:
        """Add a note, which is shown below the message in a traceback."""
        super().add_note(escape_for_terminal(note))

    def __repr__(self) -> str:
        """Show the class and the message, as a REPL, `asyncio.gather` and logs with `%r` print them."""
        return f"{type(self).__name__}({str(self)!r})"


class MissingExtraError(KubeError, ImportError):
    """An optional dependency is not installed; the message names the package to install."""


class DecodeError(KubeError, ValueError):
    """The response is not the requested object."""


class EncodeError(KubeError, ValueError):
    """A value has no form in JSON."""


class InvalidRequestError(KubeError, ValueError):
    """The request was refused before anything was sent: an invalid name, a body of another kind, ..."""


class AlreadyOwnedError(InvalidRequestError):
    """An object is controlled by another one already: `set_controller_reference`."""


class NoMatchError(KubeError, LookupError):
    """The server has no such kind, or the generated package does not know it.

    Args:
        message: The requested kind, and similar ones.
        kind: The requested kind or resource.
        nearest: Names of existing kinds that are similar.

    Attributes:
        kind: The requested kind or resource.
        nearest: Names of existing kinds that are similar.
    """

    def __init__(self, message: str, *, kind: str, nearest: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.kind = kind
        self.nearest = nearest


class DiscoveryError(KubeError):
    """The resources of a group version are unknown: its server does not respond."""


class ConfigError(KubeError, ValueError):
    """A configuration contradicts itself, or refers to an unreadable file."""
