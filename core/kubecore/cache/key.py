"""The identity of an object in a cache: its namespace and its name."""

from __future__ import annotations

import msgspec

__all__ = ["Key"]


class Key(msgspec.Struct, frozen=True, order=True, gc=False):
    """Namespace and name of an object; keys are sorted by namespace, then by name.

    Attributes:
        namespace: The namespace, "" for cluster-scoped objects.
        name: The name.
        cluster: The cluster, "" if there is only one.
    """

    namespace: str
    name: str
    cluster: str = ""

    def __str__(self) -> str:
        """Return `namespace/name`, or the name of a cluster-scoped object, as client-go's `MetaNamespaceKeyFunc`."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name
