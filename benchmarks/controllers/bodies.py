"""Write the bodies of `benchmarks.controllers.replay`: lists, pages of lists, and events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks import record
from benchmarks.real.pods import recorded

VERSION = b"2000000"
"""The resource version of the lists."""

FIRST_CHANGE = 3_000_000
"""The resource version of the first change."""

PAGE = 500
EVENTS = ("changes", "expire")
"""Events that the open watch can receive: all changes, or the error for a version that is too old."""

_EXPIRED = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Failure",
    "message": "too old resource version",
    "reason": "Expired",
    "code": 410,
}


def write(folder: Path, pods: int, changes: int) -> None:
    """Write the lists, and the events of each of `EVENTS`: change N is one of pod N, counted in circles."""
    (folder / "expire.json").write_text(json.dumps({"type": "ERROR", "object": _EXPIRED}) + "\n")
    pod = recorded()
    items = [record.named(pod, number) for number in range(pods)]
    with (folder / "changes.json").open("w") as lines:
        for number in range(changes):
            changed = items[number % pods]
            metadata = changed["metadata"] | {"resourceVersion": str(FIRST_CHANGE + number)}
            event = {"type": "MODIFIED", "object": changed | {"metadata": metadata}}
            lines.write(json.dumps(event, separators=(",", ":")) + "\n")
    for item in items:  # Items of a list have neither.
        del item["apiVersion"], item["kind"]
    _write(folder / "list.json", items, {})
    for start in range(0, pods, PAGE):
        rest = pods - start - PAGE
        following = {"continue": str(start + PAGE), "remainingItemCount": rest} if rest > 0 else {}
        _write(folder / f"page-{start}.json", items[start : start + PAGE], following)


def _write(path: Path, items: list[dict[str, Any]], following: dict[str, Any]) -> None:
    metadata = {"resourceVersion": VERSION.decode(), **following}
    body = {"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items}
    path.write_text(json.dumps(body, separators=(",", ":")) + "\n")
