"""kubernetes, the official client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kubernetes import client, config, watch

from benchmarks.real.clients import measure
from benchmarks.real.clients.measure import Case, Stopwatch, counted, repeat


def with_api(use: Callable[[Any, Case], Stopwatch]) -> Callable[[Case], Stopwatch]:
    def call(case: Case) -> Stopwatch:
        settings = client.Configuration()
        config.load_kube_config(case.kubeconfig, client_configuration=settings)
        settings.connection_pool_maxsize = case.connections
        with client.ApiClient(settings) as made:
            api = client.CoreV1Api(made)
            api.list_pod_for_all_namespaces(limit=1)
            return use(api, case)

    return call


def listed(api: Any, case: Case) -> Stopwatch:
    return repeat(lambda: counted(api.list_pod_for_all_namespaces().items, case.pods), 1)


def label(api: Any, case: Case) -> Stopwatch:
    return repeat(lambda: counted(api.list_pod_for_all_namespaces(label_selector=case.label).items, case.labelled), 3)


def page(api: Any, case: Case) -> Stopwatch:
    return repeat(lambda: counted(api.list_pod_for_all_namespaces(limit=case.page).items, case.first_page), 5)


def get(api: Any, case: Case) -> Stopwatch:
    return repeat(lambda: api.read_namespaced_pod(measure.POD, case.namespace), case.gets, case.warm_up)


def create(api: Any, case: Case) -> Stopwatch:
    def config_map(name: str) -> Any:
        metadata = client.V1ObjectMeta(name=name, labels={"app": "bench"})
        return client.V1ConfigMap(metadata=metadata, data={"number": name})

    return measure.by_threads(lambda name: api.create_namespaced_config_map(case.created, config_map(name)), case)


def update(api: Any, case: Case) -> Stopwatch:
    pod = api.read_namespaced_pod(measure.WRITTEN, case.namespace)

    def write() -> None:
        nonlocal pod
        pod.metadata.annotations["bench"] = str(int(pod.metadata.annotations.get("bench", "0")) + 1)
        pod = api.replace_namespaced_pod(measure.WRITTEN, case.namespace, pod, field_manager=measure.MANAGER)

    return repeat(write, case.writes, measure.FIRST_WRITES)


def patch(api: Any, case: Case) -> Stopwatch:
    turns = iter(range(case.writes + measure.FIRST_WRITES))

    def write() -> None:
        change = {"metadata": {"annotations": {"bench": str(next(turns))}}}
        api.patch_namespaced_pod(
            measure.WRITTEN,
            case.namespace,
            change,
            field_manager=measure.MANAGER,
            _content_type="application/merge-patch+json",
        )

    return repeat(write, case.writes, measure.FIRST_WRITES)


def watched(api: Any, case: Case) -> Stopwatch:
    version = api.list_pod_for_all_namespaces(limit=1).metadata.resource_version
    events = watch.Watch().stream(api.list_pod_for_all_namespaces, resource_version=version)
    return measure.follow((event["type"] for event in events), case)


CASES = {
    "list": with_api(listed),
    "label": with_api(label),
    "page": with_api(page),
    "get": with_api(get),
    "create": with_api(create),
    "update": with_api(update),
    "patch": with_api(patch),
    "watch": with_api(watched),
}

if __name__ == "__main__":
    measure.run(CASES)
