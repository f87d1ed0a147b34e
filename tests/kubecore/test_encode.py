"""The type of a field decides how its value is written. The class of the value does not matter."""

from __future__ import annotations

import copy
import datetime
import decimal
import enum
import json
import math
import pickle
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeclient.models import certificates_v1, coordination_v1, core_v1, events_v1, meta_v1
from kubecore import errors
from kubecore.calls.resource import Resource
from kubecore.codec import decode, encode
from kubecore.model.model import CustomModel
from kubecore.model.times import MicroTime, SourceTime, Time, read_time

WHOLE = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)


class Text(str):
    """Like a string of a YAML round-trip loader or of a template engine."""

    __slots__ = ()

    def __str__(self) -> str:
        return "not what it holds"


class Whole(int):
    """Like an integer of a YAML round-trip loader."""

    def __int__(self) -> int:
        return 99


class Real(float):
    """Like `float64` of numpy."""


class Level(enum.IntEnum):
    LOW = 1


class Color(enum.StrEnum):
    RED = "red"


class ScalarBoolean(int):
    """Like a boolean with an anchor in ruamel.yaml."""


class Scalar:
    """Like a scalar of numpy: it holds a value, but does not inherit from the class of the value."""

    shape = ()

    def __init__(self, held: Any) -> None:
        self._held = held

    def item(self) -> Any:
        return self._held


class Loose(CustomModel, kw_only=True):
    number: int | float | None = None
    count: int | None = None
    flag: bool | None = None
    text: str | None = None
    anything: Any = None
    texts: list[str] = msgspec.field(default_factory=list)
    at: Time | None = None
    times: list[Time] = msgspec.field(default_factory=list)
    by_name: dict[str, Time] = msgspec.field(default_factory=dict)
    exact: MicroTime | None = None
    blob: bytes | None = None
    needed: Time


SCALARS = [
    (Text("a"), "a"),
    (Whole(2), 2),
    (Real(1.5), 1.5),
    (Level.LOW, 1),
    (Color.RED, "red"),
    (ScalarBoolean(1), True),
    (Scalar(True), True),
    (Scalar(3), 3),
    (Scalar("x"), "x"),
    (decimal.Decimal(3), 3),
    (decimal.Decimal("1.5"), 1.5),
]


@pytest.mark.parametrize(("value", "written"), SCALARS, ids=[type(value).__name__ for value, _ in SCALARS])
def test_subclasses_of_scalars_are_encoded_as_their_base_type(value: Any, written: Any) -> None:
    for whole in (
        {"a": value, "b": [value], "c": {"d": value}},
        Loose(needed=WHOLE, anything={"a": value, "b": [value], "c": {"d": value}}),
    ):
        for found in (json.loads(encode.encode(whole)), encode.to_dict(whole)):
            held = found.get("anything", found)
            assert held == {"a": written, "b": [written], "c": {"d": written}}
            assert type(held["a"]) is type(written)


def test_scalars_of_other_classes_are_written_in_fields_of_their_base() -> None:
    flag: Any = ScalarBoolean(1)
    loose = Loose(needed=WHOLE, text=Text("t"), count=Whole(2), number=Real(0.5), flag=flag, texts=[Text("x")])
    expected = {"needed": "2025-01-01T00:00:00Z", "text": "t", "count": 2, "number": 0.5, "flag": True, "texts": ["x"]}
    assert loose.to_dict() == expected
    assert json.loads(encode.encode(loose)) == expected
    labels = core_v1.Pod.zero().replace(metadata=meta_v1.ObjectMeta(labels={Text("k"): Text("v")}))
    assert json.loads(encode.encode(labels))["metadata"] == {"labels": {"k": "v"}}
    assert 'needed: "2025' in loose.to_yaml() or "needed: '2025" in loose.to_yaml()


BAD: list[tuple[Any, str]] = [
    (math.nan, "nan"),
    (math.inf, "inf"),
    (Real("nan"), "nan"),
    (decimal.Decimal("NaN"), "NaN"),
    ("\ud800", "surrogate"),
    (object(), "object"),
    (1j, "complex"),
    ({1: 2}, "key"),
    ({"\ud800": 2}, "surrogate"),
    (datetime.datetime(2025, 1, 1), "offset"),
    (10**5000, "digits"),
]


@pytest.mark.parametrize(("value", "what"), BAD, ids=[what for _, what in BAD])
def test_a_value_without_a_json_form_is_refused_with_its_path(value: Any, what: str) -> None:
    with pytest.raises(errors.EncodeError, match=r"\$\.anything\.a\[1\].*" + what):
        encode.encode(Loose(needed=WHOLE, anything={"a": [0, value]}))
    with pytest.raises(errors.EncodeError, match=r"\$\.spec\.containers\[0\]\.name.*" + what):
        encode.encode({"spec": {"containers": [{"name": value}]}}, core_v1.Pod)


@pytest.mark.parametrize("field", ["number", "count", "text"])
def test_nan_is_refused_in_every_field_of_a_model(field: str) -> None:
    with pytest.raises(errors.EncodeError, match=rf"\$\.{field}: nan"):
        loose: Any = Loose(needed=WHOLE)
        setattr(loose, field, math.nan)
        encode.encode(loose)


def test_an_object_that_contains_itself_is_refused() -> None:
    endless: dict[str, Any] = {}
    endless["a"] = endless
    with pytest.raises(errors.EncodeError, match="nested deeper"):
        encode.encode(endless)
    loose = Loose(needed=WHOLE)
    loose.anything = loose
    with pytest.raises(errors.EncodeError, match="nested deeper"):
        encode.to_dict(loose)


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
                    | st.text(st.characters(exclude_categories=["Cs"])),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=3), inner, max_size=3), max_leaves=8))  # fmt: skip
def test_the_slow_and_the_fast_encoder_write_the_same(value: Any) -> None:
    from kubecore.codec.plain_values import plain

    loose = Loose(needed=WHOLE, anything=value)
    assert json.loads(encode.encode(loose)) == plain(loose) == loose.to_dict()
    assert json.loads(encode.encode({"a": value})) == plain({"a": value})


# Times.

MICRO = "2025-01-01T00:00:00.000000Z"


def test_a_datetime_in_a_field_of_micro_times_has_six_digits() -> None:
    lease = coordination_v1.Lease(spec=coordination_v1.LeaseSpec(renew_time=WHOLE))  # type: ignore[arg-type]
    for found in (lease.to_dict(), json.loads(encode.encode(lease))):
        assert found["spec"]["renewTime"] == MICRO
    mapping = {"spec": {"renewTime": WHOLE, "acquireTime": lease.spec.renew_time}}
    assert json.loads(encode.encode(mapping, coordination_v1.Lease))["spec"] == {
        "renewTime": MICRO,
        "acquireTime": MICRO,
    }
    event = {"eventTime": WHOLE, "series": {"lastObservedTime": WHOLE, "count": 1}}
    found = json.loads(encode.encode(event, events_v1.Event))
    assert (found["eventTime"], found["series"]["lastObservedTime"]) == (MICRO, MICRO)


def test_a_micro_time_in_a_field_of_times_is_written_as_a_time() -> None:
    pod = {"metadata": {"creationTimestamp": MicroTime.of(WHOLE)}}
    assert b'"2025-01-01T00:00:00Z"' in encode.encode(pod, core_v1.Pod)
    model = core_v1.Pod.zero().replace(metadata=meta_v1.ObjectMeta(creation_timestamp=MicroTime.of(WHOLE)))
    assert b'"2025-01-01T00:00:00Z"' in encode.encode(model)


def test_patches_write_times_by_the_types_of_fields() -> None:
    leases: Resource[Any, Any] = Resource(
        group="coordination.k8s.io", version="v1", plural="leases", namespaced=True, kind=coordination_v1.Lease
    )
    part = {"spec": {"renewTime": WHOLE}}
    for kind in ("merge", "strategic", "apply"):
        body = leases.patch("d", "a", part, (), type=kind).body or b""
        assert json.loads(body)["spec"]["renewTime"] == MICRO
    operations: list[dict[str, Any]] = [
        {"op": "replace", "path": "/spec/renewTime", "value": WHOLE},
        {"op": "test", "path": "/spec", "value": part["spec"]},
    ]
    body = leases.patch("d", "a", operations, (), type="json").body or b""
    assert [one["value"] for one in json.loads(body)] == [MICRO, {"renewTime": MICRO}]
    with pytest.raises(errors.EncodeError, match="/spec/renewTime"):
        leases.patch("d", "a", [{"op": "add", "path": "/spec/renewTime", "value": math.nan}], (), type="json")


TIMES = [
    "2024-01-01T00:00:00Z",
    "2024-01-01T00:00:00.5Z",
    "2024-01-01T00:00:00.500000Z",
    "2024-01-01T00:00:00.000000Z",
    "2024-01-01T00:00:00.123456789Z",
    "2024-06-30T23:59:59.9999999Z",
    "9999-12-31T23:59:59.9999999Z",
    "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00:00+12:00",
    "0000-01-01T00:00:00Z",
    "0000-02-29T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "2023-07-26T10:00:00,5Z",
    "2024-01-01t00:00:00z",
    "2024-01-01T00:00:00z",
    "2024-01-01 00:00:00Z",
    "2016-12-31T23:59:60Z",
    "2024-01-01T24:00:00Z",
    "2024-01-01T00:00:00+01:00",
    "2024-01-01T00:00:00+0100",
    "2024-01-01T00:00:00-00:00",
    "2024-01-01T00:00:00.25+05:30",
]


@pytest.mark.parametrize("text", TIMES)
def test_a_time_is_written_as_it_was_read(text: str) -> None:
    data = {"needed": text, "at": text, "times": [text], "byName": {"a": text}}
    for loose in (Loose.from_dict(data), decode.decode(json.dumps(data), Loose)):
        copies = [
            loose,
            copy.copy(loose),
            copy.deepcopy(loose),
            pickle.loads(pickle.dumps(loose)),
            loose.replace(count=1),
        ]  # nosec
        for one in copies:
            assert {**one.to_dict(), "count": 1} == {**data, "count": 1}
            assert {**json.loads(encode.encode(one)), "count": 1} == {**data, "count": 1}
            assert one.at == loose.at
        assert Loose.from_yaml(loose.to_yaml()).to_dict() == data
        assert loose.at is not None
        assert loose.at.utcoffset() is not None
        assert loose.at >= loose.times[0]


@pytest.mark.parametrize(
    "text",
    [
        "soon",
        "2024-02-30T00:00:00Z",
        "2024-13-01T00:00:00Z",
        "2024-01-01T00:60:00Z",
        "2024-01-01T25:00:00Z",
        "2024-01-01T24:00:01Z",
        "2024-01-01T00:00:61Z",
        "2024-01-01T00:00:00",
        "2024-01-01",
    ],
)
def test_an_invalid_time_is_refused_if_required_and_kept_if_optional(text: str) -> None:
    required: list[tuple[dict[str, Any], str]] = [
        ({"needed": text}, r"\$\.needed"),
        ({"needed": TIMES[0], "times": [text]}, r"\$\.times\[0\]"),
    ]
    for data, path in [*required, ({"needed": TIMES[0], "byName": {"a": text}}, r"\$\.byName\.a")]:
        with pytest.raises(errors.DecodeError, match=path):
            Loose.from_dict(data)
        with pytest.raises(errors.DecodeError, match=path):
            decode.decode(json.dumps(data), Loose)
    optional = {"needed": TIMES[0], "at": text, "exact": text}
    for loose in (Loose.from_dict(optional), decode.decode(json.dumps(optional), Loose)):
        assert loose.at is None
        assert loose.to_dict() == optional
        assert json.loads(encode.encode(loose)) == optional


@given(
    st.datetimes(timezones=st.just(datetime.UTC)),
    st.text("0123456789", max_size=12),
    st.sampled_from(["Z", "z", "+00:00", "-03:30"]),
)
def test_digits_beyond_microseconds_are_cut(value: datetime.datetime, digits: str, zone: str) -> None:
    text = f"{value:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + (f".{digits}" if digits else "") + zone
    found = decode.decode(json.dumps({"needed": text}), Loose)
    assert found.needed.microsecond == int(f"{digits:0<6}"[:6])
    assert found.needed.second == value.second
    assert found.to_dict() == {"needed": text}


def test_a_time_computed_from_a_read_time_does_not_keep_the_read_text() -> None:
    found = read_time("2024-01-01T00:00:00.5Z")
    assert isinstance(found, SourceTime)
    assert found.text == "2024-01-01T00:00:00.5Z"
    later = found + datetime.timedelta(seconds=1)
    assert Loose(needed=later).to_dict() == {"needed": "2024-01-01T00:00:01.500000Z"}
    assert Loose(needed=found.replace(microsecond=0)).to_dict() == {"needed": "2024-01-01T00:00:00Z"}
    assert hash(found) == hash(datetime.datetime(2024, 1, 1, microsecond=500000, tzinfo=datetime.UTC))
    assert sorted([later, found]) == [found, later]


def test_a_micro_time_that_python_lacks_is_refused() -> None:
    with pytest.raises(errors.DecodeError, match=r"\$\.exact"):
        Loose.from_dict({"needed": TIMES[0], "exact": "0000-01-01T00:00:00.000000Z"})


# Numbers.


@pytest.mark.parametrize(
    "number", ["3", "1.0", "9007199254740993", "-9223372036854775809", "18446744073709551616", "1" * 40]
)
def test_numbers_are_written_as_they_were_read(number: str) -> None:
    data = json.loads(f'{{"needed": "{TIMES[0]}", "number": {number}, "anything": [{number}]}}')
    for loose in (Loose.from_dict(data), decode.decode(json.dumps(data), Loose)):
        assert loose.to_dict() == data
        assert json.loads(encode.encode(loose)) == data


@pytest.mark.parametrize("count", ["1.5", '"3"', "true", "1e400", "1" * 5000])
def test_numbers_that_do_not_fit_are_refused(count: str) -> None:
    with pytest.raises(errors.DecodeError):
        decode.decode(f'{{"needed": "{TIMES[0]}", "count": {count}}}', Loose)


# Bytes.


def test_text_that_is_not_base64_is_refused_in_fields_of_bytes() -> None:
    cases: list[tuple[Any, Any, str]] = [
        (core_v1.Secret(data={"a": "plain"}), None, r"\$\.data\.a"),  # type: ignore[dict-item]
        ({"data": {"a": "plain"}}, core_v1.Secret, r"\$\.data\.a"),
        ({"binaryData": {"a": "not base64"}}, core_v1.ConfigMap, r"\$\.binaryData\.a"),
        ({"spec": {"request": "x"}}, certificates_v1.CertificateSigningRequest, r"\$\.spec\.request"),
        (Loose(needed=WHOLE, blob="abc"), None, r"\$\.blob"),  # type: ignore[arg-type]
    ]
    for value, kind, path in cases:
        with pytest.raises(errors.EncodeError, match=path + ".*base64"):
            encode.encode(value, kind or Any)
    with pytest.raises(errors.EncodeError, match=r"\$\.data\.a.*base64"):
        core_v1.Secret(data={"a": "plain"}).to_dict()  # type: ignore[dict-item]
    for good in (b"plain", "cGxhaW4=", Text("cGxhaW4="), bytearray(b"plain"), memoryview(b"plain")):
        assert b'"cGxhaW4="' in encode.encode({"data": {"a": good}}, core_v1.Secret)
        assert b'"cGxhaW4="' in encode.encode(core_v1.Secret(data={"a": good}))  # type: ignore[dict-item]


def test_bytes_in_a_field_of_text_are_refused() -> None:
    for value in (core_v1.ConfigMap(data={"a": b"x"}), {"data": {"a": b"x"}}):  # type: ignore[dict-item]
        with pytest.raises(errors.EncodeError, match=r"\$\.data\.a"):
            encode.encode(value, core_v1.ConfigMap)


class Blob(bytes):
    """Like `bytes_` of numpy."""


class Moment(Scalar):
    """Like `datetime64` and `timedelta64` of numpy, whose `item()` may return a number without its unit."""

    class dtype:  # noqa: N801 - as numpy calls it
        kind = "M"


CONTAINERS: list[tuple[str, Any, str]] = [
    ("image", b"x", "bytes"),
    ("image", bytearray(b"x"), "bytes"),
    ("args", ["a", b"x"], "bytes"),
    ("tty", b"x", "bytes"),
    ("image", datetime.datetime(2025, 1, 1), "offset"),
    ("args", [datetime.datetime(2025, 1, 1)], "offset"),
    ("image", decimal.Decimal("NaN"), "NaN"),
    ("image", Moment(5), "Moment"),
]


@pytest.mark.parametrize(("field", "value", "what"), CONTAINERS)
def test_a_model_and_a_mapping_refuse_the_same_values(field: str, value: Any, what: str) -> None:
    fields: dict[str, Any] = {"name": "c", field: value}
    model = core_v1.PodSpec(containers=[core_v1.Container(**fields)])
    path = rf"\$\.containers\[0\]\.{field}.*{what}"
    with pytest.raises(errors.EncodeError, match=path):
        encode.encode({"containers": [fields]}, core_v1.PodSpec)
    with pytest.raises(errors.EncodeError, match=path):
        encode.encode(model)
    with pytest.raises(errors.EncodeError, match=path):
        model.to_dict()


@pytest.mark.parametrize("key", [1, True, None, b"k", 1.5])
def test_keys_of_maps_that_are_not_text_are_refused(key: Any) -> None:
    for body in (
        core_v1.ConfigMap(data={key: "x"}),
        core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(labels={key: "x"})),
        core_v1.Secret(data={key: b"x"}),
        core_v1.Pod.zero().replace(spec=core_v1.PodSpec(containers=[], overhead={key: "1"})),
    ):
        with pytest.raises(errors.EncodeError, match="is not text"):
            encode.encode(body)


def test_a_decimal_in_a_field_of_a_model_is_a_number_or_text_as_the_field_is() -> None:
    count: Any = decimal.Decimal(3)
    assert Loose(needed=WHOLE, count=count, text=count).to_dict() == {
        "needed": "2025-01-01T00:00:00Z",
        "count": 3,
        "text": "3",
    }


def test_subclasses_of_bytes_are_bytes() -> None:
    assert encode.to_dict(core_v1.Secret(data={"k": Blob(b"hi")}))["data"] == {"k": "aGk="}
    assert encode.encode({"data": {"k": Blob(b"hi")}}, core_v1.Secret) == b'{"data":{"k":"aGk="}}'


def test_bytes_in_a_field_of_times_are_refused() -> None:
    value: Any = b"2025-01-01T00:00:00Z"
    for spec in ({"renewTime": value}, coordination_v1.LeaseSpec(renew_time=value)):
        with pytest.raises(errors.EncodeError, match=r"\$\.renewTime: bytes"):
            encode.encode(spec, coordination_v1.LeaseSpec)


def test_a_struct_that_is_not_a_model_is_encoded() -> None:
    class Plain(msgspec.Struct):
        a: int = 1

    assert encode.to_dict({"x": Plain()}) == {"x": {"a": 1}}
