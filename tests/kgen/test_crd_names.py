"""Names of classes and constants of CRDs: they are unique, and additions keep them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings

from kgen.errors import Problems
from kgen.ir import Api
from kgen.load import load
from kgen.package_names import PackageNames
from kgen.plan import plan
from kgen.plan.contexts import ModelsContext
from kgen.resolve import Builtins, resolve
from tests.kgen.crd_schemas import CORE, SHAPES, SPEC, STRING, enum, fields, in_place, names, obj, spec_fields
from tests.kgen.documents import generated, laid_out
from tests.kgen.manifests import CRDS, kubernetes, manifest, of
from tests.torture.additions import resolved


def test_equal_objects_of_a_group_share_a_class_and_keep_their_names() -> None:
    api = resolve(load(CRDS / "gauges.yaml"), {}, Problems(), Builtins("kubeclient", kubernetes()))
    v1, v1alpha1 = (module for module in api.modules if module.name.startswith("metrics_"))
    aliases = {str(alias.name): str(alias.target) for alias in v1.aliases}
    own = {name: target for name, target in aliases.items() if target.startswith("metrics_v1.")}
    assert own == {
        "GaugeSpecFallbackAuth": "metrics_v1.GaugeClassAuth",
        "GaugeSpecFallback": "metrics_v1.GaugeSpecTarget",
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


def class_of(api: Api, name: str) -> str:
    """Return the class that a name of `example_v1` stands for."""
    (module,) = api.modules
    return next((str(alias.target.name) for alias in module.aliases if alias.name == name), name)


TARGET = obj(host=STRING, port=obj(number=STRING), mode=enum("On", "Off"))


def test_equal_objects_have_the_name_that_most_places_end_in_and_then_the_shortest() -> None:
    anchor = manifest({"deep": obj(target=TARGET)}, names={"plural": "anchors", "kind": "Anchor"})
    route = manifest({"http": obj(to=TARGET)}, names={"plural": "routes", "kind": "Route"})
    assert class_of(of(anchor, route), "AnchorSpecDeepTarget") == "RouteSpecHttpTo"
    more = manifest({"mirroring": obj(target=TARGET)}, names={"plural": "zebras", "kind": "Zebra"})
    made = of(anchor, route, more)
    assert class_of(made, "RouteSpecHttpTo") == class_of(made, "ZebraSpecMirroringTarget") == "AnchorSpecDeepTarget"
    assert names(of(anchor, route)) <= names(made)


def test_places_inside_of_equal_objects_have_names_that_fit_the_class() -> None:
    anchor = manifest({"deep": obj(target=TARGET)}, names={"plural": "anchors", "kind": "Anchor"})
    described = {**TARGET, "description": "Where a request goes to."}
    route = manifest({"http": obj(to=described)}, names={"plural": "routes", "kind": "Route"})
    api = of(anchor, route)
    assert fields(api, "RouteSpecHttpTo")["port"].annotation == "RouteSpecHttpToPort | None"
    assert class_of(api, "AnchorSpecDeepTargetPort") == "RouteSpecHttpToPort"
    assert constants(api, "RouteSpecHttpToMode") == constants(api, "AnchorSpecDeepTargetMode")
    assert class_of(api, "AnchorSpecDeepTargetMode") == "RouteSpecHttpToMode"
    (model,) = (each for each in api.modules[0].models if each.name == "RouteSpecHttpTo")
    assert model.doc == "Where a request goes to."
    for path, source in generated(api, quickly=True).items():
        compile(source, path, "exec", dont_inherit=True)


@pytest.mark.parametrize("key", ["example_v1.AnchorSpecDeepTarget", "example_v1.AnchorSpecDeepTarget.host"])
def test_of_equal_objects_the_one_with_a_custom_name_is_the_class(key: str) -> None:
    anchor = manifest({"deep": obj(target=TARGET)}, names={"plural": "anchors", "kind": "Anchor"})
    route = manifest({"http": obj(to=TARGET)}, names={"plural": "routes", "kind": "Route"})
    name = "A_Target_With_A_Long_Name" if key.count(".") == 1 else "AnchorSpecDeepTarget"
    api = of(anchor, route, hand={key: name if key.count(".") == 1 else "server"})
    assert class_of(api, "RouteSpecHttpTo") == name
    assert fields(api, name)["host"].name == ("host" if key.count(".") == 1 else "server")


def test_adding_an_equal_object_at_a_shorter_path_keeps_all_names() -> None:
    auth = obj(password=obj(secret=STRING), user=STRING)
    before = names(of(manifest({"deep": obj(auth=auth), "other": obj(auth=auth, more=STRING)})))
    assert "example_v1.WidgetSpecOtherAuthPassword" in before
    after = names(of(manifest({"auth": auth, "deep": obj(auth=auth), "other": obj(auth=auth, more=STRING)})))
    assert before <= after


def test_classes_of_paths_with_equal_names_are_separated_by_an_underscore() -> None:
    made = of(
        manifest(
            {"fooBar": obj(a=STRING), "foo": obj(bar=obj(b=STRING)), "rule": obj(c=STRING), "rules": obj(d=STRING)}
        )
    )
    assert {"example_v1.WidgetSpecFooBar", "example_v1.WidgetSpecFoo_Bar"} <= names(made)
    rules = of(manifest({"rule": obj(c=STRING), "rules": {"type": "array", "items": obj(d=STRING)}}))
    assert fields(rules, "WidgetSpecRule").keys() == {"c"}
    assert fields(rules, "WidgetSpec_Rule").keys() == {"d"}


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


def test_constants_of_paths_with_equal_names_are_separated_by_an_underscore() -> None:
    api = of(manifest({"rolloutStrategy": enum("A"), "rollout": obj(strategy=enum("B"))}))
    assert constants(api, "WidgetSpecRolloutStrategy") == {"A": "A"}
    assert constants(api, "WidgetSpecRollout_Strategy") == {"B": "B"}


def test_a_property_gets_its_name_before_the_singular_of_a_list() -> None:
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


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(SPEC, SHAPES)
def test_adding_a_field_renames_no_class(properties: dict[str, Any], more: dict[str, Any]) -> None:
    """A name made from the path never changes. Only names that would be ambiguous get an underscore."""
    before, after = of(manifest(properties)), of(manifest({**properties, "added": more}))
    assert names(before) <= names(after)
    other = manifest({"zzz": more}, names={"plural": "cogs", "kind": "Cog"})
    assert names(before) <= names(of(manifest(properties), other))


def test_values_in_lists_and_maps_have_constants() -> None:
    """They are named like the items: `modes[]` is `WidgetSpecMode`."""
    item = enum("On", "off")
    state = {
        "modes": {"type": "array", "items": item},
        "podIPs": {"type": "object", "additionalProperties": {"type": "array", "items": item}},
        "zzz": obj(modes={"type": "array", "items": item}),
        "yyy": obj(modes={"type": "array", "items": item}),
    }
    api = of(manifest(state))
    for name in ("WidgetSpecMode", "WidgetSpecPodIp", "WidgetSpecZzzMode", "WidgetSpecYyyMode"):
        assert constants(api, name) == {"ON": "On", "OFF": "off"}
    doc = {field.wire_name: field.doc for model in api.modules[0].models for field in model.fields}["podIPs"]
    assert doc == "Known values: `WidgetSpecPodIp`."
    both = of(manifest({**state, "mode": enum("A")}))
    assert constants(both, "WidgetSpecMode") == {"A": "A"}
    assert constants(both, "WidgetSpec_Mode") == {"ON": "On", "OFF": "off"}
    again = resolved([manifest({**state, "mode": enum("A")})], PackageNames.of(api))
    assert constants(again, "WidgetSpecMode") == {"ON": "On", "OFF": "off"}
    assert constants(again, "WidgetSpec_Mode") == {"A": "A"}


def test_the_empty_text_has_a_constant() -> None:
    assert constants(of(manifest({"mode": enum("", "On")})), "WidgetSpecMode") == {"EMPTY": "", "ON": "On"}
    found = constants(of(manifest({"mode": enum("", "empty", "EMPTY")})), "WidgetSpecMode")
    assert found == {"EMPTY_2": "", "EMPTY_3": "empty", "EMPTY": "EMPTY"}


def test_a_note_names_known_values_without_constants() -> None:
    problems = Problems()
    raw = {
        "level": {"type": "integer", "enum": [1, 2]},
        "mode": enum("On"),
        "ports": {"type": "array", "items": {"type": "number", "enum": [1.5]}},
    }
    of(manifest(raw), problems=problems)
    assert [problem.what for problem in problems.notices] == [
        f"the known values of example_v1.WidgetSpec.{name} have no constants: constants exist for strings only"
        for name in ("level", "ports")
    ]
    assert problems.notices[0].where.endswith("/properties/level")
