"""Certificates, plugins and credentials for tests."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import trustme

POD = b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"NAME"},"spec":{"containers":[]}}'


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def written_plugin(file: Path, output: str, code: int = 0) -> str:
    file.write_text(f"#!{sys.executable} -IS\nimport sys\nprint({output!r})\nsys.exit({code})\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


def credential_text(**status: Any) -> str:
    api_version = "client.authentication.k8s.io/v1"
    return json.dumps({"apiVersion": api_version, "kind": "ExecCredential", "status": status})
