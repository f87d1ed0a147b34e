"""docs/templates.md lists the exact context of templates, which has a version."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kgen import ir, models
from kgen.cli import run
from kgen.config import CONTEXT_VERSION, load_config
from kgen.errors import ConfigError, PlanError
from kgen.plan import contexts
from tests.conftest import ROOT
from tests.kgen.documents import document


def test_the_docs_list_exactly_the_attributes_of_the_context() -> None:
    text = (ROOT / "docs" / "templates.md").read_text("utf-8")
    sections = {part.split("\n")[0]: part for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]}
    told = {name: dict(re.findall(r"^- `(\w+)`: `(.*)`", part, re.MULTILINE)) for name, part in sections.items()}
    classes = [
        *(getattr(contexts, name) for name in contexts.__all__ if name != "Context"),
        models.ClassPlan,
        models.FieldPlan,
        ir.Merging,
    ]
    assert told == {each.__name__: each.__annotations__ for each in classes if hasattr(each, "__annotations__")}
    assert f"The context has a version: **{CONTEXT_VERSION}**" in text


def test_templates_for_another_context_are_refused(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    for version in (CONTEXT_VERSION, CONTEXT_VERSION + 1):
        (tmp_path / "kgen.toml").write_text(f'templates = "own"\ntemplates_context = {version}\n')
        if version == CONTEXT_VERSION:
            assert load_config(cwd=tmp_path).templates == tmp_path / "own"
            continue
        with pytest.raises(ConfigError, match="written for version") as caught:
            load_config(cwd=tmp_path)
        assert caught.value.where == "kgen.toml templates_context"


@pytest.mark.parametrize("error", [None, "templates", "hooks"])
def test_a_deviation_from_the_plan_is_a_bug_of_kgen_without_templates_and_hooks(
    error: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise PlanError("the rendered file is not what was planned", where="a.py")

    monkeypatch.setattr("kgen.models.class_sources", refuse)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "crds.json").write_text(json.dumps(document()))
    (tmp_path / "hooks.py").write_text("def on_spec(spec):\n    return spec\n")
    (tmp_path / "templates").mkdir()
    settings = {None: "", "templates": 'templates = "templates"\n', "hooks": 'hooks = "hooks.py"\n'}[error]
    (tmp_path / "kgen.toml").write_text(f'specs = "crds.json"\npackage = "mine"\n{settings}')
    assert run(["build", "-q"]) == (2 if error else 70)
    stderr = capsys.readouterr().err
    assert "error: the rendered file is not what was planned\n  where: a.py\n  hint: " in stderr
    assert ("as a bug of kgen" in stderr) is (error is None)
    assert not (tmp_path / "generated").exists()
