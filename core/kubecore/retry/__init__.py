"""Retries of functions that fail with temporary errors: client-go's `util/retry`.

```python
def add_label() -> None:
    node = nodes.get("n1")
    node.metadata.labels["zone"] = "a"
    nodes.update(node)

retry.on_conflict(add_label)
```
"""

from __future__ import annotations

from kubecore.retry.async_loop import on_conflict_async, on_error_async
from kubecore.retry.backoff import DEFAULT_BACKOFF, DEFAULT_RETRY, Backoff, is_race
from kubecore.retry.loop import on_conflict, on_error

__all__ = [
    "DEFAULT_BACKOFF",
    "DEFAULT_RETRY",
    "Backoff",
    "is_race",
    "on_conflict",
    "on_conflict_async",
    "on_error",
    "on_error_async",
]
