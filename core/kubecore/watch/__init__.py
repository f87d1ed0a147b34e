"""Following a collection: typed events, one after the other."""

from __future__ import annotations

from kubecore.watch.async_list_and_watch import AsyncListAndWatch
from kubecore.watch.decoder import Event
from kubecore.watch.list_and_watch import ListAndWatch
from kubecore.watch.options import WatchOptions
from kubecore.watch.watcher import AsyncWatch, Watch

__all__ = ["AsyncListAndWatch", "AsyncWatch", "Event", "ListAndWatch", "Watch", "WatchOptions"]
