"""Checks of hook results: each part has the type that `kgen.ir` defines, and the result can be built."""

from __future__ import annotations

import types
import typing
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from kgen.errors import nearest
from kgen.ir import (
    Always,
    Api,
    Empty,
    Field,
    ListOf,
    MapOf,
    Model,
    ModelModule,
    ModelRef,
    ModelType,
    Resource,
    Scalar,
    Zero,
    leaf,
)
from kgen.names import ClassName, is_wire_name
from kgen.plan.verb_mixins import STANDARD

__all__ = [
    "Fault",
    "api_faults",
    "converted",
    "group_faults",
    "kind_of",
    "model_faults",
    "module_faults",
    "resource_faults",
]

_VERBS: Final = {"verbs": STANDARD, "status_verbs": frozenset({"get", "patch", "update"})}

_T = TypeVar("_T", Model, Resource)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why something can't be built.

    Attributes:
        why: The mistake, to follow the name of the hook.
        what: The part of its result, "" for all of it.
        hint: The next step, "" for correcting the hook.
    """

    why: str
    what: str = ""
    hint: str = ""


def kind_of(value: object) -> str:
    """Return the description of a value for messages: `an int`, `nothing` for None."""
    name = type(value).__name__
    return "nothing" if value is None else f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


# The type of each part.


def converted(value: _T) -> _T | Fault:
    """Return a value with every part as its type has it: a list as a tuple, a text as an identifier."""
    try:
        return msgspec.convert(_plain(value), type(value), dec_hook=_identifier)
    except msgspec.ValidationError:
        name = type(value).__name__
        return Fault(f"returned a {name} that is wrong inside: {_misfit(value, type(value), name)}")


def _misfit(value: object, type_: Any, where: str) -> str | None:
    """Return the innermost part that is not of its type, and why; None if every part is."""
    try:
        msgspec.convert(_plain(value), type_, dec_hook=_identifier)
    except msgspec.ValidationError as error:
        parts = (_misfit(part, part_type, where + step) for step, part, part_type in _parts(value, type_))
        return next(filter(None, parts), None) or f"{where} {_reason(value, type_, error)}"
    return None


def _plain(value: object) -> object:
    """Return a value as msgspec converts it; a part of another kind stays, to be refused at its place."""
    if isinstance(value, msgspec.Struct):
        config = value.__struct_config__
        fields = {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
        return fields if config.tag is None else {str(config.tag_field): config.tag, **fields}
    if isinstance(value, (tuple, list, frozenset, set)):
        return [_plain(item) for item in typing.cast("Iterable[object]", value)]
    if isinstance(value, Mapping):
        items = typing.cast("Mapping[object, object]", value)
        return {_plain(key): _plain(item) for key, item in items.items()}
    return str(value) if isinstance(value, str) else value


def _identifier(type_: type, value: object) -> object:
    """Make an identifier, which checks itself: the one type that msgspec does not know."""
    if isinstance(value, str):
        return type_(value)
    raise TypeError


def _parts(value: object, type_: Any) -> Iterator[tuple[str, object, Any]]:
    """Yield the name, the value and the type of each part of a value, if it has its declared type."""
    if isinstance(value, msgspec.Struct) and type(value) in _choices(type_):
        hints = typing.get_type_hints(type(value))
        yield from ((f".{name}", getattr(value, name), hints[name]) for name in value.__struct_fields__)
    elif isinstance(value, (tuple, list, frozenset, set)) and typing.get_origin(type_) in (tuple, frozenset):
        for number, item in enumerate(typing.cast("Iterable[object]", value)):
            yield f"[{getattr(item, 'name', number)}]", item, typing.get_args(type_)[0]


def _choices(type_: Any) -> tuple[Any, ...]:
    """Return the types that a union allows; else the type itself, without type arguments."""
    origin = typing.get_origin(type_)
    return typing.get_args(type_) if origin is types.UnionType else (origin or type_,)


def _reason(value: object, type_: Any, error: msgspec.ValidationError) -> str:
    if typing.get_origin(type_) is typing.Literal:
        return f"is {str(value)[:60]!r}, not one of {', '.join(typing.get_args(type_))}"
    names = ["None" if choice is types.NoneType else choice.__name__ for choice in _choices(type_)]
    if isinstance(value, str) and issubclass(_choices(type_)[0], str):
        return f"is wrong: {str(error).partition(' - at ')[0]}"
    return f"is {kind_of(value)}, not {' or '.join(names)}"


# Types that can be built.


def model_faults(changed: Model, given: Model) -> Iterator[Fault]:
    """Yield why the model that a hook returned can't take the place of the one that it was given."""
    for name in ("name", "schema", "is_kind"):
        if getattr(changed, name) != getattr(given, name):
            yield Fault(f"changed {name}, by which others know the model", hint="names are set in [tool.kgen.names]")
    yield from _repeated([field.name for field in changed.fields])
    yield from _repeated([field.wire_name for field in changed.fields])
    for field in changed.fields:
        if not is_wire_name(field.wire_name):
            yield Fault(f"made a field of the property {field.wire_name[:60]!r}, which can't be one", f".{field.name}")
        if (why := _unfit_default(field)) is not None:
            yield Fault(f"made a field whose default is {type(field.default).__name__}: {why}", f".{field.name}")


def _unfit_default(field: Field) -> str | None:
    is_fields = field.type == Scalar("FieldsV1")
    match field.default:
        case Empty() if not (is_fields or isinstance(field.type, (ListOf, MapOf))):
            return "only a list, a map or FieldsV1 can be empty"
        case Zero() if not isinstance(field.type, ModelType):
            return "only a model has a zero value"
        case Always() if field.type != Scalar("str"):
            return "only a str can always be one text"
        case _:
            return None


def resource_faults(changed: Resource) -> Iterator[Fault]:
    """Yield why a resource that a hook returned can't be built."""
    for name, known in _VERBS.items():
        for verb in sorted(getattr(changed, name) - known):
            near = nearest(verb, known)
            yield Fault(f"returned the unknown verb {verb!r}", hint=f"did you mean {near!r}?" if near else "")


def group_faults(resources: Iterable[Resource]) -> Iterator[Fault]:
    """Yield names that two resources of a group version have."""
    found = tuple(resources)
    for name in ("accessor", "class_name", "constant", "module"):
        yield from _repeated([str(getattr(resource, name)) for resource in found])


def module_faults(module: ModelModule) -> Iterator[Fault]:
    """Return names that two classes of a module have."""
    return _repeated(_names_in(module))


def _repeated(names: Iterable[str]) -> Iterator[Fault]:
    for name, count in Counter(names).items():
        if count > 1:
            yield Fault(f"made two things of the name {str(name)!r}")


def api_faults(before: Api, after: Api) -> Iterator[Fault]:
    """Yield models that something refers to and that do not exist, or no longer."""
    gone, known = _classes(before) - _classes(after), _classes(after) | after.builtin_models
    for who, ref in _uses(after):
        if ref in gone:
            yield Fault(f"left out a model that {who} needs", str(ref), f"leave it in, or change {who} too")
        elif ref not in known:
            near = nearest(str(ref), map(str, known))
            yield Fault(f"names {str(ref)!r}, which does not exist", who, f"did you mean {near!r}?" if near else "")


def _classes(api: Api) -> set[ModelRef]:
    """Return everything that a type or a resource may name."""
    return {ModelRef(module.name, name) for module in api.modules for name in (*_names_in(module), *module.shared)}


def _names_in(module: ModelModule) -> Iterator[ClassName]:
    for model in module.models:
        yield model.name
        yield from (group.name for group in model.constants)
    yield from (alias.name for alias in module.aliases)


def _uses(api: Api) -> Iterator[tuple[str, ModelRef]]:
    """Yield every model that something refers to, with a description of the reference."""
    for module in api.modules:
        for alias in module.aliases:
            yield f"the alias {module.name}.{alias.name}", alias.target
        for model in module.models:
            for field in model.fields:
                if isinstance(type_ := leaf(field.type), ModelType):
                    yield f"{module.name}.{model.name}.{field.name}", type_.ref
    for group in api.groups:
        for resource in group.resources:
            for ref in _models_of(resource):
                yield f"the resource {group.accessor}.{resource.accessor}", ref


def _models_of(resource: Resource) -> Iterator[ModelRef]:
    methods = [ref for method in resource.methods for ref in (method.body, method.response)]
    return (ref for ref in (resource.kind, resource.list_kind, *methods) if ref is not None)
