"""Install the CRDs of the tests, generate their package, and find typed clients by `apiVersion` and kind."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import msgspec
import pytest

from kgen.cli import run
from kgen.load import load_all
from kubeclient import Clientset
from kubecore import rest
from kubecore.calls.resource import Resource
from kubecore.codec import yaml
from tests.conftest import ROOT

CRDS = ROOT / "tests" / "crds"
SHARED = ROOT.parent / "shared" / "crds"
SOURCES = [CRDS, *([SHARED] if SHARED.is_dir() else [])]
PACKAGE = "madeofcrds"


def manifests() -> Iterator[dict[str, Any]]:
    """Yield every CRD of the sources."""
    for source in SOURCES:
        for file in sorted(source.rglob("*.yaml")):
            for document in yaml.load_all(file.read_bytes()):
                found = document["items"] if document["kind"] == "List" else [document]
                yield from (crd for crd in found if crd["kind"] == "CustomResourceDefinition")


def install(config: rest.Config) -> None:
    """Create the CRDs, and wait until they are established and in the server's OpenAPI documents."""
    with Clientset(config) as clientset:
        crds = clientset.apiextensions_v1.custom_resource_definitions()
        names = {crds.create(crd).metadata.name for crd in manifests()}
        versions = {document.name for document in load_all([(path, path.name) for path in SOURCES]).documents}
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            listed = crds.list().items
            ready = {crd.metadata.name for crd in listed if crd.status and is_established(crd.status.conditions)}
            served = msgspec.json.decode(clientset.rest_client.get_bytes("/openapi/v3"))["paths"]
            if names <= ready and versions <= served.keys():
                return
            time.sleep(0.2)
    pytest.fail("the CRDs were not established")


def is_established(conditions: Any) -> bool:
    """Return whether the server has established a CRD."""
    return any(condition.type == "Established" and condition.status == "True" for condition in conditions)


def make(folder: Path) -> Iterator[ModuleType]:
    """Yield the package of all CRDs, imported from a folder."""
    inputs = [word for path in SOURCES for word in ("--specs", str(path))]
    assert run(["build", *inputs, "--output", str(folder), "--package", PACKAGE]) == 0
    sys.path.insert(0, str(folder))
    yield importlib.import_module(PACKAGE)
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


class Place(NamedTuple):
    """Location of the client of a kind in a Clientset: `clientset.GROUP.ACCESSOR(namespace)`."""

    group: str
    accessor: str
    resource: Resource[Any, Any]

    def of(self, clientset: Any, namespace: str) -> Any:
        """Return the client."""
        accessor = getattr(getattr(clientset, self.group), self.accessor)
        return accessor(namespace) if self.resource.namespaced else accessor()


def places(clientset: Any) -> dict[str, Place]:
    """Return the clients of a synchronous Clientset, by the `apiVersion kind` in the `Resource` of each class."""
    found = {}
    for group in [name for name in dir(type(clientset)) if name[-1].isdigit()]:
        clients = getattr(clientset, group)
        ours = type(clients).__module__.startswith(PACKAGE)
        for accessor in [name for name in dir(clients) if ours and not name.startswith("_")]:
            method = getattr(clients, accessor)
            if callable(method):
                namespaced = method.__code__.co_argcount > 1
                resource = (method("any") if namespaced else method())._resource
                kind = f"{resource.group}/{resource.version} {resource.kind.__name__}"
                found[kind] = Place(group, accessor, resource)
    return found


def client(clientset: Any, example: dict[str, Any], namespace: str) -> Any:
    """Return the typed client of an object's kind."""
    return places(clientset)[f"{example['apiVersion']} {example['kind']}"].of(clientset, namespace)
