"""Writing on the real server: patches, apply, modify, create_or_update, deletion until the end."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Literal

import anyio
import pytest

from kubeclient import Clientset
from kubeclient.models import autoscaling_v1, core_v1, meta_v1
from kubecore import async_verbs, errors, options, sync_verbs
from kubecore.calls.resource import Resource
from kubecore.model.model import Model, always
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
from tests.cluster import Cluster

Drive = Callable[[Any], None]

POD_TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"app": "w"}},
    "spec": {"containers": [{"name": "c", "image": "registry.invalid/c"}]},
}
DEPLOYMENT: dict[str, Any] = {"selector": {"matchLabels": {"app": "w"}}, "template": POD_TEMPLATE}


def named(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


# Patches.


def test_each_kind_of_patch_has_a_type_of_its_own(drive: Drive, namespace: str) -> None:
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


# Server-side apply.


def test_apply_stores_every_character_as_it_is_sent(drive: Drive, namespace: str) -> None:
    """The server reads what is applied as YAML, in which some characters are refused and others become spaces."""
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


def test_apply_creates_changes_and_takes_back(drive: Drive, namespace: str) -> None:
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


def test_a_conflict_of_another_kind_is_no_apply_conflict(drive: Drive, namespace: str) -> None:
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


# modify: an object whose fields the models lack.


class OldPart(Model, kw_only=True):
    """A part as an old client knows it."""

    name: str
    size: int | None = None


class OldSpec(Model, kw_only=True):
    """A spec as an old client knows it."""

    color: str | None = None
    parts: list[OldPart] = []  # noqa: RUF012


class Gadget(Model, kw_only=True):
    """A custom resource as an old client knows it."""

    api_version: Literal["tests.example.com/v1"] = always("tests.example.com/v1")
    kind: Literal["Gadget"] = always("Gadget")
    metadata: meta_v1.ObjectMeta
    spec: OldSpec
    status: dict[str, str] = {}  # noqa: RUF012


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


def raw(clientset: Any, namespace: str, name: str) -> Any:
    import msgspec

    inner = getattr(clientset, "_inner", clientset)
    return inner.rest_client, f"/apis/tests.example.com/v1/namespaces/{namespace}/gadgets/{name}", msgspec.json.decode


async def document(clientset: Any, namespace: str, name: str) -> Any:
    client, path, decode = raw(clientset, namespace, name)
    data = client.get_bytes(path)
    return decode(data if isinstance(data, bytes) else await data)


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
        await client.update(changed)  # What any client without modify does.
        assert "shape" not in (await document(clientset, namespace, name))["spec"]

    drive(scenario)


@pytest.mark.usefixtures("_gadgets")
def test_modify_status_keeps_them_too_and_leaves_the_spec(drive: Drive, namespace: str) -> None:
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
                if len(seen) < 3:  # Somebody else is faster, twice.
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


def other(clientset: Any) -> Any:
    """Return the configuration that a clientset was made with."""
    inner = getattr(clientset, "_inner", clientset)
    return inner.rest_client._requests.config


def test_modify_sends_nothing_where_nothing_changed_and_only_real_changes(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        name = named("same")
        made = await maps.create({"metadata": {"name": name}, "data": {"a": "b"}})

        def same(found: core_v1.ConfigMap) -> core_v1.ConfigMap:
            found.metadata.resource_version = ""  # The version that was read goes along all the same.
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


# create_or_update and get_or_none.


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
        with pytest.raises(errors.ConflictError):  # One that says which version it replaces.
            await maps.create_or_update(updated)
        generated = await maps.create_or_update({"metadata": {"generateName": "either-"}})
        assert generated.metadata.name.startswith("either-")
        with pytest.raises(errors.NotFoundError, match="namespaces"):
            await clientset.core_v1.config_maps("there-is-none").create_or_update(body_of("x"))

    drive(scenario)


def body_of(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}}


def test_many_create_or_update_one_object(config: Any, namespace: str) -> None:
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


def test_get_or_none(drive: Drive, namespace: str) -> None:
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


# Deletion.


def test_delete_and_wait_returns_when_it_is_gone(drive: Drive, namespace: str) -> None:
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


def test_delete_and_wait_says_what_holds_the_object(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        name = named("held")
        await maps.create({"metadata": {"name": name, "finalizers": ["tests.example.com/hold"]}})
        with pytest.raises(
            errors.WaitTimeoutError, match=r"not come within 1 s.*held by the finalizers tests\.example\.com/hold"
        ) as caught:
            await maps.delete_and_wait(name, timeout=1)
        assert isinstance(caught.value, TimeoutError)
        await maps.patch(name, MergePatch({"metadata": {"finalizers": None}}))
        assert await maps.get_or_none(name) is None

    drive(scenario)


@pytest.mark.parametrize("again", [False, True], ids=["gone", "made-again"])
def test_delete_and_wait_sees_an_object_go_while_it_waits(again: bool, drive: Drive, namespace: str) -> None:
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


def test_propagation_decides_what_becomes_of_dependents(drive: Drive, namespace: str) -> None:
    """Orphan leaves them, Background takes them, and so does the default of a deployment; Foreground takes them first."""

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


def test_a_job_leaves_its_pods_by_default(drive: Drive, namespace: str) -> None:
    """The API's documented default of batch/v1 jobs is Orphan, for old times' sake; kubectl says Background."""

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
