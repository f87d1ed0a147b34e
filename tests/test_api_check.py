"""`make api-check` finds incompatible changes of the public API, and requires a fragment of the changelog for each."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.kgen.crd_projects import manifest, put
from tools import api_check, api_of_kubecore, kubernetes_changes
from tools.site.public_modules import PUBLIC

pytestmark = pytest.mark.thorough  # None of it depends on Python.

ROOT = Path(__file__).parents[1]

SOURCE = '''
"""A module."""
from dataclasses import dataclass
from kubecore._inner import Moved
__all__ = ["Box", "Data", "Moved", "call"]
def call(first, /, second, *, third=1):
    return _hidden(first)
def _hidden(x):
    return x
class Base:
    def shared(self, x=None): ...
class Box(Base):
    size: int = 0
    def __init__(self, size): ...
    def open(self, *, wait=1): ...
    def _close(self): ...
    @property
    def name(self) -> str: ...
@dataclass(frozen=True)
class Data:
    one: int
    two: int = 0
'''
INNER = "class Moved:\n    def run(self, x): ...\n"


def text_of(folder: Path, source: str = SOURCE, inner: str = INNER) -> str:
    """Return the recorded API of a package `kubecore` with one public module."""
    package = folder / "kubecore"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('"""The package."""\n__all__ = []\n')
    (package / "tools.py").write_text(source)
    (package / "_inner.py").write_text(inner)
    return api_of_kubecore.text_of(folder)


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        ('"Data", "Moved", "call"]', '"Data", "Moved"]', "kubecore.tools.call"),
        ('"Box", "Data"', '"Data"', "kubecore.tools.Box"),
        ("    def open(self, *, wait=1): ...\n", "", "kubecore.tools.Box.open"),
        ("def open(", "def opened(", "kubecore.tools.Box.open"),
        ("class Box(Base)", "class Box", "kubecore.tools.Box.shared"),
        ("    size: int = 0\n", "", "kubecore.tools.Box.size"),
        ("def name(self)", "def title(self)", "kubecore.tools.Box.name"),
        ("second, *,", "another, *,", "kubecore.tools.call(second)"),
        (", *, third=1", "", "kubecore.tools.call(third)"),
        ("third=1", "third", "kubecore.tools.call(third)"),
        ("third=1", "third=1, fourth", "kubecore.tools.call(fourth)"),
        ("*, wait=1", "*, wait=1, until", "kubecore.tools.Box.open(until)"),
        ("first, /, second", "second, first, /", "kubecore.tools.call(first)"),
        ("second, *,", "*, second,", "kubecore.tools.call(second)"),
        ("def __init__(self, size)", "def __init__(self, size, color)", "kubecore.tools.Box.__init__(color)"),
        ("    two: int = 0", "    two: int", "kubecore.tools.Data.__init__(two)"),
        ("    two: int = 0", "    three: int = 0", "kubecore.tools.Data.two"),
        ("from kubecore._inner import Moved\n", "Moved = None\n", "kubecore.tools.Moved"),
    ],
)
def test_a_planted_incompatible_change_is_found(before: str, after: str, name: str, tmp_path: Path) -> None:
    assert SOURCE.count(before) == 1
    old = text_of(tmp_path / "old")
    new = text_of(tmp_path / "new", SOURCE.replace(before, after))
    assert name in dict(api_of_kubecore.breakages(old, new))


def test_the_recorded_api_has_every_documented_module() -> None:
    recorded = (ROOT / "tools/api/kubecore.txt").read_text("utf-8")
    current = api_of_kubecore.text_of(ROOT / "core")
    for path in (path for paths in PUBLIC.values() for path in paths):
        heading = f"class {path.replace('.', '__')}:\n"
        assert heading in recorded, path
        assert heading in current, path


def test_a_change_in_a_private_module_is_found_at_its_public_name(tmp_path: Path) -> None:
    old = text_of(tmp_path / "old")
    new = text_of(tmp_path / "new", inner=INNER.replace("x", "y"))
    assert "kubecore.tools.Moved.run(x)" in dict(api_of_kubecore.breakages(old, new))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("third=1", "third=2"),
        ("third=1", "third=1, fourth=None"),
        ("def call(first", "def more(): ...\ndef call(first"),
        ("def _hidden(x)", "def _hidden(y, z)"),
        ("    def _close(self): ...\n", ""),
        ("second, *,", "second: int, *,"),
        ('"""A module."""', '"""Another text."""'),
        ("    two: int = 0", "    two: int = 0\n    three: int = 0"),
        ("from kubecore._inner import Moved\n", INNER),
    ],
)
def test_a_compatible_change_is_not_reported(before: str, after: str, tmp_path: Path) -> None:
    assert SOURCE.count(before) == 1
    old = text_of(tmp_path / "old")
    assert api_of_kubecore.breakages(old, text_of(tmp_path / "new", SOURCE.replace(before, after))) == []


def test_a_change_needs_a_fragment_that_names_it(tmp_path: Path) -> None:
    names = ["kubecore.retry.on_conflict(until)", "kubecore.rest.Config.__init__(qps)", "kubeclient field a_v1.B.c_d"]
    (tmp_path / "1.added.md").write_text("`on_conflict` has `until`, `Config` has `qps`, `c_d`.")
    assert api_check.undescribed(names, api_check.described(tmp_path)) == names
    (tmp_path / "1.changed.md").write_text("`until=` of `retry.on_conflict` is `deadline=`.\n`Config` has changed.\n")
    (tmp_path / "2.removed.md").write_text("The field `B.c_d` is gone.")
    assert api_check.undescribed(names, api_check.described(tmp_path)) == names[1:2]


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], dict[str, str]]:
    """Record the API of a CRD, and return a function that compares the API of another one with it."""
    documents = tmp_path / "1.37"
    put(documents / "crd.yaml", widget())
    monkeypatch.setattr(api_check, "RECORDED", tmp_path / "api")
    monkeypatch.setattr(kubernetes_changes, "documents", lambda: [documents])
    monkeypatch.setattr(kubernetes_changes, "PAGES", tmp_path)
    api_check.record()

    def compare(changed: dict[str, Any]) -> dict[str, str]:
        put(documents / "crd.yaml", changed)
        return dict(api_check.of_kubeclient())

    return compare


def widget(**spec: Any) -> dict[str, Any]:
    raw = manifest()
    properties = {"size": {"type": "integer"}, "color": {"type": "string"}}
    schema = {"type": "object", "properties": properties, **spec}
    raw["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"] = schema
    return raw


def test_a_removed_or_changed_name_of_kubeclient_is_found(
    recorded: Callable[[dict[str, Any]], dict[str, str]], tmp_path: Path
) -> None:
    assert recorded(widget()) == {}
    more = {"size": {"type": "integer"}, "color": {"type": "string"}, "weight": {"type": "integer"}}
    assert recorded(widget(properties=more)) == {}
    assert recorded(widget(properties={"size": {"type": "integer"}})) == {
        "kubeclient field example_v1.WidgetSpec.color": "removed"
    }
    assert recorded(widget(required=["size"])) == {
        "kubeclient field example_v1.WidgetSpec.size": "changed int | None -> int, required"
    }
    without_status = widget()
    del without_status["spec"]["versions"][0]["subresources"]
    found = recorded(without_status)
    assert "kubeclient verb example.com/v1 widgets update_status" in found
    # Changes of a newer version of Kubernetes are on its page.
    (tmp_path / "1.38.md").write_text("\n".join(f"- verb `{name.removeprefix('kubeclient verb ')}`" for name in found))
    assert recorded(without_status) == {}
    (tmp_path / "1.38.md").rename(tmp_path / "1.37.md")
    assert recorded(without_status) == found


@pytest.mark.slow
def test_every_incompatible_change_of_this_checkout_has_a_fragment(capsys: pytest.CaptureFixture[str]) -> None:
    assert api_check.main() == 0, capsys.readouterr().err


@pytest.mark.slow
def test_an_incompatible_change_without_a_fragment_is_an_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = (api_check.RECORDED / "kubecore.txt").read_text("utf-8")
    planted = text.replace("    def poll(function,", "    def planted(): ...\n    def poll(function, gone,", 1)
    (tmp_path / "kubecore.txt").write_text(planted, "utf-8")
    (tmp_path / "kubeclient.json.xz").write_bytes((api_check.RECORDED / "kubeclient.json.xz").read_bytes())
    monkeypatch.setattr(api_check, "RECORDED", tmp_path)
    assert api_check.main() == 1
    errors = capsys.readouterr().err
    assert "error: kubecore.planted: Public object was removed" in errors
    assert "error: kubecore.poll(gone): Parameter was removed" in errors
    monkeypatch.setattr(api_check, "described", lambda: "`kubecore.planted` and `gone` of `poll` are removed.")
    assert api_check.main() == 0


def test_the_recorded_api_has_every_name_that_the_pages_import() -> None:
    text = (api_check.RECORDED / "kubecore.txt").read_text("utf-8")
    modules = {
        node.name.replace("__", "."): {getattr(it, "name", "") or ast.unparse(it).split(" = ")[0] for it in node.body}
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef)
    }
    imported: set[tuple[str, str]] = set()
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for line in re.findall(r"^ *from (kubecore[\w.]*) import ([\w, ]+)$", page.read_text("utf-8"), re.MULTILINE):
            imported |= {(line[0], name.split(" as ")[0].strip()) for name in line[1].split(",")}
    missing = [
        (module, name)
        for module, name in sorted(imported)
        if name not in modules.get(module, set()) and f"{module}.{name}" not in modules
    ]
    assert missing == []
    assert len(imported) > 40
