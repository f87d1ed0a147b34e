"""The table of agreement in docs/testing.md."""

from __future__ import annotations

import json
from pathlib import Path

from tools import unsure_table


def test_the_page_has_the_current_table() -> None:
    assert unsure_table.main(["--check"]) == 0, "run `make sync`"


def test_the_table_counts_changes_and_other_verdicts(tmp_path: Path) -> None:
    (tmp_path / "recorded").mkdir()
    (tmp_path / "mutations").mkdir()
    places = [["v1/pods", 0, "create", "spec"], ["v1/pods", 0, "update", "spec"], ["apps/v1/deployments", 0, "create"]]
    recorded = [[place, {"removed": 422, "type": 400}] for place in places]
    (tmp_path / "recorded" / "mutations-1.37.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in recorded))
    known = ["v1/pods", 0, "create", ["spec"], "removed"]
    (tmp_path / "mutations" / "disagreements.jsonl").write_text(f"{json.dumps(known)}\n")
    assert unsure_table.counted(tmp_path) == {"v1/pods": (4, 1), "apps/v1/deployments": (2, 0)}
    rows = [line for line in unsure_table.table(tmp_path).splitlines() if line.startswith(("| Pod ", "| Deployment "))]
    assert [row.split(" | ")[2:] for row in rows] == [["2", "100 % |"], ["4", "75 % |"]]


def test_a_page_keeps_its_text() -> None:
    text = unsure_table.rendered("before\n<!-- agreement -->\nold\n<!-- end -->\nafter\n", Path("/nowhere"))
    assert text.startswith("before\n<!-- agreement -->\n| kind |")
    assert text.endswith("<!-- end -->\nafter\n")
