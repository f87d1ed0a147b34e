"""Pages of CRDs link the types of Kubernetes to the reference of kubeclient."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from unittest.mock import Mock

import pytest

from kgen.bundled_specs import bundled_specs
from kgen.cli import run
from kgen.config import Config
from kgen.errors import Problems
from kgen.pipeline import document
from kgen.resolve import resolve
from kgen.setting_rules import KUBECLIENT_DOCS
from tests.conftest import ROOT
from tools.site.links import anchors

pytestmark = pytest.mark.thorough  # builds; text alone

SPECS = ROOT / "tests" / "crds"
LINK = re.compile(r"\[`((?:meta|core|apps)_v1\.\w+)`\]\(([^)]+)\)")


def pages_of(place: str = KUBECLIENT_DOCS) -> dict[str, str]:
    output = ROOT / "generated"
    config = Config(specs=(SPECS,), sources=("crds",), output=output, package="mine", kubeclient_docs=place)
    return document(config, Problems())


@pytest.fixture(scope="module")
def kubeclient() -> dict[str, str]:
    config = Config(specs=(bundled_specs(),), sources=("specs",), output=ROOT / "generated", package="kubeclient")
    return document(config, Problems())


def test_types_of_kubernetes_are_links_to_the_site_of_kgen(kubeclient: dict[str, str]) -> None:
    found = {link for text in pages_of().values() for link in LINK.findall(text)}
    assert {name for name, _ in found} >= {"meta_v1.ObjectMeta", "meta_v1.Condition", "core_v1.SecretKeySelector"}
    for name, address in found:
        page, _, anchor = address.removeprefix(KUBECLIENT_DOCS).partition("#")
        text = kubeclient[f"{page.removesuffix('/')}.md"]
        assert f"`{name}`" in text if anchor else f"`kubeclient.models.{name}`" in text
        assert not anchor or anchor in anchors(text)


def test_a_folder_of_pages_is_linked_relative_to_each_page(kubeclient: dict[str, str]) -> None:
    found = [
        (posixpath.dirname(path), target.partition("#")[0])
        for path, text in pages_of("../kubeclient").items()
        for _, target in LINK.findall(text)
    ]
    assert found
    for folder, target in found:
        there = posixpath.normpath(posixpath.join("mine", folder, target))
        assert there.removeprefix("kubeclient/") in kubeclient


def test_without_a_reference_types_have_their_full_names() -> None:
    text = "".join(pages_of("").values())
    assert "`kubeclient.models.meta_v1.Condition`" in text
    assert LINK.findall(text) == []


def test_the_documents_of_kubernetes_are_resolved_only_if_a_type_is_linked(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved = Mock(wraps=resolve)
    monkeypatch.setattr("kgen.pipeline.resolve", resolved)
    for place, times in (("", 1), (KUBECLIENT_DOCS, 2)):
        resolved.reset_mock()
        pages_of(place)
        assert resolved.call_count == times


@pytest.mark.parametrize("place", ["javascript:alert(1)", "https://x/)[a](b", "a b", "//evil`"])
def test_other_addresses_are_refused(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["docs", "--specs", str(SPECS), "--package", "mine", "--kubeclient-docs", place]) == 2
    assert "is not the address or the folder of a reference" in capsys.readouterr().err


def test_the_configuration_names_the_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kgen.toml").write_text(f'specs = "{SPECS}"\npackage = "mine"\nkubeclient_docs = "../kubeclient"\n')
    assert run(["docs", "--quiet"]) == 0
    pages = [path.read_text("utf-8") for path in (tmp_path / "reference").rglob("*.md")]
    assert any("](../../kubeclient/meta_v1/ObjectMeta.md)" in text for text in pages)
