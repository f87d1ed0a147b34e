"""From the pieces of a log, as they come, to its lines. No I/O."""

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
        longest: a longer line comes in pieces of about this size, in bytes; none of them cuts a character of UTF-8.
    """

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest = max(longest, _MOST_OF_GLYPH)
        self._held: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take what came; return the lines that end in it, without their ends."""
        first, *others = data.split(b"\n")
        yield from self._add(first)
        for line in others:
            yield from self.end(is_line=True)
            yield from self._add(line)

    def end(self, *, is_line: bool = False) -> Iterator[bytes]:
        """Take note that the line has ended, or the log: the last line may have no end."""
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
    """Return the place, at most three bytes before, where no character of UTF-8 is cut."""
    for back in range(_MOST_OF_GLYPH):
        if data[at - back] & 0xC0 != 0x80:
            return at - back
    return at  # No UTF-8.


class Reader(Protocol[T_co]):
    """Makes lines or pieces of what comes."""

    def lines(self, data: bytes) -> Iterable[T_co]:
        """Return the lines that end in what came."""
        ...

    def last_line(self) -> Iterable[T_co]:
        """Return the last line where it has no end."""
        ...

    def piece(self, data: bytes) -> T_co:
        """Return what came."""
        ...

    def last_piece(self) -> T_co:
        """Return what is left at the end."""
        ...


class BytesReader:
    """Leaves everything as it is."""

    def __init__(self, longest: int) -> None:
        self._lines = Lines(longest)

    def lines(self, data: bytes) -> Iterable[bytes]:
        """Return the lines that end in what came."""
        return self._lines.feed(data)

    def last_line(self) -> Iterable[bytes]:
        """Return the last line where it has no end."""
        return self._lines.end()

    def piece(self, data: bytes) -> bytes:
        """Return what came."""
        return data

    def last_piece(self) -> bytes:
        """Return nothing: all was handed on."""
        return b""


class _Decoding:
    """Decodes chunk by chunk.

    Args:
        mode: the encoding, and how bytes that it does not allow are handled.
        call: what was requested, for errors.
    """

    def __init__(self, mode: TextMode, call: Call[Any]) -> None:
        self._decode = codecs.getincrementaldecoder(mode.encoding)(mode.errors).decode
        self._mode = mode
        self._call = call

    def piece(self, data: bytes) -> str:
        """Return what came, but for a character that is not whole yet."""
        return self._text(data, final=False)

    def last_piece(self) -> str:
        """Return what is left at the end: a character that never became whole, as `errors` has it."""
        return self._text(b"", final=True)

    def _text(self, data: bytes, *, final: bool) -> str:
        try:
            return self._decode(data, final)
        except UnicodeError:
            raise undecodable(self._call, self._mode) from None


class TextReader(_Decoding):
    """Reads UTF-8, whose lines can be cut before they are decoded.

    Args:
        longest: longest line that comes as one, in bytes.
        mode: how bytes that are not UTF-8 are handled.
        call: what was requested, for errors.
    """

    def __init__(self, longest: int, mode: TextMode, call: Call[Any]) -> None:
        super().__init__(mode, call)
        self._lines = Lines(longest)

    def lines(self, data: bytes) -> Iterable[str]:
        """Return the lines that end in what came."""
        return map(self._line, self._lines.feed(data))

    def last_line(self) -> Iterable[str]:
        """Return the last line where it has no end."""
        return map(self._line, self._lines.end())

    def _line(self, line: bytes) -> str:
        return self._text(line, final=True)


class EncodedReader(_Decoding):
    """Reads another encoding: decodes first, since a newline may be more than one byte, as in UTF-16.

    Args:
        longest: longest line that comes as one, in characters.
        mode: the encoding, and how bytes that it does not allow are handled.
        call: what was requested, for errors.
    """

    def __init__(self, longest: int, mode: TextMode, call: Call[Any]) -> None:
        super().__init__(mode, call)
        self._longest = max(longest, 1)
        self._held: list[str] = []
        self._size = 0

    def lines(self, data: bytes) -> Iterable[str]:
        """Return the lines that end in what came."""
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
    """Return what makes lines of text of a log.

    Args:
        longest: longest line that comes as one.
        mode: the encoding, and how bytes that it does not allow are handled.
        call: what was requested, for errors.
    """
    return (TextReader if mode.encoding == "utf-8" else EncodedReader)(longest, mode, call)
