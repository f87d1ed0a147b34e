"""JSON objects that follow each other at the beginning of a text, as kubectl reads them from a manifest.

Text that is not strict JSON, or would not be accepted in YAML (a repeated key, too deep), is left to the YAML parser,
which reports it with its place.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from kubecore.errors.base import DecodeError

__all__ = ["Found", "objects"]

_BETWEEN: Final = re.compile(r"[ \t\r\n]*+(?:---[ \t]*+(?=\r?\n|\Z)[ \t\r\n]*+)*+")
_TOKENS: Final = re.compile(r'[^"\[\]{},]++|"(?:[^"\\]|\\.)*+"?|[\[\]{},]', re.DOTALL)


class Found(NamedTuple):
    """The objects at the beginning of a text."""

    objects: list[tuple[Any, int]]
    """Each object, and the line at which it begins, from 1."""

    rest: str
    """The text after them, with as many line ends before it as the objects have; "" if nothing does."""


class _RefusedError(ValueError):
    """This is for the YAML parser."""


def objects(text: str, number: Callable[[float], int | float], *, depth: int, nodes: int) -> Found | None:
    """Read the JSON objects at the beginning of a text.

    Args:
        text: The text.
        number: Makes of a float the number that is returned.
        depth: Deepest nesting.
        nodes: Most values of all objects.

    Returns:
        The objects and the rest; None if the text does not begin with a JSON object.

    Raises:
        DecodeError: A number of an object is too large for 64 bits.
    """
    decoder = json.JSONDecoder(
        object_pairs_hook=_mapping,
        parse_constant=_refuse,
        parse_int=_integer,
        parse_float=lambda digits: _float(digits, number),
    )
    found: list[tuple[Any, int]] = []
    at, line = _skip(text, 0, 1)
    while text.startswith("{", at):
        try:
            nodes -= _size(text, at, depth, nodes)  # Before it is decoded: a large object would fill the memory.
            if nodes < 0:
                break
            value, end = decoder.raw_decode(text, at)
            msgspec.json.encode(value)  # Refuses halves of surrogate pairs.
        except (_RefusedError, RecursionError, UnicodeEncodeError, json.JSONDecodeError):
            break
        except OverflowError as error:
            raise DecodeError(f"line {line}: {error}") from None
        found.append((value, line))
        at, line = _skip(text, end, line + text.count("\n", at, end))
    if not found:
        return None
    rest = text[at:]
    return Found(found, "\n" * (line - 1) + rest if rest else "")


def _skip(text: str, at: int, line: int) -> tuple[int, int]:
    """Skip white space and lines of `---`."""
    match = _BETWEEN.match(text, at)
    end = match.end() if match is not None else at
    return end, line + text.count("\n", at, end)


def _size(text: str, at: int, depth: int, most: int) -> int:
    """Count the values of the object that begins at a position, or some more than `most`.

    Raises:
        _RefusedError: It is nested too deeply.
    """
    level = count = 0
    for match in _TOKENS.finditer(text, at):
        first = match[0][0]
        if first in "[{":
            level += 1
            if level > depth:
                raise _RefusedError
        elif first in "]}":
            level -= 1
        count += first not in "]}"
        if level == 0 or count > most:
            break
    return count


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _RefusedError
    return found


def _refuse(name: str) -> Any:
    raise _RefusedError(name)


def _integer(digits: str) -> int:
    if len(digits) > 300 and math.isinf(float(digits)):
        raise OverflowError("a number is too large for 64 bits")
    return int(digits)


def _float(digits: str, number: Callable[[float], int | float]) -> int | float:
    value = float(digits)
    if math.isinf(value):
        raise OverflowError("a number is too large for 64 bits")
    return number(value)
