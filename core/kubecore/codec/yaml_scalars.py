"""Scalars of YAML as Go reads and writes them: words, integers and floats."""

from __future__ import annotations

import math
import re
import struct
from decimal import Decimal
from typing import Any, Final

__all__ = ["float_key", "json_number", "plain"]


_WORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}

_INTEGER: Final = re.compile(
    r"([-+]?)(?:0[bB]([01]+)|0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))|0b([-+][01]+)", re.ASCII
)

_LONG: Final = re.compile(r"[-+]?[1-9][0-9]*", re.ASCII)

_BASES: Final = (2, 16, 8, 10, 2)

_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)

_STRAY: Final = re.compile(r"(?<![0-9])_|_(?![0-9])", re.ASCII)

_MAX_DIGITS: Final = 330
"""A float has 309 digits before its point, and they may stand in groups."""


def plain(text: str) -> Any:
    """Read a scalar without quotes as Go does; the result is `text` itself if it is text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789" or (text[0] == "." and _STRAY.search(text)):
        return text
    digits = text.replace("_", "")
    number = _integer(digits)
    if number is not None:
        return number
    value = float(digits) if _FLOAT.fullmatch(digits) else math.inf
    if not math.isfinite(value):
        return text
    # Go makes a float of an integer beyond 64 bits, which may be another number.
    return int(digits) if _LONG.fullmatch(digits) else value


def _integer(digits: str) -> int | None:
    """Read an integer of 64 bits; only without a sign may it use all of them."""
    match = _INTEGER.fullmatch(digits) if len(digits) <= _MAX_DIGITS else None
    if match is None:
        return None
    sign, *parts = match.groups(default="")
    number = next(int(part, base) for part, base in zip(parts, _BASES, strict=True) if part)
    number = -number if sign == "-" else number
    return number if -(2**63) <= number < (2**63 if sign else 2**64) else None


def json_number(value: float) -> int | float:
    """Convert a float that Go writes as an integer: its significant digits, then zeros."""
    if not value.is_integer() or abs(value) >= 2**64:
        return value
    number = int(Decimal(repr(value)))
    return number if -(2**63) <= number < 2**64 else value


def _in_32_bits(value: float) -> float:
    try:
        found: float = struct.unpack(">f", struct.pack(">f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return found


def float_key(value: float) -> str:
    """Write a float that is a key: with the few digits of 32 bits, as Go does."""
    short = _in_32_bits(value)
    if not math.isfinite(short):
        return ".nan" if math.isnan(short) else ".inf" if short > 0 else "-.inf"
    written = next(text for digits in range(9) if _in_32_bits(float(text := f"{short:.{digits}e}")) == short)
    return f"{Decimal(written):f}" if -4 <= int(written.partition("e")[2]) < 6 else written
