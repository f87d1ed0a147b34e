"""The effects of the operator, on the fake API server and on a real one."""

from __future__ import annotations

import pytest

from kubeclient.models import apps_v1, core_v1
from kubecore import errors
from kubecore.patch import MergePatch
from kubecore.testing import Kube
from tests.conftest import Site
from website.models import example_v1
from website_operator import FINALIZER

pytestmark = pytest.mark.anyio


async def test_a_website_gets_a_deployment_and_a_service(site: Site) -> None:
    await site.create(replicas=3)
    await site.reconcile()
    deployment, service = await site.deployments.get("shop"), await site.services.get("shop")
    assert deployment.spec.replicas == 3
    assert deployment.spec.template.spec.containers[0].image == "web:1"
    assert service.spec.ports[0].target_port == 8080
    assert site.hosts.entries == {"shop.example.com": f"shop.{site.namespace}"}


async def test_a_second_run_changes_nothing(site: Site) -> None:
    async def state() -> tuple[object, ...]:
        deployment, service = await site.deployments.get("shop"), await site.services.get("shop")
        website = await site.websites.get("shop")
        # In a cluster with all controllers, another program writes the status of the Deployment.
        return deployment.metadata.generation, deployment.spec, service, website

    await site.create()
    await site.reconcile()
    before = await state()
    await site.reconcile()
    assert await state() == before


async def test_one_pod_is_the_default(site: Site) -> None:
    await site.create()
    await site.reconcile()
    assert (await site.deployments.get("shop")).spec.replicas == 1


async def test_a_change_of_the_website_reaches_the_deployment(site: Site) -> None:
    await site.create()
    await site.reconcile()
    await site.websites.patch("shop", MergePatch({"spec": {"image": "web:2", "replicas": 2}}))
    await site.reconcile()
    deployment = await site.deployments.get("shop")
    assert (deployment.spec.template.spec.containers[0].image, deployment.spec.replicas) == ("web:2", 2)


async def test_fields_of_others_are_kept_and_those_of_the_operator_are_restored(site: Site) -> None:
    await site.create()
    await site.reconcile()
    others = {"metadata": {"annotations": {"team": "blue"}}, "spec": {"replicas": 7}}
    await site.deployments.patch("shop", MergePatch(others), field_manager="somebody")
    await site.reconcile()
    deployment = await site.deployments.get("shop")
    assert deployment.metadata.annotations["team"] == "blue"
    assert deployment.spec.replicas == 1


async def test_the_status_reports_ready_pods_and_the_generation(site: Site) -> None:
    await site.create(replicas=2)
    await site.reconcile()

    def ready(deployment: apps_v1.Deployment) -> None:
        deployment.status = apps_v1.DeploymentStatus(replicas=2, ready_replicas=2)

    await site.deployments.modify_status("shop", ready)
    await site.reconcile()
    website = await site.websites.get("shop")
    assert website.status == example_v1.WebsiteStatus(ready_replicas=2, observed_generation=1)


async def test_the_status_does_not_raise_the_generation(site: Site) -> None:
    await site.create()
    await site.reconcile()
    assert (await site.websites.get("shop")).metadata.generation == 1


async def test_a_website_with_eleven_pods_is_refused(site: Site) -> None:
    with pytest.raises(errors.InvalidError, match=r"spec\.replicas: Invalid value: 11"):
        await site.create(replicas=11)


async def test_a_missing_website_is_not_an_error(site: Site) -> None:
    await site.reconcile()
    assert site.hosts.entries == {}
    assert (await site.deployments.list()).items == []


async def test_a_deleted_website_is_kept_until_its_host_is_removed(site: Site) -> None:
    await site.create()
    await site.reconcile()
    await site.websites.delete("shop")
    assert (await site.websites.get("shop")).metadata.finalizers == [FINALIZER]
    await site.reconcile()
    assert site.hosts.entries == {}
    assert await site.websites.get_or_none("shop") is None


async def test_the_objects_of_a_deleted_website_are_deleted(site: Site) -> None:
    await site.create()
    await site.reconcile()
    await site.websites.delete("shop")
    await site.reconcile()
    await site.deployments.wait("shop", for_="delete", timeout=30)
    await site.services.wait("shop", for_="delete", timeout=30)


async def test_a_conflict_with_another_writer_is_retried(site: Site, kube: Kube) -> None:
    fault = kube.fake.fail("update", example_v1.Website, reason="Conflict", times=2)
    await site.create()
    await site.reconcile()
    assert fault.count == 2
    assert (await site.websites.get("shop")).metadata.finalizers == [FINALIZER]


async def test_a_lost_response_creates_nothing_twice(site: Site, kube: Kube) -> None:
    kube.fake.lose_response("patch", apps_v1.Deployment, times=1)
    kube.fake.lose_response("patch", core_v1.Service, times=1)
    await site.create()
    for _ in range(3):
        try:
            await site.reconcile()
        except errors.TransportError:
            continue
    assert [item.metadata.name for item in (await site.deployments.list()).items] == ["shop"]
    assert [item.metadata.name for item in (await site.services.list()).items] == ["shop"]
