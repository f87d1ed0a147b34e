"""Models of CRDs: every form of a schema has its type, and objects round-trip."""

from __future__ import annotations

import json
import sys
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgen.errors import Problems
from kubecore.codec import decode
from tests.kgen.crd_schemas import INT_OR_STRING, OPEN, SCHEMA, SPEC, STRING, enum, fields, obj, spec_fields
from tests.kgen.documents import generated
from tests.kgen.manifests import change, manifest, of


@pytest.mark.parametrize(
    ("schema", "annotation", "default"),
    [
        (STRING, "str | None", "None"),
        ({"type": "integer", "format": "int64", "default": 3}, "int | None", "None"),
        ({"type": "number"}, "int | float | None", "None"),
        (INT_OR_STRING, "IntOrString | None", "None"),
        ({"anyOf": [{"type": "integer"}, STRING], **INT_OR_STRING}, "IntOrString | None", "None"),
        (OPEN, "JSON | None", "None"),
        ({}, "JSON | None", "None"),
        ({"enum": [1, "a", None]}, "JSON | None", "None"),
        ({"type": "object", **OPEN}, "dict[str, JSON] | None", "None"),
        ({**obj(known=STRING), **OPEN}, "WidgetSpecValue | None", "None"),
        (
            {**obj(known=STRING), **OPEN, "default": {}},
            "WidgetSpecValue",
            "msgspec.field(default_factory=lambda: WidgetSpecValue())",
        ),
        ({**obj(known=STRING), "additionalProperties": True}, "WidgetSpecValue | None", "None"),
        ({"type": "array", "items": {**obj(known=STRING), **OPEN}}, "list[WidgetSpecValue]", "[]"),
        ({"type": "object", "additionalProperties": {**obj(a=STRING), **OPEN}}, "dict[str, WidgetSpecValue]", "{}"),
        ({**obj(known=STRING), **OPEN, "x-kubernetes-embedded-resource": True}, "WidgetSpecValue | None", "None"),
        ({"type": "object"}, "WidgetSpecValue | None", "None"),
        ({"type": "object", "properties": {}}, "WidgetSpecValue | None", "None"),
        ({"type": "array", "items": {"type": "object"}}, "list[WidgetSpecValue]", "[]"),
        ({"type": "object", "additionalProperties": True}, "dict[str, JSON] | None", "None"),
        ({"type": "object", "x-kubernetes-embedded-resource": True, **OPEN}, "dict[str, JSON] | None", "None"),
        ({"type": "object", "additionalProperties": True}, "dict[str, JSON] | None", "None"),
        ({"type": "object", "additionalProperties": False}, "dict[str, JSON] | None", "None"),
        ({"type": "object", "additionalProperties": {}}, "dict[str, JSON] | None", "None"),
        ({"type": "object", "additionalProperties": STRING}, "dict[str, str]", "{}"),
        ({"type": "object", "additionalProperties": {**STRING, "nullable": True}}, "dict[str, str | None]", "{}"),
        ({"type": "object", "additionalProperties": INT_OR_STRING}, "dict[str, IntOrString]", "{}"),
        ({"type": "array", "items": {"type": "array", "items": STRING}}, "list[list[str]]", "[]"),
        ({"type": "array", "items": {**STRING, "nullable": True}}, "list[str | None]", "[]"),
        ({"type": "array", "items": STRING, "default": []}, "list[str] | None", "None"),
        ({"type": "array", "items": STRING, "nullable": True}, "list[str] | None", "None"),
        ({**STRING, "nullable": True}, "str | None", "None"),
        ({**OPEN, "nullable": True, "default": 1}, "JSON | None | msgspec.UnsetType", "msgspec.UNSET"),
        ({**STRING, "nullable": True, "default": "a"}, "str | None | msgspec.UnsetType", "msgspec.UNSET"),
        (
            {"type": "array", "items": STRING, "nullable": True, "default": ["a"]},
            "list[str] | None | msgspec.UnsetType",
            "msgspec.UNSET",
        ),
        ({"type": "array", "items": STRING, "minItems": 1}, "list[str] | None", "None"),
        ({"type": "object", "additionalProperties": STRING, "minProperties": 1}, "dict[str, str] | None", "None"),
        ({"type": "array"}, "list[JSON]", "[]"),
        ({"type": "string", "format": "date-time"}, "Time | None", "None"),
        ({"type": "string", "format": "byte"}, "bytes | None", "None"),
        ({"type": "string", "format": "date"}, "str | None", "None"),
        (obj(a=STRING), "WidgetSpecValue | None", "None"),
        ({"properties": {"a": STRING}}, "WidgetSpecValue | None", "None"),
        (
            {**obj(a=STRING), "default": {}},
            "WidgetSpecValue",
            "msgspec.field(default_factory=lambda: WidgetSpecValue())",
        ),
        ({**obj(a=STRING), "default": {}, "required": ["a"]}, "WidgetSpecValue | None", "None"),
        ({"type": "array", "items": {"type": "array", "items": obj(a=STRING)}}, "list[list[WidgetSpecValue]]", "[]"),
        (
            {
                **obj(a=STRING, b=STRING),
                "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
                "not": {"required": ["c"]},
            },
            "WidgetSpecValue | None",
            "None",
        ),
    ],
    ids=str,
)
def test_every_form_of_a_schema_has_its_type(schema: dict[str, Any], annotation: str, default: str) -> None:
    made = spec_fields({"value": schema})["value"]
    assert (made.annotation, made.default) == (annotation, default)


@pytest.mark.parametrize(
    "said",
    [
        {"minProperties": 1},
        {"oneOf": [{"required": ["items"]}, {"required": ["other"]}]},
        {"anyOf": [{"properties": {"other": {"maxLength": 1}}, "required": ["items"]}]},
        {"allOf": [{"not": {"required": ["items"]}}, {"anyOf": "odd"}]},
        {"not": {"oneOf": [{"required": ["items", 1]}]}},
        {"allOf": [{"anyOf": [{"minProperties": 1}]}]},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "held", [{"type": "array", "items": STRING}, {"type": "object", "additionalProperties": STRING}], ids=str
)
def test_a_list_or_map_is_optional_if_the_schema_depends_on_its_presence(held: Any, said: Any) -> None:
    raw = change(manifest(), f"{SCHEMA}/properties/spec", {**obj(items=held, other=STRING), **said})
    raw = change(raw, f"{SCHEMA}/properties/status", obj(items=held, other=STRING))
    api = of(raw)
    spec, status = fields(api, "WidgetSpec"), fields(api, "WidgetStatus")
    assert (str(spec["items"].annotation)[-7:], spec["items"].default) == (" | None", "None")
    assert status["items"].default in ("[]", "{}")


@pytest.mark.parametrize("said", [{"minProperties": 1}, {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}], ids=str)
def test_a_null_that_an_object_counts_is_kept(said: Any) -> None:
    null = {"nullable": True}
    made = spec_fields({"a": {**STRING, **null}, "b": {"type": "array", "items": STRING, **null}, "c": STRING}, **said)
    assert [str(made[name].default) for name in "abc"] == ["msgspec.UNSET", "msgspec.UNSET", "None"]
    assert made["a"].annotation == "str | None | msgspec.UnsetType"


def test_properties_that_differ_only_in_case_or_dashes_get_different_names() -> None:
    made = spec_fields(dict.fromkeys(("xY", "x_y", "XY", "x-y"), STRING))
    names = {wire_name: str(field.name) for wire_name, field in made.items()}
    assert names == {"xY": "x_y", "x_y": "x_y_", "XY": "xy", "x-y": "x_dash_y"}


def test_a_required_nullable_property_is_required_and_accepts_none() -> None:
    made = spec_fields({"a": {**STRING, "nullable": True}, "b": STRING}, required=["a", "b"])
    assert (made["a"].annotation, made["a"].required) == ("str | None", True)
    assert (made["b"].annotation, made["b"].required) == ("str", True)


def test_metadata_is_never_none_and_fields_next_to_spec_are_generated() -> None:
    raw = change(manifest(), f"{SCHEMA}/properties/operation", obj(retry=STRING))
    made = fields(of(raw), "Widget")
    assert made["metadata"].annotation == "meta_v1.ObjectMeta"
    assert made["operation"].annotation == "WidgetOperation | None"


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(SPEC)
def test_a_package_of_any_schema_matches_its_plan_and_compiles(properties: dict[str, Any]) -> None:
    api = of(manifest(properties))
    for path, source in generated(api, quickly=True).items():
        compile(source, path, "exec", dont_inherit=True)


def test_a_kind_that_preserves_unknown_fields_is_an_open_model() -> None:
    api = of(change(manifest(), f"{SCHEMA}/x-kubernetes-preserve-unknown-fields", True))
    files = generated(api, quickly=True)
    assert "class Widget(OpenModel, kw_only=True):" in files["made/models/example_v1.py"]
    assert "class WidgetSpec(CustomModel, kw_only=True):" in files["made/models/example_v1.py"]


def test_an_object_with_properties_that_preserves_unknown_fields_is_an_open_model() -> None:
    inner = {**obj(mode=enum("On")), **OPEN}
    api = of(manifest({"one": {"type": "array", "items": inner}, "closed": obj(inner=inner, mode=enum("On"))}))
    source = generated(api, quickly=True)["made/models/example_v1.py"]
    assert "class WidgetSpecOne(OpenModel, kw_only=True):" in source
    assert "WidgetSpecClosedInner = WidgetSpecOne\n" in source
    assert "class WidgetSpecClosed(CustomModel, kw_only=True):" in source
    assert 'ON: Final = "On"' in source


def test_open_objects_are_not_equal_to_others() -> None:
    kept = {**obj(a=STRING), **OPEN}
    things = {
        "closed": obj(a=STRING),
        "open": kept,
        "in_closed": obj(value=obj(a=STRING)),
        "in_open": obj(value=kept),
        "with_nothing": obj(value={"type": "object"}),
        "with_anything": obj(value={"type": "object", **OPEN}),
        "with_kind": obj(value={"type": "object", "x-kubernetes-embedded-resource": True, **OPEN}),
    }
    made = spec_fields(things)
    (module,) = (m for m in of(manifest(things)).modules if m.name == "example_v1")
    assert len({made[name].annotation for name in things}) == len(things)
    assert {alias.name for alias in module.aliases} == {"WidgetSpecInClosedValue", "WidgetSpecInOpenValue"}


def test_an_open_object_with_the_fields_of_a_type_of_kubernetes_is_a_class() -> None:
    selector = {**obj(name=STRING, key=STRING, optional={"type": "boolean"}), "required": ["key"]}
    assert spec_fields({"secretKeyRef": selector})["secretKeyRef"].annotation == "core_v1.SecretKeySelector | None"
    for more in (OPEN, {"additionalProperties": True}):
        made = spec_fields({"secretKeyRef": {**selector, **more}})["secretKeyRef"]
        assert made.annotation == "WidgetSpecSecretKeyRef | None"


def test_an_object_without_properties_is_a_class_that_keeps_all_fields() -> None:
    nothing = {"type": "object"}
    api = of(manifest({"marker": nothing, "template": obj(metadata=nothing)}))
    assert (
        "class WidgetSpecMarker(OpenModel, kw_only=True):" in generated(api, quickly=True)["made/models/example_v1.py"]
    )
    assert fields(api, "WidgetSpecTemplate")["metadata"].annotation == "dict[str, JSON] | None"
    # An object that keeps unknown fields does not keep those of an object in it that has a schema.
    top = {"properties": {"spec": nothing}, "type": "object", **OPEN}
    assert fields(of(change(manifest(), SCHEMA, top)), "Widget")["spec"].annotation == "WidgetSpec | None"
    assert spec_fields({"marker": nothing}, **OPEN)["marker"].annotation == "WidgetSpecMarker | None"


def test_rules_of_a_crd_are_in_the_docstrings() -> None:
    rules = [{"rule": "self > 1", "message": "must be more\nthan one"}, {"rule": "self != 7"}, {"message": 5}, "odd"]
    made = spec_fields({"size": {"type": "integer", "description": "How many.", "x-kubernetes-validations": rules}})
    assert made["size"].field.doc == "How many.\n\nThe server holds it to:\n- must be more than one\n- self != 7"


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for objects that a schema allows. Lists and maps are never empty."""
    if schema.get("x-kubernetes-int-or-string"):
        return st.integers(0, 9) | st.sampled_from(["a", "80%"])
    is_open = schema.get("x-kubernetes-preserve-unknown-fields")
    if is_open and "properties" not in schema:
        return st.sampled_from([1, "a", [None, {"b": True}], {"c": {"d": 1.5}}])
    if "properties" in schema:
        parts = {key: values(value) for key, value in schema["properties"].items()}
        if is_open:
            parts |= {key: st.sampled_from(["", {"e": 1.5}, [{"f": "g"}]]) for key in ("other", "$otherFields")}
        return st.fixed_dictionaries({}, optional=parts)
    match schema["type"]:
        case "array":
            return st.lists(values(schema["items"]), min_size=1, max_size=2)
        case "object":
            one = values(schema["additionalProperties"])
            return st.dictionaries(st.sampled_from(["k", "x-y"]), one, min_size=1, max_size=2)
        case "integer":
            return st.integers(-(2**31), 2**31)
        case _:
            return st.sampled_from(schema.get("enum", ["", "text", "ü"]))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.data(), SPEC)
def test_objects_that_a_schema_allows_round_trip_unchanged(data: st.DataObject, properties: dict[str, Any]) -> None:
    source = generated(of(manifest(properties)), quickly=True)["made/models/example_v1.py"]
    module = sys.modules["made_for_a_round_trip"] = ModuleType("made_for_a_round_trip")
    exec(compile(source, "example_v1.py", "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    for _ in range(3):
        spec = data.draw(values(obj(**properties)))
        written = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}, "spec": spec}
        found = decode.decode(json.dumps(written).encode(), module.Widget)
        assert found.to_dict() == written
        assert json.loads(decode.encode(found)) == written


@pytest.mark.parametrize(
    ("schema", "annotation", "default"),
    [
        ({"type": "integer", "default": 3}, "int | None", "None"),
        ({"type": "integer", "default": 0}, "int | None", "None"),
        ({**STRING, "default": ""}, "str | None", "None"),
        ({"type": "boolean", "default": False}, "bool | None", "None"),
        ({"type": "array", "items": STRING, "default": []}, "list[str] | None", "None"),
        ({**OPEN, "default": {"a": 1}}, "JSON | None", "None"),
        ({**STRING, "nullable": True, "default": "a"}, "str | None | msgspec.UnsetType", "msgspec.UNSET"),
        ({**obj(a=STRING), "default": {"a": "b"}}, "WidgetSpecValue | None", "None"),
        ({**STRING, "nullable": True}, "str | None", None),
        ({**STRING, "default": None}, "str", None),
        (STRING, "str", None),
    ],
    ids=str,
)
def test_a_required_property_with_a_default_is_optional(
    schema: dict[str, Any], annotation: str, default: str | None
) -> None:
    made = spec_fields({"value": schema}, required=["value"])["value"]
    assert (made.annotation, made.default, made.required) == (annotation, default, default is None)


def test_a_required_top_level_property_with_a_default_is_optional() -> None:
    raw = change(manifest(), f"{SCHEMA}/properties/size", {"type": "integer", "default": 0})
    api = of(change(raw, f"{SCHEMA}/required", ["size", "spec"]))
    (kind,) = (one for module in api.modules for one in module.models if one.name == "Widget")
    found = {field.wire_name: field.required for field in kind.fields}
    assert (found["size"], found["spec"]) == (False, True)


def test_a_property_that_no_field_can_name_is_kept_in_other_fields() -> None:
    problems = Problems()
    api = of(change(manifest(), f'{SCHEMA}/properties/a"b', STRING), problems=problems)
    (kind,) = (one for module in api.modules for one in module.models if one.name == "Widget")
    assert kind.is_open
    assert any("other_fields" in str(warning) for warning in problems.warnings)
