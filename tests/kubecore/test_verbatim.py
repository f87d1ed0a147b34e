"""Custom resources are sent as they were read, whatever their fields express. Missing fields are not added."""

from __future__ import annotations

import copy
import json
import math
import pickle
from typing import Any, Literal

import msgspec
import pytest

from kubeclient.models import apps_v1, core_v1, resource_v1
from kubecore import projection
from kubecore.calls.modify import Draft
from kubecore.codec import decode, yaml
from kubecore.codec.verbatim import is_custom
from kubecore.errors import EncodeError
from kubecore.model.meta import ListMeta, ObjectMeta
from kubecore.model.model import CustomModel, Model, always
from kubecore.model.scalars import JSON, Time
from kubecore.projection import Projection
from kubecore.watch.decoder import Decoder


class Part(CustomModel, kw_only=True):
    name: str
    tags: list[str] = []  # noqa: RUF012 - msgspec copies it
    size: int | None = None
    seen: Time | None = None
    ratio: int | float | None = None


class Body(CustomModel, kw_only=True):
    parts: list[Part] = []  # noqa: RUF012
    labels: dict[str, str] = {}  # noqa: RUF012
    one: Part | None = None
    by_name: dict[str, Part] = {}  # noqa: RUF012
    rows: list[list[Part]] = []  # noqa: RUF012
    data: bytes | None = None
    keys: dict[str, bytes] = {}  # noqa: RUF012
    items: list[Part] = []  # noqa: RUF012
    self: str | None = None
    cls: str | None = None
    container: core_v1.Container | None = None
    template: core_v1.PodTemplateSpec | None = None
    anything: JSON | None = None
    text: str | None = None
    said: str | msgspec.UnsetType | None = msgspec.UNSET


class Crate(CustomModel, kw_only=True):
    api_version: Literal["example.net/v1"] = always("example.net/v1")
    kind: Literal["Crate"] = always("Crate")
    metadata: ObjectMeta = msgspec.field(default_factory=ObjectMeta)
    spec: Body | None = None


class CrateList(CustomModel, kw_only=True):
    items: list[Crate]
    metadata: ListMeta = msgspec.field(default_factory=ListMeta)


SPECS: dict[str, dict[str, Any]] = {
    "an empty list": {"parts": []},
    "an empty map": {"labels": {}},
    "an empty list in an item": {"parts": [{"name": "a", "tags": []}, {"name": "b"}]},
    "null for an optional value": {"text": None, "one": None},
    "null for a list and a map": {"parts": None, "labels": None},
    "null for anything": {"anything": None},
    "null that is a value of its own": {"said": None},
    "a required field that is missing": {"one": {"size": 1}},
    "a required field that is null": {"one": {"name": None}},
    "null in a list": {"one": {"name": "a", "tags": [None, "b"]}},
    "null in a list of objects": {"parts": [None, {"name": "a", "tags": []}]},
    "null in a map of objects": {"byName": {"a": None, "b": {"name": "b"}}},
    "null in lists of lists": {"rows": [None, [None], [{"name": None}]]},
    "base64 with bits that stand for nothing": {"data": "aGl=", "keys": {"one": "aH==", "two": "aGk="}},
    "properties called as Python's own arguments": {"self": "a", "cls": "b", "items": [{"name": "c", "tags": []}]},
    "a type of Kubernetes with empty values": {
        "container": {"name": "c", "args": [], "resources": {}, "env": [{"name": "E", "value": ""}]}
    },
    "a type of Kubernetes with empty metadata": {"template": {"metadata": {"labels": {}}, "spec": {"containers": []}}},
    "empty objects all the way down": {"template": {"metadata": {}, "spec": {}}},
    "a number for a quantity": {"container": {"name": "c", "resources": {"limits": {"cpu": 1, "memory": "1Gi"}}}},
    "a fraction for a quantity": {"container": {"name": "c", "resources": {"limits": {"cpu": 0.5}}}},
    "a time with an offset": {"one": {"name": "a", "seen": "2026-01-02T03:04:05+00:00"}},
    "a time with a short fraction": {"one": {"name": "a", "seen": "2026-01-02T03:04:05.5Z"}},
    "a time with nanoseconds": {"one": {"name": "a", "seen": "2026-01-02T03:04:05.123456789Z"}},
    "an integer beyond 64 bits": {"one": {"name": "a", "size": 2**70}},
    "a time that does not exist": {"one": {"name": "a", "seen": "0000-13-01T00:00:00Z"}},
}

every_spec = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)


def crate(spec: Any, **more: Any) -> dict[str, Any]:
    metadata = {"name": "a", "namespace": "n", "uid": "u", "resourceVersion": "7", **more}
    return {"apiVersion": "example.net/v1", "kind": "Crate", "metadata": metadata, "spec": spec}


def text(value: object) -> str:
    return json.dumps(value, sort_keys=True)


@every_spec
def test_read_objects_are_sent_unchanged(spec: dict[str, Any]) -> None:
    raw = crate(spec)
    data = msgspec.json.encode(raw)
    (listed,) = decode.decode(msgspec.json.encode({"items": [raw]}), CrateList).items
    ((event, _),) = Decoder(Crate).feed(msgspec.json.encode({"type": "ADDED", "object": raw}) + b"\n")
    assert event is not None
    document = yaml.dump(raw)
    assert text(Crate.from_yaml(document).to_dict()) == text(yaml.load(document))
    for found in (decode.decode(data, Crate), Crate.from_dict(raw), listed, event.object):
        for again in (
            found,
            copy.copy(found),
            copy.deepcopy(found),
            pickle.loads(pickle.dumps(found)),
            found.replace(),
        ):
            assert text(again.to_dict()) == text(raw)
            assert text(json.loads(decode.encode(again))) == text(raw)
            assert again == found
            assert not again != found  # noqa: SIM202 - another method than ==


@every_spec
def test_a_change_of_another_field_changes_nothing_else(spec: dict[str, Any]) -> None:
    found = Crate.from_dict(crate(spec))
    assert found.spec is not None
    found.metadata.labels["new"] = "label"
    found.spec.text = "new"
    assert text(found.to_dict()) == text(crate({**spec, "text": "new"}, labels={"new": "label"}))


@every_spec
def test_modify_changes_nothing_else(spec: dict[str, Any]) -> None:
    raw = crate(spec)
    draft = Draft(msgspec.Raw(msgspec.json.encode(raw)), Crate)

    def change(found: Crate) -> None:
        found.metadata.labels["new"] = "label"

    assert draft.change(lambda _: None) is None
    assert text(draft.change(change)) == text(crate(spec, labels={"new": "label"}))


def test_a_field_that_was_set_is_sent_as_it_was_set() -> None:
    found = Crate.from_dict(crate({"parts": [], "one": {"size": 1}, "labels": None, "text": None}))
    assert found.spec is not None
    assert found.spec.one is not None
    assert (found.spec.parts, found.spec.one.name, found.spec.labels) == ([], "", {})
    found.spec.parts.append(Part(name="b"))
    found.spec.one.name = "c"
    found.spec.labels["d"] = "e"
    found.spec.text = ""
    assert found.to_dict()["spec"] == {
        "parts": [{"name": "b"}],
        "one": {"name": "c", "size": 1},
        "labels": {"d": "e"},
        "text": "",
    }


def test_one_changed_quantity_leaves_the_others() -> None:
    limits = {"cpu": 1, "memory": 1073741824}
    found = Crate.from_dict(crate({"container": {"name": "c", "resources": {"limits": limits}}}))
    assert found.spec is not None
    assert found.spec.container is not None
    own = found.spec.container.resources.limits
    assert own == {"cpu": "1", "memory": "1073741824"}
    own["memory"] = "2Gi"
    assert found.to_dict()["spec"]["container"]["resources"]["limits"] == {"cpu": 1, "memory": "2Gi"}


def test_written_values_follow_an_object_that_moves() -> None:
    found = Crate.from_dict(crate({"parts": [{"name": "a", "tags": []}, {"name": "b", "tags": ["t"]}]}))
    assert found.spec is not None
    found.spec.parts.reverse()
    assert found.to_dict()["spec"]["parts"] == [{"name": "b", "tags": ["t"]}, {"name": "a", "tags": []}]


def test_objects_that_keep_written_values_are_unequal_if_a_field_differs() -> None:
    one, other = Part.from_dict({"tags": []}), Part.from_dict({"tags": []})
    assert (one == other, one != other) == (True, False)
    assert (one == Part(name=""), one != Part(name=""), Part(name="") != one) == (True, False, False)
    other.size = 1
    assert (one == other, one != other) == (False, True)
    anything: Any = "something else"
    assert one != anything


def test_a_map_with_a_null_keeps_it_if_another_entry_is_changed() -> None:
    body = Body.from_dict({"byName": {"a": None, "b": {"name": "b"}}})
    body.by_name["b"].size = 1
    assert body.to_dict() == {"byName": {"a": None, "b": {"name": "b", "size": 1}}}


def test_a_field_of_any_name_can_be_set_and_replaced() -> None:
    body = Body(self="a", cls="b", text="c")
    assert body.replace(self="d", cls="e").to_dict() == {"self": "d", "cls": "e", "text": "c"}


def test_later_changes_of_the_document_do_not_reach_the_object() -> None:
    raw = crate({"container": {"name": "c", "resources": {"limits": {"cpu": 1}}}})
    found = Crate.from_dict(raw)
    raw["spec"]["container"]["resources"]["limits"]["cpu"] = 2
    sent = found.to_dict()
    sent["spec"]["container"]["resources"]["limits"]["cpu"] = 3
    assert found.to_dict()["spec"]["container"]["resources"]["limits"] == {"cpu": 1}


def test_an_object_that_keeps_written_values_is_one_of_its_model() -> None:
    found = Part.from_dict({"size": 1})
    assert isinstance(found, Part)
    assert (type(found).__name__, repr(found)) == ("Part", "Part(name='', size=1)")
    assert found == Part(name="", size=1) == found
    assert found != Part(name="", size=2)
    assert [field.name for field in type(found).model_fields()] == ["name", "tags", "size", "seen", "ratio"]
    for made in (type(found).from_dict({"name": "b"}), type(found).from_yaml("{name: b}"), type(found).zero()):
        assert type(made) is Part


def test_objects_that_their_fields_express_are_plain() -> None:
    fields: Any = {"f:spec": {"f:text": {}, "f:parts": {}}}
    managed: Any = [{"manager": "m", "operation": "Update", "time": "2026-01-02T03:04:05Z", "fieldsV1": fields}]
    found = decode.decode(msgspec.json.encode(crate({"text": "a"}, managedFields=managed)), Crate)
    assert type(found) is Crate
    assert type(found.spec) is Body
    other = decode.decode(msgspec.json.encode(crate({"text": "a", "labels": {}}, managedFields=managed)), Crate)
    assert other.to_dict() == crate({"text": "a", "labels": {}}, managedFields=managed)


def test_a_required_field_that_a_document_lacks_is_never_sent() -> None:
    spec = {"template": {"spec": {"containers": [{"image": "a"}]}}}
    found = apps_v1.Deployment.from_dict({"spec": spec})
    assert found.spec.selector.match_labels == {}
    assert found.to_dict()["spec"] == spec
    found.spec.template.spec.containers[0].name = "c"
    assert found.to_dict()["spec"] == {"template": {"spec": {"containers": [{"name": "c", "image": "a"}]}}}
    bare = decode.decode(b'{"spec": {}}', apps_v1.Deployment)
    assert json.loads(decode.encode(bare)) == {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {}}


@pytest.mark.parametrize("ratio", [1, 1.0, -0.0, 0, 1e21])
def test_a_number_keeps_its_form(ratio: float) -> None:
    raw = crate({"one": {"size": 1, "ratio": ratio}})
    for found in (Crate.from_dict(raw), decode.decode(msgspec.json.encode(raw), Crate)):
        assert text(found.to_dict()) == text(raw)


def test_an_empty_raw_object_is_kept() -> None:
    device: dict[str, Any] = {"driver": "d.example.com", "pool": "p", "device": "x", "data": {}}
    assert resource_v1.AllocatedDeviceStatus.from_dict(device).to_dict() == device


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("place", ["ratio", "anything"])
def test_a_number_that_json_does_not_have_is_refused_with_its_path(number: float, place: str) -> None:
    made: Model = Part(name="a", ratio=number) if place == "ratio" else Body(anything={"x": [number]})
    path = r"\$\.ratio" if place == "ratio" else r"\$\.anything\.x\[0\]"
    with pytest.raises(EncodeError, match=path):
        made.to_dict()
    with pytest.raises(EncodeError, match=path):
        decode.encode(made)


class CrateRow(Projection):
    metadata: ObjectMeta
    spec: Body | None = None


class CrateParts(Projection):
    parts: list[Part] = []  # noqa: RUF012


class CratePartsRow(Projection):
    spec: CrateParts | None = None


class CrateName(Projection):
    metadata: ObjectMeta


@every_spec
@pytest.mark.parametrize("into", [CrateRow, CratePartsRow])
def test_a_projection_reads_types_of_a_custom_resource_to_the_letter(into: Any, spec: dict[str, Any]) -> None:
    projection.check(into, Crate)
    raw = crate(spec)
    data = msgspec.json.encode(raw)
    (listed,) = decode.decode(msgspec.json.encode({"items": [raw]}), projection.ObjectList[into]).items
    for row in (decode.decode(data, into), listed):
        if into is CrateRow:
            assert text(row.spec.to_dict()) == text(spec)
        for part, written in zip(row.spec.parts, spec.get("parts") or (), strict=True):
            assert written is None or text(part.to_dict()) == text(written)


def test_a_projection_without_types_of_the_resource_is_read_fast() -> None:
    for into in (CrateName, CrateRow):
        projection.check(into, Crate)
    assert not is_custom(CrateName)
    assert is_custom(CrateRow)
    assert is_custom(projection.ObjectList[CrateRow])
