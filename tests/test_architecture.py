"""docs/architecture.md lists every module with the first line of its docstring."""

from __future__ import annotations

from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

from tools import module_tables

PAGE = module_tables.PAGE.read_text(encoding="utf-8")


def test_the_page_names_every_module() -> None:
    assert module_tables.rendered(PAGE) == PAGE
    for folder in module_tables.folders(module_tables.ROOT):
        for module in (module_tables.ROOT / folder).glob("*.py"):
            assert module.name.startswith("__") or f"| `{module.name}` |" in PAGE, module


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "core" / "kubecore"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text('"""The package."""\n')
    (folder / "call.py").write_text('"""A call | one request.\n\nMore."""\n')
    return tmp_path


def test_a_table_has_the_first_line_of_each_docstring(project: Path) -> None:
    page = "# Page\n\n<!-- modules of core/kubecore -->\nold\n<!-- end -->\nrest\n"
    assert module_tables.rendered(page, project) == (
        "# Page\n\n<!-- modules of core/kubecore -->\n\n| module | contents |\n|---|---|\n"
        "| `call.py` | A call &#124; one request |\n\n<!-- end -->\nrest\n"
    )


def test_a_folder_without_a_table_is_an_error(project: Path) -> None:
    with pytest.raises(module_tables.PageError, match="no table of \\['core/kubecore'\\]"):
        module_tables.rendered("# Page\n", project)


def test_a_table_of_a_missing_folder_is_an_error(project: Path) -> None:
    page = "<!-- modules of core/kubecore -->\n<!-- end -->\n<!-- modules of core/other -->\n<!-- end -->\n"
    with pytest.raises(module_tables.PageError, match="core/other"):
        module_tables.rendered(page, project)


def test_a_module_without_a_docstring_is_an_error(project: Path) -> None:
    (project / "core/kubecore/bare.py").write_text("x = 1\n")
    with pytest.raises(module_tables.PageError, match=r"bare\.py"):
        module_tables.rendered("<!-- modules of core/kubecore -->\n<!-- end -->\n", project)


@pytest.mark.parametrize("package", ["kubecore", "kgen"])
def test_no_modules_import_each_other(package: str) -> None:
    """Imports within functions and imports for type checkers count."""
    graph = grimp.build_graph(package, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    TopologicalSorter(imports).prepare()  # A cycle raises CycleError, which names the modules.
