"""Following a collection: typed events, one after the other."""

from __future__ import annotations

from kubecore.watch.decoder import Event
from kubecore.watch.watcher import AsyncWatch, Watch

__all__ = ["AsyncWatch", "Event", "Watch"]
