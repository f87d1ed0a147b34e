"""Packages build and import if documents contain names that Python, Kubernetes or the generated code use."""

from __future__ import annotations

import builtins
import functools
import inspect
import itertools
import keyword
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

import kubecore
from kgen import reserved_names
from kgen.errors import Problems
from kgen.resolve import resolve
from kgen.resolve.types import SHARED
from kubecore import async_verbs, clientset, options, rest, sync_verbs
from kubecore.generated import clients, models
from kubecore.model import scalars
from kubecore.model.model import Model, OpenModel
from tests.kgen.documents import document, generated, reference, spec_of
from tests.kgen.manifests import manifest, of

OWN: Final = sorted(
    {
        *keyword.kwlist,
        *keyword.softkwlist,
        *(name for name in dir(builtins) if name[0].isalpha()),
        *(name for owner in (Model, OpenModel, msgspec.Struct) for name in dir(owner)),
        *(
            name
            for module in (kubecore, async_verbs, sync_verbs, options, rest, scalars, clientset)
            for name in dir(module)
        ),
        *(name for owner in (clientset.BaseClientset, clientset.AsyncBaseClientset) for name in dir(owner)),
        *("Clientset", "AsyncClientset", "Final", "Literal", "TypeAlias", "TYPE_CHECKING", "annotations", "typing"),
        *("self", "cls", "metadata", "spec", "status", "items", "api_version", "apiVersion", "kind", "core_v1"),
        *("msgspec", "models", "typed", "_group", "_kinds", "KINDS", "init", "py", "example_v1", "meta_v1", "builtins"),
    }
)
"""Names that Python, the runtime and the templates use."""

LABELS: Final = sorted({label for name in OWN if (label := name.strip("_").lower().replace("_", "-"))})
KINDS: Final = sorted(
    {kind[:1].upper() + kind[1:] for name in OWN if (kind := name.replace("_", "")) and kind[0].isalpha()}
)
STRING: Final = {"type": "string"}


def obj(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties)}


def built(files: Mapping[str, str], folder: Path, package: str) -> None:
    """Write a package, compile it, and import all its modules and groups in a separate process."""
    for path, source in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(source, encoding="utf-8")
        compile(source, path, "exec", dont_inherit=True)
    done = subprocess.run(
        [sys.executable, "-B", "-c", IMPORT, str(folder), package], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


IMPORT: Final = """
import importlib, inspect, pkgutil, sys, typing
sys.path.insert(0, sys.argv[1])
made = importlib.import_module(sys.argv[2])
for info in pkgutil.walk_packages(made.__path__, made.__name__ + "."):
    importlib.import_module(info.name)
from kubecore import rest
with made.Clientset(rest.Config(host="http://127.0.0.1:1")) as clientset:
    assert clientset.discovery is not None and clientset.rest_client is not None
    for name, group in vars(made.Clientset).items():
        if isinstance(group, property):
            client = getattr(clientset, name)
            assert type(client).__name__.rstrip("_").endswith("Client"), client
            for accessor, method in vars(type(client)).items():
                if inspect.isfunction(method) and not accessor.startswith("_"):
                    found = method(client, "x") if "namespace" in inspect.signature(method).parameters else method(client)
                    wanted = inspect.signature(method).return_annotation
                    assert type(found).__name__ == wanted, (found, wanted)
for info in pkgutil.iter_modules(made.models.__path__):
    module = importlib.import_module(f"{made.__name__}.models.{info.name}")
    for name in module.__all__:
        made_class = getattr(module, name)
        if hasattr(made_class, "__struct_fields__"):
            typing.get_type_hints(made_class)
            made_class.from_dict({}).to_dict() if not made_class.__struct_config__.forbid_unknown_fields else None
"""


def type_checked(folder: Path, package: str) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", str(folder / package)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def crd(group: str, version: str, kind: str, plural: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    raw = manifest(dict(spec), group=group, names={"plural": plural, "kind": kind})
    raw["spec"]["versions"][0]["name"] = version
    return raw


@pytest.mark.thorough
def test_groups_and_versions(tmp_path: Path) -> None:
    """Use each name as a group and as a version."""
    problems = Problems()
    crds = [crd(f"{label}.example{n}.com", "v1", "Widget", "widgets", {"a": STRING}) for n, label in enumerate(LABELS)]
    crds += [crd("rest.example.com", label, "Widget", "widgets", {"a": STRING}) for label in LABELS]
    crds += [
        crd("a-1.example.com", "v1", "Widget", "widgets", {}),
        crd("a1.example.com", "v1", "Widget", "widgets", {}),
    ]
    api = of(*crds, problems=problems)
    assert not problems.errors
    assert len({group.class_name for group in api.groups} | {f"Async{group.class_name}" for group in api.groups}) == (
        2 * len(api.groups)
    )
    assert len({group.package for group in api.groups}) == len(api.groups) == len(crds)
    built(generated(api, "everyname", quickly=True), tmp_path, "everyname")


@pytest.mark.thorough
def test_kinds_plurals_and_properties(tmp_path: Path) -> None:
    """Use each name as a kind, a plural equal to the kind, a property, an object in it, and a value of an enum."""
    values = {"type": "string", "enum": [*OWN, *(name.lower() for name in OWN), "=", "", "+", "имя", "1", "-1"]}
    held = {name: obj({"from": STRING, name: values}) for name in OWN if name != "apiVersion"}
    crds = [
        crd("example.com", "v1", kind, f"{kind.lower()}{'s' * (n % 2)}", {"a": obj({"b": STRING}), kind: STRING})
        for n, kind in enumerate(kind for _, kinds in by_lower(KINDS) for kind in kinds[:1])
    ]
    crds.append(crd("wide.example.com", "v1", "Wide", "wides", {**held, **{f"{name}s": STRING for name in OWN}}))
    crds.append(
        crd(
            "lists.example.com", "v1", "Wide", "wides", {n: {"type": "array", "items": obj({"a": STRING})} for n in OWN}
        )
    )
    problems = Problems()
    api = of(*crds, problems=problems)
    assert not problems.errors, problems.errors[:3]
    built(generated(api, "everykind", quickly=True), tmp_path, "everykind")
    type_checked(tmp_path, "everykind")


def by_lower(kinds: list[str]) -> Iterator[tuple[str, list[str]]]:
    for lower, found in itertools.groupby(sorted(kinds, key=str.lower), key=str.lower):
        yield lower, list(found)


def test_subresources_and_their_bodies(tmp_path: Path) -> None:
    """An aggregated API may serve subresources and bodies of every name, and many resources of one kind."""
    text = obj({"a": STRING})
    raw = document(extra={f"com.example.v1.{kind}": text for _, kinds in by_lower(KINDS) for kind in kinds[:1]})
    base = "/apis/example.com/v1/namespaces/{namespace}/widgets"
    answer = raw["paths"][base]["post"]["responses"]
    subresources = sorted(
        {*(name.replace("_", "-") for name in reserved_names.RESERVED_METHODS), "or-none", "or_none", "and.wait"}
    )
    subresources += ["and-wait", "logs", "metadata", "for-rollout", "and-watch", "or-update", "collection"]
    bodies = [
        kind for _, kinds in by_lower([*KINDS, "Name", "DryRun", "Type", "Force", "FieldManager"]) for kind in kinds[:1]
    ]
    raw["components"]["schemas"] |= {f"com.example.v1.{kind}": text for kind in bodies}
    for sub, body in itertools.zip_longest(subresources, bodies, fillvalue="last"):
        content = {"*/*": {"schema": reference(f"com.example.v1.{body if body != 'last' else bodies[0]}")}}
        path = f"{base}/{{name}}/{sub if sub != 'last' else f'x-{body.lower()}'}"
        raw["paths"][path] = {
            method: {
                "x-kubernetes-action": method,
                "requestBody": {"content": content},
                "responses": {
                    "200": {"description": "OK", "content": {"application/json": next(iter(content.values()))}}
                },
            }
            for method in ("get", "put", "post", "patch", "delete")
        }
    for plural in ("widget", "widgetses", "Widgets"):
        raw["paths"][base.replace("widgets", plural)] = raw["paths"][base]
        raw["paths"][base.replace("widgets", plural) + "/{name}"] = raw["paths"][f"{base}/{{name}}"]
    assert answer
    problems = Problems()
    api = resolve(spec_of(raw), {}, problems)
    assert not [error for error in problems.errors if "Widgets" not in error.what], problems.errors
    (group,) = api.groups
    for resource in group.resources:
        assert len({method.name for method in resource.methods}) == len(resource.methods)
        methods = {str(method.name) for method in resource.methods if method.subresource != "scale"}
        assert not methods & reserved_names.RESERVED_METHODS
    assert len({resource.module for resource in group.resources}) == len(group.resources)


def attributes(*owners: object) -> set[str]:
    return {name for owner in owners for name in dir(owner) if not name.startswith("_")}


def test_every_public_name_of_the_runtime_is_reserved() -> None:
    mixins = [c for module in (async_verbs, sync_verbs) for _, c in inspect.getmembers(module, inspect.isclass)]
    assert attributes(*mixins) <= reserved_names.RESERVED_METHODS
    shared = {name.rpartition(".")[2] for name in SHARED}
    assert {name for name in models.__all__ if name[0].isupper()} - shared <= reserved_names.RESERVED_CLASSES
    assert {name for name in models.__all__ if name[0].islower()} <= reserved_names.RESERVED_GROUPS
    in_resources = set(clients.__all__) - {"BaseClientset", "KindInfo"}
    assert {
        name for name in in_resources if name[0].isupper() and "Async" not in name
    } <= reserved_names.RESERVED_CLIENTS
    assert {name for name in in_resources if name[0].islower()} <= reserved_names.RESERVED_GROUPS
    own = attributes(clientset.BaseClientset, clientset.AsyncBaseClientset) | {"rest_client"}
    assert own <= reserved_names.RESERVED_GROUPS
    for class_ in (clientset.BaseClientset, clientset.AsyncBaseClientset):
        with_attributes = class_(rest.Config(host="http://127.0.0.1:1"))
        assert {name for name in vars(with_attributes) if not name.startswith("_")} <= reserved_names.RESERVED_GROUPS


@functools.cache
def imported_by_clients() -> set[str]:
    """Return every name that a module of clients imports, except the modules of models."""
    found: set[str] = set()
    for file in (Path(__file__).parents[2] / "generated" / "kubeclient" / "typed").rglob("*.py"):
        for line in file.read_text().replace("(\n", "").splitlines():
            if (
                line.strip().startswith("from ")
                and ".models " not in line
                and ".typed." not in line
                and "__" not in line
            ):
                found |= {name.strip(" ()") for name in line.partition(" import ")[2].split(",")}
    return found


def test_no_client_class_hides_an_import_of_its_module() -> None:
    imported = {name for name in imported_by_clients() if name[:1].isupper()}
    assert {"Resource", "TYPE_CHECKING"} <= imported
    assert {
        name for name in imported if not name.startswith("Async")
    } <= reserved_names.RESERVED_CLIENTS | reserved_names.RESERVED_CLASSES


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("example.com/v1", "rest_client"),
        ("example.com/v1", "property"),
        ("example_v1.Widget", "Model"),
        ("example_v1.WidgetSpecRule", "Quantity"),
        ("example_v1.WidgetSpecRule", "str"),
        ("example_v1.WidgetSpecRule", "meta_v1"),
        ("example_v1.WidgetSpec.size", "to_dict"),
        ("example_v1.WidgetSpec.size", "core_v1"),
        ("example_v1.WidgetSpec.size", "Size"),
        ("apis/example.com/v1/widgets", "str"),
        ("apis/example.com/v1/widgets", "_client"),
        ("apis/example.com/v1/widgets", "__init__"),
    ],
)
def test_a_custom_name_that_generated_code_needs_is_refused(key: str, name: str) -> None:
    raw = manifest({"rules": {"type": "array", "items": obj({"a": STRING})}, "size": STRING})
    problems = Problems()
    of(raw, hand={key: name}, problems=problems)
    (error,) = problems.errors
    assert f"{key!r} can't be {name!r}" in error.what
    line = error.hint.rpartition(": ")[2]
    written = dict([line.replace('"', "").split(" = ")])
    assert written.keys() == {key}
    better = Problems()
    api = of(raw, hand=written, problems=better)
    assert not better.errors
    for path, source in generated(api, quickly=True).items():
        compile(source, path, "exec", dont_inherit=True)
