"""What will be generated, with final names: the one thing that the stages after `resolve` see.

Nothing here is raw JSON. Text of a document is in fields named `doc`, `value`, `wire_name` or `path`; it becomes code
only through `kgen.text`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kgen.names import ClassName, Identifier
from kgen.spec import CustomResource
from kgen.text import Code

__all__ = [
    "Alias",
    "Api",
    "Constants",
    "Field",
    "GroupVersion",
    "LeftOut",
    "Member",
    "Merging",
    "Model",
    "ModelModule",
    "ModelRef",
    "Resource",
    "SubresourceMethod",
]


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model by the module and the class that it is."""

    module: Identifier
    name: ClassName

    def __str__(self) -> str:
        """Return `module.Class`, as generated code writes it."""
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, slots=True)
class Merging:
    """How the server merges a list or a map, each "" or () where the schema does not say.

    Attributes:
        list_type: `atomic`, `set` or `map`, as in `x-kubernetes-list-type`.
        list_map_keys: The properties that tell items apart, where the type is `map`.
        map_type: `atomic` or `granular`.
        patch_strategy: Of strategic merge patches: `merge`, `replace`, `retainKeys`, several with a comma.
        patch_merge_key: The property that tells items apart in a strategic merge patch.
    """

    list_type: str = ""
    list_map_keys: tuple[str, ...] = ()
    map_type: str = ""
    patch_strategy: str = ""
    patch_merge_key: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute of a model.

    Attributes:
        name: The Python attribute.
        wire_name: The property of the schema.
        annotation: Its type, as source text.
        default: What stands behind the `=`, as source text, or None where nothing does.
        required: Whether the constructor demands it.
        doc: The document's words about it.
        merging: How the server merges it, where the schema says so.
        rules: What the server holds it to, in its words.
        deprecated: Whether the schema is marked so.
    """

    name: Identifier
    wire_name: str
    annotation: Code
    default: Code | None
    required: bool
    doc: str
    merging: Merging | None = None
    rules: tuple[str, ...] = ()
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """One known value of an open enum.

    Attributes:
        name: The constant.
        value: The value.
        doc: The document's words about it.
    """

    name: Identifier
    value: str
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Constants:
    """The known values of one field, as a class of constants beside the model."""

    name: ClassName
    doc: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """A class made from a schema.

    Attributes:
        name: The class.
        schema: The schema's name in the documents.
        doc: The document's words about it.
        fields: Required ones first, each half in the order of the schema.
        is_kind: Whether it has a group, version and kind of its own.
        constants: Known values of its fields.
        is_open: Whether it keeps fields that its schema does not name.
        rules: What the server holds it to, in its words.
        deprecated: Whether the schema is marked so.
        is_custom: Whether it is of a group that is not one of Kubernetes' own: the API server stores what is written.
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
            field.name == "items" and field.annotation.startswith("list[") for field in self.fields
        )
        return f"{'Custom' if self.is_custom else ''}{'List' if is_list else ''}Model"


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name of a model, or of constants: that of a place where an equal object is described."""

    name: ClassName
    target: ModelRef


@dataclass(frozen=True, slots=True)
class ModelModule:
    """The models of one group version.

    Attributes:
        name: The module, such as `core_v1`.
        title: What it holds, for its docstring.
        source: The document that it is made from.
        models: Kinds first, then what they hold, each from A to Z.
        imports: Other models modules that its fields name.
        scalars: What it imports from `kubecore.model.scalars`.
        shared: Models of `kubecore.model.meta` that are offered here, because the API has them in this group version.
        builtins: Models modules of the package with Kubernetes' own types that its fields name.
        aliases: Other names of models and of constants, from A to Z.
    """

    name: Identifier
    title: str
    source: str
    models: tuple[Model, ...]
    imports: tuple[Identifier, ...]
    scalars: tuple[Identifier, ...]
    shared: tuple[ClassName, ...] = ()
    builtins: tuple[Identifier, ...] = ()
    aliases: tuple[Alias, ...] = ()


@dataclass(frozen=True, slots=True)
class SubresourceMethod:
    """A method for one verb of one subresource, other than status.

    Attributes:
        name: The method, such as `get_scale`.
        verb: `get`, `update`, `patch`, `apply`, `create` or `delete`.
        subresource: The last segment of the path.
        argument: What the method calls its body, or None where it has none.
        body: The model of the body.
        response: The model of the answer.
        path: The path in the document.
        doc: One line on what it does.
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


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource and what can be done with it.

    Attributes:
        accessor: The method of the group client, such as `config_maps`.
        class_name: The client class, such as `ConfigMaps`.
        module: The file of the client, such as `configmap`.
        constant: The constant that describes it, such as `CONFIG_MAPS`.
        kind: The model of one object.
        list_kind: The model of a list of them, or None where the server has no list.
        plural: The resource's name in paths.
        namespaced: Whether its objects live in a namespace.
        verbs: Among get, list, watch, create, update, patch, delete, delete_collection.
        status_verbs: Among get, update, patch: what can be done with its status.
        methods: Its other subresources.
        streams: The subresources that answer with a stream or hand the connection on.
        path: The path of the collection in the document.
        ends: What it can be waited for beside what all can, `rollout` or `completion`; "" for nothing.
        custom: What its CRD says beside that, where the documents are CRDs.
    """

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


@dataclass(frozen=True, slots=True)
class GroupVersion:
    """A group version and its resources.

    Attributes:
        group: The API group, "" for the core group.
        version: The version, such as `v1`.
        accessor: The property of the clientset, such as `apps_v1`.
        package: Where the clients are, below `typed`: `("apps", "v1")`.
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


@dataclass(frozen=True, slots=True, order=True)
class LeftOut:
    """An operation of the documents that no client method stands for, and why."""

    path: str
    method: str
    reason: str


@dataclass(frozen=True, slots=True)
class Api:
    """Everything that the documents declare, sorted and named.

    Attributes:
        groups: The group versions with resources.
        modules: The models.
        left_out: Operations that become no method.
        builtins: The package that has Kubernetes' own types, "" where they are among the modules.
    """

    groups: tuple[GroupVersion, ...]
    modules: tuple[ModelModule, ...]
    left_out: tuple[LeftOut, ...] = field(default=())
    builtins: str = ""
