"""Mappings that are sent: kubecore or the server refuses unknown fields, unless the caller decides otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest

from kubeclient.models import core_v1, meta_v1
from kubecore import errors
from kubecore.calls.call import Call
from kubecore.calls.resource import Resource
from kubecore.dynamic import resource as dynamic
from kubecore.options import query
from kubecore.patch import Add, ApplyPatch, JsonPatch, MergePatch, StrategicMergePatch

PODS: Resource[Any, Any] = Resource(group="", version="v1", plural="pods", namespaced=True, kind=core_v1.Pod)
DICTS: Resource[Any, Any] = dynamic.of_model(core_v1.Pod)
POD: dict[str, Any] = {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c"}]}}
SNAKE: dict[str, Any] = {"metadata": {"name": "a"}, "spec": {"node_name": "n", "containers": [{"name": "c"}]}}
MODEL = core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a"), spec=core_v1.PodSpec(containers=[]))


def validation(call: Call[Any]) -> str:
    return parse_qs(call.target.partition("?")[2]).get("fieldValidation", [""])[0]


def calls(body: Any, asked: Any) -> list[Call[Any]]:
    return [
        PODS.create("d", body, asked),
        PODS.update("d", body, asked),
        PODS.update("d", body, asked, subresource="status"),
        PODS.send_subresource("update", "d", "a", "resize", body, core_v1.Pod, core_v1.Pod, asked),
        PODS.patch("d", "a", MergePatch(body), asked),
        PODS.patch("d", "a", StrategicMergePatch(body), asked, subresource="status"),
        DICTS.create("d", body, asked),
    ]


def test_the_server_refuses_unknown_fields_of_mappings() -> None:
    assert {validation(call) for call in calls(POD, ())} == {"Strict"}
    assert validation(PODS.patch("d", "a", JsonPatch([Add("/spec/x", 1)]), ())) == "Strict"
    assert (
        validation(dynamic.subresource_call(PODS, "update", "d", "a", "scale", {"spec": {"replicas": 1}})) == "Strict"
    )


def test_models_are_sent_as_before() -> None:
    assert {validation(call) for call in calls(MODEL, ())} == {""}


@pytest.mark.parametrize("choice", ["Ignore", "Warn", "Strict"])
def test_the_choice_of_the_caller_wins(choice: str) -> None:
    assert {validation(call) for call in calls(SNAKE, query(field_validation=choice))} == {choice}


def test_names_of_attributes_are_refused_with_the_name_of_the_api() -> None:
    attempts: list[Callable[[], Any]] = [
        lambda: PODS.create("d", SNAKE, ()),
        lambda: PODS.update("d", SNAKE, ()),
        lambda: PODS.patch("d", "a", MergePatch(SNAKE), ()),
        lambda: PODS.patch("d", "a", SNAKE, (), type="strategic"),
        lambda: PODS.send_subresource("create", "d", "a", "x", SNAKE, core_v1.Pod, core_v1.Pod, ()),
        lambda: DICTS.create("d", SNAKE, ()),
    ]
    for attempt in attempts:
        with pytest.raises(
            errors.InvalidRequestError, match=r"spec\.node_name is not a field of PodSpec; did you mean nodeName"
        ):
            attempt()


def test_unknown_camel_case_fields_are_left_to_strict_validation() -> None:
    newer = {
        **POD,
        "spec": {**POD["spec"], "brandNew": {"node_name": 1}},
        "metadata": {"name": "a", "labels": {"node_name": "x"}},
    }
    assert {validation(call) for call in calls(newer, ())} == {"Strict"}


def test_directives_of_strategic_merge_patches_are_left_to_strict_validation() -> None:
    body = {"spec": {"$setElementOrder/containers": [{"name": "c"}], "containers": [{"$patch": "delete", "name": "c"}]}}
    assert validation(PODS.patch("d", "a", StrategicMergePatch(body), ())) == "Strict"


def test_an_apply_patch_is_sent_as_it_is() -> None:
    assert validation(PODS.patch("d", "a", ApplyPatch(SNAKE), ())) == ""


def test_modify_sends_the_document_of_the_server_without_strict_validation() -> None:
    document = {**SNAKE, "spec": {**SNAKE["spec"], "brandNew": 1}}
    assert validation(PODS.replace("d", "a", document, ())) == ""
