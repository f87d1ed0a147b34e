"""Fields that the schema of an open kind does not name are kept and sent again, however the object was read."""

from __future__ import annotations

import json
from typing import Any, Literal

import msgspec
import pytest

from kubecore.calls.apply_check import check_fields
from kubecore.calls.modify import merge
from kubecore.codec import decode
from kubecore.errors import InvalidRequestError
from kubecore.model.meta import ListMeta, ObjectMeta
from kubecore.model.model import Model, OpenModel, always
from kubecore.watch.decoder import Decoder


class Sack(OpenModel, kw_only=True):
    api_version: Literal["example.net/v1"] = always("example.net/v1")
    kind: Literal["Sack"] = always("Sack")
    metadata: ObjectMeta = msgspec.field(default_factory=ObjectMeta)
    size: int | None = None


class SackList(Model, kw_only=True):
    items: list[Sack]
    metadata: ListMeta = msgspec.field(default_factory=ListMeta)


RAW: dict[str, Any] = {
    "apiVersion": "example.net/v1",
    "kind": "Sack",
    "metadata": {"name": "a"},
    "size": 1,
    "spec": {"deep": [1, None]},
    "$otherFields": "a name like any other",
}


def decoded(raw: object) -> Sack:
    return decode.decode(json.dumps(raw).encode(), Sack)


def test_an_open_model_keeps_unknown_fields() -> None:
    for found in (decoded(RAW), Sack.from_dict(RAW), Sack.from_yaml(json.dumps(RAW))):
        assert found.size == 1
        assert found.other_fields["spec"] == {"deep": [1, None]}
        assert found.to_dict() == RAW
        assert json.loads(decode.encode(found)) == RAW


class Box(OpenModel, kw_only=True):
    items: list[str] = []  # noqa: RUF012 - msgspec copies it


def test_an_open_kind_with_a_field_called_items_is_not_a_list() -> None:
    raw = {"items": ["a", None], "more": {"n": None}, "none": []}
    for found in (decode.decode(json.dumps(raw).encode(), Box), Box.from_dict(raw)):
        assert found.to_dict() == raw


def test_lenient_decoding_keeps_unknown_fields() -> None:
    raw = {**RAW, "size": 1.0, "metadata": {"name": "a", "labels": None}}
    found = decoded(raw)
    assert found.metadata.labels == {}
    assert found.to_dict() == raw


def test_items_of_lists_and_objects_of_events_keep_unknown_fields() -> None:
    listed = decode.decode(json.dumps({"items": [RAW, {**RAW, "size": None}]}).encode(), SackList)
    assert [item.other_fields["spec"] for item in listed.items] == [RAW["spec"]] * 2
    ((event, _),) = Decoder(Sack).feed(json.dumps({"type": "ADDED", "object": RAW}).encode() + b"\n")
    assert event is not None
    assert event.object.to_dict() == RAW


def test_declared_fields_win_over_other_fields() -> None:
    made = Sack(size=2, other_fields={"size": 3, "colour": "red"})
    assert made.to_dict() == {"apiVersion": "example.net/v1", "kind": "Sack", "size": 2, "colour": "red"}
    assert Sack.zero().to_dict() == {"apiVersion": "example.net/v1", "kind": "Sack"}
    assert [field.name for field in Sack.model_fields()] == ["api_version", "kind", "metadata", "size"]


def test_apply_accepts_unknown_fields_of_open_models() -> None:
    check_fields({"spec": {}, "metadata": {}}, Sack)
    with pytest.raises(InvalidRequestError, match="labls"):
        check_fields({"metadata": {"labls": {}}}, Sack)


def test_a_change_of_the_rest_is_merged() -> None:
    after = decoded(RAW)
    after.other_fields["spec"] = {"deep": 2}
    del after.other_fields["$otherFields"]
    after.other_fields["new"] = True
    wanted = {key: value for key, value in RAW.items() if key != "$otherFields"} | {"spec": {"deep": 2}, "new": True}
    assert merge(RAW, decoded(RAW), after) == wanted
    assert merge(RAW, decoded(RAW), decoded(RAW)) == RAW
