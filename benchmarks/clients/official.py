"""kubernetes, the official client."""

from __future__ import annotations

import time

STARTED = time.perf_counter()

from itertools import islice

from kubernetes import client, config, stream, watch

from benchmarks.clients.measure import COMMAND, GETS, MESSAGE, PODS, STREAMED, WARM_UP, Case, at_once, repeat, run


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


def execute(case: Case) -> list[float]:
    made = api(case)

    def whole() -> None:
        found = stream.stream(
            made.connect_get_namespaced_pod_exec,
            "web",
            "default",
            command=COMMAND,
            stdout=True,
            stderr=True,
            stdin=False,
            tty=False,
            binary=True,
            _preload_content=False,
        )
        seen = 0
        while found.is_open():
            found.update(timeout=1)
            seen += len(found.read_stdout(timeout=0) if found.peek_stdout(timeout=0) else b"")
        assert seen == STREAMED

    return repeat(whole)


def log(case: Case) -> list[float]:
    made = api(case)

    def whole() -> None:
        assert len(made.read_namespaced_pod_log("web", "default", _preload_content=False).data) == STREAMED

    return repeat(whole)


def forward(case: Case) -> list[float]:
    config.load_kube_config(case.kubeconfig)

    def talk(_: int) -> None:
        made = client.CoreV1Api(client.ApiClient())  # A separate one: a stream changes its client.
        forwarded = stream.portforward(
            made.connect_get_namespaced_pod_portforward, "web", "default", ports=str(case.port)
        )
        connection = forwarded.socket(case.port)
        connection.setblocking(True)
        connection.sendall(MESSAGE)
        left = len(MESSAGE)
        while left:
            left -= len(connection.recv(left))
        connection.close()

    return at_once(talk)


def start(case: Case) -> list[float]:
    api(case).read_namespaced_pod("web-0", "bench")
    return []


if __name__ == "__main__":
    run(
        {
            "list": list_pods,
            "peak": list_pods,
            "get": get,
            "watch": follow,
            "exec": execute,
            "log": log,
            "forward": forward,
            "start": start,
        },
        STARTED,
    )
