"""Functions for `FakeCluster.after` that play a controller or a kubelet: they set the status of an object."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from kubecore.testing._server.metadata import timestamp

if TYPE_CHECKING:
    from kubecore.testing.cluster import FakeCluster

__all__ = [
    "complete_job",
    "deployment_available",
    "job_complete",
    "load_balancer",
    "pod_running",
    "ready_deployment",
    "running_pod",
]

_POD_IP: Final = "10.244.0.2"
_HOST_IP: Final = "10.0.0.2"


def pod_running(cluster: FakeCluster, pod: dict[str, Any]) -> None:
    """Play the scheduler and the kubelet: the pod has a node, it runs, and all its containers are ready."""
    if not pod["spec"].get("nodeName"):
        cluster.bind(pod["metadata"]["name"], pod["metadata"].get("namespace", ""))
    _set(cluster, "v1/Pod", pod, running_pod(pod, cluster.clock.now()))


def job_complete(cluster: FakeCluster, job: dict[str, Any]) -> None:
    """Play the controller of Jobs: all pods of the Job have succeeded."""
    _set(cluster, "batch/v1/Job", job, complete_job(job, cluster.clock.now()))


def deployment_available(cluster: FakeCluster, deployment: dict[str, Any]) -> None:
    """Play the controller of Deployments: the newest template is rolled out, and all replicas are available."""
    _set(cluster, "apps/v1/Deployment", deployment, ready_deployment(deployment, cluster.clock.now()))


def load_balancer(ip: str) -> Callable[[FakeCluster, dict[str, Any]], None]:
    """Return a function that plays the cloud provider: a Service of the type LoadBalancer gets an address.

    Args:
        ip: The address.
    """

    def play(cluster: FakeCluster, service: dict[str, Any]) -> None:
        if service["spec"].get("type") == "LoadBalancer":
            status = {"loadBalancer": {"ingress": [{"ip": ip, "ipMode": "VIP"}]}}
            _set(cluster, "v1/Service", service, {**service.get("status", {}), **status})

    return play


def running_pod(pod: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return the status of a pod that runs.

    Args:
        pod: The pod.
        now: The time of the server.
    """
    time = timestamp(now)
    types = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    return {
        **pod.get("status", {}),
        "phase": "Running",
        "conditions": [{"type": each, "status": "True", "lastTransitionTime": time} for each in types],
        "hostIP": _HOST_IP,
        "hostIPs": [{"ip": _HOST_IP}],
        "podIP": _POD_IP,
        "podIPs": [{"ip": _POD_IP}],
        "startTime": time,
        "containerStatuses": [
            {
                "name": each["name"],
                "image": each.get("image", ""),
                "imageID": f"docker.io/library/{each.get('image', '')}",
                "containerID": f"containerd://{each['name']}",
                "ready": True,
                "started": True,
                "restartCount": 0,
                "state": {"running": {"startedAt": time}},
                "lastState": {},
            }
            for each in pod["spec"]["containers"]
        ],
    }


def complete_job(job: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return the status of a Job that is complete.

    Args:
        job: The Job.
        now: The time of the server.
    """
    time = timestamp(now)
    common = {"status": "True", "lastProbeTime": time, "lastTransitionTime": time}
    message = "Reached expected number of succeeded pods"
    return {
        "conditions": [
            {"type": each, **common, "reason": "CompletionsReached", "message": message}
            for each in ("SuccessCriteriaMet", "Complete")
        ],
        "startTime": job.get("status", {}).get("startTime", time),
        "completionTime": time,
        "succeeded": job["spec"].get("completions") or job["spec"].get("parallelism") or 1,
        "terminating": 0,
        "uncountedTerminatedPods": {},
        "ready": 0,
    }


def ready_deployment(deployment: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return the status of a Deployment whose newest template is rolled out.

    Args:
        deployment: The Deployment.
        now: The time of the server.
    """
    time = timestamp(now)
    count = deployment["spec"].get("replicas", 1)
    texts = {
        "Available": ("MinimumReplicasAvailable", "Deployment has minimum availability."),
        "Progressing": ("NewReplicaSetAvailable", "The newest ReplicaSet has successfully progressed."),
    }
    counts = {"replicas": count, "updatedReplicas": count, "readyReplicas": count, "availableReplicas": count}
    return {
        "observedGeneration": deployment["metadata"].get("generation", 1),
        **{name: value for name, value in counts.items() if value},
        "conditions": [
            {
                "type": kind,
                "status": "True",
                "lastUpdateTime": time,
                "lastTransitionTime": time,
                "reason": reason,
                "message": message,
            }
            for kind, (reason, message) in texts.items()
        ],
    }


def _set(cluster: FakeCluster, kind: str, document: dict[str, Any], status: dict[str, Any]) -> None:
    metadata = document["metadata"]
    cluster.set_status(kind, metadata["name"], metadata.get("namespace", ""), status)
