"""Tables of custom resources: the columns that a definition names, and the cells of objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from kubecore.errors import KubeError
from kubecore.jsonpath import parse
from kubecore.model.times import parse_time
from kubecore.testing._schemas.json_values import is_list, is_map
from kubecore.testing._schemas.wording import compact, plain

__all__ = ["age", "cells_of", "columns_of"]

_NAME: Final = (
    "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a "
    "client to request the generation of an appropriate name automatically. Name is primarily intended for creation "
    "idempotence and configuration definition. Cannot be updated. More info: "
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
)
_CREATED: Final = (
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed "
    "to be set in happens-before order across separate operations. Clients may not set this value. It is represented "
    "in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)
_AGE: Final[Mapping[str, Any]] = {
    "name": "Age",
    "type": "date",
    "jsonPath": ".metadata.creationTimestamp",
    "description": _CREATED,
}
_SMALLEST: Final = -(1 << 63)


def columns_of(columns: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the definitions of the columns of a table: the name, and those of a definition, or the age.

    Args:
        columns: `additionalPrinterColumns` of a version.
    """
    name = {"name": "Name", "type": "string", "format": "name", "description": _NAME, "priority": 0}
    return [name, *(_column(each) for each in columns or (_AGE,))]


def _column(column: Mapping[str, Any]) -> dict[str, Any]:
    described = column.get("description") or (
        f"Custom resource definition column (in JSONPath format): {column['jsonPath']}"
    )
    return {
        "name": column["name"],
        "type": column["type"],
        "format": column.get("format", ""),
        "description": described,
        "priority": column.get("priority", 0),
    }


def cells_of(document: Mapping[str, Any], columns: Sequence[Mapping[str, Any]], now: datetime) -> list[Any]:
    """Return the cells of an object, one for each column of `columns_of`.

    Args:
        document: The object.
        columns: `additionalPrinterColumns` of the version.
        now: The time of the server.
    """
    cells = (_cell(document, each, now) for each in columns or (_AGE,))
    return [document["metadata"].get("name", ""), *cells]


def _cell(document: Mapping[str, Any], column: Mapping[str, Any], now: datetime) -> Any:
    try:
        found = parse(f"{{{column['jsonPath']}}}").find(document)
    except KubeError:
        return None
    return _shown(found[0], column["type"], now) if found else None


def _shown(value: Any, kind: str, now: datetime) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match kind:
        case "integer":
            return _whole(value) if is_number else None
        case "number":
            return value if is_number else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case "date":
            return age(value, now) if isinstance(value, str) else None
        case _:
            return _text(value)


def _whole(value: float) -> int:
    found = int(value)
    return found if _SMALLEST <= found < -_SMALLEST else _SMALLEST


def _text(value: Any) -> str:
    if value is None:
        return "<no value>"
    if isinstance(value, str):
        return value
    return compact(value) if is_map(value) or is_list(value) else plain(value)


def age(value: str, now: datetime) -> str:
    """Return how long ago a time was, as `kubectl get` shows it."""
    if not value:
        return "<unknown>"
    try:
        then = parse_time(value)
    except ValueError:
        return "<invalid>"
    seconds = (now - then).total_seconds()
    return "<invalid>" if seconds <= -2 else _duration(max(int(seconds), 0))


def _duration(seconds: int) -> str:
    """Return a duration with one or two units, as `kubectl get` shows ages."""
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    years = days // 365
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return _pair(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 24 * 8:
        return _pair(days, "d", hours % 24, "h")
    if years < 2:
        return f"{days}d"
    return _pair(years, "y", days % 365, "d") if years < 8 else f"{years}y"


def _pair(first: int, unit: str, second: int, smaller: str) -> str:
    return f"{first}{unit}{second}{smaller}" if second else f"{first}{unit}"
