"""Write the table of agreement with a real API server in docs/testing.md, for each built-in kind.

Usage: python -m tools.unsure_table [--check]
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from kubecore.testing._rules.facts import load_facts
from kubecore.testing._rules.validation import has_rules

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "testing.md"
CONFORMANCE: Final = ROOT / "tests" / "conformance"

_TABLE: Final = re.compile(r"(<!-- agreement -->\n).*?(<!-- end -->)", re.DOTALL)


def counted(folder: Path) -> dict[str, tuple[int, int]]:
    """Return the number of changed objects that were compared, and of other verdicts, by resource.

    Args:
        folder: The folder of the conformance tests.
    """
    compared: Counter[str] = Counter()
    different: Counter[str] = Counter()
    recorded, known = folder / "recorded" / "mutations-1.37.jsonl", folder / "mutations" / "disagreements.jsonl"
    if recorded.exists():
        for place, changes in _lines(recorded):
            compared[place[0]] += len(changes)
    if known.exists():
        different.update(each[0] for each in _lines(known))
    return {resource: (count, different[resource]) for resource, count in compared.items()}


def table(folder: Path) -> str:
    """Return the table.

    Args:
        folder: The folder of the conformance tests.
    """
    lines = ["| kind | in `unsure` | changes compared | equal verdicts |", "|---|---|---|---|"]
    facts = load_facts().resources
    for resource, (tries, wrong) in sorted(counted(folder).items(), key=lambda each: facts[each[0]].kind):
        version, kind = resource.rpartition("/")[0], facts[resource].kind
        group = version.rpartition("/")[0]
        name = f"{kind} (`{version}`)" if group else kind
        is_unsure = "no" if has_rules(group, kind) else "yes"
        lines.append(f"| {name} | {is_unsure} | {tries} | {100 * (tries - wrong) // tries} % |")
    return "\n".join(lines) + "\n"


def rendered(text: str, folder: Path) -> str:
    """Return the page with the current table.

    Args:
        text: The page.
        folder: The folder of the conformance tests.
    """
    return _TABLE.sub(lambda match: match[1] + table(folder) + match[2], text)


def _lines(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.unsure_table", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the page is not current")
    options = parser.parse_args(arguments)
    text = PAGE.read_text(encoding="utf-8")
    new = rendered(text, CONFORMANCE)
    if new == text:
        return 0
    if options.check:
        print(f"error: {PAGE.name} is not current; run `python -m tools.unsure_table`", file=sys.stderr)
        return 1
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
