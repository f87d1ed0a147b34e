"""The store of a cache: events, lists, versions, recreated objects, and objects that can't be understood."""

from __future__ import annotations

import logging

import pytest

from kubecore.cache.keep import Form, Keep
from kubecore.cache.relist import MAX_REFUSED, Outcome
from kubecore.cache.store import Store
from tests.kubecore.cache_objects import KIND, Objects, names, relist, store_of, text, told


def test_every_event_and_bookmark_moves_the_version_and_never_back() -> None:
    store = store_of(version="1")
    seen: list[str] = []
    store.apply_event("ADDED", text("p1", 10))
    seen.append(store.version)
    store.apply_event("MODIFIED", text("p1", 20))
    seen.append(store.version)
    store.bookmark("30")
    seen.append(store.version)
    store.apply_event("DELETED", text("p1", 40))
    seen.append(store.version)
    assert seen == ["10", "20", "30", "40"]
    for version in (40, 30, 50):
        store.apply_event("ADDED", text(f"x{version}", version))
    assert store.version == "50"
    assert relist(store, version="50") is Outcome.APPLIED
    assert (store.version, len(store)) == ("50", 0)
    assert store.reached("50")
    assert store.reached("7")
    assert not store.reached("51")


def test_a_list_over_an_empty_store_adds_and_one_without_objects_deletes() -> None:
    store = store_of(version="0")
    feed = store.open_feed()
    relist(store, text("pod-1", 1), version="1")
    assert told(feed) == ["+pod-1@1"]
    store.apply_event("ADDED", text("pod-3", 2))
    assert told(feed) == ["+pod-3@2"]
    relist(store, version="3")
    assert sorted(told(feed)) == ["?pod-1@1", "?pod-3@2"]


def test_a_list_reports_updates_additions_and_last_the_deletions() -> None:
    store = store_of(text("pod-1", 1), text("pod-2", 2), text("pod-3", 3), version="3")
    feed = store.open_feed()
    told(feed)
    relist(store, text("pod-1", 4), text("pod-2", 5), text("pod-4", 6), version="6")
    assert told(feed) == ["~pod-1@1..4", "~pod-2@2..5", "+pod-4@6", "?pod-3@3"]


def test_an_unchanged_object_of_a_list_keeps_its_entry_and_is_not_reported() -> None:
    store = store_of(text("web", 3), version="9")
    before = store.find("shop", "web")
    feed = store.open_feed()
    told(feed)
    relist(store, text("web", 3), version="20")
    assert store.find("shop", "web") is before
    assert told(feed) == []


class _Counting(Form[Objects]):
    kept = 0

    def keep(self, text: bytes, owner: str) -> bytes:
        self.kept += 1
        return text


def test_states_that_change_nothing_are_not_decoded_or_packed() -> None:
    form = _Counting(KIND)
    store = Store(form)
    relist(store, text("web", 3), text("b", 4), version="9")
    assert form.kept == 2
    relist(store, text("web", 3), text("b", 4), version="10")
    store.apply_event("MODIFIED", text("b", 4))
    store.apply_event("DELETED", text("c", 11))
    store.own_write(text("web", 3))
    assert form.kept == 2


def test_only_missed_changes_are_reported_after_a_watch_was_cut() -> None:
    store = store_of(text("pod-1", 1), text("pod-2", 2), version="2")
    feed = store.open_feed()
    told(feed)
    store.apply_event("ADDED", text("pod-3", 3))
    store.apply_event("MODIFIED", text("pod-2", 4))
    assert sorted(told(feed)) == ["+pod-3@3", "~pod-2@2..4"]


def test_the_store_serves_while_a_list_is_applied_and_keeps_all_if_it_is_abandoned() -> None:
    store = store_of(text("a", 1), text("b", 2), version="5")
    applied = store.begin_relist()
    applied.add([text("a", 7)])
    assert names(store) == {"a": 7, "b": 2}
    applied.abandon()
    assert names(store) == {"a": 7, "b": 2}
    assert store.version == "5"
    assert relist(store, text("a", 7), version="8") is Outcome.APPLIED
    assert names(store) == {"a": 7}


def test_changes_before_the_end_of_initial_events_leave_the_last_state() -> None:
    store = Store(store_of().form)
    applied = store.begin_relist()
    assert applied.apply_event("ADDED", text("p1", 1))
    assert applied.apply_event("ADDED", text("p2", 2))
    assert not store.is_synced
    applied.apply_event("MODIFIED", text("p1", 3))
    applied.apply_event("ADDED", text("p3", 4))
    applied.apply_event("DELETED", text("p3", 5))
    assert applied.end("5") is Outcome.APPLIED
    assert store.is_synced
    assert told(store.open_feed()) == ["+p1@3", "+p2@2"]


def test_a_recreated_object_is_deleted_and_added_in_a_gap_of_the_watch() -> None:
    store = store_of(text("web", 1, uid="1"), version="5")
    feed = store.open_feed()
    told(feed)
    store.apply_event("MODIFIED", text("web", 8, uid="2"))
    assert told(feed) == ["?web@1", "+web@8"]


def test_a_recreated_object_is_deleted_and_added_within_one_list() -> None:
    store = store_of(text("web", 1, uid="1"), version="5")
    feed = store.open_feed()
    told(feed)
    relist(store, text("web", 8, uid="2"), version="9")
    assert told(feed) == ["?web@1", "+web@8"]


def test_a_deletion_has_the_last_state_of_the_server() -> None:
    store = store_of(text("web", 1, phase="old"), version="5")
    feed = store.open_feed()
    told(feed)
    store.apply_event("DELETED", text("web", 8, phase="last"))
    (change,) = feed.take()
    assert change.object["phase"] == "last"
    assert change.is_final  # type: ignore[union-attr]


def test_a_deletion_of_another_or_an_older_object_is_not_applied() -> None:
    store = store_of(text("web", 9, uid="2"), version="9")
    store.apply_event("DELETED", text("web", 8, uid="1"))
    store.apply_event("DELETED", text("web", 8, uid="2"))
    assert names(store) == {"web": 9}


def test_a_list_that_is_older_than_the_store_is_refused_five_times_and_then_believed() -> None:
    store = store_of(text("kept", 3), text("new", 8), text("changed", 9), version="10")
    feed = store.open_feed()
    told(feed)
    old = (text("changed", 2), text("gone", 4), text("kept", 3))
    for _ in range(MAX_REFUSED):
        assert relist(store, *old, version="5") is Outcome.REFUSED
        assert told(feed) == []
        assert names(store) == {"changed": 9, "kept": 3, "new": 8}
        assert store.version == "10"
    assert relist(store, *old, version="5") is Outcome.WENT_BACK
    assert sorted(told(feed)) == ["+gone@4", "?new@8", "~changed@9..2"]
    assert store.version == "5"
    store.apply_event("ADDED", text("next", 6))
    assert names(store) == {"changed": 2, "gone": 4, "kept": 3, "next": 6}


def test_a_newer_list_between_refused_ones_starts_the_count_again() -> None:
    store = store_of(text("web", 3), version="10")
    for _ in range(MAX_REFUSED):
        assert relist(store, version="5") is Outcome.REFUSED
    assert relist(store, text("web", 3), text("b", 11), version="12") is Outcome.APPLIED
    assert names(store) == {"b": 11, "web": 3}
    assert relist(store, version="5") is Outcome.REFUSED
    assert names(store) == {"b": 11, "web": 3}


def test_equal_versions_are_compared_by_content_after_the_server_went_back() -> None:
    store = store_of(text("same", 3), text("other", 4, phase="a"), version="10")
    feed = store.open_feed()
    told(feed)
    for _ in range(MAX_REFUSED + 1):
        relist(store, text("same", 3), text("other", 4, phase="b"), version="6")
    assert told(feed) == ["~other@4..4"]


def test_versions_that_are_not_numbers_are_in_the_order_of_their_arrival() -> None:
    store = store_of(text("a", "x9"), text("b", "x8"), version="list-1")
    feed = store.open_feed()
    told(feed)
    store.apply_event("MODIFIED", text("a", "x1"))
    assert told(feed) == ["~a@x9..x1"]
    assert store.version == "x1"
    store.apply_event("MODIFIED", text("a", "x1"))
    assert told(feed) == []
    store.apply_event("DELETED", text("a", "x7"))
    assert told(feed) == ["-a@x7"]
    assert relist(store, text("c", "x2"), version="list-0") is Outcome.APPLIED
    assert sorted(told(feed)) == ["+c@x2", "?b@x8"]
    assert store.reached("list-0")
    assert not store.reached("12")
    assert not store.takes_own_writes
    assert not store.own_write(text("d", 3))


POISON = {
    "no metadata": b'{"spec":{}}',
    "metadata of null": b'{"metadata":null}',
    "a number as name": b'{"metadata":{"name":1,"resourceVersion":"3"}}',
    "a number as version": b'{"metadata":{"name":"x","resourceVersion":3}}',
    "no version": b'{"metadata":{"name":"x"}}',
    "no name": b'{"metadata":{"resourceVersion":"3"}}',
    "an array": b"[]",
    "nothing": b"",
    "a NUL": b'{"metadata":{"name":"a\x00b","resourceVersion":"3"}}',
    "invalid UTF-8": b'{"metadata":{"name":"\xff","resourceVersion":"3"}}',
    "cut off": b'{"metadata":{"name":"x","resourceVersion":"3"},',
    "nested too deeply": b'{"metadata":{"name":"x","resourceVersion":"3"},"spec":'
    + b"[" * 20_000
    + b"]" * 20_000
    + b"}",
}


@pytest.mark.parametrize("keep", Keep)
def test_objects_that_are_not_understood_are_counted_logged_once_and_skipped(
    keep: Keep, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "kubecore")
    store = store_of(text("web", 1), keep=keep)
    for poison in POISON.values():
        assert not store.apply_event("ADDED", poison)
    assert not store.apply_event("SURPRISE", text("web", 99))
    relist(store, text("web", 1), *POISON.values(), version="20")
    assert store.undecodable == 2 * len(POISON) + 1
    assert len(caplog.records) == 1
    assert names(store) == {"web": 1}
    store.apply_event("ADDED", text("b", 30))
    assert names(store) == {"b": 30, "web": 1}


def test_wrong_types_in_other_metadata_read_as_missing() -> None:
    wrong = {"labels": 3, "finalizers": "x", "generation": "y", "ownerReferences": {}, "managedFields": [1]}
    store = store_of(text("web", 1, metadata=wrong))
    (entry,) = store
    assert (entry.owner, entry.finalizers, entry.generation, dict(entry.labels.labels)) == ("", (), 0, {})
    assert "managedFields" not in store.form.read(entry.value)["metadata"]


def test_labels_of_a_wrong_type_read_as_none() -> None:
    store = store_of(text("web", 1, metadata={"labels": {"a": 1}}))
    (entry,) = store
    assert dict(entry.labels.labels) == {}


@pytest.mark.parametrize("keep", Keep)
def test_a_large_annotation_is_kept(keep: Keep) -> None:
    store = store_of(text("web", 1, metadata={"annotations": {"a": "x" * (1 << 20)}}), keep=keep)
    (entry,) = store
    assert len(store.form.read(entry.value)["metadata"]["annotations"]["a"]) == 1 << 20


def test_the_entry_has_the_metadata_that_controllers_compare() -> None:
    extra = {
        "generation": 7,
        "finalizers": ["a", "b"],
        "deletionTimestamp": "2026-01-01T00:00:00Z",
        "annotations": {"x": "y"},
    }
    store = store_of(text("web", 1, uid="u", labels={"app": "web"}, owner="o", metadata=extra), text("plain", 2))
    web, plain = store.find("shop", "web"), store.find("shop", "plain")
    assert web is not None and plain is not None
    assert (web.generation, web.finalizers, web.is_deleting, web.owner) == (7, ("a", "b"), True, "o")
    assert dict(web.labels.labels) == {"app": "web"}
    assert web.annotations != 0
    assert (plain.generation, plain.finalizers, plain.is_deleting, plain.owner) == (0, (), False, "")
    assert (dict(plain.labels.labels), plain.annotations) == ({}, 0)
    store.apply_event("MODIFIED", text("web", 3, uid="u", metadata={"annotations": {"x": "z"}}))
    changed = store.find("shop", "web")
    assert changed is not None and changed.annotations not in (0, web.annotations)


def test_equal_labels_are_kept_once_and_not_longer_than_their_objects() -> None:
    store = store_of(*(text(f"p{n}", n, labels={"app": "web"}) for n in range(1, 6)))
    assert len({id(entry.labels) for entry in store}) == 1
    relist(store, version="20")
    assert len(store._label_sets) == 0
