"""Every verb on the real server, synchronous and asynchronous."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from kubeclient.models import apps_v1, core_v1, meta_v1
from kubecore import errors
from kubecore.options import Preconditions

Drive = Callable[[Any], None]

CONTAINER = {"name": "c", "image": "registry.invalid/c"}


def config_map(name: str, **data: str) -> core_v1.ConfigMap:
    return core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name=name, labels={"app": name}), data=data)


def test_every_verb_works_on_one_object(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        made = await maps.create(config_map("a", k="v"))
        assert made.metadata.uid
        made.data["k"] = "w"
        updated = await maps.update(made)
        assert updated.data == {"k": "w"}
        with pytest.raises(errors.ConflictError):
            await maps.update(made)
        patched = await maps.patch("a", {"data": {"k": None, "l": "x"}}, type="merge")
        assert patched.data == {"l": "x"}
        patched = await maps.patch("a", [{"op": "add", "path": "/data/m", "value": "y"}], type="json")
        assert patched.data == {"l": "x", "m": "y"}
        patched = await maps.patch("a", {"metadata": {"labels": {"app": "b"}}}, type="strategic")
        assert patched.metadata.labels == {"app": "b"}
        applied = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"n": "z"}}
        patched = await maps.patch("a", applied, type="apply", field_manager="tests", force=True)
        assert patched.data["n"] == "z"
        read = await maps.get("a")
        assert read == patched
        assert (read.kind, read.api_version) == ("ConfigMap", "v1")
        deleted = await maps.delete("a")
        assert isinstance(deleted, meta_v1.Status)
        assert deleted.status == "Success"
        with pytest.raises(errors.NotFoundError, match='configmaps "a" not found'):
            await maps.get("a")

    drive(scenario)


def test_a_list_is_selected_and_paged(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        for name in ("a", "b", "c"):
            await maps.create({"metadata": {"name": name, "labels": {"app": name}}})
        own = "app in (a, b, c)"
        page = await maps.list(limit=2, label_selector=own)
        assert [item.metadata.name for item in page.items] == ["a", "b"]
        assert page.metadata.remaining_item_count is None or page.metadata.remaining_item_count >= 1
        rest = await maps.list(limit=2, label_selector=own, continue_token=page.metadata.continue_)
        assert [item.metadata.name for item in rest.items] == ["c"]
        one = await maps.list(field_selector="metadata.name=b")
        assert [item.metadata.name for item in one.items] == ["b"]
        none = await maps.list(
            label_selector="app=nothing", resource_version="0", resource_version_match="NotOlderThan"
        )
        assert none.items == []
        everywhere = await clientset.core_v1.config_maps("").list(label_selector="app=a", timeout_seconds=5)
        assert namespace in {item.metadata.namespace for item in everywhere.items}
        await maps.delete_collection(label_selector=own)
        assert (await maps.list(label_selector=own)).items == []

    drive(scenario)


def test_dry_run_stores_nothing_and_strict_validation_refuses_unknown_fields(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        assert (await maps.create(config_map("dry"), dry_run="All", field_manager="tests")).metadata.name == "dry"
        with pytest.raises(errors.NotFoundError):
            await maps.get("dry")
        with pytest.raises(errors.BadRequestError, match="unknown field"):
            await maps.create({"metadata": {"name": "dry"}, "dota": {}}, field_validation="Strict")

    drive(scenario)


def test_a_pod_is_deleted_with_its_options(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        pods = clientset.core_v1.pods(namespace)
        body = {"metadata": {"name": "p"}, "spec": {"containers": [CONTAINER], "nodeName": "nowhere"}}
        made = await pods.create(body)
        with pytest.raises(errors.ConflictError):
            await pods.delete("p", preconditions=Preconditions(uid="another"))
        ending = await pods.delete("p", grace_period_seconds=30, propagation_policy="Background")
        assert isinstance(ending, core_v1.Pod)
        assert ending.metadata.deletion_grace_period_seconds == 30
        gone = await pods.delete("p", grace_period_seconds=0, preconditions=Preconditions(uid=made.metadata.uid))
        assert gone is not None
        with pytest.raises(errors.NotFoundError):
            await pods.get("p")

    drive(scenario)


def test_a_collection_of_pods_responds_with_the_pods(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        pods = clientset.core_v1.pods(namespace)
        await pods.create({"metadata": {"name": "p"}, "spec": {"containers": [CONTAINER]}})
        answer = await pods.delete_collection(grace_period_seconds=0)
        assert isinstance(answer, core_v1.PodList)
        assert [pod.metadata.name for pod in answer.items] == ["p"]

    drive(scenario)


@pytest.mark.slow  # The watch ends after two seconds.
def test_a_watch_yields_every_change(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        start = (await maps.list()).metadata.resource_version
        made = await maps.create(config_map("w", k="ü" * 1000))
        made.data["k"] = "v"
        await maps.update(made)
        await maps.delete("w")
        seen = []
        async with maps.watch(resource_version=start, timeout_seconds=2, field_selector="metadata.name=w") as events:
            async for event in events:
                seen.append(  # noqa: PERF401
                    (event.type, event.object.data["k"][:1])
                )
        assert seen == [("ADDED", "ü"), ("MODIFIED", "v"), ("DELETED", "v")]

    drive(scenario)


def test_a_watch_with_initial_events_yields_existing_objects_first(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        await clientset.core_v1.config_maps(namespace).create(config_map("there"))
        types = []
        maps = clientset.core_v1.config_maps(namespace)
        async with maps.watch(
            send_initial_events=True,
            resource_version_match="NotOlderThan",
            allow_watch_bookmarks=True,
            timeout_seconds=3,
            label_selector="app=there",
        ) as events:
            async for event in events:
                types.append(event.type)
                if event.type == "BOOKMARK":
                    assert event.object.metadata.annotations["k8s.io/initial-events-end"] == "true"
                    break
        assert types == ["ADDED", "BOOKMARK"]

    drive(scenario)


def test_a_watch_that_the_server_refuses_raises(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        with pytest.raises(errors.StatusError, match="not-a-version"):
            async with clientset.core_v1.config_maps(namespace).watch(resource_version="not-a-version") as events:
                async for _ in events:
                    pass

    drive(scenario)


def test_subresources_have_their_own_types(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        deployments = clientset.apps_v1.deployments(namespace)
        template = {"metadata": {"labels": {"app": "d"}}, "spec": {"containers": [CONTAINER]}}
        spec = {"selector": {"matchLabels": {"app": "d"}}, "template": template, "replicas": 0}
        name = f"d-{time.monotonic_ns()}"
        made = await deployments.create({"metadata": {"name": name}, "spec": spec})
        assert isinstance(made, apps_v1.Deployment)
        scale = await deployments.get_scale(name)
        assert (scale.kind, scale.spec.replicas or 0) == ("Scale", 0)
        scale.spec.replicas = 1
        scale.metadata.resource_version = ""  # The controller may change the deployment in the meantime.
        assert (await deployments.update_scale(name, scale)).spec.replicas == 1
        assert (await deployments.patch_scale(name, {"spec": {"replicas": 0}}, type="merge")).spec.replicas in (0, None)
        assert (await deployments.get_status(name)).metadata.name == name
        condition = {"type": "Tested", "status": "True"}
        patched = await deployments.patch_status(name, {"status": {"conditions": [condition]}}, type="merge")
        assert "Tested" in {condition.type for condition in patched.status.conditions}
        await deployments.delete(name)

    drive(scenario)


def test_pods_are_bound_evicted_and_resized(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        pods = clientset.core_v1.pods(namespace)
        await pods.create({"metadata": {"name": "p"}, "spec": {"containers": [CONTAINER]}})
        bound = await pods.bind("p", {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "nowhere"}})
        assert isinstance(bound, meta_v1.Status)
        pod = await pods.get("p")
        assert pod.spec.node_name == "nowhere"
        debug = core_v1.EphemeralContainer(name="debug", image="registry.invalid/d")
        pod.spec.ephemeral_containers = [debug]
        updated = await pods.update_ephemeral_containers("p", pod)
        assert [one.name for one in updated.spec.ephemeral_containers] == ["debug"]
        assert (await pods.get_ephemeral_containers("p")).metadata.name == "p"
        assert (await pods.get_resize("p")).metadata.name == "p"
        evicted = await pods.evict("p", {"metadata": {"name": "p"}, "deleteOptions": {"gracePeriodSeconds": 0}})
        assert isinstance(evicted, meta_v1.Status)
        with pytest.raises(errors.NotFoundError):
            await pods.get("p")

    drive(scenario)


def test_create_token_and_finalize_work(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        accounts = clientset.core_v1.service_accounts(namespace)
        name = f"s-{time.monotonic_ns()}"
        await accounts.create({"metadata": {"name": name}})
        answer = await accounts.create_token(name, {"spec": {"expirationSeconds": 600, "audiences": []}})
        assert answer.status.token.count(".") == 2
        assert answer.status.token not in repr(answer)
        found = await clientset.core_v1.namespaces().get(namespace)
        assert (await clientset.core_v1.namespaces().finalize(namespace, found)).metadata.name == namespace

    drive(scenario)


def test_a_signing_request_is_approved(drive: Drive, namespace: str) -> None:
    import base64

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests")])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    pem = base64.b64encode(request.public_bytes(serialization.Encoding.PEM)).decode()

    async def scenario(clientset: Any) -> None:
        requests = clientset.certificates_v1.certificate_signing_requests()
        spec = {"request": pem, "signerName": "example.com/tests", "usages": ["client auth"]}
        made = await requests.create({"metadata": {"generateName": "tests-"}, "spec": spec})
        made.status.conditions = [
            type(made.status)
            .from_dict({"conditions": [{"type": "Approved", "status": "True", "reason": "Tests"}]})
            .conditions[0]
        ]
        approved = await requests.update_approval(made.metadata.name, made)
        assert [condition.type for condition in approved.status.conditions] == ["Approved"]
        assert namespace

    drive(scenario)


def test_create_only_resources_respond(drive: Drive) -> None:
    async def scenario(clientset: Any) -> None:
        review = await clientset.authorization_v1.self_subject_access_reviews().create(
            {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}
        )
        assert review.status.allowed is True

    drive(scenario)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "%2e%2e", "a%", "\ud800", None])
def test_an_invalid_name_deletes_nothing(drive: Drive, namespace: str, name: Any) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        kept = f"kept-{time.monotonic_ns()}"
        await maps.create({"metadata": {"name": kept}})
        with pytest.raises(errors.InvalidRequestError):
            await maps.delete(name)
        assert (await maps.get(kept)).metadata.name == kept

    drive(scenario)


def test_invalid_arguments_are_refused_before_a_request_is_sent(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        wrong: list[tuple[Any, str]] = [
            (
                lambda: maps.create({"kind": "Secret", "metadata": {"name": "x"}}),
                "expected kind 'ConfigMap', not 'Secret'",
            ),
            (lambda: maps.create({"apiVersion": "v2"}), "expected apiVersion 'v1'"),
            (lambda: maps.create(core_v1.Secret()), "expected a ConfigMap"),
            (lambda: maps.create({"metadata": {"name": "x", "namespace": "other"}}), "'other' in the body"),
            (lambda: maps.update({"metadata": {}}), "update needs a name: metadata.name of the ConfigMap is empty"),
            (lambda: maps.patch("x", {}, type="json"), "list of operations"),
            (lambda: maps.patch("x", [], type="merge"), "list of operations"),
            (lambda: maps.patch("x", {}, type="magic"), "patch type 'magic'"),
            (lambda: clientset.core_v1.config_maps("").get("x"), "needs a namespace"),
            (lambda: clientset.core_v1.config_maps("").delete_collection(), "needs a namespace"),
            (lambda: clientset.core_v1.config_maps("../x").list(), "namespace"),
            (lambda: maps.list(limit=[1]), "limit must be text"),
        ]
        for attempt, words in wrong:
            with pytest.raises(errors.InvalidRequestError, match=words):
                await attempt()

    drive(scenario)


def test_a_user_without_rights_gets_forbidden_or_unauthorized_error(
    clientset: Any, cluster: Any, tmp_path: Any
) -> None:
    from kubeclient import Clientset
    from kubecore import kubeconfig

    certificate, key = cluster.client_cert("nobody-in-particular")
    config = kubeconfig.load_config(cluster.kubeconfig)
    config.tls.cert_data = config.tls.key_data = None
    config.tls.cert_file, config.tls.key_file = str(certificate), str(key)
    with Clientset(config) as other, pytest.raises(errors.ForbiddenError, match="nobody-in-particular"):
        other.core_v1.secrets("default").list()
    bad = kubeconfig.load_config(cluster.write_kubeconfig(tmp_path / "bad", token="not-a-token"))
    with Clientset(bad) as other, pytest.raises(errors.UnauthorizedError) as caught:
        other.core_v1.pods("default").list()
    assert "not-a-token" not in f"{caught.value} {bad!r}"


def test_one_clientset_serves_many_threads(clientset: Any, namespace: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    maps = clientset.core_v1.config_maps(namespace)
    maps.create({"metadata": {"name": "shared"}, "data": {"k": "v"}})
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: maps.get("shared").data["k"], range(320)))
    assert found == ["v"] * 320


def test_a_custom_httpx_client_can_be_used(cluster: Any, config: Any, namespace: str) -> None:
    import ssl

    import anyio
    import httpx

    from kubeclient import AsyncClientset, Clientset

    context = ssl.create_default_context(cafile=str(cluster.ca_file))
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.load_cert_chain(cluster.admin_cert_file, cluster.admin_key_file)
    with httpx.Client(verify=context) as own:
        with Clientset(config, http_client=own) as made:
            made.core_v1.config_maps(namespace).create({"metadata": {"name": "own"}})
            with made.core_v1.config_maps(namespace).watch(timeout_seconds=1) as events:
                assert "own" in [event.object.metadata.name for event in events]
        assert not own.is_closed

    async def main() -> None:
        async with httpx.AsyncClient(verify=context) as own, AsyncClientset(config, http_client=own) as made:
            assert (await made.core_v1.config_maps(namespace).get("own")).metadata.name == "own"
            with pytest.raises(errors.NotFoundError):
                await made.core_v1.config_maps(namespace).get("other")

    anyio.run(main)
