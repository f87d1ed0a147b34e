"""The replacement of a call: the table's, or that of a rule for generated names."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Final

from kgen.migrate.python_names import Found
from kgen.migrate.resources import Known, Method
from kgen.migrate.table import (
    CUSTOM_OBJECTS,
    KR8S_CALLS,
    KR8S_METHODS,
    LIGHTKUBE_CALLS,
    LIGHTKUBE_METHODS,
    MODELS,
    OFFICIAL,
    PACKAGES,
    PAGES,
    Target,
)

__all__ = ["replacement"]

_LONGEST_ARGUMENT: Final = 40

_GENERATED_MODEL: Final = re.compile(
    r"(?P<group>[A-Z][a-z]+)?V(?P<version>\d+(?:(?:alpha|beta)\d+)?)(?P<name>[A-Z]\w*)"
)

_COROUTINE: Final = re.compile(r"(?:clientset|resource|kubecore)\.[^(]*\(|apply_objects_async\(")

_CUSTOM: Final = re.compile(
    r"(?P<verb>[a-z_]+?)_(?P<scope>namespaced_|cluster_|)custom_object(?P<end>_for_all_namespaces|_status|_scale|)"
)


def replacement(found: Found, known: Known) -> Target | None:
    """Return the replacement of a call; None if it is a call of data that a client returned."""
    path = re.sub(r"_with_http_info\b", "", found.path)
    package = path.partition(".")[0]
    if package == "lightkube":
        target = _lightkube(path, found, known)
    elif package == "kr8s":
        target = _kr8s(path, found, known)
    else:
        target = _official(path, found, known)
    if target is None and not _is_of_client(path):
        return None
    if target is None:
        return Target("", PACKAGES.get(package, PACKAGES["kubernetes"]), "open")
    return _in_async(target, found) if found.is_awaited or _is_async(path) else target


def _is_async(path: str) -> bool:
    return path.startswith(("kubernetes_asyncio.", "kubernetes.aio.", "kr8s.asyncio"))


def _in_async(target: Target, found: Found) -> Target:
    text = re.sub(r"\bClientset\(", "AsyncClientset(", target.text).replace("clientset.close()", "clientset.aclose()")
    text = re.sub(r"\bapply_(file|objects)\(", r"apply_\1_async(", text)
    is_call = _COROUTINE.match(text) and not re.search(r"\.(watch|stream_logs|informer|port_forward|exec)\(", text)
    return Target(f"await {text}" if is_call and found.is_awaited else text, target.page, target.status)


def _is_of_client(path: str) -> bool:
    """Whether a call is one of the package, and not of data that it returned, such as a dictionary."""
    owners = path.split(".")[:-1]
    return not any("[]" in owner or (owner.endswith("()") and not owner[0].isupper()) for owner in owners)


def _of_table(path: str, table: Mapping[str, Target]) -> Target | None:
    """Return the entry with the longest matching end of the path."""
    parts = path.split(".")
    return next((table[key] for start in range(len(parts)) if (key := ".".join(parts[start:])) in table), None)


def _official(path: str, found: Found, known: Known) -> Target | None:
    owner, _, name = path.rpartition(".")
    owner_class = owner.rpartition(".")[2].removesuffix("()")
    function = found.node.args[0] if found.node.args else None
    if name in ("stream", "portforward") and function is not None:
        return _passed(found, function, known, is_watch=owner_class == "Watch")
    if owner.endswith("()") or owner == "?":
        if method := known.methods.get(owner_class, {}).get(name) or known.any_class.get(name):
            return _generated(method, found.node)
        if match := _CUSTOM.fullmatch(name):
            return _custom(match, found.node)
    if re.search(r"\.resources\.get\(\)$", owner) and name in CUSTOM_OBJECTS:
        return Target(f"resource.{CUSTOM_OBJECTS[name]}", PAGES["dynamic"])
    if owner_class == "DynamicClient" and name in CUSTOM_OBJECTS:
        return Target(f"clientset.dynamic.resource(kind, ns).{CUSTOM_OBJECTS[name]}", PAGES["dynamic"])
    if name.endswith("Api") and name[0].isupper():
        return _api_class(name, known)
    if name in MODELS:
        return MODELS[name]
    return _of_table(path, OFFICIAL) or _model(name, known)


def _api_class(name: str, known: Known) -> Target | None:
    if name == "CustomObjectsApi":
        return Target("clientset.dynamic", PAGES["dynamic"])
    if accessor := known.accessors.get(name):
        return Target(f"clientset.{accessor}", PAGES["connect"])
    if re.search(r"V\d", name):  # Of a version that Kubernetes removed: the newest one of the group.
        group = re.split(r"V\d", name)[0]
        newest = next((text for other, text in known.accessors.items() if re.split(r"V\d", other)[0] == group), "")
        return Target(f"clientset.{newest}", PAGES["connect"]) if newest else None
    return (
        Target("clientset.discovery", PAGES["dynamic"])
        if name != "VersionApi"
        else Target("clientset", PAGES["connect"])
    )


def _generated(method: Method, node: ast.Call, skip: int = 0, call: str = "") -> Target:
    """Return the call for a method of the official client; `skip` arguments precede its own."""
    values = [argument for argument in node.args[skip:] if not isinstance(argument, ast.Starred)]
    keywords = {one.arg: one.value for one in node.keywords if one.arg}
    name = _shown(keywords.get("name") or (values[0] if method.is_named and values else None), "name")
    place = 1 if method.is_named else 0
    given = keywords.get("namespace") or (values[place] if len(values) > place else None)
    namespace = {"all": '""', "cluster": ""}.get(method.scope, _shown(given, "ns"))
    text = re.sub(r"(?<=\()name\b", lambda _: name, call or method.call)
    verb = method.verb if not call else "watch"
    return Target(
        f"clientset.{method.resource}({namespace}).{text}", PAGES.get(verb.partition("_status")[0], PAGES["other"])
    )


def _shown(node: ast.expr | None, otherwise: str) -> str:
    text = ast.unparse(node) if isinstance(node, (ast.Name, ast.Attribute, ast.Constant)) else ""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = _quoted(node.value)
    return text if 0 < len(text) <= _LONGEST_ARGUMENT and text.isprintable() else otherwise


def _quoted(text: str) -> str:
    """Return the literal of a text, in double quotes if it has none itself."""
    literal = repr(text)
    return literal if '"' in text else f'"{literal[1:-1]}"'


def _passed(found: Found, function: ast.expr, known: Known, *, is_watch: bool) -> Target | None:
    """Return the replacement of `stream(method, ...)`, for a method of the official client."""
    name = function.attr if isinstance(function, ast.Attribute) else ""
    owner = found.names.path(function).rpartition(".")[0].rpartition(".")[2].removesuffix("()")
    method = known.methods.get(owner, {}).get(name) or known.any_class.get(name)
    if method is None:
        if match := _CUSTOM.fullmatch(name):
            return _custom(match, found.node, skip=1, call="watch(...)" if is_watch else "")
        kind = "watch(...)" if is_watch else "run(name, command)"
        return Target(f"clientset.core_v1.pods(ns).{kind}", PAGES["watch" if is_watch else "exec"], "recipe")
    if not is_watch:
        return _generated(method, found.node, skip=1)
    if method.verb == "log":
        target = _generated(method, found.node, 1, "stream_logs(name)")
        return Target(target.text, PAGES["log"])
    return _generated(method, found.node, 1, "watch(...)")


def _custom(match: re.Match[str], node: ast.Call, skip: int = 0, call: str = "") -> Target | None:
    text = call or CUSTOM_OBJECTS.get(match["verb"], "")
    if not text:
        return None
    values = node.args[skip:]
    keywords = {one.arg: one.value for one in node.keywords if one.arg}
    is_namespaced = match["scope"] == "namespaced_"
    plural = (
        keywords.get("plural")
        or keywords.get("resource_plural")
        or (values[2 + is_namespaced] if len(values) > 2 + is_namespaced else None)
    )
    group = keywords.get("group") or (values[0] if values else None)
    given = keywords.get("namespace") or (values[2] if is_namespaced and len(values) > 2 else None)
    resource = '"plural.group"'
    match (plural, group):
        case (ast.Constant(value=str(its_plural)), ast.Constant(value=str(its_group))):
            resource = _quoted(f"{its_plural}.{its_group}")
        case _:
            pass
    namespace = f", {_shown(given, 'ns')}" if is_namespaced else ""
    if match["end"] == "_status":
        text = {
            "get": "get_status(name)",
            "patch": 'patch_status(name, body, type="merge")',
            "replace": "update_status(body)",
        }.get(match["verb"], text)
    if match["end"] == "_scale":
        return Target(f"clientset.dynamic.resource({resource}{namespace})", PAGES["dynamic"], "recipe")
    return Target(f"clientset.dynamic.resource({resource}{namespace}).{text}", PAGES["dynamic"])


def _model(name: str, known: Known) -> Target | None:
    match = _GENERATED_MODEL.fullmatch(name)
    if match is None:
        return None
    others = (found for (_, other), found in known.models.items() if other == match["name"])
    modules = known.models.get((f"v{match['version']}", match["name"])) or next(others, list[str]())
    group = (match["group"] or "").lower()
    chosen = next((module for module in modules if group and module.startswith(group)), "")
    chosen = (
        chosen
        or next((module for module in ("core_v1", "meta_v1") if module in modules), "")
        or next(iter(modules), "")
    )
    return Target(f"{chosen}.{match['name']}(...)", PAGES["models"]) if chosen else None


def _lightkube(path: str, found: Found, known: Known) -> Target | None:
    owner, _, name = path.rpartition(".")
    if re.search(r"\b(Async)?Client\(\)$", owner) and name in LIGHTKUBE_METHODS:
        call, verb = LIGHTKUBE_METHODS[name]
        keywords = {one.arg: one.value for one in found.node.keywords if one.arg}
        first = next(iter(found.node.args), keywords.get("res") or keywords.get("obj"))
        of = found.names.path(first)
        parts = [part.strip("()[]") for part in of.split(".")]
        kind = next((part for part in parts if part in known.kinds), "")
        if parts[-1] in ("Status", "Scale") and name in ("get", "replace", "patch"):
            call = re.sub(r"^\w+", lambda verb: f"{verb[0]}_{parts[-1].lower()}", call)
        group = next((part for part in parts if re.search(r"_v\d", part)), "")
        given = keywords.get("namespace")
        is_all = isinstance(given, ast.Constant) and given.value == "*"
        namespace = '""' if is_all else _shown(given, "ns")
        named = found.node.args[1] if len(found.node.args) > 1 else keywords.get("name")
        call = re.sub(r"(?<=\()name\b", lambda _: _shown(named, "name"), call)
        return Target(f"clientset.{_resource(kind, group, namespace, known)}.{call}", PAGES[verb])
    if target := _of_table(path, LIGHTKUBE_CALLS):
        return target if name != "get" or "KubeConfig" in owner else None
    return _by_module(path, name, known)


def _resource(kind: str, group: str, namespace: str, known: Known) -> str:
    if not kind:
        return f"resource(kind, {namespace})"
    resources = known.kinds[kind]
    client, is_namespaced = next((one for one in resources if one[0].startswith(f"{group}.")), resources[0])
    return f"{client}({namespace if is_namespaced else ''})"


def _by_module(path: str, name: str, known: Known) -> Target | None:
    """Return the model of a class in a module that is named for its group and version: `models.core_v1.Container`."""
    match = re.search(r"\.(?P<module>\w+_(?P<version>v\d\w*))\.\w+$", path)
    modules = known.models.get((match["version"], name), []) if match else []
    if match is None or not modules:
        return None
    module = match["module"] if match["module"] in modules else modules[0]
    return Target(f"{module}.{name}(...)", PAGES["models"])


def _kr8s(path: str, found: Found, known: Known) -> Target | None:
    owner, _, name = path.rpartition(".")
    owners = [part.strip("()[]") for part in owner.split(".")]
    kind = next((part for part in owners if part in known.kinds), "")
    keywords = {one.arg: one.value for one in found.node.keywords if one.arg}
    namespace = _shown(keywords.get("namespace"), "ns")
    namespace = '""' if namespace.endswith("ALL") else namespace
    last = owner.rpartition(".")[2]
    is_object = last in known.kinds or last.endswith(("()", "[]"))
    is_object &= owners[-1] not in ("api", "Api")
    if is_object and name in KR8S_METHODS:
        call, verb = KR8S_METHODS[name]
        client = _resource(kind, "", namespace, known) if kind else f"dynamic.resource(kind, {namespace})"
        text = call if call.startswith("owners.") else f"clientset.{client}.{call}"
        return Target(text, PAGES[verb])
    if name in ("get", "watch") and owners[-1] in ("kr8s", "asyncio", "api", "Api"):
        first = found.node.args[0] if found.node.args else keywords.get("kind")
        word = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
        kind = known.plurals.get(word.lower(), "")
        client = _resource(kind, "", namespace, known) if kind else f"dynamic.resource(kind, {namespace})"
        return Target(
            f"clientset.{client}.{'list' if name == 'get' else 'watch'}(...)",
            PAGES["list" if name == "get" else "watch"],
        )
    if name in known.kinds and not owner.endswith("()"):
        client = known.kinds[name][0][0]
        return Target(f"{client.partition('.')[0]}.{name}(...)", PAGES["models"])
    return _of_table(path, KR8S_CALLS)
