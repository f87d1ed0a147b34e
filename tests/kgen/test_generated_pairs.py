"""Generated clients: both sides have the same methods, and every argument is documented."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

import kubeclient.typed
from kubeclient import AsyncClientset, Clientset
from tools.async_to_sync import KUBECORE, replace_words


def plain(text: str) -> str:
    return replace_words(text, KUBECORE.substitutions)[0]


def members(cls: type) -> dict[str, Any]:
    return {plain(name): value for name, value in vars(cls).items() if inspect.isfunction(value)}


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
            assert ours == {name: plain(text) for name, text in theirs.items()}


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
