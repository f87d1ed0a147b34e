"""The error of a queue that was shut down."""

from __future__ import annotations

from kubecore.errors.base import KubeError

__all__ = ["QueueClosedError"]


class QueueClosedError(KubeError):
    """The queue was shut down and is empty: the worker should end."""

    __module__ = "kubecore.workqueue"  # as programs import it
