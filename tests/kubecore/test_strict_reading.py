"""`from_yaml` and `from_dict` with `strict=True` refuse objects that lack a required field."""

from __future__ import annotations

from typing import Any

import pytest

from kubeclient.models import apps_v1, core_v1
from kubecore.errors import DecodeError

POD = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - {name: a, ports: [{containerPort: 1}]}\n"


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
    assert kind.from_dict(data)
    with pytest.raises(DecodeError) as caught:
        kind.from_dict(data, strict=True)
    assert str(caught.value) == f"{kind.__name__} lacks required fields: {paths}"


def test_many_missing_fields_are_cut_off() -> None:
    with pytest.raises(DecodeError, match=r"containers\[9\].name, \.\.\.$"):
        core_v1.Pod.from_dict({"spec": {"containers": [{}] * 11}}, strict=True)


def test_a_value_of_another_type_is_refused_as_without_strict() -> None:
    with pytest.raises(DecodeError, match=r"\$\.spec"):
        core_v1.Pod.from_dict({"spec": 1}, strict=True)
