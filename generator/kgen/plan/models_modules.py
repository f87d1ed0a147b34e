"""The contexts of the modules of models: their imports, classes, constants and aliases."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Final, get_args

from kgen import text
from kgen.fields import BUILTIN_TYPES, FieldWriter
from kgen.ir import Alias, Api, Constants, Member, Model, ModelModule, ModelRef, ModelType, ScalarName, leaf
from kgen.names import Identifier
from kgen.plan.contexts import ClassContext, ConstantsContext, MemberContext, ModelsContext
from kgen.plan.headers import codes, header, imported_names, title
from kgen.text import Code

__all__ = ["models_context"]


_FROM_KUBECORE: Final = (
    frozenset({"always", "NO_FIELDS", "OpenEnum", "OtherFields", *get_args(ScalarName)}) - BUILTIN_TYPES - {"number"}
)
"""Names of kubecore that the fields of models use."""


def models_context(
    module: ModelModule, classes: Mapping[ModelRef, Code], root: Identifier, api: Api, sources: str
) -> ModelsContext:
    """Return the context of one module of models."""
    made = [classes[ModelRef(module.name, model.name)] for model in module.models]
    names = _names_of(module)
    used, own = _modules_of(module), {each.name for each in api.modules}
    constants = [group for model in module.models for group in model.constants]
    exports = [*(model.name for model in module.models), *(group.name for group in constants), *module.shared]
    exports += [alias.name for alias in module.aliases]
    return ModelsContext(
        header=header(module.source or sources, f"Models of {title(module.title)}.", root),
        package=root,
        imports_builtins="builtins" in names,
        imports_msgspec="msgspec" in names,
        names_from_kubecore=imported_names(
            {
                "module_getattr",
                *(names & _FROM_KUBECORE),
                *module.shared,
                *(model.base for model in module.models),
            }
        ),
        names_from_typing=codes(
            ["TYPE_CHECKING", *(["Final"] if constants else []), *sorted(names & {"Annotated", "Literal"})]
        ),
        modules=tuple(sorted(used & own)),
        builtins=text.code(api.builtins),
        builtin_modules=tuple(sorted(used - own)),
        exports=tuple(text.string(name) for name in sorted(exports)),
        classes=tuple(
            ClassContext(source, _constants(model)) for model, source in zip(module.models, made, strict=True)
        ),
        aliases=tuple(text.code(f"{alias.name} = {_target(alias, module.name)}") for alias in module.aliases),
    )


def _modules_of(module: ModelModule) -> set[Identifier]:
    """Return the other modules of models that a module names."""
    types = [leaf(field.type) for model in module.models for field in model.fields]
    used = {type_.ref.module for type_ in types if isinstance(type_, ModelType)}
    return (used | {alias.target.module for alias in module.aliases}) - {module.name}


def _names_of(module: ModelModule) -> frozenset[str]:
    """Return the names of libraries that the fields of a module use."""
    writers = [(FieldWriter(model, module.name), model.fields) for model in module.models]
    lines = "\n".join(writer.line(field) for writer, fields in writers for field in fields)
    nodes = (node for node in ast.walk(ast.parse(lines)) if isinstance(node, ast.Name))
    return frozenset(node.id for node in nodes if isinstance(node.ctx, ast.Load))


def _target(alias: Alias, module: Identifier) -> str:
    return alias.target.name if alias.target.module == module else str(alias.target)


def _constants(model: Model) -> tuple[ConstantsContext, ...]:
    return tuple(_constant_class(group) for group in model.constants)


def _constant_class(group: Constants) -> ConstantsContext:
    return ConstantsContext(group.name, text.docstring(group.doc, indent=4), tuple(map(_member, group.members)))


def _member(member: Member) -> MemberContext:
    return MemberContext(
        text.code(f"{member.name}: Final = {text.string(member.value)}"),
        text.docstring(member.doc, indent=4) if text.wrapped(member.doc, 4) else text.code(""),
    )
