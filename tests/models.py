"""Every model of the generated package, and documents made of their types."""

from __future__ import annotations

import datetime
import importlib
import pkgutil
import types
import typing
from collections.abc import Iterator
from typing import Any

import msgspec

import kubeclient.models
from kubecore.model.model import Model
from kubecore.model.times import MicroTime

MODULES = sorted(module.name for module in pkgutil.iter_modules(kubeclient.models.__path__))


def models() -> Iterator[type[Model]]:
    """Yield every model once."""
    seen: set[type[Model]] = set()
    for name in MODULES:
        module = importlib.import_module(f"kubeclient.models.{name}")
        for exported in module.__all__:
            cls = getattr(module, exported)
            if isinstance(cls, type) and issubclass(cls, Model) and cls not in seen:
                seen.add(cls)
                yield cls


ALL = tuple(models())


def shape(hint: Any) -> str:
    """Return a type without the names of models."""
    if isinstance(hint, type) and issubclass(hint, Model):
        return "Model"
    if typing.get_origin(hint) is typing.Literal:
        return "Literal"
    arguments = ", ".join(shape(argument) for argument in typing.get_args(hint))
    return f"{typing.get_origin(hint)}[{arguments}]" if arguments else str(hint)


def varied() -> Iterator[type[Model]]:
    """Yield each model with a kind of field that no earlier model has; together they have all kinds."""
    seen: set[tuple[str, bool]] = set()
    for cls in ALL:
        shapes = {(shape(field.type), field.required) for field in cls.model_fields()}
        if not shapes <= seen:
            seen |= shapes
            yield cls


VARIED = frozenset(varied())


def sample(hint: Any, depth: int = 0) -> Any:
    """Return a JSON value of a type, with all fields set down to a depth."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return sample(args[0], depth)
    if origin is typing.Literal:
        return args[0]
    if origin in (typing.Union, types.UnionType):
        return sample(args[0], depth)
    if origin is list:
        return [sample(args[0], depth + 1)]
    if origin is dict:
        return {"key": sample(args[1], depth + 1)}
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return document(hint, depth + 1)
    return scalar(hint)


def scalar(hint: Any) -> Any:
    if hint is msgspec.Raw:
        return {"f:any": {}}
    if hint is Any:
        return {"any": [1, "thing"]}
    if issubclass(hint, MicroTime):
        return "2026-11-24T10:00:00.123456Z"
    if issubclass(hint, datetime.datetime):
        return "2026-11-24T10:00:00Z"
    return {str: "text", int: 7, bool: True, float: 1.5, bytes: "aGk="}[hint]


def is_literal(hint: Any) -> bool:
    return typing.get_origin(hint) is typing.Literal


def document(cls: type[msgspec.Struct], depth: int = 0) -> dict[str, Any]:
    """Return the JSON of a model: all fields down to a depth of four, and only required ones below."""
    fields = msgspec.structs.fields(cls)
    made = {f.encode_name: sample(f.type, depth) for f in fields if f.required or depth < 4 or is_literal(f.type)}
    # The encoder omits an empty struct.
    return {f.encode_name: made[f.encode_name] for f in fields if f.required or made.get(f.encode_name)}
