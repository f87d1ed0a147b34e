"""`kgen build --verbose` prints hints for names that are long or too general; each hint can be followed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from kgen.cli import run
from kgen.errors import Problems
from kgen.ir import Api
from kgen.name_hints import LONGEST, name_hints
from tests.kgen.crd_schemas import STRING, enum, obj
from tests.kgen.manifests import manifest, of

_LINE = re.compile(r'"([^"]+)" = "([^"]+)"')


def deep(*words: str, **leaf: Any) -> dict[str, Any]:
    """Return the properties of objects in one another."""
    held = obj(**leaf)
    for word in reversed(words[1:]):
        held = obj(**{word: held})
    return {words[0]: held}


PATH = ("loadBalancerConfiguration", "healthCheckParameters", "certificateAuthority", "trustedCertificates")


def lines(api: Api) -> dict[str, str]:
    return dict(_LINE.findall("\n".join(hint.hint for hint in name_hints(api))))


def long_names(api: Api) -> list[str]:
    (module,) = api.modules
    names = [str(model.name) for model in module.models] + [str(alias.name) for alias in module.aliases]
    names += [str(each.name) for model in module.models for each in model.constants]
    return [name for name in names if len(name) > LONGEST]


def test_the_lines_of_hints_shorten_all_names() -> None:
    """A name that is still too long has a hint in the next build."""
    raw = manifest({**deep(*PATH, mode=enum("A"), name=STRING), "other": obj(a=obj(**deep(*PATH, b=STRING)))})
    chosen: dict[str, str] = {}
    counts = [len(long_names(of(raw)))]
    while counts[-1]:
        chosen |= lines(of(raw, hand=chosen))
        problems = Problems()
        counts.append(len(long_names(of(raw, hand=chosen, problems=problems))))
        assert not problems.errors, problems.errors
        assert counts[-1] < counts[-2]
    assert counts[0] >= 3


def test_a_hint_names_no_kind_and_no_spec() -> None:
    chosen = lines(of(manifest(deep(*PATH, name=STRING))))
    assert chosen
    assert not {"example_v1.Widget", "example_v1.WidgetSpec"} & chosen.keys()


def test_short_names_have_no_hint() -> None:
    assert name_hints(of(manifest({"rules": obj(a=STRING)}))) == []


@pytest.mark.parametrize(
    ("group", "accessor", "line"),
    [
        ("source.toolkit.fluxcd.io", "source_v1", {"source.toolkit.fluxcd.io/v1": "fluxcd_source_v1"}),
        ("config.openshift.io", "config_v1", {"config.openshift.io/v1": "openshift_config_v1"}),
        ("monitoring.coreos.com", "monitoring_v1", {}),
        ("networking.istio.io", "networking_istio_io_v1", {}),
        ("example.com", "example_v1", {}),
    ],
)
def test_a_group_with_a_general_name_has_a_hint(group: str, accessor: str, line: dict[str, str]) -> None:
    raw = manifest({"a": STRING}, group=group)
    assert [str(each.accessor) for each in of(raw).groups] == [accessor]
    assert lines(of(raw)) == line
    named = of(raw, hand=line)
    assert [str(each.accessor) for each in named.groups] == [*line.values()] or not line
    assert lines(named) == {}


def test_only_a_verbose_build_prints_hints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "crds").mkdir()
    (tmp_path / "crds" / "widgets.yaml").write_text(yaml.safe_dump(manifest({"a": STRING}, group="config.example.com")))
    (tmp_path / "kgen.toml").write_text('specs = "crds"\noutput = "."\npackage = "mine"\n')
    monkeypatch.chdir(tmp_path)
    assert run(["build"]) == 0
    assert "example_config_v1" not in capsys.readouterr().err
    for _ in range(2):  # Also if the package is up to date.
        assert run(["build", "--verbose"]) == 0
        assert 'add to [tool.kgen.names]: "config.example.com/v1" = "example_config_v1"' in capsys.readouterr().err
    assert run(["build", "--verbose", "--quiet"]) == 2
