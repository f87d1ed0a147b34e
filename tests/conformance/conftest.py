"""The real server of the conformance cases: it has no controllers, so that only requests change objects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.backends import RealServer
from tests.conftest import running


@pytest.fixture(scope="session")
def bare_cluster() -> Iterator[RealServer]:
    """A real API server without controllers."""
    with running(all_apis=False, controllers=False) as cluster:
        real = RealServer(cluster)
        yield real
        real.close()
