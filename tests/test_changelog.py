"""The pages in docs/kubernetes have the output of `kgen diff` for each version of Kubernetes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from kgen.cli import run
from kgen.docs.history import read_changes
from kgen.ir import Api
from kgen.pipeline import describe
from tools import kubernetes_changes
from tools.site import reference

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "kubernetes"


@pytest.mark.slow
def test_the_pages_have_all_changes_of_each_version_with_documents(capsys: pytest.CaptureFixture[str]) -> None:
    folders = kubernetes_changes.documents()
    assert len(folders) >= 3
    for old, new in pairwise(folders):
        assert run(["diff", str(old), str(new), "--format", "markdown"]) == 0
        lines = capsys.readouterr().out.strip().splitlines()
        page = (PAGES / f"{new.name}.md").read_text("utf-8").splitlines()
        assert page[0] == f"# Kubernetes {new.name}"
        assert page[4:] == [line.removeprefix("#") if line.startswith("###") else line for line in lines]


@pytest.mark.slow
def test_the_pages_are_written_by_the_tool() -> None:
    expected = kubernetes_changes.pages()
    assert {path.name: path.read_text("utf-8") for path in PAGES.glob("*.md")} == expected


def test_the_changelog_links_the_page_of_the_newest_version() -> None:
    newest = kubernetes_changes.documents()[-1].name
    assert f"(docs/kubernetes/{newest}.md)" in (ROOT / "CHANGELOG.md").read_text("utf-8")
    versions = [path.stem for path in kubernetes_changes.recorded()]
    assert versions == ["1.31", "1.32", "1.33", "1.34", "1.35"]
    assert versions[-1] == kubernetes_changes.documents()[0].name
    origin = (kubernetes_changes.CHANGES / "ORIGIN.md").read_text("utf-8")
    assert re.findall(r"v(\d+\.\d+\.\d+)[,\n]", origin) == list(kubernetes_changes.RELEASES)


@pytest.mark.slow
def test_recorded_changes_lead_to_the_names_of_the_oldest_documents() -> None:
    api = describe(kubernetes_changes.documents()[0])
    names = set(_names(api))
    modules = {str(module.name) for module in api.modules}
    last: dict[tuple[str, str], str] = {}
    for file in kubernetes_changes.recorded():
        for change in read_changes(file) or ():
            last[change.what, change.name] = change.action
    gone = {name for (what, name), action in last.items() if action == "removed" and what in ("group", "model")}
    checked = 0
    for (what, name), action in last.items():
        whole = name.rpartition(".")[0] if what == "field" else name.rpartition(" ")[0] if what == "verb" else name
        if action == "removed":
            assert (what, name) not in names, name
        elif whole in gone or (what in ("model", "field") and name.partition(".")[0] not in modules):
            continue
        else:
            assert (what, name) in names, name
        checked += 1
    assert checked > 200


@pytest.mark.slow
def test_the_reference_of_the_site_names_recorded_and_captured_versions() -> None:
    pages = reference.kubeclient()
    rows = {line.split("`")[1]: line for line in pages["core_v1/PodSpec.md"].splitlines() if line.startswith("| `")}
    assert "| Since 1.32. " in rows["resources"]  # recorded
    assert "| Since 1.36. " in rows["schedulingGroup"]  # documents
    assert "Since" not in rows["containers"]
    versions = re.findall(r"^### In ([\d.]+)$", pages["index.md"], re.MULTILINE)
    assert versions == ["1.37", "1.36", "1.35", "1.34", "1.33", "1.32", "1.31"]


def _names(api: Api) -> Iterator[tuple[str, str]]:
    for group in api.groups:
        yield "group", group.api_version
        for resource in group.resources:
            place = f"{group.api_version} {resource.plural}"
            yield "resource", place
            verbs = {*resource.verbs, *(f"{verb}_status" for verb in resource.status_verbs)}
            for verb in verbs | {str(method.name) for method in resource.methods}:
                yield "verb", f"{place} {verb}"
    for module in api.modules:
        for model in module.models:
            yield "model", f"{module.name}.{model.name}"
            for field in model.fields:
                yield "field", f"{module.name}.{model.name}.{field.name}"


def test_a_page_that_differs_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kubernetes_changes, "PAGES", tmp_path)
    monkeypatch.setattr(kubernetes_changes, "pages", lambda: {"1.1.md": "new\n", "1.2.md": "same\n"})
    for name, text in (("1.1.md", "old\n"), ("1.2.md", "same\n"), ("1.0.md", "gone\n")):
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.setattr("sys.argv", ["kubernetes_changes", "--check"])
    assert kubernetes_changes.main() == 1
    named = [line.split()[0] for line in capsys.readouterr().err.splitlines()]
    assert named == ["docs/kubernetes/1.0.md", "docs/kubernetes/1.1.md"]
    monkeypatch.setattr("sys.argv", ["kubernetes_changes"])
    assert kubernetes_changes.main() == 0
    assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()} == kubernetes_changes.pages()
