"""Server-side apply on the real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kubeclient.models import autoscaling_v1, core_v1, meta_v1
from kubecore import errors
from kubecore.patch import (
    MergePatch,
)
from tests.server.writing_bodies import DEPLOYMENT, Drive, named


def test_apply_stores_every_character_as_it_is_sent(drive: Drive, namespace: str) -> None:
    """The server parses apply requests as YAML, which rejects some characters and replaces others by spaces."""
    codes = [*range(0x300), *range(0x2000, 0x2100), *range(0xFE00, 0x10010), 0x1F600, 0x1FFFE, 0x10FFFF]
    data = {f"u{code:x}": f"a {chr(code)} b{chr(code)}" for code in codes}

    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        dynamic = await clientset.dynamic.resource("ConfigMap", namespace)
        body = {"apiVersion": "v1", "kind": "ConfigMap", "data": data}
        calls: dict[str, Callable[[Any], Any]] = {
            "typed": lambda given: maps.apply(given, field_manager="t"),
            "patch": lambda given: maps.patch("patch", given, type="apply", field_manager="t"),
            "dynamic": lambda given: dynamic.apply(given, field_manager="t"),
        }
        for name, call in calls.items():
            await call({**body, "metadata": {"name": name}})
            stored = (await maps.get(name)).data
            assert {key: value for key, value in data.items() if stored.get(key) != value} == {}

    drive(scenario)


def test_apply_creates_changes_and_removes_fields(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        deployments = clientset.apps_v1.deployments(namespace)
        name = named("apply")
        intent: dict[str, Any] = {
            "metadata": {"name": name, "labels": {"a": "1", "b": "2"}},
            "spec": {**DEPLOYMENT, "replicas": 0},
        }
        made = await deployments.apply(intent, field_manager="tests")
        assert (made.metadata.name, made.metadata.labels) == (name, {"a": "1", "b": "2"})
        intent["metadata"]["labels"] = {"a": "1"}
        assert (await deployments.apply(intent, field_manager="tests")).metadata.labels == {"a": "1"}
        tested = {"type": "Tested", "status": "True"}
        status = {"metadata": {"name": name}, "status": {"conditions": [tested]}}
        applied = await deployments.apply_status(status, field_manager="conditions")
        assert "Tested" in {condition.type for condition in applied.status.conditions}
        dry = await deployments.apply(
            {"metadata": {"name": named("dry")}, "spec": DEPLOYMENT}, field_manager="t", dry_run="All"
        )
        assert await deployments.get_or_none(dry.metadata.name) is None
        await deployments.delete(name)

    drive(scenario)


def test_a_conflict_names_managers_and_fields(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        name = named("conflict")
        await maps.apply({"metadata": {"name": name}, "data": {"k": "1", "l": "1"}}, field_manager='first "one"')
        await maps.patch(name, MergePatch({"data": {"l": "2"}}), field_manager="second")
        with pytest.raises(errors.ApplyConflictError) as caught:
            await maps.apply({"metadata": {"name": name}, "data": {"k": "9", "l": "9"}}, field_manager="third")
        found = {(conflict.field, conflict.manager) for conflict in caught.value.conflicts}
        assert found == {(".data.k", 'first "one"'), (".data.l", "second")}
        assert isinstance(caught.value, errors.ConflictError)
        said = str(caught.value)
        assert ".data.l" in said
        assert '"second"' in said
        assert "force=True" in said
        taken = await maps.apply({"metadata": {"name": name}, "data": {"k": "9"}}, field_manager="third", force=True)
        assert taken.data == {"k": "9", "l": "2"}

    drive(scenario)


def test_a_version_conflict_is_not_an_apply_conflict_error(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        name = named("version")
        made = await maps.create({"metadata": {"name": name}})
        await maps.patch(name, MergePatch({"data": {"k": "v"}}))
        with pytest.raises(errors.ConflictError) as caught:
            await maps.update(made)
        assert not isinstance(caught.value, errors.ApplyConflictError)

    drive(scenario)


def test_a_scale_is_applied(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        name = named("scale")
        deployments = clientset.apps_v1.deployments(namespace)
        await deployments.create({"metadata": {"name": name}, "spec": {**DEPLOYMENT, "replicas": 0}})
        scale = await deployments.apply_scale(name, {"spec": {"replicas": 1}}, field_manager="scaler", force=True)
        assert isinstance(scale, autoscaling_v1.Scale)
        assert scale.spec.replicas == 1
        with pytest.raises(errors.ApplyConflictError, match="scaler"):
            await deployments.apply(
                {"metadata": {"name": name}, "spec": {**DEPLOYMENT, "replicas": 3}}, field_manager="t"
            )
        with pytest.raises(
            errors.InvalidRequestError, match=r"spec\.replica is not a field of ScaleSpec; did you mean replicas"
        ):
            await deployments.apply_scale(name, {"spec": {"replica": 1}}, field_manager="scaler")
        await deployments.delete(name)

    drive(scenario)


def test_a_typo_in_an_intent_is_an_error_before_it_is_sent(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        deployments = clientset.apps_v1.deployments(namespace)
        named_ = {"metadata": {"name": "x"}}
        containers = [{"name": "c", "imagePullPolice": "Always"}]
        for body, words in (
            (
                {**named_, "spec": {"replica": 3}},
                r"spec\.replica is not a field of DeploymentSpec; did you mean replicas\?",
            ),
            (
                {**named_, "spec": {"template": {"spec": {"containers": containers}}}},
                r"spec\.template\.spec\.containers\[0\]\.imagePullPolice .*did you mean imagePullPolicy",
            ),
            ({**named_, "spec": {"min_ready_seconds": 1}}, "did you mean minReadySeconds"),
            ({**named_, "kind": "Pod"}, "expected kind 'Deployment'"),
            ({"metadata": {"generateName": "x"}}, "needs a name"),
            ({"metadata": {"name": "x", "managedFields": [{"manager": "m"}]}}, "managedFields"),
            (
                core_v1.Pod(metadata=meta_v1.ObjectMeta(name="x"), spec=core_v1.PodSpec(containers=[])),
                "expected a Deployment",
            ),
        ):
            with pytest.raises(errors.InvalidRequestError, match=words):
                await deployments.apply(body, field_manager="tests")
        with pytest.raises(errors.InvalidRequestError, match="field_manager is empty"):
            await deployments.apply(named_, field_manager="")
        assert await deployments.get_or_none("x") is None

    drive(scenario)
