"""Kubernetes' resources under the names of other clients: their methods, classes and models, derived from `kgen.ir`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from kgen.ir import Api, GroupVersion, Resource

__all__ = ["Known", "Method", "known", "snake_case"]


@dataclass(frozen=True, slots=True)
class Method:
    """The replacement of a generated method of the official client.

    Attributes:
        resource: The client of the resource, without its namespace: `core_v1.pods`.
        scope: `namespace`, `all` or `cluster`.
        call: The method and its arguments, with `name` for the name of the object.
        verb: The verb, for the page.
        is_named: Whether the first argument of the method is the name of the object.
    """

    resource: str
    scope: str
    call: str
    verb: str
    is_named: bool


@dataclass(frozen=True, slots=True)
class Known:
    """All names.

    Attributes:
        methods: The methods of each class of the official client: `{"CoreV1Api": {"list_namespaced_pod": ...}}`.
        any_class: The methods of all classes; the newest stable version wins.
        accessors: The group client of each class: `{"CoreV1Api": "core_v1"}`.
        models: The modules with a model, by version and name: `{("v1", "Pod"): ["core_v1"]}`.
        kinds: The resources of each kind, the newest stable version first.
        plurals: The kinds by plural, singular and short forms that kr8s accepts.
    """

    methods: dict[str, dict[str, Method]] = field(default_factory=dict[str, dict[str, Method]])
    any_class: dict[str, Method] = field(default_factory=dict[str, Method])
    accessors: dict[str, str] = field(default_factory=dict[str, str])
    models: dict[tuple[str, str], list[str]] = field(default_factory=dict[tuple[str, str], list[str]])
    kinds: dict[str, list[tuple[str, bool]]] = field(default_factory=dict[str, list[tuple[str, bool]]])
    plurals: dict[str, str] = field(default_factory=dict[str, str])


_VERBS: Final[Mapping[str, tuple[str, str]]] = {
    "create": ("create", "create(body)"),
    "delete": ("delete", "delete(name)"),
    "delete_collection": ("delete_collection", "delete_collection(...)"),
    "get": ("read", "get(name)"),
    "list": ("list", "list(...)"),
    "patch": ("patch", 'patch(name, body, type="strategic")'),
    "update": ("replace", "update(body)"),
}
"""The word of the official client for each verb, and the call here."""

_STATUS: Final = {
    "get": "get_status(name)",
    "patch": 'patch_status(name, body, type="merge")',
    "update": "update_status(body)",
}

_SUBRESOURCES: Final = {"get": "(name)", "patch": '(name, body, type="merge")'}

_STREAMS: Final = {
    "attach": ("attach", "attach(name)"),
    "exec": ("exec", "run(name, command)"),
    "portforward": ("portforward", "port_forward(name)"),
    "proxy": ("proxy", 'proxy(name, "{http}")'),
}

_HTTP: Final = ("get", "post", "put", "delete", "patch", "head", "options")


def snake_case(kind: str) -> str:
    """Return a kind as the official client writes it in methods: `api_service` of `APIService`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind).lower()


def known(api: Api) -> Known:
    """Return all names of the documents' resources and models."""
    names = Known()
    for group in sorted(api.groups, key=_age):
        methods = names.methods.setdefault(_class_name(group), {})
        names.accessors[_class_name(group)] = group.accessor
        for resource in group.resources:
            methods |= _methods(group, resource)
            names.kinds.setdefault(resource.kind_name, []).append(
                (f"{group.accessor}.{resource.accessor}", resource.namespaced)
            )
            for word in (resource.plural, resource.kind_name.lower()):
                names.plurals.setdefault(word, resource.kind_name)
        for name, method in methods.items():
            names.any_class.setdefault(name, method)
    for module in api.modules:
        version = module.name.rpartition("_")[2]
        for name in (*module.shared, *(model.name for model in module.models)):
            names.models.setdefault((version, name), []).append(module.name)
    return names


def _age(group: GroupVersion) -> tuple[bool, bool, str]:
    """Sort the core group first, then stable versions, the newest of each group first."""
    return (bool(group.group), "alpha" in group.version or "beta" in group.version, _descending(group.version))


def _descending(version: str) -> str:
    return "".join(chr(0x10FFFF - ord(char)) for char in version)


def _class_name(group: GroupVersion) -> str:
    words = re.split(r"[.-]", (group.group or "core").removesuffix(".k8s.io"))
    return "".join(word.capitalize() for word in words) + group.version.capitalize() + "Api"


def _methods(group: GroupVersion, resource: Resource) -> dict[str, Method]:
    client = f"{group.accessor}.{resource.accessor}"
    kind = snake_case(resource.kind_name)
    scope = "namespace" if resource.namespaced else "cluster"
    noun = f"namespaced_{kind}" if resource.namespaced else kind
    methods: dict[str, Method] = {}

    def add(name: str, call: str, verb: str, scope: str = scope) -> None:
        methods[name] = Method(client, scope, call, verb, "(name" in call or verb in ("update", "update_status"))

    for verb, (word, call) in _VERBS.items():
        if verb in resource.verbs:
            add(f"{word}_{noun}", call, verb)
    if resource.namespaced and "list" in resource.verbs:
        add(f"list_{kind}_for_all_namespaces", _VERBS["list"][1], "list", "all")
    for verb in resource.status_verbs:
        add(f"{_VERBS[verb][0]}_{noun}_status", _STATUS[verb], f"{verb}_status")
    for method in resource.methods:
        if method.verb != "apply":
            arguments = _SUBRESOURCES.get(method.verb, "(name, body)")
            add(f"{_VERBS[method.verb][0]}_{noun}_{method.subresource}", method.name + arguments, method.subresource)
    for stream in resource.streams & _STREAMS.keys():
        verb, call = _STREAMS[stream]
        for http in _HTTP:
            add(f"connect_{http}_{noun}_{stream}", call.format(http=http.upper()), verb)
            if stream == "proxy":
                with_path = f'proxy(name, "{http.upper()}", path)'
                add(f"connect_{http}_{noun}_{stream}_with_path", with_path, verb)
    if "log" in resource.streams:
        add(f"read_{noun}_log", "get_logs(name)", "log")
    return methods
