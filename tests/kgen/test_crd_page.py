"""The examples of docs/crds.md about names and types of Kubernetes are true."""

from __future__ import annotations

import functools
import re
import tomllib
from typing import Any

import yaml

from kgen.errors import Problems
from kgen.ir import Api
from tests.conftest import ROOT
from tests.kgen.crd_schemas import CORE, in_place, spec_fields
from tests.kgen.manifests import of
from tests.torture.crd_names import Names

PAGE = (ROOT / "docs" / "crds.md").read_text("utf-8")


def part(title: str, form: str) -> str:
    """Return the first block of code of a section."""
    found = re.search(rf"^#+ {title}\n.*?^```{form}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


@functools.cache
def well() -> Any:
    return yaml.safe_load(part("How names are made", "yaml"))


def rows() -> list[tuple[str, str, str]]:
    """Return the table of names: place, name and meaning."""
    table = PAGE.partition("| place | name | is |")[2].partition("\n\n")[0]
    return re.findall(r"^\| (.+?) \| `(\w+)` \| (.+) \|$", table, re.MULTILINE)


def test_the_table_of_names_is_true() -> None:
    names = Names.of(of(well()))
    assert len(rows()) == 18
    for place, name, meaning in rows():
        full = f"yard_v1.{name}"
        if meaning.startswith("a class"):
            assert full in names.classes, place
            assert names.classes[full].is_open == ("keeps unknown fields" in meaning), place
        elif meaning.startswith("constants: "):
            found = {str(member.name) for member in names.constants[full].members}
            assert found == set(re.findall(r"`(\w+)`", meaning)), place
        else:
            target = re.match(r"`([\w.]+)`", meaning)
            assert target is not None
            assert names.aliases[full] in (target[1], f"yard_v1.{target[1]}"), place


def test_the_table_has_every_name() -> None:
    assert {f"yard_v1.{name}" for _, name, _ in rows()} == set(Names.of(of(well())).every())


def test_the_custom_names_of_the_page_name_something() -> None:
    custom: dict[str, str] = tomllib.loads(part("Custom names", "toml"))["tool"]["kgen"]["names"]
    problems = Problems()
    api: Api = of(well(), hand=custom, problems=problems)
    assert not problems.errors
    assert {"wells_v1.Rule", "wells_v1.Inlet", "wells_v1.Valve"} <= {*Names.of(api).every()}
    assert "proxy" in {field.name for field in Names.of(api).classes["wells_v1.WellSpec"].fields}
    assert [str(resource.accessor) for group in api.groups for resource in group.resources] == ["boreholes"]
    del custom["wells_v1.InletValve"]
    assert "wells_v1.InletValve" in Names.of(of(well(), hand=custom)).classes


def test_the_template_of_the_page_is_a_type_of_kubernetes() -> None:
    schema = yaml.safe_load(part("Which objects are types of Kubernetes", "yaml").replace("{...}", "{}"))
    schema["template"]["properties"]["spec"] = in_place(CORE + "PodSpec", leave_out=("resourceClaims",))
    assert spec_fields(schema)["template"].annotation == "core_v1.PodTemplateSpec | None"
