"""Queues of work that is retried: client-go's `util/workqueue`.

```python
queue = WorkQueue[str]()
queue.add("default/web")
key = queue.get()
try:
    reconcile(key)
    queue.forget(key)
except Exception:
    queue.add_rate_limited(key)
finally:
    queue.done(key)
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubecore._support import lazy_names
from kubecore.workqueue.errors import QueueClosedError
from kubecore.workqueue.limits import (
    Bucket,
    ItemExponential,
    ItemFastSlow,
    Limiter,
    MaxOf,
    WithMaxWait,
    default_limiter,
)
from kubecore.workqueue.queue import WorkQueue

if TYPE_CHECKING:
    from kubecore.workqueue.async_queue import AsyncWorkQueue

__all__ = [
    "AsyncWorkQueue",
    "Bucket",
    "ItemExponential",
    "ItemFastSlow",
    "Limiter",
    "MaxOf",
    "QueueClosedError",
    "WithMaxWait",
    "WorkQueue",
    "default_limiter",
]

# The synchronous queue needs no anyio, which takes long to import.
if not TYPE_CHECKING:
    __getattr__ = lazy_names(__name__, {"AsyncWorkQueue": "async_queue"})
