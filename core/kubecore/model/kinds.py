"""The kinds of a generated package and their API paths, without a model and without a request.

Every generated package has this table in `_kinds`; it is imported when first needed.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import typing
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from kubecore.errors.base import NoMatchError
from kubecore.model.base import ModelBase

__all__ = ["KindInfo", "kind_of", "kinds_of", "kinds_of_class", "named"]

_TABLE: Final = "_kinds"


class KindInfo(NamedTuple):
    """The API path of a kind."""

    api_version: str
    """Group and version, such as `apps/v1`; `v1` of the core group."""

    kind: str
    """Such as `Deployment`."""

    plural: str
    """The resource's name in paths, such as `deployments`."""

    namespaced: bool
    """Whether its objects are in namespaces."""

    @property
    def group(self) -> str:
        """The API group, "" for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """The version."""
        return self.api_version.rpartition("/")[2]


_NO_KINDS: Final[Mapping[tuple[str, str], KindInfo]] = MappingProxyType({})


@functools.lru_cache(maxsize=64)
def kinds_of(package: str) -> Mapping[tuple[str, str], KindInfo]:
    """Return the kinds of a generated package, by apiVersion and kind.

    Args:
        package: The package's name, such as `kubeclient`. A missing package, or one that is not generated, has no
            kinds.

    Returns:
        The kinds.
    """
    try:
        is_there = bool(package) and importlib.util.find_spec(f"{package}.{_TABLE}") is not None
    except (ModuleNotFoundError, ValueError):  # The package itself is missing, or is a module.
        is_there = False
    if not is_there:
        return _NO_KINDS
    rows: tuple[KindInfo, ...] = importlib.import_module(f"{package}.{_TABLE}").KINDS
    # If two resources have a kind, the first one wins.
    return MappingProxyType({(row.api_version, row.kind): row for row in reversed(rows)})


def kinds_of_class(clientset: type) -> Mapping[tuple[str, str], KindInfo]:
    """Return the kinds of the package that a clientset was generated in; a class derived from it has the same.

    Args:
        clientset: The class.
    """
    packages = dict.fromkeys(cls.__module__.partition(".")[0] for cls in clientset.__mro__)
    return next((found for found in map(kinds_of, packages) if found), _NO_KINDS)


def kind_of(model: type[ModelBase]) -> KindInfo:
    """Return the API path of a model, from its generated package.

    Args:
        model: The class, such as `core_v1.ConfigMap`.

    Returns:
        The API path.

    Raises:
        NoMatchError: The class is not a kind with a resource, or was not generated.
    """
    names = named(model)
    found = None if names is None else kinds_of(model.__module__.partition(".")[0]).get(names)
    if found is None:
        raise NoMatchError(
            f"{model.__module__}.{model.__qualname__} is not a kind of a generated package; "
            "`clientset.dynamic.resource(...)` finds it on the server",
            kind=model.__name__,
        )
    return found


def named(model: type[ModelBase]) -> tuple[str, str] | None:
    """Return apiVersion and kind of a model, None if it has none.

    Args:
        model: The class.
    """
    types = {field.wire_name: field.type for field in model.model_fields()}
    api_version, kind = (next(iter(typing.get_args(types.get(name))), None) for name in ("apiVersion", "kind"))
    return (api_version, kind) if isinstance(api_version, str) and isinstance(kind, str) else None
