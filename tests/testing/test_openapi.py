"""Types from OpenAPI v3 documents: references, extensions of properties, and how lists and maps are merged."""

from __future__ import annotations

from typing import Any

import pytest

from kubecore.testing._schemas import packages
from kubecore.testing._schemas.openapi import OpenApiType, OpenApiTypes


def types(**schemas: Any) -> OpenApiTypes:
    return OpenApiTypes(schemas.get)


def reference(name: str, **others: Any) -> dict[str, Any]:
    return {"allOf": [{"$ref": f"#/components/schemas/{name}"}], **others}


def of_list(**extensions: Any) -> OpenApiType:
    keys = {f"x-kubernetes-{key.replace('_', '-')}": value for key, value in extensions.items()}
    return types().at({"type": "array", "items": {"type": "string"}, **keys})


def field(path: str) -> OpenApiType:
    """Return a field of a built-in kind, such as `apps/v1/Deployment/spec/template`."""
    group, version, kind, *names = path.split("/")
    found = packages.load("kubeclient").schema("" if group == "core" else group, version, kind)
    for name in names:
        inner = found.items if name == "*" else found.fields.get(name) or found.values
        assert inner is not None, path
        found = inner
    return found


def test_a_type_that_contains_itself_is_read_step_by_step() -> None:
    node = {
        "type": "object",
        "properties": {
            "next": reference("Node"),
            "all": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
        },
    }
    found = types(Node=node).named("Node")
    assert found.fields["next"] is found
    assert found.fields["all"].items is found


def test_a_property_with_extensions_has_both_and_does_not_change_the_referenced_type() -> None:
    whole = types(
        Part={"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        Whole={
            "type": "object",
            "properties": {
                "plain": reference("Part"),
                "other": reference(
                    "Part",
                    default={"a": "x"},
                    **{"x-kubernetes-map-type": "atomic", "x-kubernetes-patch-strategy": "replace"},
                ),
            },
        },
    ).named("Whole")
    plain, other = whole.fields["plain"], whole.fields["other"]
    assert (other.is_atomic, other.default, other.patch_strategy) == (True, {"a": "x"}, frozenset({"replace"}))
    assert (plain.is_atomic, plain.default, plain.patch_strategy) == (False, None, frozenset())
    assert (list(other.fields), list(other.required), other.name) == (["a"], ["a"], "Part")
    assert "properties" not in other.document
    assert whole.fields["other"] is other


def test_a_reference_without_allof_and_one_that_leads_nowhere() -> None:
    found = types(A={"$ref": "#/components/schemas/B"}, B={"type": "string", "format": "byte"})
    assert found.at({"$ref": "#/components/schemas/B"}).format == "byte"
    assert found.at({"$ref": "#/components/schemas/C"}).kind == "any"


@pytest.mark.parametrize(
    ("extensions", "list_type", "keys"),
    [
        ({}, "atomic", ()),
        ({"list_type": "set"}, "set", ()),
        ({"list_type": "map", "list_map_keys": ["a", "b"]}, "map", ("a", "b")),
        ({"list_type": "atomic", "patch_strategy": "merge", "patch_merge_key": "a"}, "atomic", ()),
        (
            {"list_type": "map", "list_map_keys": ["a", "b"], "patch_strategy": "merge", "patch_merge_key": "a"},
            "map",
            ("a", "b"),
        ),
        ({"patch_strategy": "merge", "patch_merge_key": "a"}, "map", ("a",)),
        ({"patch_strategy": "merge"}, "set", ()),
        ({"patch_strategy": "merge,retainKeys", "patch_merge_key": "a"}, "map", ("a",)),
        ({"patch_strategy": "replace"}, "atomic", ()),
    ],
)
def test_how_lists_are_merged(extensions: dict[str, Any], list_type: str, keys: tuple[str, ...]) -> None:
    found = of_list(**extensions)
    assert (found.kind, found.list_type, found.list_keys, found.is_atomic) == (
        "list",
        list_type,
        keys,
        list_type == "atomic",
    )


@pytest.mark.parametrize(
    ("document", "kind", "scalar"),
    [
        ({}, "any", ""),
        ({"type": "object"}, "map", ""),
        ({"properties": {"a": {}}}, "map", ""),
        ({"type": "array"}, "list", ""),
        ({"type": "integer", "format": "int32"}, "scalar", "integer"),
        ({"type": "boolean"}, "scalar", "boolean"),
        ({"x-kubernetes-int-or-string": True}, "scalar", "int-or-string"),
        ({"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]}, "scalar", "int-or-string"),
    ],
)
def test_kinds_of_values(document: dict[str, Any], kind: str, scalar: str) -> None:
    found = types().at(document)
    assert (found.kind, found.scalar) == (kind, scalar)


def test_values_of_maps() -> None:
    strings = types().at({"type": "object", "additionalProperties": {"type": "string"}})
    assert strings.values is not None
    assert strings.values.scalar == "string"
    assert strings.values is strings.values
    anything = types().at({"type": "object", "additionalProperties": True})
    assert anything.values is not None
    assert anything.values.kind == "any"
    assert types().at({"type": "object", "additionalProperties": False}).values is None
    assert types().at({"type": "object"}).values is None


def test_flags() -> None:
    found = types().at(
        {
            "type": "object",
            "nullable": True,
            "x-kubernetes-preserve-unknown-fields": True,
            "x-kubernetes-embedded-resource": True,
        }
    )
    assert (found.is_nullable, found.keeps_unknown, found.is_embedded) == (True, True, True)
    other = types().at({"type": "object"})
    assert (other.is_nullable, other.keeps_unknown, other.is_embedded) == (False, False, False)


def test_places_of_built_in_kinds() -> None:
    ports = field("core/v1/Pod/spec/containers/*/ports")
    assert (ports.list_keys, ports.patch_merge_key) == (("containerPort", "protocol"), "containerPort")
    volumes = field("apps/v1/Deployment/spec/template/spec/volumes")
    assert (volumes.list_keys, volumes.patch_strategy) == (("name",), frozenset({"merge", "retainKeys"}))
    assert field("apps/v1/Deployment/spec/strategy").patch_strategy == {"retainKeys"}
    assert field("apps/v1/Deployment/spec/selector").is_atomic
    assert field("core/v1/Pod/spec/nodeSelector").is_atomic
    assert field("core/v1/Pod/metadata/finalizers").list_type == "set"
    limits = field("core/v1/Pod/spec/containers/*/resources/limits/cpu")
    assert (limits.scalar, limits.format) == ("string", "quantity")
    assert field("core/v1/Service/spec/ports/*/targetPort").scalar == "int-or-string"
    assert field("core/v1/Pod/metadata/creationTimestamp").format == "date-time"
    assert field("apps/v1/ControllerRevision/data").kind == "any"
    assert field("core/v1/Pod/metadata/managedFields/*/fieldsV1").keeps_unknown
    assert field("core/v1/Secret/data/x").format == "byte"
