"""Failed tests run once more only if they are listed with a reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import second_chance

LISTED = {"tests/a.py::test_x": "reason"}


def test_every_listed_test_has_a_reason_and_exists() -> None:
    for name in second_chance.entries(second_chance.LIST.read_text("utf-8")):
        path, separator, function = name.partition("::")
        assert (second_chance.ROOT / path).exists()
        assert not separator or f"def {function.rpartition('::')[2]}(" in (second_chance.ROOT / path).read_text("utf-8")


@pytest.mark.parametrize("line", ["tests/a.py::test_x", "tests/a.py::test_x  # ", "tests/a  # reason"])
def test_an_entry_without_test_or_reason_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        second_chance.entries(line)


def test_a_listed_test_covers_only_its_parameters() -> None:
    failed = ["tests/a.py::test_x[1]", "tests/a.py::test_x", "tests/a.py::test_xy", "tests/b.py::test_x[1]"]
    assert second_chance.unlisted(failed, LISTED) == ["tests/a.py::test_xy", "tests/b.py::test_x[1]"]


def test_a_listed_file_or_folder_covers_the_tests_inside() -> None:
    failed = ["tests/a.py::test_x[1]", "tests/ab.py::test_x", "tests/b/c/d.py::test_x", "tests/bc/d.py::test_x"]
    assert second_chance.unlisted(failed, {"tests/a.py": "", "tests/b/": ""}) == [failed[1], failed[3]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "failed", "code"),
    [
        (1, {"tests/a.py::test_x": True}, 0),
        (1, {"tests/a.py::test_x": True, "tests/a.py::test_y": True}, 1),  # Not listed.
        (2, {"tests/a.py::test_x": True}, 1),  # The run was interrupted, so other tests may not have run.
        (0, {}, 1),  # No test failed, so lint or types did.
        (None, None, 1),  # The tests never ended.
    ],
)
def test_only_listed_tests_of_a_complete_run_get_a_second_chance(
    status: int | None, failed: object, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("kgen/exit_status", status), ("cache/lastfailed", failed)):
        if value is not None:
            file = tmp_path / "cached" / "v" / name
            file.parent.mkdir(parents=True)
            file.write_text(json.dumps(value))
    (tmp_path / "list").write_text("tests/a.py::test_x  # reason\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "a.py").write_text("def test_x(): pass\n")
    monkeypatch.setattr(second_chance, "LIST", tmp_path / "list")
    monkeypatch.setattr(second_chance, "ROOT", tmp_path)
    monkeypatch.setenv("KGEN_SECOND_CHANCES", str(tmp_path / "used"))
    assert second_chance.main(tmp_path / "cached") == code
    assert (tmp_path / "used").exists() == (code == 0)
