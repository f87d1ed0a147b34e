"""How Go writes the fields of built-in types: the table that `kubecore.testing` has, made again with Go."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, Final

__all__ = ["FILE", "PROGRAM", "made"]

ROOT: Final = Path(__file__).parents[2]
PROGRAM: Final = Path(__file__).parent / "gotables" / "fields"
FILE: Final = ROOT / "core" / "kubecore" / "testing" / "_schemas" / "go_fields.json"


def made() -> str:
    """Return the text of the table, with the types of kubeclient alone; needs Go."""
    done = subprocess.run(["go", "run", "."], cwd=PROGRAM, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    folder = ROOT / "generated" / "kubeclient" / "_schemas"
    known = {name for file in folder.glob("*.json") for name in json.loads(file.read_bytes())["schemas"]}
    lines = (f"{json.dumps(name)}:{_text(found[name])}" for name in sorted(found.keys() & known))
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


if __name__ == "__main__":
    FILE.write_text(made(), "utf-8")
    print(f"{FILE.name}: {FILE.stat().st_size} bytes")
