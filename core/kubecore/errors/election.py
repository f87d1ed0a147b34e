"""Errors of leader election."""

from __future__ import annotations

from kubecore.errors.base import KubeError

__all__ = ["FencedError", "LeadershipLostError"]


class LeadershipLostError(KubeError):
    """The term of a leader ended before its block did: it was not renewed in time, or the Lease has another holder."""


class FencedError(KubeError):
    """A write was not sent, because this process does not lead: see `kubecore.election`."""
