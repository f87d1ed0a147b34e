"""Hooks: functions of the user that see and change the output of kgen, and the types that they use.

A project names a file of them, or a module: `hooks = "kgen_hooks.py"` in `[tool.kgen]`. It may define these functions.
Their arguments are frozen: they return a changed copy, made by `msgspec.structs.replace`.

    on_spec(spec: ApiSpec) -> ApiSpec
    on_resource(resource: Resource, group: GroupVersion) -> Resource | None
    on_model(model: Model, module: ModelModule) -> Model | None
    on_file(path: str, text: str) -> str
"""

from __future__ import annotations

from typing import Protocol

from kgen.ir import (
    Always,
    Constants,
    Empty,
    Field,
    GroupVersion,
    ListOf,
    MapOf,
    Member,
    Merging,
    Model,
    ModelModule,
    ModelRef,
    ModelType,
    Null,
    Nullable,
    Required,
    Resource,
    Scalar,
    SubresourceMethod,
    Unset,
    Zero,
)
from kgen.names import ClassName, Identifier
from kgen.spec import ApiSpec, Column, CustomResource, Document, GroupVersionKind, Operation, Parameter

__all__ = [
    "Always",
    "ApiSpec",
    "ClassName",
    "Column",
    "Constants",
    "CustomResource",
    "Document",
    "Empty",
    "Field",
    "GroupVersion",
    "GroupVersionKind",
    "Identifier",
    "ListOf",
    "MapOf",
    "Member",
    "Merging",
    "Model",
    "ModelModule",
    "ModelRef",
    "ModelType",
    "Null",
    "Nullable",
    "OnFile",
    "OnModel",
    "OnResource",
    "OnSpec",
    "Operation",
    "Parameter",
    "Required",
    "Resource",
    "Scalar",
    "SubresourceMethod",
    "Unset",
    "Zero",
]


class OnSpec(Protocol):
    """Is given the documents once they are read and selected, before anything has a name."""

    def __call__(self, spec: ApiSpec, /) -> ApiSpec:
        """Return the documents to build from."""
        ...


class OnResource(Protocol):
    """Is given each resource with its final names, and the group version that it is in."""

    def __call__(self, resource: Resource, group: GroupVersion, /) -> Resource | None:
        """Return the resource to build, or None to leave it out."""
        ...


class OnModel(Protocol):
    """Is given each model with its final names and types, and the module that it is in."""

    def __call__(self, model: Model, module: ModelModule, /) -> Model | None:
        """Return the model to build, or None to leave it out; nothing may name it then."""
        ...


class OnFile(Protocol):
    """Is given each file after it was compared with the plan, before it is formatted."""

    def __call__(self, path: str, text: str, /) -> str:
        """Return the text to write: it must parse, and must keep the first line, which marks files of kgen."""
        ...
