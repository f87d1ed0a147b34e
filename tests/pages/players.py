"""A kubelet and the controllers of a cluster for pods and workloads, played over a clientset.

Pods get a node's reports as soon as they exist, workloads report as many ready replicas as they want, and jobs complete.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kubeclient import Clientset
from kubecore import errors
from kubecore.rest import Config

TIME = "2026-01-02T03:04:05Z"


@contextmanager
def playing(config: Config) -> Iterator[None]:
    """Play until the block ends."""
    with Clientset(config) as clientset:
        plays: list[tuple[Any, Callable[[Any], dict[str, Any] | None]]] = [
            (clientset.core_v1.pods, pod),
            (clientset.apps_v1.deployments, deployment),
            (clientset.apps_v1.stateful_sets, stateful_set),
            (clientset.batch_v1.jobs, job),
        ]
        stopping = threading.Event()
        watches = [resource("").watch() for resource, _ in plays]
        threads = []
        for watch, (resource, status) in zip(watches, plays, strict=True):
            threads.append(threading.Thread(target=_play, args=(watch, resource, status, stopping), daemon=True))
            threads[-1].start()
        try:
            yield
        finally:
            stopping.set()
            for watch in watches:
                watch.close()
            for thread in threads:
                thread.join(30)


def _play(watch: Any, resource: Any, status: Callable[[Any], dict[str, Any] | None], stopping: threading.Event) -> None:
    try:
        with watch as events:
            for event in events:
                wanted = None if event.type == "DELETED" else status(event.object)
                if wanted is not None:
                    meta = event.object.metadata
                    try:
                        resource(meta.namespace).patch_status(meta.name, {"status": wanted}, type="merge")
                    except (errors.NotFoundError, errors.ConflictError):
                        continue
    except (errors.KubeError, RuntimeError):
        if not stopping.is_set():
            raise


def pod(found: Any) -> dict[str, Any] | None:
    """Return the status of a pod that starts, or None if it has started."""
    if found.status.phase not in (None, "", "Pending") or found.metadata.deletion_timestamp:
        return None
    conditions = [
        {"type": it, "status": "True", "lastTransitionTime": TIME}
        for it in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    ]
    containers = [
        {
            "name": each.name,
            "image": each.image,
            "imageID": "",
            "ready": True,
            "restartCount": 0,
            "state": {"running": {"startedAt": TIME}},
        }
        for each in found.spec.containers
    ]
    return {
        "phase": "Running",
        "podIP": "10.0.0.1",
        "startTime": TIME,
        "conditions": conditions,
        "containerStatuses": containers,
    }


def deployment(found: Any) -> dict[str, Any] | None:
    """Return the status of a deployment whose rollout is done, or None if it reports that already."""
    replicas = found.spec.replicas
    if (
        found.status.observed_generation == found.metadata.generation
        and (found.status.updated_replicas or 0) == replicas
    ):
        return None
    return {
        "observedGeneration": found.metadata.generation,
        "replicas": replicas,
        "updatedReplicas": replicas,
        "readyReplicas": replicas,
        "availableReplicas": replicas,
        "conditions": [
            {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "lastTransitionTime": TIME},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable", "lastTransitionTime": TIME},
        ],
    }


def stateful_set(found: Any) -> dict[str, Any] | None:
    """Return the status of a stateful set whose rollout is done, or None if it reports that already."""
    replicas = found.spec.replicas
    if (
        found.status.observed_generation == found.metadata.generation
        and (found.status.updated_replicas or 0) == replicas
    ):
        return None
    return {
        "observedGeneration": found.metadata.generation,
        "replicas": replicas,
        "updatedReplicas": replicas,
        "currentReplicas": replicas,
        "readyReplicas": replicas,
        "availableReplicas": replicas,
        "currentRevision": "web-1",
        "updateRevision": "web-1",
    }


def job(found: Any) -> dict[str, Any] | None:
    """Return the status of a job that is done, or None if it is done, suspended or being deleted."""
    if found.status.conditions or found.spec.suspend or found.metadata.deletion_timestamp:
        return None
    conditions = [
        {"type": it, "status": "True", "lastTransitionTime": TIME} for it in ("SuccessCriteriaMet", "Complete")
    ]
    return {
        "succeeded": found.spec.completions or 1,
        "startTime": TIME,
        "completionTime": TIME,
        "conditions": conditions,
    }
