"""The servers of a test: a real one and the fake. A test that the fake can't run is marked with a reason.

`@pytest.mark.real_only("needs_node")` leaves out the fake; `@pytest.mark.real_only("not_simulated", "exec")` names a
request that the fake refuses: such tests run on the fake and must fail, so that no mark stays after the fake can run its
test. Tests with a fixture of `_BY_FIXTURE` have its reason without a mark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from kubecore import kubeconfig, rest
from kubecore.testing import FakeCluster, NotSimulatedError
from tests.cluster import Cluster

__all__ = ["REASONS", "Api", "FakeApi", "RealApi", "check_reasons", "parameters", "parametrize", "reason_of"]

REASONS: Final = {
    "needs_certificates": "users, their credentials and their rights: the fake accepts everybody",
    "needs_connections": "TCP and TLS connections, which the fake in the same process does not have",
    "needs_controllers": "controllers of workloads, which the fake does not have",
    "needs_go": "the objects or the programs come from Go modules",
    "needs_node": "containers, their processes and their network, which the fake does not have",
    "needs_processes": "the processes of the server are stopped, restarted or used by other processes",
    "needs_schemas": "OpenAPI documents that the fake does not serve",
    "not_simulated": "the fake refuses it; the second argument of the mark names it",
}
"""The reasons why a test runs on the real server alone."""

_NAMED: Final = "not_simulated"
"""The reason with a second argument."""

_BY_FIXTURE: Final = {
    "all_apis_cluster": "needs_processes",
    "cluster": "needs_processes",
    "installed": "needs_schemas",
    "nodes": "needs_node",
    "oidc_cluster": "needs_certificates",
    "older_cluster": "needs_processes",
    "own": "needs_processes",
    "pod_namespace": "needs_node",
    "tls_context": "needs_connections",
}


class RealApi:
    """The real server.

    Args:
        cluster: The server.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.config: rest.Config = kubeconfig.load_config(cluster.kubeconfig)

    def compact(self) -> None:
        """Let the server forget old versions."""
        self._cluster.compact()

    @contextmanager
    def checked(self) -> Iterator[None]:
        """Do nothing: the real server has no requests that are not simulated."""
        yield


class FakeApi:
    """The fake server.

    Args:
        fake: The server.
    """

    def __init__(self, fake: FakeCluster) -> None:
        self._fake = fake
        self.config: rest.Config = fake.config

    def compact(self) -> None:
        """Let the server forget old versions."""
        self._fake.compact()

    @contextmanager
    def checked(self) -> Iterator[None]:
        """Raise the error of a request of the block that was not simulated, also if its caller hid the error."""
        self._fake.refused.clear()
        yield
        refused = list(self._fake.refused)
        self._fake.refused.clear()
        if refused:
            raise refused[0]


Api = RealApi | FakeApi


def reason_of(marks: Callable[[str], Iterable[pytest.Mark]], fixtures: Iterable[str]) -> str | None:
    """Return why a test runs on the real server alone, or None.

    Raises:
        pytest.UsageError: A mark has no known reason.
    """
    for mark in marks("real_only"):
        if not mark.args or mark.args[0] not in REASONS or len(mark.args) != 1 + (mark.args[0] == _NAMED):
            raise pytest.UsageError(f"real_only{mark.args}: expected one of {', '.join(REASONS)}")
        return ": ".join(mark.args)
    return next((_BY_FIXTURE[name] for name in fixtures if name in _BY_FIXTURE), None)


def check_reasons(items: Iterable[pytest.Item]) -> None:
    """Refuse tests of this folder that run on the real server alone for no reason.

    Raises:
        pytest.UsageError: There are such tests.
    """
    silent = sorted(
        {
            item.nodeid.partition("[")[0]
            for item in items
            if Path(__file__).parent in item.path.parents
            and item.get_closest_marker("server")
            and "api" not in (names := getattr(item, "fixturenames", ()))
            and reason_of(item.iter_markers, names) is None
        }
    )
    if silent:
        raise pytest.UsageError(f"add the fixture api or the mark real_only to {', '.join(silent)}")


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Give the fixture `api` of a test its servers."""
    if "api" not in metafunc.fixturenames:
        return
    reason = reason_of(metafunc.definition.iter_markers, metafunc.fixturenames)
    metafunc.parametrize("api", parameters(reason), indirect=True, scope="session")


def parameters(reason: str | None) -> list[Any]:
    """Return the parameters of the fixture `api` for a test that runs on the real server alone for a reason, if any."""
    real = pytest.param("real", marks=pytest.mark.server)
    if reason is None:
        return [real, pytest.param("fake")]
    if reason.partition(":")[0] != _NAMED:
        return [real]
    return [real, pytest.param("fake", marks=pytest.mark.xfail(reason=reason, raises=NotSimulatedError, strict=True))]
