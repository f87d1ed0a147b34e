"""kubeclient, for blocking code: informers, electors and work queues."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import msgspec

from benchmarks.clients.ours import Row
from benchmarks.controllers.clients import measure
from benchmarks.real.clients.measure import MANAGER, POD, WRITTEN, Case, Stopwatch, counted, repeat
from benchmarks.real.clients.ours import configuration
from kubeclient import Clientset
from kubeclient.models import core_v1
from kubecore.cache import Informer, Keep, list_servers
from kubecore.cache.keep import form
from kubecore.cache.store import Store
from kubecore.election import Elector
from kubecore.model.meta import ObjectMeta
from kubecore.patch import MergePatch
from kubecore.rest import Attempt
from kubecore.watch.raw_events import RawDecoder
from kubecore.workqueue import WorkQueue

CHUNK = 1 << 16
TIMEOUT = 120.0

JSON: dict[str, Any] = {}
OBJECTS: dict[str, Any] = {"keep": Keep.OBJECTS}
PACKED: dict[str, Any] = {"keep": Keep.PACKED}
INTO: dict[str, Any] = {"into": Row}


def by_address(pod: core_v1.Pod) -> Iterable[str]:
    return [pod.status.pod_ip] if pod.status and pod.status.pod_ip else []


def row_by_address(row: Row) -> Iterable[str]:
    return [row.status.pod_ip] if row.status.pod_ip else []


def first_sync(options: dict[str, Any], *, by_list: bool = False) -> Callable[[Case], Stopwatch]:
    def call(case: Case) -> Stopwatch:
        with Clientset(configuration(case)) as clientset, ExitStack() as stack:
            pods = clientset.core_v1.pods("")
            pods.list(limit=1)
            if by_list:
                list_servers.add(clientset.rest_client, pods._resource)  # noqa: SLF001 - no option does this
            before = measure.in_use()
            cache: Informer[Any] = pods.informer(**options)
            watch = repeat(lambda: stack.enter_context(cache), 1)
            counted(cache.keys(), case.pods)
            return measure.memory(watch, before)

    return call


@contextmanager
def cached(case: Case, **options: Any) -> Iterator[Informer[Any]]:
    with Clientset(configuration(case)) as clientset, clientset.core_v1.pods("").informer(**options) as pods:
        yield pods


def relist(case: Case) -> Stopwatch:
    with cached(case):
        return measure.until_listed()


def changes(case: Case) -> Stopwatch:
    with cached(case) as pods:
        seen = measure.Changes(case.changes)
        seen.begin()
        for version in (measure.FIRST_CHANGE, seen.last):
            pods.wait_until(str(version), timeout=TIMEOUT)
            seen.see(version)
        return seen.watch


def consumed(case: Case) -> Stopwatch:
    with cached(case) as pods:
        arriving = pods.changes()
        for _ in range(len(pods)):
            next(arriving)
        seen = measure.Changes(case.changes)
        seen.begin()
        for change in arriving:
            if seen.see(int(change.object.metadata.resource_version)):
                break
        return seen.watch


class _List(msgspec.Struct):
    items: list[msgspec.Raw]


def apply(case: Case) -> Stopwatch:
    """Time the lines of a watch, in chunks as they are received, until the store has their objects."""
    store = Store(form(core_v1.Pod), name="pods")
    relisted = store.begin_relist()
    relisted.add(msgspec.json.decode((case.folder / "list.json").read_bytes(), type=_List).items)
    relisted.end("2000000")
    lines, decoder = (case.folder / "changes.json").read_bytes(), RawDecoder("changes")

    def whole() -> None:
        for start in range(0, len(lines), CHUNK):
            for event in decoder.feed(lines[start : start + CHUNK]):
                store.apply_event(event.type, event.text)

    watch = repeat(whole, 1)
    assert store.version == str(measure.FIRST_CHANGE + case.changes - 1)
    return watch


def reading(
    use: Callable[[Informer[Any], Case], Stopwatch], options: dict[str, Any], index: Callable[[Any], Any] = by_address
) -> Callable[[Case], Stopwatch]:
    def call(case: Case) -> Stopwatch:
        with cached(case, indexes=[index], **options) as pods:
            return use(pods, case)

    return call


def get(pods: Informer[Any], case: Case) -> Stopwatch:
    return measure.batched(lambda: pods.get(POD, case.namespace), case.reads)


def listed(pods: Informer[Any], case: Case) -> Stopwatch:
    return measure.batched(lambda: counted(pods.list(label_selector=case.label), case.labelled), 1)


def indexed(index: Callable[[Any], Any]) -> Callable[[Informer[Any], Case], Stopwatch]:
    def use(pods: Informer[Any], case: Case) -> Stopwatch:
        [address] = index(pods.get(POD, case.namespace))
        return measure.batched(lambda: counted(pods.indexed(index, address), 1), case.reads)

    return use


def own(case: Case) -> Stopwatch:
    with Clientset(configuration(case)) as clientset, clientset.core_v1.pods("").informer() as pods:
        own = clientset.core_v1.pods(case.namespace)

        def patch(text: str) -> int:
            change = MergePatch({"metadata": {"annotations": {"bench": text}}})
            patched = own.patch(WRITTEN, change, field_manager=MANAGER, field_validation="Ignore")
            return int(patched.metadata.resource_version or 0)

        def version() -> int:
            return int(pods.get(WRITTEN, case.namespace).metadata.resource_version)

        return measure.own_writes(patch, version, case)


def lead(case: Case, lease: str) -> None:
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with (
        Clientset(configuration(case)) as clientset,
        Elector(clientset, lease, case.created, identity=measure.FIRST).lead(),
    ):
        print(measure.LEADS, flush=True)
        ended.wait()


def failover(name: str) -> Callable[[Case], Stopwatch]:
    def call(case: Case) -> Stopwatch:
        lease, written = f"failover-{time.time_ns()}", threading.Event()
        with measure.first_leader(case, lease) as first, Clientset(configuration(case)) as clientset:
            elector = Elector(clientset, lease, case.created, identity=measure.SECOND)

            def follow() -> None:
                with elector.lead():
                    body = core_v1.ConfigMap(metadata=ObjectMeta(name=lease))
                    clientset.core_v1.config_maps(case.created).create(body)
                    written.set()

            def end() -> None:
                first.send_signal(measure.ending(name))
                written.wait()

            second = threading.Thread(target=follow)
            second.start()
            while elector.leader != measure.FIRST:
                time.sleep(measure.POLL)
            watch = repeat(end, 1)
            second.join()
            return watch

    return call


def idle(case: Case) -> Stopwatch:
    requests = 0

    def count(_: Attempt) -> None:
        nonlocal requests
        requests += 1

    config = configuration(case)
    config.observers = [count]
    with Clientset(config) as clientset, ExitStack() as stack:
        maps = clientset.core_v1.config_maps(case.created)
        for number in range(case.informers):
            stack.enter_context(maps.informer(label_selector=f"informer={number}"))
        time.sleep(1)  # The last watches open after their sync.
        before = requests
        watch = repeat(lambda: time.sleep(case.idle_seconds), 1)
        return measure.each_minute(watch, requests - before, case)


def queue(case: Case) -> Stopwatch:
    items = measure.items(case)

    def whole() -> None:
        queue = WorkQueue[str]()
        for item in items:
            queue.add(item)
            queue.done(queue.get())

    return measure.each_item(repeat(whole, 3), case)


def threads(case: Case) -> Stopwatch:
    items = measure.items(case)

    def whole() -> None:
        queue = WorkQueue[str]()
        for item in items:
            queue.add(item)

        def work(share: int) -> None:
            for _ in range(share):
                queue.done(queue.get())

        with ThreadPoolExecutor(4) as workers:
            list(workers.map(work, measure.shares(case, 4)))

    return measure.each_item(repeat(whole, 3), case)


CASES = {
    "sync": first_sync(JSON, by_list=True),
    "stream": first_sync(JSON),
    "objects": first_sync(OBJECTS),
    "packed": first_sync(PACKED),
    "into": first_sync(INTO),
    "relist": relist,
    "apply": apply,
    "changes": changes,
    "consumed": consumed,
    "get": reading(get, JSON),
    "get_objects": reading(get, OBJECTS),
    "get_packed": reading(get, PACKED),
    "get_into": reading(get, INTO, row_by_address),
    "list": reading(listed, JSON),
    "list_objects": reading(listed, OBJECTS),
    "list_packed": reading(listed, PACKED),
    "list_into": reading(listed, INTO, row_by_address),
    "index": reading(indexed(by_address), JSON),
    "index_objects": reading(indexed(by_address), OBJECTS),
    "index_packed": reading(indexed(by_address), PACKED),
    "index_into": reading(indexed(row_by_address), INTO, row_by_address),
    "own": own,
    "killed": failover("killed"),
    "released": failover("released"),
    "idle": idle,
    "queue": queue,
    "threads": threads,
}

if __name__ == "__main__":
    measure.run(CASES, lead)
