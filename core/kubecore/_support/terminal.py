"""Text of a server or a pod in messages: terminal control characters are escaped."""

from __future__ import annotations

import logging
import unicodedata
from typing import Any, Final

from kubecore._support.json_types import is_json_array, is_json_object

__all__ = ["escape_for_terminal"]

_LOG: Final = logging.getLogger("kubecore")

_STEERING: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def escape_for_terminal(text: str, *, max_length: int | None = None, keep: str = "\n\t") -> str:
    r"""Return a text that is safe to print.

    Control characters, ESC and carriage return among them, and those that turn the direction of writing or can't be
    seen become `\x1b`, `\r`, `\u202e`.

    Args:
        text: The text, from anywhere.
        max_length: The longest text that is kept, in characters; longer text is cut and ends in `...`.
        keep: The control characters that stay as they are; line feeds and tabs if not given.

    Returns:
        The text.
    """
    if max_length is not None and len(text) > max_length:
        text = text[:max_length] + "..."
    if text.isprintable():
        return text
    return "".join(
        char if char in keep or unicodedata.category(char) not in _STEERING else ascii(char)[1:-1] for char in text
    )


def _filter(record: logging.LogRecord) -> bool:
    """Make the texts of a log record safe to print."""
    arguments: Any = record.args
    if is_json_array(arguments):
        record.args = tuple(_argument(argument) for argument in arguments)
    elif is_json_object(arguments):
        record.args = {name: _argument(argument) for name, argument in arguments.items()}
    record.msg = escape_for_terminal(str(record.msg))
    return True


def _argument(value: object) -> object:
    if isinstance(value, (int, float)) or value is None:
        return value
    try:
        text = str(value)
    except Exception as error:  # An object of the program: a line in the log must not stop its caller.
        text = f"<{type(value).__name__}: its text raises {type(error).__name__}>"
    return escape_for_terminal(text)


_LOG.addFilter(_filter)
