"""Features for any kind on the real server: discovery, dynamic clients, resource(kind) and raw requests."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Callable
from typing import Any, Literal

import anyio
import pytest

from kubeclient import Clientset
from kubeclient.models import apps_v1, autoscaling_v1, core_v1
from kubecore import apply, discovery, errors
from kubecore.discovery import responses
from kubecore.discovery.cache import DiscoveryCache
from kubecore.model.list_of import ObjectList
from kubecore.model.meta import Status
from kubecore.model.model import Model, always
from kubecore.projection import Projection
from kubecore.rest import run_steps
from tests.ready import PATIENCE, wait_until
from tests.server.conftest import Scenario
from tests.server.definitions import definition

Drive = Callable[[Scenario], None]

CONTAINER = {"name": "c", "image": "i"}
DEPLOYMENT = {
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [CONTAINER]}},
    },
}


class Widget(Model, kw_only=True):
    """A hand-written model."""

    api_version: str
    kind: str


class Row(Projection):
    data: dict[str, str] = {}  # noqa: RUF012


class GadgetSpec(Model, kw_only=True):
    size: str


class Gadget(Model, kw_only=True):
    """An outdated model: the server has a newer schema."""

    api_version: Literal["typed.example.com/v1"] = always("typed.example.com/v1")
    kind: Literal["Gadget"] = always("Gadget")
    spec: GadgetSpec


# Version and raw requests.


def test_server_version_returns_the_version(drive: Drive) -> None:
    async def scenario(clientset: Any) -> None:
        found = await clientset.server_version()
        assert (found.major, found.git_version[:6]) == ("1", "v1.37.")

    drive(scenario)


@pytest.mark.real_only("not_simulated", "/metrics")
def test_raw_sends_requests_to_any_path(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        assert (await clientset.raw("GET", "/healthz")).text == "ok"
        metrics = await clientset.raw("GET", "/metrics")
        assert metrics.headers["content-type"].startswith("text/plain")
        assert b"apiserver_request_total" in metrics.content
        place = f"/api/v1/namespaces/{namespace}/configmaps"
        name = f"raw-{uuid.uuid4().hex[:4]}"
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"raw": "a"}}}
        made = await clientset.raw("POST", place, body=json.dumps(body).encode())
        assert (made.status, json.loads(made.content)["metadata"]["name"]) == (201, name)
        await clientset.raw(
            "PATCH", f"{place}/{name}", body=b'{"data":{"k":"v"}}', content_type="application/merge-patch+json"
        )
        found = await clientset.raw("GET", place, query={"labelSelector": "raw in (a, b)", "limit": 5})
        assert json.loads(found.content)["items"][-1]["data"] == {"k": "v"}
        head = await clientset.raw("HEAD", "/healthz")
        assert (head.status, head.content) == (200, b"")
        assert (await clientset.raw("DELETE", f"{place}/{name}")).status == 200

    drive(scenario)


def test_raw_failures_are_typed(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        with pytest.raises(errors.NotFoundError, match='configmaps "nope" not found') as caught:
            await clientset.raw("GET", f"/api/v1/namespaces/{namespace}/configmaps/nope")
        assert caught.value.code == 404
        with pytest.raises(errors.NotFoundError, match="/nope"):
            await clientset.raw("GET", "/nope")
        with pytest.raises(errors.BadRequestError):
            await clientset.raw("POST", f"/api/v1/namespaces/{namespace}/configmaps", body=b"{")

    drive(scenario)


# Discovery.


def test_discovery_finds_kinds_by_every_form_of_their_name(drive: Drive) -> None:
    async def scenario(clientset: Any) -> None:
        catalog = await clientset.discovery.catalog()
        assert catalog.failed == {}
        assert catalog.groups[0] == discovery.ApiGroup("", ("v1",), "v1")
        pods = await clientset.discovery.find("po")
        assert (pods.kind, pods.plural, pods.singular, pods.namespaced) == ("Pod", "pods", "pod", True)
        assert {"get", "list", "watch", "deletecollection"} <= set(pods.verbs)
        assert "all" in pods.categories
        eviction = next(sub for sub in pods.subresources if sub.name == "eviction")
        assert (eviction.group, eviction.version, eviction.kind) == ("policy", "v1", "Eviction")
        for name in ("deploy", "Deployment", "deployment", "DEPLOYMENTS", "deploy.apps", "deployments.v1.apps"):
            assert str(await clientset.discovery.find(name)) == "Deployment (apps/v1)"
        assert (await clientset.discovery.find("events")).api_version == "v1"
        assert (await clientset.discovery.find("events.events.k8s.io")).api_version == "events.k8s.io/v1"
        assert (await clientset.discovery.find("Event", api_version="events.k8s.io/v1")).group == "events.k8s.io"
        with pytest.raises(errors.NoMatchError, match=r"did you mean Deployment \(apps/v1\)") as caught:
            await clientset.discovery.find("Deploymnet")
        assert caught.value.nearest == ("Deployment (apps/v1)",)
        with pytest.raises(errors.NoMatchError, match=r"in apps/v1beta1; did you mean Deployment \(apps/v1\)"):
            await clientset.discovery.find("Deployment", api_version="apps/v1beta1")

    drive(scenario)


def test_discovery_without_aggregation_finds_the_same_resources(
    clientset: Clientset, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = clientset.discovery.catalog()
    monkeypatch.setattr(responses, "AGGREGATED", "application/json")
    piecemeal = run_steps.run(clientset.rest_client, DiscoveryCache().refresh())
    assert piecemeal.groups == whole.groups
    assert {named(found) for found in piecemeal.resources} == {named(found) for found in whole.resources}
    assert not piecemeal.failed


def named(found: discovery.ApiResource) -> Any:
    """Return a resource without the order of its subresources."""
    fields = {name: getattr(found, name) for name in found.__dataclass_fields__}
    return tuple(sorted((k, frozenset(v) if k == "subresources" else v) for k, v in fields.items()))


@pytest.mark.real_only("not_simulated", "aggregated APIs")
def test_a_group_that_does_not_respond_is_reported_next_to_the_others(
    clientset: Clientset, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = clientset.apiregistration_v1.api_services()
    services.create(
        {
            "metadata": {"name": "v1.broken.example.com"},
            "spec": {
                "group": "broken.example.com",
                "version": "v1",
                "groupPriorityMinimum": 100,
                "versionPriority": 10,
                "insecureSkipTLSVerify": True,
                "service": {"name": "nope", "namespace": "default"},
            },
        }
    )
    try:
        wait_until(lambda: clientset.discovery.refresh().failed)
        (error,) = clientset.discovery.catalog().failed.values()
        assert isinstance(error, errors.DiscoveryError)
        assert clientset.discovery.find("po").kind == "Pod"
        with pytest.raises(errors.NoMatchError, match=r"these did not respond: broken\.example\.com/v1"):
            clientset.discovery.find("Broken")
        monkeypatch.setattr(responses, "AGGREGATED", "application/json")
        piecemeal = clientset.discovery.refresh()
        assert {name: type(error) for name, error in piecemeal.failed.items()} == {
            "broken.example.com/v1": errors.ServiceUnavailableError
        }
        assert clientset.discovery.find("po").kind == "Pod"
    finally:
        services.delete("v1.broken.example.com")


# Dynamic clients.


def test_the_dynamic_client_has_every_verb_on_dictionaries(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        deployments = await clientset.dynamic.resource("deploy", namespace)
        made = await deployments.create(DEPLOYMENT, field_manager="tests")
        assert isinstance(made, dict)
        assert (made["apiVersion"], made["kind"], made["metadata"]["namespace"]) == ("apps/v1", "Deployment", namespace)
        got = await deployments.get("web")
        assert got["metadata"]["uid"] == made["metadata"]["uid"]
        listed = await deployments.list(limit=1)
        assert isinstance(listed, ObjectList)
        assert [(item["apiVersion"], item["kind"]) for item in listed.items] == [("apps/v1", "Deployment")]
        assert listed.metadata.resource_version
        async with deployments.watch(timeout_seconds=30) as events:
            async for event in events:
                assert (event.type, event.object["metadata"]["name"]) == ("ADDED", "web")
                break
        patched = await deployments.patch("web", {"metadata": {"labels": {"a": "b"}}}, type="merge")
        assert patched["metadata"]["labels"] == {"a": "b"}
        patched["metadata"] |= {"annotations": {"c": "d"}, "resourceVersion": ""}
        assert (await deployments.update(patched))["metadata"]["annotations"]["c"] == "d"
        fresh = await deployments.get("web")
        fresh["metadata"]["resourceVersion"] = ""
        fresh["status"] = {**fresh.get("status", {}), "observedGeneration": 1}
        assert (await deployments.update_status(fresh))["status"]["observedGeneration"] == 1
        assert (await deployments.get_status("web"))["kind"] == "Deployment"
        scale = await deployments.get_subresource("web", "scale")
        assert (scale["kind"], scale["spec"]["replicas"]) == ("Scale", 1)
        scale["metadata"]["resourceVersion"] = ""
        scale["spec"]["replicas"] = 0
        assert "replicas" not in (await deployments.update_subresource("web", "scale", scale))["spec"]
        changed = await deployments.patch_subresource("web", "scale", {"spec": {"replicas": 2}}, type="merge")
        assert changed["spec"]["replicas"] == 2
        assert (await deployments.wait("web", for_="jsonpath={.spec.replicas}=2"))["spec"]["replicas"] == 2
        assert (await deployments.wait("web", for_=lambda found: found["kind"] == "Deployment"))["kind"] == "Deployment"
        applied = await deployments.patch(
            "web",
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"labels": {"e": "f"}}},
            type="apply",
            field_manager="tests",
            force=True,
        )
        assert applied["metadata"]["labels"]["e"] == "f"
        await deployments.delete("web", propagation_policy="Background")
        await deployments.wait("web", for_="delete")
        with pytest.raises(errors.NotFoundError, match='"web" not found'):
            await deployments.get("web")
        maps = await clientset.dynamic.resource("ConfigMap", namespace)
        await maps.create({"metadata": {"name": "a", "labels": {"mine": "1"}}})
        await maps.delete_collection(label_selector="mine=1")
        assert (await maps.list(label_selector="mine=1")).items == []

    drive(scenario)


def test_composed_verbs_accept_and_return_dictionaries(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = await clientset.dynamic.resource("cm", namespace)
        name = f"built-{uuid.uuid4().hex[:6]}"
        body = {"metadata": {"name": name, "labels": {"built": "1"}}, "data": {"a": "1"}}
        assert (await maps.apply(body, field_manager="tests"))["data"] == {"a": "1"}
        with pytest.raises(errors.ApplyConflictError):
            await maps.apply({**body, "data": {"a": "2"}}, field_manager="others")

        def change(found: dict[str, Any]) -> None:
            found["data"]["b"] = "2"

        assert (await maps.modify(name, change))["data"] == {"a": "1", "b": "2"}
        assert (await maps.create_or_update({**body, "data": {"c": "3"}}))["data"] == {"c": "3"}
        assert (await maps.get_or_none(f"{name}-not")) is None
        assert (await maps.get(name, into=Row)).data == {"c": "3"}
        rows = await maps.list(into=Row, label_selector={"built": "1"})
        assert rows.items[-1].data == {"c": "3"}
        assert (await maps.get_metadata(name)).metadata.labels == {"built": "1"}
        await maps.create({"metadata": {"generateName": name, "labels": {"built": "1"}}})
        found = [one async for one in maps.iter(label_selector="built=1", limit=1)]
        assert [(one["kind"], one["metadata"]["name"][: len(name)]) for one in found] == [("ConfigMap", name)] * 2
        await maps.delete_collection(label_selector="built=1")
        await maps.apply(body, field_manager="tests")
        assert name in str(await maps.table(name))
        await maps.delete_and_wait(name, timeout=10)
        typed = clientset.resource(core_v1.ConfigMap, namespace)
        assert (await typed.apply(body, field_manager="tests")).data == {"a": "1"}
        assert [one.metadata.name async for one in typed.iter(label_selector="built=1")] == [name]
        await typed.delete_and_wait(name, timeout=10)

    drive(scenario)


def test_the_dynamic_client_refuses_invalid_requests(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = await clientset.dynamic.resource("cm", namespace)
        read = await maps.create({"metadata": {"name": f"m{uuid.uuid4().hex[:6]}"}, "data": {"k": "v"}})
        for bad in ("", "..", "a/b"):
            with pytest.raises(errors.InvalidRequestError):
                await maps.delete(bad)
        with pytest.raises(errors.InvalidRequestError, match="managedFields can't be applied"):
            await maps.patch(read["metadata"]["name"], read, type="apply", field_manager="tests")
        with pytest.raises(errors.InvalidRequestError, match="expected kind 'ConfigMap', not 'Secret'"):
            await maps.create({"kind": "Secret", "metadata": {"name": "s"}})
        with pytest.raises(errors.InvalidRequestError, match=r"the namespace of ConfigMap 's' is 'other' in the body"):
            await maps.create({"metadata": {"name": "s", "namespace": "other"}})
        with pytest.raises(errors.InvalidRequestError, match="nodes are cluster-scoped: pass no namespace"):
            await (await clientset.dynamic.resource("Node", namespace)).get("n")
        with pytest.raises(errors.InvalidRequestError, match="the kind is empty"):
            await clientset.dynamic.resource("")

    drive(scenario)


def test_the_dynamic_client_returns_models_for_a_model_class(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        deployments = await clientset.dynamic.resource(apps_v1.Deployment, namespace)
        assert (await deployments.create(DEPLOYMENT, dry_run="All")).spec.replicas == 1
        with pytest.raises(errors.NoMatchError, match="lacks apiVersion or kind"):
            await clientset.dynamic.resource(Widget)
        made = apps_v1.Deployment.from_dict(DEPLOYMENT)
        untyped = await clientset.dynamic.resource("Deployment", namespace)
        assert (await untyped.create(made, dry_run="All"))["spec"]["replicas"] == 1

    drive(scenario)


def test_discovery_finds_a_new_kind(drive: Drive, clientset: Clientset, group: str) -> None:
    async def scenario(driven: Any) -> None:
        with pytest.raises(errors.NoMatchError, match="the server has no kind or resource"):
            await driven.dynamic.resource(f"widgets.{group}")
        apply.apply_objects(clientset, [definition(group, scope="Cluster")], field_manager="tests")
        widgets = await driven.dynamic.resource(f"widgets.{group}")
        assert (await put(widgets, f"{group}/v1"))["kind"] == "Widget"

    drive(scenario)


def test_the_error_for_a_removed_version_names_the_remaining_version(
    drive: Drive, clientset: Clientset, group: str
) -> None:
    async def scenario(driven: Any) -> None:
        both, one = definition(group, versions=("v2", "v1"), scope="Cluster"), definition(group, versions=("v2",))
        one["spec"]["scope"] = "Cluster"
        apply.apply_objects(clientset, [both], field_manager="tests")
        old = await driven.dynamic.resource("Widget", api_version=f"{group}/v1")
        await put(old, f"{group}/v1")
        apply.apply_objects(clientset, [one], field_manager="tests")
        await gone(old, "w")
        with pytest.raises(errors.NoMatchError, match=rf"in {group}/v1; did you mean Widget \({group}/v2\)"):
            await driven.dynamic.resource("Widget", api_version=f"{group}/v1")
        assert (await (await driven.dynamic.resource(f"Widget.{group}")).get("w"))["apiVersion"] == f"{group}/v2"

    drive(scenario)


def test_a_kind_that_turns_namespaced_is_found_again(
    drive: Drive, clientset: Clientset, namespace: str, group: str
) -> None:
    async def scenario(driven: Any) -> None:
        apply.apply_objects(clientset, [definition(group, scope="Cluster")], field_manager="tests")
        await driven.dynamic.resource(f"widgets.{group}")
        remove(clientset, group)
        apply.apply_objects(clientset, [definition(group)], field_manager="tests")
        widgets = await driven.dynamic.resource(f"widgets.{group}", namespace)
        assert (await put(widgets, f"{group}/v1"))["metadata"]["namespace"] == namespace

    drive(scenario)


def test_a_schema_that_changes_under_a_model_is_an_error_that_names_the_field(
    clientset: Clientset, namespace: str
) -> None:
    kind = definition("typed.example.com", plural="gadgets")
    body = {"apiVersion": "typed.example.com/v1", "kind": "Gadget", "metadata": {"name": "g"}, "spec": {"size": 5}}
    try:
        apply.apply_objects(clientset, [body, kind], field_manager="tests", namespace=namespace)
        gadgets = clientset.dynamic.resource(Gadget, namespace)
        with pytest.raises(errors.DecodeError, match=r"\$\.spec\.size"):
            gadgets.get("g")
        assert clientset.dynamic.resource("gadgets", namespace).get("g")["spec"] == {"size": 5}
    finally:
        clientset.apiextensions_v1.custom_resource_definitions().delete("gadgets.typed.example.com")


async def put(widgets: Any, api_version: str) -> Any:
    """Create a Widget by apply: the server delays a create by two seconds if the kind is new."""
    body = {"apiVersion": api_version, "kind": "Widget", "metadata": {"name": "w"}}
    return await widgets.patch("w", body, type="apply", field_manager="tests")


async def gone(client: Any, name: str) -> None:
    """Wait until an object no longer exists."""
    with anyio.fail_after(PATIENCE), contextlib.suppress(errors.NotFoundError):
        while await client.get(name):  # noqa: ASYNC110 - the server does it
            await anyio.sleep(0.02)


def remove(clientset: Clientset, group: str) -> None:
    """Remove the kind, and wait until it is gone."""
    definitions = clientset.apiextensions_v1.custom_resource_definitions()
    definitions.delete(f"widgets.{group}")
    wait_until(lambda: not any(found.spec.group == group for found in definitions.list().items))


# resource(kind).


def test_code_can_be_generic_over_kinds(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        for kind, body in ((core_v1.ConfigMap, {"data": {"a": "b"}}), (apps_v1.Deployment, DEPLOYMENT)):
            objects = clientset.resource(kind, namespace)
            made = await objects.create({**body, "metadata": {"name": "generic", "labels": {"mine": "1"}}})
            assert type(made) is kind
            listed = await objects.list(label_selector="mine=1")
            assert [type(item) for item in listed.items] == [kind]
            assert listed.items[0].metadata.name == "generic"
            assert type(await objects.delete_collection(label_selector="mine=1")) in (ObjectList, Status)
        assert (await clientset.resource(core_v1.Namespace).get(namespace)).metadata.name == namespace

    drive(scenario)


def test_a_model_without_a_resource_is_refused_at_once(clientset: Clientset) -> None:
    for model in (core_v1.PodSpec, autoscaling_v1.Scale, Widget):
        with pytest.raises(errors.NoMatchError, match=r"`clientset.dynamic.resource\(...\)` finds it on the server"):
            clientset.resource(model)
