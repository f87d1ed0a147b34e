"""The reference of kubecore: each public name is on one page, and Markdown does not change the text of docstrings."""

from __future__ import annotations

import importlib
import re
from html import unescape
from pathlib import Path

import griffe
import pytest

from tests.pages.programs import ROOT
from tools.site import kubecore, reference
from tools.site.docstrings import Prepare, escaped
from tools.site.public_modules import NOT_PUBLIC, PUBLIC

pytestmark = pytest.mark.thorough  # These tests read source text and pages.

MODULES = [path for paths in PUBLIC.values() for path in paths]


def test_every_module_at_the_top_of_kubecore_has_a_page_or_a_reason() -> None:
    folder = ROOT / "core/kubecore"
    files = [path for path in folder.iterdir() if not path.name.startswith("_")]
    found = {f"kubecore.{path.stem}" for path in files if path.suffix == ".py" or (path / "__init__.py").exists()}
    public = {path for path in found if getattr(importlib.import_module(path), "__all__", None)}
    assert public - set(MODULES) == set(NOT_PUBLIC)
    assert not set(MODULES) & set(NOT_PUBLIC)
    assert len(MODULES) == len(set(MODULES))


def test_every_module_that_documentation_imports_has_a_page() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    examples = [
        path for path in (ROOT / "examples").rglob("*.py") if "website_operator/website/" not in path.as_posix()
    ]
    imported: set[str] = set()
    for path in (*pages, *examples):
        text = path.read_text("utf-8")
        imported |= set(re.findall(r"^\s*from (kubecore(?:\.\w+)*) import", text, re.MULTILINE))
        for names in re.findall(r"^\s*from kubecore import ([\w, ]+)", text, re.MULTILINE):
            imported |= {f"kubecore.{name}" for name in names.split(", ")} & {
                f"kubecore.{path.stem}" for path in (ROOT / "core/kubecore").iterdir()
            }
    assert imported - {"kubecore.generated"} <= set(MODULES)


@pytest.mark.parametrize("path", MODULES)
def test_every_public_name_is_on_one_page(path: str) -> None:
    """The names are those of the imported module: griffe reads them from the source."""
    pages = kubecore.pages()
    module = importlib.import_module(path)
    assert sorted(module.__all__) == sorted(name for name, _ in kubecore.exported(path))
    for _, target in kubecore.exported(path):
        shown = [page for page, text in pages.items() if f"::: {kubecore.names()[target.path].path}\n" in text]
        assert len(shown) == 1, target.path


def test_every_public_name_has_a_docstring() -> None:
    assert {name.path for name in kubecore.names().values() if not name.target.docstring} == set()


def test_no_public_name_is_also_a_module() -> None:
    """Otherwise `import kubecore.a.b` and `kubecore.a.b` are two things, and the reference shows the module."""
    assert [name.path for name in kubecore.names().values() if isinstance(name.target, griffe.Module)] == []


def test_a_name_that_two_modules_have_is_on_the_page_of_the_first() -> None:
    pages = kubecore.pages()
    assert "::: kubecore.apply_file\n" in pages["index.md"]
    assert "::: kubecore.apply.apply_file\n" not in pages["apply.md"]
    assert "[`apply_file`](index.md#kubecore.apply_file)" in pages["apply.md"]


def test_members_of_bases_without_a_page_are_shown() -> None:
    [options] = re.findall(
        r"::: kubecore\.workqueue\.WorkQueue\n(.*?)\n\n", kubecore.pages()["workqueue.md"], re.DOTALL
    )
    assert "'add_rate_limited'" in options
    [options] = re.findall(r"::: kubecore\.errors\.NotFoundError\n(.*?)\n\n", kubecore.pages()["errors.md"], re.DOTALL)
    assert options == "    options:\n      inherited_members: []\n      show_bases: true"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a <b>&amp; [c](d) *e* _f_", "a <b>&amp; [c](d) *e* _f_"),
        ("`<b> *x* _y_` and ``a ` <b>``", "<code><b> *x* _y_</code> and <code>a ` <b></code>"),
        ("a_b and __c__", "a_b and __c__"),
    ],
)
def test_text_of_docstrings_stays_text_and_code_stays_code(text: str, html: str) -> None:
    shown: str = importlib.import_module("markdown").markdown(escaped(text))  # It has no types.
    assert unescape(shown) == f"<p>{html}</p>"
    assert set(re.findall(r"<(\w+)>", shown)) <= {"p", "code"}


def test_code_tables_and_names_of_arguments_are_not_escaped() -> None:
    text = "A.\n\n```python\nx[0] * y\n```\n\n| a | `b*` |\n\nArgs:\n    for_: A*.\n    **names: B."
    assert escaped(text) == text.replace("A*.", "A&#42;.")


def test_errors_that_a_module_does_not_import_get_their_path(tmp_path: Path) -> None:
    (tmp_path / "kubecore").mkdir()
    for name, text in {
        "__init__": "",
        "errors": "__all__ = ['NoError', 'TimeoutError']\nclass NoError(Exception): ...\nclass TimeoutError(Exception): ...",
        "other": "def f():\n    '''Raise.\n\n    Raises:\n        NoError: *No*.\n        TimeoutError: Late.\n    '''",
    }.items():
        (tmp_path / f"kubecore/{name}.py").write_text(text, "utf-8")
    extensions = griffe.load_extensions(Prepare)
    package = griffe.load("kubecore", search_paths=[tmp_path], allow_inspection=False, extensions=extensions)
    docstring = package["other.f"].docstring
    assert docstring is not None
    [_, raises] = docstring.parse("google")
    first, second = raises.value
    assert isinstance(first.annotation, griffe.ExprName)
    assert first.annotation.canonical_path == "kubecore.errors.NoError"
    assert first.description == "&#42;No&#42;."
    assert "kubecore" not in str(getattr(second.annotation, "canonical_path", second.annotation))


def test_builtins_link_to_no_heading_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "kubecore").mkdir()
    (tmp_path / "kubecore/__init__.py").write_text("from kubecore import errors\n", "utf-8")
    (tmp_path / "kubecore/errors.py").write_text(
        "__all__ = []\ndef f(a: list[int]) -> dict[str, X]: ...\nclass X: ...", "utf-8"
    )
    extensions = griffe.load_extensions(Prepare)
    package = griffe.load("kubecore", search_paths=[tmp_path], allow_inspection=False, extensions=extensions)
    function = package["errors.f"]
    paths = [name.canonical_path for name in function.returns.iterate(flat=True) if isinstance(name, griffe.ExprName)]
    assert paths == ["builtins.dict", "builtins.str", "kubecore.errors.X"]
    assert str(function.parameters["a"].annotation) == "list[int]"


TYPES_WITHOUT_A_PAGE = {
    "kubecore._config.config.Server",
    "kubecore._http.async_protocols.AsyncStream",
    "kubecore._http.async_socket.AsyncSocket",
    "kubecore._http.protocols.Stream",
    "kubecore._http.request.IdleLimit",
    "kubecore._http.sync_socket.SyncSocket",
    "kubecore._http.websocket_upgrade.Upgraded",
    "kubecore.calls.call.Reader",
    "kubecore.calls.call.Received",
    "kubecore.calls.resource.Resource",
    "kubecore.calls.text_mode.TextMode",
    "kubecore.codec.streamed_list.StreamedList",
    "kubecore.kubeconfig.files.Kind",
    "kubecore.kubeconfig.write.Plural",
    "kubecore.metrics.Labels",
    "kubecore.model.base.ModelBase",
    "kubecore.streams.port_forward.opening.Default",
    "kubecore.testing.changes.ChangeType",
    "kubecore.testing.machine.sharing.SharedServer",
    "kubecore.testing.matching.Kind",
    "kubecore.testing.matching.Where",
    "kubecore.testing.taps.Silence",
    "kubecore.watch.phases.Phase",
}
"""Types that programs do not need to name: literals, arguments of extensions, and results that are only passed on."""


def test_types_of_public_signatures_have_a_page() -> None:
    found: dict[str, str] = {}
    for name in kubecore.names().values():
        members = name.target.members.values() if isinstance(name.target, griffe.Class) else [name.target]
        for function in members:
            if isinstance(function, griffe.Function) and not function.name.startswith("_"):
                for annotation in (*(each.annotation for each in function.parameters), function.returns):
                    found |= {path: function.path for path in types(annotation) if path not in kubecore.names()}
    assert found.keys() == TYPES_WITHOUT_A_PAGE, found


def types(annotation: str | griffe.Expr | None) -> set[str]:
    """Return the classes and aliases of kubecore in an annotation."""
    if not isinstance(annotation, griffe.Expr):
        return set()
    found: set[str] = set()
    for name in annotation.iterate(flat=True):
        path = name.canonical_path if isinstance(name, griffe.ExprName) else ""
        try:
            target = kubecore.module(path) if path.startswith("kubecore.") else None
        except (KeyError, griffe.AliasResolutionError):
            continue
        variable = isinstance(target, griffe.Attribute) and "TypeVar(" in str(target.value)
        if target is not None and not isinstance(target, griffe.Module) and not variable:
            found.add(target.path)
    return found


def test_verbs_of_kinds_link_to_their_arguments() -> None:
    text = "### `get`\n\n`GET /api/v1/x`\n\nRead.\n\n```python\ndef get()\n```\n\n### `bind`\n\nBind.\n\n```python\n"
    links = "[sync](../../kubecore/sync_verbs.md#kubecore.sync_verbs.Get.get)"
    links += ", [async](../../kubecore/async_verbs.md#kubecore.async_verbs.Get.get)"
    shown = f"Read.\n\nArguments and errors: {links}.\n\n```python"
    assert reference.with_arguments("core_v1/Pod.md", text) == text.replace("Read.\n\n```python", shown)
    text = "### `port_forward`\n\nConnect.\n\n```python\n"
    assert "sync_verbs.ServicePortForward.port_forward)" in reference.with_arguments("core_v1/Service.md", text)
    assert "sync_verbs.PortForward.port_forward)" in reference.with_arguments("core_v1/Pod.md", text)


def test_errors_link_to_the_pages_about_them() -> None:
    text = "".join(kubecore.pages().values())
    files = {path.stem for path in (ROOT / "docs/errors").glob("*Error.md")}
    assert files
    assert set(re.findall(r"\(\.\./\.\./errors/(\w+)\.md\)", text)) == files - {
        "RuntimeMismatchError"
    }  # Of kubecore.generated.
