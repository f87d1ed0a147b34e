"""Events about objects, as `kubectl describe` shows them: client-go's `tools/events`.

```python
from kubecore.recorder import Recorder

with Recorder(clientset, "widget-operator") as recorder:
    recorder.normal(config_map, "Copied", "copied to 3 namespaces", action="Copy")
```

Reporting an event never waits and never raises. Equal events become one with a count.
"""

from __future__ import annotations

from kubecore.recorder.async_recorder import AsyncRecorder
from kubecore.recorder.recorder import Recorder
from kubecore.recorder.series import Limits

__all__ = ["AsyncRecorder", "Limits", "Recorder"]
