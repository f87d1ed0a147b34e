"""Text instead of bytes, by the rules of `subprocess`: `text=`, `encoding=` and `errors=`. No I/O."""

from __future__ import annotations

import codecs
from typing import Literal, NamedTuple, TypeAlias

from kubecore.errors import InvalidRequestError

__all__ = ["TextErrors", "TextMode", "text_mode"]

TextErrors: TypeAlias = Literal["strict", "replace", "ignore", "backslashreplace", "surrogateescape"]
"""How bytes that the encoding does not allow are handled, by Python's names of error handlers."""


class TextMode(NamedTuple):
    """How bytes become text.

    Attributes:
        encoding: Python's canonical name of the encoding.
        errors: How bytes that the encoding does not allow are handled.
    """

    encoding: str = "utf-8"
    errors: TextErrors = "strict"

    @property
    def name(self) -> str:
        """The name of the encoding for messages."""
        return self.encoding.upper()


def text_mode(*, text: bool = False, encoding: str | None = None, errors: TextErrors | None = None) -> TextMode | None:
    """Return how bytes become text; None if they stay bytes: none of the three options is set.

    Args:
        text: Whether to return text, as UTF-8 unless `encoding` is set.
        encoding: The encoding.
        errors: How bytes that the encoding does not allow are handled; `strict` by default.

    Raises:
        InvalidRequestError: Python has no such encoding or error handler.
    """
    if not (text or encoding is not None or errors is not None):
        return None
    chosen, handler = "utf-8" if encoding is None else encoding, "strict" if errors is None else errors
    try:
        b" ".decode(chosen, "replace")  # Refuses codecs such as "hex", which are not for text.
        canonical = codecs.lookup(chosen).name
    except (LookupError, UnicodeError, ValueError, TypeError):
        raise InvalidRequestError(
            f"encoding {str(chosen)[:40]!r} is not an encoding for text that Python has"
        ) from None
    try:
        codecs.lookup_error(handler)
    except (LookupError, ValueError, TypeError):
        raise InvalidRequestError(
            f"errors {str(handler)[:40]!r} is not an error handler: expected strict, replace, ignore, "
            "backslashreplace or surrogateescape"
        ) from None
    return TextMode(canonical, handler)
