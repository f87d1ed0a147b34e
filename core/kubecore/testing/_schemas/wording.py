"""Values as Go writes them in messages of the API server."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final

from kubecore.testing._schemas.json_values import is_list, is_map

__all__ = ["compact", "plain", "quoted", "shown"]

_SHORT: Final = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
_HTML: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def quoted(text: str) -> str:
    """Return a text as `%q` writes it."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(sign: str) -> str:
    if sign in '"\\':
        return "\\" + sign
    if sign in _SHORT:
        return _SHORT[sign]
    if sign.isprintable():
        return sign
    number = ord(sign)
    if number < 0x80:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def plain(value: float | bool) -> str:
    """Return a number or a boolean as `%v` writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else _float(value, 6)


def _float(value: float, first_exponent: int) -> str:
    """Return the shortest text of a number, with an exponent below 1e-4, and from a first large one."""
    sign, figures, exponent = Decimal(repr(value)).normalize().as_tuple()
    digits = "".join(map(str, figures))
    minus = "-" if sign else ""
    if not isinstance(exponent, int) or value == 0:
        return f"{minus}0"
    point = len(digits) + exponent
    if point - 1 < -4 or point - 1 >= first_exponent:
        rest = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{minus}{digits[0]}{rest}e{'-' if point < 1 else '+'}{abs(point - 1):02d}"
    return minus + _without_exponent(digits, point)


def _without_exponent(digits: str, point: int) -> str:
    if point <= 0:
        return f"0.{'0' * -point}{digits}"
    if len(digits) <= point:
        return digits + "0" * (point - len(digits))
    return f"{digits[:point]}.{digits[point:]}"


def compact(value: Any) -> str:
    """Return a value as Go's `json.Marshal` writes it: without spaces, keys sorted, safe in HTML."""
    if is_map(value):
        return f"{{{','.join(f'{compact(name)}:{compact(value[name])}' for name in sorted(value))}}}"
    if is_list(value):
        return f"[{','.join(map(compact, value))}]"
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
        for sign, written in _HTML.items():
            text = text.replace(sign, written)
        return text
    if isinstance(value, float):
        return _json_number(value)
    return "null" if value is None else plain(value)


def _json_number(value: float) -> str:
    """Return a number as JSON; Go uses exponents below 1e-6 and from 1e21."""
    if 1e-6 <= abs(value) < 1e-4:
        sign, figures, exponent = Decimal(repr(value)).normalize().as_tuple()
        digits = "".join(map(str, figures))
        return ("-" if sign else "") + _without_exponent(digits, len(digits) + int(exponent))
    head, _, power = _float(value, 21).partition("e")
    if power.startswith("-0"):
        power = f"-{power[2:]}"
    return f"{head}e{power}" if power else head


def shown(value: Any) -> str:
    """Return a value as a failure of a field shows it."""
    if isinstance(value, str):
        return quoted(value)
    return plain(value) if isinstance(value, bool | int | float) else compact(value)
