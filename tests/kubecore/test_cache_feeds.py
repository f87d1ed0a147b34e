"""Feeds: the changes that a consumer has not taken, folded per object."""

from __future__ import annotations

from typing import Any

import pytest

from kubecore.cache.changes import Added, Change, Deleted, Updated
from kubecore.cache.feed import Feed
from kubecore.cache.key import Key
from kubecore.errors import DecodeError
from tests.kubecore.cache_objects import Objects, store_of, text, told

A, B, C, D = (text("web", version) for version in (11, 12, 13, 14))
NEW = text("web", 15, uid="2")
NEWER = text("web", 16, uid="2")


@pytest.mark.parametrize(
    ("events", "expected", "expected_by_controllers"),
    [
        ([("ADDED", A), ("MODIFIED", B)], ["+web@12"], ["+web@12"]),
        ([("ADDED", A), ("DELETED", B)], [], ["-web@12"]),
        ([("ADDED", A), ("MODIFIED", B), ("DELETED", C)], [], ["-web@13"]),
        ([("ADDED", A), ("DELETED", B), ("ADDED", NEW)], ["+web@15"], ["-web@12", "+web@15"]),
        ([("ADDED", A), ("DELETED", B), ("ADDED", NEW), ("DELETED", NEWER)], [], ["-web@16"]),
    ],
    ids=["updated", "deleted", "updated and deleted", "recreated", "recreated and deleted"],
)
def test_changes_of_an_object_that_was_not_taken_fold(
    events: list[tuple[str, bytes]], expected: list[str], expected_by_controllers: list[str]
) -> None:
    store = store_of(version="10")
    plain, controllers = store.open_feed(), store.open_feed(keep_deletions=True)
    for kind, item in events:
        store.apply_event(kind, item)
    assert told(plain) == expected
    assert told(controllers) == expected_by_controllers
    assert len(plain) == len(controllers) == 0


@pytest.mark.parametrize("keep_deletions", [False, True])
@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([("MODIFIED", A), ("MODIFIED", B)], ["~web@1..12"]),
        ([("MODIFIED", A), ("DELETED", B)], ["-web@12"]),
        ([("DELETED", A), ("ADDED", NEW)], ["-web@11", "+web@15"]),
        ([("MODIFIED", A), ("DELETED", B), ("ADDED", NEW), ("MODIFIED", NEWER)], ["-web@12", "+web@16"]),
        ([("MODIFIED", NEW)], ["?web@1", "+web@15"]),
    ],
    ids=["updated twice", "updated and deleted", "recreated", "recreated and updated", "recreated in a gap"],
)
def test_changes_of_a_known_object_fold(
    keep_deletions: bool, events: list[tuple[str, bytes]], expected: list[str]
) -> None:
    store = store_of(text("web", 1))
    feed = store.open_feed(keep_deletions=keep_deletions)
    assert told(feed) == ["+web@1"]
    for kind, item in events:
        store.apply_event(kind, item)
    assert told(feed) == expected


def test_the_deletion_of_a_known_object_and_of_the_next_one_are_both_kept_for_controllers() -> None:
    store = store_of(text("web", 1))
    plain, controllers = store.open_feed(), store.open_feed(keep_deletions=True)
    assert told(plain) == told(controllers) == ["+web@1"]
    for kind, item in (("DELETED", A), ("ADDED", NEW), ("DELETED", NEWER)):
        store.apply_event(kind, item)
    assert told(plain) == ["-web@11"]
    assert told(controllers) == ["-web@11", "-web@16"]


def test_a_deletion_has_the_last_state_and_the_state_that_the_consumer_got() -> None:
    store = store_of(text("web", 1, phase="first"))
    feed = store.open_feed()
    told(feed)
    store.apply_event("MODIFIED", text("web", 11, phase="second"))
    store.apply_event("DELETED", text("web", 12, phase="third"))
    (change,) = feed.take()
    assert isinstance(change, Deleted)
    assert change.object["phase"] == "third"
    assert change.old_entry is not None and change.old_entry.version == 1
    assert change.old is not None and change.old["phase"] == "first"
    assert change.old is change.old
    controllers = store.open_feed(keep_deletions=True)
    store.apply_event("ADDED", text("web", 13, uid="2"))
    store.apply_event("DELETED", text("web", 14, uid="2"))
    (change,) = controllers.take()
    assert isinstance(change, Deleted)
    assert change.old is None


def test_a_feed_begins_with_all_objects_and_only_they_are_initial() -> None:
    store = store_of(text("b", 2), text("a", 1))
    feed = store.open_feed()
    store.apply_event("ADDED", text("c", 11))
    store.apply_event("MODIFIED", text("b", 12))
    changes = [change for change in feed.take() if isinstance(change, Added)]
    assert [(change.key.name, change.is_initial) for change in changes] == [("a", True), ("b", True), ("c", False)]


def test_objects_of_the_first_list_are_initial_for_a_feed_that_was_opened_before() -> None:
    store = store_of(version="1")
    store.is_synced = False
    feed = store.open_feed()
    store.apply_event("ADDED", text("a", 2))
    (change,) = feed.take()
    assert isinstance(change, Added) and change.is_initial


def test_changes_are_taken_in_the_order_of_their_first_event_up_to_a_limit() -> None:
    store = store_of(version="1")
    feed = store.open_feed()
    for version, name in enumerate("cabad", start=2):
        store.apply_event("ADDED", text(name, version))
    assert [change.key.name for change in feed.take(2)] == ["c", "a"]
    store.apply_event("MODIFIED", text("c", 20))
    assert [change.key.name for change in feed.take(10)] == ["b", "d", "c"]
    assert feed.take() == []


def test_feeds_are_independent_and_a_closed_one_gets_nothing() -> None:
    store = store_of(text("a", 1))
    one, other = store.open_feed(), store.open_feed()
    assert told(one) == ["+a@1"]
    store.close_feed(one)
    store.close_feed(one)
    store.apply_event("ADDED", text("b", 11))
    assert told(one) == []
    assert one.is_closed
    assert told(other) == ["+a@1", "+b@11"]
    assert store.feeds == (other,)


def test_the_consumer_is_woken_when_its_feed_is_no_longer_empty() -> None:
    rings: list[int] = []
    store = store_of(text("a", 1))
    feed = store.open_feed(wake=lambda: rings.append(len(feed)))
    store.apply_event("ADDED", text("b", 11))
    assert rings == []  # The initial objects wait already.
    feed.take()
    store.apply_event("ADDED", text("c", 12))
    store.apply_event("ADDED", text("d", 13))
    assert rings == [1]


def test_a_stopped_consumer_holds_one_change_per_object() -> None:
    store = store_of(version="1")
    feed = store.open_feed(keep_deletions=True)
    for version in range(2, 2_000, 2):
        store.apply_event("ADDED", text("web", version, uid=str(version)))
        store.apply_event("DELETED", text("web", version + 1, uid=str(version)))
    assert len(feed) == 1
    assert told(feed) == ["-web@1999"]


def test_objects_of_changes_are_decoded_when_they_are_looked_at_and_once() -> None:
    store = store_of(text("web", 1))
    feed: Feed[Objects] = store.open_feed()
    store.apply_event("ADDED", b'{"metadata":{"name":"bad","namespace":"shop","resourceVersion":"11"},"spec":1e999}')
    good, bad = feed.take()
    assert good.object is good.object
    assert bad.key == Key("shop", "bad")
    store.apply_event("MODIFIED", text("web", 12))
    (updated,) = feed.take()
    assert isinstance(updated, Updated)
    assert (updated.old["metadata"]["resourceVersion"], updated.object["metadata"]["resourceVersion"]) == ("1", "12")
    assert updated.old is updated.old


def test_an_object_that_can_not_be_decoded_raises_with_its_name_when_it_is_looked_at() -> None:
    from kubeclient.models import core_v1
    from kubecore.cache.keep import form
    from kubecore.cache.store import Store

    store = Store(form(core_v1.Pod))
    feed = store.open_feed()
    store.apply_event("ADDED", text("web", 1, spec=7))
    (change,) = feed.take()
    with pytest.raises(DecodeError, match=r"'shop/web'.*spec"):
        _ = change.object


def matched(change: Change[Any]) -> str:
    match change:
        case Added(object=item):
            return f"added {item['metadata']['name']}"
        case Updated(old=old, object=item):
            return f"updated {old['metadata']['resourceVersion']} {item['metadata']['resourceVersion']}"
        case Deleted(key=key, is_final=is_final):
            return f"deleted {key} {is_final}"


def test_changes_are_matched_by_their_attributes_and_shown() -> None:
    store = store_of(text("web", 1))
    feed = store.open_feed()
    changes = feed.take()
    store.apply_event("MODIFIED", text("web", 11))
    changes += feed.take()
    store.apply_event("DELETED", text("web", 12))
    changes += feed.take()
    assert list(map(matched, changes)) == ["added web", "updated 1 11", "deleted shop/web True"]
    assert list(map(repr, changes)) == [
        "Added('shop/web', version 1)",
        "Updated('shop/web', version 11)",
        "Deleted('shop/web', version 12)",
    ]
    match changes[0]:
        case Added(key, item):
            assert (key.name, item["metadata"]["name"]) == ("web", "web")
        case _:
            pytest.fail("positional patterns do not match")


def test_keys_are_sorted_by_namespace_and_name_and_shown_like_client_go_writes_them() -> None:
    keys = [Key("b", "a"), Key("a", "b"), Key("", "node"), Key("a", "a")]
    assert list(map(str, sorted(keys))) == ["node", "a/a", "a/b", "b/a"]
    assert Key("a", "b") == Key("a", "b") and hash(Key("a", "b")) == hash(Key("a", "b"))
    assert Key("a", "b", "east") != Key("a", "b")
