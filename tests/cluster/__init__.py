"""The real cluster of the tests: etcd, kube-apiserver and kube-controller-manager, built with Go."""

from __future__ import annotations

from tests.cluster.build import OLDER, VERSION, GoMissingError, obstacle
from tests.cluster.cluster import Cluster
from tests.cluster.nodes import NODE, Nodes

__all__ = ["NODE", "OLDER", "VERSION", "Cluster", "GoMissingError", "Nodes", "obstacle"]
