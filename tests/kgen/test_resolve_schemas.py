from __future__ import annotations

from typing import Any

import pytest

from kgen.errors import Problems
from kgen.ir import (
    Api,
    Default,
    Empty,
    ListOf,
    MapOf,
    Model,
    ModelRef,
    ModelType,
    Null,
    Nullable,
    Scalar,
    Type,
    Unset,
    Zero,
)
from kgen.names import ClassName, Identifier
from kgen.package_names import PackageNames
from kgen.resolve import resolve
from tests.kgen.documents import META, document, reference, resolved, spec_of, written

SPEC = "com.example.v1.WidgetSpec"
OBJECT_META = ModelRef(Identifier("meta_v1"), ClassName("ObjectMeta"))


def model(api: Api, name: str) -> Model:
    return next(model for module in api.modules for model in module.models if model.name == name)


def spec_with(properties: dict[str, Any], required: list[str] | None = None, **more: Any) -> dict[str, Any]:
    return document(extra={SPEC: {"type": "object", "properties": properties, "required": required or []}, **more})


@pytest.mark.parametrize(
    ("schema", "annotation", "default"),
    [
        ({"type": "string"}, "str | None", "None"),
        ({"type": "string", "format": "byte"}, "bytes | None", "None"),
        ({"type": "string", "format": "date-time"}, "Time | None", "None"),
        ({"type": "integer", "format": "int64"}, "int | None", "None"),
        ({"type": "number"}, "int | float | None", "None"),
        ({"type": "boolean"}, "bool | None", "None"),
        ({"type": "array", "items": {"type": "string"}}, "list[str]", "[]"),
        ({"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}, "list[list[int]]", "[]"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "dict[str, int]", "{}"),
        ({"type": "object"}, "dict[str, JSON] | None", "None"),
        ({"type": "object", "x-kubernetes-preserve-unknown-fields": True}, "dict[str, JSON] | None", "None"),
        ({"type": "object", "additionalProperties": True}, "dict[str, JSON] | None", "None"),
        ({"x-kubernetes-int-or-string": True}, "IntOrString | None", "None"),
        ({}, "JSON | None", "None"),
        (reference(META + "ObjectMeta"), "meta_v1.ObjectMeta | None", "None"),
        ({"allOf": [reference(META + "ObjectMeta")]}, "meta_v1.ObjectMeta | None", "None"),
        (
            {"allOf": [reference(META + "ObjectMeta")], "default": {}},
            "meta_v1.ObjectMeta",
            "msgspec.field(default_factory=meta_v1.ObjectMeta)",
        ),
        ({"type": "array", "items": {"type": "string"}, "minItems": 1}, "list[str] | None", "None"),
        ({"type": "array", "items": {"type": "string"}, "nullable": True}, "list[str] | None", "None"),
        (
            {"type": "object", "additionalProperties": {"type": "string"}, "default": {"a": "b"}},
            "dict[str, str] | None",
            "None",
        ),
    ],
)
def test_a_property_has_the_exact_type(schema: dict[str, Any], annotation: str, default: str) -> None:
    field = written(resolved(spec_with({"value": schema})), "WidgetSpec")["value"]
    assert (field.annotation, field.default, field.required) == (annotation, default, False)


TEXT = {"type": "string"}
META_REFERENCE = reference(META + "ObjectMeta")


@pytest.mark.parametrize(
    ("schema", "type_", "default"),
    [
        (TEXT, Scalar("str"), Null()),
        ({"type": "number"}, Scalar("number"), Null()),
        ({"type": "array", "items": TEXT}, ListOf(Scalar("str")), Empty()),
        ({"type": "array", "items": {**TEXT, "nullable": True}}, ListOf(Nullable(Scalar("str"))), Empty()),
        ({"type": "object", "additionalProperties": TEXT}, MapOf(Scalar("str")), Empty()),
        ({"type": "object"}, MapOf(Scalar("JSON")), Null()),
        (META_REFERENCE, ModelType(OBJECT_META), Null()),
        ({"allOf": [META_REFERENCE], "default": {}}, ModelType(OBJECT_META), Zero()),
        ({**TEXT, "nullable": True, "default": "a"}, Scalar("str"), Unset()),
        (reference("missing"), Scalar("JSON"), Null()),
    ],
)
def test_types_and_defaults_are_values(schema: dict[str, Any], type_: Type, default: Default) -> None:
    api = resolved(spec_with({"value": schema}), problems=Problems())
    (field,) = model(api, "WidgetSpec").fields
    assert (field.type, field.default) == (type_, default)


def test_a_required_field_has_no_default() -> None:
    made = written(
        resolved(
            spec_with({"value": {"type": "array", "items": {}}, "hostIP": {"type": "string"}}, ["value", "hostIP"])
        ),
        "WidgetSpec",
    )
    assert (made["value"].annotation, made["value"].default, made["value"].required) == ("list[JSON]", None, True)
    assert (made["hostIP"].default, made["hostIP"].required) == ('msgspec.field(name="hostIP")', True)


def test_an_irregular_wire_name_is_spelled_out() -> None:
    made = written(
        resolved(
            spec_with(
                {"hostIP": {"type": "string"}, "envFrom": {"type": "array", "items": {}}, "from": {"type": "string"}}
            )
        ),
        "WidgetSpec",
    )
    assert made["hostIP"].default == 'msgspec.field(default=None, name="hostIP")'
    assert made["envFrom"].default == "[]"
    assert made["from"].default == 'msgspec.field(default=None, name="from")'


def test_a_kind_has_constant_api_version_and_kind_first() -> None:
    made = written(resolved(document()), "Widget")
    assert (made["apiVersion"].annotation, made["apiVersion"].default) == (
        'Literal["example.com/v1"]',
        'always("example.com/v1")',
    )
    assert (made["kind"].annotation, made["kind"].default) == ('Literal["Widget"]', 'always("Widget")')
    assert [field.name for field in model(resolved(document()), "Widget").fields][:2] == ["api_version", "kind"]


def test_a_struct_with_an_empty_default_has_its_zero_value_as_default() -> None:
    made = written(resolved(spec_with({"size": {"type": "integer"}}, ["size"])), "Widget")["spec"]
    assert (made.annotation, made.default) == ("WidgetSpec", "msgspec.field(default_factory=lambda: WidgetSpec.zero())")


def test_recursive_structs_are_optional() -> None:
    inner = {"allOf": [reference(SPEC)], "default": {}}
    made = written(resolved(spec_with({"inner": inner})), "WidgetSpec")["inner"]
    assert (made.annotation, made.default) == ("WidgetSpec | None", "None")


def test_an_inline_object_is_named_after_its_path() -> None:
    rule = {
        "type": "object",
        "properties": {
            "matches": {"type": "array", "items": {"type": "object", "properties": {"path": {"type": "string"}}}}
        },
    }
    api = resolved(spec_with({"rules": {"type": "array", "items": rule}}))
    assert written(api, "WidgetSpec")["rules"].annotation == "list[WidgetSpecRule]"
    assert written(api, "WidgetSpecRule")["matches"].annotation == "list[WidgetSpecRuleMatch]"
    assert written(api, "WidgetSpecRuleMatch")["path"].annotation == "str | None"


def test_enum_values_become_constants_next_to_the_model() -> None:
    api = resolved(spec_with({"pullPolicy": {"type": "string", "enum": ["Always", "IfNotPresent", "", "Always"]}}))
    (constants,) = model(api, "WidgetSpec").constants
    assert constants.name == "WidgetSpecPullPolicy"
    assert [(member.name, member.value) for member in constants.members] == [
        ("ALWAYS", "Always"),
        ("IF_NOT_PRESENT", "IfNotPresent"),
        ("EMPTY", ""),
    ]
    assert written(api, "WidgetSpec")["pullPolicy"].annotation == "str | None"


def test_a_field_called_like_a_builtin_type_keeps_its_name() -> None:
    made = written(
        resolved(spec_with({"int": {"type": "integer"}, "names": {"type": "array", "items": {"type": "string"}}})),
        "WidgetSpec",
    )
    assert made["int"].name == "int"
    assert made["int"].annotation == "builtins.int | None"
    assert made["names"].annotation == "builtins.list[builtins.str]"


@pytest.mark.parametrize(
    "odd",
    [
        None,
        5,
        "text",
        [],
        {"type": 5},
        {"type": ["string", "null"]},
        {"type": "banana"},
        {"$ref": "#/components/schemas/missing.Thing"},
    ],
    ids=str,
)
def test_an_invalid_schema_of_one_field_becomes_json_with_a_warning(odd: object) -> None:
    problems = Problems()
    made = written(resolved(spec_with({"odd": odd, "good": {"type": "string"}}), problems=problems), "WidgetSpec")
    assert made["odd"].annotation == "JSON | None"
    assert made["good"].annotation == "str | None"
    assert not problems.errors
    assert "WidgetSpec/properties/odd" in problems.warnings[0].where


def test_a_property_that_msgspec_cannot_name_leaves_its_object_a_map() -> None:
    problems = Problems()
    api = resolved(spec_with({'a"b': {"type": "string"}}), problems=problems)
    assert written(api, "Widget")["spec"].annotation == "dict[str, JSON] | None"
    assert not problems.errors
    assert "WidgetSpec" in problems.warnings[0].where


@pytest.mark.parametrize(
    ("wire_names", "attributes"),
    [
        (("proxyURL", "proxyUrl"), ("proxyURL", "proxy_url")),
        (("hostIP", "host_ip"), ("hostIP", "host_ip")),
        (("Foo", "foo"), ("field_Foo", "foo")),
        (("a-b", "a.b", "aB"), ("a_dash_b", "a_dot_b", "a_b")),
        (("from", "From"), ("from_", "field_From")),
    ],
)
def test_the_most_regular_of_equally_named_properties_gets_the_name(
    wire_names: tuple[str, ...], attributes: tuple[str, ...]
) -> None:
    made = written(resolved(spec_with({name: {"type": "string"} for name in wire_names})), "WidgetSpec")
    assert tuple(str(made[name].name) for name in wire_names) == attributes


def test_a_custom_name_distinguishes_two_properties() -> None:
    hand = {"example_v1.WidgetSpec.host_ip": "other_ip"}
    made = written(
        resolved(spec_with({"hostIP": {"type": "string"}, "host_ip": {"type": "string"}}), hand=hand), "WidgetSpec"
    )
    assert (made["hostIP"].name, made["host_ip"].name) == ("host_ip", "other_ip")


def test_two_schemas_with_one_name_are_an_error_that_names_both() -> None:
    problems = Problems()
    extra = {"type": "object", "properties": {"a": {"type": "string"}}}
    raw = document(
        extra={
            "com.example.v1.Foo-Bar": extra,
            "com.example.v1.FooBar": extra,
            SPEC: {
                "type": "object",
                "properties": {"a": reference("com.example.v1.Foo-Bar"), "b": reference("com.example.v1.FooBar")},
            },
        }
    )
    resolved(raw, problems=problems)
    assert any("com.example.v1.Foo-Bar and com.example.v1.FooBar" in error.what for error in problems.errors)


TWINS = ("monitoring.one.io", "monitoring.two.io")


@pytest.mark.parametrize(
    ("kept", "accessors"),
    [
        ({}, ["monitoring_one_io_v1", "monitoring_two_io_v1"]),
        ({TWINS[0]: "monitoring"}, ["monitoring_two_io_v1", "monitoring_v1"]),
        ({TWINS[1]: "monitoring"}, ["monitoring_one_io_v1", "monitoring_v1"]),
        ({TWINS[0]: "monitoring_one_io"}, ["monitoring_one_io_v1", "monitoring_two_io_v1"]),
        ({TWINS[0]: "by_hand_once"}, ["monitoring_one_io_v1", "monitoring_two_io_v1"]),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_groups_with_the_same_first_label_keep_their_existing_names(
    kept: dict[str, str], accessors: list[str], order: int
) -> None:
    documents = [document(group=group) for group in TWINS][::order]
    spec = spec_of(*documents, names=tuple(f"apis/{group}/v1" for group in TWINS)[::order])
    problems = Problems()
    api = resolve(spec, {}, problems, existing=PackageNames(kept))
    assert [str(group.accessor) for group in api.groups] == accessors
    said = [warning.hint for warning in problems.warnings]
    assert bool(said) == (not set(kept.values()) & {"monitoring", "monitoring_one_io"})
    assert all('"monitoring.two.io/v1" = "monitoring_two_io_v1"' in hint for hint in said)
    assert not problems.errors


def test_a_custom_group_name_leaves_the_short_name_for_the_other_group() -> None:
    names = [f"apis/{group}/v1" for group in TWINS]
    hand = {"monitoring.two.io/v1": "monitoring_two_v1"}
    api = resolved(*(document(group=group) for group in TWINS), names=names, hand=hand)
    assert [str(group.accessor) for group in api.groups] == ["monitoring_two_v1", "monitoring_v1"]


def test_the_error_for_groups_with_equal_names_suggests_a_setting() -> None:
    problems = Problems()
    groups = ("one.a-b.io", "one.a.b.io")
    resolved(
        *(document(group=group) for group in groups), names=[f"apis/{group}/v1" for group in groups], problems=problems
    )
    hints = [error.hint for error in problems.errors]
    assert 'name one of them in [tool.kgen.names]: "one.a.b.io/v1" = "other_one_a_b_io_v1"' in hints


@pytest.mark.parametrize("count", [1, 2])
def test_the_name_of_a_group_does_not_depend_on_other_groups(count: int) -> None:
    documents = [document(group="networking.istio.io"), document(group="networking.k8s.io")][:count]
    names = ("apis/networking.istio.io/v1", "apis/networking.k8s.io/v1")[:count]
    api = resolved(*documents, names=names)
    assert "networking_istio_io_v1" in [group.accessor for group in api.groups]
