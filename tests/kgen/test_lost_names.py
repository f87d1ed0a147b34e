"""A build reports the names that it removes, `--strict` refuses it, and `kgen diff` lists them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from kgen.cli import run
from kgen.lost_names import lost_names, problems_of
from kgen.package_names import NO_NAMES, PackageNames
from tests.kgen.crd_schemas import STRING, enum, in_place, obj
from tests.kgen.manifests import change, manifest, of

pytestmark = [pytest.mark.slow, pytest.mark.thorough]  # builds

TEMPLATE = in_place("io.k8s.api.core.v1.PodTemplateSpec")
OWN_TEMPLATE = change(TEMPLATE, "properties/added", STRING)
PART = obj(size=STRING, mode=enum("On", "Off"))
STATE = {"part": PART, "copy": PART, "template": TEMPLATE, "kind": enum("a"), "proxyURL": STRING}


@pytest.mark.parametrize(
    ("changed", "lost"),
    [
        (STATE, []),
        ({**STATE, "more": obj(a=STRING), "part_": PART}, []),
        (
            {**STATE, "kind": STRING},
            ["example_v1.WidgetSpecKind is removed"],
        ),
        ({**STATE, "kind": enum("b")}, ["example_v1.WidgetSpecKind.A is removed"]),
        (
            {**STATE, "kind": obj(a=STRING)},
            ["example_v1.WidgetSpecKind was constants and is a class of the package"],
        ),
        (
            {**STATE, "template": OWN_TEMPLATE},
            ["example_v1.WidgetSpecTemplate was core_v1.PodTemplateSpec and is a class of the package"],
        ),
        (
            {**STATE, "part": obj(mode=enum("On", "Off")), "copy": obj(mode=enum("On", "Off"))},
            ["example_v1.WidgetSpecCopy.size is removed"],  # WidgetSpecPart is an alias of this class.
        ),
        (
            {**STATE, "part": obj(mode=enum("On"))},
            ["example_v1.WidgetSpecPart.size is removed", "example_v1.WidgetSpecPartMode.OFF is removed"],
        ),
        (
            {key: value for key, value in STATE.items() if key != "part"},
            [
                "example_v1.WidgetSpec.part is removed",
                "example_v1.WidgetSpecPart is removed",
                "example_v1.WidgetSpecPartMode is removed",
            ],
        ),
    ],
)
def test_removed_and_changed_names_are_found(changed: dict[str, Any], lost: list[str]) -> None:
    old, new = of(manifest(STATE)), of(manifest(changed))
    assert list(lost_names(PackageNames.of(old), PackageNames.of(new))) == lost


def test_names_of_a_removed_group_version_are_not_listed() -> None:
    old = PackageNames.of(of(manifest(STATE)))
    assert lost_names(old, NO_NAMES) == ()


def test_only_the_first_of_many_lost_names_are_reported() -> None:
    found = problems_of(tuple(f"a_v1.A{number} is removed" for number in range(25)), "crds")
    assert len(found) == 21
    assert found[-1].what == "5 more names are removed or changed"
    assert [bool(problem.hint) for problem in found] == [False] * 20 + [True]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], None]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kgen.toml").write_text('specs = "crds"\noutput = "."\npackage = "mine"\n')
    (tmp_path / "crds").mkdir()

    def write(state: dict[str, Any]) -> None:
        (tmp_path / "crds" / "widgets.yaml").write_text(yaml.safe_dump(manifest(state)))

    write(STATE)
    return write


def test_a_build_reports_removed_names_and_fails_with_strict(
    project: Callable[[dict[str, Any]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["build", "-q", "--strict"]) == 0
    models = Path("mine/models/example_v1.py")
    before = models.read_text()
    project({**STATE, "kind": STRING, "added": STRING})
    capsys.readouterr()
    assert run(["build", "-q", "--strict"]) == 3
    assert "error: example_v1.WidgetSpecKind is removed\n  where: crds\n  hint: " in capsys.readouterr().err
    assert models.read_text() == before
    assert run(["build", "-q"]) == 0
    assert capsys.readouterr().err.startswith("warning: example_v1.WidgetSpecKind is removed\n  where: crds\n")
    assert "added" in models.read_text()
    assert run(["build", "-q", "--strict"]) == 0, "what is lost is said once"
    assert not capsys.readouterr().err


def test_diff_lists_constants_and_types_that_turn(
    project: Callable[[dict[str, Any]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("crds").rename("old")
    Path("crds").mkdir()
    project({**STATE, "template": OWN_TEMPLATE, "kind": enum("A", "b"), "mode": enum("c")})
    assert run(["diff", "old", "crds"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "  model example_v1.WidgetSpecTemplate: core_v1.PodTemplateSpec -> WidgetSpecTemplate" in lines
    assert "  constants example_v1.WidgetSpecMode" in lines
    assert "  constant example_v1.WidgetSpecKind.B" in lines
    assert lines[:3] == ["removed:", "  constant example_v1.WidgetSpecKind.A", ""]
    assert "  constant example_v1.WidgetSpecKind.A_2" in lines
