"""From received chunks of a log to its lines. No I/O."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import Any, Final, Protocol, TypeVar

from kubecore.calls.call import Call
from kubecore.calls.text_mode import TextMode
from kubecore.logs.query import undecodable

__all__ = ["LONGEST", "BytesReader", "EncodedReader", "Lines", "Reader", "TextReader", "reader"]

T_co = TypeVar("T_co", covariant=True)

LONGEST: Final = 1024 * 1024
"""The longest line, in bytes, that comes as one."""

_MOST_OF_GLYPH: Final = 4


class Lines:
    r"""Cuts at `\n`, and nowhere else but in a line that is too long.

    Args:
        longest: A longer line is split into chunks of about this size, in bytes; UTF-8 characters are never split.
    """

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest = max(longest, _MOST_OF_GLYPH)
        self._held: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Add received data; return the lines that end in it, without their line ends."""
        first, *others = data.split(b"\n")
        yield from self._add(first)
        for line in others:
            yield from self.end(is_line=True)
            yield from self._add(line)

    def end(self, *, is_line: bool = False) -> Iterator[bytes]:
        """Yield the line that has ended; the last line of a log may have no end."""
        if self._held or is_line:
            yield self._held[0] if len(self._held) == 1 else b"".join(self._held)
            self._held, self._size = [], 0

    def _add(self, data: bytes) -> Iterator[bytes]:
        if data:
            self._held.append(data)
            self._size += len(data)
        if self._size > self._longest:
            yield from self._pieces(b"".join(self._held))

    def _pieces(self, line: bytes) -> Iterator[bytes]:
        at = 0
        while len(line) - at > self._longest:
            end = _before_glyph(line, at + self._longest)
            yield line[at:end]
            at = end
        self._held, self._size = [line[at:]], len(line) - at


def _before_glyph(data: bytes, at: int) -> int:
    """Return the position, at most three bytes before, that does not split a UTF-8 character."""
    for back in range(_MOST_OF_GLYPH):
        if data[at - back] & 0xC0 != 0x80:
            return at - back
    return at  # No UTF-8.


class Reader(Protocol[T_co]):
    """Splits received data into lines or chunks."""

    def lines(self, data: bytes) -> Iterable[T_co]:
        """Return the lines that end in the received data."""
        ...

    def last_line(self) -> Iterable[T_co]:
        """Return the last line if it has no line end."""
        ...

    def piece(self, data: bytes) -> T_co:
        """Return the received data."""
        ...

    def last_piece(self) -> T_co:
        """Return the rest at the end."""
        ...


class BytesReader:
    """Leaves everything as it is."""

    def __init__(self, longest: int) -> None:
        self._lines = Lines(longest)

    def lines(self, data: bytes) -> Iterable[bytes]:
        """Return the lines that end in the received data."""
        return self._lines.feed(data)

    def last_line(self) -> Iterable[bytes]:
        """Return the last line if it has no line end."""
        return self._lines.end()

    def piece(self, data: bytes) -> bytes:
        """Return the received data."""
        return data

    def last_piece(self) -> bytes:
        """Return nothing: all was handed on."""
        return b""


class _Decoding:
    """Decodes chunk by chunk.

    Args:
        mode: The encoding, and how bytes that it does not allow are handled.
        call: The request, for errors.
    """

    def __init__(self, mode: TextMode, call: Call[Any]) -> None:
        self._decode = codecs.getincrementaldecoder(mode.encoding)(mode.errors).decode
        self._mode = mode
        self._call = call

    def piece(self, data: bytes) -> str:
        """Return the received data without an incomplete character at its end."""
        return self._text(data, final=False)

    def last_piece(self) -> str:
        """Return the rest at the end: an incomplete character, handled according to `errors`."""
        return self._text(b"", final=True)

    def _text(self, data: bytes, *, final: bool) -> str:
        try:
            return self._decode(data, final)
        except UnicodeError:
            raise undecodable(self._call, self._mode) from None


class TextReader(_Decoding):
    """Reads UTF-8, whose lines can be cut before they are decoded.

    Args:
        longest: Longest line that is not split, in bytes.
        mode: How bytes that are not UTF-8 are handled.
        call: The request, for errors.
    """

    def __init__(self, longest: int, mode: TextMode, call: Call[Any]) -> None:
        super().__init__(mode, call)
        self._lines = Lines(longest)

    def lines(self, data: bytes) -> Iterable[str]:
        """Return the lines that end in the received data."""
        return map(self._line, self._lines.feed(data))

    def last_line(self) -> Iterable[str]:
        """Return the last line if it has no line end."""
        return map(self._line, self._lines.end())

    def _line(self, line: bytes) -> str:
        return self._text(line, final=True)


class EncodedReader(_Decoding):
    """Reads another encoding: decodes first, since a newline may be more than one byte, as in UTF-16.

    Args:
        longest: Longest line that is not split, in characters.
        mode: The encoding, and how bytes that it does not allow are handled.
        call: The request, for errors.
    """

    def __init__(self, longest: int, mode: TextMode, call: Call[Any]) -> None:
        super().__init__(mode, call)
        self._longest = max(longest, 1)
        self._held: list[str] = []
        self._size = 0

    def lines(self, data: bytes) -> Iterable[str]:
        """Return the lines that end in the received data."""
        return self._cut(self.piece(data))

    def last_line(self) -> Iterable[str]:
        """Return the last line if it has no end."""
        yield from self._cut(self.last_piece())
        if self._held:
            yield self._take()

    def _cut(self, text: str) -> Iterator[str]:
        first, *others = text.split("\n")
        yield from self._add(first)
        for line in others:
            yield self._take()
            yield from self._add(line)

    def _take(self) -> str:
        line = "".join(self._held)
        self._held, self._size = [], 0
        return line

    def _add(self, text: str) -> Iterator[str]:
        if text:
            self._held.append(text)
            self._size += len(text)
        if self._size > self._longest:
            line = self._take()
            whole = (len(line) - 1) // self._longest * self._longest
            yield from (line[at : at + self._longest] for at in range(0, whole, self._longest))
            self._held, self._size = [line[whole:]], len(line) - whole


def reader(longest: int, mode: TextMode, call: Call[Any]) -> TextReader | EncodedReader:
    """Return the line splitter for text of a log.

    Args:
        longest: Longest line that is not split.
        mode: The encoding, and how bytes that it does not allow are handled.
        call: The request, for errors.
    """
    return (TextReader if mode.encoding == "utf-8" else EncodedReader)(longest, mode, call)
