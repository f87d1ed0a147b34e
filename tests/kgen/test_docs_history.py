"""`kgen docs` names the release in which a kind, a verb, a type, a field or a value appeared, and removed names."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgen.cli import run
from kgen.config import Config
from kgen.difference import Change, changes
from kgen.docs.history import History, Release
from kgen.errors import Problems
from kgen.ir import Api, ModelRef
from kgen.names import ClassName, Identifier
from kgen.pipeline import describe, document
from tests.conftest import ROOT
from tests.kgen.crd_projects import manifest, project, put
from tests.kgen.test_docs_command import TAGS, check_links
from tests.kgen.test_markdown import check_inert, parsed

pytestmark = pytest.mark.thorough  # builds; text alone

__all__ = ["project"]


def widget(*fields: str, kind: str = "Widget", status: bool = True, **more: dict[str, Any]) -> dict[str, Any]:
    """Return a CRD with fields of text in its spec."""
    made = manifest(kind=kind)
    version = made["spec"]["versions"][0]
    properties = {**{name: {"type": "string"} for name in fields}, **more}
    version["schema"]["openAPIV3Schema"]["properties"]["spec"] = {"type": "object", "properties": properties}
    if not status:
        del version["subresources"]
    return made


def pages_of(project: Path, *options: str) -> dict[str, str]:
    command = ["docs", "-q", "--specs", "crds/one.yaml", "--package", "mine", "--output", "out", *options]
    assert run(command) == 0
    return {
        path.relative_to(project / "out").as_posix(): path.read_text("utf-8") for path in project.glob("out/**/*.md")
    }


def row(page: str, field: str) -> str:
    return next(line for line in page.splitlines() if line.startswith(f"| `{field}` |"))


OPTIONS = ("--earlier", "old/1.0", "--earlier", "old/1.1.yaml", "--release", "1.2")


@pytest.fixture
def releases(project: Path) -> Path:
    """Return a project with the CRDs of two earlier releases."""
    modes = {"type": "string", "enum": ["Fast", "Slow"]}
    part = {"type": "object", "properties": {"x": {"type": "string"}}}
    put(
        project / "old" / "1.0" / "crds.yaml", widget("size", "gone", status=False, mode=modes), widget("a", kind="Old")
    )
    put(project / "old" / "1.1.yaml", widget("size", "color", mode=modes), widget("a", kind="Gadget"))
    modes = {"type": "string", "enum": ["Fast", "Slow", "Auto"]}
    new = widget("size", "color", "weight", mode=modes, part=part)
    put(project / "crds" / "one.yaml", new, widget("a", "b", kind="Gadget"), widget("a", kind="Gizmo"))
    return project


def test_a_page_names_the_release_of_each_later_name(releases: Path) -> None:
    pages = pages_of(releases, *OPTIONS)
    page = pages["example_v1/Widget.md"]
    assert "Model `mine.models.example_v1.Widget` of `example.com/v1`.\n" in page
    assert "Since" not in row(page, "size")
    assert row(page, "color").endswith("| Since 1.1. |")
    assert row(page, "weight").endswith("| Since 1.2. |")
    assert "Values: `Fast`, `Slow`, `Auto` (since 1.2)." in row(page, "mode")
    assert row(page, "part").endswith("| Since 1.2. |")
    assert "### `example_v1.WidgetSpecPart`\n\nSince 1.2.\n" in page
    assert "Since" not in row(page, "x")  # Its type is not older.
    verbs = {part.split("`")[0]: "Since 1.1." in part for part in page.split("### `")[1:] if "```python" in part}
    assert verbs["get_status"]
    assert not verbs["get"]
    check_links(pages)


def test_the_page_and_the_index_name_the_release_of_a_kind(releases: Path) -> None:
    pages = pages_of(releases, *OPTIONS)
    assert "Model `mine.models.example_v1.Gadget` of `example.com/v1`, since 1.1.\n" in pages["example_v1/Gadget.md"]
    assert "/gadgets`. Since 1.1.\n" in pages["example_v1/Gadget.md"]
    assert row(pages["example_v1/Gadget.md"], "b").endswith("| Since 1.2. |")
    index = pages["example_v1/index.md"].splitlines()
    assert "| kind | since | clients | scope | verbs |" in index
    assert [line.split(" | ")[:2] for line in index if line.startswith("| [")] == [
        ["| [`Gadget`](Gadget.md)", "1.1"],
        ["| [`Gizmo`](Gizmo.md)", "1.2"],
        ["| [`Widget`](Widget.md)", ""],
    ]


def test_the_first_page_lists_the_names_that_each_release_removed(releases: Path) -> None:
    text = pages_of(releases, *OPTIONS)["index.md"]
    _, _, removed = text.partition("\n## Removed\n")
    assert removed.splitlines() == [
        "",
        "### In 1.1",
        "",
        "- resource `example.com/v1 olds`",
        "- model `example_v1.Old`",
        "- model `example_v1.OldList`",
        "- model `example_v1.OldSpec`",
        "- field `example_v1.WidgetSpec.gone`",
    ]


def test_without_earlier_releases_a_page_names_no_release(releases: Path) -> None:
    text = "".join(pages_of(releases).values())
    assert "ince 1." not in text
    assert "since" not in text
    assert "Removed" not in text


def test_the_configuration_names_the_releases(releases: Path) -> None:
    with_options = pages_of(releases, *OPTIONS)
    (releases / "kgen.toml").write_text('earlier = ["old/1.0", "old/1.1.yaml"]\nrelease = "1.2"\n')
    assert pages_of(releases) == with_options


def test_a_file_of_changes_replaces_the_documents_of_a_release(
    releases: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_documents = pages_of(releases, *OPTIONS)
    assert run(["diff", "old/1.0", "old/1.1.yaml", "--format", "json"]) == 0
    (releases / "changes").mkdir()
    (releases / "changes" / "1.1.json").write_text(capsys.readouterr().out)
    options = ("--earlier", "changes/1.1.json", "--earlier", "old/1.1.yaml", "--release", "1.2")
    assert pages_of(releases, *options) == with_documents


def test_hooks_names_and_selections_apply_to_earlier_documents_too(releases: Path) -> None:
    put(releases / "crds" / "one.yaml", manifest("new.org", "Fresh"), widget("size", "color"))
    (releases / "hooks.py").write_text(
        "from msgspec.structs import replace\n"
        "def on_model(model, module):\n"
        "    fields = tuple(f for f in model.fields if f.wire_name != 'gone')\n"
        "    return replace(model, fields=fields)\n"
    )
    (releases / "kgen.toml").write_text(
        'earlier = ["old/1.0", "old/1.1.yaml"]\nrelease = "1.2"\nhooks = "hooks.py"\ninclude = ["new.org", "example.com"]\n'
        "[names]\n'example_v1.WidgetSpec.color' = 'colour'\n'new.org/v1' = 'brand_new'\n"
    )
    pages = pages_of(releases)
    assert "`colour`" in row(pages["example_v1/Widget.md"], "color")
    assert row(pages["example_v1/Widget.md"], "color").endswith("| Since 1.1. |")
    assert "| [`brand_new`](brand_new/index.md) | `new.org/v1` | 1.2 |" in pages["index.md"]
    assert "gone" not in pages["index.md"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--earlier", "old/1.0"], "earlier releases are named, but not the release of the documents"),
        (["--earlier", "old/1.0", "--release", "1.0"], "the release '1.0' is named twice"),
        (["--earlier", "old/2.0", "--release", "1.2"], "there is no '2.0'"),
        (["--earlier", "old/1.0.json", "--release", "1.2"], "the changes from '1.0' to '1.2' are unknown"),
        (
            ["--earlier", "old/bad.json", "--release", "1.2"],
            "the changes of a release can't be read: Invalid enum value",
        ),
        (
            ["--earlier", "old/text.json", "--release", "1.2"],
            "the changes of a release can't be read: JSON is malformed",
        ),
        (
            ["--earlier", "old/deep.json", "--release", "1.2"],
            "the changes of a release can't be read: maximum recursion",
        ),
        (["--earlier", "", "--release", "1.2"], "the path is empty"),
    ],
)
def test_releases_that_do_not_follow_each_other_are_refused(
    options: list[str], message: str, releases: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (releases / "old" / "1.0.json").write_text("[]")
    (releases / "old" / "bad.json").write_text('[{"what": "thing", "name": "a", "action": "added"}]')
    (releases / "old" / "text.json").write_text("[x")
    (releases / "old" / "deep.json").write_text(f'[{{"x": {"[" * 100_000}{"]" * 100_000}}}]')
    assert run(["docs", "-q", "--specs", "crds", "--package", "mine", *options]) in (2, 3)
    assert message in capsys.readouterr().err
    assert not (releases / "reference").exists()


def test_the_folder_of_the_documents_names_their_release(releases: Path) -> None:
    put(releases / "v1.2" / "crds.yaml", json.loads((releases / "crds" / "one.yaml").read_text().split("---")[2]))
    command = ["docs", "-q", "--specs", "v1.2", "--package", "mine", "--output", "out", "--earlier", "old/1.0"]
    assert run(command) == 0
    assert "since v1.2." in (releases / "out" / "example_v1" / "Gizmo.md").read_text()


def test_names_of_changes_and_releases_never_become_html(releases: Path) -> None:
    payload = "<img src=x onerror=y>`|`[a](javascript:b)"
    removed = [
        {"what": what, "name": f"{payload} {what}", "action": "removed", "detail": payload}
        for what in ("group", "field")
    ]
    added = [{"what": "field", "name": "example_v1.WidgetSpec.size", "action": "added"}]
    name = "<b>1 &#39;`"
    (releases / "old" / f"{name}.json").write_text(json.dumps([*removed, *added]))
    put(releases / "old" / name / "a.yaml", widget("size"))
    options = ("--earlier", f"old/{name}.json", "--earlier", f"old/{name}", "--release", "<i>2")
    pages = pages_of(releases, *options)
    assert "Since &#60;b&#62;1" in row(pages["example_v1/Widget.md"], "size")
    check_links(pages)
    for text in pages.values():
        found = parsed(text.split("\n", 1)[1])
        found.attributes = [(key, value) for key, value in found.attributes if key not in ("class", "href", "id")]
        check_inert(found, TAGS)


REF = ModelRef(Identifier("m_v1"), ClassName("T"))
ADDED = st.sampled_from(
    [("model", "m_v1.T", "added"), ("model", "m_v1.T", "removed"), ("field", "m_v1.T.f", "added"), None]
)


@given(st.lists(ADDED, max_size=8))
def test_a_field_is_never_older_than_its_type(events: list[tuple[Any, str, Any] | None]) -> None:
    releases = [
        Release(str(number), (Change(*event),) if event else ()) for number, event in enumerate(events, start=1)
    ]
    history = History(releases, Api((), ()))
    model, field = history.model(REF), history.field(REF, "f")
    last = {event: str(number) for number, event in enumerate(events, start=1) if event}
    assert model == last.get(("model", "m_v1.T", "added"), "")
    assert field in ("", last.get(("field", "m_v1.T.f", "added")))
    assert not field or int(field) > int(model or 0)


@pytest.mark.slow
def test_kubeclients_pages_name_the_release_of_everything_that_kgen_diff_lists() -> None:
    folders = [ROOT / "specs" / name for name in ("1.36", "1.37")]
    config = Config(
        specs=(folders[1],),
        sources=("specs",),
        output=ROOT / "generated",
        package="kubeclient",
        earlier=((str(folders[0]), folders[0]),),
    )
    pages = document(config, Problems())
    old = describe(folders[0])
    new = describe(folders[1], old)
    added = {(change.what, change.name) for change in changes(old, new) if change.action == "added"}
    whole = {group.accessor for group in new.groups if ("group", group.api_version) in added}
    fields: set[tuple[str, str]] = set()
    for path, text in pages.items():
        place = path.removesuffix(".md").replace("/", ".")
        for line in text.splitlines():
            place = found[1] if (found := re.match(r"### `(\w+\.\w+)`$", line)) else place
            if "| Since 1.37. " in line:
                fields.add(("field", f"{place}.{line.split(' | ')[1].strip('`')}"))
    assert fields == {each for each in added if each[0] == "field" and each[1].partition(".")[0] not in whole}
    assert len(fields) > 40
    text = pages["storage_v1/CSINode.md"]
    assert [part.split("`")[0] for part in text.split("### `") if " Since 1.37.\n\n```python" in part] == [
        "get_status",
        "patch_status",
        "update_status",
    ]
    assert "Values: `OnDelete`, `Recreate` (since 1.37), `RollingUpdate`." in pages["apps_v1/StatefulSet.md"]
    assert "of `lifecycle.k8s.io/v1alpha1`, since 1.37.\n" in pages["lifecycle_v1alpha1/Eviction.md"]


def test_an_invalid_document_of_an_earlier_release_is_named_with_its_suffix(
    releases: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (releases / "old" / "1.1.yaml").write_text("spec: [\n")
    assert run(["docs", "-q", "--specs", "crds/one.yaml", "--package", "mine", "--output", "out", *OPTIONS]) == 3
    assert "where: 1.1.yaml\n" in capsys.readouterr().err
