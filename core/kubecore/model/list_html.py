"""A list of objects as a table for notebooks, made from the fields of the objects alone."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from kubecore._support.json_types import is_json_array
from kubecore._support.terminal import escape_for_terminal

__all__ = ["age", "shown"]

_LONGEST: Final = 200
"""Rows that a notebook shows."""
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def shown(items: Sequence[Any], remaining: int = 0, now: datetime | None = None) -> str:
    """Return a table of objects: namespace, name, readiness, phase and age, without columns that no object has.

    Args:
        items: The objects; an item without metadata is shown by its repr.
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


def _name(item: Any, _: datetime) -> str:
    metadata = getattr(item, "metadata", None)
    return str(getattr(metadata, "name", None) or "") if metadata is not None else repr(item)


def _namespace(item: Any, _: datetime) -> str:
    return str(getattr(getattr(item, "metadata", None), "namespace", None) or "")


def _ready(item: Any, _: datetime) -> str:
    status = getattr(item, "status", None)
    replicas = getattr(getattr(item, "spec", None), "replicas", None)
    if isinstance(replicas, int):
        return f"{getattr(status, 'ready_replicas', None) or 0}/{replicas}"
    return next(_conditions(status), "")


def _conditions(status: Any) -> Iterator[str]:
    conditions: Any = getattr(status, "conditions", None)
    for condition in conditions if is_json_array(conditions) else ():
        if getattr(condition, "type", None) == "Ready":
            yield str(getattr(condition, "status", ""))


def _phase(item: Any, _: datetime) -> str:
    return str(getattr(getattr(item, "status", None), "phase", None) or "")


def _age(item: Any, now: datetime) -> str:
    created = getattr(getattr(item, "metadata", None), "creation_timestamp", None)
    return age(created, now) if isinstance(created, datetime) and created.tzinfo is not None else ""


_COLUMNS: Final[dict[str, Callable[[Any, datetime], str]]] = {
    "Namespace": _namespace,
    "Name": _name,
    "Ready": _ready,
    "Phase": _phase,
    "Age": _age,
}
