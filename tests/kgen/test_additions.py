"""Additions to documents keep all existing names, which kgen reads from the package on disk."""

from __future__ import annotations

import copy
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec.structs import replace

from kgen.cli import run
from kgen.existing_names import group_versions, read_package_names
from kgen.ir import Api
from kgen.package_names import PackageNames
from tests.kgen.crd_schemas import SCHEMA, STRING, enum, in_place, obj
from tests.kgen.documents import generated
from tests.kgen.manifests import change, manifest
from tests.torture.additions import at_hand, play, resolved
from tests.torture.crd_changes import added
from tests.torture.crd_families import drawn
from tests.torture.crd_names import Names, lost
from tests.torture.tally import Tally


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_additions_to_drawn_crds_take_no_name_away(seed: int) -> None:
    tally = Tally("additions")
    play(tally, 60, seed)
    assert not tally.bad, "\n".join(tally.bad)
    assert int(tally.figures["turned"]) < tally.tries / 4


@pytest.mark.shared
@pytest.mark.thorough
def test_random_additions_to_the_crds_at_hand_take_no_name_away() -> None:
    tally = Tally("additions")
    play(tally, 80, 7, at_hand())
    assert not tally.bad, "\n".join(tally.bad)


@pytest.mark.slow
def test_the_comparison_finds_an_addition_that_changes_or_removes_a_name() -> None:
    """The comparison of the tests above finds lost and changed names."""
    plan = obj(a=STRING)
    before = resolved([manifest({"plans": {"type": "array", "items": plan}, "mode": enum("On"), "proxyURL": STRING})])
    for changed, found in (
        ({"plans": {"type": "array", "items": plan}, "mode": STRING, "proxyURL": STRING}, "WidgetSpecMode are gone"),
        (
            {"plans": {"type": "array", "items": plan}, "mode": enum("on"), "proxyURL": STRING},
            "WidgetSpecMode.ON is no longer 'On'",
        ),
        ({"plan": plan, "mode": enum("On"), "proxyURL": STRING}, "WidgetSpec.plans is now gone"),
        (
            {
                "plans": {"type": "array", "items": plan},
                "plan": enum("A"),
                "mode": enum("On"),
                "proxyURL": STRING,
                "proxyUrl": STRING,
            },
            "WidgetSpec.proxy_url is now proxyURL",
        ),
    ):
        losses, _ = lost(Names.of(before), Names.of(resolved([manifest(changed)])))
        assert any(found in each for each in losses), losses


def crds(folder: Path, *manifests: dict[str, Any]) -> None:
    for raw in manifests:
        (folder / f"{raw['metadata']['name']}-{raw['spec']['names']['kind']}.yaml").write_text(yaml.safe_dump(raw))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "crds").mkdir()
    (tmp_path / "kgen.toml").write_text('specs = "crds"\noutput = "."\npackage = "mine"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def widget_spec_is_a_kind(raw: dict[str, Any]) -> list[dict[str, Any]]:
    return [raw, manifest(names={"plural": "widgetspecs", "kind": "WidgetSpec"})]


def more(**properties: Any) -> Callable[[dict[str, Any]], list[dict[str, Any]]]:
    def add(raw: dict[str, Any]) -> list[dict[str, Any]]:
        own = raw["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        return [change(raw, f"{SCHEMA}/properties/spec/properties", {**properties, **own})]

    return add


@pytest.mark.thorough
@pytest.mark.parametrize(
    "add",
    [
        more(plan=enum("Small")),
        more(proxyUrl=STRING),
        more(fooBar=obj(c=STRING)),
        more(mode=enum("HEAD", "head")),
        more(plan=obj(other=STRING)),
        widget_spec_is_a_kind,
    ],
    ids=["constants", "field", "shorter path", "value", "exact word", "kind"],
)
def test_a_rebuild_keeps_the_names_of_the_package_after_an_addition(
    add: Callable[[dict[str, Any]], list[dict[str, Any]]], project: Path
) -> None:
    """In a new package, each addition would get the name."""
    raw = manifest(
        {
            "plans": {"type": "array", "items": obj(a=STRING, mode=enum("head"))},
            "proxyURL": STRING,
            "foo": obj(bar=obj(b=STRING)),
            "mode": enum("head"),
        }
    )
    before = resolved([raw])
    crds(project / "crds", raw)
    assert run(["build", "-q"]) == 0
    after = add(copy.deepcopy(raw))
    crds(project / "crds", *after)
    assert run(["build", "-q"]) == 0
    assert run(["check", "-q"]) == 0, "a second build with the package on disk changes nothing"
    made = resolved(after, read_package_names(project, "mine"))
    assert lost(Names.of(before), Names.of(made)) == ([], False)
    if add is widget_spec_is_a_kind:  # mypy is slow, and the other additions give it nothing new to check.
        typed = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "mine"]
        done = subprocess.run(typed, cwd=project, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:]


def lost_by(*states: dict[str, Any], folder: Path | None = None) -> list[str]:
    """Return the names lost between states of a spec. With `folder`, kgen reads names from the package on disk."""
    found: list[str] = []
    api = resolved([manifest(states[0])])
    for number, state in enumerate(states[1:]):
        before = PackageNames.of(api) if folder is None else on_disk(api, folder / f"{number}")
        after = resolved([manifest(state)], before)
        found += lost(Names.of(api), Names.of(after))[0]
        api = after
    return found


def on_disk(api: Api, folder: Path) -> PackageNames:
    for path, source in generated(api, quickly=True).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(source, encoding="utf-8")
    return read_package_names(folder, "made")


ALIKE = {"a": obj(x=STRING), "foo-bar": obj(x=STRING), "fooBar": obj(x=STRING), "foo": obj(bar=obj(x=STRING))}


def test_equal_objects_with_similar_names_keep_them_as_aliases_of_aliases() -> None:
    """`b` equals `a`, so all names inside it are aliases. Only their spelling shows which name has which place."""
    state = {"a": obj(**ALIKE), "b": obj(**ALIKE)}
    assert {"WidgetSpecBFooBar", "WidgetSpecB_FooBar", "WidgetSpecBFoo_Bar"} <= {
        str(alias.name) for alias in resolved([manifest(state)]).modules[0].aliases
    }
    more = {**state, "aa": obj(**ALIKE)}
    assert not lost_by(state, {**state, "c": STRING})
    assert not lost_by(state, more, {**more, "b_": obj(**ALIKE)})


def test_constants_of_a_field_with_another_name_than_its_property_keep_their_values() -> None:
    """Next to `bar`, the property `Bar` is the field `field_Bar`, and its constants are named after the field."""
    held, more = (
        {"Bar": enum(*values), "bar": enum("a"), "foo-bar": enum(*values), "fooBar": STRING}
        for values in (("a_b",), ("A B", "a-b", "a_b"))
    )
    assert not lost_by({"zzz": obj(**held)}, {"zzz": obj(**more)}, {"aaa": obj(**more), "zzz": obj(**more)})


def test_a_package_keeps_the_names_that_former_rules_gave(tmp_path: Path) -> None:
    """Earlier versions cut an s off any word, kept underscores, and split `IPv4` into `I_PV4`."""
    items = {"type": "array", "items": obj(a=STRING)}
    state = {"aws": items, "disk_pool": obj(b=STRING), "disk-tray": obj(c=STRING), "family": enum("IPv4", "TLSv1.2")}
    former = {
        "WidgetSpecAws": "WidgetSpecAw",
        "WidgetSpecDiskPool": "WidgetSpecDisk_pool",
        "WidgetSpecDiskTray": "WidgetSpecDisktray",
        "IPV4": "I_PV4",
        "TLSV1_2": "TL_SV1_2",
    }
    new = resolved([manifest(state)])
    on_disk(new, tmp_path)
    module = tmp_path / "made" / "models" / "example_v1.py"
    source = module.read_text("utf-8")
    for name, old in former.items():
        assert re.search(rf"\b{name}\b", source), name
        source = re.sub(rf"\b{name}\b", old, source)
    module.write_text(source, "utf-8")
    for others in ({}, {"more": STRING, "aw": STRING}):
        api = resolved([manifest({**state, **others})], read_package_names(tmp_path, "made"))
        made = {str(model.name) for model in api.modules[0].models}
        members = {
            str(member.name) for model in api.modules[0].models for it in model.constants for member in it.members
        }
        assert {*former.values()} <= made | members
        assert not {*former} & (made | members)


def test_the_first_property_of_an_object_changes_no_type() -> None:
    nothing, states = {"type": "object"}, [{"zzz": {"type": "array", "items": {"type": "object"}}}]
    states += [{"zzz": {"type": "array", "items": obj(a=STRING)}}]
    assert not lost_by(*states)
    assert not lost_by({"marker": nothing}, {"marker": obj(a=STRING)})
    assert not lost_by({"marker": nothing, "b": nothing}, {"marker": obj(a=STRING), "b": nothing})


def test_equal_objects_with_similar_names_have_two_names_at_every_path() -> None:
    """In `aaa` as in `zzz`, each of the two places has a name, although both places share one class."""
    state = {"zzz": obj(rule=obj(a=STRING), rules={"type": "array", "items": obj(a=STRING)})}
    (module,) = resolved([manifest(state)]).modules
    assert [str(alias.name) for alias in module.aliases] == ["WidgetSpecZzz_Rule"]
    other = obj(rule=obj(a=STRING), rules={"type": "array", "items": obj(b=STRING)})
    assert not lost_by(
        {"zzz": other}, {"zzz": other, "yyy": state["zzz"]}, {"zzz": other, "aaa": state["zzz"], "yyy": state["zzz"]}
    )


def test_a_property_with_a_trailing_underscore_and_a_list_keep_separate_names() -> None:
    held = {"tls": {"type": "array", "items": obj(a=STRING)}, "tls_": obj(a=STRING)}
    more = {**held, "tls_": obj(a=STRING, b=STRING)}
    assert not lost_by({"aaa": obj(**held), "zzz": obj(**held)}, {"aaa": obj(**more), "zzz": obj(**held)})


def test_a_property_never_gets_the_name_of_an_equal_list_item() -> None:
    items = {"type": "array", "items": obj(a=STRING)}
    assert not lost_by({"tls": items}, {"tls": items, "tl": obj(a=STRING)})
    assert not lost_by({"tl": obj(a=STRING), "tls": items}, {"tl": obj(a=STRING), "tls": items, "tlss": obj(a=STRING)})


def test_a_class_inside_of_an_object_that_shares_its_class_keeps_its_name() -> None:
    """`WidgetSpecFooBar` is an alias, and `WidgetSpecFooBarType` inside of it is a class."""
    held = obj(type=obj(a=STRING))
    state = {"fooBar": held, "plan": obj(policy=held), "rule": obj(policy=held)}
    (module,) = resolved([manifest(state)]).modules
    assert "WidgetSpecFooBar" in {str(alias.name) for alias in module.aliases}
    assert "WidgetSpecFooBarType" in {str(model.name) for model in module.models}
    assert not lost_by(state, {**state, "foo": obj(barType=obj(b=STRING))})


@pytest.mark.slow
@pytest.mark.parametrize("kept", ["memory", "disk"])
def test_a_place_keeps_its_name_when_it_becomes_a_type_of_kubernetes_and_back(kept: str, tmp_path: Path) -> None:
    template = in_place("io.k8s.api.core.v1.PodTemplateSpec")
    longer = change(template, "properties/added", STRING)
    copied, own = {"template": template, "zzz": template}, {"template": longer, "zzz": longer}
    folder = tmp_path if kept == "disk" else None
    assert not lost_by(copied, own, copied, own, copied, folder=folder)
    # The same holds if the objects around it are equal and share a class.
    states = [{"a": obj(**each), "b": obj(**each)} for each in (copied, own, copied)]
    assert not lost_by(*states, folder=folder and folder / "equal")


def test_a_type_of_kubernetes_that_loses_its_name_is_found() -> None:
    template = in_place("io.k8s.api.core.v1.PodTemplateSpec")
    before = resolved([manifest({"template": template})])
    nameless = replace(before, modules=tuple(replace(module, aliases=()) for module in before.modules))
    longer = change(template, "properties/added", STRING)
    losses, _ = lost(Names.of(nameless), Names.of(resolved([manifest({"template": longer})])))
    assert any("which is not the name of the place" in each for each in losses)
    losses, _ = lost(Names.of(before), Names.of(nameless))
    assert any("WidgetSpecTemplate" in each for each in losses)


@pytest.mark.thorough
def test_a_build_with_the_names_of_a_package_generates_the_same_api(tmp_path: Path) -> None:
    for seed in range(20):
        choice = random.Random(seed)
        manifests = drawn(choice)
        for _ in range(3):
            manifests, _ = added(manifests, choice)
        api = resolved(manifests)
        for path, source in generated(api, f"made{seed}", quickly=True).items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(source, encoding="utf-8")
        for before in (PackageNames.of(api), read_package_names(tmp_path, f"made{seed}")):
            again = resolved(manifests, before)
            assert again == api


@pytest.mark.parametrize(
    "source",
    [
        "",
        "x",
        "# Generated by kgen",
        "# Generated by kgen\n(((((",
        "# Generated by kgen\nclass A(B):\n    a: b = c(name=1)",
    ],
)
def test_names_of_a_damaged_package_are_ignored(source: str, tmp_path: Path) -> None:
    (tmp_path / "mine" / "models").mkdir(parents=True)
    (tmp_path / "mine" / "models" / "example_v1.py").write_text(source)
    raw = manifest({"plan": enum("A")})
    assert resolved([raw], read_package_names(tmp_path, "mine")) == resolved([raw])


def test_names_are_read_from_tables_and_not_from_docstrings(tmp_path: Path) -> None:
    api = resolved([manifest({"mode": enum("On"), "other": {"type": "object", "properties": {"mode": enum("Off")}}})])
    for path, source in generated(api, "made", quickly=True).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(
            re.sub('"""(Known values|The clients) of[^"]*"""', '"""Words."""', source), "utf-8"
        )
    expected, found = PackageNames.of(api), read_package_names(tmp_path, "made")
    assert found.groups == expected.groups == {"example.com": "example"}
    assert found.module("example_v1").constants == expected.module("example_v1").constants
    assert len(found.module("example_v1").constants) == 2
    assert group_versions(tmp_path, "made") == {"example.com/v1"}


@pytest.mark.parametrize(
    "source",
    [
        "",
        "X: int = {'a/v1': 'a'}",
        "# Generated by kgen\nGROUP_VERSIONS: dict = {1: 2,",
        "# Generated by kgen\nGROUP_VERSIONS: dict = {**x, 1: 'a', 'b/v1': f()}",
    ],
)
def test_an_invalid_table_of_names_is_read_as_empty(source: str, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "_names.py").write_text(source, "utf-8")
    assert read_package_names(tmp_path, "made").groups == {}
    assert group_versions(tmp_path, "made") == frozenset()
