"""Bodies of creates, and the responses of a real API server to them: `recorded/bodies.jsonl`.

`python -m tests.testing.body_cases` writes the table again; it needs Go, because it starts a server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from kubecore import rest
from kubecore.clientset.base import connect_sync

TABLE: Final = Path(__file__).parent / "recorded" / "bodies.jsonl"
