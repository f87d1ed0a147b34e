"""The pods of the real server, as a controller creates them and as a kubelet reports their status."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

NAMESPACE = "bench"
SHARDS = 10
"""Pods have a label `shard` with one of so many values."""

_MANAGED = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields")
_VARIABLES = 16
_DIGEST = "9b2f3b5c1f8a0e6f4c3d2b1a0f9e8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a2f1e"


def recorded() -> dict[str, Any]:
    """Return the recorded pod."""
    pod: dict[str, Any] = json.loads((Path(__file__).parents[1] / "pod.json").read_bytes())
    return pod


def created(pod: dict[str, Any], number: int) -> dict[str, Any]:
    """Return the body with which a controller creates the pod of a number: no node, no status, no token volume."""
    metadata = {key: value for key, value in pod["metadata"].items() if key not in _MANAGED}
    metadata |= {"name": f"web-{number}", "namespace": NAMESPACE}
    metadata["labels"] = metadata["labels"] | {"shard": str(number % SHARDS)}
    spec = {key: value for key, value in copy.deepcopy(pod["spec"]).items() if key != "nodeName"}
    spec["volumes"] = [volume for volume in spec["volumes"] if "projected" not in volume]
    for container in spec["containers"]:
        mounts = container["volumeMounts"]
        container["volumeMounts"] = [mount for mount in mounts if "serviceaccount" not in mount["mountPath"]]
    web = spec["containers"][0]
    web["env"] += [{"name": f"SETTING_{n}", "value": f"value-{n}"} for n in range(1, _VARIABLES + 1)]
    web["livenessProbe"] = {**web["readinessProbe"], "httpGet": {"path": "/healthz", "port": "http"}}
    web["securityContext"] = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True}
    spec["initContainers"] = [
        {
            "name": "migrate",
            "image": "registry.example.com/shop/web:1.42.0",
            "args": ["migrate", "--wait"],
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
            "volumeMounts": [{"name": "config", "mountPath": "/etc/web"}],
        }
    ]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def reported(pod: dict[str, Any], number: int) -> dict[str, Any]:
    """Return the status that the kubelet reports for the pod of a number."""
    status: dict[str, Any] = copy.deepcopy(pod["status"])
    address = f"10.{128 + number // 65536}.{number // 256 % 256}.{number % 256}"
    status |= {"podIP": address, "podIPs": [{"ip": address}]}
    status["initContainerStatuses"] = [
        {
            "name": "migrate",
            "state": {
                "terminated": {
                    "exitCode": 0,
                    "reason": "Completed",
                    "startedAt": "2026-11-20T10:15:31Z",
                    "finishedAt": "2026-11-20T10:15:36Z",
                    "containerID": f"containerd://{_DIGEST}",
                }
            },
            "lastState": {},
            "ready": True,
            "restartCount": 0,
            "image": "registry.example.com/shop/web:1.42.0",
            "imageID": f"registry.example.com/shop/web:1.42.0@sha256:{_DIGEST}",
            "containerID": f"containerd://{_DIGEST}",
            "started": False,
        }
    ]
    return {"status": status}
