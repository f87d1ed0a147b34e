"""Operations of a document, in the words of OpenAPI v2 and v3 alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kgen.load.reading import At, items, local_name, mapping, optional_text, refuse, word
from kgen.shapes import is_object
from kgen.spec import GroupVersionKind, Operation, Parameter

__all__ = ["operations"]

METHODS: Final = frozenset({"delete", "get", "head", "options", "patch", "post", "put", "trace"})

_PARAMETERS: Final = {"components": "#/components/parameters/", "parameters": "#/parameters/"}


def operations(document: Mapping[str, Any], source: str) -> tuple[Operation, ...]:
    """Return every operation of a document, sorted by path and method.

    Args:
        document: The parsed document.
        source: Its name in messages.

    Raises:
        InputError: The input is invalid; the error names the place of the invalid part.
    """
    reader = _Reader(document, source)
    return tuple(sorted(reader.read(), key=lambda operation: (operation.path, operation.method)))


class _Reader:
    def __init__(self, document: Mapping[str, Any], source: str) -> None:
        self._document = document
        self._source = source
        # Most parameters stand in hundreds of operations.
        self._interned: dict[Parameter, Parameter] = {}

    def read(self) -> Iterator[Operation]:
        if "paths" not in self._document:
            refuse(
                (self._source,),
                "the document has no paths",
                "name an OpenAPI document as `/openapi/v3/...` of a cluster serves it",
            )
        at = (self._source, "paths")
        for path, item in mapping(self._document["paths"], at).items():
            place = (*at, path)
            entry = mapping(item, place)
            if "$ref" in entry:
                refuse(
                    (*place, "$ref"),
                    "a path that is a reference is not followed",
                    "put the operations into the document",
                )
            shared = dict(self._parameters(entry, place))
            for method in METHODS & entry.keys():
                yield self._operation(path, method, mapping(entry[method], (*place, method)), shared, (*place, method))

    def _operation(
        self, path: str, method: str, raw: Mapping[str, Any], shared: Mapping[tuple[str, str], Any], at: At
    ) -> Operation:
        parameters = {**shared, **dict(self._parameters(raw, at))}
        bodies = [value for (location, _), value in sorted(parameters.items()) if location == "body"]
        body = bodies[0] if bodies else self._content(raw.get("requestBody"), (*at, "requestBody"))
        return Operation(
            path=path,
            method=method,
            action=optional_text(raw, "x-kubernetes-action") or None,
            gvk=_gvk(raw.get("x-kubernetes-group-version-kind"), (*at, "x-kubernetes-group-version-kind")),
            operation_id=optional_text(raw, "operationId"),
            description=optional_text(raw, "description"),
            parameters=tuple(value for (location, _), value in sorted(parameters.items()) if location != "body"),
            request_body_schema=body,
            responses=self._responses(raw, (*at, "responses")),
            pointer=f"{self._source}#/paths/{path.replace('~', '~0').replace('/', '~1')}/{method}",
            deprecated=raw.get("deprecated") is True,
        )

    def _parameters(self, raw: Mapping[str, Any], at: At) -> Iterator[tuple[tuple[str, str], Any]]:
        """Yield parameters by place and name; a body of OpenAPI v2 as the name of its schema."""
        for place, item in items(raw.get("parameters"), (*at, "parameters")):
            entry = self._followed(mapping(item, place), place)
            name, location = word(entry, "name", place), word(entry, "in", place)
            if location == "body":
                yield (location, ""), _schema_name(entry.get("schema"), (*place, "schema"))
            else:
                yield (location, name), self._parameter(entry, name, location)

    def _followed(self, raw: Mapping[str, Any], at: At) -> Mapping[str, Any]:
        if "$ref" not in raw:
            return raw
        reference = raw["$ref"]
        for section, prefix in _PARAMETERS.items():
            if isinstance(reference, str) and reference.startswith(prefix):
                known = self._document.get(section)
                if section == "components" and is_object(known):
                    known = known.get("parameters")
                name = reference.removeprefix(prefix).replace("~1", "/").replace("~0", "~")
                if is_object(known) and name in known and "$ref" not in mapping(known[name], at):
                    return mapping(known[name], at)
        shown = repr(reference[:200]) if isinstance(reference, str) else "something else"
        return refuse(
            (*at, "$ref"),
            f"refers to {shown}, which is not a parameter of the same document",
            "put the parameter into the document",
        )

    def _parameter(self, raw: Mapping[str, Any], name: str, location: str) -> Parameter:
        schema = raw.get("schema")
        kind = optional_text(raw, "type") or (optional_text(schema, "type") if is_object(schema) else "")
        parameter = Parameter(name, location, kind, optional_text(raw, "description"), raw.get("required") is True)
        return self._interned.setdefault(parameter, parameter)

    def _responses(self, raw: Mapping[str, Any], at: At) -> dict[str, str | None]:
        responses = mapping(raw.get("responses", {}), at)
        return {code: self._response(mapping(entry, (*at, code)), (*at, code)) for code, entry in responses.items()}

    def _response(self, raw: Mapping[str, Any], at: At) -> str | None:
        if "$ref" in raw:
            refuse(
                (*at, "$ref"), "a response that is a reference is not supported", "put the response into the operation"
            )
        return _schema_name(raw["schema"], (*at, "schema")) if "schema" in raw else self._content(raw, at)

    def _content(self, raw: object, at: At) -> str | None:
        """Return the name of the schema of a v3 body: that of its JSON, else of the first media type that has one."""
        if raw is None:
            return None
        content = mapping(mapping(raw, at).get("content", {}), (*at, "content"))
        names: dict[str, str | None] = {}
        for media, entry in content.items():
            place = (*at, "content", media)
            names[media] = _schema_name(mapping(entry, place).get("schema"), (*place, "schema"))
        return names.get("application/json") or next((name for name in names.values() if name), None)


def _schema_name(raw: object, at: At) -> str | None:
    if raw is None:
        return None
    schema = mapping(raw, at)
    return local_name(schema["$ref"], at) if "$ref" in schema else None


def _gvk(raw: object, at: At) -> GroupVersionKind | None:
    if raw is None:
        return None
    entry = mapping(raw, at)
    return GroupVersionKind(word(entry, "group", at), word(entry, "version", at), word(entry, "kind", at))
