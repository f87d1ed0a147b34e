"""The verification of histories finds a violation of each verdict, and accepts correct histories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.torture.history import VERDICTS, History, judge, read

Record = dict[str, Any]


def write(kind: str, name: str, uid: str, version: int) -> Record:
    return {"op": "write", "type": kind, "name": name, "uid": uid, "version": str(version)}


def event(kind: str, name: str, uid: str, version: int) -> Record:
    return {"op": "event", "watcher": "w", "type": kind, "name": name, "uid": uid, "version": str(version)}


def listed(version: int, **items: list[Any]) -> Record:
    return {"op": "list", "watcher": "w", "version": str(version), **({"items": items} if items else {})}


def store(**items: list[Any]) -> Record:
    return {"op": "store", "watcher": "w", "items": items}


def at(op: str, version: int) -> Record:
    return {"op": op, "watcher": "w", "version": str(version)}


WRITES = [
    write("ADDED", "a", "1", 10),
    write("ADDED", "b", "2", 20),
    write("MODIFIED", "a", "1", 30),
    write("DELETED", "b", "2", 41),  # The writer knows only an upper bound.
    write("ADDED", "b", "3", 50),
]
FINAL = {"op": "final", "version": "60", "items": {"a": ["1", "30"], "b": ["3", "50"]}}
START = [listed(15), event("ADDED", "a", "1", 10), at("resume", 15)]
LIVE = [
    event("ADDED", "b", "2", 20),
    event("MODIFIED", "a", "1", 30),
    event("DELETED", "b", "2", 40),
    event("ADDED", "b", "3", 50),
]

RIGHT: dict[str, list[Record]] = {
    "all, live": [*START, *LIVE],
    "all, and the store of an informer": [*START, *LIVE, store(a=["1", "30"], b=["3", "50"])],
    "over a cut": [*START, *LIVE[:2], at("resume", 30), *LIVE[2:]],
    "from a bookmark": [*START, *LIVE, at("resume", 55)],
    "over a list that tells the differences": [
        *START,
        LIVE[0],
        at("resume", 20),
        listed(55),
        event("MODIFIED", "a", "1", 30),
        event("DELETED", "b", "2", 20),
        event("ADDED", "b", "3", 50),
        at("resume", 55),
    ],
    "over a list in the place of all": [
        *START,
        LIVE[0],
        at("expired", 20),
        listed(45, a=["1", 30]),
        at("resume", 45),
        LIVE[3],
    ],
    "from a list on": [listed(55), event("ADDED", "b", "3", 50), event("ADDED", "a", "1", 30)],
}

WRONG: dict[str, tuple[str, list[Record]]] = {
    "a version goes back": ("Ordered", [*START, LIVE[0], LIVE[2], LIVE[1], LIVE[3]]),
    "an object goes back": ("Ordered", [listed(55), event("ADDED", "a", "1", 30), event("MODIFIED", "a", "1", 10)]),
    "an old change comes late": (
        "Ordered",
        [*START, *LIVE[:3], at("resume", 40), event("ADDED", "a", "9", 15), LIVE[3]],
    ),
    "a change is reported twice": ("Unique", [*START, *LIVE, LIVE[3]]),
    "a change is reported again after a cut": ("Unique", [*START, *LIVE[:2], at("resume", 30), *LIVE[1:]]),
    "a change is missing": ("Reliable", [*START, LIVE[0], *LIVE[2:]]),
    "the last change is missing": ("Reliable", [*START, *LIVE[:3]]),
    "a change is made up": ("Reliable", [*START, *LIVE, event("MODIFIED", "b", "3", 58)]),
    "a list does not make up for a gap": ("Reliable", [*START, LIVE[0], listed(55), event("ADDED", "b", "3", 50)]),
    "a watch goes on too far on": ("Resumable", [*START, *LIVE[:2], at("resume", 45), LIVE[3]]),
    "a watch goes on from before": ("Resumable", [*START, *LIVE[:2], at("resume", 20), *LIVE[2:]]),
    "a version that was refused is requested again": (
        "Resumable",
        [*START, *LIVE[:2], at("expired", 30), at("resume", 30), *LIVE[2:]],
    ),
    "something else is known at the end": ("Converges", [*START, *LIVE[:3], event("ADDED", "b", "4", 50)]),
    "a store differs from what was reported": ("Converges", [*START, *LIVE, store(a=["1", "30"], b=["2", "20"])]),
    "nobody watched": ("Converges", []),
}


@pytest.mark.parametrize("records", RIGHT.values(), ids=RIGHT.keys())
def test_a_correct_history_has_no_faults(records: list[Record], tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    for record in [*WRITES, *records, FINAL]:
        fields = dict(record)
        history.note(fields.pop("op"), **fields)
    history.close()
    judgement = judge(read(history.path))
    assert judgement.bad == []
    assert judgement.events == sum(record["op"] == "event" for record in records)


@pytest.mark.parametrize(("verdict", "records"), WRONG.values(), ids=WRONG.keys())
def test_each_fault_of_a_history_is_found(verdict: str, records: list[Record]) -> None:
    judgement = judge([*WRITES, *records, FINAL])
    assert judgement.faults[verdict], judgement.bad


def test_each_verdict_has_a_history_that_is_wrong() -> None:
    assert {verdict for verdict, _ in WRONG.values()} == set(VERDICTS)
