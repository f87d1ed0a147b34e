"""The forms of a cache: text without managed fields, packed text, decoded objects and projections."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeclient.models import core_v1
from kubecore.cache import managed_fields
from kubecore.cache.entry import metadata_of
from kubecore.cache.keep import Keep, form
from kubecore.cache.key import Key
from kubecore.cache.mutation import MutationDetector
from kubecore.cache.packing import Packed, Packer, unpack
from kubecore.cache.store import Store
from kubecore.errors import DecodeError, InvalidRequestError
from kubecore.projection import Projection
from tests.kubecore.cache_objects import Objects, store_of, text

NAMES = st.sampled_from(["managedFields", "metadata", "a", '"managedFields":', "\\", "é", "x\ny", "name"]) | st.text(
    max_size=4
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=4)


def cut(data: bytes) -> bytes:
    metadata = metadata_of(data)
    assert metadata is not None
    return managed_fields.cut(data, metadata.managed_fields)


@st.composite
def documents(draw: st.DrawFn) -> tuple[Objects, bytes]:
    """Return an object with name and version, its fields in any order, and its text in some style."""
    metadata = draw(OBJECTS) | {"name": "web", "resourceVersion": "1", "namespace": "shop"}
    if draw(st.booleans()):
        metadata["managedFields"] = draw(VALUES)
    document = draw(OBJECTS) | {"metadata": metadata}
    shuffled = {key: document[key] for key in draw(st.permutations(list(document)))}
    shuffled["metadata"] = {key: metadata[key] for key in draw(st.permutations(list(metadata)))}
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :")]))
    written = json.dumps(shuffled, separators=separators, ensure_ascii=draw(st.booleans()))
    if draw(st.booleans()):
        written = written.replace('"managedFields"', r'"managed\u0046ields"', draw(st.integers(0, 2)))
    return document, written.encode("utf-8", "surrogatepass")


@given(documents())
def test_an_object_without_managed_fields_is_otherwise_the_same(example: tuple[Objects, bytes]) -> None:
    document, data = example
    try:
        data.decode()
        metadata = metadata_of(data)
    except UnicodeDecodeError:
        return
    if metadata is None:  # Half of a surrogate pair.
        return
    has_field = "managedFields" in document["metadata"]
    document["metadata"].pop("managedFields", None)
    found = managed_fields.cut(data, metadata.managed_fields)
    assert json.loads(found) == document
    if not has_field:
        assert found == data
    again = metadata_of(found)
    assert again is not None and not again.managed_fields


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            b'{"metadata":{"name":"a","resourceVersion":"1","managedFields":[{"manager":"x"}]},"spec":{}}',
            b'{"metadata":{"name":"a","resourceVersion":"1"},"spec":{}}',
        ),
        (
            b'{"metadata":{"managedFields":[],"name":"a","resourceVersion":"1"}}',
            b'{"metadata":{"name":"a","resourceVersion":"1"}}',
        ),
        (
            b'{"n":1e400,"big":123456789012345678901234567890,"metadata":{"name":"a","managedFields":[],"resourceVersion":"1"}}',
            b'{"n":1e400,"big":123456789012345678901234567890,"metadata":{"name":"a","resourceVersion":"1"}}',
        ),
        (
            b'{"spec":{"managedFields":[]},"metadata":{"name":"a","managedFields":[],"resourceVersion":"1"}}',
            b'{"spec":{"managedFields":[]},"metadata":{"name":"a","resourceVersion":"1"}}',
        ),
        (
            b'{"metadata":{"name":"a","resourceVersion":"1","annotations":{"x":"\\"managedFields\\":"}}}',
            b'{"metadata":{"name":"a","resourceVersion":"1","annotations":{"x":"\\"managedFields\\":"}}}',
        ),
        (
            b'{"metadata":{"managedFields":[1],"name":"a","resourceVersion":"1","managedFields":[2]}}',
            b'{"metadata":{"name":"a","resourceVersion":"1"}}',
        ),
        (
            b'{"metadata":{"managedFields":[1],"name":"old"},"metadata":{"name":"a","resourceVersion":"1","managedFields":[2]}}',
            b'{"metadata":{"name":"a","resourceVersion":"1"}}',
        ),
        (
            b'{"metadata":{"name":"a","resourceVersion":"1","managedFields":null}}',
            b'{"metadata":{"name":"a","resourceVersion":"1"}}',
        ),
    ],
    ids=["last", "first", "large numbers", "elsewhere too", "in a text", "twice", "metadata twice", "null"],
)
def test_managed_fields_are_removed(before: bytes, after: bytes) -> None:
    assert cut(before) == after


@given(st.lists(st.tuples(documents(), st.sampled_from(["", "a", "b"])), max_size=25))
def test_packed_text_is_unpacked_unchanged(examples: list[tuple[tuple[Objects, bytes], str]]) -> None:
    packer = Packer()
    packed = [(packer.pack(data, owner), data) for (_, data), owner in examples]
    assert all((unpack(found) if isinstance(found, Packed) else found) == data for found, data in packed)


@given(st.binary(max_size=300))
def test_text_that_does_not_shrink_to_half_stays_text(data: bytes) -> None:
    found = Packer().pack(data, "")
    assert isinstance(found, bytes) or len(found.data) * 2 <= len(data)


def test_objects_of_one_controller_are_packed_with_an_earlier_one_of_them() -> None:
    packer = Packer()
    other = text("other", 1, spec={"words": [f"other {n}" for n in range(200)]})
    packer.pack(other, "a")
    mine = [text(f"web-{n}", n, spec={"words": [f"word {n}" for n in range(200)]}) for n in range(20)]
    sizes = [len(found.data) for data in mine if isinstance(found := packer.pack(data, "b"), Packed)]
    assert len(sizes) == 20
    assert max(sizes[8:]) * 2 < max(sizes[:7])


class _Metadata(Projection):
    name: str = ""


class _Row(Projection):
    metadata: _Metadata


def pod(**spec: Any) -> bytes:
    return text("web", 1, spec={"containers": [], **spec}, metadata={"managedFields": [{"manager": "x"}]})


@pytest.mark.parametrize("keep", Keep)
def test_every_form_reads_the_object_without_managed_fields(keep: Keep) -> None:
    kept = form(core_v1.Pod, keep)
    data = cut(pod(nodeName="node-1"))
    value = kept.keep(data, "")
    first, second = kept.read(value), kept.read(value)
    assert first.metadata.name == "web"
    assert first.spec is not None and first.spec.node_name == "node-1"
    assert first.metadata.managed_fields == []
    assert (first is second) is kept.is_shared is (keep is Keep.OBJECTS)
    assert kept.equal(value, kept.keep(data, ""))
    assert not kept.equal(value, kept.keep(data.replace(b"node-1", b"node-2"), ""))
    assert (kept.size(value) > 0) is (keep is not Keep.OBJECTS)


@pytest.mark.parametrize("keep", Keep)
def test_an_object_that_does_not_fit_its_model_raises_when_it_is_read(keep: Keep) -> None:
    kept = form(core_v1.Pod, keep)
    value = kept.keep(b'{"metadata":{"name":"web","resourceVersion":"1"},"spec":7}', "")
    for _ in range(2):
        with pytest.raises(DecodeError, match="spec"):
            kept.read(value)
    assert kept.size(value) > 0


def test_a_projection_keeps_only_its_fields() -> None:
    kept = form(_Row, is_projection=True)
    value = kept.keep(pod(), "")
    assert value == _Row(metadata=_Metadata(name="web"))
    assert kept.is_shared
    assert kept.read(value) is value
    packed = form(_Row, Keep.PACKED, is_projection=True)
    assert packed.read(packed.keep(pod(), "")) == value


def test_kept_objects_do_not_refer_to_the_received_buffer() -> None:
    for keep in Keep:
        store = store_of(keep=keep)
        buffer = bytearray(text("web", 11, metadata={"managedFields": [1]}))
        store.apply_event("ADDED", memoryview(buffer))
        expected = store.form.read(next(iter(store)).value)
        buffer[:] = b"x" * len(buffer)
        assert store.form.read(next(iter(store)).value) == expected
    raw = msgspec.json.decode(b'{"object":' + text("web", 11) + b"}", type=dict[str, msgspec.Raw])["object"]
    store = store_of()
    assert store.apply_event("ADDED", raw)


def test_objects_are_completed_after_they_were_decoded() -> None:
    kind: type[Objects] = dict
    kept = form(kind, complete=lambda item: {"kind": "Widget", **item})
    assert kept.read(kept.keep(b'{"metadata":{}}', "")) == {"kind": "Widget", "metadata": {}}


def test_another_value_of_keep_is_refused() -> None:
    value: Any = "json"
    with pytest.raises(InvalidRequestError, match=r"keep= must be a member of kubecore\.cache\.Keep, not 'json'"):
        form(core_v1.Pod, value)


def test_changed_objects_of_readers_that_share_them_are_found() -> None:
    forms: list[Any] = [form(core_v1.Pod, Keep.OBJECTS), form(_Row, is_projection=True)]
    for kept in forms:
        store: Store[Any] = Store(kept)
        store.apply_event("ADDED", pod())
        store.apply_event("ADDED", text("bad", 2, metadata={"annotations": 7}, spec=7))
        detector = MutationDetector()
        assert detector.check(store) == []
        assert detector.check(store) == []
        entry = store.find("shop", "web")
        assert entry is not None
        entry.value.metadata.name = "changed"
        assert detector.check(store) == [Key("shop", "web")]
        store.apply_event("MODIFIED", text("web", 9))
        assert detector.check(store) == []
        changed = store.find("shop", "web")
        assert changed is not None
        changed.value.metadata = object()  # Has no form in JSON.
        assert detector.check(store) == [Key("shop", "web")]
