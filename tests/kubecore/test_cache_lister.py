"""Reading a cache: get, list, indexes, keys, and their errors."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from kubeclient.models import core_v1
from kubecore import errors, selectors
from kubecore.cache import Key, Lister
from kubecore.cache.keep import Keep, form
from kubecore.cache.selection import Selection
from kubecore.cache.store import Store
from tests.kubecore.cache_objects import KIND, Objects, relist, store_of, text


def words(item: Objects) -> Iterable[str]:
    found: list[str] = item["words"]
    return found


def lister(store: Store[Any]) -> Lister[Any]:
    return Lister(store, contextlib.nullcontext())


def found(store: Store[Objects], value: str) -> list[str]:
    return [entry.key.name for entry in sorted(store.indexed(words, value), key=lambda entry: entry.key)]


@pytest.mark.parametrize("keep", Keep)
def test_an_index_follows_the_values_of_its_objects(keep: Keep) -> None:
    store = store_of(
        text("one", 1, words=["ernie", "bert"]),
        text("two", 2, words=["bert", "oscar"]),
        text("tre", 3, words=["ernie", "elmo"]),
        indexes=[words],
        keep=keep,
    )
    expected = {"ernie": ["one", "tre"], "bert": ["one", "two"], "elmo": ["tre"], "oscar": ["two"], "elmo1": []}
    assert {value: found(store, value) for value in expected} == expected
    store.apply_event("DELETED", text("tre", 11, words=["ernie", "elmo"]))
    assert (found(store, "ernie"), found(store, "elmo")) == (["one"], [])
    store.apply_event("MODIFIED", text("two", 12, words=["oscar"]))
    assert (found(store, "bert"), found(store, "oscar")) == (["one"], ["two"])
    assert [item["metadata"]["name"] for item in lister(store).indexed(words, "ernie")] == ["one"]


def test_a_value_that_no_object_has_any_more_is_removed() -> None:
    store = store_of(text("one", 1, words=["a", "b"]), text("two", 2, words=["b"]), indexes=[words])
    index = store._functions[words]
    assert set(index.buckets) == {"a", "b"}
    store.apply_event("DELETED", text("one", 11, words=[]))
    assert set(index.buckets) == {"b"}
    relist(store, version="20")
    assert len(index.buckets) == 0
    assert index._values == {}


def test_an_index_has_the_newest_entry_of_an_object() -> None:
    store = store_of(text("one", 1, words=["a", "a"]), indexes=[words])
    store.apply_event("MODIFIED", text("one", 11, words=["a"]))
    assert [entry.version for entry in store.indexed(words, "a")] == [11]


def broken(item: Objects) -> Iterable[str]:
    value = item["value"]
    if value == "raise":
        raise RuntimeError("no")
    returned: Any = {"text": "abc", "none": None, "list": [[1]], "good": ["good"], "lazy": _lazily()}[value]
    result: Iterable[str] = returned
    return result


def _lazily() -> Iterator[str]:
    yield "good"
    raise KeyError("in the middle")


def test_an_index_function_that_fails_leaves_the_object_out_and_the_store_continues(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "kubecore")
    values = ("raise", "text", "none", "list", "lazy", "good")
    store = store_of(*(text(value, at, value=value) for at, value in enumerate(values, start=1)), indexes=[broken])
    assert (len(store), store.not_indexed) == (6, 5)
    assert [entry.key.name for entry in store.indexed(broken, "good")] == ["good"]
    (record,) = caplog.records
    assert record.getMessage() == "the index broken does not contain 'shop/raise'; others are only counted"
    assert record.exc_info is not None and isinstance(record.exc_info[1], RuntimeError)
    store.apply_event("MODIFIED", text("raise", 11, value="good"))
    store.apply_event("MODIFIED", text("good", 12, value="raise"))
    assert [entry.key.name for entry in store.indexed(broken, "good")] == ["raise"]
    assert store.not_indexed == 5
    relist(store, version="20")
    assert store.not_indexed == 0


def test_an_object_that_can_not_be_decoded_is_not_indexed() -> None:
    def by_node(pod: core_v1.Pod) -> list[str]:
        return [pod.spec.node_name] if pod.spec and pod.spec.node_name else []

    store = Store(form(core_v1.Pod), indexes=[by_node])
    relist_any: Callable[..., object] = relist
    relist_any(store, text("bad", 1, spec=7), text("good", 2, spec={"containers": [], "nodeName": "n"}), version="3")
    assert store.not_indexed == 1
    assert [entry.key.name for entry in store.indexed(by_node, "n")] == ["good"]
    pods = Lister(store, contextlib.nullcontext())
    assert [pod.metadata.name for pod in pods.indexed(by_node, "n")] == ["good"]


def test_an_index_that_was_not_declared_is_refused_with_the_names_of_the_others() -> None:
    def other(item: Objects) -> list[str]:
        return []

    with pytest.raises(errors.InvalidRequestError, match=r"the cache of pods has no index .*other; .* are: words"):
        lister(store_of(indexes=[words])).indexed(other, "a")
    with pytest.raises(errors.InvalidRequestError, match="are: none"):
        lister(store_of()).indexed(other, "a")
    with pytest.raises(errors.InvalidRequestError, match="the index words is declared twice"):
        store_of(indexes=[words, words])
    name: Any = "words"
    with pytest.raises(errors.InvalidRequestError, match="an index is a function of an object, not 'words'"):
        store_of(indexes=[name])


def test_objects_are_found_by_their_controller() -> None:
    store = store_of(text("a", 1, owner="x"), text("b", 2, owner="y"), text("c", 3), text("d", 4, owner="x"))
    pods = lister(store)
    assert [item["metadata"]["name"] for item in pods.controlled_by("x")] == ["a", "d"]
    store.apply_event("MODIFIED", text("a", 11, owner="y"))
    store.apply_event("DELETED", text("d", 12, owner="x"))
    store.apply_event("ADDED", text("e", 13, owner="x"))
    assert [item["metadata"]["name"] for item in pods.controlled_by("x")] == ["e"]
    assert [item["metadata"]["name"] for item in pods.controlled_by("y")] == ["a", "b"]
    assert pods.controlled_by("") == []


def test_a_list_is_sorted_and_filtered_by_namespace_and_labels() -> None:
    web, db = {"app": "web"}, {"app": "db"}
    store = store_of(
        text("z", 1, namespace="a", labels=web),
        text("b", 2, namespace="b", labels=web),
        text("a", 3, namespace="b", labels=db),
        text("c", 4, namespace="a"),
    )
    pods = lister(store)

    def listed(namespace: str = "", **more: Any) -> list[str]:
        return [f"{item['metadata']['namespace']}/{item['metadata']['name']}" for item in pods.list(namespace, **more)]

    assert listed() == ["a/c", "a/z", "b/a", "b/b"]
    assert listed("b") == ["b/a", "b/b"]
    assert listed(label_selector="app=web") == ["a/z", "b/b"]
    assert listed("b", label_selector={"app": ["web", "db"]}) == ["b/a", "b/b"]
    assert listed(label_selector=selectors.parse("!app")) == ["a/c"]
    assert listed(label_selector="") == listed()
    assert listed(label_selector=selectors.NOTHING) == []
    assert listed("nowhere") == []
    assert pods.keys("a") == [Key("a", "c"), Key("a", "z")]
    assert len(pods) == len(pods.keys()) == 4
    assert Key("a", "c") in pods
    assert Key("a", "d") not in pods
    assert "c" not in pods
    with pytest.raises(errors.InvalidRequestError):
        pods.list(label_selector="app in")


def test_labels_are_followed_after_the_first_selection() -> None:
    store = store_of(text("a", 1, labels={"app": "web"}))
    pods = lister(store)
    assert len(pods.list(label_selector="app=web")) == 1
    store.apply_event("MODIFIED", text("a", 11, labels={"app": "db"}))
    store.apply_event("ADDED", text("b", 12))
    assert pods.list(label_selector="app=web") == []
    assert len(pods.list(label_selector="app=db")) == 1
    assert len(pods.list(label_selector="!app")) == 1


@pytest.mark.parametrize("keep", [Keep.JSON, Keep.PACKED])
def test_every_reader_gets_an_own_object(keep: Keep) -> None:
    pods = lister(store_of(text("a", 1), keep=keep))
    pods.get("a", "shop")["metadata"]["name"] = "changed"
    assert pods.get("a", "shop")["metadata"]["name"] == "a"
    assert pods.list()[0] is not pods.list()[0]


def test_a_missing_object_is_a_not_found_error_as_of_the_server() -> None:
    pods = lister(store_of(text("a", 1)))
    assert pods.get_or_none("b", "shop") is None
    assert pods.get_or_none("a", "shop") == pods.get("a", "shop")
    with pytest.raises(errors.NotFoundError, match=r"(?m)^pods 'shop/b' not found in the cache$") as caught:
        pods.get("b", "shop")
    assert errors.is_not_found(caught.value)
    assert caught.value.status.code == 404
    assert caught.value.status.details is not None
    assert (caught.value.status.details.name, caught.value.status.details.kind) == ("b", "pods")
    with pytest.raises(errors.NotFoundError, match="pods 'a' not found in the cache; pass the namespace of the object"):
        pods.get("a")


def test_the_namespace_of_a_cache_of_one_namespace_is_the_default() -> None:
    pods = lister(store_of(text("a", 1), selection=Selection("shop")))
    assert pods.get("a")["metadata"]["namespace"] == "shop"
    with pytest.raises(errors.NotFoundError, match=r"(?m)pods 'shop/b' not found in the cache$"):
        pods.get("b")


@pytest.mark.parametrize("keep", Keep)
def test_a_list_with_undecodable_objects_names_them_all_or_leaves_them_out(keep: Keep) -> None:
    store = Store(form(core_v1.Pod, keep), name="pods")
    applied = store.begin_relist()
    applied.add([text("good", 1), text("bad", 2, spec=7), text("worse", 3, spec=[])])
    applied.end("3")
    pods = Lister(store, contextlib.nullcontext())
    with pytest.raises(errors.DecodeError, match=r"can't read 2 pods of the cache \(shop/bad, shop/worse\); the first"):
        pods.list()
    assert [pod.metadata.name for pod in pods.list(skip_undecodable=True)] == ["good"]
    with pytest.raises(errors.DecodeError, match="'shop/bad'"):
        pods.get("bad", "shop")
    with pytest.raises(errors.DecodeError, match="'shop/bad'"):
        pods.get_or_none("bad", "shop")
    assert len(pods) == 3


def test_a_list_of_very_many_undecodable_objects_names_the_first() -> None:
    store = Store(form(core_v1.Pod), name="pods")
    applied = store.begin_relist()
    applied.add([text(f"p{number}", 1, spec=7) for number in range(30)])
    applied.end("3")
    with pytest.raises(errors.DecodeError, match=r"can't read 30 pods of the cache \(shop/p0, .* and 10 more\)"):
        Lister(store, contextlib.nullcontext()).list()


class _Lock(contextlib.AbstractContextManager[None]):
    def __init__(self) -> None:
        self.entered = 0
        self.is_held = False

    def __enter__(self) -> None:
        assert not self.is_held
        self.entered += 1
        self.is_held = True

    def __exit__(self, *_: object) -> None:
        self.is_held = False


def test_objects_are_collected_under_the_lock_and_decoded_outside_of_it() -> None:
    lock = _Lock()

    def complete(item: Objects) -> Objects:
        assert not lock.is_held
        return item

    store = Store(form(KIND, complete=complete), indexes=[])
    relist(store, text("a", 1, owner="x"), version="1")
    pods = Lister(store, lock)
    assert len(pods.list()) == len(pods.list(label_selector="!x")) == len(pods.controlled_by("x")) == 1
    assert pods.keys() == [Key("shop", "a")]
    assert lock.entered == 4
