"""The two shells are one: same names, same signatures, same words."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import typing
from collections.abc import Iterator
from typing import Any

import pytest

import kubeclient.typed
from kubeclient import AsyncClientset, Clientset
from kubecore import apply, async_verbs, clientset, discovery, dynamic, logs, rest, sync_verbs
from kubecore.streams.exec import async_process, process

_WORDS = {
    "AsyncClient": "Client",
    "AsyncWatch": "Watch",
    "AsyncPageIterator": "PageIterator",
    "AsyncListAndWatch": "ListAndWatch",
    "AsyncHttpClient": "HttpClient",
    "AsyncStream": "Stream",
    "AsyncDiscovery": "Discovery",
    "AsyncDynamicClient": "DynamicClient",
    "AsyncObjects": "Objects",
    "AsyncLogStream": "LogStream",
    "AsyncProcess": "Process",
    "async_forward.AsyncPortForward": "forward.PortForward",
    "async with": "with",
    "aclose": "close",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
}
PAIRS: list[tuple[Any, Any]] = [(getattr(sync_verbs, name), getattr(async_verbs, name)) for name in sync_verbs.__all__]


def plain(text: str) -> str:
    for asynchronous, synchronous in _WORDS.items():
        text = text.replace(asynchronous, synchronous)
    return text


def members(cls: type) -> dict[str, Any]:
    return {plain(name): value for name, value in vars(cls).items() if inspect.isfunction(value)}


@pytest.mark.parametrize(("sync", "asynchronous"), PAIRS, ids=lambda cls: cls.__name__)
def test_verbs_are_equal(sync: type, asynchronous: type) -> None:
    compare(sync, asynchronous)


def test_a_client_offers_nothing_but_verbs() -> None:
    with Clientset(rest.Config(host="http://localhost:1")) as clientset:
        pods = clientset.core_v1.pods("d")
        assert [name for name in dir(pods) if not name.startswith("_") and not callable(getattr(pods, name))] == []
        with pytest.raises(AttributeError):
            pods.resource.get("d", "p")  # type: ignore[attr-defined]  # pyright: ignore


def test_each_way_to_read_has_its_own_types() -> None:
    for verbs in (sync_verbs, async_verbs):
        assert [
            len(overloads(verb)) for verb in (verbs.Get.get, verbs.List.list, verbs.List.iter, verbs.Watch.watch)
        ] == [2] * 4


@pytest.mark.parametrize(
    ("sync", "asynchronous"),
    [
        (clientset.BaseClientset, clientset.AsyncBaseClientset),
        (discovery.Discovery, discovery.AsyncDiscovery),
        (dynamic.DynamicClient, dynamic.AsyncDynamicClient),
        (dynamic.Objects, dynamic.AsyncObjects),
    ],
)
def test_what_is_found_at_run_time_is_equal(sync: type, asynchronous: type) -> None:
    compare(sync, asynchronous)


def test_functions_that_apply_are_equal() -> None:
    for name in ("apply_file", "apply_objects"):
        ours, theirs = getattr(apply, name), getattr(apply, f"{name}_async")
        assert inspect.signature(ours).replace(parameters=[]) == inspect.signature(theirs).replace(parameters=[])
        options = [str(one) for one in inspect.signature(ours).parameters.values()]
        assert [str(one).replace("Async", "") for one in inspect.signature(theirs).parameters.values()] == options
        assert (inspect.getdoc(theirs) or "").replace("_async", "") == inspect.getdoc(ours)


def test_clients_are_equal() -> None:
    compare(rest.Client, rest.AsyncClient, words=False)


def test_streams_are_equal() -> None:
    compare(logs.LogStream, logs.AsyncLogStream, words=False)


def test_processes_are_equal() -> None:
    ours, theirs = public(process.Process), public(async_process.AsyncProcess)
    assert {name: str(inspect.signature(method).parameters) for name, method in ours.items()} == {
        name: plain(str(inspect.signature(method).parameters)) for name, method in theirs.items()
    }


def public(cls: type) -> dict[str, Any]:
    return {name: method for name, method in members(cls).items() if not name.startswith("_") or name[:2] == "__"}


def overloads(function: Any) -> list[str]:
    return [plain(str(inspect.signature(one))) for one in typing.get_overloads(function)]


def compare(sync: type, asynchronous: type, *, words: bool = True) -> None:
    assert members(sync).keys() == members(asynchronous).keys()
    for name, one in members(sync).items():
        other = members(asynchronous)[name]
        ours, theirs = inspect.signature(one), inspect.signature(other)
        assert plain(str(theirs.parameters)) == plain(str(ours.parameters)), name
        assert overloads(other) == overloads(one), name
        if words:
            assert plain(str(theirs)) == plain(str(ours)), name
            assert plain(inspect.getdoc(other) or "") == plain(inspect.getdoc(one) or ""), name


def resource_modules() -> Iterator[str]:
    for module in pkgutil.walk_packages(kubeclient.typed.__path__, "kubeclient.typed."):
        if not module.ispkg:
            yield module.name


@pytest.mark.parametrize("name", list(resource_modules()))
def test_generated_pairs_are_equal(name: str) -> None:
    module = importlib.import_module(name)
    for exported in module.__all__:
        if exported.startswith("Async"):
            sync, asynchronous = getattr(module, exported.removeprefix("Async")), getattr(module, exported)
            ours = {name: str(inspect.signature(f)) for name, f in members(sync).items()}
            theirs = {name: str(inspect.signature(f)) for name, f in members(asynchronous).items()}
            assert ours == {name: plain(text).replace("-> 'Async", "-> '") for name, text in theirs.items()}


@pytest.mark.parametrize("name", [name for name in resource_modules() if not name.endswith("._group")])
def test_generated_methods_document_every_argument(name: str) -> None:
    module = importlib.import_module(name)
    for exported in module.__all__:
        found = getattr(module, exported)
        for method in members(found).values() if inspect.isclass(found) else ():
            doc = inspect.getdoc(method) or ""
            arguments = re.search(r"\n\nArgs:\n(.*?)\n\nRaises:\n    \S", doc, re.DOTALL)
            assert arguments, method
            documented = re.findall(r"[a-z_]+(?=[,:])", re.sub(r":.*", ":", arguments[1]))
            assert documented == [*inspect.signature(method).parameters][1:], method


def test_clientsets_have_the_same_groups() -> None:
    def groups(cls: type) -> set[str]:
        return {name for name, value in vars(cls).items() if isinstance(value, property)}

    assert groups(Clientset) == groups(AsyncClientset)
    assert len(groups(Clientset)) == 36
