"""A pytest plugin that plants the bug of an environment variable in the fake API server."""

from __future__ import annotations

import os

from tests.testing.planted.importing import VARIABLE, install, named

install(named(os.environ[VARIABLE]))
