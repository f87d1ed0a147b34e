"""Differences between informers are found in their records."""

from __future__ import annotations

from typing import Any

import pytest

from tests.torture.informer import differences

FINAL: dict[str, Any] = {"op": "final", "version": "9", "items": {"a": ["uid-a", "5"]}}


def event(kind: str, version: int, *, watcher: str = "go", name: str = "a", uid: str = "") -> dict[str, Any]:
    uid = uid or f"uid-{name}"
    return {"op": "event", "watcher": watcher, "type": kind, "name": name, "uid": uid, "version": str(version)}


def store(watcher: str, **items: list[str]) -> dict[str, Any]:
    return {"op": "store", "watcher": watcher, "version": "", "items": items}


def informer(watcher: str, *events: dict[str, Any], kept: list[str] | None = None) -> list[dict[str, Any]]:
    return [*({**each, "watcher": watcher} for each in events), store(watcher, a=kept or ["uid-a", "5"])]


GONE = [event("ADDED", 2, name="b"), event("DELETED", 3, name="b")]
GOOD = informer("go", event("ADDED", 1), event("MODIFIED", 4), *GONE, event("MODIFIED", 5))


def test_informers_may_fold_changes() -> None:
    assert differences([FINAL, *GOOD, *informer("sync", *GONE, event("ADDED", 5))]) == []


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([event("ADDED", 5)], "sync has not reported uid-b, which go has"),
        (
            [*GONE, event("ADDED", 5), event("ADDED", 6, name="c"), event("DELETED", 7, name="c")],
            "go has not reported uid-c, which sync has",
        ),
        ([*GONE, event("ADDED", 4)], "sync: the state that was reported differs from the collection in ['a']"),
        ([*GONE, event("ADDED", 5), event("MODIFIED", 5)], "sync: MODIFIED a at version 5 after 5"),
        ([*GONE, event("MODIFIED", 5)], "sync: MODIFIED a uid-a after None"),
        ([*GONE, event("DELETED", 4), event("ADDED", 5)], "sync: DELETED a uid-a after None"),
        (
            [*GONE, event("ADDED", 3, uid="old"), event("MODIFIED", 5)],
            "sync: MODIFIED a uid-a after ['old', '3']",
        ),
    ],
)
def test_differences_between_informers_are_found(events: list[dict[str, Any]], text: str) -> None:
    assert text in differences([FINAL, *GOOD, *informer("sync", *events)])


def test_a_store_that_differs_from_the_collection_is_found() -> None:
    other = informer("sync", *GONE, event("ADDED", 5), kept=["uid-a", "4"])
    assert differences([FINAL, *GOOD, *other]) == ["sync: the store differs from the collection in ['a']"]
    assert differences([FINAL, *GOOD[:-1]]) == ["go: the store differs from the collection in ['a']"]
