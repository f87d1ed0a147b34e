"""Operations that every model supports, tested with every model."""

from __future__ import annotations

import copy
import pickle
import typing
from typing import Any

import msgspec
import pydantic
import pytest

from kubecore import errors
from kubecore.codec import decode
from kubecore.model import display
from kubecore.model.model import Model
from tests.models import ALL, VARIED, document


def parameter(cls: type[Model]) -> Any:
    name = f"{cls.__module__.rpartition('.')[2]}.{cls.__name__}"
    return pytest.param(cls, id=name, marks=() if cls in VARIED else pytest.mark.thorough)


every_model = pytest.mark.parametrize("cls", [parameter(cls) for cls in ALL])


@every_model
def test_a_filled_model_survives_every_conversion(cls: type[Model]) -> None:
    data = document(cls)
    model = cls.from_dict(data)
    assert model.to_dict() == data
    assert decode.decode(decode.encode(model), cls) == model
    assert cls.from_yaml(model.to_yaml(managed_fields=True)) == model
    assert copy.copy(model) == model == copy.deepcopy(model)
    assert pickle.loads(pickle.dumps(model)) == model
    assert model.replace() == model


@every_model
def test_every_field_may_be_null_absent_or_unheard_of(cls: type[Model]) -> None:
    data = document(cls, depth=3)
    for name in data:
        assert isinstance(decode.decode(decode.encode(data | {name: None}), cls), cls), name
        without = {key: value for key, value in data.items() if key != name}
        assert isinstance(decode.decode(decode.encode(without), cls), cls), name
    assert decode.decode(decode.encode(data | {"unheardOf": [1]}), cls) == decode.decode(decode.encode(data), cls)
    assert decode.decode(b"{}", cls) == cls.zero()


@every_model
def test_the_zero_value_contains_only_required_fields(cls: type[Model]) -> None:
    required = {field.wire_name for field in cls.model_fields() if field.required}
    always = {field.wire_name for field in cls.model_fields() if typing.get_origin(field.type) is typing.Literal}
    assert set(cls.zero().to_dict()) == required | always


@every_model
def test_model_fields_lists_every_attribute(cls: type[Model]) -> None:
    fields = cls.model_fields()
    assert [field.name for field in fields] == list(cls.__struct_fields__)
    assert len({field.wire_name for field in fields}) == len(fields)


@every_model
def test_the_repr_is_one_line_and_shows_no_bytes(cls: type[Model]) -> None:
    model = cls.from_dict(document(cls))
    for words in (repr(model), display.shown_yaml(model), display.shown_html(model)):
        assert "aGk=" not in words
        assert "b'hi'" not in words
    assert "\n" not in repr(model)
    assert type(model).__name__ in repr(model)


@every_model
def test_pydantic_validates_and_dumps_models(cls: type[Model]) -> None:
    holder: Any = pydantic.create_model("Holder", value=(cls, ...))
    data = document(cls, depth=3)
    held = holder.model_validate({"value": data})
    assert isinstance(held.value, cls)
    assert held.model_dump()["value"] == held.value.to_dict()


def test_the_tests_cover_all_models() -> None:
    assert len(ALL) > 800
    assert 20 < len(VARIED) < 200


def test_the_repr_of_a_secret_contains_only_its_name() -> None:
    from kubeclient.models import core_v1

    secret = core_v1.Secret.from_dict({"metadata": {"name": "s", "namespace": "n"}, "data": {"k": "aGlkZGVu"}})
    assert repr(secret) == "Secret n/s"
    assert secret.data == {"k": b"hidden"}


def test_a_time_without_its_offset_is_refused_by_name() -> None:
    import datetime

    from kubeclient.models import core_v1

    pod = core_v1.Pod.zero()
    pod.metadata.creation_timestamp = datetime.datetime(2026, 1, 1)
    with pytest.raises(errors.EncodeError, match=r"\$\.metadata\.creationTimestamp is a time without its offset"):
        pod.to_dict()


def test_an_empty_struct_is_not_sent_and_kinds_always_are() -> None:
    from kubeclient.models import apps_v1

    sent = msgspec.json.decode(decode.encode(apps_v1.Deployment.zero()))
    assert sent == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "spec": {"selector": {}, "template": {}},
    }


def test_encoding_does_not_change_the_model() -> None:
    from kubeclient.models import core_v1, meta_v1

    pod = core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a"))
    before = copy.deepcopy(pod)
    pod.to_dict()
    assert pod == before
    assert pod.spec == core_v1.PodSpec.zero()
