"""The end of deleted pods: without a kubelet, nothing else ends them after their grace period."""

from __future__ import annotations

from datetime import datetime

from kubecore.testing._background.view import Item, Request

__all__ = ["Pods"]


class Pods:
    """The pods that are being deleted, and when their grace periods end."""

    def __init__(self) -> None:
        self._ending: dict[str, Item] = {}
        self._sent: dict[str, Item] = {}

    def observe(self, item: Item, *, is_deleted: bool) -> None:
        """Take note of the new state of an object, or of its end."""
        if item.resource.resource != "pods" or item.resource.group:
            return
        if is_deleted or item.deleted_at is None:
            self._ending.pop(item.uid, None)
            self._sent.pop(item.uid, None)
        else:
            self._ending[item.uid] = item

    def retry(self, uid: str) -> None:
        """End a pod again, because its deletion failed."""
        if uid in self._sent:
            self._ending[uid] = self._sent.pop(uid)

    def due(self) -> datetime | None:
        """Return when the next grace period ends, or None."""
        return min((item.deleted_at for item in self._ending.values() if item.deleted_at is not None), default=None)

    def decide(self, now: datetime) -> list[Request]:
        """Return the deletions of the pods whose grace period has ended, and forget them."""
        over = [item for item in self._ending.values() if item.deleted_at is not None and item.deleted_at <= now]
        for item in over:
            self._sent[item.uid] = self._ending.pop(item.uid)
        return [_deletion(item) for item in over]


def _deletion(item: Item) -> Request:
    body = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "gracePeriodSeconds": 0,
        "preconditions": {"uid": item.uid},
    }
    return Request("DELETE", item.path, body, subject=item.uid)
