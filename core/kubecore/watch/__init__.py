"""Following a collection: typed events, one after the other."""

from __future__ import annotations

from kubecore.watch.asked import Asked
from kubecore.watch.decoder import Event
from kubecore.watch.watcher import AsyncListAndWatch, AsyncWatch, ListAndWatch, Watch

__all__ = ["Asked", "AsyncListAndWatch", "AsyncWatch", "Event", "ListAndWatch", "Watch"]
