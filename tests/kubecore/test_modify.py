"""Merging changes into a document: fields that the model lacks survive, and the others get the requested values."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeclient.models import core_v1
from kubecore.calls.body import Body
from kubecore.calls.modify import Draft, merge
from kubecore.codec import decode, encode
from kubecore.errors import DecodeError, InvalidRequestError
from kubecore.model.model import Model

T = TypeVar("T", bound=Body)


class Leaf(Model, kw_only=True):
    value: str | None = None
    """No field identifies a leaf in a list."""


class Inner(Model, kw_only=True):
    count: int | None = None
    leaves: list[Leaf] = []  # noqa: RUF012


class Part(Model, kw_only=True):
    name: str
    size: int | None = None
    tags: dict[str, str] = {}  # noqa: RUF012
    inner: Inner = msgspec.field(default_factory=Inner)


class Meta(Model, kw_only=True):
    name: str = ""
    resource_version: str = ""
    labels: dict[str, str] = {}  # noqa: RUF012


class Thing(Model, kw_only=True):
    metadata: Meta = msgspec.field(default_factory=Meta)
    color: str | None = None
    parts: list[Part] = []  # noqa: RUF012
    by_key: dict[str, Leaf] = {}  # noqa: RUF012
    numbers: list[int] = []  # noqa: RUF012
    free: Any = None
    inner: Inner = msgspec.field(default_factory=Inner)
    maybe: Inner | None = None


SHORT = settings(max_examples=100, deadline=None)

TEXT = st.text("abc", max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
UNKNOWN = st.dictionaries(st.sampled_from(["x-one", "x-two", "size2"]), JSON, max_size=2)


def objects(required: dict[str, Any], **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Objects as a server sends them: known fields, some of them null, and fields that the models lack."""
    known = st.fixed_dictionaries(required, optional={name: values | st.none() for name, values in optional.items()})
    return st.tuples(known, UNKNOWN).map(lambda both: both[0] | both[1])


LEAVES = objects({}, value=TEXT)
INNERS = objects({}, count=st.integers(0, 3), leaves=st.lists(LEAVES, max_size=3))
LABELS = st.dictionaries(TEXT, TEXT, max_size=3)
PARTS = objects({"name": TEXT}, size=st.integers(0, 3), tags=LABELS, inner=INNERS)
THINGS = objects(
    {"metadata": objects({"name": TEXT, "resourceVersion": st.just("7")}, labels=LABELS)},
    color=TEXT,
    parts=st.lists(PARTS, max_size=4),
    byKey=st.dictionaries(TEXT, LEAVES, max_size=3),
    numbers=st.lists(st.integers(), max_size=3),
    free=JSON,
    inner=INNERS,
    maybe=INNERS,
)


def read(document: Any) -> Thing:
    return decode.decode(encode.encode(document), Thing)


def draft(document: Any, kind: type[T]) -> Draft[T]:
    return Draft(msgspec.Raw(encode.encode(document)), kind)


@pytest.mark.filterwarnings("error")
def test_a_change_that_is_not_a_plain_function_is_refused() -> None:
    async def change(found: Thing) -> None:
        """Do nothing."""

    wrong: Any = change
    with pytest.raises(InvalidRequestError, match="is async, but nothing awaits it"):
        draft({}, Thing).change(wrong)
    wrong = {"name": "a"}
    with pytest.raises(InvalidRequestError, match="needs a function that changes the object, not a dict; patch"):
        draft({}, Thing).change(wrong)


@pytest.mark.slow
@SHORT
@given(THINGS)
def test_without_a_change_nothing_is_sent(raw: dict[str, Any]) -> None:
    assert merge(raw, read(raw), read(raw)) == raw
    assert draft(raw, Thing).change(lambda _: None) is None
    assert draft(raw, Thing).change(copy.deepcopy) is None


@pytest.mark.slow
@SHORT
@given(THINGS, THINGS)
def test_the_merged_document_has_the_requested_values(raw: dict[str, Any], other: dict[str, Any]) -> None:
    untouched = copy.deepcopy(raw)
    after = read(other)
    merged = merge(raw, read(raw), after)
    assert in_order(read(merged)) == in_order(after)
    assert raw == untouched


@pytest.mark.slow
@SHORT
@given(THINGS, THINGS)
def test_unknown_fields_survive_every_change(raw: dict[str, Any], other: dict[str, Any]) -> None:
    after = read(other)
    merged = merge(raw, read(raw), after)
    assert unknown(merged) == unknown(raw)
    for key in ("metadata", "inner"):
        assert unknown(merged.get(key)) == unknown(raw.get(key))
    if after.maybe is not None:
        assert unknown(raw.get("maybe")).items() <= unknown(merged["maybe"]).items()
    for key in after.by_key.keys() & (raw.get("byKey") or {}).keys():
        assert unknown(merged["byKey"][key]) == unknown(raw["byKey"][key])


def in_order(thing: Thing) -> bytes:
    return msgspec.json.encode(thing.to_dict(), order="sorted")


def unknown(document: Any) -> dict[str, Any]:
    return {key: value for key, value in (document or {}).items() if key.startswith("x-") or key == "size2"}


@pytest.mark.slow
@SHORT
@given(st.lists(PARTS, max_size=5), st.data())
def test_moved_items_keep_their_unknown_fields(parts: list[Any], data: st.DataObject) -> None:
    raw: dict[str, Any] = {
        "metadata": {"name": "n", "resourceVersion": "7"},
        "parts": [{**p, "id": i} for i, p in enumerate(parts)],
    }
    started = draft(raw, Thing)
    ids = {id(part): index for index, part in enumerate(started.object.parts)}
    kept = list(started.object.parts)  # Keeps the old parts alive, so that no new part gets the id of one.
    expected: list[int | None] = []

    def change(thing: Thing) -> None:
        order = data.draw(st.permutations(thing.parts)) if thing.parts else []
        thing.parts = order[: data.draw(st.integers(0, len(order)))]
        for part in thing.parts:
            if data.draw(st.booleans()):
                part.name, part.size = data.draw(TEXT), data.draw(st.integers(10, 19))
        for name in data.draw(st.lists(st.sampled_from(["new-1", "new-2"]), max_size=2)):
            thing.parts.insert(data.draw(st.integers(0, len(thing.parts))), Part(name=name))
        expected.extend(ids.get(id(part)) for part in thing.parts)

    document = started.change(change)
    found = raw if document is None else document
    assert [part.get("id") for part in found.get("parts", [])] == expected
    assert len(kept) == len(parts)


CONTAINERS: list[dict[str, Any]] = [
    {"name": "a", "image": "a:1", "future": 1, "ports": [{"containerPort": 80, "protocol": "TCP", "future": 2}]},
    {"name": "b", "image": "b:1", "future": 3, "resources": {"limits": {"cpu": "1"}, "future": 4}},
    {"name": "c", "image": "c:1"},
]
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p", "resourceVersion": "7", "future": [1]},
    "spec": {"containers": CONTAINERS, "tolerations": [{"key": "k", "future": 5}], "future": {"deep": None}},
}


def containers(change: Any) -> Any:
    document = draft(POD, core_v1.Pod).change(change)
    assert document is not None
    assert document["spec"]["future"] == {"deep": None}
    return document["spec"]["containers"]


def test_copied_items_are_matched_by_their_merge_keys() -> None:
    def change(pod: core_v1.Pod) -> core_v1.Pod:
        new = copy.deepcopy(pod)
        first, second, _ = new.spec.containers
        first.ports[0].host_port = 8080
        second.resources.limits.clear()
        new.spec.containers = [core_v1.Container(name="sidecar"), second, first]
        return new

    port = {"containerPort": 80, "protocol": "TCP", "future": 2, "hostPort": 8080}
    assert containers(change) == [
        {"name": "sidecar"},
        {"name": "b", "image": "b:1", "future": 3, "resources": {"future": 4}},
        {**CONTAINERS[0], "ports": [port]},
    ]


def test_emptied_fields_keep_unknown_fields_and_removed_items_are_removed() -> None:
    def change(pod: core_v1.Pod) -> None:
        pod.spec.containers[1].resources = core_v1.ResourceRequirements()
        del pod.spec.containers[0]
        pod.spec.tolerations = []

    found = containers(change)
    assert found == [
        {"name": "b", "image": "b:1", "future": 3, "resources": {"future": 4}},
        {"name": "c", "image": "c:1"},
    ]
    document = draft(POD, core_v1.Pod).change(change)
    assert document is not None
    assert "tolerations" not in document["spec"]


def test_a_container_that_is_renamed_in_place_keeps_its_unknown_fields() -> None:
    def change(pod: core_v1.Pod) -> None:
        pod.spec.containers[0].name = "z"
        pod.spec.containers.append(core_v1.Container(name="a"))

    found = containers(change)
    assert [(one["name"], one.get("future")) for one in found] == [("z", 1), ("b", 3), ("c", None), ("a", None)]


def test_a_replaced_item_gets_no_unknown_fields_of_its_predecessor() -> None:
    def change(pod: core_v1.Pod) -> None:
        pod.spec.containers[0] = core_v1.Container(name="other", image="a:1")

    assert containers(change)[0] == {"name": "other", "image": "a:1"}


def test_items_without_merge_keys_are_matched_by_position() -> None:
    raw = {"metadata": {"name": "n", "resourceVersion": "7"}, "inner": {"leaves": [{"value": "a", "x": 1}, {"x": 2}]}}

    def change(thing: Thing) -> None:
        thing.inner.leaves = [Leaf(value="b"), Leaf(value="c")]

    document = draft(raw, Thing).change(change)
    assert document is not None
    assert document["inner"]["leaves"] == [{"value": "b", "x": 1}, {"value": "c", "x": 2}]


def test_changes_between_1_true_and_1_0_are_sent() -> None:
    raw = {"metadata": {"name": "n"}, "free": {"a": 1, "b": 1, "c": [1]}}

    def change(thing: Thing) -> None:
        thing.free["a"], thing.free["b"], thing.free["c"] = True, 1.0, [1.0]

    document = draft(raw, Thing).change(change)
    assert document is not None
    assert encode.encode(document["free"]) == b'{"a":true,"b":1.0,"c":[1.0]}'


def test_the_read_resource_version_is_sent() -> None:
    def change(thing: Thing) -> None:
        thing.metadata.resource_version = ""
        thing.color = "red"

    document = draft({"metadata": {"name": "n", "resourceVersion": "7"}}, Thing).change(change)
    assert document == {"metadata": {"name": "n", "resourceVersion": "7"}, "color": "red"}


def test_managed_fields_stay_as_they_are() -> None:
    entry = {"manager": "m", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:k": {}}}, "future": 1}
    raw = {"metadata": {"name": "n", "managedFields": [entry]}, "data": {"k": "v"}}

    def change(found: core_v1.ConfigMap) -> None:
        found.data["k"] = "w"

    document = draft(raw, core_v1.ConfigMap).change(change)
    assert document == {**raw, "data": {"k": "w"}}


def test_modify_changes_dictionaries() -> None:
    def change(found: dict[str, Any]) -> None:
        found["spec"]["containers"][0]["image"] = "a:2"
        del found["spec"]["tolerations"], found["metadata"]["resourceVersion"]

    document = draft(POD, dict).change(change)
    changed = [{**CONTAINERS[0], "image": "a:2"}, *CONTAINERS[1:]]
    assert document == {**POD, "spec": {"containers": changed, "future": {"deep": None}}}
    assert draft(POD, dict).change(lambda _: None) is None


def test_a_change_function_that_returns_another_type_is_refused() -> None:
    wrong: Any = lambda _: "text"  # noqa: E731
    with pytest.raises(InvalidRequestError, match="not str"):
        draft(POD, core_v1.Pod).change(wrong)


@pytest.mark.parametrize("later", [b"1e999", b"1" * 5000, b'"\xff"', b'"\\ud800"'])
def test_a_document_that_can_not_be_written_back_is_refused(later: bytes) -> None:
    with pytest.raises(DecodeError):
        Draft(msgspec.Raw(b'{"metadata":{"name":"a"},"later":' + later + b"}"), Thing)
