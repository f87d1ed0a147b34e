"""kubernetes, the official client: its informer and its elector."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from kubernetes import client, config
from kubernetes.informer import MODIFIED, SharedInformer
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock

from benchmarks.controllers.clients import measure
from benchmarks.real.clients.measure import MANAGER, POD, WRITTEN, Case, Stopwatch, counted, repeat


class Cache(SharedInformer):  # type: ignore[misc]
    """The informer of all pods."""

    def __init__(self, api: Any) -> None:
        super().__init__(api.list_pod_for_all_namespaces)

    def begin(self) -> None:
        """Return when it is in sync. It has no way to wait for that; its version is set after the list."""
        self.start()
        while self._resource_version is None:
            time.sleep(0.001)

    def version(self, key: str) -> int:
        """Return the version of a pod."""
        return int(self.cache.get_by_key(key).metadata.resource_version)


def api(case: Case) -> Any:
    settings = client.Configuration()
    config.load_kube_config(case.kubeconfig, client_configuration=settings)
    client.Configuration.set_default(settings)
    return client.CoreV1Api()


def sync(case: Case) -> Stopwatch:
    core = api(case)
    core.list_pod_for_all_namespaces(limit=1)
    before = measure.in_use()
    cache = Cache(core)
    watch = repeat(cache.begin, 1)
    counted(cache.cache.list_keys(), case.pods)
    return measure.memory(watch, before)


def relist(case: Case) -> Stopwatch:
    Cache(api(case)).begin()
    return measure.until_listed()


def changes(case: Case) -> Stopwatch:
    seen, done = measure.Changes(case.changes), threading.Event()

    def see(pod: Any) -> None:
        if seen.see(int(pod.metadata.resource_version)):
            done.set()

    cache = Cache(api(case))
    cache.begin()
    cache.add_event_handler(MODIFIED, see)
    seen.begin()
    done.wait()
    return seen.watch


def with_cache(use: Callable[[Cache, Case], Stopwatch]) -> Callable[[Case], Stopwatch]:
    def call(case: Case) -> Stopwatch:
        cache = Cache(api(case))
        cache.begin()
        return use(cache, case)

    return call


def get(cache: Cache, case: Case) -> Stopwatch:
    key = f"{case.namespace}/{POD}"
    return measure.batched(lambda: cache.cache.get_by_key(key), case.reads)


def listed(cache: Cache, case: Case) -> Stopwatch:
    name, _, value = case.label.partition("=")
    return measure.batched(
        lambda: counted([pod for pod in cache.cache.list() if pod.metadata.labels.get(name) == value], case.labelled), 1
    )


def own(cache: Cache, case: Case) -> Stopwatch:
    core, key = client.CoreV1Api(), f"{case.namespace}/{WRITTEN}"

    def patch(text: str) -> int:
        change = {"metadata": {"annotations": {"bench": text}}}
        kind = "application/merge-patch+json"
        pod = core.patch_namespaced_pod(WRITTEN, case.namespace, change, field_manager=MANAGER, _content_type=kind)
        return int(pod.metadata.resource_version)

    return measure.own_writes(patch, lambda: cache.version(key), case)


def elect(case: Case, lease: str, identity: str, started: Callable[[], None]) -> leaderelection.LeaderElection:
    lock = LeaseLock(lease, case.created, identity)
    return leaderelection.LeaderElection(
        electionconfig.Config(
            lock,
            lease_duration=15,
            renew_deadline=10,
            retry_period=2,
            onstarted_leading=started,
            onstopped_leading=None,
        )
    )


def lead(case: Case, lease: str) -> None:
    api(case)
    elect(case, lease, measure.FIRST, lambda: print(measure.LEADS, flush=True)).run()


def killed(case: Case) -> Stopwatch:
    core, lease, written = api(case), f"failover-{os.getpid()}", threading.Event()

    def started() -> None:
        core.create_namespaced_config_map(case.created, client.V1ConfigMap(metadata=client.V1ObjectMeta(name=lease)))
        written.set()

    with measure.first_leader(case, lease) as first:
        second = elect(case, lease, measure.SECOND, started)
        threading.Thread(target=second.run, daemon=True).start()
        while second.observed_record is None:
            time.sleep(0.001)

        def end() -> None:
            first.send_signal(measure.ending("killed"))
            written.wait()

        return repeat(end, 1)


CASES = {
    "sync": sync,
    "relist": relist,
    "changes": changes,
    "consumed": changes,
    "get": with_cache(get),
    "list": with_cache(listed),
    "own": with_cache(own),
    "killed": killed,
}

if __name__ == "__main__":
    measure.run(CASES, lead)
    sys.stdout.flush()
    os._exit(0)  # The thread of its informer cannot be interrupted; Python aborts if it prints at the end.
