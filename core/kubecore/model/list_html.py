"""A list of objects as a table for notebooks, made from the fields of the objects alone."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore._support.terminal import escape_for_terminal
from kubecore.model.times import parse_time

__all__ = ["age", "shown"]

_LONGEST: Final = 200
"""Rows that a notebook shows."""
_KEYS: Final = {"creation_timestamp": "creationTimestamp", "ready_replicas": "readyReplicas"}
"""The names of fields of models that differ in mappings."""
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def shown(items: Sequence[Any], remaining: int = 0, now: datetime | None = None) -> str:
    """Return a table of objects: namespace, name, readiness, phase and age, without columns that no object has.

    Args:
        items: The objects, as models or mappings; any other item is shown by its repr.
        remaining: The number of objects on later pages.
        now: The time to which ages are counted, the current one by default.
    """
    then = now or datetime.now(UTC)
    rows = [{title: cell(item, then) for title, cell in _COLUMNS.items()} for item in items[:_LONGEST]]
    titles = [title for title in _COLUMNS if title == "Name" or any(row[title] for row in rows)]
    head = _row("th", titles)
    body = "".join(_row("td", [row[title] for title in titles]) for row in rows)
    more = len(items) - len(rows) + remaining
    rest = f"<p>{more:,} more</p>" if more else ""
    return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>{rest}"


def age(created: datetime, now: datetime) -> str:
    """Return an age in the two largest units that differ from zero at most: `5d3h`, `40s`."""
    seconds = max(0, int((now - created).total_seconds()))
    parts: list[str] = []
    for size, unit in _UNITS:
        if parts or seconds >= size:
            parts.append(f"{seconds // size}{unit}" if seconds // size else "")
        seconds %= size
    return "".join(parts[:2]) or "0s"


def _row(tag: str, cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(escape_for_terminal(cell))}</{tag}>' for cell in cells)}</tr>"


def _field(item: Any, *names: str) -> Any:
    """Return a nested field of a model or of a mapping, None if it is missing."""
    for name in names:
        item = item.get(_KEYS.get(name, name)) if is_json_object(item) else getattr(item, name, None)
    return item


def _name(item: Any, _: datetime) -> str:
    if is_json_object(item) or _field(item, "metadata") is not None:
        return str(_field(item, "metadata", "name") or "")  # The repr of a mapping would show the data of a Secret.
    return repr(item)


def _namespace(item: Any, _: datetime) -> str:
    return str(_field(item, "metadata", "namespace") or "")


def _ready(item: Any, _: datetime) -> str:
    replicas = _field(item, "spec", "replicas")
    if isinstance(replicas, int):
        return f"{_field(item, 'status', 'ready_replicas') or 0}/{replicas}"
    return next(_conditions(item), "")


def _conditions(item: Any) -> Iterator[str]:
    conditions = _field(item, "status", "conditions")
    for condition in conditions if is_json_array(conditions) else ():
        if _field(condition, "type") == "Ready":
            yield str(_field(condition, "status") or "")


def _phase(item: Any, _: datetime) -> str:
    return str(_field(item, "status", "phase") or "")


def _age(item: Any, now: datetime) -> str:
    created = _field(item, "metadata", "creation_timestamp")
    if isinstance(created, str):
        created = _time(created)
    return age(created, now) if isinstance(created, datetime) and created.tzinfo is not None else ""


def _time(text: str) -> datetime | None:
    try:
        return parse_time(text)
    except ValueError:
        return None


_COLUMNS: Final[dict[str, Callable[[Any, datetime], str]]] = {
    "Namespace": _namespace,
    "Name": _name,
    "Ready": _ready,
    "Phase": _phase,
    "Age": _age,
}
