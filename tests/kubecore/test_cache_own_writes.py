"""Reads see the program's own writes: responses are a second, ordered source of the store."""

from __future__ import annotations

import json

import pytest

from kubecore.cache.key import Key
from kubecore.cache.own_writes import MAX_TOMBSTONES, TOMBSTONE_SECONDS, Tombstones
from kubecore.cache.relist import MAX_REFUSED
from kubecore.cache.selection import Selection
from kubecore.cache.store import Store
from tests.kubecore.cache_objects import names, relist, store_of, text, told


def status(uid: str, name: str = "web") -> bytes:
    return json.dumps({"kind": "Status", "status": "Success", "details": {"uid": uid, "name": name}}).encode()


def test_a_response_is_reported_once_although_the_stream_repeats_it() -> None:
    store = store_of(text("web", 5), version="10")
    feed = store.open_feed()
    told(feed)
    assert store.own_write(text("web", 12))
    assert names(store) == {"web": 12}
    store.apply_event("MODIFIED", text("web", 11))
    store.apply_event("MODIFIED", text("web", 12))
    assert told(feed) == ["~web@5..12"]


def test_a_response_that_the_stream_has_passed_is_dropped() -> None:
    store = store_of(text("web", 5), version="10")
    store.apply_event("DELETED", text("web", 13))
    assert store.own_write(text("web", 12))
    assert names(store) == {}


def test_responses_that_overtake_each_other_leave_the_newest_state() -> None:
    store = store_of(text("web", 5), version="10")
    feed = store.open_feed()
    told(feed)
    store.own_write(text("web", 13))
    store.own_write(text("web", 12))
    assert told(feed) == ["~web@5..13"]


def test_a_response_below_the_floor_is_dropped_after_a_later_response_removed_the_entry() -> None:
    store = store_of(text("web", 5, labels={"app": "web"}), selection=Selection(label_selector="app=web"))
    store.own_write(text("web", 14, labels={}))
    store.own_write(text("web", 12, labels={"app": "web"}))
    assert names(store) == {}


def test_the_stream_does_not_bring_back_an_entry_that_a_response_removed() -> None:
    store = store_of(text("web", 5, labels={"app": "web"}), selection=Selection(label_selector="app=web"))
    feed = store.open_feed()
    told(feed)
    store.own_write(text("web", 14, labels={}))
    assert told(feed) == ["-web@5"]
    store.apply_event("MODIFIED", text("web", 12, labels={"app": "web"}))
    assert told(feed) == []
    store.bookmark("14")
    store.apply_event("ADDED", text("web", 15, labels={"app": "web"}))
    assert told(feed) == ["+web@15"]


def test_responses_before_the_first_list_are_applied_after_it() -> None:
    store = Store(store_of().form)
    assert store.own_write(text("web", 12))
    assert store.own_write(text("old", 3))
    assert names(store) == {}
    relist(store, text("web", 5), version="10")
    assert names(store) == {"web": 12}


def test_a_deleted_object_stays_away_although_stream_and_responses_are_late() -> None:
    store = store_of(text("web", 5, uid="3"), version="10")
    feed = store.open_feed()
    told(feed)
    assert store.own_write(status("3"), is_delete=True)
    assert told(feed) == ["-web@5"]
    store.apply_event("DELETED", text("web", 11, uid="3"))  # It left the selection.
    store.apply_event("ADDED", text("web", 12, uid="3"))
    store.apply_event("DELETED", text("web", 13, uid="3"))
    assert told(feed) == []


def test_a_late_response_does_not_bring_back_a_deleted_object() -> None:
    store = store_of(text("web", 5, uid="3"), version="10")
    store.own_write(status("3"), is_delete=True)
    store.own_write(text("web", 12, uid="3"))
    assert names(store) == {}


def test_a_list_with_a_deleted_object_removes_the_one_before_it() -> None:
    store = store_of(text("web", 5, uid="3"), version="10")
    store.own_delete("5", Key("shop", "web"))
    assert names(store) == {"web": 5}
    feed = store.open_feed()
    told(feed)
    relist(store, text("web", 12, uid="5"), version="13")
    assert told(feed) == ["?web@5"]


def test_an_object_before_the_deleted_one_does_not_come_back() -> None:
    store = store_of(text("web", 5, uid="1"), version="10")
    feed = store.open_feed()
    told(feed)
    applied = store.begin_relist()
    applied.add([text("web", 13, uid="2")])
    applied.abandon()
    store.own_write(status("2"), is_delete=True)
    assert told(feed) == ["?web@5"]
    relist(store, text("web", 5, uid="1"), version="11")
    assert told(feed) == []


def test_a_list_does_not_delete_own_objects_that_are_newer() -> None:
    store = store_of(version="10")
    store.own_write(text("web", 20))
    relist(store, version="15")
    assert names(store) == {"web": 20}
    relist(store, version="25")
    assert names(store) == {}


def test_items_that_wait_for_the_end_of_a_doubtful_list_are_applied() -> None:
    store = store_of(text("web", 5), version="10")
    for _ in range(MAX_REFUSED):
        relist(store, version="3")
    relist(store, text("web", 11), text("b", 12), version="12")
    assert names(store) == {"b": 12, "web": 11}


def test_a_label_that_does_not_fit_removes_the_entry_and_one_that_fits_adds_it() -> None:
    store = store_of(text("a", 5, labels={"app": "web"}), selection=Selection(label_selector={"app": "web"}))
    feed = store.open_feed()
    told(feed)
    store.own_write(text("a", 11, labels={"app": "db"}))
    store.own_write(text("b", 12, labels={"app": "web"}))
    store.own_write(text("c", 13, labels={"app": "db"}))
    assert told(feed) == ["-a@5", "+b@12"]


def test_objects_of_another_namespace_or_name_are_not_added() -> None:
    store = store_of(selection=Selection("shop", field_selector="metadata.name=web"))
    store.own_write(text("web", 11))
    store.own_write(text("other", 12))
    store.own_write(text("web", 13, namespace="elsewhere"))
    assert names(store) == {"web": 11}


@pytest.mark.parametrize(
    ("field_selector", "shard_selector", "is_used"),
    [
        (None, None, True),
        ("metadata.name=web", None, True),
        ("metadata.namespace==shop,metadata.name=web", None, True),
        ({"metadata.name": "web"}, None, True),
        ("metadata.name!=web", None, False),
        ("metadata.name=a,metadata.name=b", None, False),
        ("spec.nodeName=a", None, False),
        ({"status.phase": "Running"}, None, False),
        ("metadata.name", None, False),
        (None, "shardRange(object.metadata.uid, '0x0', '0x8')", False),
    ],
)
def test_responses_are_used_only_if_the_selection_can_be_applied_to_them(
    field_selector: str | dict[str, str] | None, shard_selector: str | None, is_used: bool
) -> None:
    selection = Selection(field_selector=field_selector, shard_selector=shard_selector)
    assert selection.takes_own_writes is is_used
    store = store_of(selection=selection)
    assert store.own_write(text("web", 20)) is is_used
    assert names(store) == ({"web": 20} if is_used else {})


GONE = {"deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": 0}


def test_the_response_to_a_delete_removes_the_object_only_if_none_remains() -> None:
    store = store_of(*(text(name, 5) for name in "abcd"), version="10")
    grace = {"deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": 30}
    store.own_write(text("a", 11, metadata=grace), is_delete=True)
    store.own_write(text("b", 12, metadata={**GONE, "finalizers": ["x"]}), is_delete=True)
    store.own_write(text("c", 5), is_delete=True)
    store.own_write(text("d", 13, metadata=GONE), is_delete=True)
    assert names(store) == {"a": 11, "b": 12}


def test_the_update_that_removes_the_last_finalizer_removes_the_object() -> None:
    store = store_of(text("a", 5, metadata={**GONE, "finalizers": ["x"]}), version="10")
    store.own_write(text("a", 5, metadata=GONE))
    assert names(store) == {}


def test_a_namespace_that_is_being_deleted_stays() -> None:
    terminating = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    store = store_of(text("shop", 5, namespace=""), version="10")
    store.own_write(text("shop", 11, namespace="", metadata=terminating), is_delete=True)
    store.own_write(text("shop", 12, namespace="", metadata=terminating))
    assert names(store) == {"shop": 12}


def test_responses_without_an_object_are_not_used() -> None:
    store = store_of(text("web", 5), version="10")
    assert not store.own_write(b"not JSON")
    assert not store.own_write(b'{"metadata":{}}')
    assert not store.own_write(status(""), is_delete=True)
    assert not store.own_write(b'{"kind":"Status","status":"Success"}', is_delete=True)
    assert not store.own_write(b'{"kind":"Status","status":"Failure","details":{"uid":"uid-web"}}', is_delete=True)
    assert names(store) == {"web": 5}


def test_tombstones_end_after_their_time_and_are_bounded() -> None:
    clock = [0.0]
    store = store_of(text("web", 5, uid="3"), version="10", now=lambda: clock[0])
    store.own_delete("3", Key("shop", "web"))
    clock[0] = TOMBSTONE_SECONDS - 1
    store.apply_event("ADDED", text("web", 11, uid="3"))
    assert names(store) == {}
    clock[0] = TOMBSTONE_SECONDS + 1
    store.apply_event("ADDED", text("web", 12, uid="3"))
    assert names(store) == {"web": 12}
    tombstones = Tombstones(lambda: clock[0])
    for number in range(MAX_TOMBSTONES + 5):
        tombstones.add(str(number))
    assert len(tombstones) == MAX_TOMBSTONES
    assert "4" not in tombstones
    assert "5" in tombstones
    clock[0] *= 3
    tombstones.add("new")
    assert len(tombstones) == 1


def test_floors_and_tombstones_end_when_the_server_went_back() -> None:
    store = store_of(text("web", 5), text("b", 6, uid="3"), version="10")
    store.own_write(text("web", 20))
    store.own_delete("3", Key("shop", "b"))
    for _ in range(MAX_REFUSED + 1):
        relist(store, text("web", 5), text("b", 6, uid="3"), version="8")
    assert names(store) == {"b": 6, "web": 5}
    store.apply_event("MODIFIED", text("web", 9))
    assert names(store) == {"b": 6, "web": 9}
