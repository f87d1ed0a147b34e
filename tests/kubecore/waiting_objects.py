"""Objects for the tests of waiting."""

from __future__ import annotations

from typing import Any

from kubeclient.models import core_v1, meta_v1
from kubecore import errors

READY = {"type": "Ready", "status": "True"}


NOT_READY = {"type": "Ready", "status": "False", "reason": "NotYet", "message": "one of two"}


def pod(*conditions: Any, uid: str = "u", version: str = "5", phase: str = "Pending", **metadata: Any) -> core_v1.Pod:
    return core_v1.Pod.from_dict(
        {
            "metadata": {"name": "web", "namespace": "n", "uid": uid, "resourceVersion": version, **metadata},
            "spec": {"containers": [{"name": "c", "env": []}]},
            "status": {"phase": phase, "conditions": list(conditions)},
        }
    )


def status(code: int, reason: str = "") -> errors.StatusError:
    return errors.status_error(meta_v1.Status(code=code, reason=reason))
