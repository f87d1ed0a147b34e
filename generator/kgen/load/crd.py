"""CRD manifests, read as kubectl reads them: files and folders of YAML or JSON, many documents, `List`s.

Other objects in such files are skipped, so that the output of `helm template` can be used unchanged. An object that
looks like a CRD but is not one, because its kind is misspelt, is refused.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from kgen.errors import InputError, Problem
from kgen.files import open_regular
from kgen.load.crd_keys import unknown_keys
from kgen.load.reading import At, items, mapping, optional_text, pointer, refuse, word
from kgen.shapes import is_array, is_object, is_text
from kgen.spec import Column, CustomResource
from kubecore.codec import yaml
from kubecore.errors import DecodeError

__all__ = ["EXTENSIONS", "Crd", "Version", "is_manifest", "is_other_template", "parse", "read", "refuse_twins"]

EXTENSIONS: Final = (".yaml", ".yml")

KIND: Final = "CustomResourceDefinition"
_GROUP: Final = "apiextensions.k8s.io"

_RENDER: Final = "render the template first: helm template"

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN: Final = re.compile(rf"(?=.{{1,253}}$){_LABEL.pattern}(\.{_LABEL.pattern})+")
_KIND: Final = re.compile(r"[A-Za-z]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?")

# Groups whose schemas would be called as Kubernetes' own are.
_RESERVED: Final = re.compile(r"(.*\.)?(api|apimachinery|apiextensions-apiserver|kube-aggregator)\.k8s\.io")


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a CRD.

    Attributes:
        name: Such as `v1`.
        served: Whether the server offers it.
        schema: Its `openAPIV3Schema`, unchanged.
        at: The place of the version.
        status: Whether it has the subresource status.
        scale: Whether it has the subresource scale.
        selectable: Paths of the fields that field selectors may name, as OpenAPI has them: without the first dot.
        custom: Other data of the CRD.
    """

    name: str
    served: bool
    schema: Mapping[str, Any]
    at: At
    status: bool
    scale: bool
    selectable: tuple[str, ...]
    custom: CustomResource


@dataclass(frozen=True, slots=True)
class Crd:
    """A CRD.

    Attributes:
        group: The API group.
        plural: The resource's name in paths.
        kind: The kind of one object.
        list_kind: The kind of a list of them.
        namespaced: Whether its objects live in a namespace.
        versions: In the order of the manifest.
        source: The file.
        at: The file and the document in it.
    """

    group: str
    plural: str
    kind: str
    list_kind: str
    namespaced: bool
    versions: tuple[Version, ...]
    source: str
    at: At


def read(file: Path, source: str, warnings: list[Problem] | None = None) -> list[Crd]:
    """Return the CRDs of a file; none if it contains only other objects.

    Args:
        file: YAML or JSON.
        source: Its name in messages.
        warnings: Receives warnings about keys that the server would drop, and about a file without objects.

    Raises:
        InputError: The input is invalid; the error names the file, the document in it and the JSON pointer of the
            invalid part.
    """
    try:
        with open_regular(file) as stream:
            data = stream.read(yaml.MAX_BYTES + 1)
    except OSError as error:
        refuse((source,), f"the file can't be read: {error.strerror or error}", "check the path and its rights")
    return parse(data, source, warnings)


def parse(data: bytes, source: str, warnings: list[Problem] | None = None) -> list[Crd]:
    """Return the CRDs of a text.

    Args:
        data: YAML of one or many documents, or JSON; UTF-8.
        source: Its name in messages.
        warnings: Receives warnings about keys that the server would drop, and about a text without objects.

    Raises:
        InputError: The input is invalid; the error names the source, the document and the JSON pointer of the
            invalid part.
    """
    crds: list[Crd] = []
    reported: list[Problem] = []
    holds_objects = False
    try:
        for document in yaml.documents(data, source=source):
            label = source if document.number == 1 else f"{source}, document {document.number}"
            holds_objects |= is_object(document.value)
            for raw, at in _manifests(document.value, (label,)):
                crds.append(_crd(raw, source, at))
                reported += unknown_keys(raw, at)
    except DecodeError as error:
        raise InputError(str(error).removeprefix(f"{source}: "), where=source, hint=_hint(data, error)) from None
    if not holds_objects:
        reported.append(Problem("the file holds no object", source, "restore the CRD, or remove the file"))
    if warnings is not None:
        warnings += reported
    return crds


def refuse_twins(crds: Iterable[Crd]) -> None:
    """Refuse two CRDs of one resource: only one of them can be in a cluster.

    Raises:
        InputError: Two CRDs declare one resource; the error names both.
    """
    taken: dict[tuple[str, str], Crd] = {}
    for crd in crds:
        other = taken.setdefault((crd.group, crd.plural), crd)
        if other is not crd:
            refuse(crd.at, f"{crd.plural}.{crd.group} is in {pointer(other.at)}, too", "keep one of the two")


def is_manifest(raw: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a Kubernetes object, rather than an OpenAPI document."""
    return isinstance(raw.get("apiVersion"), str) and isinstance(raw.get("kind"), str)


def _hint(data: bytes, error: DecodeError) -> str:
    if "than " in str(error):
        return "a server accepts no CRD of this size; check the file, or split it"
    return _RENDER if b"{{" in data else "correct the file"


def is_other_template(file: Path, error: InputError) -> bool:
    """Whether a file that is not YAML is a template of other objects than CRDs.

    Args:
        file: The file.
        error: The error of reading it.
    """
    if error.hint != _RENDER:
        return False
    with open_regular(file) as stream:
        return KIND.lower().encode() not in stream.read(yaml.MAX_BYTES + 1).lower()


def _manifests(value: object, at: At) -> Iterator[tuple[Mapping[str, Any], At]]:
    """Yield the CRDs of a document: itself, or the items of a list."""
    if not is_object(value):
        return
    _refuse_misspelt(value, at)
    kind, api_version = optional_text(value, "kind"), optional_text(value, "apiVersion")
    if kind == KIND and api_version.partition("/")[0] in (_GROUP, ""):
        if api_version != f"{_GROUP}/v1":
            refuse((*at, "apiVersion"), f"{api_version[:60] or 'a CRD without a version'} is not read", _OLD)
        yield value, at
    elif (kind == "List" or kind == f"{KIND}List") and is_array(value.get("items")):
        for place, item in items(value["items"], (*at, "items")):
            whole = item
            if kind != "List" and is_object(item):
                whole = {"apiVersion": api_version, "kind": KIND, **item}
            yield from _manifests(whole, place)


def _refuse_misspelt(value: Mapping[str, Any], at: At) -> None:
    """Refuse an object that is meant to be a CRD and would be skipped: the clients of its group would be removed."""
    kind, group = optional_text(value, "kind"), optional_text(value, "apiVersion").partition("/")[0]
    if kind in (KIND, f"{KIND}List"):
        if group not in (_GROUP, "") and (_is_like(group, _GROUP) or _has_shape(value)):
            refuse((*at, "apiVersion"), f"{group[:100]!r} has no {kind}", f"did you mean '{_GROUP}/v1'?")
    elif group == _GROUP or (kind.lower().removesuffix("s") == KIND.lower() and _has_shape(value)):
        what = f"{kind[:100]!r} is not a kind of {_GROUP}" if kind else "a CRD without a kind"
        refuse((*at, "kind") if "kind" in value else at, what, f"did you mean {KIND!r}?")
    elif (_is_like(kind, KIND) and _is_like(group, _GROUP)) or (not kind and _has_shape(value)):
        refuse(at, f"this looks like a CRD, but is {kind[:100] or 'an object without a kind'}", _SPELLING)


def _is_like(word: str, meant: str) -> bool:
    return difflib.SequenceMatcher(None, word.lower()[:100], meant.lower()).ratio() >= _LIKENESS


def _has_shape(value: Mapping[str, Any]) -> bool:
    """Whether an object has the spec of a CRD."""
    spec = value.get("spec")
    return is_object(spec) and is_object(spec.get("names")) and {"group", "scope", "versions"} <= spec.keys()


_LIKENESS: Final = 0.9
_SPELLING: Final = f"write apiVersion: {_GROUP}/v1 and kind: {KIND}"

_OLD: Final = (
    "Kubernetes has served only apiextensions.k8s.io/v1 since 1.22; older schemas may leave out types. Use a v1 "
    "manifest of the project, or the one that a cluster converted: kubectl get crd NAME -o yaml, or kgen pull"
)


def _crd(raw: Mapping[str, Any], source: str, at: At) -> Crd:
    spec = mapping(raw.get("spec"), (*at, "spec"))
    at_spec = (*at, "spec")
    names = mapping(spec.get("names"), (*at_spec, "names"))
    at_names = (*at_spec, "names")
    group = _matching(spec, "group", at_spec, _SUBDOMAIN, "a DNS name such as 'example.com'")
    if _RESERVED.fullmatch(group):
        refuse((*at_spec, "group"), f"{group!r} belongs to Kubernetes itself")
    kind = _matching(names, "kind", at_names, _KIND, "a name such as 'Widget'")
    scope = word(spec, "scope", at_spec)
    if scope not in ("Cluster", "Namespaced"):
        refuse((*at_spec, "scope"), f"{scope[:60]!r} is not a valid scope", "write Namespaced or Cluster")
    versions = tuple(
        _version(mapping(entry, place), names, place)
        for place, entry in items(spec.get("versions"), (*at_spec, "versions"))
    )
    if not versions:
        refuse(at_spec, "the CRD has no versions")
    for version in versions:
        if [other.name for other in versions].count(version.name) > 1:
            refuse((*at_spec, "versions"), f"the version {version.name!r} is defined twice")
    return Crd(
        group=group,
        plural=_matching(names, "plural", at_names, _LABEL, "a name such as 'widgets'"),
        kind=kind,
        list_kind=_matching(names, "listKind", at_names, _KIND, "a name such as 'WidgetList'")
        if names.get("listKind")
        else f"{kind}List",
        namespaced=scope == "Namespaced",
        versions=versions,
        source=source,
        at=at,
    )


def _matching(raw: Mapping[str, Any], key: str, at: At, pattern: re.Pattern[str], example: str) -> str:
    value = word(raw, key, at)
    if not pattern.fullmatch(value):
        hint = _RENDER if "{{" in value else None
        refuse((*at, key), f"{value[:100]!r} is not a valid {key}: expected {example}", hint)
    return value


def _version(raw: Mapping[str, Any], names: Mapping[str, Any], at: At) -> Version:
    validation = mapping(raw.get("schema"), (*at, "schema"))
    place = (*at, "schema", "openAPIV3Schema")
    schema: Mapping[str, Any] = msgspec.to_builtins(mapping(validation.get("openAPIV3Schema"), place), order="sorted")
    served = raw.get("served")
    if served is not None and not isinstance(served, bool):
        refuse((*at, "served"), "expected true or false")
    subresources = raw.get("subresources")
    parts = mapping({} if subresources is None else subresources, (*at, "subresources"))
    return Version(
        name=_matching(raw, "name", at, _LABEL, "a name such as 'v1'"),
        served=raw.get("served") is True,
        schema=schema,
        at=place,
        status=_is_there(parts, "status"),
        scale=_is_there(parts, "scale"),
        selectable=tuple(
            optional_text(mapping(entry, place), "jsonPath").removeprefix(".")
            for place, entry in items(raw.get("selectableFields"), (*at, "selectableFields"))
        ),
        custom=_custom(raw, names, parts, at),
    )


def _is_there(parts: Mapping[str, Any], name: str) -> bool:
    return parts.get(name) is not None


def _custom(
    raw: Mapping[str, Any], names: Mapping[str, Any], subresources: Mapping[str, Any], at: At
) -> CustomResource:
    scale = subresources.get("scale")
    warning = optional_text(raw, "deprecationWarning") or "this version is deprecated"
    columns = raw.get("additionalPrinterColumns")
    return CustomResource(
        short_names=_words(names.get("shortNames")),
        categories=_words(names.get("categories")),
        columns=tuple(
            Column(*(optional_text(mapping(entry, place), key) for key in ("name", "type", "jsonPath", "description")))
            for place, entry in items(columns, (*at, "additionalPrinterColumns"))
        ),
        deprecated=warning if raw.get("deprecated") is True else None,
        scale={key: value for key, value in scale.items() if is_text(value)} if is_object(scale) else {},
    )


def _words(value: object) -> tuple[str, ...]:
    return tuple(filter(is_text, value)) if is_array(value) else ()
