"""A kubelet and the controllers of a cluster for pods and workloads, played over a clientset.

Pods get a node's reports as soon as they exist, workloads report as many ready replicas as they want, and jobs complete.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from kubeclient import Clientset
from kubecore import errors
from kubecore.rest import Config
from kubecore.testing import players

NOW: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


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
                    except (errors.NotFoundError, errors.ConflictError, errors.InvalidError):
                        continue  # A controller of the cluster was faster; its change is the next event.
    except (errors.KubeError, RuntimeError):
        if not stopping.is_set():
            raise


def pod(found: Any) -> dict[str, Any] | None:
    """Return the status of a pod that starts, or None if it has started."""
    if found.status.phase not in (None, "", "Pending") or found.metadata.deletion_timestamp:
        return None
    return players.running_pod(found.to_dict(), NOW)


def deployment(found: Any) -> dict[str, Any] | None:
    """Return the status of a deployment whose rollout is done, or None if it reports that already."""
    return None if _is_rolled_out(found) else {**_counts(0), **players.ready_deployment(found.to_dict(), NOW)}


def stateful_set(found: Any) -> dict[str, Any] | None:
    """Return the status of a stateful set whose rollout is done, or None if it reports that already."""
    if _is_rolled_out(found):
        return None
    return {
        "observedGeneration": found.metadata.generation,
        **_counts(found.spec.replicas),
        "currentReplicas": found.spec.replicas,
        "currentRevision": "web-1",
        "updateRevision": "web-1",
    }


def _is_rolled_out(found: Any) -> bool:
    is_seen = found.status.observed_generation == found.metadata.generation
    return bool(is_seen and (found.status.updated_replicas or 0) == found.spec.replicas)


def _counts(replicas: int) -> dict[str, Any]:
    return dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), replicas)


def job(found: Any) -> dict[str, Any] | None:
    """Return the status of a job that is done, or None if it is done, suspended or being deleted."""
    if found.status.conditions or found.spec.suspend or found.metadata.deletion_timestamp:
        return None
    # The controller of Jobs, which runs on a real server, may have started it and counted a pod; a finished Job has none.
    return {"active": None, **players.complete_job(found.to_dict(), max(NOW, found.status.start_time or NOW))}
