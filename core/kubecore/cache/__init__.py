"""Caches of collections, as in client-go's `tools/cache`: objects are kept, indexed and read without requests.

The store and everything around it is without I/O. Informers fill it from the server.
"""

from __future__ import annotations

from kubecore.cache.async_changes_iterator import AsyncChanges
from kubecore.cache.async_informer import AsyncInformer
from kubecore.cache.changes import Added, Change, Deleted, Updated
from kubecore.cache.changes_iterator import Changes
from kubecore.cache.informer import Informer
from kubecore.cache.keep import Keep
from kubecore.cache.key import Key
from kubecore.cache.lister import Lister

__all__ = [
    "Added",
    "AsyncChanges",
    "AsyncInformer",
    "Change",
    "Changes",
    "Deleted",
    "Informer",
    "Keep",
    "Key",
    "Lister",
    "Updated",
]
