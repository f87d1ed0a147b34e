"""Controllers of `ApiServer` have the effects of Kubernetes' controller manager: each test runs on both."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from kubeclient import Clientset
from kubecore import kubeconfig
from kubecore.discovery import Discovery
from kubecore.dynamic import DynamicClient, Objects
from kubecore.errors import KubeError, NotFoundError
from kubecore.rest import Client, Config
from kubecore.testing.apiserver import ApiServer
from tests.cluster import Cluster, build
from tests.ready import wait_until

pytestmark = [pytest.mark.server, pytest.mark.thorough]

Json = dict[str, Any]

_FINALIZERS = "Some content in the namespace has finalizers remaining: "

_numbers = itertools.count(1)

_PATIENCE: Final = 120.0
"""Seconds: the garbage collector of the controller manager reads the list of kinds every 30 s only."""


@pytest.fixture(scope="module")
def apiserver() -> Iterator[ApiServer]:
    with ApiServer(folder=build.binaries()) as started:
        yield started


@pytest.fixture(params=["controller manager", "ours"])
def config(request: pytest.FixtureRequest) -> Config:
    if request.param == "ours":
        server: ApiServer = request.getfixturevalue("apiserver")
        return server.config
    cluster: Cluster = request.getfixturevalue("cluster")
    return kubeconfig.load_config(cluster.kubeconfig)


class Kube:
    """A namespace, and short forms of requests."""

    def __init__(self, config: Config) -> None:
        self.client = Client(config)
        self._dynamic = DynamicClient(self.client, Discovery(self.client))
        self.namespace = f"test-controlled-{next(_numbers)}"
        self.of("namespaces").create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})
        self.until(lambda: self.exists("serviceaccounts", "default"))
        self.until(lambda: self.exists("configmaps", "kube-root-ca.crt"))

    def of(self, resource: str) -> Objects[Json]:
        is_global = resource in ("namespaces", "clusterroles", "customresourcedefinitions")
        return self._dynamic.resource(resource, "" if is_global else self.namespace)

    def get(self, resource: str, name: str) -> Json:
        return self.of(resource).get(name)

    def exists(self, resource: str, name: str) -> bool:
        try:
            return bool(self.get(resource, name))
        except NotFoundError:
            return False

    def add(self, name: str, *owners: Json, resource: str = "configmaps", **metadata: Any) -> Json:
        body = {
            "apiVersion": "v1" if resource != "clusterroles" else "rbac.authorization.k8s.io/v1",
            "kind": {"configmaps": "ConfigMap", "secrets": "Secret", "clusterroles": "ClusterRole"}[resource],
            "metadata": {"name": name, "ownerReferences": list(owners), **metadata},
        }
        return self.of(resource).create(body)

    def finish(self, name: str, resource: str = "configmaps") -> None:
        """Remove the finalizers of an object."""
        self.of(resource).patch(name, {"metadata": {"finalizers": None}}, type="merge")

    def observe(self) -> None:
        """Wait until the controllers know all objects: they delete an object without its owner that was created last."""
        missing = {"apiVersion": "v1", "kind": "ConfigMap", "name": "missing", "uid": str(uuid.uuid4())}
        for resource in ("configmaps", "secrets"):
            self.add("last", missing, resource=resource)
        self.until(lambda: not (self.exists("configmaps", "last") or self.exists("secrets", "last")))

    def until(self, is_so: Callable[[], object]) -> None:
        wait_until(is_so, _PATIENCE)


def owner_of(found: Json, *, blocks: bool | None = None) -> Json:
    reference = {key: found[key] for key in ("apiVersion", "kind")} | {
        key: found["metadata"][key] for key in ("name", "uid")
    }
    return reference if blocks is None else {**reference, "blockOwnerDeletion": blocks}


@pytest.fixture
def kube(config: Config) -> Iterator[Kube]:
    made = Kube(config)
    with made.client:
        yield made


def test_new_namespaces_get_a_service_account_and_the_root_certificate(kube: Kube) -> None:
    account, root = kube.get("serviceaccounts", "default"), kube.get("configmaps", "kube-root-ca.crt")
    assert account.keys() == {"apiVersion", "kind", "metadata"}
    assert "BEGIN CERTIFICATE" in root["data"]["ca.crt"]
    assert set(root["metadata"]["annotations"]) == {"kubernetes.io/description"}
    kube.of("serviceaccounts").delete("default")
    kube.of("configmaps").patch("kube-root-ca.crt", {"data": {"ca.crt": "wrong"}}, type="merge")
    kube.until(lambda: kube.exists("serviceaccounts", "default"))
    kube.until(lambda: kube.get("configmaps", "kube-root-ca.crt")["data"] == root["data"])


def test_a_deleted_namespace_ends_with_its_content(kube: Kube) -> None:
    kube.add("a")
    kube.add("b", resource="secrets")
    kube.of("namespaces").delete(kube.namespace)
    kube.until(lambda: not kube.exists("namespaces", kube.namespace))
    assert not kube.exists("configmaps", "a")
    assert not kube.exists("secrets", "b")


def test_finalizers_hold_a_namespace_and_its_conditions_name_them(kube: Kube) -> None:
    kube.add("held", finalizers=["example.com/one", "example.com/two"])
    kube.add("too", finalizers=["example.com/one"])
    kube.add("free")
    kube.of("namespaces").delete(kube.namespace)
    kube.until(lambda: len(_conditions(kube)) == 5)
    kube.until(
        lambda: "held" not in str(_conditions(kube)) and _conditions(kube)["NamespaceContentRemaining"][0] == "True"
    )
    assert kube.get("namespaces", kube.namespace)["status"]["phase"] == "Terminating"
    assert _conditions(kube) == {
        "NamespaceDeletionDiscoveryFailure": ("False", "ResourcesDiscovered", "All resources successfully discovered"),
        "NamespaceDeletionGroupVersionParsingFailure": (
            "False",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        "NamespaceDeletionContentFailure": (
            "False",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        "NamespaceContentRemaining": (
            "True",
            "SomeResourcesRemain",
            "Some resources are remaining: configmaps. has 2 resource instances",
        ),
        "NamespaceFinalizersRemaining": (
            "True",
            "SomeFinalizersRemain",
            f"{_FINALIZERS}example.com/one in 2 resource instances, example.com/two in 1 resource instances",
        ),
    }
    assert not kube.exists("configmaps", "free")
    kube.finish("held")
    kube.finish("too")
    kube.until(lambda: not kube.exists("namespaces", kube.namespace))


def _conditions(kube: Kube) -> dict[str, tuple[str, str, str]]:
    found = kube.get("namespaces", kube.namespace)["status"].get("conditions", ())
    return {one["type"]: (one["status"], one["reason"], one["message"]) for one in found}


def test_dependents_are_deleted_after_their_owner(kube: Kube) -> None:
    owner = kube.add("owner")
    middle = kube.add("middle", owner_of(owner), resource="secrets")
    kube.add("leaf", owner_of(middle))
    kube.observe()
    kube.of("configmaps").delete("owner", propagation_policy="Background")
    kube.until(lambda: not kube.exists("configmaps", "leaf"))
    assert not kube.exists("secrets", "middle")


def test_a_dependent_with_another_owner_stays_and_loses_the_reference(kube: Kube) -> None:
    gone, stays = kube.add("gone"), kube.add("stays")
    kube.add("child", owner_of(gone), owner_of(stays))
    kube.of("configmaps").delete("gone", propagation_policy="Background")
    kube.until(lambda: len(kube.get("configmaps", "child")["metadata"]["ownerReferences"]) == 1)
    assert kube.get("configmaps", "child")["metadata"]["ownerReferences"] == [owner_of(stays)]


def test_orphans_stay_without_the_reference(kube: Kube) -> None:
    owner = kube.add("owner")
    kube.add("child", owner_of(owner))
    kube.observe()
    kube.of("configmaps").delete("owner", propagation_policy="Orphan")
    kube.until(lambda: not kube.exists("configmaps", "owner"))
    assert "ownerReferences" not in kube.get("configmaps", "child")["metadata"]


def test_in_the_foreground_the_owner_waits_for_dependents_that_block(kube: Kube) -> None:
    owner = kube.add("owner")
    kube.add("blocks", owner_of(owner, blocks=True), finalizers=["example.com/held"])
    kube.add("free", owner_of(owner), finalizers=["example.com/held"])
    kube.observe()
    kube.of("configmaps").delete("owner", propagation_policy="Foreground")
    for name in ("blocks", "free"):
        kube.until(lambda name=name: "deletionTimestamp" in kube.get("configmaps", name)["metadata"])  # type: ignore[misc]
    assert kube.get("configmaps", "owner")["metadata"]["finalizers"] == ["foregroundDeletion"]
    kube.finish("blocks")
    kube.until(lambda: not kube.exists("configmaps", "owner"))
    assert kube.exists("configmaps", "free")
    kube.finish("free")


def test_in_the_foreground_leaves_are_deleted_first(kube: Kube) -> None:
    owner = kube.add("owner")
    middle = kube.add("middle", owner_of(owner, blocks=True), resource="secrets")
    kube.add("leaf", owner_of(middle, blocks=True), finalizers=["example.com/held"])
    kube.observe()
    kube.of("configmaps").delete("owner", propagation_policy="Foreground")
    kube.until(lambda: "deletionTimestamp" in kube.get("configmaps", "leaf")["metadata"])
    assert kube.get("secrets", "middle")["metadata"]["finalizers"] == ["foregroundDeletion"]
    assert kube.exists("configmaps", "owner")
    kube.finish("leaf")
    kube.until(lambda: not kube.exists("configmaps", "owner"))
    assert not kube.exists("secrets", "middle")


def test_an_owner_with_another_uid_counts_as_missing(kube: Kube) -> None:
    owner = kube.add("owner")
    kube.add("child", {**owner_of(owner), "uid": "11111111-2222-3333-4444-555555555555"})
    kube.until(lambda: not kube.exists("configmaps", "child"))
    assert kube.exists("configmaps", "owner")


def test_an_owner_in_another_namespace_counts_as_missing(kube: Kube, config: Config) -> None:
    owner = kube.add("owner")
    other = Kube(config)
    with other.client:
        other.add("child", owner_of(owner))
        other.until(lambda: not other.exists("configmaps", "child"))
    assert kube.exists("configmaps", "owner")


def test_owners_of_the_cluster_have_dependents_in_namespaces_and_not_the_reverse(kube: Kube) -> None:
    role = kube.add(f"role-{kube.namespace}", resource="clusterroles")
    kube.add("child", owner_of(role))
    owner = kube.add("owner")
    wrong = kube.add(f"wrong-{kube.namespace}", owner_of(owner), resource="clusterroles")
    kube.of("configmaps").delete("owner")
    kube.of("clusterroles").delete(role["metadata"]["name"])
    kube.until(lambda: not kube.exists("configmaps", "child"))
    assert kube.exists("clusterroles", wrong["metadata"]["name"])
    kube.of("clusterroles").delete(wrong["metadata"]["name"])


def test_custom_resources_own_and_are_owned(kube: Kube) -> None:
    plural = f"things{kube.namespace.rpartition('-')[2]}"
    kind = plural.capitalize()
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind},
            "versions": [version],
        },
    }
    kube.of("customresourcedefinitions").create(definition)
    kube.until(lambda: _is_served(kube, plural))
    body = {"apiVersion": "example.com/v1", "kind": kind, "metadata": {"name": "owner"}}
    owner = kube.of(plural).create(body)
    child = {**body, "metadata": {"name": "child", "ownerReferences": [owner_of(owner)]}}
    kube.of(plural).create(child)
    kube.add("map", owner_of(owner))
    kube.of(plural).delete("owner")
    kube.until(lambda: not kube.exists(plural, "child"))
    kube.until(lambda: not kube.exists("configmaps", "map"))
    kube.of(plural).create(body)
    kube.of("namespaces").delete(kube.namespace)
    kube.until(lambda: not kube.exists("namespaces", kube.namespace))
    kube.of("customresourcedefinitions").delete(f"{plural}.example.com")


def _is_served(kube: Kube, plural: str) -> bool:
    try:
        kube.of(plural).list()
    except KubeError:
        return False
    return True


def test_deleted_pods_end_after_their_grace_period(apiserver: ApiServer) -> None:
    """Without a node the controller manager does not end them: only the controllers of `ApiServer` are tested."""
    kube = Kube(apiserver.config)
    with kube.client, Clientset(apiserver.config) as clientset:
        pods = clientset.core_v1.pods(kube.namespace)
        spec = {"nodeName": "none", "containers": [{"name": "main", "image": "none"}]}
        pods.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": spec})
        pods.delete("pod", grace_period_seconds=1)
        assert pods.get("pod").metadata.deletion_timestamp is not None
        kube.until(lambda: not kube.exists("pods", "pod"))


def test_controllers_continue_after_a_restart_of_the_server(apiserver: ApiServer) -> None:
    kube = Kube(apiserver.config)
    with kube.client:
        owner = kube.add("owner")
        apiserver.restart()
        kube.add("child", owner_of(owner))
        kube.of("configmaps").delete("owner")
        kube.until(lambda: not kube.exists("configmaps", "child"))
