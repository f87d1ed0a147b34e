"""Models through datamodel-code-generator: the only file that knows it.

It receives a document with only the structure of the original: final names, references, and types from a short
list. Names, annotations, defaults and docstrings were decided by `kgen.resolve`; they reach its template as finished
text. Its output is parsed and compared with the plan before anyone uses it, so neither a document nor a change of
the library can put anything else into a generated file.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datamodel_code_generator import InputFileType, PythonVersion, generate
from datamodel_code_generator.enums import DataModelType

from kgen import text
from kgen.errors import PlanError
from kgen.fields import FieldWriter
from kgen.ir import Field, Merging, Model, ModelModule, ModelRef
from kgen.names import ClassName, Identifier
from kgen.text import Code

__all__ = ["ClassPlan", "FieldPlan", "class_sources", "plan_class"]


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """One field as it will be printed.

    Attributes:
        line: `name: annotation = default`.
        docstring: The description in the document, quoted, or "".
        merging: How the server merges it, if the schema defines it.
        rules: The validation rules of the server, in its words.
        deprecated: Whether the schema is marked so.
    """

    line: Code
    docstring: Code
    merging: Merging | None
    rules: tuple[str, ...]
    deprecated: bool


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """One class as it will be printed; the context of `models/msgspec.jinja2`."""

    name: ClassName
    base: Code
    docstring: Code
    fields: Mapping[str, FieldPlan]
    rules: tuple[str, ...]
    deprecated: bool


def plan_class(model: Model, module: Identifier) -> ClassPlan:
    """Return the text of a model's class, field by field."""
    writer = FieldWriter(model, module)
    return ClassPlan(
        name=model.name,
        base=text.code(model.base),
        docstring=text.docstring(
            model.doc or f"{model.schema.rpartition('.')[2]} has no description in the API.", indent=4
        ),
        fields={field.name: _plan_field(field, writer) for field in model.fields},
        rules=model.rules,
        deprecated=model.deprecated,
    )


def _plan_field(field: Field, writer: FieldWriter) -> FieldPlan:
    return FieldPlan(
        line=writer.line(field),
        docstring=text.docstring(field.doc, indent=4) if text.wrapped(field.doc, 4) else text.code(""),
        merging=field.merging,
        rules=field.rules,
        deprecated=field.deprecated,
    )


def class_sources(modules: Iterable[ModelModule], templates: Path) -> Mapping[ModelRef, Code]:
    """Return the source of every model's class.

    Args:
        modules: The modules to make classes for.
        templates: The folder that holds `models/msgspec.jinja2`.

    Raises:
        PlanError: If the returned classes differ from the plan.
    """
    planned = {ModelRef(module.name, model.name): model for module in modules for model in module.models}
    if not planned:
        return {}
    plans = defaultdict[str, dict[str, Any]](
        dict, {_key(ref): {"plan": plan_class(model, ref.module)} for ref, model in planned.items()}
    )
    made = generate(
        _document(planned),
        input_file_type=InputFileType.OpenAPI,
        output_model_type=DataModelType.MsgspecStruct,
        custom_template_dir=templates / "models",
        extra_template_data=plans,
        formatters=[],
        treat_dot_as_module=True,
        ignore_enum_constraints=True,
        use_standard_collections=True,
        use_union_operator=True,
        disable_timestamp=True,
        target_python_version=PythonVersion.PY_311,
    )
    # A single module comes back as text without a name.
    outputs = made.items() if isinstance(made, Mapping) else [((f"{next(iter(planned)).module}.py",), str(made))]
    sources = {ref: source for path, body in outputs for ref, source in _classes(path, body)}
    _compare(planned, sources)
    return {ref: text.code(sources[ref]) for ref in planned}


def _key(ref: ModelRef) -> str:
    """Return the name of a class for datamodel-code-generator, which would rename a class with an underscore."""
    return f"{ref.module}.{ref.name.replace('_', 'Underscore')}"


def _document(planned: Mapping[ModelRef, Model]) -> dict[str, Any]:
    schemas = {
        _key(ref): {"type": "object", "properties": {field.name: {"type": "string"} for field in model.fields}}
        for ref, model in planned.items()
    }
    return {"openapi": "3.0.0", "info": {"title": "", "version": ""}, "paths": {}, "components": {"schemas": schemas}}


def _classes(path: tuple[str, ...], body: object) -> Iterator[tuple[ModelRef, str]]:
    source = str(body)
    module = Identifier(path[-1].removesuffix(".py"))
    lines = source.splitlines(keepends=True)
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            yield ModelRef(module, ClassName(node.name)), "".join(lines[node.lineno - 1 : node.end_lineno]).rstrip()


def _compare(planned: Mapping[ModelRef, Model], sources: Mapping[ModelRef, str]) -> None:
    for ref in planned.keys() ^ sources.keys():
        what = "left out" if ref in planned else "added"
        msg = f"datamodel-code-generator {what} the class {ref}"
        raise PlanError(msg)
