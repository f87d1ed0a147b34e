"""Run failed tests once more if `.ci/second-chance.txt` names all of them: `python -m tests.second_chance [CACHE]`.

The exit code is 0 only if every test that failed is on the list and passes now. The names of these tests are appended to
the file that `KGEN_SECOND_CHANCES` names, for the end of `.ci/run`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

__all__ = ["entries", "entry_of", "unlisted"]

ROOT = Path(__file__).parents[1]
LIST = ROOT / ".ci" / "second-chance.txt"
CACHE = ".pytest_cache"


def entries(text: str) -> dict[str, str]:
    """Return the listed tests with their reasons.

    Raises:
        ValueError: A line has no reason.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            name, separator, reason = line.partition("  # ")
            if not separator or not reason.strip() or not ("::" in name or name.endswith((".py", "/"))):
                msg = f"expected `tests/path.py::name  # reason`, or a file, or a folder with its `/`: {line}"
                raise ValueError(msg)
            found[name.strip()] = reason.strip()
    return found


def entry_of(test: str, listed: Iterable[str]) -> str | None:
    """Return the entry for a test: the test itself, its file or a folder. An entry covers all parameters of a test."""
    plain = test.partition("[")[0]
    for entry in listed:
        if entry in (test, plain, plain.partition("::")[0]) or (entry.endswith("/") and plain.startswith(entry)):
            return entry
    return None


def unlisted(failed: Iterable[str], listed: Collection[str]) -> list[str]:
    """Return the failed tests that no entry covers."""
    return [name for name in failed if entry_of(name, listed) is None]


def _cached(cache: Path, name: str) -> object:
    try:
        return json.loads((cache / "v" / name).read_text("utf-8"))
    except (OSError, ValueError):
        return None


def main(cache: Path) -> int:
    """Run the failed tests once more if all are listed; `cache` is the `cache_dir` of the pytest run that failed."""
    listed = entries(LIST.read_text("utf-8"))
    failed = _cached(cache, "cache/lastfailed")
    if _cached(cache, "kgen/exit_status") != 1 or not isinstance(failed, Mapping) or not failed:
        print("no second chance: the step failed outside of its tests", file=sys.stderr)
        return 1
    names = sorted(map(str, failed))
    final = unlisted(names, listed)
    if final:
        print("no second chance: not in .ci/second-chance.txt:", *final, sep="\n  ", file=sys.stderr)
        return 1
    print("second chance:", *names, sep="\n  ", file=sys.stderr)
    if "KGEN_SECOND_CHANCES" in os.environ:
        with Path(os.environ["KGEN_SECOND_CHANCES"]).open("a", encoding="utf-8") as stream:
            stream.writelines(f"{name}  # {listed[entry_of(name, listed) or name]}\n" for name in names)
    command = [sys.executable, "-m", "pytest", "-o", f"cache_dir={cache}", *names]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(ROOT / (sys.argv[1] if len(sys.argv) > 1 else CACHE)))
