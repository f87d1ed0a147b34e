"""Scalars with a syntax: times, quantities and bytes, as Go reads and writes them."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

from kubecore import quantity

__all__ = ["read_bytes", "read_micro_time", "read_quantity", "read_time"]

_LAYOUT: Final = "2006-01-02T15:04:05Z07:00"
_MICRO_LAYOUT: Final = "2006-01-02T15:04:05.000000Z07:00"
_QUANTITY_SYNTAX: Final = "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_DATE: Final = ("2006", "-", "01", "-", "02", "T", "15", ":", "04", ":", "05")
_ZONE: Final = re.compile(r"Z|[+-][0-9]{2}:[0-9]{2}", re.ASCII)
_DIGITS: Final = re.compile(r"(\.[0-9]+)?", re.ASCII)
_SIX_DIGITS: Final = re.compile(r"\.[0-9]{6}", re.ASCII)
_BASE64: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


def read_quantity(value: object) -> str:
    """Return a quantity in its canonical form.

    Raises:
        ValueError: It is not a quantity. The message is that of the server.
    """
    if value is None:
        return "0"
    try:
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and value != "":
            return quantity.canonical(value)
    except ValueError:
        pass
    raise ValueError(f"quantities must match the regular expression {_QUANTITY_SYNTAX}")


def read_bytes(text: str) -> str:
    """Return bytes as base64 with padding and without line ends.

    Raises:
        ValueError: It is not base64. The message is that of the server.
    """
    bare = text.replace("\r", "").replace("\n", "")
    data = bare.encode()
    body = data.rstrip(b"=")
    bad = next((at for at, byte in enumerate(body) if byte not in _BASE64), None)
    try:
        if bad is None:
            return base64.b64encode(base64.b64decode(bare, validate=True)).decode()
    except binascii.Error:
        bad = len(data) - len(data) % 4 if len(data) % 4 else len(body)
    raise ValueError(f"illegal base64 data at input byte {bad}")


def read_time(text: str) -> str:
    """Return a time in UTC with whole seconds.

    Raises:
        ValueError: It is not a time. The message is that of the server.
    """
    return _read_time(text, micro=False)


def read_micro_time(text: str) -> str:
    """Return a time in UTC with microseconds.

    Raises:
        ValueError: It is not a time with microseconds. The message is that of the server.
    """
    return _read_time(text, micro=True)


@lru_cache(1024)  # The times of an object are read again with each of its updates.
def _read_time(text: str, *, micro: bool) -> str:
    layout = _MICRO_LAYOUT if micro else _LAYOUT
    rest, numbers = text, list[int]()
    for part in _DATE:
        size = 1 if part == "15" and rest[1:2] == ":" else len(part)  # An hour may have one digit.
        taken = rest[:size]
        is_right = taken == part if not part.isdigit() else len(taken) == size and taken.isascii() and taken.isdigit()
        if not is_right:
            raise _unreadable(text, layout, rest, part)
        if part.isdigit():
            numbers.append(int(taken))
        rest = rest[size:]
    digits = (_SIX_DIGITS if micro else _DIGITS).match(rest)
    if digits is None:
        raise _unreadable(text, layout, rest, ".000000")
    rest = rest[digits.end() :]
    zone = _ZONE.match(rest)
    if zone is None:
        raise _unreadable(text, layout, rest, "Z07:00")
    if rest[zone.end() :]:
        raise ValueError(f'parsing time "{text}": extra text: "{rest[zone.end() :]}"')
    found = _moment(text, numbers, zone[0]).astimezone(UTC)
    fraction = digits[0] if micro else ""
    return found.strftime(f"%Y-%m-%dT%H:%M:%S{fraction}Z")


def _moment(text: str, numbers: list[int], zone: str) -> datetime:
    year, month, day, hour, minute, second = numbers
    for name, is_right in (
        ("month", 1 <= month <= 12),
        ("day", 1 <= day <= 31),
        ("hour", hour < 24),
        ("minute", minute < 60),
        ("second", second < 60),
    ):
        if not is_right:
            raise ValueError(f'parsing time "{text}": {name} out of range')
    offset = timedelta()
    if zone != "Z":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6])) * (-1 if zone[0] == "-" else 1)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=timezone(offset))
    except ValueError:
        raise ValueError(f'parsing time "{text}": day out of range') from None


def _unreadable(text: str, layout: str, rest: str, part: str) -> ValueError:
    return ValueError(f'parsing time "{text}" as "{layout}": cannot parse "{rest}" as "{part}"')
