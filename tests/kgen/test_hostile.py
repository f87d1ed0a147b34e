"""Nothing in a document can become code: hostile text in every place that holds text."""

from __future__ import annotations

import ast
import importlib
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from kgen.errors import InputError, KgenError, Problems
from kgen.ir import Api
from kgen.load.crd import parse
from kgen.load.crd_openapi import convert
from kgen.models import class_sources
from kgen.plan import plan
from kgen.render import render, templates_folder
from kgen.verify import verify
from tests.kgen.documents import GVK, document, generated, reference, resolved
from tests.kgen.hostile import PAYLOADS
from tests.torture.specs import CRD, changed, made, wrong
from tests.torture.specs import places as places_of

pytestmark = pytest.mark.thorough

SPEC = "com.example.v1.WidgetSpec"


def places(payload: str) -> dict[str, dict[str, Any]]:
    """Return a document for each place that a stranger's text can stand in."""
    text = {"type": "string"}

    def spec(**changes: Any) -> dict[str, Any]:
        return document(extra={SPEC: {"type": "object", "properties": {"size": {"type": "integer"}}} | changes})

    def field(schema: object) -> dict[str, Any]:
        return spec(properties={"value": schema, "size": {"type": "integer"}})

    return {
        "description of a schema": spec(description=payload),
        "title": spec(title=payload),
        "description of a property": field(text | {"description": payload}),
        "name of a property": spec(properties={payload: text, "size": {"type": "integer"}}),
        "name of a property described in place": field({"type": "object", "properties": {payload: text}}),
        "property that holds an object described in place": spec(
            properties={payload: {"type": "object", "properties": {"a": text}}}
        ),
        "required": spec(required=[payload]),
        "enum": field(text | {"enum": [payload, "Known"]}),
        "default": field(text | {"default": payload}),
        "pattern": field(text | {"pattern": payload}),
        "format": field(text | {"format": payload}),
        "example": field(text | {"example": payload}),
        "type": field({"type": payload}),
        "reference": field({"$ref": f"#/components/schemas/{payload}"}),
        "keys that other generators obey": field(
            text
            | {
                "customTypePath": payload,
                "x-python-type": payload,
                "x-python-import": payload,
                "customBasePath": payload,
                "default_factory": payload,
            }
        ),
        "name of a schema": document(
            extra={
                f"com.example.v1.{payload}": {"type": "object", "properties": {"a": text}},
                SPEC: {"type": "object", "properties": {"value": reference(f"com.example.v1.{payload}")}},
            }
        ),
        "package of a schema": document(extra={f"{payload}.v1.Thing": {"type": "object", "properties": {"a": text}}}),
        "kind": document(kind=payload) if payload and "/" not in payload else document(),
        "group of a schema": spec(**{GVK: [{"group": payload, "version": "v1", "kind": "WidgetSpec"}]}),
        "kind of a schema": document(
            extra={
                SPEC: {
                    "type": "object",
                    GVK: [{"group": "example.com", "version": "v1", "kind": payload}],
                    "properties": {"apiVersion": text, "kind": text},
                }
            }
        ),
    }


def resolved_or_refused(raw: Mapping[str, Any]) -> Api | None:
    """Resolve a document; None where it is refused in words, before anything is written."""
    problems = Problems()
    try:
        api = resolved(raw, problems=problems)
    except InputError as error:
        assert error.what
        return None
    return None if problems.errors else api


def test_datamodel_code_generator_takes_every_name_that_is_left() -> None:
    text = {"type": "string"}
    payloads = [payload for payload in PAYLOADS if payload]
    schemas: dict[str, Any] = {f"com.example.v1.{p}": {"type": "object", "properties": {p: text}} for p in payloads}
    api = resolved_or_refused(document(extra=schemas))
    api = api or resolved(document(extra={SPEC: {"type": "object", "properties": dict.fromkeys(payloads, text)}}))
    assert generated(api)


PLACES = sorted(places("x"))


@pytest.mark.parametrize("place", PLACES)
def test_hostile_text_stays_text(place: str) -> None:
    for payload in PAYLOADS:
        raw = places(payload)[place]
        api = resolved_or_refused(raw)
        if api is None:
            continue
        for path, source in generated(api, quickly=True).items():
            compile(source, path, "exec", dont_inherit=True)
            for node in ast.walk(ast.parse(source)):
                assert not (isinstance(node, ast.Name) and node.id.startswith("__") and node.id != "__all__"), (
                    payload,
                    path,
                )


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder to import from; what was imported from it is forgotten afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for name in [name for name in sys.modules if name == "made" or name.startswith("made.")]:
        del sys.modules[name]


@pytest.mark.parametrize("payload", [p for p in PAYLOADS if len(p) < 1000], ids=ascii)
def test_what_hostile_text_leaves_can_be_imported_and_used(payload: str, imported: Path) -> None:
    import msgspec

    for place, raw in places(payload).items():
        api = resolved_or_refused(raw)
        if api is None:
            continue
        shutil.rmtree(imported / "made", ignore_errors=True)
        for path, source in generated(api, quickly=True).items():
            if "/models/" in path or path == "made/__init__.py":
                target = imported / path
                assert target.resolve().is_relative_to(imported)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(source if "/models/" in path else "", encoding="utf-8")
        for name in [name for name in sys.modules if name == "made" or name.startswith("made.")]:
            del sys.modules[name]
        importlib.invalidate_caches()
        for module in api.modules:
            made = importlib.import_module(f"made.models.{module.name}")
            for model in module.models:
                made_class = getattr(made, model.name)
                wire = {field.encode_name: field.name for field in msgspec.structs.fields(made_class)}
                assert wire == {field.wire_name: field.name for field in model.fields}, place
                msgspec.json.Decoder(made_class)


def test_text_that_is_not_escaped_never_reaches_a_file() -> None:
    """The second wall: a template of the user's that prints a value unescaped is refused, and so is a changed class."""
    api = resolved(document())
    sources = dict(class_sources(api.modules, templates_folder()))
    files = render(plan(api, sources, "made", "specs"))
    for path in ("made/models/example_v1.py", "made/typed/example/v1/widget.py", "made/clientset.py"):
        hostile = files | {path: files[path] + "\nimport os\n"}
        with pytest.raises(KgenError, match="not what was planned"):
            verify(hostile, api.modules, "made")
    changed = files["made/models/example_v1.py"].replace("size: int | None = None", "size: int | None = print()")
    with pytest.raises(KgenError, match="not the planned field size"):
        verify(files | {"made/models/example_v1.py": changed}, api.modules, "made")


def test_a_template_of_the_users_cannot_print_what_is_not_code(tmp_path: Path) -> None:
    api = resolved(document())
    (tmp_path / "package.py.jinja").write_text("{{ 'text' }}\n")
    with pytest.raises(KgenError, match="is not Code"):
        render(plan(api, class_sources(api.modules, templates_folder()), "made", "specs"), tmp_path)


def test_hostile_text_in_every_string_of_a_crd_stays_text() -> None:
    """Rows D1, D3 and D4 of the reliability matrix; `python -m tests.torture specs` tries all of it."""
    everywhere = sorted(places_of(CRD), key=str)
    assert len(everywhere) > 200
    for number, place in enumerate(everywhere):
        for payload in PAYLOADS[number % 50 :: 50]:
            if "\ud800" in payload:
                continue  # No file of YAML or JSON holds half of a surrogate pair.
            raw = changed(CRD, place, payload)
            files = made(lambda raw=raw: convert(parse(yaml.safe_dump(raw).encode(), "crd.yaml")), None)  # type: ignore[misc]
            assert files is None or wrong(files) is None, (place, payload)


def test_a_document_without_a_resource_makes_a_package_without_groups() -> None:
    raw = document()
    raw["paths"] = {}
    assert "if TYPE_CHECKING" not in generated(resolved(raw), quickly=True)["made/clientset.py"]
