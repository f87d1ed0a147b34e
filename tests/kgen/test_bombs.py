"""kgen handles bombs within limits of time and memory, and refuses them with an error message."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.kgen.bombs import CASES, MEMORY

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it forks and limits memory")


@pytest.fixture(scope="module")
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the result of each selected bomb by name."""
    functions = [item for item in request.session.items if isinstance(item, pytest.Function)]
    names = [str(item.callspec.params["name"]) for item in functions if "built" in item.fixturenames]
    command = [sys.executable, "-m", "tests.kgen.bombs", str(tmp_path_factory.mktemp("bombs")), *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def case(name: str) -> Any:
    """Mark cases about size as thorough. Depth and loops depend on the stack of the Python version, size does not."""
    return pytest.param(name, marks=() if name.startswith(("deep ", "loop: ", "anchors")) else pytest.mark.thorough)


@pytest.mark.slow
@pytest.mark.parametrize("name", [case(name) for name in CASES])
def test_a_bomb_is_refused_or_survived_within_limits(name: str, built: dict[str, Any]) -> None:
    """Anchors, loops of references, nesting, a million properties, large files."""
    file, _, code, words = CASES[name]
    found = built[name]
    assert found["code"] == code, found
    assert found["mib"] < MEMORY, found
    assert "Traceback" not in found["said"]
    assert words in found["said"]
    if code:
        assert found["said"].startswith("error: ")
        assert f"  where: {file}" in found["said"]
        assert "  hint: " in found["said"]
