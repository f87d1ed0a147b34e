"""Amounts of resources, such as `500m` or `2Gi`: read, compared and written as Kubernetes does.

Source: `k8s.io/apimachinery/pkg/api/resource`, `Quantity`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final, Literal, TypeAlias

__all__ = ["Style", "canonical", "compare", "format", "parse"]

Style: TypeAlias = Literal["decimal", "binary", "exponent"]
"""How an amount is written: `1500m` and `2M`, `2Mi`, or `2e6`."""

_SYNTAX: Final = re.compile(r"([-+]?)([0-9]*+)(?:(\.)([0-9]*+))?([eEinumkKMGTP]*+[-+]?[0-9]*+)", re.ASCII)
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX: Final = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_BINARY_SUFFIX: Final = {0: "", **{exponent: suffix for suffix, exponent in _BINARY.items()}}
_EXPONENT: Final = re.compile(r"[eE]([-+]?[0-9]{1,9})", re.ASCII)
_NANO: Final = 10**9
_LARGEST: Final = 2**63 - 1
_FAR: Final = 300  # Larger exponents are refused: nothing has so much, and to calculate with it takes time.


def parse(text: str | float) -> Decimal:
    """Parse a quantity.

    Args:
        text: Such as `500m`, `2Gi`, `1.5`, `1e3`; a number is converted to text.

    Returns:
        The value in units. As in Kubernetes, values finer than a nano-unit are rounded away from zero, and values with
        a binary suffix are at most 2^63-1 units.

    Raises:
        ValueError: `text` is not a quantity.
    """
    nanos, _ = _read(text)
    return Decimal(nanos).scaleb(-9)


def canonical(text: str | float) -> str:
    """Format a quantity as the server does: in the same style, without a fraction, with the largest suffix.

    Args:
        text: As for `parse`.

    Returns:
        Such as `1500m` for `1.5`, and `1Gi` for `1024Mi`.

    Raises:
        ValueError: `text` is not a quantity.
    """
    return _written(*_read(text))


def format(value: Decimal | float, *, style: Style = "decimal") -> str:  # noqa: A001
    """Format a quantity.

    Args:
        value: The value in units.
        style: The format; values below 1024 are never binary.

    Returns:
        The quantity in its canonical form.

    Raises:
        ValueError: `value` is not a finite number.
    """
    try:
        exact = Fraction(value)
    except (ValueError, OverflowError):
        raise ValueError("an amount is a finite number") from None
    return _written(_rounded(exact * _NANO), style)


def compare(a: str | float, b: str | float) -> int:
    """Compare two quantities.

    Args:
        a: A quantity, as for `parse`.
        b: Another.

    Returns:
        -1, 0 or 1: whether `a` is less than `b`, the same, or more.

    Raises:
        ValueError: One of them is not a quantity.
    """
    first, second = _read(a)[0], _read(b)[0]
    return (first > second) - (first < second)


def _read(text: str | float) -> tuple[int, Style]:
    """Return the amount in nano-units, and the style that it is written in."""
    return _read_text(text if isinstance(text, str) else str(text))


@lru_cache(1024)  # Objects of a kind contain the same few amounts.
def _read_text(text: str) -> tuple[int, Style]:
    match = _SYNTAX.fullmatch(text)
    if match is None or not text:
        raise _refused(text)
    sign, whole, _, fraction, suffix = match.groups()
    digits = whole + (fraction or "")
    if len(digits) > 1000:
        raise _refused(text)
    base, exponent, style = _suffix(suffix, text)
    number = Fraction(int(digits or "0"), 10 ** len(fraction or ""))
    nanos = _rounded(_scaled(number, base, exponent, text) * _NANO)
    if style == "binary":
        nanos = min(nanos, _LARGEST * _NANO)
    return (-nanos if sign == "-" else nanos), style


def _suffix(suffix: str, text: str) -> tuple[int, int, Style]:
    if suffix in _DECIMAL:
        return 10, _DECIMAL[suffix], "decimal"
    if suffix in _BINARY:
        return 2, _BINARY[suffix], "binary"
    match = _EXPONENT.fullmatch(suffix)
    if match is None:
        raise _refused(text)
    return 10, int(match[1]), "exponent"


def _scaled(number: Fraction, base: int, exponent: int, text: str) -> Fraction:
    if not number:
        return number
    if exponent > _FAR:
        raise _refused(text)
    if exponent < -1000 - _FAR:
        return Fraction(1, _NANO)
    return number * Fraction(base) ** exponent


def _rounded(nanos: Fraction) -> int:
    """Round away from zero to whole nano-units."""
    size = -(-abs(nanos.numerator) // nanos.denominator)
    return -size if nanos < 0 else size


@lru_cache(1024)
def _written(nanos: int, style: Style) -> str:
    if nanos == 0:
        return "0"
    sign = "-" if nanos < 0 else ""
    if style == "binary" and abs(nanos) >= 1024 * _NANO and nanos % _NANO == 0:
        number, exponent = _without(abs(nanos) // _NANO, 1024, 6)
        return f"{sign}{number}{_BINARY_SUFFIX[exponent * 10]}"
    number, exponent = _without(abs(nanos), 10, 27 if style != "exponent" else 10**6)
    exponent -= 9
    number, exponent = number * 10 ** (exponent % 3), exponent - exponent % 3
    if style == "exponent":
        return f"{sign}{number}e{exponent}" if exponent else f"{sign}{number}"
    return f"{sign}{number}{_DECIMAL_SUFFIX[exponent]}"


def _without(number: int, factor: int, most: int) -> tuple[int, int]:
    """Divide by a factor as often as it goes, and not more often than `most`."""
    times = 0
    while times < most and number % factor == 0:
        number, times = number // factor, times + 1
    return number, times


def _refused(text: str) -> ValueError:
    return ValueError(
        f"{text[:50]!a} is not a quantity: expected a number, then a suffix such as m, k, M, Ki, Mi or e3"
    )
