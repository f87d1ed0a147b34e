"""What all tests share: the clusters, and who is skipped where."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import Cluster
from tests.cluster.build import available

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "openapi"

_CLUSTERS = {"cluster", "all_apis_cluster"}
_NO_GO = "real-server tests need Go: install it from https://go.dev/dl and run `make test` again"
_NO_SHARED = "needs the OpenAPI documents of ../shared"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _CLUSTERS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.server)
        if item.get_closest_marker("shared") and not SHARED.is_dir():
            item.add_marker(pytest.mark.skip(reason=_NO_SHARED))


def _require_servers() -> None:
    if available():
        return
    if os.environ.get("KGEN_REQUIRE_CLUSTER"):
        pytest.fail(_NO_GO, pytrace=False)
    pytest.skip(_NO_GO)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The cluster with default flags and its controllers."""
    _require_servers()
    with Cluster() as running:
        yield running


@pytest.fixture(scope="session")
def all_apis_cluster() -> Iterator[Cluster]:
    """A cluster that serves every API version, without controllers."""
    _require_servers()
    with Cluster(all_apis=True, controllers=False) as running:
        yield running


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the checkout."""
    return ROOT
