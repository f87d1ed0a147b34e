"""The controllers that every cluster has, as one object: it observes all changes and decides which requests follow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from kubecore.testing._background.budgets import Budgets
from kubecore.testing._background.garbage import Garbage
from kubecore.testing._background.namespaces import Namespaces
from kubecore.testing._background.pods import Pods
from kubecore.testing._background.view import Item, Request, View

__all__ = ["USER_AGENT", "Controllers"]

USER_AGENT = "kube-controller-manager"
"""The user agent of the requests, and so the field manager of their changes."""


class Controllers:
    """Namespaces, garbage collection, the end of deleted pods, and disruption budgets.

    The caller passes every change of every object to `observe`. It then sends the requests that `decide` yields, in
    their order, passes the changes that they cause, and calls `decide` again, until it yields nothing. It may pass
    changes while it iterates.

    Args:
        root_ca: The certificates of the API server, for the ConfigMap `kube-root-ca.crt`.
    """

    def __init__(self, root_ca: str) -> None:
        self._parts = Namespaces(root_ca), Garbage(), Pods(), Budgets()

    def observe(self, item: Item, *, is_deleted: bool = False) -> None:
        """Take note of the new state of an object, or of its end."""
        for part in self._parts:
            part.observe(item, is_deleted=is_deleted)

    def resources_changed(self) -> None:
        """Take note that the server serves other resources than before."""
        self._parts[1].resources_changed()

    def failed(self, request: Request) -> None:
        """Decide again about the object of a request that the server refused.

        The caller waits before this call, or a request that never succeeds is sent without a pause.
        """
        for part in self._parts:
            part.retry(request.subject)

    def resync(self) -> None:
        """Decide again about the namespaces that are being deleted, if changes of their content may be unknown."""
        self._parts[0].resync()

    def decide(self, view: View, now: datetime) -> Iterator[Request]:
        """Yield the next requests. If the view raises an error, nothing is forgotten.

        Args:
            view: The state of the server.
            now: The time of the server.
        """
        namespaces, garbage, pods, budgets = self._parts
        yield from garbage.decide(view)
        yield from namespaces.decide(view, now)
        yield from pods.decide(now)
        yield from budgets.decide(view, now)

    def due(self) -> datetime | None:
        """Return when the next grace period of a pod ends, or None."""
        return self._parts[2].due()
