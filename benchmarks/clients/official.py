"""kubernetes, the official client."""

from __future__ import annotations

import time

STARTED = time.perf_counter()

from kubernetes import client, config

from benchmarks.clients.measure import GETS, WARM_UP, Case, repeat, run


def api(case: Case) -> client.CoreV1Api:
    config.load_kube_config(case.kubeconfig)
    return client.CoreV1Api()


def list_pods(case: Case) -> list[float]:
    made = api(case)
    return repeat(lambda: made.list_pod_for_all_namespaces(), count=1, warm_up=0)


def get(case: Case) -> list[float]:
    made = api(case)
    return repeat(lambda: made.read_namespaced_pod("web-0", "bench"), GETS, WARM_UP)


def start(case: Case) -> list[float]:
    api(case).read_namespaced_pod("web-0", "bench")
    return []


if __name__ == "__main__":
    run({"list": list_pods, "peak": list_pods, "get": get, "start": start}, STARTED)
