"""Calling a function until it returns something: client-go's `util/wait`.

```python
import kubecore

ready = kubecore.poll(lambda: [pod for pod in pods.list() if pod.status.phase == "Running"], timeout=30, interval=0.5)
```

`wait` of a resource waits for one object, and learns of its changes by a watch.
"""

from __future__ import annotations

from kubecore.polling.async_loop import poll_async
from kubecore.polling.loop import poll

__all__ = ["poll", "poll_async"]
