"""Tables, lists and links of the documentation name things that exist."""

from __future__ import annotations

import ast
import inspect
import re
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

import kubecore
import kubecore.election
import kubecore.manifests
import kubecore.recorder
from kgen import cli
from kubeclient import AsyncClientset, Clientset
from kubeclient.models import apps_v1, batch_v1, core_v1, meta_v1, networking_v1
from kubecore import doctor, errors, kubeconfig, quantity, rest
from kubecore.model import meta, owners
from kubecore.testing import FakeCluster
from tests.pages.guides import blocks
from tests.pages.programs import ROOT
from tools.site.links import anchors, links

pytestmark = pytest.mark.thorough  # These tests check the text of the pages.

MODULES = {
    "apps_v1": apps_v1,
    "batch_v1": batch_v1,
    "core_v1": core_v1,
    "meta": meta,
    "owners": owners,
    "meta_v1": meta_v1,
    "networking_v1": networking_v1,
    "errors": errors,
    "kubeconfig": kubeconfig,
    "manifests": kubecore.manifests,
    "quantity": quantity,
    "rest": rest,
    "kubecore": kubecore,
    "Clientset": Clientset,
    "AsyncClientset": AsyncClientset,
}


def migrations() -> list[str]:
    """Return the calls of the migration tables' right-hand columns."""
    pages = sorted((ROOT / "docs/coming-from").glob("*.md"))
    rows = [row for page in pages for row in re.findall(r"^\| .* \| (.*) \|$", page.read_text("utf-8"), re.MULTILINE)]
    names = "|".join((*MODULES, "clientset", "pod", "pods", "deployments", "secret"))
    return [
        call
        for row in rows
        for call in re.findall(rf"`((?:(?:async )?with |await |except |clientset = )?(?:{names})\b(?!=)[^`]*)`", row)
    ]


@pytest.mark.parametrize("call", dict.fromkeys(migrations()))
def test_every_call_of_the_migration_tables_exists(call: str) -> None:
    """Every call names an existing method that accepts the given arguments."""
    text = re.sub(r"^(?:(?:async )?with|await|except|clientset =) ", "", call)
    text = re.sub(r"(?:: \.\.\.)$", "", re.sub(r" as \w+(?=$|:)", "", text))
    scope: dict[str, Any] = {**MODULES, "pod": core_v1.Pod.zero(), "secret": core_v1.Secret(data={"k": b"v"})}
    expression = ast.parse(text, mode="eval").body
    with Clientset(rest.Config(host="http://127.0.0.1:1")) as clientset:
        scope |= {"clientset": clientset, "pods": clientset.core_v1.pods("ns")}
        scope["deployments"] = clientset.apps_v1.deployments("ns")
        if not isinstance(expression, ast.Call):
            eval(text, scope)  # noqa: S307 - our own words
            return
        method = eval(ast.unparse(last(expression).func), scope)  # noqa: S307
        arguments = [ast.unparse(one) for one in last(expression).args]
        inspect.signature(method).bind(*arguments, **{str(one.arg): None for one in last(expression).keywords})


def last(call: ast.Call) -> ast.Call:
    """Return the last call that can be checked without a server; only a server knows the result of discovery."""
    inner = call.func.value if isinstance(call.func, ast.Attribute) else None
    return inner if isinstance(inner, ast.Call) and "dynamic" in ast.unparse(inner) else call


def test_the_page_on_errors_has_every_error_class() -> None:
    [tree] = [block for block in blocks("docs/errors.md", "text") if block.startswith("KubeError")]
    names = [name for name in errors.__all__ if isinstance(getattr(errors, name), type)]
    kinds = {name: getattr(errors, name) for name in names if issubclass(getattr(errors, name), errors.KubeError)}
    parents: list[tuple[int, str]] = []
    seen: set[str] = set()
    for line in tree.splitlines():
        start = re.search(r"[A-Z]", line)
        assert start is not None, line
        depth = start.start() // 4
        parents = [one for one in parents if one[0] < depth]
        for name, timeout in re.findall(r"(\w+Error)(?: \d+)?( \(T\))?", re.sub(r"\(also .*?\)", "", line)):
            assert issubclass(kinds[name], TimeoutError) == bool(timeout), name
            assert not parents or kinds[parents[-1][1]] in kinds[name].__bases__, name
            seen.add(name)
        parents.append((depth, re.findall(r"\w+Error", line)[0]))
    assert seen == {name for name in kinds if name != "TimeoutError"}


def test_the_report_of_kgen_migrate_is_that_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = "docs/coming-from/index.md"
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "jobs.py").write_text(blocks(page, "py")[0], "utf-8")
    monkeypatch.chdir(tmp_path)
    assert cli.run(["migrate", "app/"]) == 0
    assert blocks(page, "console") == ["$ kgen migrate app/\n" + capsys.readouterr().out]


def test_both_start_pages_show_the_same_program() -> None:
    assert blocks("README.md")[0] == blocks("docs/index.md")[0]
    assert blocks("README.md", "text")[0] == blocks("docs/index.md", "text")[0]


def test_the_page_on_troubleshooting_shows_all_findings_of_the_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setattr(doctor, "_date", lambda *_: formatdate(usegmt=True))  # The fake server sends no date.
    with FakeCluster() as cluster, cluster.serve() as server:
        monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig))
        names = [found.name for found in doctor.examine()]
    [shown] = blocks("docs/troubleshooting.md", "console")
    assert re.findall(r"^(?:ok|note) +([\w ]+): ", shown, re.MULTILINE) == names


def test_links_of_the_documentation_lead_somewhere() -> None:
    files = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md"))
    wrong = []
    for file in files:
        for link in links(file.read_text("utf-8")):
            target = (file.parent / link.path).resolve() if link.path else file
            if (ROOT / "docs" / "reference") in target.parents:
                continue  # `make docs` writes it; tests/test_site.py checks links to it.
            if not target.exists():
                wrong.append(f"{file.name}: {link.path}")
            elif link.anchor and target.suffix == ".md" and link.anchor not in anchors(target.read_text("utf-8")):
                wrong.append(f"{file.name}: {link.path}#{link.anchor}")
    assert wrong == []


OTHER_FORMS = {
    "architecture.md",
    "configuration.md",
    "differences-from-client-go.md",
    "errors.md",
    "index.md",
    "style.md",
    "templates.md",
}
"""Pages for looking up, lists of links, and pages for the people who develop the project."""


def guides() -> list[Path]:
    """Return the guides and the pages about concepts, integrations and policies."""
    folders = [ROOT / "docs", *(ROOT / "docs" / name for name in ("concepts", "integrations", "policies"))]
    return [page for folder in folders for page in sorted(folder.glob("*.md")) if page.name not in OTHER_FORMS]


@pytest.mark.parametrize("page", guides(), ids=lambda page: page.stem)
def test_a_guide_begins_with_its_purpose_and_ends_with_links(page: Path) -> None:
    title, blank, first, *_ = page.read_text("utf-8").splitlines()
    assert title.startswith("# ")
    assert not blank
    assert re.match(r"[A-Z`]", first), "the first line is not a sentence about the purpose"
    assert re.search(r"\n## See also\n\n(- .*\n(  .*\n)*)+$", page.read_text("utf-8")), "no list of links at the end"


def test_the_readme_has_the_table_of_the_page_for_client_go() -> None:
    pattern = re.compile(r"^\| client-go \| here \|$.*?(?=\n\n)", re.MULTILINE | re.DOTALL)
    [page] = pattern.findall((ROOT / "docs/coming-from/go.md").read_text("utf-8"))
    [readme] = pattern.findall((ROOT / "README.md").read_text("utf-8"))
    assert readme == page.replace("](../", "](docs/")
