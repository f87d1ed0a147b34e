"""Times as Kubernetes writes them: RFC 3339, whole seconds (`Time`) or microseconds (`MicroTime`).

Source: `k8s.io/apimachinery/pkg/apis/meta/v1`, `Time` and `MicroTime`; RFC 3339 section 5.6.
"""

from __future__ import annotations

import datetime
import re
from typing import Annotated, Any, Self, TypeAlias

import msgspec

__all__ = [
    "ZERO",
    "MicroTime",
    "SourceTime",
    "Time",
    "format_micro_time",
    "format_time",
    "is_canonical",
    "is_naive",
    "is_representable",
    "is_time_text",
    "micro_time",
    "parse_time",
    "read_time",
]

Time: TypeAlias = Annotated[datetime.datetime, msgspec.Meta(tz=True)]
"""A point in time with its offset from UTC. Sent as `2026-11-24T10:00:00Z`."""

ZERO = datetime.datetime(1, 1, 1, tzinfo=datetime.UTC)
"""Go's zero time, which the server writes as null."""

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_RFC3339 = re.compile(
    r"(\d{4,9})(-\d\d-\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:[Zz]|([+-](?:[01]\d|2[0-3])):?([0-5]\d))",
    re.ASCII,
)
_STRICT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII)
_CANONICAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(?!000000)\d{6})?(?:Z|[+-](?!00:00)\d\d:\d\d)", re.ASCII)
_MINUTE = 60
_DAY_HOURS = 24


class MicroTime(datetime.datetime):
    """A point in time that is always sent with exactly six fractional digits.

    The server refuses fewer for leases and events. Fractions finer than a microsecond are cut, not rounded.
    """

    @classmethod
    def of(cls, value: datetime.datetime) -> Self:
        """Take the same point in time as `value`.

        Args:
            value: A time with its offset from UTC.

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


class SourceTime(datetime.datetime):
    """A point in time that remembers the text that it was read from, and is written as that text.

    The text may hold more than Python's datetime can: nanoseconds, a leap second, the year 0 or 10000. The value is
    then the nearest one before it that Python has, and for years that Python lacks its first or last time. Values that
    are computed from it (`+`, `replace`, `astimezone`) have no text.
    """

    __slots__ = ("_text",)
    _text: str | None

    @classmethod
    def of(cls, value: datetime.datetime, text: str | None) -> Self:
        """Create the same point in time as `value`, written as `text`.

        Args:
            value: A time with its offset from UTC.
            text: Its written form.
        """
        made = cls.combine(value.date(), value.timetz())
        made._text = text  # noqa: SLF001
        return made

    @property
    def text(self) -> str | None:
        """The text that the time was read from; None if it was computed."""
        return getattr(self, "_text", None)  # Methods of datetime that copy a time do not call `__new__`.

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Copy and pickle the text as well."""
        plain = datetime.datetime.combine(self.date(), self.timetz())
        return _restored, (type(self), plain, self.text)


def _restored(cls: type[SourceTime], value: datetime.datetime, text: str | None) -> SourceTime:
    return cls.of(value, text)


def is_naive(value: datetime.datetime) -> bool:
    """Return whether `value` lacks its offset from UTC, so that its point in time is unknown."""
    return value.tzinfo is None or value.utcoffset() is None


def parse_time(text: str) -> datetime.datetime:
    """Read an RFC 3339 date and time.

    Args:
        text: Such as `2026-11-24T10:00:00.123456789+01:00`; digits beyond microseconds are cut.

    Returns:
        The time, with its offset from UTC.

    Raises:
        ValueError: `text` is not such a time. The text is not quoted in the error.
    """
    if _STRICT.fullmatch(text) is None:
        raise ValueError("not an RFC 3339 date and time")
    found = _parsed(text)
    if found is None:
        raise ValueError("not a date and time that exists")
    return found


def read_time(text: str) -> datetime.datetime:
    """Read a time of a field so that it is written unchanged.

    Args:
        text: As for `parse_time`; also with leap seconds, 24:00:00, years that Python lacks, a comma before the
            fraction, a space before the clock, or an offset without its colon.

    Returns:
        A plain time if it is written as `text`, else a `SourceTime`.

    Raises:
        ValueError: `text` is not an RFC 3339 date and time. The text is not quoted in the error.
    """
    found = _parsed(text)
    if found is None:
        return SourceTime.of(_nearest(text), text)
    return found if _written(found) == text else SourceTime.of(found, text)


def is_canonical(text: str) -> bool:
    """Return whether a time is written as the encoder writes it; other texts may be times as well.

    Args:
        text: The time.
    """
    return _CANONICAL.fullmatch(text) is not None


def is_time_text(text: str) -> bool:
    """Return whether text is a time that `read_time` accepts.

    Args:
        text: The text.
    """
    try:
        read_time(text)
    except ValueError:
        return False
    return True


def is_representable(text: str) -> bool:
    """Return whether Python's datetime can hold a time, up to a microsecond.

    Args:
        text: A time as `read_time` accepts it.
    """
    return _parsed(text) is not None


def _parsed(text: str) -> datetime.datetime | None:
    """Read a time; None if Python's datetime can't hold it."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 date and time")
    year, day, hour, minute, second, fraction, hours, minutes = match.groups()
    clock = f"{hour}:{minute}:{second}.{(fraction or '')[:6]:0<6}"
    try:
        return datetime.datetime.fromisoformat(f"{year}{day}T{clock}{hours or '+00'}:{minutes or '00'}")
    except ValueError:
        return None


def _nearest(text: str) -> datetime.datetime:
    """Return the time that stands for one that Python can't hold."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 date and time")
    year, day, hour, minute, second, _, hours, minutes = match.groups()
    offset = f"{hours or '+00'}:{minutes or '00'}"
    month, month_day = int(day[1:3]), int(day[4:6])
    if int(minute) >= _MINUTE or int(second) > _MINUTE or int(hour) > _DAY_HOURS:
        raise ValueError("not a date and time that exists")
    import calendar

    leap = calendar.isleap(int(year))
    if not (1 <= month <= 12 and 1 <= month_day <= calendar.monthrange(2000 if leap else 2001, month)[1]):
        raise ValueError("not a date and time that exists")
    if not datetime.MINYEAR <= int(year) <= datetime.MAXYEAR:
        extreme = datetime.datetime.min if int(year) < datetime.MINYEAR else datetime.datetime.max
        return extreme.replace(tzinfo=datetime.UTC)
    if int(hour) == _DAY_HOURS:
        if (minute, second) != ("00", "00"):
            raise ValueError("not a date and time that exists")
        hour, minute, second = "23", "59", "60"
    clock = f"{hour}:{minute}:59.999999" if second == "60" else f"{hour}:{minute}:{second}"
    return datetime.datetime.fromisoformat(f"{year}{day}T{clock}{offset}")


def _written(value: datetime.datetime) -> str:
    """Return how the encoder writes a plain time."""
    written = value.isoformat()
    return f"{written[:-6]}Z" if written.endswith("+00:00") else written


def format_time(value: datetime.datetime) -> str:
    """Write a time in UTC, without fractional digits if they are zero.

    Args:
        value: A time with its offset from UTC.

    Returns:
        Such as `2026-11-24T10:00:00Z`.

    Raises:
        ValueError: `value` has no offset from UTC, or its year in UTC is not 1 to 9999.
    """
    return _in_utc(value).isoformat() + "Z"


def format_micro_time(value: datetime.datetime) -> str:
    """Write a time in UTC with exactly six fractional digits.

    Args:
        value: A time with its offset from UTC.

    Returns:
        Such as `2026-11-24T10:00:00.000000Z`.

    Raises:
        ValueError: `value` has no offset from UTC, or its year in UTC is not 1 to 9999.
    """
    return _in_utc(value).isoformat(timespec="microseconds") + "Z"


def micro_time(microseconds: int) -> str:
    """Write a time of a clock in UTC with exactly six fractional digits.

    Args:
        microseconds: Microseconds since 1970-01-01 UTC.

    Returns:
        Such as `2026-11-24T10:00:00.000000Z`.
    """
    return format_micro_time(_EPOCH + datetime.timedelta(microseconds=microseconds))


def _in_utc(value: datetime.datetime) -> datetime.datetime:
    if is_naive(value):
        raise ValueError("a time without an offset from UTC: pass tzinfo")
    try:
        return value.astimezone(datetime.UTC).replace(tzinfo=None)
    except OverflowError:
        pass
    raise ValueError("a time outside the years 1 to 9999 in UTC")
