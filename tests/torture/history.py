"""History of a run of watches, and its verification.

A history is a file with one JSON object per line, in the order of time:

- `write`: The writer made a change: its type, and the name, UID and version of the object.
- `list`: A watcher listed the collection at a version. If the record has `items`, they replace the state of the
  watcher. Otherwise the watcher yields the differences as events.
- `resume`: A watcher requested the changes after a version.
- `expired`: The server rejected a version as too old.
- `event`: A watcher yielded a change.
- `store`: The store of an informer at its end.
- `fault`: The test caused a fault.
- `final`: The collection at the end, read independently of the watchers.

The verdicts have the names of the robustness tests of etcd:

- Ordered: The versions of a watch increase. The versions of each object increase in the differences of a list too.
- Unique: A watcher yields no event twice.
- Reliable: A watcher yields every change, except for changes that a list made up for, and it yields no other events.
- Resumable: A watch resumes from the last version, not from an earlier or later one. It never requests a rejected
  version again.
- Converges: The final state of a watcher equals the collection.
"""

from __future__ import annotations

import bisect
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

__all__ = ["VERDICTS", "History", "Judgement", "judge", "read"]

VERDICTS: Final = ("Ordered", "Unique", "Reliable", "Resumable", "Converges")

Record = dict[str, Any]
_State = dict[str, tuple[str, int]]


class History:
    """Writer of a history, for use by many threads at once.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a", encoding="utf-8", buffering=1)  # Each line is one write, so none are mixed.

    def note(self, op: str, **record: Any) -> None:
        """Write a record."""
        self._file.write(json.dumps({"op": op, **record}, separators=(",", ":")) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read(path: Path) -> Iterator[Record]:
    """Yield the records of a file."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


@dataclass(slots=True)
class Judgement:
    """Result of the verification.

    Attributes:
        faults: Violations, by verdict.
        events: Number of events that watchers yielded.
        writes: Number of changes.
        lists: Number of times that a watcher listed the collection.
    """

    faults: dict[str, list[str]] = field(default_factory=lambda: {verdict: [] for verdict in VERDICTS})
    events: int = 0
    writes: int = 0
    lists: int = 0

    @property
    def bad(self) -> list[str]:
        """All violations, one line each."""
        return [f"{verdict}: {text}" for verdict, texts in self.faults.items() for text in texts]


@dataclass(frozen=True, slots=True)
class _Write:
    version: int
    type: str
    name: str
    uid: str


class _Truth:
    """Actual changes, as the writer recorded them."""

    def __init__(self, records: list[Record]) -> None:
        writes = [_write(record) for record in records if record["op"] == "write"]
        reported = {
            (r["name"], r["uid"]): int(r["version"]) for r in records if r["op"] == "event" and r["type"] == "DELETED"
        }
        self.writes: list[_Write] = []
        for write in writes:
            before = self.writes[-1].version if self.writes else 0
            version = reported.get((write.name, write.uid), 0) if write.type == "DELETED" else 0
            # The server does not return the version of a deletion, so the writer records a later one; events have it.
            if before < version < write.version:
                write = _Write(version, write.type, write.name, write.uid)
            self.writes.append(write)
        self._versions = [write.version for write in self.writes]
        self._all = set(self.writes)

    def has(self, write: _Write) -> bool:
        """Return whether the writer made a change."""
        return write in self._all

    def between(self, after: int, until: int) -> list[_Write]:
        """Return the changes after one version and up to another."""
        return self.writes[bisect.bisect_right(self._versions, after) : bisect.bisect_right(self._versions, until)]

    def state(self, version: int) -> _State:
        """Return the objects at a version."""
        found: _State = {}
        for write in self.between(0, version):
            if write.type == "DELETED":
                found.pop(write.name, None)
            else:
                found[write.name] = (write.uid, write.version)
        return found


class _Watcher:
    """State of one watcher during the verification."""

    def __init__(self, name: str, truth: _Truth, judgement: Judgement) -> None:
        self._name = name
        self._truth = truth
        self._judgement = judgement
        self._at = 0
        self._listed = 0
        self._is_open = False  # Whether the differences of a list are incomplete.
        self._state: _State = {}
        self._told: set[tuple[str, str, str, int]] = set()
        self._expired: set[int] = set()

    def take(self, record: Record) -> None:
        getattr(self, f"_{record['op']}")(record)

    def _list(self, record: Record) -> None:
        version = int(record["version"])
        self._judgement.lists += 1
        self._settle()
        self._at = self._listed = version
        if "items" in record:
            self._state = _state(record["items"])
        self._is_open = True

    def _resume(self, record: Record) -> None:
        self._settle()
        version = int(record["version"])
        if version < self._at:
            self._wrong("Resumable", f"goes on from {version}, but was at {self._at}")
        if missed := self._truth.between(self._at, version):
            self._wrong("Resumable", f"goes on from {version} without {missed[0]}")
        if version in self._expired:
            self._wrong("Resumable", f"requests again {version}, which was refused")

    def _store(self, record: Record) -> None:
        if self._state != (kept := _state(record["items"])):
            self._wrong("Converges", f"has yielded {_difference(self._state, kept)}")

    def _expired_(self, record: Record) -> None:
        self._expired.add(int(record["version"]))

    def _event(self, record: Record) -> None:
        self._judgement.events += 1
        write = _write(record)
        key = (write.type, write.name, write.uid, write.version)
        if key in self._told:
            self._wrong("Unique", f"{write} again")
            return
        self._told.add(key)
        before = self._state.get(write.name)
        if before is not None and (
            write.version < before[1] or (write.version == before[1] and write.type != "DELETED")
        ):
            self._wrong("Ordered", f"{write} after version {before[1]} of the same")
        if write.version > self._listed:
            self._settle()
            self._live(write)
        elif not self._is_open:
            self._wrong("Ordered", f"{write}, when the watch was at {self._at}")
        if write.type == "DELETED":
            self._state.pop(write.name, None)
        else:
            self._state[write.name] = (write.uid, write.version)

    def _live(self, write: _Write) -> None:
        if write.version <= self._at:
            self._wrong("Ordered", f"{write}, when the watch was at {self._at}")
            return
        if not self._truth.has(write):
            self._wrong("Reliable", f"{write} never was")
        for missed in self._truth.between(self._at, write.version - 1):
            self._wrong("Reliable", f"{missed} was not reported")
        self._at = write.version

    def end(self, final: Record) -> None:
        self._settle()
        for missed in self._truth.between(self._at, int(final["version"])):
            self._wrong("Reliable", f"{missed} was not reported at the end")
        if self._state != (wanted := _state(final["items"])):
            self._wrong("Converges", f"knows {_difference(self._state, wanted)}")

    def _settle(self) -> None:
        """Check that the state equals the listed collection after the events with the differences."""
        if not self._is_open:
            return
        self._is_open = False
        if self._state != (wanted := self._truth.state(self._listed)):
            self._wrong("Reliable", f"after the list of {self._listed} knows {_difference(self._state, wanted)}")
            self._state = wanted

    def _wrong(self, verdict: str, text: str) -> None:
        self._judgement.faults[verdict].append(f"{self._name}: {text}")


def judge(records: Iterable[Record]) -> Judgement:
    """Judge a history.

    Args:
        records: The records in order.
    """
    all_records = list(records)
    truth = _Truth(all_records)
    judgement = Judgement(writes=len(truth.writes))
    watchers: dict[str, _Watcher] = {}
    final: Record = {"version": 0, "items": {}}
    for record in all_records:
        if record["op"] == "final":
            final = record
        if "watcher" not in record:
            continue
        name = record["watcher"]
        if name not in watchers:
            watchers[name] = _Watcher(name, truth, judgement)
        watchers[name].take({**record, "op": "expired_"} if record["op"] == "expired" else record)
    for watcher in watchers.values():
        watcher.end(final)
    if not watchers:
        judgement.faults["Converges"].append("nobody watched")
    return judgement


def _write(record: Record) -> _Write:
    return _Write(int(record["version"]), record["type"], record["name"], record["uid"])


def _state(items: dict[str, list[Any]]) -> _State:
    return {name: (uid, int(version)) for name, (uid, version) in items.items()}


def _difference(found: _State, wanted: _State) -> str:
    names = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
    return f"{names[0]} as {found.get(names[0])}, which is {wanted.get(names[0])}, and {len(names) - 1} more like it"
