"""Models of CRDs: stable names, types of Kubernetes, equal objects, and every form of a schema."""

from __future__ import annotations

import copy
import json
import sys
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgen.errors import Problems
from kgen.ir import Api
from kgen.load import load
from kgen.plan import plan
from kgen.plan.contexts import ModelsContext
from kgen.resolve import Builtins, resolve
from kubecore.codec import decode
from tests.kgen.documents import WrittenField, generated, laid_out, written
from tests.kgen.manifests import SPECS, kubernetes, of
from tests.kgen.test_crds import CRDS, change, manifest

STRING = {"type": "string"}
SCHEMA = "spec/versions/0/schema/openAPIV3Schema"


def spec_fields(properties: dict[str, Any], **more: Any) -> dict[str, WrittenField]:
    """Return the fields of a widget's spec by wire name."""
    raw = change(
        manifest(properties), f"{SCHEMA}/properties/spec", {"type": "object", "properties": properties, **more}
    )
    return fields(of(raw), "WidgetSpec")


def fields(api: Api, name: str, module: str = "example_v1") -> dict[str, WrittenField]:
    return written(api, name, module)


def names(api: Api) -> set[str]:
    """Return the names of all models and constants, with their aliases."""
    found = {f"{module.name}.{model.name}" for module in api.modules for model in module.models}
    found |= {f"{module.name}.{group.name}" for module in api.modules for m in module.models for group in m.constants}
    return found | {f"{module.name}.{alias.name}" for module in api.modules for alias in module.aliases}


def obj(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


INT_OR_STRING = {"x-kubernetes-int-or-string": True}
OPEN = {"x-kubernetes-preserve-unknown-fields": True}


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
        ({**obj(known=STRING), **OPEN}, "dict[str, JSON] | None", "None"),
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


def test_names_that_differ_in_case_or_a_dash_alone_are_all_there() -> None:
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


POD = json.loads((SPECS / "api__v1.json").read_text())["components"]["schemas"]


def in_place(name: str, *, words: bool = True, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the inline schema of a Kubernetes type as controller-gen writes it, without the `leave_out` properties."""
    raw = copy.deepcopy(POD[name])
    raw.pop("x-kubernetes-group-version-kind", None)
    return _in_place(raw, words, leave_out)


def _in_place(raw: dict[str, Any], words: bool, leave_out: tuple[str, ...]) -> dict[str, Any]:
    raw = {**raw, **raw.pop("allOf", [{}])[0]}
    target = raw.get("$ref", "").rpartition("/")[2]
    if target.endswith((".Quantity", ".IntOrString")):
        return INT_OR_STRING
    if target.endswith(".Time"):
        return {"type": "string", "format": "date-time"}
    if target.endswith(".ObjectMeta"):
        return {"type": "object"}
    if target:
        return in_place(target, words=words, leave_out=leave_out)
    made: dict[str, Any] = {key: raw[key] for key in ("type", "format", "required", "enum") if key in raw}
    if words and "description" in raw:
        made["description"] = raw["description"].replace(". ", ".\n", 1)
    if "properties" in raw:
        kept = {key: value for key, value in raw["properties"].items() if key not in leave_out}
        made["properties"] = {key: _in_place(value, words, leave_out) for key, value in kept.items()}
    for key in ("items", "additionalProperties"):
        if key in raw:
            made[key] = _in_place(raw[key], words, leave_out)
    return made


CORE = "io.k8s.api.core.v1."
NEWER = (
    "hostUsers",
    "resourceClaims",
    "schedulingGates",
    "resizePolicy",
    "matchLabelKeys",
    "mismatchLabelKeys",
    "claims",
)


@pytest.mark.parametrize("words", [True, False], ids=["described", "stripped"])
@pytest.mark.parametrize("leave_out", [(), NEWER], ids=["whole", "older"])
@pytest.mark.parametrize(
    "name",
    ["PodTemplateSpec", "PodSpec", "Container", "Affinity", "ResourceRequirements", "Volume", "Toleration"],
)
def test_a_type_of_kubernetes_written_in_place_is_that_type(name: str, leave_out: tuple[str, ...], words: bool) -> None:
    made = spec_fields({"value": in_place(CORE + name, words=words, leave_out=leave_out)})
    assert made["value"].annotation == f"core_v1.{name} | None"


def test_equal_looking_types_are_distinguished_by_description_or_property_name() -> None:
    secret, config_map = in_place(CORE + "SecretKeySelector"), in_place(CORE + "ConfigMapKeySelector")
    made = spec_fields({"a": secret, "b": config_map})
    assert made["a"].annotation == "core_v1.SecretKeySelector | None"
    assert made["b"].annotation == "core_v1.ConfigMapKeySelector | None"
    bare = in_place(CORE + "SecretKeySelector", words=False)
    made = spec_fields({"configMapKeyRef": bare, "secretKeyRef": bare, "password": bare})
    assert made["configMapKeyRef"].annotation == "core_v1.ConfigMapKeySelector | None"
    assert made["secretKeyRef"].annotation == "core_v1.SecretKeySelector | None"
    assert made["password"].annotation == "core_v1.SecretKeySelector | None"


@pytest.mark.parametrize(
    "schema",
    [
        obj(name=STRING),  # Too little to identify a type.
        {**obj(name=STRING, value=STRING), "required": ["name", "value"]},
        obj(annotations={"type": "object", "additionalProperties": STRING}, name=STRING),
        {**obj(key=STRING, name=STRING, optional={"type": "boolean"}), "required": ["name"]},  # `required` differs.
        obj(key=STRING, name=STRING, optional=STRING),  # A property has another type.
        {**in_place(CORE + "PodSpec"), "properties": {"nodeName": STRING, "containers": STRING}},  # Few properties.
        obj(**{**in_place(CORE + "Toleration")["properties"], "mine": STRING}),  # One more property.
        {**in_place(CORE + "Toleration"), **OPEN},
    ],
    ids=str,
)
def test_a_schema_that_only_resembles_a_type_of_kubernetes_gets_a_separate_class(schema: dict[str, Any]) -> None:
    assert "core_v1" not in spec_fields({"value": schema})["value"].annotation


def test_equal_objects_of_a_group_share_a_class_and_keep_their_names() -> None:
    api = resolve(load(CRDS / "gauges.yaml"), {}, Problems(), Builtins("kubeclient", kubernetes()))
    v1, v1alpha1 = (module for module in api.modules if module.name.startswith("metrics_"))
    aliases = {str(alias.name): str(alias.target) for alias in v1.aliases}
    own = {name: target for name, target in aliases.items() if target.startswith("metrics_v1.")}
    assert own == {
        "GaugeSpecFallbackAuth": "metrics_v1.GaugeClassAuth",
        "GaugeSpecTarget": "metrics_v1.GaugeSpecFallback",
        "GaugeSpecTargetAuth": "metrics_v1.GaugeClassAuth",
    }
    assert {name: target for name, target in aliases.items() if name not in own} == {
        "GaugeClassAuthPassword": "core_v1.SecretKeySelector",
        "GaugeSpecFallbackAuthPassword": "core_v1.SecretKeySelector",
        "GaugeSpecResources": "core_v1.ResourceRequirements",
        "GaugeSpecSelector": "meta_v1.LabelSelector",
        "GaugeSpecTargetAuthPassword": "core_v1.SecretKeySelector",
        "GaugeStatusCondition": "meta_v1.Condition",
    }
    assert {str(alias.name): str(alias.target) for alias in v1alpha1.aliases} == {
        "GaugeSpecAuth": "metrics_v1.GaugeClassAuth",
        "GaugeSpecAuthPassword": "core_v1.SecretKeySelector",
        "GaugeSpecSelector": "meta_v1.LabelSelector",
    }
    planned = {file.path: file.context for file in plan(api, laid_out(api), "made", "specs")}
    contexts = [planned[f"made/models/{module.name}.py"] for module in (v1, v1alpha1)]
    assert [context.modules for context in contexts if isinstance(context, ModelsContext)] == [(), ("metrics_v1",)]
    assert isinstance(contexts[0], ModelsContext)
    assert contexts[0].builtin_modules == ("core_v1", "meta_v1")
    assert fields(api, "GaugeSpec", "metrics_v1")["target"].annotation == "GaugeSpecTarget"


def test_adding_an_equal_object_at_a_shorter_path_keeps_all_names() -> None:
    auth = obj(password=obj(secret=STRING), user=STRING)
    before = names(of(manifest({"deep": obj(auth=auth), "other": obj(auth=auth, more=STRING)})))
    assert "example_v1.WidgetSpecOtherAuthPassword" in before
    after = names(of(manifest({"auth": auth, "deep": obj(auth=auth), "other": obj(auth=auth, more=STRING)})))
    assert before <= after


def test_paths_that_read_the_same_have_a_seam() -> None:
    made = of(
        manifest(
            {"fooBar": obj(a=STRING), "foo": obj(bar=obj(b=STRING)), "rule": obj(c=STRING), "rules": obj(d=STRING)}
        )
    )
    assert {"example_v1.WidgetSpecFooBar", "example_v1.WidgetSpecFoo_Bar"} <= names(made)
    rules = of(manifest({"rule": obj(c=STRING), "rules": {"type": "array", "items": obj(d=STRING)}}))
    assert fields(rules, "WidgetSpecRule").keys() == {"c"}
    assert fields(rules, "WidgetSpec_Rule").keys() == {"d"}


def enum(*values: str) -> dict[str, Any]:
    return {**STRING, "enum": list(values)}


def constants(api: Api, name: str, module: str = "example_v1") -> dict[str, str]:
    """Return the constants of a name or of an alias."""
    aliases = {f"{made.name}.{alias.name}": str(alias.target) for made in api.modules for alias in made.aliases}
    wanted = aliases.get(f"{module}.{name}", f"{module}.{name}")
    groups = {f"{made.name}.{group.name}": group for made in api.modules for m in made.models for group in m.constants}
    return {str(member.name): member.value for member in groups[wanted].members}


def test_constants_keep_their_names_when_their_object_shares_a_class() -> None:
    valve = obj(position=enum("Open", "Shut"), seat=obj(kind=enum("Ball")))
    well = manifest({"valve": valve})
    barrel = manifest({"valve": valve}, names={"plural": "barrels", "kind": "Barrel"})
    before, after = of(well), of(well, barrel)
    assert names(before) < names(after)
    for name in ("WidgetSpecValvePosition", "BarrelSpecValvePosition"):
        assert constants(after, name) == {"OPEN": "Open", "SHUT": "Shut"}
    assert constants(after, "WidgetSpecValveSeatKind") == {"BALL": "Ball"}
    source = generated(after, quickly=True)["made/models/example_v1.py"]
    assert '"WidgetSpecValvePosition"' in source  # `__all__` contains aliases, too.
    assert "WidgetSpecValvePosition = BarrelSpecValvePosition" in source


def test_constants_of_an_older_version_are_those_of_the_newer() -> None:
    raw = manifest({"valve": obj(position=enum("Open"))})
    versions = raw["spec"]["versions"]
    versions.append({**copy.deepcopy(versions[0]), "name": "v1alpha1", "storage": False})
    assert constants(of(raw), "WidgetSpecValvePosition", "example_v1alpha1") == {"OPEN": "Open"}
    for path, source in generated(of(raw), quickly=True).items():
        compile(source, path, "exec", dont_inherit=True)


@pytest.mark.parametrize("first", ["plan", "plans"])
def test_constants_and_a_class_never_share_a_name(first: str) -> None:
    plan, plans = enum("Small"), {"type": "array", "items": obj(a=STRING)}
    properties = {"plan": plan, "plans": plans} if first == "plan" else {"plans": plans, "plan": plan}
    alone = constants(of(manifest({"plan": plan})), "WidgetSpecPlan")
    for more in ({}, {"another": obj(a=STRING)}):
        api = of(manifest({**properties, **more}))
        assert constants(api, "WidgetSpecPlan") == alone == {"SMALL": "Small"}
        assert fields(api, "WidgetSpec")["plans"].annotation == "list[WidgetSpec_Plan]"
        every = [model.name for model in api.modules[0].models] + [alias.name for alias in api.modules[0].aliases]
        assert "WidgetSpecPlan" not in every


def test_constants_that_read_the_same_have_a_seam() -> None:
    api = of(manifest({"rolloutStrategy": enum("A"), "rollout": obj(strategy=enum("B"))}))
    assert constants(api, "WidgetSpecRolloutStrategy") == {"A": "A"}
    assert constants(api, "WidgetSpecRollout_Strategy") == {"B": "B"}


def test_the_exact_word_has_the_plain_name_whatever_stands_first() -> None:
    policies = {"type": "array", "items": obj(d=STRING)}
    for properties in (
        {"policies": policies, "policy": obj(c=STRING)},
        {"policy": obj(c=STRING), "policies": policies},
    ):
        assert fields(of(manifest(properties)), "WidgetSpecPolicy").keys() == {"c"}


def test_properties_that_differ_only_in_invalid_characters_get_different_names() -> None:
    """A build succeeds with any number of such places."""
    api = of(manifest({f"a{'-' * n}b": obj(**{f"x{n}": STRING}) for n in range(8)}))
    assert len({str(field.annotation) for field in fields(api, "WidgetSpec").values()}) == 8


def test_a_custom_name_that_is_in_use_is_refused_with_a_suggestion() -> None:
    problems = Problems()
    raw = manifest({"rules": {"type": "array", "items": obj(a=STRING)}})
    of(raw, hand={"example_v1.WidgetSpecRule": "WidgetSpec"}, problems=problems)
    (error,) = problems.errors
    assert "another class of that name" in error.what
    assert '"example_v1.WidgetSpecRule" = "OtherWidgetSpecRule"' in error.hint
    assert of(raw, hand={"example_v1.WidgetSpecRule": "OtherWidgetSpecRule"})


def test_every_value_of_an_enum_has_a_constant_whatever_their_order() -> None:
    symbols = constants(of(manifest({"compare": enum("=", "!=", ">", "<", "*")})), "WidgetSpecCompare")
    assert symbols == {
        "EQUALS_SIGN": "=",
        "EXCLAMATION_MARK_EQUALS_SIGN": "!=",
        "GREATER_THAN_SIGN": ">",
        "LESS_THAN_SIGN": "<",
        "VALUE": "*",
    }
    for values in (("head", "HEAD", "Head"), ("Head", "HEAD", "head")):
        found = constants(of(manifest({"mode": enum(*values)})), "WidgetSpecMode")
        assert found == {"HEAD": "HEAD", "HEAD_2": "Head", "HEAD_3": "head"}


def test_a_class_can_have_a_custom_name() -> None:
    api = of(manifest({"rules": {"type": "array", "items": obj(a=STRING)}}), hand={"example_v1.WidgetSpecRule": "Rule"})
    assert fields(api, "WidgetSpec")["rules"].annotation == "list[Rule]"


def test_an_attribute_never_hides_a_module_or_a_class() -> None:
    made = spec_fields({"coreV1": STRING, "template": in_place(CORE + "PodSpec"), "Time": STRING, "time": STRING})
    assert made["coreV1"].name == "core_v1_"
    assert made["Time"].name == "field_Time"


SHAPES = st.recursive(
    st.sampled_from([STRING, {"type": "integer"}, INT_OR_STRING, OPEN, {**STRING, "enum": ["a", "b"]}]),
    lambda inner: st.one_of(
        st.dictionaries(st.sampled_from(["a", "b", "auth", "rules", "from", "x-y"]), inner, min_size=1, max_size=3).map(
            lambda made: obj(**made)
        ),
        inner.map(lambda made: {"type": "array", "items": made}),
        inner.map(lambda made: {"type": "object", "additionalProperties": made}),
    ),
    max_leaves=12,
)
SPEC = st.dictionaries(st.sampled_from(["a", "b", "auth", "rules", "size"]), SHAPES, min_size=1, max_size=4)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(SPEC, SHAPES)
def test_adding_a_field_renames_no_class(properties: dict[str, Any], more: dict[str, Any]) -> None:
    """A name made from the path never changes. Only names that would be ambiguous get an underscore."""
    before, after = of(manifest(properties)), of(manifest({**properties, "added": more}))
    assert names(before) <= names(after)
    other = manifest({"zzz": more}, names={"plural": "cogs", "kind": "Cog"})
    assert names(before) <= names(of(manifest(properties), other))


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


def test_an_object_without_properties_is_a_class_that_keeps_all_fields() -> None:
    nothing = {"type": "object"}
    api = of(manifest({"marker": nothing, "template": obj(metadata=nothing)}))
    assert (
        "class WidgetSpecMarker(OpenModel, kw_only=True):" in generated(api, quickly=True)["made/models/example_v1.py"]
    )
    assert fields(api, "WidgetSpecTemplate")["metadata"].annotation == "dict[str, JSON] | None"
    # In a kind that keeps unknown fields, the server also keeps the fields of such an object.
    top = {"properties": {"spec": nothing}, "type": "object", "x-kubernetes-preserve-unknown-fields": True}
    assert fields(of(change(manifest(), SCHEMA, top)), "Widget")["spec"].annotation == "dict[str, JSON] | None"


def test_rules_of_a_crd_are_in_the_docstrings() -> None:
    rules = [{"rule": "self > 1", "message": "must be more\nthan one"}, {"rule": "self != 7"}, {"message": 5}, "odd"]
    made = spec_fields({"size": {"type": "integer", "description": "How many.", "x-kubernetes-validations": rules}})
    assert made["size"].field.doc == "How many.\n\nThe server holds it to:\n- must be more than one\n- self != 7"


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for objects that a schema allows. Lists and maps are never empty."""
    if schema.get("x-kubernetes-int-or-string"):
        return st.integers(0, 9) | st.sampled_from(["a", "80%"])
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return st.sampled_from([1, "a", [None, {"b": True}], {"c": {"d": 1.5}}])
    if "properties" in schema:
        parts = {key: values(value) for key, value in schema["properties"].items()}
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
def test_a_required_property_with_a_default_may_be_left_out(
    schema: dict[str, Any], annotation: str, default: str | None
) -> None:
    made = spec_fields({"value": schema}, required=["value"])["value"]
    assert (made.annotation, made.default, made.required) == (annotation, default, default is None)


def test_a_required_property_with_a_default_at_the_very_top_may_be_left_out() -> None:
    raw = change(manifest(), f"{SCHEMA}/properties/size", {"type": "integer", "default": 0})
    api = of(change(raw, f"{SCHEMA}/required", ["size", "spec"]))
    (kind,) = (one for module in api.modules for one in module.models if one.name == "Widget")
    found = {field.wire_name: field.required for field in kind.fields}
    assert (found["size"], found["spec"]) == (False, True)


def test_a_property_of_a_kind_that_no_field_can_name_is_among_the_others() -> None:
    problems = Problems()
    api = of(change(manifest(), f'{SCHEMA}/properties/a"b', STRING), problems=problems)
    (kind,) = (one for module in api.modules for one in module.models if one.name == "Widget")
    assert kind.is_open
    assert any("other_fields" in str(warning) for warning in problems.warnings)
