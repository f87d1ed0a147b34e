"""kubernetes, the official client."""

from __future__ import annotations

import time

STARTED = time.perf_counter()

from itertools import islice

from kubernetes import client, config, watch

from benchmarks.clients.measure import GETS, PODS, WARM_UP, Case, repeat, run


def api(case: Case) -> client.CoreV1Api:
    config.load_kube_config(case.kubeconfig)
    return client.CoreV1Api()


def list_pods(case: Case) -> list[float]:
    made = api(case)
    return repeat(lambda: made.list_pod_for_all_namespaces(), count=1, warm_up=0)


def get(case: Case) -> list[float]:
    made = api(case)
    return repeat(lambda: made.read_namespaced_pod("web-0", "bench"), GETS, WARM_UP)


def follow(case: Case) -> list[float]:
    made = api(case)

    def events() -> None:
        for _ in islice(watch.Watch().stream(made.list_pod_for_all_namespaces, resource_version="1"), PODS):
            pass

    return repeat(events, count=1, warm_up=0)


def start(case: Case) -> list[float]:
    api(case).read_namespaced_pod("web-0", "bench")
    return []


if __name__ == "__main__":
    run({"list": list_pods, "peak": list_pods, "get": get, "watch": follow, "start": start}, STARTED)
