"""kubeclient, for blocking code."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmarks.clients.ours import Row
from benchmarks.real.clients import measure
from benchmarks.real.clients.measure import Case, Stopwatch, counted, repeat
from kubeclient import Clientset
from kubeclient.models import core_v1
from kubeclient.typed.core.v1.pod import Pods
from kubecore import kubeconfig, rest
from kubecore.model.meta import ObjectMeta
from kubecore.patch import MergePatch


def configuration(case: Case) -> rest.Config:
    config = kubeconfig.load_config(case.kubeconfig)
    config.max_connections = case.connections
    config.compression = case.compressed
    return config


def with_pods(use: Callable[[Pods, Case], Stopwatch], *, everywhere: bool = True) -> Callable[[Case], Stopwatch]:
    def call(case: Case) -> Stopwatch:
        with Clientset(configuration(case)) as clientset:
            pods = clientset.core_v1.pods("" if everywhere else case.namespace)
            pods.list(limit=1)
            return use(pods, case)

    return call


def listed(pods: Pods, case: Case) -> Stopwatch:
    return repeat(lambda: counted(pods.list().items, case.pods), 1)


def into(pods: Pods, case: Case) -> Stopwatch:
    pods.list(limit=1, into=Row)
    return repeat(lambda: counted(pods.list(into=Row).items, case.pods), 1)


def pages(pods: Pods, case: Case) -> Stopwatch:
    return repeat(lambda: _count(pods.iter(limit=case.page), case.pods), 1)


def _count(found: Iterator[object], expected: int) -> None:
    assert sum(1 for _ in found) == expected


def metadata(pods: Pods, case: Case) -> Stopwatch:
    pods.list_metadata(limit=1)
    return repeat(lambda: counted(pods.list_metadata().items, case.pods), 1)


def label(pods: Pods, case: Case) -> Stopwatch:
    return repeat(lambda: counted(pods.list(label_selector=case.label).items, case.labelled), 3)


def page(pods: Pods, case: Case) -> Stopwatch:
    return repeat(lambda: counted(pods.list(limit=case.page).items, case.first_page), 5)


def get(pods: Pods, case: Case) -> Stopwatch:
    return repeat(lambda: pods.get(measure.POD), case.gets, case.warm_up)


def update(pods: Pods, case: Case) -> Stopwatch:
    pod = pods.get(measure.WRITTEN)

    def write() -> None:
        nonlocal pod
        pod.metadata.annotations["bench"] = str(int(pod.metadata.annotations.get("bench", "0")) + 1)
        pod = pods.update(pod, field_manager=measure.MANAGER)

    return repeat(write, case.writes, measure.FIRST_WRITES)


def patch(pods: Pods, case: Case) -> Stopwatch:
    turns = iter(range(case.writes + measure.FIRST_WRITES))

    def write() -> None:
        change = MergePatch({"metadata": {"annotations": {"bench": str(next(turns))}}})
        pods.patch(measure.WRITTEN, change, field_manager=measure.MANAGER, field_validation="Ignore")

    return repeat(write, case.writes, measure.FIRST_WRITES)


def config_map(name: str) -> core_v1.ConfigMap:
    return core_v1.ConfigMap(metadata=ObjectMeta(name=name, labels={"app": "bench"}), data={"number": name})


def create(case: Case) -> Stopwatch:
    with Clientset(configuration(case)) as clientset:
        maps = clientset.core_v1.config_maps(case.created)
        return measure.by_threads(lambda name: maps.create(config_map(name)), case)


def watch(pods: Pods, case: Case) -> Stopwatch:
    version = pods.list(limit=1).metadata.resource_version
    with pods.watch(resource_version=version) as events:
        return measure.follow((event.type for event in events), case)


def sync(pods: Pods, case: Case) -> Stopwatch:
    def whole() -> object:
        with pods.list_and_watch() as changes:
            return counted(changes.items, case.pods)

    return repeat(whole, 1)


def stream(pods: Pods, case: Case) -> Stopwatch:
    def whole() -> object:
        found = []
        with pods.watch(send_initial_events=True) as events:
            for event in events:
                if event.type == "BOOKMARK":
                    break
                found.append(event.object)
        return counted(found, case.pods)

    return repeat(whole, 1)


CASES = {
    "list": with_pods(listed),
    "into": with_pods(into),
    "pages": with_pods(pages),
    "metadata": with_pods(metadata),
    "label": with_pods(label),
    "page": with_pods(page),
    "get": with_pods(get, everywhere=False),
    "create": create,
    "update": with_pods(update, everywhere=False),
    "patch": with_pods(patch, everywhere=False),
    "watch": with_pods(watch),
    "sync": with_pods(sync),
    "stream": with_pods(stream),
}

if __name__ == "__main__":
    measure.run(CASES)
