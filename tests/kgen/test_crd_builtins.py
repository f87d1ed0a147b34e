"""Types of Kubernetes that a CRD describes in place."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kgen.crd_schemas import CORE, INT_OR_STRING, OPEN, STRING, in_place, obj, spec_fields

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


API = "io.k8s.api."
WHOLE_METADATA = ("annotations", "finalizers", "labels", "name", "namespace")


@pytest.mark.parametrize("words", [True, False], ids=["described", "stripped"])
@pytest.mark.parametrize(
    "metadata",
    [
        WHOLE_METADATA,
        (*WHOLE_METADATA, "creationTimestamp"),
        ("annotations", "finalizers", "labels", "name"),
        ("annotations", "labels"),
    ],
    ids=len,
)
@pytest.mark.parametrize("name", ["PodTemplateSpec", "PersistentVolumeClaimTemplate", "PodSpec", "Volume"])
def test_a_template_may_have_some_fields_of_its_metadata(name: str, metadata: tuple[str, ...], words: bool) -> None:
    made = spec_fields({"value": in_place(CORE + name, words=words, metadata=metadata)})
    assert made["value"].annotation == f"core_v1.{name} | None"


def test_metadata_with_the_fields_of_a_template_is_metadata_of_kubernetes() -> None:
    strings = {"type": "object", "additionalProperties": STRING}
    metadata = obj(
        annotations=strings,
        finalizers={"type": "array", "items": STRING},
        labels=strings,
        name=STRING,
        namespace=STRING,
    )
    made = spec_fields({"metadata": metadata, "less": obj(annotations=strings, labels=strings, name=STRING)})
    assert made["metadata"].annotation == "meta_v1.ObjectMeta | None"
    assert made["less"].annotation == "WidgetSpecLess | None"


@pytest.mark.parametrize("words", [True, False], ids=["described", "stripped"])
@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("admissionregistration.v1.MatchResources", "admissionregistration_v1.MatchResources"),
        ("admissionregistration.v1.NamedRuleWithOperations", "admissionregistration_v1.NamedRuleWithOperations"),
        ("admissionregistration.v1.RuleWithOperations", "admissionregistration_v1.RuleWithOperations"),
        ("apps.v1.DeploymentSpec", "apps_v1.DeploymentSpec"),
        ("apps.v1.DeploymentStrategy", "apps_v1.DeploymentStrategy"),
        ("apps.v1.DaemonSetSpec", "apps_v1.DaemonSetSpec"),
        ("autoscaling.v2.HorizontalPodAutoscalerBehavior", "autoscaling_v2.HorizontalPodAutoscalerBehavior"),
        ("autoscaling.v2.HorizontalPodAutoscalerSpec", "autoscaling_v2.HorizontalPodAutoscalerSpec"),
        ("autoscaling.v2.HPAScalingPolicy", "autoscaling_v2.HPAScalingPolicy"),
        ("autoscaling.v2.HPAScalingRules", "autoscaling_v2.HPAScalingRules"),
        ("autoscaling.v2.MetricSpec", "autoscaling_v2.MetricSpec"),
        ("batch.v1.CronJobSpec", "batch_v1.CronJobSpec"),
        ("batch.v1.JobSpec", "batch_v1.JobSpec"),
        ("batch.v1.JobTemplateSpec", "batch_v1.JobTemplateSpec"),
        ("batch.v1.PodFailurePolicy", "batch_v1.PodFailurePolicy"),
        ("networking.v1.HTTPIngressPath", "networking_v1.HTTPIngressPath"),
        ("networking.v1.HTTPIngressRuleValue", "networking_v1.HTTPIngressRuleValue"),
        ("networking.v1.IngressBackend", "networking_v1.IngressBackend"),
        ("networking.v1.IngressRule", "networking_v1.IngressRule"),
        ("networking.v1.IngressSpec", "networking_v1.IngressSpec"),
        ("networking.v1.IngressTLS", "networking_v1.IngressTLS"),
        ("networking.v1.NetworkPolicyPeer", "networking_v1.NetworkPolicyPeer"),
        ("networking.v1.NetworkPolicySpec", "networking_v1.NetworkPolicySpec"),
        ("policy.v1.PodDisruptionBudgetSpec", "policy_v1.PodDisruptionBudgetSpec"),
        ("rbac.v1.PolicyRule", "rbac_v1.PolicyRule"),
    ],
)
def test_types_of_all_stable_groups_are_recognised(name: str, written: str, words: bool) -> None:
    made = spec_fields({"value": in_place(API + name, words=words, metadata=WHOLE_METADATA)})
    assert made["value"].annotation == f"{written} | None"


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("matchConditions", "admissionregistration.v1.MatchCondition"),
        ("matchConstraints", "admissionregistration.v1.MatchResources"),
        ("resourceRules", "admissionregistration.v1.NamedRuleWithOperations"),
        ("rules", "admissionregistration.v1.RuleWithOperations"),
    ],
)
def test_match_rules_of_admission_are_recognised_in_lists(word: str, name: str) -> None:
    made = spec_fields({word: {"type": "array", "items": in_place(API + name)}})
    assert f"admissionregistration_v1.{name.rpartition('.')[2]}]" in made[word].annotation


@pytest.mark.parametrize("metadata", [(), WHOLE_METADATA], ids=["bare", "metadata"])
@pytest.mark.parametrize(
    "name", ["core.v1.PodTemplateSpec", "core.v1.Container", "core.v1.Volume", "core.v1.Affinity", "batch.v1.JobSpec"]
)
def test_a_copy_made_from_java_requires_nothing(name: str, metadata: tuple[str, ...]) -> None:
    made = spec_fields({"value": in_place(API + name, words=False, metadata=metadata, required=False)})
    group, version, last = name.split(".")
    assert made["value"].annotation == f"{group}_{version}.{last} | None"


def test_a_kind_inside_of_a_type_is_not_sent_with_an_api_version_that_the_object_lacks() -> None:
    made = spec_fields(
        {"value": in_place(API + "apps.v1.StatefulSetSpec"), "claim": in_place(CORE + "PersistentVolumeClaim")}
    )
    assert made["value"].annotation == "WidgetSpecValue | None"
    assert made["claim"].annotation == "WidgetSpecClaim | None"


@pytest.mark.parametrize(
    ("properties", "annotation"),
    [
        ({"apiGroup": STRING, "kind": STRING, "name": STRING, "namespace": STRING}, "core_v1.TypedObjectReference"),
        ({"maxSurge": INT_OR_STRING, "maxUnavailable": INT_OR_STRING}, "WidgetSpecValue"),
        ({"expression": STRING, "name": STRING}, "WidgetSpecValue"),
    ],
    ids=str,
)
def test_types_of_more_groups_take_nothing_from_others(properties: dict[str, Any], annotation: str) -> None:
    needed = [name for name in ("expression", "kind", "name") if name in properties]
    made = spec_fields({"value": {**obj(**properties), "required": needed}})
    assert made["value"].annotation == f"{annotation} | None"


@pytest.mark.parametrize(
    "properties", [("apiGroup", "kind", "name"), ("apiVersion", "kind", "name"), ("key", "name", "namespace")]
)
def test_three_plain_fields_without_required_ones_are_too_little(properties: tuple[str, ...]) -> None:
    made = spec_fields({"value": obj(**dict.fromkeys(properties, STRING))})
    assert made["value"].annotation == "WidgetSpecValue | None"


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
