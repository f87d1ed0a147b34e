"""Objects that exist before a program of a page runs: `<!-- setup: NAME -->` names a function."""

from __future__ import annotations

from typing import Any

from kubeclient import Clientset


def two_pods(clientset: Clientset) -> None:
    """Create the pod `web`, which is ready, and the pod `db`, whose container was restarted seven times."""
    pods = clientset.core_v1.pods("default")
    for name, node, is_ready, restarts in (("web", "worker-3", True, 0), ("db", "worker-7", False, 7)):
        spec: dict[str, Any] = {"nodeName": node, "containers": [{"name": name, "image": name}]}
        pods.create({"metadata": {"name": name, "labels": {"app": name, "team": "shop"}}, "spec": spec})
        ready = {"type": "Ready", "status": str(is_ready), "lastTransitionTime": "2026-01-02T03:04:05Z"}
        container = {"name": name, "image": name, "imageID": "", "ready": is_ready, "restartCount": restarts}
        status = {"phase": "Running", "conditions": [ready], "containerStatuses": [container]}
        pods.patch_status(name, {"status": status}, type="merge")
