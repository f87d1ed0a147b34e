"""Nothing in a document can become code: hostile text in every place that holds text."""

from __future__ import annotations

import ast
import importlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from kgen import text
from kgen.errors import InputError, KgenError, Problems
from kgen.ir import Api
from kgen.load.crd import parse
from kgen.load.crd_openapi import convert
from kgen.models import class_sources
from kgen.plan import plan
from kgen.plan.headers import MARKER
from kgen.render import comments_of, render, templates_folder
from kgen.tree import publish
from kgen.verify import verify
from tests.kgen.documents import GVK, document, generated, reference, resolved
from tests.kgen.hostile import PAYLOADS, obeyed
from tests.torture.specs import CRD, changed, made, wrong
from tests.torture.specs import places as places_of

pytestmark = pytest.mark.thorough

SPEC = "com.example.v1.WidgetSpec"


def merged(payload: str) -> dict[str, Any]:
    """Return a list schema with merge keys and validation rules, which kgen writes into a docstring."""
    return {
        "type": "array",
        "items": {"type": "object", "properties": {"a": {"type": "string"}}},
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": [payload],
        "x-kubernetes-patch-strategy": "merge",
        "x-kubernetes-patch-merge-key": f"{payload}{payload}",
        "x-kubernetes-validations": [{"rule": payload, "message": payload}],
    }


def places(payload: str) -> dict[str, dict[str, Any]]:
    """Return one document for each place that can hold untrusted text."""
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
        "keys by which a list is merged": field(merged(payload)),
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
        "group": _served(payload, "v1", "widgets"),
        "version": _served("example.com", payload, "widgets"),
        "plural": _served("example.com", "v1", payload),
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


def _served(group: str, version: str, plural: str) -> dict[str, Any]:
    """Return a document whose paths contain the group, the version and the plural."""
    raw = document()
    own = "/apis/example.com/v1/namespaces/{namespace}/widgets"
    other = f"/apis/{group}/{version}/namespaces/{{namespace}}/{plural}"
    raw["paths"] = {path.replace(own, other): item for path, item in raw["paths"].items()}
    return raw


def crd_places(payload: str) -> dict[str, dict[str, Any]]:
    """Return one CRD for each place that can hold untrusted text, and one with the text in many places."""
    text = {"type": "string"}

    def crd(schema: dict[str, Any] | None = None, more: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        said = {"group": "example.com", "version": "v1", "kind": "Widget", "plural": "widgets", **changes}
        names = {"kind": said["kind"], "plural": said["plural"], "shortNames": said.get("short", [])}
        spec = {"type": "object", "properties": schema or {"value": text}}
        version = {"name": said["version"], "served": True, "storage": True, **(more or {})}
        version["schema"] = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
        own = {"group": said["group"], "scope": "Namespaced", "names": names, "versions": [version]}
        return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": own}

    words: dict[str, Any] = {
        "enum": [payload, "Known"],
        "default": payload,
        "pattern": payload,
        "format": payload,
        "description": payload,
        "title": payload,
        "example": payload,
        "examples": [payload],
    }
    column = {"name": payload, "type": payload, "jsonPath": payload, "description": payload}
    more = {"additionalPrinterColumns": [column], "deprecated": True, "deprecationWarning": payload}
    return {
        "group": crd(group=payload),
        "version": crd(version=payload),
        "kind": crd(kind=payload),
        "plural": crd(plural=payload),
        "field": crd({payload: text, "size": text}),
        "field of fields": crd({payload: {"type": "object", "properties": {payload: text}}}),
        **{key: crd({"value": {**text, key: value}}) for key, value in words.items()},
        "keys by which a list is merged": crd({"value": merged(payload)}),
        "printer column": crd(more=more),
        "short name": crd(short=[payload]),
        "all words": crd({"value": {**text, **words}, payload: {**text, **words}}, more, short=[payload]),
    }


def resolved_or_refused(raw: Mapping[str, Any]) -> Api | None:
    """Resolve a document. Return None if kgen refuses it with a message before it writes a file."""
    problems = Problems()
    try:
        api = resolved(raw, problems=problems)
    except InputError as error:
        assert error.what
        return None
    return None if problems.errors else api


def test_datamodel_code_generator_accepts_every_resolved_name() -> None:
    text = {"type": "string"}
    payloads = [payload for payload in PAYLOADS if payload]
    schemas: dict[str, Any] = {f"com.example.v1.{p}": {"type": "object", "properties": {p: text}} for p in payloads}
    api = resolved_or_refused(document(extra=schemas))
    api = api or resolved(document(extra={SPEC: {"type": "object", "properties": dict.fromkeys(payloads, text)}}))
    assert generated(api)


PLACES = sorted(places("x"))


_OWN_NAMES = {"__all__", "__getattr__", "__name__"}
"""The dunder names that generated modules use. `verify` compares their statements with the planned ones."""


@pytest.mark.parametrize("place", PLACES)
def test_hostile_text_never_becomes_code(place: str) -> None:
    for payload in PAYLOADS:
        raw = places(payload)[place]
        api = resolved_or_refused(raw)
        if api is None:
            continue
        for path, source in generated(api, quickly=True).items():
            compile(source.encode(), path, "exec", dont_inherit=True)
            assert obeyed(source) is None, (payload, path)
            for node in ast.walk(ast.parse(source)):
                assert not (isinstance(node, ast.Name) and node.id.startswith("__") and node.id not in _OWN_NAMES), (
                    payload,
                    path,
                )


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a folder on the import path. The modules imported from it are unloaded afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for name in [name for name in sys.modules if name == "made" or name.startswith("made.")]:
        del sys.modules[name]


@pytest.mark.parametrize("payload", [p for p in PAYLOADS if len(p) < 1000], ids=ascii)
def test_models_from_hostile_text_can_be_imported_and_used(payload: str, imported: Path) -> None:
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
    """A second check refuses unescaped text from a user's template, and a changed class."""
    api = resolved(document())
    sources = dict(class_sources(api.modules, templates_folder()))
    files = render(plan(api, sources, "made", "specs"))
    for path in ("made/models/example_v1.py", "made/typed/example/v1/widget.py", "made/clientset.py"):
        hostile = files | {path: files[path] + "\nimport os\n"}
        with pytest.raises(KgenError, match="differs from the plan"):
            verify(hostile, api.modules, "made")
    changed = files["made/models/example_v1.py"].replace("size: int | None = None", "size: int | None = print()")
    with pytest.raises(KgenError, match="not the planned field size"):
        verify(files | {"made/models/example_v1.py": changed}, api.modules, "made")


ADDED = (
    ("# Generated by kgen from x coding: utf-7. To change it, edit the input and run `kgen build`.", "encoding"),
    ("# -*- coding: utf-7 -*-", "encoding"),
    ("# vim: set fileencoding=latin-1 :", "encoding"),
    ("# Generated by kgen from x # type: ignore. To change it, edit the input and run `kgen build`.", "comment"),
    ("# type: ignore", "comment"),
    ("# ruff: noqa", "comment"),
    ("# any other words", "comment"),
    ("#!/bin/sh", "comment"),
    ("\x0c", "control character"),
    ("\ufeff", "control character"),
    ("\u2028", "control character"),
)


@pytest.mark.parametrize(("line", "what"), ADDED, ids=[ascii(line) for line, _ in ADDED])
def test_an_unplanned_comment_is_refused(line: str, what: str) -> None:
    api = resolved(document())
    files = render(plan(api, class_sources(api.modules, templates_folder()), "made", "specs"))
    for path, source in files.items():
        for at in (0, 1, 2) if source else ():
            lines = source.split("\n")
            lines.insert(at, line)
            with pytest.raises(KgenError, match=f"{what}|comment"):
                verify(files | {path: "\n".join(lines)}, api.modules, "made")
            joined = source.split("\n")
            joined[at] += f"  {line}"
            if joined[at].endswith(f'"""  {line}'):
                with pytest.raises(KgenError, match=f"{what}|comment"):
                    verify(files | {path: "\n".join(joined)}, api.modules, "made")


def test_user_templates_may_add_comments_but_documents_may_not(tmp_path: Path) -> None:
    text = (templates_folder() / "package.py.jinja").read_text()
    (tmp_path / "package.py.jinja").write_text(
        f"{text}\n# Ours: all rights reserved.\n# ruff: noqa\n# {{{{ it.header.line }}}}\n"
    )
    trusted = comments_of(tmp_path)
    for source, fits in (("specs", True), ("x coding: utf-7", True)):
        api = resolved(document())
        files = render(plan(api, class_sources(api.modules, templates_folder()), "made", source), tmp_path)
        assert fits
        verify(files, api.modules, "made", trusted=trusted)
        with pytest.raises(KgenError, match="unplanned comment"):
            verify(files, api.modules, "made")
        hostile = {
            path: text.replace("# # Generated", "# mypy: ignore-errors Generated") for path, text in files.items()
        }
        with pytest.raises(KgenError, match="unplanned comment"):
            verify(hostile, api.modules, "made", trusted=trusted)


FILE_NAMES = [
    name for name in PAYLOADS if name.strip(" .") and len(name) < 200 and not set(name) & {"/", "\0", "\ud800"}
]


@given(
    st.sampled_from(FILE_NAMES)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), max_size=40)
)
@example("widgets coding: utf-7 (v1)")
def test_names_of_files_and_folders_have_no_meaning_in_generated_files(name: str) -> None:
    """A file name in the first line is not read as an encoding declaration, so text of the CRD stays text."""
    words = text.docstring("A widget.+ACIAIgAi-; __import__('os').abort(); +ACIAIgAi-")
    for source in (f"{name}.yaml", f"{name}/crds/a.yaml", f"crds/{name}"):
        line = f"{MARKER} from {text.comment(source)}. To change it, edit the input and run `kgen build`."
        assert obeyed(f"{line}\n{words}\n") is None


def test_the_command_builds_from_files_with_hostile_names(tmp_path: Path) -> None:
    raw = crd_places("x")["description"]
    kept = [name for name in FILE_NAMES if len(name.encode()) < 200 and "\n" not in name]
    assert len(kept) > 30
    (tmp_path / "crds").mkdir()
    for number, name in enumerate(kept):
        raw["spec"]["group"] = f"g{number}.example.com"
        (tmp_path / "crds" / f"{name}.yaml").write_text(json.dumps(raw))
    command = [sys.executable, "-m", "kgen", "build", "--specs", "crds", "--package", "mine"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made = list(tmp_path.rglob("*.py"))
    assert len(made) > len(kept)
    for file in made:
        assert obeyed(file.read_bytes().decode()) is None, file
        compile(file.read_bytes(), file, "exec", dont_inherit=True)


def test_a_user_template_cannot_print_plain_text_as_code(tmp_path: Path) -> None:
    api = resolved(document())
    (tmp_path / "package.py.jinja").write_text("{{ 'text' }}\n")
    with pytest.raises(KgenError, match="is not Code"):
        render(plan(api, class_sources(api.modules, templates_folder()), "made", "specs"), tmp_path)


def test_hostile_text_in_every_string_of_a_crd_stays_text() -> None:
    """`python -m tests.torture specs` tries more combinations, at random."""
    everywhere = sorted(places_of(CRD), key=str)
    assert len(everywhere) > 200
    for number, place in enumerate(everywhere):
        for payload in PAYLOADS[number % 50 :: 50]:
            if "\ud800" in payload:
                continue  # YAML and JSON files cannot contain a lone surrogate.
            raw = changed(CRD, place, payload)
            files = made(lambda raw=raw: convert(parse(yaml.safe_dump(raw).encode(), "crd.yaml")), None)  # type: ignore[misc]
            assert files is None or wrong(files) is None, (place, payload)


def test_the_corpus_has_every_attack_and_every_place() -> None:
    """The corpus includes attacks from the issues of other generators."""
    text = "\n".join(PAYLOADS)
    attacks = (
        "'",
        '"',
        '"""',
        "\u2028",
        "\u2029",
        "\x85",
        "\0",
        "\u202e",
        "\u200b",
        "{{",
        "{%",
        "{name!r}",
        "\n@",
        "utf-7",
    )
    assert [
        attack for attack in (*attacks, "../", "/etc", "C:\\", "\ufeff", "\\N{", "%s", "# type:") if attack not in text
    ] == []
    assert {"CON", "nul", "\\", "x" * 10_000, "__struct_fields__", "ﬁ"} <= set(PAYLOADS)
    assert any(payload.endswith("\\") and len(payload) > 1 for payload in PAYLOADS)
    named = {
        "group",
        "version",
        "kind",
        "plural",
        "field",
        "enum",
        "default",
        "pattern",
        "format",
        "description",
        "title",
    }
    assert named | {"examples", "printer column", "short name"} <= crd_places("x").keys()


WRITTEN = ("all words", "group", "kind", "version")
IMPORT = """
import importlib, pathlib, sys
folder = pathlib.Path(sys.argv[1])
import kubeclient, kubeclient.models.meta_v1
kubeclient.Clientset, kubeclient.AsyncClientset
done = []
def hook(event, arguments):
    if event.startswith(("os.", "socket.", "subprocess.", "ctypes.", "shutil.")) and event not in ("os.listdir", "os.scandir"):
        done.append(event)
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        done.append(event)
sys.dont_write_bytecode = True
sys.addaudithook(hook)
count = 0
for place in sorted(folder.iterdir()):
    sys.path.insert(0, str(place))
    importlib.invalidate_caches()
    for file in sorted(place.glob("made/**/*.py")):
        parts = file.relative_to(place).with_suffix("").parts
        importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
        count += 1
    sys.path.pop(0)
    for name in [name for name in sys.modules if name.split(".")[0] == "made"]:
        del sys.modules[name]
print(count, done)
"""


def test_hostile_crds_write_only_below_the_output_and_their_import_runs_nothing(tmp_path: Path) -> None:
    """kgen refuses each attack in a CRD with a message, or writes it as harmless text below the output folder."""
    output = tmp_path / "out" / "here"
    written = 0
    for number, payload in enumerate(PAYLOADS):
        if "\ud800" in payload:
            continue  # YAML and JSON files cannot contain a lone surrogate.
        for place, raw in crd_places(payload).items():
            files = made(lambda raw=raw: convert(parse(json.dumps(raw).encode(), "crd.yaml")), None)  # type: ignore[misc]
            assert files is None or wrong(files) is None, (place, payload)
            if files is not None and place in WRITTEN:
                publish(files, output / f"{number}-{place.replace(' ', '-')}", "made")
                written += 1
    assert written > 80
    assert [entry.name for entry in tmp_path.rglob("*") if not entry.is_relative_to(output)] == ["out"]
    done = subprocess.run([sys.executable, "-c", IMPORT, str(output)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    count, events = done.stdout.split(" ", 1)
    assert int(count) >= written
    assert events.strip() == "[]"


def test_a_document_without_a_resource_makes_a_package_without_groups() -> None:
    raw = document()
    raw["paths"] = {}
    assert "if TYPE_CHECKING" not in generated(resolved(raw), quickly=True)["made/clientset.py"]
