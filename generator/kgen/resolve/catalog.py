"""All schemas of all documents in one place: which are models, in which module, under which name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from kgen import text
from kgen.errors import Problems, nearest
from kgen.fields import BUILTIN_TYPES
from kgen.ir import ModelRef
from kgen.names import (
    ClassName,
    Identifier,
    class_name,
    field_name,
    group_version_name,
    package_module,
)
from kgen.package_names import NO_NAMES, PackageNames
from kgen.reserved_names import (
    CLIENT_GO_GROUPS,
    RESERVED_ACCESSORS,
    RESERVED_CLASSES,
    RESERVED_FIELDS,
    RESERVED_GROUPS,
)
from kgen.resolve.grouping import group_names_of
from kgen.resolve.types import META, SCALARS, SHARED
from kgen.shapes import is_array, is_object
from kgen.spec import ApiSpec, Document

__all__ = ["Catalog", "Kind", "Schema", "kind_of"]

GVK: Final = "x-kubernetes-group-version-kind"

# Schemas whose Go package has another group than the API does, or no group at all.
_PACKAGES: Final = {META.rstrip("."): Identifier("meta_v1")}

# These have no group version: kubecore has them, or the type that stands for them.
_CORE_SCHEMAS: Final = frozenset({"io.k8s.apimachinery.pkg.version.Info"})


@dataclass(frozen=True, slots=True)
class Kind:
    """A group, version and kind that a schema has for its own."""

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        """The group version as objects carry it."""
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema, the document it was read from, the place in it for messages, and the model that it becomes."""

    name: str
    raw: Mapping[str, Any]
    source: str
    pointer: str
    ref: ModelRef
    has_defaults: bool
    is_in_place: bool = False


def kinds_of(raw: Mapping[str, Any]) -> tuple[Kind, ...]:
    """Return every group, version and kind that a schema claims."""
    entries = raw.get(GVK)
    if not is_array(entries):
        return ()
    return tuple(
        Kind(entry["group"], entry["version"], entry["kind"])
        for entry in entries
        if is_object(entry) and all(isinstance(entry.get(key), str) for key in ("group", "version", "kind"))
    )


def kind_of(raw: Mapping[str, Any]) -> Kind | None:
    """Return the one kind that a schema is, or None; DeleteOptions and WatchEvent are of every group, so of none."""
    kinds = set(kinds_of(raw))
    properties = raw.get("properties")
    if len(kinds) != 1 or not is_object(properties):
        return None
    return next(iter(kinds)) if {"apiVersion", "kind"} <= properties.keys() else None


class Catalog:
    """The schemas by name, merged over the documents.

    Args:
        spec: The content of the documents.
        names: Custom names: a group version's module, or `module.Schema` to a class.
        problems: Collects the problems.
        builtins: The documents whose models a package has; nothing is generated for them.
        existing: The names in the package as it was generated before.
    """

    def __init__(
        self,
        spec: ApiSpec,
        names: Mapping[str, str],
        problems: Problems,
        builtins: ApiSpec | None = None,
        existing: PackageNames = NO_NAMES,
    ) -> None:
        self.existing = existing
        self._names = names
        self._refused: set[str] = set()
        self._asked: set[str] = set()
        self._called = group_names_of(spec, names, existing.groups, problems)
        self.problems = problems
        self._raw: dict[str, Mapping[str, Any]] = {}
        self._document: dict[str, Document] = {}
        for document in builtins.documents if builtins is not None else ():
            for name, raw in document.schemas.items():
                self._add(name, raw, document)
        self._builtins = frozenset(self._raw)
        for document in spec.documents:
            for name, raw in document.schemas.items():
                if name not in self._builtins:
                    self._add(name, raw, document)
        self._documents = {_api_version(document): document.source for document in spec.documents if document.version}
        self._modules: dict[str, Identifier] = {}
        self._groups: dict[Identifier, tuple[str, str]] = {}
        builtin_prefixes = {name.rpartition(".")[0] for name in self._builtins}
        for prefix, kind in self._prefixes():
            module = self._module(prefix, kind, by_hand=prefix not in builtin_prefixes)
            self._modules[prefix] = module
            self._groups[module] = (kind.group, kind.version) if kind is not None else (module, "")
        self.models: Mapping[str, Schema] = {
            name: self._schema(name) for name in sorted(self._raw) if self._is_model(name)
        }
        self._module_names = frozenset(schema.ref.module for schema in self.models.values())
        self._builtin_refs = {self.models[name].ref: self.models[name] for name in self._builtins & self.models.keys()}
        self._builtin_modules = frozenset(ref.module for ref in self._builtin_refs)

    def _add(self, name: str, raw: Mapping[str, Any], document: Document) -> None:
        known = self._raw.setdefault(name, raw)
        self._document.setdefault(name, document)
        if known is raw or known == raw:
            return
        merged = {**raw, GVK: [*_entries(known), *_entries(raw)]}
        if {**known, GVK: None} != {**raw, GVK: None}:
            self.problems.warn(
                f"schema {name[:80]!r} differs between documents; the one of {self._document[name].source} is taken",
                where=document.source,
            )
            merged = {**known, GVK: merged[GVK]}
        self._raw[name] = merged

    def _prefixes(self) -> Iterator[tuple[str, Kind | None]]:
        """Yield each package of schemas with the group version that most of its kinds have."""
        votes: dict[str, Counter[tuple[str, str]]] = {}
        for name, raw in sorted(self._raw.items()):
            prefix, _, last = name.rpartition(".")
            counter = votes.setdefault(prefix, Counter())
            kind = kind_of(raw)
            if kind is not None and kind.kind == last:
                counter[kind.group, kind.version] += 1
        for prefix, counter in votes.items():
            best = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
            yield prefix, Kind(*best[0][0], "") if best else None

    # Custom names.

    def class_by_hand(self, key: str) -> ClassName | None:
        """Return the custom name of a class, given its module and its default name."""
        hides = RESERVED_CLASSES | {*BUILTIN_TYPES, "always", "builtins", "msgspec"} | {*self._modules.values()}
        return self._by_hand(key, hides, f"Other{key.rpartition('.')[2]}")

    def field_by_hand(self, ref: ModelRef, wire_name: str) -> Identifier | None:
        """Return the custom name of a field; in its class it must not hide a module or a class."""
        key = f"{ref}.{wire_name}"
        hides = {*RESERVED_FIELDS, *self._modules.values()}
        capital = {name for name in (self._names.get(key, ""),) if name[:1].isupper()}
        return self._by_hand(key, hides | capital, f"{field_name(wire_name).rstrip('_')}_2")

    def has_custom_names(self, ref: ModelRef) -> bool:
        """Whether a class, or a field of it, has a custom name."""
        fields = f"{ref}."
        return ref.name in self._names.values() or any(key.startswith(fields) for key in self._names)

    def resource_by_hand(self, document: str, plural: str) -> Identifier | None:
        """Return the custom name of a resource: the method of its group's client."""
        return self._by_hand(f"{document}/{plural}", RESERVED_ACCESSORS, f"other_{field_name(plural)}")

    def _group_by_hand(self, group: str, version: str) -> Identifier | None:
        free = f"other_{group_version_name(group, version)}"
        return self._by_hand(f"{group}/{version}" if group else version, RESERVED_GROUPS, free)

    def _by_hand(self, key: str, hides: AbstractSet[str], free: str) -> Identifier | None:
        """Return the name of a key of `[tool.kgen.names]`; report one that generated code has another use for."""
        self._asked.add(key)
        name = self._names.get(key)
        if name is None:
            return None
        if (name in hides or name.startswith("_")) and key not in self._refused:
            self._refused.add(key)
            self.problems.error(
                f"{key[:200]!r} can't be {name!r} in [tool.kgen.names]: generated code uses that name itself",
                hint=f"write another name: {text.string(key[:200])} = {text.string(free)}",
            )
        return Identifier(name)

    def refuse_unknown_keys(self) -> None:
        """Report each key of `[tool.kgen.names]` that nothing has; call it when everything has its name."""
        for key in sorted(self._names.keys() - self._asked):
            near = nearest(self._moved(key), self._asked)
            self.problems.error(
                f"{key[:200]!r} in [tool.kgen.names] names nothing",
                hint=f"did you mean {near!r}?" if near else "correct the key, or remove it",
            )

    def _moved(self, key: str) -> str:
        """Return a key in which the names that contain it are the custom ones: `PartSize` for `WidgetSpecPartSize`."""
        for _ in range(10):
            outer = max((each for each in self._names if key.startswith(each) and each != key), key=len, default="")
            if key in self._asked or "." not in outer or "/" in outer:
                break
            key = f"{outer.partition('.')[0]}.{self._names[outer]}{key[len(outer) :]}"
        return key

    # Modules and schemas.

    def _module(self, prefix: str, kind: Kind | None, *, by_hand: bool) -> Identifier:
        if prefix in _PACKAGES:
            return _PACKAGES[prefix]
        if kind is not None:
            return self._group_module(kind.group, kind.version, by_hand=by_hand)
        return package_module(prefix)

    def group_module(self, group: str, version: str) -> Identifier:
        """Return the name of a group version: the clientset's property and the models module."""
        return self._group_module(group, version, by_hand=True)

    def _group_module(self, group: str, version: str, *, by_hand: bool) -> Identifier:
        named = self._group_by_hand(group, version) if by_hand else None
        return named or group_version_name(group, version, self._called.get(group, ""))

    def _schema(self, name: str) -> Schema:
        prefix, _, last = name.rpartition(".")
        module = self._modules[prefix]
        by_hand = self.class_by_hand(f"{module}.{last}") if name not in self._builtins else None
        document = self._document[name]
        kind = kind_of(self._raw[name])
        plain = class_name(last)
        if kind is not None and kind.kind == last and name not in self._builtins:
            plain = ClassName(self.existing.kind_name(module, kind.kind, plain))
        return Schema(
            name,
            self._raw[name],
            document.source,
            document.places.get(name, f"{document.source}#/components/schemas/{name[:200]}"),
            ModelRef(module, by_hand or plain),
            document.has_defaults,
        )

    def _is_model(self, name: str) -> bool:
        if name in SCALARS or name in _CORE_SCHEMAS:
            return False
        raw = self._raw[name]
        if not is_object(raw):
            return False
        kind, properties, values = raw.get("type"), raw.get("properties"), raw.get("additionalProperties")
        return is_object(properties) or (kind == "object" and not is_object(values))

    def own_models(self) -> list[Schema]:
        """Return the schemas that models are made of, by name."""
        return [schema for name, schema in self.models.items() if name not in self._builtins]

    def builtin(self, ref: ModelRef) -> Schema | None:
        """Return the schema of a model that the package with Kubernetes' own types has."""
        return self._builtin_refs.get(ref)

    def is_builtin(self, module: str) -> bool:
        """Whether the package with Kubernetes' own types has a module."""
        return module in self._builtin_modules

    def is_module(self, name: str) -> bool:
        """Whether there is a models module of that name."""
        return name in self._module_names

    def group_of(self, module: Identifier) -> str:
        """Return the group whose models a module holds; the module itself if they have no group."""
        return self._groups[module][0]

    def version_of(self, module: Identifier) -> str:
        """Return the version whose models a module holds, "" if they have no version."""
        return self._groups[module][1]

    def is_custom(self, module: Identifier) -> bool:
        """Whether a module holds the models of a group that is not one of Kubernetes' own."""
        group, version = self._groups[module]
        return bool(version) and group not in CLIENT_GO_GROUPS

    def is_shared(self, name: str) -> bool:
        """Whether `kubecore.model.meta` has the model of a schema."""
        return name in SHARED

    def source_of(self, api_version: str, schemas: Iterable[Schema]) -> str:
        """Return the document of a group version, or the first that holds one of its schemas."""
        return self._documents.get(api_version) or min((schema.source for schema in schemas), default="")

    def schema(self, name: str) -> Mapping[str, Any] | None:
        """Return a schema by name."""
        return self._raw.get(name)

    def model_of(self, name: str) -> ModelRef | None:
        """Return the model that a schema becomes."""
        found = self.models.get(name)
        return found.ref if found is not None else None


def _api_version(document: Document) -> str:
    return f"{document.group}/{document.version}" if document.group else document.version


def _entries(raw: Mapping[str, Any]) -> list[Any]:
    entries = raw.get(GVK)
    return entries if is_array(entries) else []
