"""The source text of a model's fields: annotations and defaults, written from the types of `kgen.ir`."""

from __future__ import annotations

from typing import Final

from kgen import text
from kgen.ir import (
    Always,
    Empty,
    Field,
    ListOf,
    MapOf,
    Model,
    ModelRef,
    ModelType,
    Null,
    Nullable,
    Required,
    Scalar,
    Type,
    Unset,
)
from kgen.names import Identifier, camel_name, snake
from kgen.text import Code

__all__ = ["BUILTIN_TYPES", "FieldWriter", "type_text"]

BUILTIN_TYPES: Final = frozenset({"bool", "bytes", "dict", "float", "int", "list", "str"})
"""Names of Python that annotations use; in a model with a field of such a name they are written `builtins.str`."""


_MOST_VALUES: Final = 16
"""Known values that an annotation lists; a field with more of them is a plain string."""


class FieldWriter:
    """Writes the fields of one model.

    Args:
        model: The model.
        module: The module of models that it is in; models of others are written with their module.
    """

    def __init__(self, model: Model, module: Identifier) -> None:
        self._module = module
        self._values = {group.field: group.members for group in model.constants if len(group.members) <= _MOST_VALUES}
        self._builtins = "builtins." if any(field.name in BUILTIN_TYPES for field in model.fields) else ""

    def line(self, field: Field) -> Code:
        """Return `name: annotation = default`."""
        default = self.default(field)
        value = f" = {default}" if default is not None else ""
        return text.code(f"{field.name}: {self._with_values(field) or self.annotation(field)}{value}")

    def _with_values(self, field: Field) -> Code | None:
        """Return the annotation of a string with known values, which editors then offer; None for other fields."""
        members = self._values.get(field.name)
        if not members or field.type not in (Scalar("str"), Nullable(Scalar("str"))):
            return None
        values = ", ".join(text.string(member.value) for member in members)
        _, bar, more = self.annotation(field).partition(" | ")
        return text.code(f"OpenEnum[Literal[{values}]]{bar}{more}")

    def annotation(self, field: Field) -> Code:
        """Return the type of a field, with the None that its default adds."""
        if isinstance(field.default, Always):
            return text.code(f"Literal[{text.string(field.default.value)}]")
        plain = type_text(field.type, self._module, self._builtins)
        match field.default:
            case Null():
                return text.code(f"{plain} | None")
            case Unset():
                return text.code(f"{plain} | None | msgspec.UnsetType")
            case _:
                return text.code(plain)

    def default(self, field: Field) -> Code | None:
        """Return the default after the `=`, or None if there is none."""
        if isinstance(field.default, Always):
            return text.code(f"always({text.string(field.default.value)})")
        arguments = [argument for argument in (self._default_argument(field), _name_argument(field)) if argument]
        if arguments and arguments[0].startswith("default=") and len(arguments) == 1:
            return text.code(arguments[0].removeprefix("default="))
        return text.code(f"msgspec.field({', '.join(arguments)})") if arguments else None

    def _default_argument(self, field: Field) -> str:
        match field.default:
            case Null():
                return "default=None"
            case Unset():
                return "default=msgspec.UNSET"
            case Empty():
                return f"default={_empty(field.type)}"
            case Required() | Always():
                return ""
            case zero:
                return f"default_factory={self._factory(field.type, has_required=zero.has_required)}"

    def _factory(self, type_: Type, *, has_required: bool) -> str:
        """Return the factory of a zero value; a later class of the same module is referenced lazily."""
        if not isinstance(type_, ModelType):
            msg = f"only a model has a zero value, not {type_}"
            raise TypeError(msg)
        made = f"{_model_text(type_.ref, self._module)}{'.zero' if has_required else ''}"
        return made if type_.ref.module != self._module else f"lambda: {made}()"


def type_text(type_: Type, module: Identifier, builtins: str = "") -> str:
    """Return a type as an annotation.

    Args:
        type_: The type.
        module: The module of models that the annotation is in.
        builtins: The prefix of names of Python's own types, "" or `builtins.`.
    """
    match type_:
        case Scalar("number"):
            return f"{builtins}int | {builtins}float"
        case Scalar(name):
            return f"{builtins}{name}" if name in BUILTIN_TYPES else name
        case ModelType(ref, others):
            plain = _model_text(ref, module)
            return f"Annotated[{plain}, OtherFields({', '.join(map(text.string, others))})]" if others else plain
        case ListOf(item):
            return f"{builtins}list[{type_text(item, module, builtins)}]"
        case MapOf(value):
            return f"{builtins}dict[{builtins}str, {type_text(value, module, builtins)}]"
        case Nullable(inner):
            return f"{type_text(inner, module, builtins)} | None"


def _model_text(ref: ModelRef, module: Identifier) -> str:
    return ref.name if ref.module == module else str(ref)


def _empty(type_: Type) -> str:
    match type_:
        case ListOf():
            return "[]"
        case MapOf():
            return "{}"
        case Scalar("FieldsV1"):
            return "NO_FIELDS"
        case _:
            msg = f"only a list, a map or FieldsV1 can be empty, not {type_}"
            raise TypeError(msg)


def _name_argument(field: Field) -> str:
    """Return the argument for a property whose name does not follow from the field's; "" if it does."""
    is_regular = (
        not field.name.endswith("_")
        and camel_name(field.name) == field.wire_name
        and snake(field.wire_name) == field.name
    )
    return "" if is_regular else f"name={text.string(field.wire_name)}"
