"""The cluster of each test: the fake API server, or a real one with `pytest --kube=real`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from kubeclient import AsyncClientset
from kubecore.testing import Kube
from website import AsyncClientset as Websites
from website.models import example_v1
from website_operator import Reconciler

CRDS = Path(__file__).parents[1] / "crds"


class FakeHosts:
    """A registry of hosts in memory."""

    def __init__(self) -> None:
        self.entries: dict[str, str] = {}

    async def add(self, host: str, target: str) -> None:
        self.entries[host] = target

    async def remove(self, host: str) -> None:
        self.entries.pop(host, None)


class Site:
    """A Website with the name `shop` in the namespace of the test, and everything around it."""

    def __init__(self, kube: AsyncClientset, websites: Websites, namespace: str) -> None:
        self.hosts = FakeHosts()
        self.reconciler = Reconciler(kube, websites, self.hosts)
        self.namespace = namespace
        self.websites = websites.example_v1.websites(namespace)
        self.deployments = kube.apps_v1.deployments(namespace)
        self.services = kube.core_v1.services(namespace)

    async def create(self, **spec: Any) -> example_v1.Website:
        fields = {"image": "web:1", "host": "shop.example.com"} | spec
        return await self.websites.create({"metadata": {"name": "shop"}, "spec": fields})

    async def reconcile(self) -> None:
        await self.reconciler.reconcile(self.namespace, "shop")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def site(kube: Kube) -> AsyncIterator[Site]:
    kube.add_crds(CRDS)
    async with AsyncClientset(kube.config) as clientset, Websites(kube.config) as websites:
        yield Site(clientset, websites, kube.namespace)
