"""Types of Kubernetes that a CRD describes in place."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kgen.crd_schemas import CORE, OPEN, STRING, in_place, obj, spec_fields

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
