"""Label and field selectors of lists, watches and deletions of collections."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from kubecore.errors import InvalidRequestError
from kubecore.selectors import parser
from kubecore.testing._schemas.json_values import is_map
from kubecore.testing._schemas.wording import quoted
from kubecore.testing._server.options import bad_request
from kubecore.testing._server.resources import Resource
from kubecore.testing._server.selector_faults import label_selector_fault
from kubecore.testing._server.store import Record

__all__ = ["field_value", "has_exact_name", "matcher"]

_SPELLINGS: Final = {"status.successful": "status.succeeded", "source": "source.component"}
_OPERATOR: Final = re.compile(r"!=|==?")
_ALWAYS: Final = ("metadata.name", "metadata.namespace")
_CONVERTED: Final = {
    *(("", plural) for plural in ("events", "namespaces", "nodes", "pods", "replicationcontrollers", "secrets")),
    ("", "services"),
    ("events.k8s.io", "events"),
    *(
        ("certificates.k8s.io", plural)
        for plural in ("certificatesigningrequests", "clustertrustbundles", "podcertificaterequests")
    ),
}
"""Kinds whose refusal of an unknown field has the older text."""


class _Metadata(msgspec.Struct):
    labels: dict[str, str] | None = None


class _Labelled(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


_DECODER: Final = msgspec.json.Decoder(_Labelled)


class _Term(NamedTuple):
    field: str
    value: str
    is_equal: bool


def matcher(resource: Resource, label_selector: str, field_selector: str) -> Callable[[Record], bool] | None:
    """Return the function that decides whether an object is selected, None if all are.

    Args:
        resource: The resource.
        label_selector: The label selector, or "".
        field_selector: The field selector, or "".

    Raises:
        RequestError: A selector can't be read, or names a field by which objects can't be selected.
    """
    terms = _terms(resource, field_selector)
    try:
        selector = parser.parse(label_selector) if label_selector else None
    except InvalidRequestError as error:
        raise bad_request(label_selector_fault(label_selector) or str(error)) from None
    if selector is None and not terms:
        return None

    def matches(record: Record) -> bool:
        if selector is not None and not selector.matches(_DECODER.decode(record.content).metadata.labels or {}):
            return False
        if not terms:
            return True
        document = record.document()
        return all((field_value(document, term.field) == term.value) is term.is_equal for term in terms)

    return matches


def has_exact_name(field_selector: str) -> bool:
    """Return whether a valid field selector requires one name: at most one object in a namespace can match."""
    terms = [_term(text, field_selector) for text in _split(field_selector) if text]
    return any(term.field == "metadata.name" and term.is_equal for term in terms)


def field_value(document: dict[str, Any], path: str) -> str:
    """Return the value of a field as field selectors compare it: as text, "" if it is missing."""
    value: Any = document
    for name in _SPELLINGS.get(path, path).split("."):
        value = value.get(name) if is_map(value) else None
    if value is None:
        return "false" if path in ("spec.unschedulable", "spec.hostNetwork") else ""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _terms(resource: Resource, selector: str) -> list[_Term]:
    found = [_term(text, selector) for text in _split(selector) if text]
    allowed = (*_ALWAYS, *resource.facts.field_selectors)
    terms = [term for term in found if term.field or term.value]
    for term in terms:
        if term.field not in allowed:
            raise bad_request(_unknown_field(resource, term.field))
    return terms


def _unknown_field(resource: Resource, field: str) -> str:
    place = resource.group, resource.resource
    if resource.is_custom or place in _CONVERTED:
        return f"field label not supported: {field}"
    if place == ("batch", "jobs"):
        return f'field label "{field}" not supported for Job'
    if place == ("resource.k8s.io", "resourceslices"):
        return f"field label not supported for {resource.api_version}, Kind={resource.kind}: {field}"
    shown = ", ".join(f'"{name}"' for name in _ALWAYS)
    return f"{quoted(field)} is not a known field selector: only {shown}"


def _split(selector: str) -> list[str]:
    """Return the terms between the commas that no backslash escapes."""
    terms: list[list[str]] = [[]]
    is_escaped = False
    for sign in selector:
        if sign == "," and not is_escaped:
            terms.append([])
        else:
            terms[-1].append(sign)
        is_escaped = sign == "\\" and not is_escaped
    return ["".join(term) for term in terms]


def _term(text: str, selector: str) -> _Term:
    match = _OPERATOR.search(text)
    if match is not None:
        return _Term(text[: match.start()], _unescaped(text[match.end() :]), is_equal=match[0] != "!=")
    raise bad_request(f"invalid selector: '{selector}'; can't understand '{text}'")


def _unescaped(value: str) -> str:
    """Return a value without its escapes.

    Raises:
        RequestError: A character is not escaped though it must be, or the other way round.
    """
    found = ""
    chars = iter(value)
    for char in chars:
        if char == "\\":
            escaped = next(chars, "")
            if not escaped or escaped not in "\\,=":
                raise bad_request(f"invalid field selector: invalid escape sequence: \\{escaped}")
            found += escaped
        elif char in ",=":
            raise bad_request(f"invalid field selector: unescaped character in value: {ord(char)}")
        else:
            found += char
    return found
