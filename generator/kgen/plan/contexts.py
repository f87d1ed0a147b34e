"""Contexts of templates, documented for users in docs/templates.md.

Nothing here but `Code` can be printed; the rest is for conditions. If you remove an attribute or change its meaning,
increase `kgen.config.CONTEXT_VERSION`.
"""

from __future__ import annotations

from dataclasses import dataclass

from kgen.text import Code

__all__ = [
    "ClassContext",
    "ClientsetContext",
    "ConstantsContext",
    "Context",
    "GroupContext",
    "GroupEntry",
    "Header",
    "KindEntry",
    "KindsContext",
    "MemberContext",
    "MethodContext",
    "ModelsContext",
    "NameEntry",
    "NamesContext",
    "PackageContext",
    "ResourceContext",
    "ResourceEntry",
    "RootContext",
    "SideContext",
]


@dataclass(frozen=True, slots=True)
class Header:
    """The first lines of a generated file."""

    line: Code
    docstring: Code


@dataclass(frozen=True, slots=True)
class PackageContext:
    """An `__init__.py` that only describes the package; context of `package.py.jinja`."""

    header: Header


@dataclass(frozen=True, slots=True)
class RootContext:
    """The package's own `__init__.py`; context of `root.py.jinja`."""

    header: Header
    package: Code
    runtime_api: Code
    kgen: Code


@dataclass(frozen=True, slots=True)
class ModelsContext:
    """One module of models; context of `models.py.jinja`."""

    header: Header
    package: Code
    imports_builtins: bool
    imports_msgspec: bool
    names_from_kubecore: tuple[Code, ...]
    names_from_typing: tuple[Code, ...]
    modules: tuple[Code, ...]
    builtins: Code
    builtin_modules: tuple[Code, ...]
    exports: tuple[Code, ...]
    classes: tuple[ClassContext, ...]
    aliases: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class ClassContext:
    """A model's class and its constants."""

    source: Code
    constants: tuple[ConstantsContext, ...]


@dataclass(frozen=True, slots=True)
class ConstantsContext:
    """Known values of one field."""

    name: Code
    docstring: Code
    members: tuple[MemberContext, ...]


@dataclass(frozen=True, slots=True)
class MemberContext:
    """The constant of one known value."""

    line: Code
    docstring: Code


@dataclass(frozen=True, slots=True)
class MethodContext:
    """One method for a subresource."""

    name: Code
    docstring: Code
    is_get: bool
    is_body: bool
    is_patch: bool
    is_apply: bool
    verb: Code
    subresource: Code
    argument: Code
    body: Code
    response: Code
    path: Code


@dataclass(frozen=True, slots=True)
class ResourceContext:
    """The sync and the async client of one resource; context of `resource.py.jinja`."""

    header: Header
    package: Code
    exports: tuple[Code, ...]
    modules: tuple[Code, ...]
    builtins: Code
    builtin_modules: tuple[Code, ...]
    imports_mapping: bool
    names_from_typing: tuple[Code, ...]
    names_from_kubecore: tuple[Code, ...]
    constant: Code
    parameters: Code
    group: Code
    version: Code
    plural: Code
    namespaced: Code
    kind: Code
    list_kind: Code
    bases: tuple[Code, ...]
    docstring: Code
    scale: Code
    methods: tuple[MethodContext, ...]
    sides: tuple[SideContext, ...]


@dataclass(frozen=True, slots=True)
class SideContext:
    """The differences between the two classes of a resource."""

    class_name: Code
    verbs: Code
    def_: Code
    await_: Code


@dataclass(frozen=True, slots=True)
class ResourceEntry:
    """A resource as its group client offers it."""

    accessor: Code
    class_name: Code
    module: Code
    namespaced: bool
    docstring: Code


@dataclass(frozen=True, slots=True)
class GroupContext:
    """The clients of one group version; context of `group.py.jinja`."""

    header: Header
    folder: Code
    class_name: Code
    docstring: Code
    resources: tuple[ResourceEntry, ...]


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """A group version as the clientset offers it."""

    accessor: Code
    class_name: Code
    module: Code
    docstring: Code


@dataclass(frozen=True, slots=True)
class ClientsetContext:
    """The two clientsets; context of `clientset.py.jinja`."""

    header: Header
    base: Code
    names_from_base: tuple[Code, ...]
    groups: tuple[GroupEntry, ...]


@dataclass(frozen=True, slots=True)
class KindEntry:
    """A kind and where its objects are."""

    api_version: Code
    kind: Code
    plural: Code
    namespaced: Code


@dataclass(frozen=True, slots=True)
class KindsContext:
    """The table of kinds; context of `kinds.py.jinja`."""

    header: Header
    kinds: tuple[KindEntry, ...]


@dataclass(frozen=True, slots=True)
class NameEntry:
    """An entry of a table of names."""

    key: Code
    value: Code


@dataclass(frozen=True, slots=True)
class NamesContext:
    """The tables of names that the next build keeps; context of `names.py.jinja`."""

    header: Header
    group_versions: tuple[NameEntry, ...]
    constants: tuple[NameEntry, ...]


Context = (
    PackageContext
    | RootContext
    | ModelsContext
    | ResourceContext
    | GroupContext
    | ClientsetContext
    | KindsContext
    | NamesContext
)
