"""Goals to wait for: a condition, deletion, creation, the value of a JSONPath, a rollout, the end of a job. No I/O.

```python
pods.wait("web", for_="condition=Ready")
pods.wait("web", for_=waiting.jsonpath("{.status.phase}", "Running"), timeout=30)
pods.wait("web", for_=lambda pod: pod.status.pod_ip is not None)
```

`Waiter` decides; the verbs send its requests and pass it the responses. Source: `k8s.io/kubectl/pkg/cmd/wait`.
"""

from __future__ import annotations

from kubecore.waiting.goals import (
    Condition,
    Created,
    Deleted,
    Goal,
    Matches,
    Predicate,
    condition,
    created,
    deleted,
    goal,
    jsonpath,
)
from kubecore.waiting.jobs import Completion
from kubecore.waiting.observation import Failure, Observation
from kubecore.waiting.rollout import Rollout
from kubecore.waiting.waiter import Waiter

__all__ = [
    "Completion",
    "Condition",
    "Created",
    "Deleted",
    "Failure",
    "Goal",
    "Matches",
    "Observation",
    "Predicate",
    "Rollout",
    "Waiter",
    "condition",
    "created",
    "deleted",
    "goal",
    "jsonpath",
]
