"""An API server in memory for the tests of programs that use a clientset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubecore._support import lazy_names

if TYPE_CHECKING:
    from kubecore.testing._server.exchange import Received
    from kubecore.testing._server.failures import Cause, NotSimulatedError
    from kubecore.testing.apiserver import ApiServer
    from kubecore.testing.changes import Change, Changes
    from kubecore.testing.cluster import FakeCluster, Player
    from kubecore.testing.faults import Fault
    from kubecore.testing.kube import Kube
    from kubecore.testing.loopback import Loopback
    from kubecore.testing.machine.endpoint import Endpoint
    from kubecore.testing.players import deployment_available, job_complete, load_balancer, pod_running
    from kubecore.testing.recording import Calls
    from kubecore.testing.responses import Response
    from kubecore.testing.snapshots import Checkpoint

__all__ = [
    "ApiServer",
    "Calls",
    "Cause",
    "Change",
    "Changes",
    "Checkpoint",
    "Endpoint",
    "FakeCluster",
    "Fault",
    "Kube",
    "Loopback",
    "NotSimulatedError",
    "Player",
    "Received",
    "Response",
    "deployment_available",
    "job_complete",
    "load_balancer",
    "pod_running",
]

if not TYPE_CHECKING:
    __getattr__ = lazy_names(
        __name__,
        {
            "ApiServer": "apiserver",
            "Calls": "recording",
            "Cause": "_server.failures",
            "Change": "changes",
            "Changes": "changes",
            "Checkpoint": "snapshots",
            "Endpoint": "machine.endpoint",
            "FakeCluster": "cluster",
            "Fault": "faults",
            "Kube": "kube",
            "Loopback": "loopback",
            "NotSimulatedError": "_server.failures",
            "Player": "cluster",
            "Received": "_server.exchange",
            "Response": "responses",
            "deployment_available": "players",
            "job_complete": "players",
            "load_balancer": "players",
            "pod_running": "players",
        },
    )
