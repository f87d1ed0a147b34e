"""The types that users see. Only mypy and pyright read this module; `tests/test_typing.py` starts them."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any, Literal, assert_type

import kubecore
from kubeclient import AsyncClientset, Clientset
from kubeclient.models import apps_v1, autoscaling_v1, batch_v1, core_v1, meta_v1
from kubecore import errors, options, patch, retry, selectors, waiting
from kubecore.apply import ObjectRef, Report
from kubecore.cache import Added, AsyncInformer, Change, Deleted, Informer, Key, Lister, Updated
from kubecore.calls.table import Table
from kubecore.election import AsyncElector, AsyncTerm, Elector, EventSink, Term
from kubecore.logs import AsyncLogStream, LogStream
from kubecore.model import meta, owners
from kubecore.model.list_of import ObjectList
from kubecore.projection import Projection
from kubecore.recorder import AsyncRecorder, Recorder
from kubecore.rest.page_iterator import PageIterator
from kubecore.streams.exec.command import Completed
from kubecore.streams.port_forward.async_forward import AsyncPortForward
from kubecore.streams.port_forward.forward import ForwardedStream, Listener, PortForward
from kubecore.watch import AsyncWatch, Event, Watch


def reading(clientset: Clientset) -> None:
    pod = clientset.core_v1.pods("x").get("y")
    assert_type(pod, core_v1.Pod)
    assert_type(pod.kind, Literal["Pod"])
    assert_type(pod.api_version, Literal["v1"])
    assert_type(pod.spec.node_name, str | None)
    assert_type(pod.metadata.name, str)
    assert_type(pod.metadata.labels, dict[str, str])
    assert_type(pod.metadata.creation_timestamp, datetime.datetime | None)
    assert_type(pod.spec.containers[0].args, list[str])
    assert_type(pod.spec.containers[0].resources.limits, dict[str, str])
    pods = clientset.core_v1.pods("").list(label_selector="a=b", limit=5)
    assert_type(pods, core_v1.PodList)
    assert_type(pods.items, list[core_v1.Pod])
    assert_type(pods.metadata.continue_, str | None)
    secret = clientset.core_v1.secrets("x").get("y")
    assert_type(secret.data, dict[str, bytes])


class Metadata(Projection):
    name: str


class PodRow(Projection):
    metadata: Metadata


def projecting(clientset: Clientset) -> None:
    pods = clientset.core_v1.pods("x")
    assert_type(pods.get("y", into=PodRow), PodRow)
    rows = pods.list(into=PodRow, label_selector={"app": "web", "tier": ["a", "b"], "x": None})
    assert_type(rows, ObjectList[PodRow])
    assert_type(rows.items, list[PodRow])
    assert_type(rows.items[0].metadata.name, str)
    assert_type(rows.metadata.continue_, str | None)
    assert_type(pods.iter(), PageIterator[core_v1.Pod])
    assert_type(pods.iter(into=PodRow, limit=5), PageIterator[PodRow])
    assert_type(next(pods.iter(into=PodRow)), PodRow)
    assert_type(pods.watch(into=PodRow, label_selector={"app": "web"}), Watch[PodRow])
    assert_type(pods.watch_metadata(), Watch[meta.PartialObjectMetadata])


def viewing(clientset: Clientset) -> None:
    pods = clientset.core_v1.pods("x")
    assert_type(pods.get_metadata("y").metadata.labels, dict[str, str])
    assert_type(pods.list_metadata(label_selector=selectors.parse("a=b")).items, list[meta.PartialObjectMetadata])
    assert_type(next(pods.iter_metadata()), meta.PartialObjectMetadata)
    assert_type(pods.table(field_selector={"spec.nodeName": "n"}), Table)


def writing(clientset: Clientset, deployment: apps_v1.Deployment) -> None:
    deployments = clientset.apps_v1.deployments("x")
    assert_type(deployments.create(deployment), apps_v1.Deployment)
    assert_type(deployments.create({"metadata": {"name": "d"}}), apps_v1.Deployment)
    assert_type(deployments.update_status(deployment), apps_v1.Deployment)
    assert_type(deployments.patch("d", {}, type="merge"), apps_v1.Deployment)
    assert_type(deployments.patch("d", [{"op": "remove", "path": "/x"}], type="json"), apps_v1.Deployment)
    assert_type(deployments.delete("d", propagation_policy="Foreground"), apps_v1.Deployment | meta_v1.Status)
    assert_type(deployments.delete_collection(), apps_v1.DeploymentList | meta_v1.Status)
    assert_type(deployments.get_scale("d"), autoscaling_v1.Scale)
    assert_type(deployment.replace(), apps_v1.Deployment)
    assert_type(apps_v1.Deployment.from_dict({}), apps_v1.Deployment)
    assert_type(clientset.core_v1.pods("x").evict("p", {}), meta_v1.Status)


def changing(clientset: Clientset) -> None:
    def scale(deployment: apps_v1.Deployment) -> None:
        deployment.spec.replicas = 2

    def replaced(deployment: apps_v1.Deployment) -> apps_v1.Deployment:
        return deployment.replace(spec=deployment.spec.replace(replicas=2))

    deployments = clientset.apps_v1.deployments("x")
    intent = {"metadata": {"name": "d"}, "spec": {"replicas": 2}}
    operations = [patch.Test("/spec/replicas", 1), patch.Move(["spec", "a/b"], from_="/spec/c")]
    assert_type(deployments.patch("d", patch.JsonPatch(operations)), apps_v1.Deployment)
    assert_type(deployments.patch_status("d", patch.MergePatch({"status": None})), apps_v1.Deployment)
    assert_type(deployments.patch_scale("d", patch.MergePatch({})), autoscaling_v1.Scale)
    assert_type(deployments.apply(intent, field_manager="m"), apps_v1.Deployment)
    assert_type(deployments.apply_status(intent, field_manager="m", force=True), apps_v1.Deployment)
    assert_type(deployments.apply_scale("d", intent, field_manager="m"), autoscaling_v1.Scale)
    assert_type(deployments.modify("d", scale), apps_v1.Deployment)
    assert_type(deployments.modify("d", replaced, field_manager="m"), apps_v1.Deployment)
    assert_type(deployments.modify_status("d", scale), apps_v1.Deployment)
    assert_type(deployments.create_or_update(intent), apps_v1.Deployment)
    assert_type(deployments.get_or_none("d"), apps_v1.Deployment | None)
    deployments.delete_and_wait("d", timeout=None, propagation_policy=options.FOREGROUND)
    clientset.core_v1.namespaces().delete_and_wait("n", propagation_policy=options.BACKGROUND)
    assert_type(clientset.core_v1.component_statuses().get_or_none("c"), core_v1.ComponentStatus | None)


async def awaiting_changes(clientset: AsyncClientset) -> None:
    def label(node: core_v1.Node) -> None:
        node.metadata.labels["a"] = "b"

    nodes = clientset.core_v1.nodes()
    assert_type(await nodes.modify("n", label), core_v1.Node)
    assert_type(await nodes.modify_status("n", label), core_v1.Node)
    assert_type(await nodes.get_or_none("n"), core_v1.Node | None)
    assert_type(await nodes.apply({}, field_manager="m"), core_v1.Node)
    assert_type(await nodes.create_or_update({}), core_v1.Node)
    await nodes.delete_and_wait("n", propagation_policy=options.ORPHAN)


def watching(clientset: Clientset) -> None:
    watch = clientset.core_v1.nodes().watch()
    assert_type(watch, Watch[core_v1.Node])
    with clientset.core_v1.nodes().list_and_watch() as changes:
        assert_type(changes.items, list[core_v1.Node])
        for event in changes:
            assert_type(event, Event[core_v1.Node])
    with watch as events:
        for event in events:
            assert_type(event, Event[core_v1.Node])
            assert_type(event.object, core_v1.Node)


def waiting_for(clientset: Clientset) -> None:
    pods = clientset.core_v1.pods("x")
    assert_type(pods.wait("y", for_="condition=Ready"), core_v1.Pod)
    assert_type(pods.wait("y", for_=waiting.condition("Ready"), timeout=None), core_v1.Pod)
    assert_type(pods.wait("y", for_=lambda pod: pod.status.phase == "Running"), core_v1.Pod)
    assert_type(pods.wait("y", for_="delete"), core_v1.Pod | None)
    assert_type(pods.wait("y", for_=waiting.deleted(), timeout=5), core_v1.Pod | None)
    assert_type(clientset.core_v1.namespaces().wait("y", for_="create"), core_v1.Namespace)
    assert_type(clientset.apps_v1.deployments("x").wait_for_rollout("y"), apps_v1.Deployment)
    assert_type(clientset.batch_v1.jobs("x").wait_for_completion("y", timeout=60), batch_v1.Job)


async def awaiting(clientset: AsyncClientset) -> None:
    assert_type(await clientset.core_v1.pods("x").get("y"), core_v1.Pod)
    assert_type((await clientset.core_v1.pods("x").list()).items, list[core_v1.Pod])
    assert_type(await clientset.core_v1.pods("x").wait("y", for_="condition=Ready"), core_v1.Pod)
    assert_type(await clientset.core_v1.pods("x").wait("y", for_="delete"), core_v1.Pod | None)
    assert_type(await clientset.batch_v1.jobs("x").wait_for_completion("y"), batch_v1.Job)
    pods = clientset.core_v1.pods("x")
    assert_type(await pods.get("y", into=PodRow), PodRow)
    assert_type(await pods.list(into=PodRow), ObjectList[PodRow])
    assert_type(await pods.table(), Table)
    assert_type((await pods.list_metadata()).items, list[meta.PartialObjectMetadata])
    async for pod in pods.iter():
        assert_type(pod, core_v1.Pod)
    assert_type(pods.watch(into=PodRow), AsyncWatch[PodRow])
    async for row in pods.iter(into=PodRow):
        assert_type(row, PodRow)
    watch = clientset.core_v1.nodes().watch()
    assert_type(watch, AsyncWatch[core_v1.Node])
    async with watch as events:
        async for event in events:
            assert_type(event.object, core_v1.Node)


def text(clientset: Clientset) -> None:
    pods = clientset.core_v1.pods("x")
    assert_type(pods.get_logs("y"), bytes)
    assert_type(pods.get_logs("y", encoding="utf-8"), str)
    assert_type(pods.get_logs("y", errors="replace"), str)
    assert_type(pods.stream_logs("y"), LogStream[bytes])
    assert_type(pods.stream_logs("y", encoding="utf-8", errors="ignore"), LogStream[str])
    assert_type(pods.run("y", ["ls"], stdin=b"x"), Completed[bytes])
    assert_type(pods.run("y", ["ls"], stdin="x", text=True), Completed[str])
    assert_type(pods.run("y", ["ls"], encoding="utf-8", errors="replace").stdout, str)
    assert_type(pods.run("y", ["ls"], errors="replace"), Completed[str])


async def awaiting_text(clientset: AsyncClientset) -> None:
    pods = clientset.core_v1.pods("x")
    assert_type(await pods.get_logs("y", encoding="utf-8"), str)
    assert_type(await pods.get_logs("y"), bytes)
    assert_type(pods.stream_logs("y", encoding="utf-8"), AsyncLogStream[str])
    assert_type(await pods.run("y", ["ls"]), Completed[bytes])
    assert_type(await pods.run("y", ["ls"], text=True), Completed[str])


def forwarding(clientset: Clientset, later: AsyncClientset) -> None:
    assert_type(clientset.core_v1.pods("x").port_forward("y"), PortForward)
    assert_type(clientset.core_v1.services("x").port_forward("y").connect("http"), ForwardedStream)
    assert_type(clientset.core_v1.services("x").port_forward("y").listen(80), Listener)
    assert_type(later.core_v1.services("x").port_forward("y"), AsyncPortForward)


def polling(clientset: Clientset) -> None:
    pods = clientset.core_v1.pods("x")
    assert_type(kubecore.poll(lambda: pods.get_or_none("y")), core_v1.Pod)
    assert_type(kubecore.poll(lambda: pods.list().items, timeout=None, interval=0.5), list[core_v1.Pod])
    assert_type(kubecore.poll(lambda: len(pods.list().items), interval=retry.DEFAULT_BACKOFF), int)


async def awaiting_a_poll(clientset: AsyncClientset) -> None:
    pods = clientset.core_v1.pods("x")

    async def found() -> core_v1.Pod | None:
        return await pods.get_or_none("y")

    assert_type(await kubecore.poll_async(found), core_v1.Pod)


def owning(pod: core_v1.Pod, mapping: dict[str, Any]) -> None:
    assert_type(owners.controller_reference(pod), meta.OwnerReference)
    owners.set_controller_reference(mapping, pod)
    owners.set_controller_reference(pod, mapping, block_owner_deletion=False)
    pod.metadata.owner_references.append(owners.controller_reference(mapping))


def generic(clientset: Clientset) -> None:
    assert_type(clientset.server_version().minor, str)
    assert_type(clientset.raw("GET", "/healthz").content, bytes)
    config_maps = clientset.resource(core_v1.ConfigMap, "x")
    assert_type(config_maps.get("y"), core_v1.ConfigMap)
    assert_type(config_maps.list().items, list[core_v1.ConfigMap])
    assert_type(config_maps.list().metadata.continue_, str | None)
    assert_type(config_maps.watch(), Watch[core_v1.ConfigMap])
    assert_type(config_maps.get_subresource("y", "z"), dict[str, Any])
    untyped = clientset.dynamic.resource("po", "x")
    assert_type(untyped.get("y"), dict[str, Any])
    assert_type(untyped.list(), ObjectList[dict[str, Any]])
    assert_type(clientset.dynamic.resource(core_v1.Pod).list().items, list[core_v1.Pod])
    assert_type(clientset.discovery.find("po").verbs, tuple[str, ...])
    assert_type(kubecore.apply_file(clientset, "x.yaml", field_manager="me").created, tuple[ObjectRef, ...])


async def generic_async(clientset: AsyncClientset) -> None:
    assert_type(await clientset.resource(core_v1.ConfigMap, "x").get("y"), core_v1.ConfigMap)
    untyped = await clientset.dynamic.resource("po", "x")
    assert_type((await untyped.list()).items, list[dict[str, Any]])
    assert_type(await kubecore.apply_file_async(clientset, "x.yaml", field_manager="me"), Report)


def failing(error: errors.StatusError) -> None:
    if isinstance(error, errors.ApplyConflictError):
        assert_type(error.conflicts, tuple[errors.FieldConflict, ...])
    assert_type(error.status, meta_v1.Status)
    assert_type(error.code, int)


def by_node(pod: core_v1.Pod) -> Iterable[str]:
    return [pod.spec.node_name] if pod.spec.node_name else []


def by_name(row: PodRow) -> Iterable[str]:
    return [row.metadata.name]


def informing(clientset: Clientset) -> None:
    pods = clientset.core_v1.pods("")
    informer = pods.informer(label_selector="app=web", indexes=[by_node])
    assert_type(informer, Informer[core_v1.Pod])
    with informer as cache:
        assert_type(cache, Informer[core_v1.Pod])
        assert_type(cache.get("a", "x"), core_v1.Pod)
        assert_type(cache.indexed(by_node, "node-1"), list[core_v1.Pod])
        for change in cache.changes():
            assert_type(change.object, core_v1.Pod)
    assert_type(pods.informer(into=PodRow, indexes=[by_name]), Informer[PodRow])
    assert_type(pods.informer(into=meta.PartialObjectMetadata), Informer[meta.PartialObjectMetadata])
    assert_type(clientset.dynamic.resource("po").informer(), Informer[dict[str, Any]])
    assert_type(clientset.dynamic.resource(core_v1.Pod).informer(), Informer[core_v1.Pod])


async def informing_async(clientset: AsyncClientset) -> None:
    async with clientset.core_v1.pods("").informer(indexes=[by_node]) as cache:
        assert_type(cache, AsyncInformer[core_v1.Pod])
        assert_type(cache.list(), list[core_v1.Pod])
        async for change in cache.changes():
            assert_type(change, Change[core_v1.Pod])


def caching(pods: Lister[core_v1.Pod], changes: list[Change[core_v1.Pod]]) -> None:
    assert_type(pods.get("y", "x"), core_v1.Pod)
    assert_type(pods.get_or_none("y", "x"), core_v1.Pod | None)
    assert_type(pods.list("x", label_selector={"app": "web"}), list[core_v1.Pod])
    assert_type(pods.indexed(by_node, "node-1"), list[core_v1.Pod])
    assert_type(pods.controlled_by("uid"), list[core_v1.Pod])
    assert_type(pods.keys("x"), list[Key])
    for change in changes:
        match change:
            case Added(object=pod) | Updated(object=pod):
                assert_type(pod, core_v1.Pod)
            case Deleted(key=key, object=pod, old=old, is_final=is_final):
                assert_type(old, core_v1.Pod | None)
                assert_type(key, Key)
                assert_type(pod, core_v1.Pod)
                assert_type(is_final, bool)


def refused(clientset: Clientset) -> None:
    """Each line is an error. If it were valid, the checkers would report its unused `ignore` comment."""
    clientset.core_v1.namespaces().delete_collection()  # type: ignore[attr-defined]  # pyright: ignore
    clientset.core_v1.pods()  # type: ignore[call-arg]  # pyright: ignore
    clientset.core_v1.nodes("x")  # type: ignore[call-arg]  # pyright: ignore
    clientset.core_v1.pods("x").list(label="a=b")  # type: ignore[call-overload]  # pyright: ignore
    clientset.core_v1.pods("x").list(into=dict)  # type: ignore[type-var]  # pyright: ignore
    clientset.core_v1.pods("x").list(label_selector={"a": 1})  # type: ignore[dict-item]  # pyright: ignore
    clientset.core_v1.pods("x").informer(indexes=[by_name])  # type: ignore[list-item]  # pyright: ignore
    clientset.core_v1.pods("x").create(core_v1.Secret())  # type: ignore[arg-type]  # pyright: ignore
    clientset.core_v1.pods("x").delete("y", propagation_policy="Sometimes")  # type: ignore[arg-type]  # pyright: ignore
    clientset.core_v1.pods("x").wait("y")  # type: ignore[call-overload]  # pyright: ignore
    clientset.core_v1.pods("x").wait("y", for_=5)  # type: ignore[call-overload]  # pyright: ignore
    clientset.core_v1.pods("x").wait_for_rollout("y")  # type: ignore[attr-defined]  # pyright: ignore
    clientset.core_v1.pods("x").apply({})  # type: ignore[call-arg]  # pyright: ignore
    clientset.core_v1.pods("x").run("y", ["ls"], stdin="x")  # type: ignore[call-overload]  # pyright: ignore
    clientset.core_v1.pods("x").run("y", ["ls"], stdin=b"x", text=True)  # type: ignore[call-overload]  # pyright: ignore
    clientset.core_v1.pods("x").patch("y", {"spec": {}})  # type: ignore[call-overload]  # pyright: ignore
    clientset.core_v1.pods("x").patch_status("y", {"status": {}})  # type: ignore[call-overload]  # pyright: ignore
    clientset.apps_v1.deployments("x").patch_scale("y", {"spec": {}})  # type: ignore[call-overload]  # pyright: ignore
    clientset.core_v1.pods("x").modify("y", str)  # type: ignore[arg-type]  # pyright: ignore
    clientset.core_v1.component_statuses().modify("y", print)  # type: ignore[attr-defined]  # pyright: ignore
    clientset.resource("ConfigMap")  # type: ignore[arg-type]  # pyright: ignore
    clientset.resource(core_v1.ConfigMap).create(core_v1.Secret())  # type: ignore[arg-type]  # pyright: ignore
    core_v1.Container(name="x", image_pull_policy=5)  # type: ignore[arg-type]  # pyright: ignore
    core_v1.Container(nam="x")  # type: ignore[call-arg]  # pyright: ignore


def recording_elections(recorder: Recorder, other: AsyncRecorder) -> list[EventSink]:
    return [recorder, other]


async def electing(clientset: Clientset, others: AsyncClientset, events: EventSink) -> None:
    with Elector(clientset, "lock", "shop", events=events).lead() as term:
        assert_type(term, Term)
        assert_type(term.lost.wait(1.0), bool)
        assert_type(term.valid_for(), float)
    elector = AsyncElector(others, "lock", identity="a", on_stuck=lambda: None)
    async with elector.lead() as leading:
        assert_type(leading, AsyncTerm)
        assert_type(leading.lost.is_set(), bool)
        assert_type(leading.transitions, int)
    assert_type(elector.leader, str)
    assert_type(elector.check(20.0), bool)
    AsyncElector(clientset, "lock")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
