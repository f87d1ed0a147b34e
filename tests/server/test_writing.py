"""`create_or_update`, `get_or_none` and deletion on the real server."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from kubeclient import Clientset
from kubeclient.models import core_v1, meta_v1
from kubecore import errors, options, sync_verbs
from kubecore.calls.resource import Resource
from kubecore.patch import (
    Add,
    ApplyPatch,
    JsonPatch,
    MergePatch,
    Remove,
    StrategicMergePatch,
)
from tests.server.writing_bodies import POD_TEMPLATE, Drive, Gadget, named, other


def test_create_or_update(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        name = named("either")
        body = {"metadata": {"name": name}, "data": {"a": "1"}}
        made = await maps.create_or_update(body)
        body["data"] = {"b": "2"}
        updated = await maps.create_or_update(body)
        assert (updated.metadata.uid, updated.data) == (made.metadata.uid, {"b": "2"})
        assert "resourceVersion" not in body["metadata"]
        typed = core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name=name), data={"c": "3"})
        assert (await maps.create_or_update(typed)).data == {"c": "3"}
        assert typed.metadata.resource_version == ""
        with pytest.raises(errors.ConflictError):  # Its resource version is outdated.
            await maps.create_or_update(updated)
        generated = await maps.create_or_update({"metadata": {"generateName": "either-"}})
        assert generated.metadata.name.startswith("either-")
        with pytest.raises(errors.NotFoundError, match="namespaces"):
            await clientset.core_v1.config_maps("there-is-none").create_or_update(body_of("x"))

    drive(scenario)


def body_of(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}}


def test_concurrent_create_or_update_of_one_object_succeeds(config: Any, namespace: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from kubecore.retry import Backoff

    name = named("many")
    patient = Backoff(steps=200, duration=0.005, factor=1.2, jitter=1.0, cap=0.05)
    with Clientset(config) as clientset, ThreadPoolExecutor(8) as pool:
        maps = clientset.core_v1.config_maps(namespace)

        def write(number: int) -> None:
            maps.create_or_update({**body_of(name), "data": {"n": str(number)}}, backoff=patient)
            if number % 4 == 0:
                try:
                    maps.delete(name)
                except errors.NotFoundError:
                    pass

        list(pool.map(write, range(1, 40)))


def test_get_or_none_returns_the_object_or_none(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        name = named("maybe")
        assert await maps.get_or_none(name) is None
        await maps.create(body_of(name))
        assert (await maps.get_or_none(name)).metadata.name == name
        with pytest.raises(errors.InvalidRequestError):
            await maps.get_or_none("")

    drive(scenario)


def test_get_or_none_of_a_resource_that_the_server_lacks_is_an_error(config: Any) -> None:
    class Nowhere(sync_verbs.GetOrNone[Gadget]):
        _resource = Resource[Gadget, Any](
            group="nowhere.example.com", version="v1", plural="gadgets", namespaced=True, kind=Gadget
        )

    with Clientset(config) as clientset, pytest.raises(errors.NotFoundError):
        Nowhere(clientset.rest_client, "default").get_or_none("x")


def test_delete_and_wait_returns_after_the_deletion(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        name = named("gone")
        await maps.create(body_of(name))
        await maps.delete_and_wait(name, dry_run="All")
        assert await maps.get_or_none(name) is not None
        await maps.delete_and_wait(name)
        assert await maps.get_or_none(name) is None
        with pytest.raises(errors.NotFoundError):
            await maps.delete_and_wait(name)
        made = await maps.create(body_of(name))
        with pytest.raises(errors.ConflictError):
            await maps.delete_and_wait(name, preconditions=options.Preconditions(uid="another"))
        await maps.delete_and_wait(name, preconditions=options.Preconditions(uid=made.metadata.uid), timeout=None)

    drive(scenario)


def test_delete_and_wait_names_the_finalizers_that_hold_the_object(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        name = named("held")
        await maps.create({"metadata": {"name": name, "finalizers": ["tests.example.com/hold"]}})
        with pytest.raises(
            errors.WaitTimeoutError,
            match=r"timed out after 1 s waiting.*held by the finalizers tests\.example\.com/hold",
        ) as caught:
            await maps.delete_and_wait(name, timeout=1)
        assert isinstance(caught.value, TimeoutError)
        await maps.patch(name, MergePatch({"metadata": {"finalizers": None}}))
        assert await maps.get_or_none(name) is None

    drive(scenario)


@pytest.mark.parametrize("again", [False, True], ids=["gone", "made-again"])
def test_delete_and_wait_returns_if_the_object_is_deleted_during_the_wait(
    again: bool, drive: Drive, namespace: str
) -> None:
    async def scenario(clientset: Any) -> None:
        import threading

        maps = clientset.core_v1.config_maps(namespace)
        name = named("held")
        await maps.create({"metadata": {"name": name, "finalizers": ["tests.example.com/hold"]}})
        with Clientset(other(clientset)) as theirs:

            def free() -> None:
                time.sleep(0.5)
                theirs.core_v1.config_maps(namespace).patch(name, MergePatch({"metadata": {"finalizers": None}}))
                if again:
                    theirs.core_v1.config_maps(namespace).create(body_of(name))

            thread = threading.Thread(target=free)
            thread.start()
            try:
                await maps.delete_and_wait(name, timeout=20)
            finally:
                thread.join()
        assert (await maps.get_or_none(name) is not None) is again

    drive(scenario)


async def eventually(check: Callable[[], Any], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not await check():
        assert time.monotonic() < deadline
        await anyio.sleep(0.1)


async def replica_set_of(clientset: Any, namespace: str, name: str) -> Any:
    """Make a deployment, and return the replica set that its controller makes."""
    deployments = clientset.apps_v1.deployments(namespace)
    template = {**POD_TEMPLATE, "metadata": {"labels": {"app": name}}}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template, "replicas": 0}
    await deployments.create({"metadata": {"name": name}, "spec": spec})
    found: list[Any] = []

    async def is_made() -> bool:
        sets = (await clientset.apps_v1.replica_sets(namespace).list()).items
        found[:] = [one for one in sets if name in {owner.name for owner in one.metadata.owner_references}]
        return bool(found)

    await eventually(is_made)
    return found[0].metadata.name


@pytest.mark.real_only("needs_controllers")
def test_the_propagation_policy_decides_about_dependents(drive: Drive, namespace: str) -> None:
    """Orphan keeps dependents, Background and the default of deployments delete them, Foreground deletes them first."""

    async def scenario(clientset: Any) -> None:
        deployments = clientset.apps_v1.deployments(namespace)
        sets = clientset.apps_v1.replica_sets(namespace)
        policies = {"orphan": options.ORPHAN, "back": options.BACKGROUND, "fore": options.FOREGROUND, "default": None}
        names = {policy: named(policy) for policy in policies}
        owned = {policy: await replica_set_of(clientset, namespace, names[policy]) for policy in policies}
        for policy, said in policies.items():
            await deployments.delete_and_wait(names[policy], propagation_policy=said)
        assert await sets.get_or_none(owned["fore"]) is None
        orphan = await sets.get(owned["orphan"])
        assert orphan.metadata.owner_references == []
        for policy in ("back", "default"):

            async def is_gone(name: str = owned[policy]) -> bool:
                return await sets.get_or_none(name) is None

            await eventually(is_gone)

    drive(scenario)


@pytest.mark.real_only("needs_controllers")
def test_a_job_leaves_its_pods_by_default(drive: Drive, namespace: str) -> None:
    """The documented default of batch/v1 jobs in the API is Orphan, for compatibility; kubectl uses Background."""

    async def scenario(clientset: Any) -> None:
        jobs, pods = clientset.batch_v1.jobs(namespace), clientset.core_v1.pods(namespace)
        name = named("job")
        template = {"spec": {**POD_TEMPLATE["spec"], "restartPolicy": "Never"}}
        await jobs.create({"metadata": {"name": name}, "spec": {"template": template}})
        selector = f"job-name={name}"

        async def is_made() -> bool:
            return bool((await pods.list(label_selector=selector)).items)

        await eventually(is_made)
        await jobs.delete_and_wait(name)
        assert [pod.metadata.owner_references for pod in (await pods.list(label_selector=selector)).items] == [[]]
        await pods.delete_collection(label_selector=selector, grace_period_seconds=0)

    drive(scenario)


def test_delete_and_wait_follows_a_name_that_a_selector_must_escape(clientset: Clientset, config: Any) -> None:
    import threading

    roles = clientset.rbac_v1.cluster_roles()
    name = named("a,b=c")
    roles.create({"metadata": {"name": name, "finalizers": ["tests.example.com/hold"]}})
    with Clientset(config) as theirs:
        free = JsonPatch([Remove("/metadata/finalizers")])
        timer = threading.Timer(0.5, lambda: theirs.rbac_v1.cluster_roles().patch(name, free))
        timer.start()
        roles.delete_and_wait(name, timeout=20)
        timer.join()


def test_delete_and_wait_of_a_namespace(clientset: Clientset) -> None:
    namespaces = clientset.core_v1.namespaces()
    name = named("space")
    namespaces.create_or_update(body_of(name))
    namespaces.delete_and_wait(name, timeout=60)
    assert namespaces.get_or_none(name) is None


def test_unknown_fields_of_mappings_are_refused(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        name = named("strict")
        for body in ({"metadata": {"name": name}, "dat": {}}, {"metadata": {"name": name, "lables": {}}}):
            with pytest.raises(errors.StatusError, match="unknown field"):
                await maps.create(body)
        with pytest.raises(errors.InvalidRequestError, match="did you mean generateName"):
            await maps.create({"metadata": {"generate_name": name}})
        await maps.create({"metadata": {"name": name}, "dat": {}}, field_validation="Ignore")
        for patch in (MergePatch({"dat": {}}), StrategicMergePatch({"dat": {}}), JsonPatch([Add("/dat", {})])):
            with pytest.raises(errors.StatusError, match="unknown field"):
                await maps.patch(name, patch)
        with pytest.raises(errors.StatusError):
            await maps.patch(name, ApplyPatch({"apiVersion": "v1", "kind": "ConfigMap", "dat": {}}), field_manager="m")
        with pytest.raises(errors.StatusError, match="unknown field"):
            await maps.update({"metadata": {"name": name}, "dat": {}})
        await maps.patch(name, StrategicMergePatch({"metadata": {"labels": {"$patch": "replace", "a": "b"}}}))
        document = (await maps.get(name)).to_dict()
        assert (await maps.update({**document, "data": {"a": "b"}})).data == {"a": "b"}
        accounts = clientset.core_v1.service_accounts(namespace)
        await accounts.create({"metadata": {"name": name}})
        token = {"spec": {"audiences": ["a"], "expirationSeconds": 600}}
        assert (await accounts.create_token(name, token)).status.token

    drive(scenario)
