"""The recorded transcript of the real server, and the known differences of the fake one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from tests.cluster import VERSION

FOLDER: Final = Path(__file__).parent
RECORDED: Final = FOLDER / "recorded" / f"{VERSION.rpartition('.')[0]}.jsonl"
DIFFERENCES: Final = FOLDER / "differences.jsonl"

Transcript = list[dict[str, Any]]


def line(value: Any) -> str:
    """Return a value as it is written in a file: JSON in one line, with sorted names."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def read() -> dict[str, Transcript]:
    """Return the recorded transcript of each case."""
    found: dict[str, Transcript] = {}
    for text in RECORDED.read_text("utf-8").splitlines():
        entry = json.loads(text)
        found.setdefault(entry.pop("case"), []).append(entry)
    return found


def write(transcripts: Mapping[str, Transcript]) -> None:
    """Write the transcripts of all cases."""
    lines = [line({"case": name, **entry}) for name, transcript in transcripts.items() for entry in transcript]
    RECORDED.parent.mkdir(exist_ok=True)
    RECORDED.write_text("\n".join(lines) + "\n", "utf-8")


def differing(expected: Transcript, found: Transcript) -> list[int]:
    """Return the numbers of the requests, from 1, whose responses differ."""
    pairs = zip_longest(expected, found)
    return [number for number, (left, right) in enumerate(pairs, 1) if line(left) != line(right)]


def known_gaps() -> dict[tuple[str, int], str]:
    """Return the reason of each known difference, by case and number of the request."""
    if not DIFFERENCES.exists():
        return {}
    entries = [json.loads(text) for text in DIFFERENCES.read_text("utf-8").splitlines()]
    return {(entry["case"], entry["request"]): entry["reason"] for entry in entries}


def write_gaps(gaps: Iterable[tuple[tuple[str, int], str]]) -> None:
    """Write the known differences."""
    lines = [line({"case": case, "request": number, "reason": reason}) for (case, number), reason in gaps]
    DIFFERENCES.write_text("".join(f"{text}\n" for text in lines), "utf-8")
