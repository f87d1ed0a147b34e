"""Paging, metadata alone, tables, projections and selectors on the real server, synchronous and asynchronous."""
# ruff: noqa: RUF012 - msgspec copies mutable values

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from kubeclient.models import core_v1
from kubecore import errors, selectors
from kubecore.model.meta import PartialObjectMetadata
from kubecore.projection import ObjectList, Projection
from tests.cluster import Cluster

Drive = Callable[[Any], None]

CONTAINER = {"name": "c", "image": "registry.invalid/c"}


class Metadata(Projection):
    name: str
    labels: dict[str, str] = {}


class MapRow(Projection):
    metadata: Metadata
    data: dict[str, str] = {}


class Spec(Projection):
    containers: list[Container]
    node_name: str | None = None


class Container(Projection):
    image: str = ""


class PodRow(Projection):
    metadata: Metadata
    spec: Spec


async def make(maps: Any, count: int, **labels: str) -> list[str]:
    names = [f"m{number}" for number in range(count)]
    for name in names:
        body = {"metadata": {"name": name, "labels": {"own": "yes"} | labels}, "data": {"k": name}}
        await maps.create(body)
    return names


def test_iter_yields_the_objects_of_all_pages(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        names = await make(maps, 7)
        own = {"own": "yes"}
        found = [item async for item in maps.iter(limit=3, label_selector=own)]
        assert [item.metadata.name for item in found] == names
        assert {type(item) for item in found} == {core_v1.ConfigMap}
        rows = [row async for row in maps.iter(limit=2, label_selector=own, into=MapRow)]
        assert [(row.metadata.name, row.data["k"]) for row in rows] == [(name, name) for name in names]
        newest = (await maps.list()).metadata.resource_version
        at_least = {"resource_version": newest, "resource_version_match": "NotOlderThan"}
        assert len([item async for item in maps.iter(limit=2, label_selector=own, **at_least)]) == 7
        metadata = [item async for item in maps.iter_metadata(limit=4, label_selector=own)]
        assert [item.metadata.name for item in metadata] == names
        assert [item async for item in maps.iter(label_selector="own=no")] == []
        for _ in range(2):
            async for item in maps.iter(limit=2):
                assert item.metadata.name
                break  # An abandoned iterator holds no resources.

    drive(scenario)


def test_iter_is_complete_if_the_version_is_compacted_between_pages(
    drive: Drive, namespace: str, cluster: Cluster
) -> None:
    """The server does not cache events, so only etcd has the version of the pages."""

    async def scenario(clientset: Any) -> None:
        events = clientset.core_v1.events(namespace)

        async def create(name: str) -> None:
            thing = {"kind": "Pod", "name": "p", "namespace": namespace}
            await events.create({"metadata": {"name": name}, "involvedObject": thing, "reason": "R"})

        for options in ({}, {"into": MetadataOnly}):
            for number in range(6):
                await create(f"e{number}")
            told = []
            async for event in events.iter(limit=2, **options):
                told.append(event.metadata.name)
                if len(told) == 2:
                    await events.delete("e4")
                    await create("e00")
                    await create("e7")
                    compact(cluster)
                    first = await events.list(limit=1)
                    assert first.metadata.continue_
            assert told == ["e0", "e1", "e00", "e2", "e3", "e5", "e7"]
            await events.delete_collection()
        page = await events.list(limit=1)
        assert page.items == []

    drive(scenario)


class Named(Projection):
    name: str


class MetadataOnly(Projection):
    metadata: Named


def compact(cluster: Cluster) -> None:
    """Compact etcd to the latest version."""

    def ask(path: str, **body: Any) -> Any:
        request = urllib.request.Request(f"{cluster.etcd_url}/v3/kv/{path}", json.dumps(body).encode())
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    newest = int(ask("range", key="AA==")["header"]["revision"])
    ask("compaction", revision=newest, physical=True)


def test_metadata_verbs_return_only_metadata(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        await make(maps, 3, app="web")
        one = await maps.get_metadata("m0")
        assert isinstance(one, PartialObjectMetadata)
        assert (one.kind, one.metadata.labels["app"], one.metadata.namespace) == (
            "PartialObjectMetadata",
            "web",
            namespace,
        )
        assert one.metadata.managed_fields
        page = await maps.list_metadata(limit=2, label_selector=selectors.parse("app in (web)"))
        assert [item.metadata.name for item in page.items] == ["m0", "m1"]
        rest = await maps.list_metadata(limit=2, label_selector="app=web", continue_token=page.metadata.continue_)
        assert [item.metadata.name for item in rest.items] == ["m2"]
        with pytest.raises(errors.NotFoundError):
            await maps.get_metadata("nope")

    drive(scenario)


def test_the_servers_table_looks_like_kubectl(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        pods = clientset.core_v1.pods(namespace)
        for name in ("web-1", "web-22"):
            await pods.create({"metadata": {"name": name}, "spec": {"containers": [CONTAINER]}})
        table = await pods.table()
        head, first, second = str(table).splitlines()
        assert head.startswith("NAME     READY   STATUS    RESTARTS   AGE")
        assert first.startswith("web-1    0/1     Pending   0 ")
        assert second.startswith("web-22   0/1 ")
        assert "NODE" in table.format(wide=True).splitlines()[0]
        assert [row.object.metadata.name for row in table.rows] == ["web-1", "web-22"]
        assert [column.name for column in table.column_definitions if column.format == "name"] == ["Name"]
        one = await pods.table("web-22")
        assert [row.cells[0] for row in one.rows] == ["web-22"]
        assert str(await pods.table(label_selector={"app": "none"})) == "No resources found"
        assert (await pods.table(limit=1)).metadata.continue_
        with pytest.raises(errors.NotFoundError):
            await pods.table("nope")
        with pytest.raises(errors.InvalidRequestError):
            await pods.table("")

    drive(scenario)


def test_projections_are_typed_rows(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        pods = clientset.core_v1.pods(namespace)
        await pods.create({"metadata": {"name": "p", "labels": {"a": "b"}}, "spec": {"containers": [CONTAINER]}})
        row = await pods.get("p", into=PodRow)
        assert row == PodRow(
            metadata=Metadata(name="p", labels={"a": "b"}),
            spec=Spec(containers=[Container(image="registry.invalid/c")]),
        )
        rows = await pods.list(into=PodRow, field_selector={"status.phase": selectors.not_equal("Running")})
        assert isinstance(rows, ObjectList)
        assert rows.items == [row]
        assert rows.metadata.resource_version
        assert rows.kind == "PodList"
        with pytest.raises(errors.NotFoundError):
            await pods.get("nope", into=PodRow)
        with pytest.raises(errors.InvalidRequestError, match="'data', which Pod does not have"):
            await pods.list(into=MapRow)

    drive(scenario)


@pytest.mark.parametrize("initial", [None, True], ids=["list", "stream"])
def test_a_watch_yields_rows_and_metadata(initial: bool | None, drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        await make(maps, 2)
        own: dict[str, Any] = {"label_selector": {"own": "yes"}, "send_initial_events": initial, "timeout_seconds": 20}
        told = []
        async with maps.watch(into=MapRow, **own) as events:
            async for event in events:
                if event.type == "BOOKMARK":
                    continue
                assert isinstance(event.object, MapRow)
                told.append((event.type, event.object.metadata.name, event.object.data["k"]))
                if len(told) == 2:
                    await maps.patch("m1", {"data": {"k": "new"}}, type="merge")
                if len(told) == 3:
                    break
        assert told == [("ADDED", "m0", "m0"), ("ADDED", "m1", "m1"), ("MODIFIED", "m1", "new")]
        seen = []
        async with maps.watch_metadata(**own) as changes:
            async for change in changes:
                assert isinstance(change.object, PartialObjectMetadata)
                seen.append((change.type, change.object.metadata.name))
                if len(seen) == 2:
                    await maps.delete("m0")
                if change.type == "DELETED":
                    break
        assert [one for one in seen if one[0] != "BOOKMARK"] == [("ADDED", "m0"), ("ADDED", "m1"), ("DELETED", "m0")]
        with pytest.raises(errors.InvalidRequestError, match="'spec', which ConfigMap does not have"):
            async with maps.watch(into=PodRow):
                pass

    drive(scenario)


@pytest.mark.parametrize("form", ["mapping", "selector", "text"])
def test_the_server_and_the_client_match_label_selectors_alike(form: str, drive: Drive, namespace: str) -> None:
    labels = [{"tier": "a"}, {"tier": "b", "n": "5"}, {"n": "07"}, {"tier": "c", "n": "x"}, {}]
    asked: list[dict[str, Any]] = [
        {"tier": "a"},
        {"tier": ["a", "b"]},
        {"tier": None},
        {"tier": selectors.not_exists()},
        {"tier": selectors.not_equal("a"), "n": None},
        {"tier": selectors.not_in(["a", "c"])},
        {"n": selectors.greater_than(5)},
        {"n": selectors.less_than(8)},
        {},
    ]

    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        for number, own in enumerate(labels):
            await maps.create({"metadata": {"name": f"m{number}", "labels": own | {"own": "yes"}}})
        for mapping in asked:
            wanted = selectors.build({**mapping, "own": "yes"})
            sent: Any = {"mapping": {**mapping, "own": "yes"}, "selector": wanted, "text": str(wanted)}[form]
            found = [item.metadata.name for item in (await maps.list(label_selector=sent)).items]
            assert found == [f"m{number}" for number, own in enumerate(labels) if wanted.matches(own | {"own": "yes"})]
        await maps.delete_collection(label_selector=selectors.build({"own": "yes"}))

    drive(scenario)
