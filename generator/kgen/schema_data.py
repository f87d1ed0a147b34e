"""The schemas and resources of a package as data files, which only kubecore's fake API server reads.

One file per group version, and one for the schemas that several of them need. Each is JSON with one schema per line, so
that a difference can be read. Nothing in it is code.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from kgen.ir import Api, GroupVersion, Resource
from kgen.names import Identifier
from kgen.plan.headers import header
from kgen.resolve.operations import OmittedOperations, ResourceOperations, operations_by_resource
from kgen.shapes import is_array, is_object
from kgen.spec import ApiSpec, Document, Operation

__all__ = ["FOLDER", "SHARED", "schema_files"]

FOLDER: Final = "_schemas"
"""Folder of the data files in a package."""

SHARED: Final = "_shared"
"""Name of the file with the schemas that several group versions need. No group version is called so."""

_PREFIX: Final = "#/components/schemas/"
_WORDS: Final = frozenset({"description", "example", "externalDocs", "title"})
_ONE: Final = frozenset({"additionalProperties", "items", "not"})
_SEVERAL: Final = frozenset({"allOf", "anyOf", "oneOf"})
_SCALE: Final = "io.k8s.api.autoscaling.v1.Scale"
_PATCH: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch"

_ENTRY_END: Final = ",\n"

_Schemas = Mapping[str, Mapping[str, Any]]


def schema_files(spec: ApiSpec, api: Api, package: str, sources: str) -> dict[str, str]:
    """Return the text of each data file by its path below the output folder.

    Args:
        spec: The content of the documents.
        api: Everything with its final names.
        package: The import name of the generated package.
        sources: The common name of the documents, such as `specs/1.37`.
    """
    documents = {(document.group, document.version): document for document in spec.documents}
    found = {
        group.accessor: (group, _Data(group, document))
        for group in api.groups
        if (document := documents.get((group.group, group.version))) is not None
    }
    shared = _shared(data.schemas for _, data in found.values())
    root = Identifier(package)
    files: dict[str, str] = {}
    for accessor, (group, data) in found.items():
        own = {name: schema for name, schema in data.schemas.items() if shared.get(name) != schema}
        about = {"base": api.builtins, "group": group.group, "resources": data.resources, "version": group.version}
        files[f"{package}/{FOLDER}/{accessor}.json"] = _text(header(group.source, "", root).line, about, own)
    if shared:
        files[f"{package}/{FOLDER}/{SHARED}.json"] = _text(header(sources, "", root).line, {}, shared)
    return files


class _Data:
    """The data of one group version: its resources, and the schemas that they lead to."""

    def __init__(self, group: GroupVersion, document: Document) -> None:
        operations = operations_by_resource(document, OmittedOperations())
        resources = [each for each in group.resources if each.plural in operations]
        self.resources = [_resource(each, operations[each.plural], document) for each in sorted(resources, key=_plural)]
        names = {name for entry in self.resources for name in _names(entry)}
        self.schemas = {name: _bare(document.schemas[name]) for name in sorted(_reachable(document.schemas, names))}


def _plural(resource: Resource) -> str:
    return resource.plural


def _resource(resource: Resource, operations: ResourceOperations, document: Document) -> dict[str, Any]:
    verbs = {verb.replace("_", "") for verb in operations.verbs} | ({"watch"} if operations.watched else set[str]())
    custom = resource.custom
    entry: dict[str, Any] = {
        "kind": resource.kind_name,
        "model": str(resource.kind),
        "namespaced": resource.namespaced,
        "plural": resource.plural,
        "schema": _object_schema(operations),
        "subresources": _subresources(operations, document),
        "verbs": sorted(verbs),
    }
    if custom is not None:
        entry["categories"] = list(custom.categories)
        entry["shortNames"] = list(custom.short_names)
    return entry


def _subresources(operations: ResourceOperations, document: Document) -> dict[str, Any]:
    """Return each subresource: its verbs, and the kind and schema of its body."""
    found: dict[str, Any] = {}
    for (name, verb), operation in sorted(operations.subresources.items()):
        entry = found.setdefault(name, {"group": document.group, "version": document.version, "kind": "", "verbs": []})
        entry["verbs"].append(verb)
        schema = _body(operation) or _response(operation)
        if schema == _SCALE:  # The documents of CRDs name the kind of the CRD.
            entry |= {"group": "autoscaling", "version": "v1", "kind": "Scale"}
        elif operation.gvk is not None:
            entry |= {"group": operation.gvk.group, "version": operation.gvk.version, "kind": operation.gvk.kind}
        if schema is not None and schema != _PATCH:
            entry["schema"] = schema
    for name, streams in sorted(operations.streams.items()):
        methods = sorted({operation.method for operation in streams})
        found[name] = {"group": document.group, "version": document.version, "kind": "", "verbs": methods}
    return found


def _object_schema(operations: ResourceOperations) -> str | None:
    """Return the schema of the objects of a resource, as far as the document names one."""
    for verb in ("create", "update", "get"):
        operation = operations.verbs.get(verb)
        name = operation and (_body(operation) or _response(operation))
        if name:
            return name
    return None


def _body(operation: Operation) -> str | None:
    return None if operation.request_body_schema == _PATCH else operation.request_body_schema


def _response(operation: Operation) -> str | None:
    codes = sorted(code for code in operation.responses if code.startswith("2"))
    return next((name for code in codes if (name := operation.responses[code]) is not None), None)


def _names(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield the schemas that the entry of a resource names."""
    for part in (entry, *entry["subresources"].values()):
        if isinstance(part.get("schema"), str):
            yield part["schema"]


def _reachable(schemas: _Schemas, names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name in schemas and name not in found:
            found.add(name)
            pending += _references(schemas[name])
    return found


def _references(schema: object) -> Iterator[str]:
    stack = [schema]
    while stack:
        value = stack.pop()
        if is_object(value):
            reference = value.get("$ref")
            if isinstance(reference, str):
                yield reference.removeprefix(_PREFIX)
            stack += value.values()
        elif is_array(value):
            stack += value


def _bare(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema without descriptions and examples, which are three quarters of a document."""
    bare: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _WORDS:
            continue
        if key == "properties" and is_object(value):
            bare[key] = {name: _bare_or_same(each) for name, each in value.items()}
        elif key in _ONE:
            bare[key] = _bare_or_same(value)
        elif key in _SEVERAL and is_array(value):
            bare[key] = [_bare_or_same(each) for each in value]
        else:
            bare[key] = value
    return bare


def _bare_or_same(value: object) -> object:
    return _bare(value) if is_object(value) else value


def _shared(of: Iterable[_Schemas]) -> dict[str, Mapping[str, Any]]:
    """Return the schemas that several group versions have, each as most of them have it."""
    texts: dict[str, Counter[str]] = {}
    for schemas in of:
        for name, schema in schemas.items():
            texts.setdefault(name, Counter())[_json(schema)] += 1
    shared: dict[str, Mapping[str, Any]] = {}
    for name, counted in texts.items():
        text, count = min(counted.items(), key=lambda pair: (-pair[1], pair[0]))
        if count > 1:
            shared[name] = json.loads(text)
    return shared


def _text(line: str, about: Mapping[str, Any], schemas: _Schemas) -> str:
    """Return the text of a file. It begins with `DATA_MARKER`."""
    entries = [f'{{"#":{_json(line.removeprefix("# "))}']
    for key, value in sorted(about.items()):
        text = _lines("[", map(_json, value), "]") if is_array(value) else _json(value)
        entries.append(f"{_json(key)}:{text}")
    lines = _lines("{", (f"{_json(name)}:{_json(schema)}" for name, schema in sorted(schemas.items())), "}")
    return ",\n".join([*entries, f'"schemas":{lines}']) + "}\n"


def _lines(start: str, entries: Iterable[str], end: str) -> str:
    """Return the text of a list or an object with one entry per line."""
    return f"{start}\n{_ENTRY_END.join(entries)}\n{end}"


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
