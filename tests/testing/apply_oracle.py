"""The Go program `gotables/apply`, which applies and updates objects as the API server does."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from tests.testing.document_types import document_of

__all__ = ["PROGRAM", "Oracle", "plain"]

PROGRAM = Path(__file__).parent / "gotables" / "apply"


class Oracle:
    """The running program."""

    def __init__(self, folder: Path, api_versions: Sequence[str] = ()) -> None:
        binary = folder / "apply"
        subprocess.run(["go", "build", "-o", str(binary), "."], cwd=PROGRAM, check=True)
        documents = [str(document_of(version)) for version in api_versions]
        self._process = subprocess.Popen(
            [str(binary), *documents], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def _write(self, line: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line).encode() + b"\n")
        self._process.stdin.flush()

    def begin(self, **kind: Any) -> None:
        """Begin a history: `kind` with group, version and kind; `typed`, `deduced`, `schemas`."""
        self._write(kind)

    def run(self, operation: dict[str, Any]) -> dict[str, Any]:
        """Return the result of an operation on the object of the history."""
        self._write(operation)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            assert self._process.stderr is not None
            raise AssertionError(self._process.stderr.read().decode()[:4000])
        found: dict[str, Any] = json.loads(line)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the program."""
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(10)


def plain(value: Any) -> Any:
    """Return an object without the fields that Go types leave out or add: those with zero values."""
    if isinstance(value, dict):
        left = {name: plain(found) for name, found in value.items()}
        return {name: found for name, found in left.items() if found}
    return [plain(found) for found in value] if isinstance(value, list) else value
