"""Errors for names that do not exist, with the name that was probably meant.

Users come from other clients: `core_v1.V1Pod`, `pods.read` and `clientset.CoreV1Api` are their first guesses. The hooks
are hidden from type checkers, which report a missing name by themselves.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final, NoReturn

from kubecore._support.nearest import nearest
from kubecore.model.kinds import kinds_of_class

__all__ = ["missing_in_client", "missing_in_clientset", "missing_in_group", "module_getattr"]

_VERSION: Final = re.compile(r"(?:[A-Z][a-z]+)?V\d+(?:(?:alpha|beta)\d+)?(?=[A-Z])")
_OFFICIAL: Final = re.compile(
    r"(?P<verb>read|list|create|replace|patch|delete_collection|delete|watch)"
    r"(?:_namespaced|_cluster)?_(?P<thing>[a-z_]+?)(?P<all>_for_all_namespaces)?(?:_with_http_info|_async)?"
)
_VERBS: Final = {
    "describe": "get",
    "edit": "modify",
    "find": "list",
    "logs": "get_logs",
    "log": "get_logs",
    "read": "get",
    "read_log": "get_logs",
    "read_scale": "get_scale",
    "read_status": "get_status",
    "remove": "delete",
    "replace": "update",
    "replace_scale": "update_scale",
    "replace_status": "update_status",
    "scale": "patch_scale",
    "set": "update",
    "wait_for": "wait",
}


def module_getattr(module: str) -> Callable[[str], NoReturn]:
    """Return the `__getattr__` of a module of models: it raises an error that names the class that was meant.

    Args:
        module: The module's name.
    """

    def missing(name: str) -> NoReturn:
        hint = "" if name.startswith("_") else _model_hint(module, name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}{hint}", name=name, obj=sys.modules[module])

    return missing


def _model_hint(module: str, name: str) -> str:
    package, _, own = module.rpartition(".")
    plain = _VERSION.sub("", name, count=1)
    here: dict[str, Any] = vars(sys.modules[module])
    for candidate in (plain, plain[:1].upper() + plain[1:]):
        if candidate in here:
            return f"; write {own}.{candidate}"
    for candidate in (name, plain):
        elsewhere = _modules_with(candidate, dict.fromkeys((package, "kubeclient.models")))
        if elsewhere:
            return f"; {candidate} is {' or '.join(f'{place}.{candidate}' for place in elsewhere[:3])}"
    return nearest(plain, here.get("__all__", ()), "{}.{{}}".format(own))  # noqa: UP032 - the braces are filled in later


def _modules_with(name: str, packages: Iterable[str]) -> list[str]:
    """Return the modules of models that have a class, stable versions first."""
    found: list[str] = []
    for package in packages:
        try:
            folder = importlib.import_module(package)
        except ImportError:
            continue
        for info in pkgutil.iter_modules(folder.__path__):
            module = importlib.import_module(f"{package}.{info.name}")
            if name in vars(module).get("__all__", ()) and info.name not in found:
                found.append(info.name)
    # Another module may re-export the types of `meta_v1`.
    return sorted(found, key=lambda name: (name != "meta_v1", "alpha" in name, "beta" in name))


def missing_in_client(client: object, name: str) -> AttributeError:
    """Return the error for an attribute that a client of a resource does not have.

    Args:
        client: The client.
        name: The attribute.
    """
    if name.startswith("_"):
        return _error(client, name, "")
    known = _public(type(client))
    meant = _VERBS.get(name)
    match = _OFFICIAL.fullmatch(name)
    if meant is None and match is not None:
        meant = _VERBS.get(match["verb"], match["verb"])
    hint = f"; write {meant}" if meant in known else nearest(name, known)
    verb, _, part = _VERBS.get(name, name).partition("_")
    if part == "scale" and f"{verb}_subresource" in known:  # A dynamic client does not know which kinds have it.
        hint = f"; write {verb}_subresource(name, 'scale', ...)"
    return _error(client, name, hint)


def missing_in_group(group: object, name: str) -> AttributeError:
    """Return the error for an attribute that the clients of a group version do not have.

    Args:
        group: The clients of a group version.
        name: The attribute, such as `pod` or the official client's `list_namespaced_pod`.
    """
    if name.startswith("_"):
        return _error(group, name, "")
    match = _OFFICIAL.fullmatch(name)
    thing = match["thing"] if match else name.lower()
    resource, namespaced = _resource_of_another_group(type(group), thing.replace("_", ""))
    if match is None and resource:
        return _error(group, name, f"; write {resource}({'namespace' if namespaced else ''})")
    if not resource:
        import difflib

        resource = next(iter(difflib.get_close_matches(thing, _public(type(group)), n=1, cutoff=0.6)), "")
    if match is None or not resource:
        return _error(group, name, f"; did you mean {resource}?" if resource else "")
    verb = _VERBS.get(match["verb"], match["verb"])
    namespace = '""' if match["all"] else "namespace" if "_namespaced" in name else ""
    return _error(group, name, f"; write {resource}({namespace}).{verb}(...)")


def _resource_of_another_group(group: type, plural: str) -> tuple[str, bool]:
    """Return the accessors of a resource, such as `apps_v1.deployments`, and whether it has namespaces.

    Args:
        group: The clients of a group version. If it has the resource itself, the result is empty.
        plural: The resource in lower case without underscores; its singular is found, too.
    """
    package, _, own = group.__module__.partition(".typed.")
    infos = [info for info in kinds_of_class(group).values() if info.plural in (plural, f"{plural}s")]
    modules = [f"{info.group.partition('.')[0] or 'core'}.{info.version}._group" for info in infos]
    if own in modules:
        return "", False
    for info, module in sorted(zip(infos, modules, strict=True), key=lambda pair: _stability(pair[0].api_version)):
        try:
            clients = vars(importlib.import_module(f"{package}.typed.{module}")).values()
        except ImportError:  # The group version has a custom name.
            continue
        for each in clients:
            if isinstance(each, type) and each.__bases__ == group.__bases__:
                for name in _public(each):
                    if name.replace("_", "") == info.plural:
                        return f"{module.removesuffix('._group').replace('.', '_')}.{name}", info.namespaced
    return "", False


def missing_in_clientset(clientset: object, name: str) -> AttributeError:
    """Return the error for an attribute that a clientset does not have.

    Args:
        clientset: The clientset.
        name: The attribute, such as `pods` or the official client's `CoreV1Api`.
    """
    if name.startswith("_"):
        return _error(clientset, name, "")
    known = _public(type(clientset))
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.removesuffix("Api")).lower()
    if snake in known:
        return _error(clientset, name, f"; write {snake}")
    prefixed = [accessor for accessor in known if accessor.startswith(f"{snake}_v")]
    if prefixed:
        return _error(clientset, name, f"; write {min(prefixed, key=_stability)}")
    place = _place_of_resource(clientset, snake.replace("_", ""))
    if place:
        return _error(clientset, name, f"; write {place}")
    return _error(clientset, name, nearest(snake, known))


def _stability(accessor: str) -> tuple[bool, bool, str]:
    return "alpha" in accessor, "beta" in accessor, accessor


def _place_of_resource(clientset: object, plural: str) -> str:
    """Return the accessors of a resource by its plural, "" if there is none."""
    infos = kinds_of_class(type(clientset)).values()
    for info in sorted(infos, key=lambda info: _stability(info.api_version)):
        accessor = f"{info.group.partition('.')[0] or 'core'}_{info.version}"
        if info.plural in (plural, f"{plural}s") and accessor in _public(type(clientset)):
            group: object = getattr(clientset, accessor)
            resources = _public(type(group))
            name = next((attribute for attribute in resources if attribute.replace("_", "") == info.plural), "")
            if name:
                return f"{accessor}.{name}({'namespace' if info.namespaced else ''})"
    return ""


def _public(kind: type) -> list[str]:
    return [name for name in dir(kind) if not name.startswith("_")]


def _error(owner: object, name: str, hint: str) -> AttributeError:
    return AttributeError(f"{type(owner).__name__!r} object has no attribute {name!r}{hint}", name=name, obj=None)
