"""Every public call of the clients, found by introspection, with arguments that it accepts."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import kubeclient.typed
from kubeclient.models import autoscaling_v1, core_v1, meta_v1
from kubeclient.typed.apps.v1.deployment import DEPLOYMENTS
from kubeclient.typed.core.v1.pod import PODS
from kubecore import apply, async_verbs, clientset, discovery, dynamic, patch, sync_verbs
from kubecore.dynamic.resource import of_model

__all__ = ["Verb", "arguments", "finish", "finish_async", "verbs"]

_LOCAL: Final = ("resource", "close", "aclose")
"""Methods of a clientset that send nothing."""


class Verb(NamedTuple):
    """A public call.

    Attributes:
        name: The class and the method.
        make: Returns the bound method of a clientset.
        signature: The signature of the method.
    """

    name: str
    make: Callable[[Any], Callable[..., Any]]
    signature: inspect.Signature

    @property
    def method(self) -> str:
        """The method's name alone."""
        return self.name.rpartition(".")[2]


def verbs(*, is_async: bool, generated: bool = True) -> Iterator[Verb]:
    """Yield every public call of one kind of client.

    Args:
        is_async: Whether to yield the calls of the asynchronous client.
        generated: Whether to include the subresource methods of the generated package.
    """
    mixins = async_verbs if is_async else sync_verbs
    seen: set[str] = set()
    for mixin_name in mixins.__all__:
        mixin = getattr(mixins, mixin_name)
        for name in _public(mixin):
            if name not in seen:
                seen.add(name)
                yield _of_mixin(mixin, name)
    if generated:
        yield from _generated(seen, is_async=is_async)
    objects = dynamic.AsyncObjects if is_async else dynamic.Objects
    for name in vars(objects):
        if not name.startswith("_") and inspect.isfunction(getattr(objects, name)):
            yield _of_objects(objects, name)
    for attribute, cls in (
        ("discovery", discovery.AsyncDiscovery if is_async else discovery.Discovery),
        ("dynamic", dynamic.AsyncDynamicClient if is_async else dynamic.DynamicClient),
        ("rest_client", None),
        ("", clientset.AsyncBaseClientset if is_async else clientset.BaseClientset),
    ):
        for name in () if cls is None else _public(cls):
            if attribute or name not in _LOCAL:
                yield _of_attribute(cls, attribute, name)
    for name in apply.__all__:
        if name.startswith("apply_") and name.endswith("_async") is is_async:
            yield _of_function(name)


def _public(cls: Any) -> list[str]:
    return [
        name for name in dir(cls) if not name.startswith("_") and inspect.isfunction(inspect.getattr_static(cls, name))
    ]


def _of_mixin(mixin: Any, name: str) -> Verb:
    resource = DEPLOYMENTS if name == "wait_for_rollout" else PODS
    made = type("Client", (mixin,), {"_resource": resource, "_scale": autoscaling_v1.Scale})

    def make(clientset: Any) -> Callable[..., Any]:
        found: Callable[..., Any] = getattr(made(clientset.rest_client, "d"), name)
        return found

    return Verb(f"{mixin.__name__}.{name}", make, inspect.signature(getattr(mixin, name)))


def _generated(seen: set[str], *, is_async: bool) -> Iterator[Verb]:
    for info in pkgutil.walk_packages(kubeclient.typed.__path__, "kubeclient.typed."):
        module = importlib.import_module(info.name)
        for cls in vars(module).values():
            if not (inspect.isclass(cls) and cls.__module__ == info.name and hasattr(cls, "_resource")):
                continue
            if cls.__name__.startswith("Async") is not is_async:
                continue
            for name, found in vars(cls).items():
                if inspect.isfunction(found) and not name.startswith("_") and name not in seen:
                    yield _of_generated(cls, name)


def _of_generated(cls: Any, name: str) -> Verb:
    def make(clientset: Any) -> Callable[..., Any]:
        namespace = "d" if cls._resource.namespaced else ""
        found: Callable[..., Any] = getattr(cls(clientset.rest_client, namespace), name)
        return found

    return Verb(f"{cls.__name__}.{name}", make, inspect.signature(getattr(cls, name)))


def _of_objects(objects: Any, name: str) -> Verb:
    def make(clientset: Any) -> Callable[..., Any]:
        found: Callable[..., Any] = getattr(objects(clientset.rest_client, of_model(core_v1.Pod), "d"), name)
        return found

    return Verb(f"{objects.__name__}.{name}", make, inspect.signature(getattr(objects, name)))


def _of_attribute(cls: Any, attribute: str, name: str) -> Verb:
    def make(clientset: Any) -> Callable[..., Any]:
        found: Callable[..., Any] = getattr(getattr(clientset, attribute) if attribute else clientset, name)
        return found

    return Verb(f"{cls.__name__}.{name}", make, inspect.signature(getattr(cls, name)))


def _of_function(name: str) -> Verb:
    function: Callable[..., Any] = getattr(apply, name)

    def make(clientset: Any) -> Callable[..., Any]:
        return functools.partial(function, clientset)

    return Verb(f"apply.{name}", make, inspect.signature(function))


_BODY: Final = core_v1.Pod(metadata=meta_v1.ObjectMeta(name="x", resource_version="1"))


def arguments(verb: Verb, folder: Path) -> dict[str, Any]:
    """Return the arguments that a call needs, except `timeout`.

    Args:
        verb: The call.
        folder: An empty folder for files.
    """
    given: dict[str, Any] = {}
    for name, parameter in verb.signature.parameters.items():
        if parameter.default is inspect.Parameter.empty and name not in ("self", "clientset"):
            given[name] = _argument(verb, name, parameter, folder)
    return given


def _argument(verb: Verb, name: str, parameter: inspect.Parameter, folder: Path) -> Any:
    if name == "body" or parameter.annotation in ("Body", "T | Mapping[str, Any]"):
        if "patch" in verb.method:
            return patch.MergePatch({"metadata": {"labels": {"a": "b"}}})
        if verb.method in ("apply", "apply_status"):
            return {"metadata": {"name": "x"}}
        return _BODY
    simple: dict[str, Any] = {
        "name": "x",
        "change": _change,
        "command": ["true"],
        "remote": "/tmp/file",
        "field_manager": "test",
        "for_": "create",
        "type": "merge",
        "subresource": "scale",
        "kind": "pods",
        "method": "GET",
        "objects": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}],
    }
    if name in simple:
        return simple[name]
    if name == "local":
        file = folder / "file"
        file.write_text("text")
        return file
    if name == "path":
        if verb.method == "raw":
            return "/healthz"
        file = folder / "manifest.yaml"
        file.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
        return file
    return {}  # The body of a subresource.


def _change(found: Any) -> None:
    found.metadata.labels["a"] = "b"


def finish(result: Any) -> None:
    """Use a call's return value so that the call sends its request: enter it, connect, or take the first item."""
    if hasattr(result, "connect"):
        with result as ports, ports.connect(80):
            pass
    elif hasattr(result, "__enter__"):
        with result:
            pass
    elif hasattr(result, "__next__"):
        next(result)


async def finish_async(result: Any) -> None:
    """Do the same as `finish`, with `await`."""
    if inspect.isawaitable(result):
        result = await result
    if hasattr(result, "connect"):
        async with result as ports, await ports.connect(80):
            pass
    elif hasattr(result, "__aenter__"):
        async with result:
            pass
    elif hasattr(result, "__anext__"):
        await anext(result)
