"""`modify` on the real server keeps fields that the models lack."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Any, Literal

import pytest

from kubeclient import Clientset
from kubeclient.models import core_v1, meta_v1
from kubecore import async_verbs, errors, sync_verbs
from kubecore.calls.resource import Resource
from kubecore.model.model import Model, always
from kubecore.patch import (
    MergePatch,
)
from tests.cluster import Cluster
from tests.server.writing_bodies import Drive, Gadget, OldPart, document, named, other


class GadgetList(Model, kw_only=True):
    """Gadgets."""

    api_version: Literal["tests.example.com/v1"] = always("tests.example.com/v1")
    kind: Literal["GadgetList"] = always("GadgetList")
    metadata: meta_v1.ListMeta
    items: list[Gadget] = []  # noqa: RUF012


GADGETS = Resource(
    group="tests.example.com", version="v1", plural="gadgets", namespaced=True, kind=Gadget, list_kind=GadgetList
)


class Gadgets(sync_verbs.StandardWithStatus[Gadget, GadgetList]):
    _resource = GADGETS


class AsyncGadgets(async_verbs.StandardWithStatus[Gadget, GadgetList]):
    _resource = GADGETS


def gadgets(clientset: Any, namespace: str) -> Any:
    inner = getattr(clientset, "_inner", None)
    if inner is None:
        return AsyncGadgets(clientset.rest_client, namespace)
    from tests.server.conftest import Awaited

    return Awaited(Gadgets(inner.rest_client, namespace))


@pytest.fixture(scope="module")
def _gadgets(cluster: Cluster, config: Any) -> Iterator[None]:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    crd = {
        "metadata": {"name": "gadgets.tests.example.com"},
        "spec": {
            "group": "tests.example.com",
            "names": {"plural": "gadgets", "kind": "Gadget"},
            "scope": "Namespaced",
            "versions": [version],
        },
    }
    with Clientset(config) as clientset:
        crds = clientset.apiextensions_v1.custom_resource_definitions()
        crds.create(crd)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            conditions = crds.get("gadgets.tests.example.com").status.conditions
            if any(condition.type == "Established" and condition.status == "True" for condition in conditions):
                break
            time.sleep(0.1)
        yield
        crds.delete("gadgets.tests.example.com")


NEW_SPEC = {
    "color": "red",
    "shape": {"corners": 4},
    "parts": [
        {"name": "a", "size": 1, "weight": 10},
        {"name": "b", "size": 2, "weight": 20, "deep": {"x": [1, None]}},
        {"name": "c", "size": 3, "weight": 30},
    ],
}


@pytest.mark.usefixtures("_gadgets")
def test_modify_keeps_fields_that_the_model_lacks(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        name = named("gadget")
        client = gadgets(clientset, namespace)
        await client.create({"metadata": {"name": name}, "spec": NEW_SPEC})

        def change(gadget: Gadget) -> None:
            gadget.spec.color = "blue"
            gadget.spec.parts[1].size = 22
            gadget.spec.parts.insert(0, OldPart(name="new", size=0))
            gadget.spec.parts = [part for part in gadget.spec.parts if part.name != "a"]
            gadget.metadata.labels["l"] = "m"

        changed = await client.modify(name, change)
        assert changed.spec.color == "blue"
        stored = await document(clientset, namespace, name)
        assert stored["metadata"]["labels"] == {"l": "m"}
        assert stored["spec"] == {
            "color": "blue",
            "shape": {"corners": 4},
            "parts": [
                {"name": "new", "size": 0},
                {"name": "b", "size": 22, "weight": 20, "deep": {"x": [1, None]}},
                {"name": "c", "size": 3, "weight": 30},
            ],
        }
        await client.update(changed)  # Any client without `modify` sends this request.
        assert "shape" not in (await document(clientset, namespace, name))["spec"]

    drive(scenario)


@pytest.mark.usefixtures("_gadgets")
def test_modify_status_keeps_unknown_fields_and_the_spec(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        name = named("gadget")
        client = gadgets(clientset, namespace)
        await client.create({"metadata": {"name": name}, "spec": NEW_SPEC})

        def change(gadget: Gadget) -> Gadget:
            return gadget.replace(status={"phase": "Ready"}, spec=gadget.spec.replace(color="green"))

        assert (await client.modify_status(name, change)).status == {"phase": "Ready"}
        stored = await document(clientset, namespace, name)
        assert (stored["spec"], stored["status"]) == (NEW_SPEC, {"phase": "Ready"})

    drive(scenario)


def test_modify_is_tried_again_on_a_conflict(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        name = named("modify")
        await maps.create({"metadata": {"name": name}, "data": {"n": "0"}})
        seen: list[str] = []
        with Clientset(other(clientset)) as theirs:

            def change(found: core_v1.ConfigMap) -> None:
                seen.append(found.data["n"])
                if len(seen) < 3:  # Another client changes the object first, twice.
                    theirs.core_v1.config_maps(namespace).patch(name, MergePatch({"data": {"n": str(len(seen))}}))
                found.data["mine"] = found.data["n"]

            changed = await maps.modify(name, change, field_manager="tests")
            assert (seen, changed.data) == (["0", "1", "2"], {"n": "2", "mine": "2"})

            def never(found: core_v1.ConfigMap) -> None:
                theirs.core_v1.config_maps(namespace).patch(name, MergePatch({"data": {"n": uuid.uuid4().hex}}))
                found.data["mine"] = "lost"

            with pytest.raises(errors.ConflictError):
                await maps.modify(name, never)
        assert (await maps.get(name)).data["mine"] == "2"

    drive(scenario)


def test_modify_sends_nothing_without_a_change_and_refuses_invalid_changes(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        name = named("same")
        made = await maps.create({"metadata": {"name": name}, "data": {"a": "b"}})

        def same(found: core_v1.ConfigMap) -> core_v1.ConfigMap:
            found.metadata.resource_version = ""  # The request contains the read version anyway.
            return found.replace(data=dict(found.data))

        assert (await maps.modify(name, same)).metadata.resource_version == ""
        assert (await maps.get(name)).metadata.resource_version == made.metadata.resource_version
        with pytest.raises(errors.InvalidRequestError, match="returns nothing or the changed ConfigMap, not str"):
            await maps.modify(name, lambda found: found.data.setdefault("c", "d"))
        with pytest.raises(errors.InvalidRequestError, match="the name of ConfigMap"):
            await maps.modify(name, lambda found: setattr(found.metadata, "name", "another"))
        with pytest.raises(errors.NotFoundError):
            await maps.modify("nothing-here", same)

    drive(scenario)
