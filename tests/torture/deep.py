"""Deep bodies through the client, in a thread with a small stack: every verb ends with an error or a result.

`bombs` and tests/kubecore/test_depth.py run it in separate processes, because a failure is a segmentation fault.
"""

from __future__ import annotations

import itertools
import json
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import apps_v1, core_v1, meta_v1
from kubecore import errors, rest
from kubecore.codec import yaml
from kubecore.patch import MergePatch
from tests.torture.server import POD, PodServer, Reply, Request, http_response

__all__ = ["client", "in_thread", "main", "values"]

_RESULTS: Final = ("200 OK", "500 No")
_META: Final = b'"metadata":{"name":"p","namespace":"d","uid":"u","resourceVersion":"1","managedFields":%b}'

_DISCOVERY: Final = (
    b'{"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":""},"versions":[{"version":"v1","resources":[{'
    b'"resource":"pods","responseKind":{"version":"v1","kind":"Pod"},"scope":"Namespaced","verbs":["get"]}]}]}]}'
)


def _bodies(deep: bytes) -> Iterator[bytes]:
    """Yield bodies of several shapes that contain a deep value."""
    plain = _META % b"[]"
    yield b'{"kind":"Pod","apiVersion":"v1",' + plain + b',"status":' + deep + b"}"
    yield b'{"kind":"Pod","apiVersion":"v1",' + plain + b',"new":' + deep + b"}"
    yield b'{"kind":"Pod","apiVersion":"v1",' + _META % (b'[{"fieldsV1":' + deep + b"}]") + b"}"
    yield b'{"kind":"Status","status":' + deep + b"}"
    yield b'{"kind":"Status","status":"Failure","details":{"causes":' + deep + b"}}"
    yield b'{"kind":"PodList","metadata":{},"items":[{"spec":' + deep + b"}]}"
    yield b'{"kind":"PodMetadataList","metadata":{},"items":' + deep + b"}"
    yield b'{"kind":"Table","columnDefinitions":[],"rows":[{"cells":[' + deep + b"]}]}"
    yield b'{"kind":"APIGroupDiscoveryList","items":[{"metadata":' + deep + b"}]}"
    yield deep


def _verbs(clientset: Any) -> Iterator[Callable[[], Any]]:
    """Yield one call for each way to read a response."""
    pods = clientset.core_v1.pods("d")
    pod = core_v1.Pod.from_dict({"metadata": {"name": "p"}, "spec": {"containers": []}})
    yield lambda: pods.get("p")
    yield lambda: pods.delete("p")
    yield lambda: pods.delete_collection()
    yield lambda: pods.list()
    yield lambda: pods.list(into=core_v1.Pod)
    yield lambda: pods.list_metadata()
    yield lambda: pods.get_metadata("p")
    yield lambda: pods.table()
    yield lambda: pods.create(pod)
    yield lambda: pods.patch("p", MergePatch({}))
    yield lambda: pods.apply(pod, field_manager="m")
    yield lambda: pods.wait("p", for_="condition=Ready", timeout=0.01)
    yield lambda: pods.modify("p", lambda found: found.metadata.labels.update(a="b"))
    yield lambda: pods.proxy("p")
    yield lambda: pods.get_or_none("p")
    yield lambda: pods.create_or_update(pod)
    yield lambda: clientset.resource(core_v1.Pod, "d").get("p")
    yield lambda: clientset.dynamic.resource("Pod", "d")
    yield lambda: clientset.raw("GET", "/api/v1/namespaces/d/pods/p")
    yield lambda: clientset.server_version()
    yield lambda: clientset.discovery.catalog()
    yield lambda: clientset.apps_v1.deployments("d").get_scale("p")


def client(mode: str, depth: int) -> list[str]:
    """Send every verb to a server whose responses are deep; return the errors that are not KubeErrors.

    Args:
        mode: `sync` or `asyncio`.
        depth: Number of levels.
    """
    failed: list[str] = []
    body, status = b"", "200 OK"

    def reply(request: Request) -> Reply:
        if request.target in ("/api", "/apis") and b"Discovery" not in body:
            return Reply((http_response(_DISCOVERY),))
        if "watch=" in request.target:
            event = b'{"type":"%b","object":%b}\n' % (b"ADDED" if status == "200 OK" else b"ERROR", body)
            return Reply((http_response(event),))
        return Reply((http_response(body, status=status),))

    with PodServer(reply) as server:
        config = rest.Config(host=server.url, max_retries=0, timeouts=rest.Timeouts(read=5, total=5))
        for opening, closing in ((b"[", b"]"), (b'{"not":', b"}"), (b'{"a":[', b"]}")):
            for one, result in itertools.product(_bodies(opening * depth + b"1" + closing * depth), _RESULTS):
                body, status = one, result
                failed += _sync(config) if mode == "sync" else _async(config)
            if mode == "sync" and opening == b"[":
                body, status = POD[:-1] + b',"status":' + opening * depth + closing * depth + b"}", "200 OK"
                failed += _watched(config)
    return failed


def _sync(config: rest.Config) -> list[str]:
    with Clientset(config) as clientset:
        return [text for text in map(_tried, _verbs(clientset)) if text]


def _watched(config: rest.Config) -> list[str]:
    with Clientset(config) as clientset:

        def work() -> None:
            with clientset.core_v1.pods("d").watch(resource_version="1", timeout_seconds=1) as events:
                next(iter(events), None)

        return [text for text in [_tried(work)] if text]


def _async(config: rest.Config) -> list[str]:
    import anyio

    async def work() -> list[str]:
        found: list[str] = []
        async with AsyncClientset(config) as clientset:
            for call in _verbs(clientset):
                try:
                    await call()
                except errors.KubeError:
                    pass
                except Exception as error:
                    found.append(f"foreign {type(error).__name__}: {error!s:.100}")
        return found

    return anyio.run(work)


def values(depth: int) -> list[str]:
    """Convert deep lists and dictionaries to models, JSON and YAML; return the failures."""
    deep: Any = 1
    for _ in range(depth):
        deep = {"a": [deep]}
    revision = apps_v1.ControllerRevision(metadata=meta_v1.ObjectMeta(), revision=1, data=deep)
    text = json.dumps("x") if depth > 500 else json.dumps({"a": deep})
    works: tuple[Callable[[], Any], ...] = (
        lambda: core_v1.Pod.from_dict({"spec": deep}),
        lambda: core_v1.Pod.from_dict({"status": [deep]}),
        lambda: revision.to_dict(),
        lambda: revision.to_yaml(),
        lambda: yaml.dump(deep),
        lambda: yaml.load(text),
        lambda: repr(revision),
        lambda: core_v1.Pod.from_yaml(text),
    )
    return [text for text in map(_tried, works) if text]


def _tried(work: Callable[[], Any]) -> str:
    try:
        work()
    except errors.KubeError:
        pass
    except Exception as error:
        return f"foreign {type(error).__name__}: {error!s:.100}"
    return ""


def in_thread(kib: int, work: Callable[[], list[str]]) -> list[str]:
    """Do the work in a thread with a stack of `kib` KiB. Threads that the work starts have the default size."""
    failed: list[str] = ["did not end"]
    begin = threading.Event()

    def run() -> None:
        begin.wait()
        failed[:] = work()

    before = threading.stack_size(kib * 1024)
    thread = threading.Thread(target=run)
    thread.start()
    threading.stack_size(before)
    begin.set()
    thread.join()
    return failed


def main(arguments: list[str]) -> None:
    """Do the work and print the failures as a JSON list: `KIB sync|asyncio|values DEPTH`."""
    kib, mode, depth = int(arguments[0]), arguments[1], int(arguments[2])
    print(json.dumps(in_thread(kib, lambda: values(depth) if mode == "values" else client(mode, depth))))


if __name__ == "__main__":
    main(sys.argv[1:])
