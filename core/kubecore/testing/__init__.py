"""An API server in memory for the tests of programs that use a clientset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kubecore.testing._server.exchange import Received
    from kubecore.testing._server.failures import NotSimulatedError
    from kubecore.testing.apiserver import ApiServer
    from kubecore.testing.cluster import FakeCluster
    from kubecore.testing.kube import Kube
    from kubecore.testing.responses import Response

__all__ = ["ApiServer", "FakeCluster", "Kube", "NotSimulatedError", "Received", "Response"]


def __getattr__(name: str) -> Any:
    """Public names are imported when they are first used."""
    if name == "FakeCluster":
        from kubecore.testing import cluster

        return cluster.FakeCluster
    if name == "ApiServer":
        from kubecore.testing import apiserver

        return apiserver.ApiServer
    if name == "Kube":
        from kubecore.testing import kube

        return kube.Kube
    if name == "Response":
        from kubecore.testing import responses

        return responses.Response
    if name == "Received":
        from kubecore.testing._server import exchange

        return exchange.Received
    if name == "NotSimulatedError":
        from kubecore.testing._server import failures

        return failures.NotSimulatedError
    raise AttributeError(f"module 'kubecore.testing' has no attribute {name!r}")
