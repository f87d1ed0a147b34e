"""What all tests share: the clusters, and who is skipped where."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cluster import Cluster, GoMissingError

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "openapi"

_CLUSTERS = {"cluster", "all_apis_cluster"}
_NO_SHARED = "needs the OpenAPI documents of ../shared"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & _CLUSTERS:
            item.add_marker(pytest.mark.server)
        if "shared_openapi" in fixtures:
            item.add_marker(pytest.mark.shared)
        if item.get_closest_marker("shared") and not SHARED.is_dir():
            item.add_marker(pytest.mark.skip(reason=_NO_SHARED))


@contextmanager
def _running(*, all_apis: bool, controllers: bool) -> Iterator[Cluster]:
    try:
        made = Cluster(all_apis=all_apis, controllers=controllers)
    except GoMissingError as error:
        if os.environ.get("KGEN_REQUIRE_CLUSTER"):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    with made as running:
        yield running


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The cluster with default flags and its controllers."""
    with _running(all_apis=False, controllers=True) as running:
        yield running


@pytest.fixture(scope="session")
def all_apis_cluster() -> Iterator[Cluster]:
    """A cluster that serves every API version, without controllers."""
    with _running(all_apis=True, controllers=False) as running:
        yield running


@pytest.fixture(scope="session")
def shared_openapi() -> Path:
    """The folder of the OpenAPI documents beside the checkout."""
    return SHARED


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the checkout."""
    return ROOT
