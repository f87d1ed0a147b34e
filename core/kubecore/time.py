"""Times as Kubernetes writes them: RFC 3339, whole seconds (`Time`) or microseconds (`MicroTime`).

Source: `k8s.io/apimachinery/pkg/apis/meta/v1`, `Time` and `MicroTime`; RFC 3339 section 5.6.
"""

from __future__ import annotations

import datetime
import re
from typing import Annotated, Self, TypeAlias

import msgspec

__all__ = ["ZERO", "MicroTime", "Time", "format_micro_time", "format_time", "is_naive", "parse_time"]

Time: TypeAlias = Annotated[datetime.datetime, msgspec.Meta(tz=True)]
"""A point in time with its offset from UTC. Sent as `2026-11-24T10:00:00Z`."""

ZERO = datetime.datetime(1, 1, 1, tzinfo=datetime.UTC)
"""Go's zero time, which the server writes as null."""

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:([Zz])|([+-](?:[01]\d|2[0-3]):[0-5]\d))",
    re.ASCII,
)


class MicroTime(datetime.datetime):
    """A point in time that is always sent with exactly six fractional digits.

    The server refuses fewer for leases and events. Fractions finer than a microsecond are cut, not rounded.
    """

    @classmethod
    def of(cls, value: datetime.datetime) -> Self:
        """Take the same point in time as `value`.

        Args:
            value: a time with its offset from UTC.

        Returns:
            The time, as a `MicroTime`.

        Raises:
            ValueError: `value` has no offset from UTC.
        """
        if is_naive(value):
            raise ValueError("a time needs its offset from UTC: pass tzinfo")
        day = (value.year, value.month, value.day)
        return cls(
            *day, value.hour, value.minute, value.second, value.microsecond, tzinfo=value.tzinfo, fold=value.fold
        )


def is_naive(value: datetime.datetime) -> bool:
    """Say whether `value` lacks its offset from UTC, so that nobody can tell which moment it means."""
    return value.tzinfo is None or value.utcoffset() is None


def parse_time(text: str) -> datetime.datetime:
    """Read an RFC 3339 date and time.

    Args:
        text: such as `2026-11-24T10:00:00.123456789+01:00`; digits beyond microseconds are cut.

    Returns:
        The time, with its offset from UTC.

    Raises:
        ValueError: `text` is not such a time. The text is not quoted in the error.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 date and time")
    day, clock, fraction, _, offset = match.groups()
    try:
        return datetime.datetime.fromisoformat(f"{day}T{clock}.{(fraction or '')[:6]:0<6}{offset or '+00:00'}")
    except ValueError:
        pass
    raise ValueError("not a date and time that exists")


def format_time(value: datetime.datetime) -> str:
    """Write a time in UTC, without fractional digits when they are zero.

    Args:
        value: a time with its offset from UTC.

    Returns:
        Such as `2026-11-24T10:00:00Z`.

    Raises:
        ValueError: `value` has no offset from UTC, or is no year 1 to 9999 in UTC.
    """
    return _in_utc(value).isoformat() + "Z"


def format_micro_time(value: datetime.datetime) -> str:
    """Write a time in UTC with exactly six fractional digits.

    Args:
        value: a time with its offset from UTC.

    Returns:
        Such as `2026-11-24T10:00:00.000000Z`.

    Raises:
        ValueError: `value` has no offset from UTC, or is no year 1 to 9999 in UTC.
    """
    return _in_utc(value).isoformat(timespec="microseconds") + "Z"


def _in_utc(value: datetime.datetime) -> datetime.datetime:
    if is_naive(value):
        raise ValueError("a time without an offset from UTC: pass tzinfo")
    try:
        return value.astimezone(datetime.UTC).replace(tzinfo=None)
    except OverflowError:
        pass
    raise ValueError("a time outside the years 1 to 9999 in UTC")
