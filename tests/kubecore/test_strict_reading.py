"""`from_yaml` and `from_dict` with `strict=True` refuse objects that lack a required field, or have an unknown one."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
import pytest

from kubeclient.models import apps_v1, core_v1, meta_v1
from kubecore.calls import apply_check
from kubecore.errors import DecodeError, InvalidRequestError
from kubecore.model.model import CustomModel, OpenModel
from kubecore.model.other_fields import OtherFields

POD = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - {name: a, ports: [{containerPort: 1}]}\n"


def refused(kind: Any, data: dict[str, Any]) -> str:
    """Return the error of strict reading; without `strict` the object is read."""
    assert kind.from_dict(data)
    with pytest.raises(DecodeError) as caught:
        kind.from_dict(data, strict=True)
    return str(caught.value)


def test_a_document_with_all_required_fields_is_read() -> None:
    assert core_v1.Pod.from_yaml(POD, strict=True) == core_v1.Pod.from_yaml(POD)


@pytest.mark.parametrize(
    ("kind", "data", "paths"),
    [
        (core_v1.Pod, {"spec": {}}, "$.spec.containers"),
        (core_v1.Pod, {"spec": {"containers": None}}, "$.spec.containers"),
        (core_v1.Pod, {"spec": {"containers": [{"name": "a"}, {"image": "b"}]}}, "$.spec.containers[1].name"),
        (core_v1.Container, {"ports": [{"name": "x"}]}, "$.name, $.ports[0].containerPort"),
        (
            apps_v1.Deployment,
            {"spec": {"selector": {}, "template": {"spec": {"containers": [{}]}}}},
            "$.spec.template.spec.containers[0].name",
        ),
    ],
)
def test_missing_required_fields_are_refused_with_their_paths(kind: Any, data: dict[str, Any], paths: str) -> None:
    assert refused(kind, data) == f"{kind.__name__} lacks required fields: {paths}"


@pytest.mark.parametrize(
    ("kind", "data", "paths"),
    [
        (core_v1.ConfigMap, {"dota": {"a": "b"}}, "$.dota (did you mean data?)"),
        (core_v1.ConfigMap, {"xyz": None}, "$.xyz"),
        (core_v1.Pod, {"metadata": {"lables": {}}}, "$.metadata.lables (did you mean labels?)"),
        (core_v1.PodSpec, {"containers": [], "node_name": "a"}, "$.node_name (did you mean nodeName?)"),
        (
            core_v1.PodSpec,
            {"containers": [{"name": "a"}, {"name": "b", "Image": "c"}]},
            "$.containers[1].Image (did you mean image?)",
        ),
        (core_v1.PodList, {"items": [{"zzz": 1}], "yyy": 1}, "$.items[0].zzz, $.yyy"),
    ],
)
def test_unknown_fields_are_refused_with_their_paths(kind: Any, data: dict[str, Any], paths: str) -> None:
    assert refused(kind, data) == f"{kind.__name__} has unknown fields: {paths}"


def test_unknown_fields_in_yaml_are_refused() -> None:
    with pytest.raises(
        DecodeError, match=r"(?m)^Pod has unknown fields: \$\.spec\.contaimers \(did you mean containers\?\)$"
    ):
        core_v1.Pod.from_yaml(f"{POD}  contaimers: []\n", strict=True)


def test_one_error_has_missing_and_unknown_fields() -> None:
    error = refused(core_v1.Pod, {"spec": {"contaimers": []}})
    assert error == (
        "Pod lacks required fields: $.spec.containers; "
        "it has unknown fields: $.spec.contaimers (did you mean containers?)"
    )


def test_keys_of_maps_are_free() -> None:
    data = {"metadata": {"labels": {"a": "b"}}, "data": {"anything": "c"}}
    assert core_v1.ConfigMap.from_dict(data, strict=True) == core_v1.ConfigMap.from_dict(data)


class Part(CustomModel, kw_only=True):
    """An object in a custom resource."""

    size: int | None = None


class Gauge(OpenModel, kw_only=True):
    """An object that keeps unknown fields, and whose copies of types of Kubernetes have other fields."""

    part: Part | None = None
    container: Annotated[core_v1.Container, OtherFields("workers", "env[].scope")] | None = None
    containers: list[Annotated[core_v1.Container, OtherFields("workers")]] = msgspec.field(default_factory=list[Any])
    by_name: dict[str, Annotated[core_v1.Container, OtherFields("workers")]] = msgspec.field(
        default_factory=dict[str, Any]
    )
    selector: meta_v1.LabelSelector | None = None


CONTAINER = {"name": "a", "workers": 1}


def test_fields_that_an_open_object_keeps_are_read() -> None:
    assert Gauge.from_dict({"anything": {"a": 1}}, strict=True).other_fields == {"anything": {"a": 1}}
    assert refused(Gauge, {"part": {"anything": 1}}) == "Gauge has unknown fields: $.part.anything"


def test_other_fields_of_a_copy_of_a_type_of_kubernetes_are_read() -> None:
    data = {
        "container": {**CONTAINER, "env": [{"name": "b", "scope": "c"}]},
        "containers": [CONTAINER],
        "byName": {"x": CONTAINER},
    }
    assert Gauge.from_dict(data, strict=True).to_dict() == data
    error = refused(
        Gauge,
        {
            "container": {**CONTAINER, "scope": 1, "env": [{"name": "b", "workers": 1}]},
            "containers": [{**CONTAINER, "xyz": 1}],
            "byName": {"x": {**CONTAINER, "xyz": 1}},
            "selector": {"workers": 1},
        },
    )
    assert error == (
        "Gauge has unknown fields: $.container.env[0].workers, $.container.scope, $.containers[0].xyz, "
        "$.byName.x.xyz, $.selector.workers"
    )


def test_many_faults_are_cut_off() -> None:
    with pytest.raises(DecodeError, match=r"(?m)containers\[9\].name, \.\.\.$"):
        core_v1.Pod.from_dict({"spec": {"containers": [{}] * 11}}, strict=True)
    with pytest.raises(DecodeError, match=r"(?m)\$\.x9, \.\.\.$"):
        core_v1.Pod.from_dict({f"x{number}": 1 for number in range(11)}, strict=True)
    with pytest.raises(DecodeError) as caught:
        core_v1.Pod.from_dict({"x" * 10_000_000: 1}, strict=True)
    assert len(str(caught.value)) < 500


def test_a_value_of_another_type_is_refused_as_without_strict() -> None:
    with pytest.raises(DecodeError, match=r"\$\.spec"):
        core_v1.Pod.from_dict({"spec": 1}, strict=True)


def test_desired_states_may_have_the_other_fields_of_a_copy_and_no_further_ones() -> None:
    apply_check.check_fields({"container": CONTAINER, "containers": [CONTAINER], "byName": {"x": CONTAINER}}, Gauge)
    with pytest.raises(InvalidRequestError) as caught:
        apply_check.check_fields(
            {
                "container": {**CONTAINER, "scope": 1, "env": [{"name": "b", "workers": 1, "scope": 1}]},
                "selector": {"workers": 1},
            },
            Gauge,
        )
    found = re.findall(r"(\S+) is not a field of", str(caught.value))
    assert sorted(found) == ["container.env[0].workers", "container.scope", "selector.workers"]
