"""Patches on the real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kubeclient.models import core_v1
from kubecore import errors
from kubecore.patch import (
    Add,
    ApplyPatch,
    Copy,
    JsonPatch,
    MergePatch,
    Move,
    Remove,
    Replace,
    StrategicMergePatch,
    Test,
)
from tests.server.writing_bodies import DEPLOYMENT, POD_TEMPLATE, Drive, named


def test_each_patch_class_applies_its_type_of_patch(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        name = named("patch")
        notes = ["metadata", "annotations"]
        await maps.create({"metadata": {"name": name, "annotations": {"example.com/owner": "2"}}, "data": {"a": "1"}})
        patched = await maps.patch(
            name,
            JsonPatch(
                [
                    Test([*notes, "example.com/owner"], "2"),
                    Replace("/data/a", "3"),
                    Add("/data/n", "4"),
                    Copy("/data/o", from_="/data/n"),
                    Move("/data/m", from_=[*notes, "example.com/owner"]),
                    Remove("/data/n"),
                ]
            ),
        )
        assert patched.data == {"a": "3", "m": "2", "o": "4"}
        patched = await maps.patch(name, MergePatch({"data": {"m": None, "o": None}}))
        assert patched.data == {"a": "3"}
        patched = await maps.patch(name, StrategicMergePatch({"metadata": {"labels": {"x": "y"}}}))
        assert patched.metadata.labels == {"x": "y"}
        patched = await maps.patch(name, MergePatch(core_v1.ConfigMap(data={"p": "q"})))
        assert patched.data == {"a": "3", "p": "q"}
        patched = await maps.patch(
            name, ApplyPatch({"apiVersion": "v1", "kind": "ConfigMap", "data": {"r": "s"}}), field_manager="m"
        )
        assert patched.data["r"] == "s"
        with pytest.raises(errors.InvalidError):
            await maps.patch(name, JsonPatch([Test("/data/a", "9"), Remove("/data/a")]))
        assert (await maps.get(name)).data["a"] == "3"

    drive(scenario)


def test_a_null_in_a_nested_mapping_removes_the_key(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        deployments = clientset.apps_v1.deployments(namespace)
        name = named("null")
        template = {**POD_TEMPLATE, "spec": {**POD_TEMPLATE["spec"], "nodeSelector": {"disk": "ssd", "zone": "a"}}}
        await deployments.create(
            {"metadata": {"name": name}, "spec": {**DEPLOYMENT, "replicas": 0, "template": template}}
        )
        body = {"spec": {"template": {"spec": {"nodeSelector": {"disk": None}}}}}
        assert (await deployments.patch(name, MergePatch(body))).spec.template.spec.node_selector == {"zone": "a"}
        status = {"status": {"conditions": [{"type": "Tested", "status": "True"}]}}
        patched = await deployments.patch_status(name, StrategicMergePatch(status))
        assert "Tested" in {condition.type for condition in patched.status.conditions}
        assert (await deployments.patch_scale(name, MergePatch({"spec": {"replicas": 1}}))).spec.replicas == 1
        await deployments.delete(name)

    drive(scenario)


def test_a_patch_of_no_type_or_of_two_is_refused(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        nothing: Any = []
        text: Any = "[]"
        attempts: tuple[tuple[Callable[[], Any], str], ...] = (
            (lambda: maps.patch("x", {}), "the type of the patch is missing"),
            (lambda: maps.patch("x", MergePatch({}), type="json"), "MergePatch is of the type 'merge', not 'json'"),
            (lambda: maps.patch("x", JsonPatch(text)), "a list of operations, not a str"),
            (lambda: maps.patch("x", MergePatch(nothing)), "other patch types need"),
            (lambda: maps.patch("x", JsonPatch([Remove("data")])), "'data' is not a JSON pointer"),
        )
        for attempt, words in attempts:
            with pytest.raises(errors.InvalidRequestError, match=words):
                await attempt()

    drive(scenario)
