"""OpenAPI v2 documents of other versions: they build, import and type-check; objects of older servers decode."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kgen.cli import run
from tests.conftest import SHARED

IMPORT = """
import importlib, pkgutil, sys
sys.path.insert(0, sys.argv[1])
import kubeold
print(sum(1 for m in pkgutil.walk_packages(kubeold.__path__, "kubeold.") if importlib.import_module(m.name)))
"""


@pytest.mark.thorough
@pytest.mark.shared
@pytest.mark.parametrize("version", ["1.30", "1.36"])
def test_a_swagger_file_builds_imports_and_type_checks(version: str, tmp_path: Path) -> None:
    document = next((SHARED / "v2").glob(f"*{version}*"))
    assert (
        run(["build", "--specs", str(document), "--output", str(tmp_path), "--package", "kubeold", "--strict", "-q"])
        == 0
    )
    done = subprocess.run([sys.executable, "-c", IMPORT, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 150
    mypy = [str(Path(sys.executable).parent / "mypy"), "--strict", "--config-file=", str(tmp_path / "kubeold")]
    checked = subprocess.run(mypy, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout[-3000:]
