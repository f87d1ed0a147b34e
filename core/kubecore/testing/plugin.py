"""The pytest plugin: fixtures with fake clusters and their clientsets. It imports nothing else until one is used."""

from __future__ import annotations

import importlib
from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from kubecore.testing.cluster import FakeCluster

__all__ = ["fake_async_clientset", "fake_clientset", "fake_cluster"]

_CLIENT = "kubeclient"
"""The package of the clientsets: the runtime itself needs no generated package."""


@pytest.fixture
def fake_cluster() -> Generator[FakeCluster]:
    """A cluster in memory, which is empty at the start of each test."""
    from kubecore.testing.cluster import FakeCluster

    with FakeCluster() as cluster:
        yield cluster


@pytest.fixture
def fake_clientset(fake_cluster: FakeCluster) -> Generator[Any]:
    """A `kubeclient.Clientset` of `fake_cluster`."""
    with importlib.import_module(_CLIENT).Clientset(fake_cluster.config) as clientset:
        yield clientset


@pytest.fixture
async def fake_async_clientset(fake_cluster: FakeCluster) -> AsyncGenerator[Any]:
    """A `kubeclient.AsyncClientset` of `fake_cluster`, for tests with the marker `anyio`."""
    async with importlib.import_module(_CLIENT).AsyncClientset(fake_cluster.config) as clientset:
        yield clientset
