"""The replacement of a call: the table's, or that of a rule for generated names."""

from __future__ import annotations

import ast
import re
from typing import Final

from kgen.migrate.arguments import argument, of_table, shown
from kgen.migrate.kr8s_calls import KR8S_CALLS, KR8S_METHODS
from kgen.migrate.lightkube_calls import LIGHTKUBE_CALLS, LIGHTKUBE_METHODS
from kgen.migrate.official_rules import GENERATED_MODEL, official
from kgen.migrate.python_names import Found
from kgen.migrate.resources import Known
from kgen.migrate.table import PACKAGES, PAGES, Target

__all__ = ["replacement"]

_COROUTINE: Final = re.compile(r"(?:clientset|resource|kubecore|process|ports|apply)\.[^(]*\(")

_NO_COROUTINE: Final = re.compile(r"\.(?:watch|stream_logs|informer|port_forward|exec|attach)\(")

_DYNAMIC: Final = re.compile(r"(clientset\.dynamic\.resource\([^()]*\))(?=\.)")


def replacement(found: Found, known: Known) -> Target | None:
    """Return the replacement of a call; None if it is a call of data that a client returned."""
    path = re.sub(r"_with_http_info\b", "", found.path)
    package = path.partition(".")[0]
    if package == "lightkube":
        target = _lightkube(path, found, known)
    elif package == "kr8s":
        target = _kr8s(path, found, known)
    else:
        target = official(path, found, known)
    if target is None and not _is_of_client(path, known):
        return None
    if target is None:
        return Target("", PACKAGES.get(package, PACKAGES["kubernetes"]), "open")
    return _in_async(target, found) if found.is_awaited or _is_async(path) else target


def _is_async(path: str) -> bool:
    return path.startswith(("kubernetes_asyncio.", "kubernetes.aio.", "kr8s.asyncio", "lightkube.AsyncClient()"))


def _in_async(target: Target, found: Found) -> Target:
    text = re.sub(r"\bClientset\(", "AsyncClientset(", target.text).replace("clientset.close()", "clientset.aclose()")
    text = re.sub(r"\bapply_(file|objects)\(", r"apply_\1_async(", text)
    text = re.sub(r"^with (?=clientset|elector)", "async with ", text)
    text = text.replace("election.Elector(", "election.AsyncElector(")
    is_call = bool(_COROUTINE.match(text)) and not _NO_COROUTINE.search(text)
    is_awaited = found.is_awaited or found.path.endswith("AsyncClient().list")  # `async for` there.
    text = _DYNAMIC.sub(r"(await \1)", text)
    return Target(f"await {text}" if is_call and is_awaited else text, target.page, target.status)


def _is_of_client(path: str, known: Known) -> bool:
    """Whether a call is one of the package, and not of data: of a response, or of a field of a model."""
    owners = path.split(".")[:-1]
    if any("[]" in owner or (owner.endswith("()") and not owner[0].isupper()) for owner in owners):
        return False
    in_models = path.startswith(("lightkube.models.", "lightkube.resources."))
    return not any(
        owner.endswith("()") and (in_models or owner[:-2] in known.kinds or GENERATED_MODEL.fullmatch(owner[:-2]))
        for owner in owners[:-1]
    )


def _lightkube(path: str, found: Found, known: Known) -> Target | None:
    owner, _, name = path.rpartition(".")
    if re.search(r"\b(Async)?Client\(\)$", owner) and name in LIGHTKUBE_METHODS:
        call, verb = LIGHTKUBE_METHODS[name]
        parts = [part.strip("()[]") for part in found.argument.split(".")]
        kind = next((part for part in parts if part in known.kinds), "")
        if parts[-1] in ("Status", "Scale") and name in ("get", "replace", "patch", "apply"):
            call = re.sub(r"^\w+", lambda verb: f"{verb[0]}_{parts[-1].lower()}", call)
        group = next((part for part in parts if re.search(r"_v\d", part)), "")
        given = argument(found.node, None, "namespace")
        is_all = isinstance(given, ast.Constant) and given.value == "*"
        namespace = '""' if is_all else shown(given, "ns")
        named = argument(found.node, 1, "name")
        call = re.sub(r"(?<=\()name\b", lambda _: shown(named, "name"), call)
        if "PatchType.MERGE" in ast.unparse(argument(found.node, None, "patch_type") or ast.Constant(None)):
            call = call.replace("strategic", "merge")
        return Target(f"clientset.{_resource(kind, group, namespace, known)}.{call}", PAGES[verb])
    if target := of_table(path, LIGHTKUBE_CALLS):
        return target if name != "get" or "KubeConfig" in owner else None
    if name in ("Scale", "Status") and (match := re.search(r"\.(\w+_v\d\w*)\.(\w+)\.\w+$", path)):
        text = "autoscaling_v1.Scale(...)" if name == "Scale" else f"{match[1]}.{match[2]}(...)"
        return Target(text, PAGES["models"])
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
    name = name.removeprefix("async_")
    path = f"{owner}.{name}"
    owners = [part.strip("()[]") for part in owner.split(".")]
    kind = next((part for part in owners if part in known.kinds), "")
    namespace = shown(argument(found.node, None, "namespace"), "ns")
    namespace = '""' if namespace.endswith("ALL") else namespace
    last = owner.rpartition(".")[2]
    is_object = last in known.kinds or last.endswith(("()", "[]"))
    is_object &= owners[-1] not in ("api", "Api")
    if ".popen()" in owner:
        return of_table(path, KR8S_CALLS)
    if is_object and name in KR8S_METHODS:
        call, verb = KR8S_METHODS[name]
        client = _resource(kind, "", namespace, known) if kind else f"dynamic.resource(kind, {namespace})"
        text = call if call.startswith(("owners.", "clientset.")) else f"clientset.{client}.{call}"
        return Target(text, PAGES[verb])
    if name in ("get", "watch") and owners[-1] in ("kr8s", "asyncio", "api", "Api"):
        first = argument(found.node, 0, "kind")
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
    return of_table(path, KR8S_CALLS)
