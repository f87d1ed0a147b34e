"""kubectl's JSONPath, as in `kubectl get -o jsonpath` and `kubectl wait --for=jsonpath`. No I/O, no eval.

```python
ready = jsonpath.parse('{.status.conditions[?(@.type=="Ready")].status}')
ready.find(pod)  # ["True"]
```

One path, not a template: no text around it, no `range`. Source: `k8s.io/client-go/util/jsonpath`.
"""

from __future__ import annotations

from kubecore.jsonpath.evaluation import JSONPath, go_text, parse

__all__ = ["JSONPath", "go_text", "parse"]
