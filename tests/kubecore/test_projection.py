"""Projections read the fields that they name, skip all others, and reject fields that the model does not have."""
# ruff: noqa: RUF012 - msgspec copies mutable defaults

from __future__ import annotations

import datetime
import decimal
import enum
import json
import sys
import typing
import uuid
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeclient.models import apps_v1, core_v1, meta_v1
from kubeclient.typed.core.v1.pod import PODS
from kubecore import errors, projection
from kubecore.codec import decode
from kubecore.model.scalars import Quantity
from kubecore.projection import ObjectList, Projection
from tests.models import ALL

T = TypeVar("T")


class Metadata(Projection):
    name: str
    labels: dict[str, str] = {}
    owner_references: list[Owner] = []


class Owner(Projection):
    kind: str


class Spec(Projection):
    node_name: str | None = None
    containers: list[Container] = []


class Container(Projection):
    image: str = ""


class Status(Projection):
    phase: str = ""
    pod_ip: str | None = None


class PodRow(Projection):
    metadata: Metadata
    spec: Spec
    status: Status


POD: dict[str, Any] = {
    "metadata": {"name": "web", "labels": {"app": "web"}, "managedFields": [{"fieldsV1": {"f:a": {}}}]},
    "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "i"}], "volumes": [{"name": "v"}]},
    "status": {"phase": "Running", "podIP": "10.0.0.1"},
}


def of(name: str, hint: Any, *path: str) -> Any:
    """Return a projection of one field at the end of a path."""
    made: Any = msgspec.defstruct("Row", [(name, hint)], bases=(Projection,))
    for step in reversed(path):
        made = msgspec.defstruct("Row", [(step, made)], bases=(Projection,))
    return made


def several(hint: Any) -> Any:
    return list.__class_getitem__(hint)


def read(into: Any, *items: Any, **more: Any) -> Any:
    """Return a list of pods as the verb would read it."""
    call = PODS.list("", (), into)
    body = json.dumps({"apiVersion": "v1", "kind": "PodList", "items": list(items), **more}).encode()
    return call.parse(200, {}, body)


def test_a_projection_reads_only_its_fields() -> None:
    found = read(PodRow, POD, metadata={"resourceVersion": "7", "continue": "next"})
    assert isinstance(found, ObjectList)
    assert repr(found) == "<ObjectList of 1>"
    assert (found.metadata.resource_version, found.metadata.continue_) == ("7", "next")
    assert found.items == [
        PodRow(
            metadata=Metadata(name="web", labels={"app": "web"}),
            spec=Spec(node_name="n1", containers=[Container(image="i")]),
            status=Status(phase="Running", pod_ip="10.0.0.1"),
        )
    ]


def test_a_projection_may_be_a_plain_struct_with_custom_names() -> None:
    class Labels(msgspec.Struct):
        app: str
        part: str = msgspec.field(default="", name="app.kubernetes.io/part-of")

    meta = msgspec.defstruct("Meta", [("n", str, msgspec.field(name="name")), ("labels", Labels)])
    row = msgspec.defstruct("Row", [("metadata", meta)])
    (found,) = read(
        row, POD | {"metadata": {"name": "x", "labels": {"app": "a", "app.kubernetes.io/part-of": "b"}}}
    ).items
    assert (found.metadata.n, found.metadata.labels.app, found.metadata.labels.part) == ("x", "a", "b")


def test_models_can_be_parts_of_a_projection() -> None:
    row = msgspec.defstruct("Row", [("metadata", meta_v1.ObjectMeta), ("spec", dict[str, Any])], bases=(Projection,))
    (found,) = read(row, POD).items
    assert found.metadata.labels == {"app": "web"}
    # The raw value is a copy; a reference would keep the whole body in memory.
    assert bytes(found.metadata.managed_fields[0].fields_v1) == b'{"f:a": {}}'
    assert found.spec["nodeName"] == "n1"
    (whole,) = read(core_v1.Pod, POD).items
    assert isinstance(whole, core_v1.Pod)


@pytest.mark.parametrize("into", [None, PodRow, core_v1.Pod, of("metadata", meta_v1.ObjectMeta)])
@pytest.mark.parametrize("odd", [{}, {"spec": None}], ids=["fast", "slow"])
def test_decoded_objects_do_not_keep_the_response_in_memory(into: Any, odd: Any) -> None:
    body = json.dumps({"kind": "PodList", "items": [POD, POD | odd]}).encode()
    before = sys.getrefcount(body)
    found = PODS.list("", (), into).parse(200, {}, body)
    assert sys.getrefcount(body) == before
    assert found.items


@pytest.mark.parametrize(
    ("pod", "words"),
    [
        ({"metadata": None}, "Metadata(name='', labels={}, owner_references=[])"),
        ({"metadata": {"name": "x", "labels": None, "ownerReferences": None}}, "Metadata(name='x', labels={}"),
        ({"metadata": {"name": "x", "ownerReferences": [None, {}]}}, "[Owner(kind=''), Owner(kind='')]"),
        ({"status": {"phase": None}}, "Status(phase='', pod_ip=None)"),
        ({"spec": {"containers": [{"image": None}]}}, "containers=[Container(image='')]"),
    ],
)
def test_null_and_missing_values_are_read_as_go_reads_them(pod: Any, words: str) -> None:
    first, odd = read(PodRow, POD, pod).items
    assert first.metadata.name == "web"
    assert words in repr(odd)


def test_the_error_for_an_unreadable_value_contains_its_path() -> None:
    with pytest.raises(errors.DecodeError, match=r"items\[1\]\.metadata\.name"):
        read(PodRow, POD, {"metadata": {"name": [1]}})
    row = msgspec.defstruct("Row", [("status", msgspec.defstruct("S", [("phase", Phase)]))])
    with pytest.raises(errors.DecodeError, match=r"nothing at \$\.items\[0\]\.status\.phase"):
        read(row, {"status": {}})


class Phase(enum.Enum):
    RUNNING = "Running"


def test_another_kind_is_refused() -> None:
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 410, "reason": "Expired"}
    for call in (PODS.list("", (), PodRow), PODS.get("x", "y", (), PodRow)):
        with pytest.raises(errors.ExpiredError):
            call.parse(200, {}, json.dumps(status).encode())
        with pytest.raises(errors.DecodeError, match="'Node"):
            call.parse(200, {}, json.dumps({"kind": "NodeStuff", "items": [], **POD}).encode())
        with pytest.raises(errors.DecodeError):
            call.parse(200, {}, json.dumps({"kind": 5, "items": [], **POD}).encode())
        assert call.parse(200, {}, json.dumps({"items": [], **POD}).encode()) is not None
    one = PODS.get("x", "y", (), PodRow).parse(200, {}, json.dumps({"kind": "Pod", **POD}).encode())
    assert one.spec.node_name == "n1"


class Box(Projection, Generic[T]):
    metadata: T


RIGHT: list[Any] = [
    of("name", Annotated[str, msgspec.Meta(min_length=1)], "metadata"),
    of("name", str | int, "metadata"),
    of("name", str | None, "metadata"),
    of("name", Any, "metadata"),
    of("uid", uuid.UUID, "metadata"),
    of("labels", typing.Mapping[str, str], "metadata"),
    of("finalizers", tuple[str, ...], "metadata"),
    of("finalizers", set[str], "metadata"),
    of("finalizers", list, "metadata"),
    of("generation", int, "metadata"),
    of("generation", float, "metadata"),
    of("creation_timestamp", datetime.datetime, "metadata"),
    of("creation_timestamp", str, "metadata"),
    of("phase", Phase, "status"),
    of("phase", Literal["Running"], "status"),
    of("qos_class", typing.NewType("Qos", str), "status"),
    of("containers", list[dict[str, Any]], "spec"),
    of("containers", several(of("limits", dict[str, Quantity], "resources")), "spec"),
    of("containers", several(of("limits", dict[str, decimal.Decimal], "resources")), "spec"),
    of("overhead", of("cpu", str), "spec"),
    of("kind", Literal["Pod"]),
    of("kind", str),
    Box[Metadata],
]

WRONG: list[tuple[Any, str]] = [
    (of("phas", str, "status"), "Row requests 'status.phas', which PodStatus does not have; the nearest is 'phase'"),
    (of("nothing_like_it", str), "'nothingLikeIt', which Pod does not have"),
    (of("host_ipp", str, "status"), "the nearest is 'hostIP'"),
    (
        of("containers", several(of("images", str)), "spec"),
        r"'spec.containers\[\].images', which Container does not have; the nearest is 'image'",
    ),
    (of("containers", several(of("limit", str, "resources")) | None, "spec"), r"'spec.containers\[\].resources.limit'"),
    (of("name", int, "metadata"), "'metadata.name' as int, which can't hold the model's str"),
    (of("name", Metadata, "metadata"), "as Metadata, which can't hold the model's str"),
    (of("name", list[str], "metadata"), r"as list\[str\], which can't hold"),
    (of("labels", dict[str, int], "metadata"), r"'metadata.labels.\*' as int"),
    (of("labels", of("app", int), "metadata"), "'metadata.labels.app' as int"),
    (of("labels", list[str], "metadata"), r"which can't hold the model's dict\[str, str\]"),
    (of("finalizers", list[int], "metadata"), r"'metadata.finalizers\[\]' as int"),
    (of("creation_timestamp", float, "metadata"), "as float"),
    (of("spec", list[str]), "which can't hold the model's PodSpec"),
    (of("overhead", of("cpu", int), "spec"), "'spec.overhead.cpu' as int"),
    (of("host_network", str, "spec"), "as str, which can't hold the model's bool"),
    (of("kind", Literal[1]), "'kind'"),
    (of("spec", msgspec.Raw), "would keep the whole response in memory"),
    (
        of("managed_fields", several(of("fields_v1", msgspec.Raw)), "metadata"),
        "would keep the whole response in memory",
    ),
    (of("kind", complex), "declares a complex, which is not a JSON type"),
    (of("annotations", dict[str, list[complex]], "spec", "nodeSelector"), "which can't hold"),
    (of("metadata", dict[str, complex]), "declares a complex"),
    (of("name", Metadata | Owner, "metadata"), "can't"),
    (msgspec.defstruct("Row", [("kind", str)], forbid_unknown_fields=True), "forbid_unknown_fields"),
    (msgspec.defstruct("Row", [("kind", str)], tag="x"), "no tag"),
    (msgspec.defstruct("Row", [("kind", str)], array_like=True), "array_like"),
    (dict, "a subclass of msgspec.Struct, not dict"),
    (PodRow(Metadata("x"), Spec(), Status()), "a subclass of msgspec.Struct"),
    (core_v1.Node, "which PodSpec does not have"),
    (Box[Status], "'metadata.phase', which ObjectMeta does not have"),
]


@pytest.mark.parametrize("into", RIGHT, ids=lambda into: str(msgspec.structs.fields(into)[0].type)[:60])
def test_a_projection_with_compatible_types_is_accepted(into: Any) -> None:
    projection.check(into, core_v1.Pod)


@pytest.mark.parametrize(("into", "words"), WRONG, ids=lambda case: case[:60] if isinstance(case, str) else "")
def test_a_projection_that_does_not_fit_the_model_is_refused_before_a_request(into: Any, words: str) -> None:
    for _ in range(2):
        with pytest.raises(errors.InvalidRequestError, match=words):
            PODS.list("x", (), into)
        with pytest.raises(errors.InvalidRequestError, match=words):
            PODS.get("x", "y", (), into)


def test_an_unresolvable_annotation_is_refused() -> None:
    class Lost(Projection):
        metadata: Nowhere  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(errors.InvalidRequestError, match="Lost can't be read: name 'Nowhere' is not defined"):
        projection.check(Lost, core_v1.Pod)


def test_a_projection_may_be_recursive() -> None:
    from kubeclient.models import apiextensions_v1 as crds

    projection.check(Schema, crds.JSONSchemaProps)
    with pytest.raises(errors.InvalidRequestError, match=r"'properties.\*.titel'.* nearest is 'title'"):
        projection.check(Misspelt, crds.JSONSchemaProps)


class Schema(Projection):
    title: str | None = None
    properties: dict[str, Schema] = {}
    any_of: list[Schema] = []


class Misspelt(Projection):
    properties: dict[str, Inner] = {}


class Inner(Projection):
    titel: str = ""


@pytest.mark.slow
def test_every_model_is_a_projection_of_itself_with_regular_wire_names() -> None:
    irregular = set()
    for model in ALL:
        projection.check(model, model)
        irregular |= {
            (f.name, f.wire_name) for f in model.model_fields() if projection.wire_name(f.name) != f.wire_name
        }
    assert {wire for _, wire in irregular if not wire.startswith("x-kubernetes-")} == {"$ref", "$schema", "Port"}


def test_kind_of_returns_the_kind_of_models_and_lists() -> None:
    assert projection.kind_of(core_v1.PodList) == "PodList"
    assert projection.kind_of(apps_v1.Deployment) == "Deployment"
    assert projection.kind_of(core_v1.PodSpec) == ""


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "kind", "image", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)
PODS_LIKE = st.fixed_dictionaries(
    {},
    optional={
        "metadata": VALUES
        | st.fixed_dictionaries({}, optional={"name": VALUES, "labels": VALUES, "ownerReferences": VALUES}),
        "spec": VALUES | st.fixed_dictionaries({}, optional={"nodeName": VALUES, "containers": VALUES}),
        "status": VALUES,
    },
)


@given(PODS_LIKE)
def test_any_response_is_a_row_or_a_kubecore_error(pod: Any) -> None:
    try:
        (row,) = read(PodRow, pod).items
    except errors.DecodeError:
        return
    assert isinstance(row, PodRow)
    assert decode.decode(msgspec.json.encode(row), PodRow) == row
