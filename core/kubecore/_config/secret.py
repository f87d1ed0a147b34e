"""Text and bytes that hold secrets: a traceback that shows local variables shows only their length."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final, Generic, TypeVar

__all__ = ["Hidden", "SecretBuffer", "SecretBytes", "SecretText", "hide", "read_file"]

_MOST_BYTES: Final = 1 << 20
"""Largest file of a token, certificate or key; a kubeconfig of a stranger may name `/dev/zero`."""


T = TypeVar("T")


class Hidden(Generic[T]):
    """A value with secrets in it.

    Args:
        value: The value.
    """

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value: T = value

    def __repr__(self) -> str:
        """Show the type."""
        return f"<hidden {type(self.value).__name__}>"


class SecretBytes(bytes):
    """Bytes with a secret in them."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Show the number of bytes."""
        return f"<{len(self)} bytes>"


class SecretBuffer(bytearray):
    """A buffer with a secret in it."""

    def __repr__(self) -> str:
        """Show the number of bytes."""
        return f"<{len(self)} bytes>"


class SecretText(str):
    """Text with a secret in it."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Show the number of characters."""
        return f"<{len(self)} characters>"


def hide(value: str | bytes) -> SecretText | SecretBytes:
    """Return the same text or bytes with a repr that hides them."""
    return SecretText(value) if isinstance(value, str) else SecretBytes(value)


def read_file(file: str | Path, *, most: int = _MOST_BYTES) -> SecretBytes:
    """Return the content of a file of a credential.

    Args:
        file: The file.
        most: Its largest size, in bytes.

    Raises:
        OSError: It can't be read, or is larger.
        ValueError: Its name is not valid.
    """
    with Path(file).open("rb") as stream:
        content = SecretBytes(stream.read(most + 1))
    if len(content) > most:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return content
