"""The API to generate, with final names: the only input of the stages after `resolve`.

Nothing here is raw JSON, and nothing is source text: types and defaults are values, which `kgen.fields` writes down.
Text of a document is in fields named `doc`, `value`, `wire_name` or `path`; it becomes code only through `kgen.text`.

All of it is made of msgspec structs, so that `msgspec.convert` can check the return value of a hook.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from kgen.names import ClassName, Identifier
from kgen.spec import CustomResource

__all__ = [
    "Alias",
    "Always",
    "Api",
    "Constants",
    "Default",
    "Empty",
    "Field",
    "GroupVersion",
    "LeftOut",
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
    "Required",
    "Resource",
    "Scalar",
    "ScalarName",
    "SubresourceMethod",
    "Type",
    "Unset",
    "Zero",
    "leaf",
]


class ModelRef(msgspec.Struct, frozen=True):
    """A model by the module and the class that it is."""

    module: Identifier
    name: ClassName

    def __str__(self) -> str:
        """Return `module.Class`, as generated code writes it."""
        return f"{self.module}.{self.name}"


ScalarName = Literal[
    "bool",
    "bytes",
    "FieldsV1",
    "int",
    "IntOrString",
    "JSON",
    "MicroTime",
    "number",
    "Quantity",
    "RawExtension",
    "str",
    "Time",
]
"""The type of a single value: a builtin type of Python, a type of `kubecore`, or `number`, an int or a float."""


class Scalar(msgspec.Struct, frozen=True, tag="scalar"):
    """The type of a single value."""

    name: ScalarName


class ModelType(msgspec.Struct, frozen=True, tag="model"):
    """The type of an object that has a model.

    Attributes:
        ref: The model.
        others: The paths of fields that the object may have and the model lacks, such as `spec.containers[].tier`: the
            model is a type of Kubernetes, and a CRD has a copy of it with more fields.
    """

    ref: ModelRef
    others: tuple[str, ...] = ()


class ListOf(msgspec.Struct, frozen=True, tag="list"):
    """The type of a list."""

    item: Type


class MapOf(msgspec.Struct, frozen=True, tag="map"):
    """The type of a map from strings."""

    value: Type


class Nullable(msgspec.Struct, frozen=True, tag="nullable"):
    """A type or None, in which None is a distinct value: an item of a list, or of a field that is required."""

    of: Type


Type = Scalar | ModelType | ListOf | MapOf | Nullable


def leaf(type_: Type) -> Scalar | ModelType:
    """Return the element type of the innermost list, map or nullable type."""
    while not isinstance(type_, (Scalar, ModelType)):
        type_ = type_.item if isinstance(type_, ListOf) else type_.value if isinstance(type_, MapOf) else type_.of
    return type_


class Required(msgspec.Struct, frozen=True, tag="required"):
    """The constructor demands a value."""


class Null(msgspec.Struct, frozen=True, tag="null"):
    """None, which is added to the type and not sent."""


class Empty(msgspec.Struct, frozen=True, tag="empty"):
    """The empty list, map or set of fields, as the type is; never None."""


class Zero(msgspec.Struct, frozen=True, tag="zero"):
    """The zero value of the model that is the type; never None.

    Attributes:
        has_required: Whether the model has required fields, which the zero value then has, too.
    """

    has_required: bool = False


class Always(msgspec.Struct, frozen=True, tag="always"):
    """One text that the field always has, such as a kind."""

    value: str


class Unset(msgspec.Struct, frozen=True, tag="unset"):
    """Nothing at all: None is added to the type, and sent."""


Default = Required | Null | Empty | Zero | Always | Unset


class Merging(msgspec.Struct, frozen=True):
    """How the server merges a list or a map, each "" or () if the schema does not define it.

    Attributes:
        list_type: `atomic`, `set` or `map`, as in `x-kubernetes-list-type`.
        list_map_keys: The properties that identify items, if the type is `map`.
        map_type: `atomic` or `granular`.
        patch_strategy: Of strategic merge patches: `merge`, `replace`, `retainKeys`, several with a comma.
        patch_merge_key: The property that identifies items in a strategic merge patch.
    """

    list_type: str = ""
    list_map_keys: tuple[str, ...] = ()
    map_type: str = ""
    patch_strategy: str = ""
    patch_merge_key: str = ""


class Field(msgspec.Struct, frozen=True):
    """One attribute of a model.

    Attributes:
        name: The Python attribute.
        wire_name: The property of the schema.
        type: The type of its values, without the None that `default` may add.
        default: The value if the constructor has no argument for it.
        doc: The document's words about it.
        merging: How the server merges it, if the schema defines it.
        rules: The validation rules of the server, in its words.
        deprecated: Whether the schema is marked so.
    """

    name: Identifier
    wire_name: str
    type: Type
    default: Default
    doc: str
    merging: Merging | None = None
    rules: tuple[str, ...] = ()
    deprecated: bool = False

    @property
    def required(self) -> bool:
        """Whether the constructor demands it."""
        return isinstance(self.default, Required)


class Member(msgspec.Struct, frozen=True):
    """One known value of an open enum.

    Attributes:
        name: The constant.
        value: The value.
        doc: The document's words about it.
    """

    name: Identifier
    value: str
    doc: str = ""


class Constants(msgspec.Struct, frozen=True):
    """The known values of one field, as a class of constants next to the model.

    Attributes:
        name: The class of constants.
        field: The field, an attribute of the model.
        doc: The docstring of the class.
        members: The values.
    """

    name: ClassName
    field: Identifier
    doc: str
    members: tuple[Member, ...]


class Model(msgspec.Struct, frozen=True):
    """A class made from a schema.

    Attributes:
        name: The class.
        schema: The schema's name in the documents.
        doc: The document's words about it.
        fields: Required ones first, each half in the order of the schema.
        is_kind: Whether it has a group, version and kind.
        constants: Known values of its fields.
        is_open: Whether it keeps fields that its schema does not name.
        rules: The validation rules of the server, in its words.
        deprecated: Whether the schema is marked so.
        is_custom: Whether it is of a group that is not one of Kubernetes' own: the API server stores written objects
            unchanged.
    """

    name: ClassName
    schema: str
    doc: str
    fields: tuple[Field, ...]
    is_kind: bool
    constants: tuple[Constants, ...] = ()
    is_open: bool = False
    rules: tuple[str, ...] = ()
    deprecated: bool = False
    is_custom: bool = False

    @property
    def base(self) -> str:
        """The class of kubecore that it derives from."""
        if self.is_open:
            return "OpenModel"
        is_list = self.is_kind and any(
            field.name == "items" and isinstance(field.type, ListOf) for field in self.fields
        )
        return f"{'Custom' if self.is_custom else ''}{'List' if is_list else ''}Model"


class Alias(msgspec.Struct, frozen=True):
    """Another name of a model, or of constants: that of a place where an equal object is described."""

    name: ClassName
    target: ModelRef


class ModelModule(msgspec.Struct, frozen=True):
    """The models of one group version.

    Attributes:
        name: The module, such as `core_v1`.
        title: A description for its docstring.
        source: The document that it is made from.
        models: Kinds first, then their parts, each from A to Z.
        shared: Models of `kubecore.model.meta` that are offered here, because the API has them in this group version.
        aliases: Other names of models and of constants, from A to Z.
    """

    name: Identifier
    title: str
    source: str
    models: tuple[Model, ...]
    shared: tuple[ClassName, ...] = ()
    aliases: tuple[Alias, ...] = ()


class SubresourceMethod(msgspec.Struct, frozen=True):
    """A method for one verb of one subresource, other than status.

    Attributes:
        name: The method, such as `get_scale`.
        verb: `get`, `update`, `patch`, `apply`, `create` or `delete`.
        subresource: The last segment of the path.
        argument: The name of the body argument, or None if there is no body.
        body: The model of the body.
        response: The model of the response.
        path: The path in the document.
        doc: One line that describes the method.
        parameters: The query parameters that the document declares, by wire name.
    """

    name: Identifier
    verb: str
    subresource: str
    argument: Identifier | None
    body: ModelRef | None
    response: ModelRef
    path: str
    doc: str
    parameters: tuple[str, ...]


class Resource(msgspec.Struct, frozen=True):
    """A resource and its operations."""

    accessor: Identifier
    class_name: ClassName
    module: Identifier
    constant: Identifier
    kind: ModelRef
    kind_name: str
    list_kind: ModelRef | None
    plural: str
    namespaced: bool
    verbs: frozenset[str]
    status_verbs: frozenset[str]
    methods: tuple[SubresourceMethod, ...]
    streams: frozenset[str]
    path: str
    ends: str = ""
    custom: CustomResource | None = None

    @property
    def subresources(self) -> tuple[str, ...]:
        """The subresources that there are methods for, status among them."""
        names = {method.subresource for method in self.methods} | self.streams
        return tuple(sorted(names | ({"status"} if self.status_verbs else set())))


class GroupVersion(msgspec.Struct, frozen=True):
    """A group version and its resources.

    Attributes:
        group: The API group, "" for the core group.
        version: The version, such as `v1`.
        accessor: The property of the clientset, such as `apps_v1`.
        package: The location of the clients below `typed`: `("apps", "v1")`.
        class_name: The group client, such as `AppsV1Client`.
        source: The document that it is made from.
        resources: From A to Z.
    """

    group: str
    version: str
    accessor: Identifier
    package: tuple[Identifier, Identifier]
    class_name: ClassName
    source: str
    resources: tuple[Resource, ...]

    @property
    def api_version(self) -> str:
        """The group version as objects carry it: `apps/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version


class LeftOut(msgspec.Struct, frozen=True, order=True):
    """An operation of the documents that no client method stands for, and why."""

    path: str
    method: str
    reason: str


class Api(msgspec.Struct, frozen=True):
    """Everything that the documents declare, sorted and named.

    Attributes:
        groups: The group versions with resources.
        modules: The models.
        left_out: Operations without a method.
        builtins: The package that has Kubernetes' own types, "" if they are among the modules.
        builtin_models: The models of that package.
    """

    groups: tuple[GroupVersion, ...]
    modules: tuple[ModelModule, ...]
    left_out: tuple[LeftOut, ...] = ()
    builtins: str = ""
    builtin_models: frozenset[ModelRef] = frozenset()
