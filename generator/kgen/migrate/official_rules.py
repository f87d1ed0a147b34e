"""Replacements of calls of `kubernetes` and `kubernetes_asyncio`: from the table, or by rules for generated names."""

from __future__ import annotations

import ast
import re
from typing import Final

from kgen.migrate.arguments import argument, of_table, patch_type, quoted, shown
from kgen.migrate.official_calls import CUSTOM_OBJECTS, MODELS, OFFICIAL, RENAMED_MODELS
from kgen.migrate.python_names import Found
from kgen.migrate.resources import Known, Method
from kgen.migrate.table import PAGES, Target

__all__ = ["GENERATED_MODEL", "official"]

GENERATED_MODEL: Final = re.compile(
    r"(?P<group>[A-Z][A-Za-z]*?)??V(?P<version>\d+(?:(?:alpha|beta)\d+)?)(?P<name>[A-Z]\w*)"
)
"""The class of a model, such as `V1Pod` and `CoreV1Event`."""

_CUSTOM: Final = re.compile(
    r"(?P<verb>[a-z_]+?)_(?P<scope>namespaced_|cluster_|)custom_object(?P<end>_for_all_namespaces|_status|_scale|)"
)

_OTHER_KIND: Final = re.compile(r"(?P<verb>create|read|list|patch|replace|delete)_(?P<scope>namespaced_|)(?P<kind>\w+)")
"""A method for a kind that no document has: of a client that was generated with other kinds, or a removed kind."""

_SESSION: Final = re.compile(r"\.connect_(?:get|post)_namespaced_pod_(?:exec|attach)\(\)")
"""A session in a pod without `stream()`: the old form, and that of `WsApiClient`."""

_REMOVED_GROUPS: Final = frozenset({"Extensions"})
"""Groups whose kinds are in other groups today. The name of each method gives the group."""


def official(path: str, found: Found, known: Known) -> Target | None:
    """Return the replacement of a call; None if neither the table nor a rule has one."""
    path = _renamed(path)
    owner, _, name = path.rpartition(".")
    owner_class = owner.rpartition(".")[2].removesuffix("()")
    function = found.node.args[0] if found.node.args else None
    if name in ("stream", "portforward", "Popen") and function is not None:
        return _passed(found, function, known, is_watch=owner_class == "Watch")
    if owner.endswith("()") or owner == "?":
        if method := known.methods.get(owner_class, {}).get(name) or known.any_class.get(name):
            return _generated(method, found.node)
        if match := _CUSTOM.fullmatch(name):
            return _custom(match, found.node)
        if owner_class.endswith("Api") and name == "close":
            return OFFICIAL["ApiClient().close"]
        if owner_class.endswith("Api") and name not in OFFICIAL and (match := _OTHER_KIND.fullmatch(name)):
            return _other_kind(match, found.node)
    if re.search(r"\.resources\.get\(\)$", owner) and name in CUSTOM_OBJECTS:
        return Target(f"resource.{_dynamic_call(name, found.node, 0)}", PAGES["dynamic"])
    if owner_class == "DynamicClient" and name in CUSTOM_OBJECTS:
        return Target(f"clientset.dynamic.resource(kind, ns).{_dynamic_call(name, found.node, 1)}", PAGES["dynamic"])
    if path.endswith(".resources.get"):
        return _dynamic_resource(found.node)
    if name.endswith("Api") and name[0].isupper():
        return _api_class(name, known)
    if name in MODELS:
        return MODELS[name]
    if name in ("from_dict", "from_json") and (model := _model(owner_class, known)):
        call = "from_dict(data)" if name == "from_dict" else "from_yaml(text)"
        return Target(f"{model.text.removesuffix('(...)')}.{call}", model.page)
    return of_table(path, OFFICIAL) or _model(name, known)


def _renamed(path: str) -> str:
    """Return the path with the usual name of the client of an `Api`, and of a session without `stream()`."""
    if session := _SESSION.search(path):
        path = f"stream(){path[session.end() :]}"
    _, client, rest = path.partition("Api().api_client")
    return f"ApiClient(){rest}" if client and rest[:1] in ("", ".") else path


def _dynamic_resource(node: ast.Call) -> Target:
    kind = shown(argument(node, None, "kind", "name"), "kind")
    version = shown(argument(node, None, "api_version"), "api_version")
    return Target(f"clientset.dynamic.resource({kind}, ns, api_version={version})", PAGES["dynamic"])


def _dynamic_call(name: str, node: ast.Call, place: int) -> str:
    """Return the call for a method of the dynamic client, whose name of an object is the argument at `place`."""
    given = argument(node, place, "name")
    has_unpacked = any(keyword.arg is None for keyword in node.keywords)
    if name in ("get", "delete") and given is None and not has_unpacked:
        name = {"get": "list", "delete": "delete_collection"}[name]
    call = CUSTOM_OBJECTS[name]
    if name == "patch":
        call = f'patch(name, body, type="{patch_type(node, "strategic")}")'
    if name in ("get", "delete"):
        call = re.sub(r"(?<=\()name\b", lambda _: shown(given, "name"), call)
    return call


def _other_kind(match: re.Match[str], node: ast.Call) -> Target:
    kind = match["kind"]
    verb = {"read": "get"}.get(match["verb"], match["verb"])
    if kind == "third_party_resource":
        return Target(
            f"clientset.apiextensions_v1.custom_resource_definitions().{CUSTOM_OBJECTS[verb]}", "docs/crds.md", "recipe"
        )
    if kind.endswith("_rollback"):
        return Target('clientset.apps_v1.deployments(ns).patch(name, body, type="json")', PAGES["scale"], "recipe")
    place = None
    if match["scope"]:
        place = 1 if verb in ("get", "patch", "replace", "delete") else 0
    given = argument(node, place, "namespace")
    is_namespaced = (match["scope"] or given is not None) and not kind.endswith("_for_all_namespaces")
    namespace = f", {shown(given, 'ns')}" if is_namespaced else ""
    words = kind.removesuffix("_for_all_namespaces").split("_")
    name = "".join(word.capitalize() for word in words)
    return Target(f'clientset.dynamic.resource("{name}"{namespace}).{CUSTOM_OBJECTS[verb]}', PAGES["dynamic"])


def _api_class(name: str, known: Known) -> Target:
    if name == "CustomObjectsApi":
        return Target("clientset.dynamic", PAGES["dynamic"])
    if accessor := known.accessors.get(name):
        return Target(f"clientset.{accessor}", PAGES["connect"])
    if re.search(r"V\d", name):  # A removed version: the newest one of the group. Or a group of other kinds.
        group = re.split(r"V\d", name)[0]
        newest = next((text for other, text in known.accessors.items() if re.split(r"V\d", other)[0] == group), "")
        if group in _REMOVED_GROUPS:
            return Target("clientset", PAGES["connect"])
        return (
            Target(f"clientset.{newest}", PAGES["connect"]) if newest else Target("clientset.dynamic", PAGES["dynamic"])
        )
    if name == "VersionApi":
        return Target("clientset", PAGES["connect"])
    return Target("clientset.discovery", PAGES["dynamic"])


def _generated(method: Method, node: ast.Call, skip: int = 0, call: str = "") -> Target:
    """Return the call for a method of the official client; `skip` arguments precede its own."""
    verb = "watch" if call else method.verb
    name = shown(argument(node, skip if method.is_named else None, "name"), "name")
    given = argument(node, skip + method.is_named, "namespace")
    namespace = {"all": '""', "cluster": ""}.get(method.scope, shown(given, "ns"))
    preload = argument(node, None, "_preload_content")
    if method.verb == "exec" and isinstance(preload, ast.Constant) and preload.value is False:
        call, verb = "exec(name, command)", "exec"
    text = re.sub(r"(?<=\()name\b", lambda _: name, call or method.call)
    text = re.sub(r'type="(\w+)"', lambda match: f'type="{patch_type(node, match[1])}"', text)
    return Target(f"clientset.{method.resource}({namespace}).{text}", _page(verb))


def _page(verb: str) -> str:
    return PAGES.get(verb.partition("_status")[0], PAGES["other"])


def _passed(found: Found, function: ast.expr, known: Known, *, is_watch: bool) -> Target | None:
    """Return the replacement of `stream(method, ...)`, for a method of the official client."""
    name = function.attr if isinstance(function, ast.Attribute) else ""
    owner = found.argument.rpartition(".")[0].rpartition(".")[2].removesuffix("()")
    method = known.methods.get(owner, {}).get(name) or known.any_class.get(name)
    if method is None:
        if match := _CUSTOM.fullmatch(name):
            return _custom(match, found.node, skip=1, call="watch(...)" if is_watch else "")
        kind = "watch(...)" if is_watch else "run(name, command)"
        return Target(f"clientset.core_v1.pods(ns).{kind}", PAGES["watch" if is_watch else "exec"], "recipe")
    if not is_watch:
        call = "exec(name, command)" if found.path.endswith(".Popen") else ""
        target = _generated(method, found.node, 1, call)
        return Target(target.text, _page(method.verb))
    if method.verb == "log":
        target = _generated(method, found.node, 1, "stream_logs(name)")
        return Target(target.text, PAGES["log"])
    return _generated(method, found.node, 1, "watch(...)")


def _custom(match: re.Match[str], node: ast.Call, skip: int = 0, call: str = "") -> Target | None:
    text = call or CUSTOM_OBJECTS.get(match["verb"], "")
    if not text:
        return None
    is_namespaced = match["scope"] == "namespaced_"
    plural = argument(node, skip + 2 + is_namespaced, "plural", "resource_plural")
    group = argument(node, skip, "group")
    given = argument(node, skip + 2, "namespace")
    resource = '"plural.group"'
    match (plural, group):
        case (ast.Constant(value=str(its_plural)), ast.Constant(value=str(its_group))):
            resource = quoted(f"{its_plural}.{its_group}")
        case _:
            pass
    namespace = f", {shown(given, 'ns')}" if is_namespaced else ""
    if match["end"] == "_status":
        text = {
            "get": "get_status(name)",
            "patch": 'patch_status(name, body, type="merge")',
            "replace": "update_status(body)",
        }.get(match["verb"], text)
    if match["verb"] == "patch":
        text = re.sub(r'type="(\w+)"', lambda kind: f'type="{patch_type(node, kind[1])}"', text)
    if match["end"] == "_scale":
        changed = 'patch_subresource(name, "scale", body, type="merge")'
        text = 'get_subresource(name, "scale")' if match["verb"] == "get" else changed
    return Target(f"clientset.dynamic.resource({resource}{namespace}).{text}", PAGES["dynamic"])


def _model(given: str, known: Known) -> Target | None:
    match = GENERATED_MODEL.fullmatch(given)
    if match is None:
        return None
    name = RENAMED_MODELS.get(match["name"], match["name"])
    others = (found for (_, other), found in known.models.items() if other == name)
    modules = known.models.get((f"v{match['version']}", name)) or next(others, list[str]())
    group = (match["group"] or "").lower()
    chosen = next((module for module in modules if group and module.startswith(group)), "")
    chosen = (
        chosen
        or next((module for module in ("core_v1", "meta_v1") if module in modules), "")
        or next(iter(modules), "")
    )
    if chosen:
        return Target(f"{chosen}.{name}(...)", PAGES["models"])
    return Target("a mapping, or a model that kgen build makes of your definitions", "docs/crds.md", "recipe")
