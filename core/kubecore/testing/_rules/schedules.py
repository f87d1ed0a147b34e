"""The schedules of CronJobs: five fields of numbers, ranges and steps, or a name such as `@daily`."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from typing import Any, Final

from kubecore.testing._rules import checks
from kubecore.testing._server.failures import Cause

__all__ = ["schedule", "time_zone"]

_NAMES: Final = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_BOUNDS: Final = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))


def schedule(field: str, spec: dict[str, Any]) -> Iterator[Cause]:
    """Yield the fault of the schedule of a CronJob."""
    text = spec.get("schedule", "")
    if not text:
        yield checks.required(field)
        return
    problem = _problem(text)
    if problem:
        yield checks.invalid(field, text, problem)
    if "TZ" in text:
        yield checks.invalid(field, text, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")


def _problem(text: str) -> str:
    if text.startswith("@"):
        known = text in _NAMES or text.startswith("@every ")
        return "" if known else f"unrecognized descriptor: {text}"
    parts = text.split()
    if len(parts) != len(_BOUNDS):
        return f"expected exactly 5 fields, found {len(parts)}: [{' '.join(parts)}]"
    for number, part in enumerate(parts):
        for each in part.split(","):
            problem = _range(each, number)
            if problem:
                return problem
    return ""


def _range(text: str, number: int) -> str:
    """Return the problem of one range of a field, or ""."""
    least, most = _BOUNDS[number]
    span, slash, step = text.partition("/")
    low, dash, high = span.partition("-")
    if low in ("*", "?"):
        start, end = least, most
    else:
        values = [_number(each, number) for each in (low, high) if each or each is low]
        if any(isinstance(value, str) for value in values):
            return next(value for value in values if isinstance(value, str))
        start = int(values[0])
        end = int(values[-1]) if dash else (most if slash else start)
    if slash and not (step.isascii() and step.isdigit()):
        return f"failed to parse int from {step}: strconv.Atoi: parsing {checks.shown(step)}: invalid syntax"
    if start < least:
        return f"beginning of range ({start}) below minimum ({least}): {text}"
    if end > most:
        return f"end of range ({end}) above maximum ({most}): {text}"
    if start > end:
        return f"beginning of range ({start}) beyond end of range ({end}): {text}"
    return f"step of range should be a positive number: {text}" if slash and int(step) == 0 else ""


def _number(text: str, number: int) -> int | str:
    names = {3: _MONTHS, 4: _DAYS}.get(number, ())
    if text.lower() in names:
        return names.index(text.lower()) + (1 if number == 3 else 0)
    if text.isascii() and text.isdigit():
        return int(text)
    return f"failed to parse int from {text}: strconv.Atoi: parsing {checks.shown(text)}: invalid syntax"


def time_zone(field: str, name: str | None) -> Iterator[Cause]:
    """Yield the fault of a time zone."""
    if name is None:
        return
    if not name:
        yield checks.invalid(field, name, "timeZone must be nil or non-empty string")
    elif name.lower() == "local":
        yield checks.invalid(
            field, name, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        )
    elif not _is_zone(name):
        yield checks.invalid(field, name, f"unknown time zone {name}")


def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
