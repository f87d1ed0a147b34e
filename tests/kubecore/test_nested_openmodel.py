"""Unknown fields of open objects inside of other objects are kept at every depth, however the object was read."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any, Literal

import msgspec
import pytest

from kubecore.calls.apply_check import check_fields
from kubecore.calls.modify import merge
from kubecore.codec import decode, encode
from kubecore.codec.decoders import decoder
from kubecore.codec.streamed_list import StreamedList
from kubecore.codec.unknown_fields import KeepingDecoder, may_be_open
from kubecore.errors import InvalidRequestError
from kubecore.model.list_of import ObjectList
from kubecore.model.meta import ListMeta, ObjectMeta
from kubecore.model.model import CustomListModel, CustomModel, OpenModel, always
from kubecore.projection import Projection, check
from kubecore.watch.decoder import Decoder


class Pump(OpenModel, kw_only=True):
    name: str
    parts: list[Pump] = []  # noqa: RUF012 - msgspec copies it


class Pipe(CustomModel, kw_only=True):
    """Not open, but with open objects, and with itself."""

    pump: Pump | None = None
    next_pipe: Pipe | None = None


class WellSpec(OpenModel, kw_only=True):
    depth: int | None = None
    pumps: list[Pump] = []  # noqa: RUF012 - msgspec copies it
    by_name: dict[str, Pump | None] = {}  # noqa: RUF012 - msgspec copies it
    pipe: Pipe | None = None


class Well(CustomModel, kw_only=True):
    api_version: Literal["example.net/v1"] = always("example.net/v1")
    kind: Literal["Well"] = always("Well")
    metadata: ObjectMeta = msgspec.field(default_factory=ObjectMeta)
    spec: WellSpec | None = None
    pipes: list[list[Pipe]] = []  # noqa: RUF012 - msgspec copies it


class WellList(CustomListModel, kw_only=True):
    items: list[Well]
    metadata: ListMeta = msgspec.field(default_factory=ListMeta)


RAW: dict[str, Any] = {
    "apiVersion": "example.net/v1",
    "kind": "Well",
    "metadata": {"name": "a"},
    "spec": {
        "depth": 1,
        "colour": "red",
        "$otherFields": "a name like any other",
        "pumps": [{"name": "p", "power": 2, "parts": [{"name": "q", "size": {"deep": [1]}}]}],
        "byName": {"x-y": {"name": "r", "other": True}},
        "pipe": {"pump": {"name": "s", "a": 1}, "nextPipe": {"pump": {"name": "t", "b": 2}}},
    },
    "pipes": [[{"pump": {"name": "u", "c": 3}}, {"nextPipe": {"nextPipe": {"pump": {"name": "v", "d": 4}}}}]],
}


def body(raw: object) -> bytes:
    return json.dumps(raw).encode()


def decoded(raw: object) -> Well:
    return decode.decode(body(raw), Well)


def spec_of(well: Well) -> WellSpec:
    assert well.spec is not None
    return well.spec


def test_unknown_fields_are_kept_at_every_depth() -> None:
    for found in (decoded(RAW), Well.from_dict(RAW), Well.from_yaml(json.dumps(RAW))):
        spec = spec_of(found)
        assert spec.other_fields == {"colour": "red", "$otherFields": "a name like any other"}
        assert spec.pumps[0].other_fields == {"power": 2}
        assert spec.pumps[0].parts[0].other_fields == {"size": {"deep": [1]}}
        assert found.to_dict() == RAW
        assert json.loads(encode.encode(found)) == RAW


def test_unknown_fields_are_kept_next_to_values_that_do_not_match_the_schema() -> None:
    raw = copy.deepcopy(RAW)
    raw["spec"]["pumps"].append({"power": None})
    raw["spec"]["byName"]["none"] = None
    raw["spec"]["depth"] = 1.0
    raw["spec"]["empty"] = {"list": [], "null": None}
    found = decoded(raw)
    assert spec_of(found).pumps[1].other_fields == {"power": None}
    assert found.to_dict() == raw


def test_an_unknown_field_may_have_the_name_that_msgspec_goes_by() -> None:
    raw = {"name": "a", "$otherFields": {"e": 1.5, "f": None}}
    for found in (Pump.from_dict(raw), decode.decode(body(raw), Pump)):
        assert found.other_fields == {"$otherFields": {"e": 1.5, "f": None}}
        assert found.to_dict() == raw


def test_nulls_and_absent_fields_have_no_unknown_fields() -> None:
    nothing = {"apiVersion": "example.net/v1", "kind": "Well"}
    assert decoded(nothing) == Well()
    raw = {**nothing, "spec": {"byName": {"a": None}}}
    assert decoded(raw).to_dict() == raw
    kept: Any = decoder(dict[str, WellSpec | None])
    assert kept.decode(b'{"a":null,"b":{"pipe":null,"x":1}}') == {"a": None, "b": WellSpec(other_fields={"x": 1})}


def test_lists_groups_of_items_and_events_keep_them() -> None:
    listed = decode.decode(body({"items": [RAW, {**RAW, "pipes": None}]}), WellList)
    assert [spec_of(item).other_fields["colour"] for item in listed.items] == ["red", "red"]
    ((event, _),) = Decoder(Well).feed(body({"type": "ADDED", "object": RAW}) + b"\n")
    assert event is not None
    assert event.object.to_dict() == RAW
    streamed = StreamedList(WellList)
    streamed.group_bytes = 1
    text = json.dumps({"kind": "WellList", "items": [RAW] * 5}, separators=(",", ":")).encode()
    for start in range(0, len(text), 100):
        streamed.feed(text[start : start + 100])
        while streamed.decode_group():
            pass
    assert not streamed.is_whole
    assert [item.to_dict() for item in streamed.finish().items] == [RAW] * 5


class SpecRow(Projection):
    spec: WellSpec | None = None


class FieldsOfSpec(Projection):
    depth: int = 0
    colour: str = ""


class FieldsRow(Projection):
    spec: FieldsOfSpec


def test_projections_hold_open_objects_and_name_their_unknown_fields() -> None:
    check(SpecRow, Well)
    check(FieldsRow, Well)
    (row,) = decode.decode(body({"items": [RAW]}), ObjectList[SpecRow]).items
    assert row.spec == spec_of(decoded(RAW))
    assert decode.decode(body(RAW), FieldsRow).spec == FieldsOfSpec(depth=1, colour="red")


class Choice(Projection):
    spec: list[Pump] | WellSpec | None = None


def test_a_field_of_several_types_keeps_them() -> None:
    assert decode.decode(b'{"spec":[{"name":"a","b":1}]}', Choice).spec == [Pump(name="a", other_fields={"b": 1})]
    assert decode.decode(b'{"spec":{"b":1}}', Choice).spec == WellSpec(other_fields={"b": 1})


def test_unknown_fields_are_part_of_equality_copies_and_pickles() -> None:
    well = decoded(RAW)
    for same in (decoded(RAW), copy.deepcopy(well), pickle.loads(pickle.dumps(well)), well.replace()):
        assert same == well
        assert same.to_dict() == RAW
    other = copy.deepcopy(well)
    spec_of(other).pumps[0].other_fields["power"] = 3
    assert other != well
    assert well.to_dict() == RAW
    changed = spec_of(well).replace(depth=7)
    assert changed.to_dict() == {**RAW["spec"], "depth": 7}


def test_unknown_fields_can_be_set_and_are_shown() -> None:
    well = Well(spec=WellSpec(depth=1, other_fields={"colour": "blue"}))
    assert well.to_dict()["spec"] == {"depth": 1, "colour": "blue"}
    assert repr(well.spec) == "WellSpec(depth=1, other_fields={'colour': 'blue'})"
    assert Well(spec=WellSpec()).to_dict()["spec"] == {}


def test_a_change_of_unknown_fields_is_merged() -> None:
    after = decoded(RAW)
    spec_of(after).other_fields["colour"] = "blue"
    spec_of(after).pumps[0].parts[0].other_fields["new"] = True
    wanted = copy.deepcopy(RAW)
    wanted["spec"]["colour"] = "blue"
    wanted["spec"]["pumps"][0]["parts"][0]["new"] = True
    assert merge(RAW, decoded(RAW), after) == wanted


def test_applied_mappings_may_have_unknown_fields_only_in_open_objects() -> None:
    check_fields({"spec": {"anything": 1, "pumps": [{"name": "a", "more": 1}]}}, Well)
    with pytest.raises(InvalidRequestError, match=r"spec\.pipe\.pumb.*did you mean pump"):
        check_fields({"spec": {"pipe": {"pumb": {}}}}, Well)


def test_an_unknown_argument_names_the_place_for_other_fields() -> None:
    with pytest.raises(TypeError, match=r"there is no field 'byName'; write by_name"):
        WellSpec(byName={})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError, match=r"there is no field 'colour'; write other_fields=\{'colour': \.\.\.\}"):
        WellSpec(other_fields={}, colour="red")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_reading_an_unknown_attribute_names_the_place_of_its_value() -> None:
    spec: Any = spec_of(decoded(RAW))
    with pytest.raises(AttributeError, match=r"no attribute 'colour'; read other_fields\['colour'\]$"):
        _ = spec.colour
    with pytest.raises(AttributeError, match=r"no attribute 'size'$"):
        _ = spec.size
    with pytest.raises(AttributeError):
        spec.colour = "blue"


class Plain(CustomModel, kw_only=True):
    metadata: ObjectMeta = msgspec.field(default_factory=ObjectMeta)
    name: str | None = None
    more: Plain | None = None


def test_types_without_open_objects_are_decoded_once() -> None:
    assert may_be_open(Well)
    assert isinstance(decoder(list[Well]).unchecked, KeepingDecoder)
    assert not may_be_open(Plain)
    assert not isinstance(decoder(list[Plain]).unchecked, KeepingDecoder)
