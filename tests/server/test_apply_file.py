"""`apply_file` and `apply_objects` on the real server."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

import kubecore
from kubeclient import AsyncClientset, Clientset
from kubecore import apply, errors, rest
from kubecore.manifests import load_manifests
from tests.server.conftest import Awaited, Scenario
from tests.server.definitions import definition

Drive = Callable[[Scenario], None]


async def apply_file(clientset: Any, path: Path, **options: Any) -> apply.Report:
    options = {"field_manager": "tests", **options}
    if isinstance(clientset, Awaited):
        return kubecore.apply_file(clientset._inner, path, **options)
    return await kubecore.apply_file_async(clientset, path, **options)


async def apply_objects(clientset: Any, objects: Any, **options: Any) -> apply.Report:
    options = {"field_manager": "tests", **options}
    if isinstance(clientset, Awaited):
        return apply.apply_objects(clientset._inner, objects, **options)
    return await apply.apply_objects_async(clientset, objects, **options)


def several(namespace: str, group: str, *, size: int = 1, label: str = "a") -> str:
    """Return the text of a file with objects in the wrong order, a list and an empty document."""
    return f"""
apiVersion: {group}/v1
kind: Widget
metadata: {{name: w, namespace: {namespace}}}
spec: {{size: {size}}}
---
---
apiVersion: v1
kind: ServiceAccountList
items:
- metadata: {{name: one, namespace: {namespace}}}
- metadata: {{name: two, namespace: {namespace}, labels: {{l: {label}}}}}
---
{json.dumps(definition(group))}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: c}}
data: {{}}
---
apiVersion: v1
kind: Namespace
metadata: {{name: {namespace}}}
"""


def test_a_file_is_applied_in_the_order_that_its_objects_need(
    drive: Drive, tmp_path: Path, group: str, clientset: Clientset
) -> None:
    """The file holds a Namespace, a CRD with its object, a ServiceAccountList and an empty document."""

    async def scenario(driven: Any) -> None:
        namespace = f"new-{uuid.uuid4().hex[:8]}"
        file = tmp_path / f"{namespace}.yaml"
        file.write_text(several(namespace, group))
        report = await apply_file(driven, file, namespace=namespace)
        assert str(report).splitlines() == [
            f"Namespace {namespace} created",
            f"CustomResourceDefinition widgets.{group} created",
            f"ServiceAccount {namespace}/one created",
            f"ServiceAccount {namespace}/two created",
            f"ConfigMap {namespace}/c created",
            f"Widget {namespace}/w created",
        ]
        again = await apply_file(driven, file, namespace=namespace)
        assert (len(again.unchanged), again.created, again.changed) == (6, (), ())
        file.write_text(several(namespace, group, size=2, label="b"))
        for dry_run in ("All", None):
            changed = await apply_file(driven, file, namespace=namespace, dry_run=dry_run)
            assert [(ref.kind, ref.name) for ref in changed.changed] == [("ServiceAccount", "two"), ("Widget", "w")]
            assert len(changed.unchanged) == 4
        assert changed.applied[-1].object["spec"] == {"size": 2}
        assert changed.applied[-1].object["metadata"]["managedFields"][0]["manager"] == "tests"

    drive(scenario)


def test_objects_without_a_namespace_go_into_that_of_the_configuration(
    config: rest.Config, namespace: str, tmp_path: Path
) -> None:
    """As in kubectl, a given namespace overrides the default, and objects with another namespace fail."""
    file = tmp_path / "map.yaml"
    file.write_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: here}}")
    chosen = dataclasses.replace(config, namespace=namespace)

    async def asynchronous() -> apply.Report:
        async with AsyncClientset(chosen) as made:
            return await kubecore.apply_file_async(made, file, field_manager="tests")

    with Clientset(chosen) as made:
        (one,) = kubecore.apply_file(made, file, field_manager="tests").created
        assert one.namespace == namespace
        (one,) = anyio.run(asynchronous).unchanged
        assert one.namespace == namespace
        (one,) = kubecore.apply_file(made, file, field_manager="tests", namespace="default", dry_run="All").created
        assert one.namespace == "default"
        file.write_text(f"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: here, namespace: {namespace}}}}}")
        with pytest.raises(errors.ApplyFileError, match="does not match namespace='default'"):
            kubecore.apply_file(made, file, field_manager="tests", namespace="default")
        (one,) = kubecore.apply_file(made, file, field_manager="tests", namespace=namespace).unchanged
    with Clientset(config) as unnamed:
        found = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "here"}}
        (one,) = apply.apply_objects(unnamed, [found], field_manager="tests", dry_run="All").created
        assert one.namespace == "default"


def test_failed_objects_are_reported_by_name_and_the_rest_is_applied(drive: Drive, namespace: str, group: str) -> None:
    async def scenario(clientset: Any) -> None:
        own = f"m{uuid.uuid4().hex[:6]}"
        maps = clientset.core_v1.config_maps(namespace)
        await maps.create({"metadata": {"name": own}, "data": {"k": "theirs"}}, field_manager="them")
        bad = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "bad"}, "dota": {}}
        broken = definition(group)
        broken["spec"]["names"]["kind"] = "no kind"
        objects = [
            {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "w"}},
            broken,
            bad,
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "x-"}},
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": own}, "data": {"k": "ours"}},
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"{own}-good"}},
        ]
        with pytest.raises(errors.ApplyFileError) as caught:
            await apply_objects(clientset, objects, namespace=namespace)
        assert [str(ref) for ref in caught.value.report.created] == [f"ConfigMap {namespace}/{own}-good"]
        failures = caught.value.failures
        assert [failure.ref.name for failure in failures] == [f"widgets.{group}", "bad", "", own, "w"]
        for failure, kind in zip(
            failures,
            (
                errors.InvalidError,
                errors.InternalError,
                errors.InvalidRequestError,
                errors.ApplyConflictError,
                errors.NoMatchError,
            ),
            strict=True,
        ):
            assert isinstance(failure.error, kind)
        lines = str(caught.value).splitlines()
        assert lines[0] == "5 of 6 objects were not applied:"
        assert "dota" in lines[2]
        assert "metadata.name is missing" in lines[3]
        assert "them" in lines[4]
        forced = await apply_objects(clientset, objects[4:], namespace=namespace, force=True)
        assert [str(ref) for ref in forced.changed] == [f"ConfigMap {namespace}/{own}"]

    drive(scenario)


@pytest.mark.real_only("not_simulated", "definitions that are never served")
def test_a_crd_that_is_not_established_in_time_is_reported(clientset: Clientset, group: str) -> None:
    taken = definition(group, plural="gadgets")
    taken["spec"]["names"]["kind"] = "Widget"
    objects = [definition(group), taken, {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "w"}}]
    with pytest.raises(errors.ApplyFileError) as caught:
        apply.apply_objects(clientset, objects, field_manager="tests", crd_timeout_seconds=0.5)
    (failure,) = caught.value.failures
    assert failure.ref.name == f"gadgets.{group}"
    assert isinstance(failure.error, errors.NotEstablishedError)
    assert "not served within 0.5 s" in str(failure.error)
    assert [ref.name for ref in caught.value.report.created] == [f"widgets.{group}", "w"]


def test_models_are_applied_as_they_are(clientset: Clientset, namespace: str) -> None:
    text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: v}}"
    for _ in range(2):
        report = apply.apply_objects(clientset, load_manifests(text), field_manager="tests", namespace=namespace)
    assert len(report.unchanged) == 1


@pytest.mark.real_only("needs_connections")
def test_apply_stops_after_a_connection_error(config: rest.Config) -> None:
    lost = config.copy()
    lost.host = "https://127.0.0.1:1"
    objects = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in "ab"]
    with Clientset(lost) as clientset, pytest.raises(errors.ApplyFileError) as caught:
        apply.apply_objects(clientset, objects, field_manager="tests")
    assert [type(failure.error) for failure in caught.value.failures] == [errors.ConnectError, errors.KubeError]
    assert "not tried" in str(caught.value)
