"""`tools.prose`: the texts that it reads, the markers that it counts, and the limits at which it fails."""

from pathlib import Path

import pytest

from tools import prose

PYTHON = '''
"""Docstring of a module."""
X = 1  # said at the end of a line
"""Docstring of an attribute."""
# two lines
# of one comment
# noqa: E501
def test_what_came():
    """Docstring of `what came`."""
    raise ValueError(f"{X} is no number: {'a'}")
def f():
    return "short", "one text", "a sentence of words"
'''


def kinds(kind: str) -> list[str]:
    return [text.text for text in prose.python("a.py", PYTHON) if text.kind == kind]


def markers(text: str, tree: str = "core") -> list[str]:
    return prose.Text("a.py", 1, "comment", text).markers(tree)


def test_python_yields_docstrings_comments_messages_and_test_names() -> None:
    assert kinds("docstring") == ["Docstring of a module.", "Docstring of an attribute.", "Docstring of `what came`."]
    assert kinds("comment") == ["said at the end of a line", "two lines\nof one comment"]
    assert kinds("name") == ["test what came"]
    assert kinds("message") == ["x is no number: x", "a sentence of words"]


def test_markdown_yields_paragraphs_items_and_rows_outside_of_code() -> None:
    source = "# Title\ntext\nmore\n\n- one\n  two\n- three\n\n```python\nsaid = 1\n```\n| a | b |\n| c | d |\n"
    found = [(text.line, text.text) for text in prose.markdown("a.md", source)]
    assert found == [
        (1, "# Title\ntext\nmore"),
        (5, "- one\n  two"),
        (7, "- three"),
        (12, "| a | b |"),
        (13, "| c | d |"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the answer of the server", ["answer"]),
        ("Answers are answered", ["answer", "answer"]),
        ("the head of it, the response head", ["head"]),
        ("is no URL", ["is no"]),
        ("there is no URL, it is no longer valid, it is None", []),
        ("what the server sent", ["what"]),
        ("reports what\nto do", []),
        ("it goes\non", ["goes on"]),
        ("where it is empty", ["where"]),
        ("the folder where it is", []),
        ("it takes a name", ["takes"]),
        ("it takes effect", []),
        ("who asks", ["ask", "who"]),
        ("the user who has it", []),
        ("`what came` and ``the answer``", []),
        ("hostile input", []),
        ("Args:\n    where: Its place.", []),
    ],
)
def test_a_marker_is_counted_once_per_use_outside_of_code(text: str, expected: list[str]) -> None:
    assert sorted(markers(text)) == sorted(expected)


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("Text.\n\n    Args:\n        a: The size.\n        **b: `x` of it,\n            or more.\n    ", 0),
        ("Text.\n\n    Args:\n        a: the size.\n        b: the\n            Rest.\n    ", 2),
        ("Text.\n\n    Attributes:\n        a: The size\n            of it\n\n        b: The rest.\n    ", 1),
        ("Text.\n\n    Raises:\n        KubeError: if it fails.\n\n    More text\n    ", 1),
        ("Text.\n\n    Returns:\n        The size: one of\n        many.\n    ", 0),
        ("Text.\n\n    Returns:\n        the size.\n        Always.\n    ", 1),
        ("Text.\n\n    Yields:\n        The size", 1),
        ("Text.\n\n    Example:\n        code: x", 0),
    ],
)
def test_entries_of_docstrings_are_sentences(docstring: str, expected: int) -> None:
    assert prose.Text("a.py", 1, "docstring", docstring).markers("core").count("entry") == expected
    assert prose.Text("a.py", 1, "message", docstring).markers("core").count("entry") == 0


def test_entries_of_generated_docstrings_are_sentences() -> None:
    checked = 0
    for path in (prose.ROOT / "generated/kubeclient/typed").rglob("*.py"):
        for text in prose.python(path.name, path.read_text("utf-8")):
            checked += len(list(prose.entries(text.text)))
            assert "entry" not in text.markers("generator"), f"{path}:{text.line}"
    assert checked > 50


def test_user_documentation_has_more_markers() -> None:
    assert markers("hostile input", "docs") == ["hostile"]


def repository(root: Path, *, limit: int) -> Path:
    (root / "pyproject.toml").write_text(f"[tool.prose]\ndocs = {limit}\n")
    (root / "README.md").write_text("What it says.\n\nGood.\n")
    return root


def test_a_count_at_its_limit_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prose.main([], repository(tmp_path, limit=1)) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["docs", "2", "1", "50.0%", "2", "1"]


def test_a_count_above_its_limit_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prose.main([], repository(tmp_path, limit=0)) == 1
    assert "docs: more texts with a marker than the limit" in capsys.readouterr().err


def test_the_places_of_a_marker_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prose.main(["--list", "tell"], repository(tmp_path, limit=0)) == 0
    assert capsys.readouterr().out == "README.md:1: docs paragraph [tell, what]\n    What it says.\n"


def test_messages_of_the_command_line_and_other_errors_are_trees(tmp_path: Path) -> None:
    for name in ("core/kubecore/a.py", "generator/kgen/cli.py", "generator/kgen/a.py", "tests/a.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('x = "a message with words"\n')
    assert [tree for tree, _ in prose.texts(tmp_path)] == ["errors", "errors", "cli"]


def test_derived_files_are_not_counted(tmp_path: Path) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core/a.py").write_text("# Derived from core/b.py by tools/async_to_sync.py.\n# Another comment.\n")
    (tmp_path / "core/b.py").write_text("# A comment.\n")
    assert [text.path for _, text in prose.texts(tmp_path)] == ["core/b.py"]
