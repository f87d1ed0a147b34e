"""Small documents for tests: one resource, with the schemas that a test adds."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import jinja2

from kgen.errors import Problems
from kgen.fields import FieldWriter
from kgen.ir import Api, Field, ModelRef
from kgen.load import openapi_v3
from kgen.models import class_sources, plan_class
from kgen.plan import plan
from kgen.render import render, templates_folder
from kgen.resolve import resolve
from kgen.spec import ApiSpec
from kgen.text import Code, code
from kgen.verify import verify

GVK = "x-kubernetes-group-version-kind"
META = "io.k8s.apimachinery.pkg.apis.meta.v1."

OBJECT_META: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}


def reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def document(
    group: str = "example.com",
    version: str = "v1",
    kind: str = "Widget",
    plural: str = "widgets",
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return an OpenAPI v3 document with one namespaced resource. `extra` adds or replaces schemas."""
    package = ".".join([*reversed(group.split(".")), version])
    gvk = {"group": group, "version": version, "kind": kind}
    widget = f"{package}.{kind}"
    answer = {"200": {"description": "OK", "content": {"application/json": {"schema": reference(widget)}}}}
    answers = {"200": {"description": "OK", "content": {"application/json": {"schema": reference(f"{widget}List")}}}}
    body = {"content": {"*/*": {"schema": reference(widget)}}}
    base = f"/apis/{group}/{version}/namespaces/{{namespace}}/{plural}"
    own = {
        widget: {
            "type": "object",
            "description": "A widget.",
            GVK: [gvk],
            "properties": {
                "apiVersion": {"type": "string"},
                "kind": {"type": "string"},
                "metadata": {"allOf": [reference(META + "ObjectMeta")], "default": {}},
                "spec": {"allOf": [reference(f"{package}.WidgetSpec")], "default": {}},
            },
        },
        f"{widget}List": {
            "type": "object",
            GVK: [{**gvk, "kind": f"{kind}List"}],
            "required": ["items"],
            "properties": {
                "apiVersion": {"type": "string"},
                "kind": {"type": "string"},
                "items": {"type": "array", "items": reference(widget)},
            },
        },
        f"{package}.WidgetSpec": {"type": "object", "properties": {"size": {"type": "integer"}}},
        META + "ObjectMeta": OBJECT_META,
    }
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.37.2"},
        "paths": {
            base: {
                "get": {"x-kubernetes-action": "list", GVK: gvk, "responses": answers},
                "post": {"x-kubernetes-action": "post", GVK: gvk, "requestBody": body, "responses": answer},
            },
            f"{base}/{{name}}": {"get": {"x-kubernetes-action": "get", GVK: gvk, "responses": answer}},
        },
        "components": {"schemas": {**own, **(extra or {})}},
    }


def spec_of(*documents: Mapping[str, Any], names: tuple[str, ...] = ("apis/example.com/v1",)) -> ApiSpec:
    """Load documents under the file names that `kgen pull` writes."""
    return openapi_v3.convert(
        {
            name.replace("/", "__"): (f"specs/{name.replace('/', '__')}.json", copy.deepcopy(dict(raw)))
            for name, raw in zip(names, documents, strict=True)
        }
    )


def resolved(
    *documents: Mapping[str, Any],
    problems: Problems | None = None,
    hand: Mapping[str, str] | None = None,
    **options: Any,
) -> Api:
    """Resolve documents. Errors are added to `problems`, or raised if `problems` is None."""
    collected = problems if problems is not None else Problems()
    api = resolve(spec_of(*documents, **options), hand or {}, collected)
    if problems is None:
        collected.raise_errors()
    return api


@dataclass(frozen=True)
class WrittenField:
    """A field with its annotation and its default as source code."""

    field: Field
    name: str
    annotation: str
    default: str | None
    required: bool


def written(api: Api, name: str, module: str | None = None) -> dict[str, WrittenField]:
    """Return the fields of a model by wire name. Without `module`, the first module that has the model is used."""
    found = (made for made in api.modules if module in (None, made.name))
    holder, model = next((made, model) for made in found for model in made.models if model.name == name)
    writer = FieldWriter(model, holder.name)
    return {
        field.wire_name: WrittenField(
            field, field.name, writer.annotation(field), writer.default(field), field.required
        )
        for field in model.fields
    }


def laid_out(api: Api) -> dict[ModelRef, Code]:
    """Return the source of every model's class as the template prints it."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(templates_folder()), autoescape=False)  # noqa: S701
    template = environment.get_template("models/msgspec.jinja2")
    found: dict[ModelRef, Code] = {}
    for module in api.modules:
        for model in module.models:
            fields = [SimpleNamespace(original_name=field.name) for field in model.fields]
            found[ModelRef(module.name, model.name)] = code(
                template.render(plan=plan_class(model, module.name), fields=fields).strip()
            )
    return found


def generated(
    api: Api, package: str = "made", *, quickly: bool = False, is_wanted: Callable[[str], bool] = lambda _: True
) -> dict[str, str]:
    """Return the files of a package, verified, not formatted.

    `quickly` renders the classes with the template only, because datamodel-code-generator is slow. `is_wanted` selects
    files by their paths.
    """
    sources = laid_out(api) if quickly else class_sources(api.modules, templates_folder())
    files = render(file for file in plan(api, sources, package, "specs") if is_wanted(file.path))
    verify(files, api.modules, package, api.builtins)
    return files
