"""Which requests a rule applies to: verb, kind, subresource, namespace and name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, TypeAlias, TypedDict

from kubecore._support.json_types import is_json_object
from kubecore._support.nearest import nearest
from kubecore.model.base import ModelBase
from kubecore.model.kinds import kind_of, kinds_of
from kubecore.testing._server.exchange import Received

__all__ = ["Kind", "Matcher", "Named", "Names", "Where", "known_names", "parted", "require_function", "resources_named"]

Kind: TypeAlias = type[ModelBase] | str
"""A model, or a name: `Pod`, `pods`, `pods/status`, `deployments.apps` or `apps/v1/Deployment`; `*` for all."""

Named: TypeAlias = AbstractSet[tuple[str | None, str]]
"""Groups and plurals of resources; a group of None is any."""

Names: TypeAlias = Callable[[str], Named]
"""Returns the resources that a name may mean."""

_VERBS: Final = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "*")

_SUBRESOURCES: Final = (
    "approval",
    "attach",
    "binding",
    "ephemeralcontainers",
    "eviction",
    "exec",
    "finalize",
    "log",
    "portforward",
    "proxy",
    "resize",
    "scale",
    "status",
    "token",
)
"""Those of all kinds, as the paths of the OpenAPI documents contain them."""


class Where(TypedDict, total=False):
    """The requests that a rule applies to.

    Attributes:
        namespace: The namespace; all, if it is missing.
        name: The name of the object; all, if it is missing.
        subresource: The subresource; `*` for all. If it is missing, a kind does not match its subresources.
    """

    namespace: str | None
    name: str | None
    subresource: str


def known_names(name: str) -> Named:
    """Return the resources of kubeclient that a name means, or any resource with this plural."""
    rows = kinds_of("kubeclient").values()
    return {(row.group, row.plural) for row in rows if row.kind == name} or {(None, name)}


def resources_named(kind: Kind, names: Names) -> Named:
    """Return the resources of a model, or those that a name may mean.

    Args:
        kind: The model or the name.
        names: Returns the resources that a name may mean.

    Raises:
        NoMatchError: The class is not a kind with a resource, or the name means nothing.
    """
    if isinstance(kind, str):
        return names(kind)
    info = kind_of(kind)
    return {(info.group, info.plural)}


def parted(kind: Kind) -> tuple[Kind, str]:
    """Split the subresource off a name such as `pods/status`; it is "" if there is none, as in `v1/Pod`."""
    if not isinstance(kind, str) or "/" not in kind or kind.rpartition("/")[2][:1].isupper():
        return kind, ""
    resource, _, part = kind.partition("/")
    return resource, part


def require_function(function: object) -> None:
    """Refuse an argument that the cluster can't call for a request.

    Args:
        function: The argument of a decorator.

    Raises:
        TypeError: It is not a function, or must be awaited.
    """
    if not callable(function):
        raise TypeError(f"expected a function, not {type(function).__name__}")
    if inspect.iscoroutinefunction(function):
        name = getattr(function, "__name__", "the function")
        raise TypeError(f"{name} is async, but nothing awaits it: use a plain function, which may use a Clientset")


@dataclass(frozen=True, slots=True)
class Matcher:
    """A condition for requests.

    Attributes:
        verb: The verb, `*` for all.
        resources: The resources with their groups; a group of None is any. Empty for all.
        subresource: The subresource, "" for the objects themselves, `*` for both.
        namespace: The namespace, None for all.
        name: The name, None for all.
        condition: Another condition, or None.
    """

    verb: str
    resources: frozenset[tuple[str | None, str]]
    subresource: str
    namespace: str | None
    name: str | None
    condition: Callable[[Received], bool] | None = None

    @classmethod
    def of(
        cls,
        verb: str,
        kind: Kind,
        *,
        names: Names = known_names,
        namespace: str | None = None,
        name: str | None = None,
        subresource: str | None = None,
        condition: Callable[[Received], bool] | None = None,
    ) -> Matcher:
        """Make a condition.

        Args:
            verb: The verb as RBAC names it, or `*`.
            kind: The kind, or `*`.
            names: Returns the resources that a name may mean.
            namespace: The namespace, None for all.
            name: The name, None for all.
            subresource: The subresource, "" for the objects themselves, `*` for all. None for that of the kind's name;
                a kind alone does not match its subresources.
            condition: Another condition, or None.

        Raises:
            ValueError: The verb or the subresource does not exist.
            NoMatchError: The class is not a kind with a resource, or the name means nothing.
        """
        verb = verb.replace("_", "")
        if verb not in _VERBS:
            raise ValueError(f"unknown verb {verb!r}: expected one of {', '.join(_VERBS)}")
        resource, part = ("*", "*") if kind == "*" else parted(kind)
        part = part if subresource is None else subresource
        if part not in ("", "*", *_SUBRESOURCES):
            raise ValueError(f"unknown subresource {part!r}{nearest(part, _SUBRESOURCES)}")
        resources = frozenset(() if resource == "*" else resources_named(resource, names))
        return cls(verb, resources, part, namespace, name, condition)

    def __str__(self) -> str:
        """Return the verb, the resources, and the namespace and the name if there are any."""
        kinds = sorted(f"{plural}.{group}" if group else plural for group, plural in self.resources)
        place = "/".join(part for part in (self.namespace, self.name) if part)
        return " ".join(part for part in (self.verb, ",".join(kinds) or "*", place) if part)

    def matches(self, received: Received) -> bool:
        """Return whether the condition applies to a request."""
        resources = self.resources
        return (
            self.verb in ("*", received.verb)
            and (
                not resources
                or (received.group, received.resource) in resources
                or (None, received.resource) in resources
            )
            and self.subresource in ("*", received.subresource)
            and self.namespace in (None, received.namespace)
            and self.name in (None, received.name or _name_in_body(received))
            and (self.condition is None or self.condition(received))
        )


def _name_in_body(received: Received) -> str:
    """Return the name of the object that a request creates, "" if it has none."""
    metadata = received.body.get("metadata") if received.verb == "create" else None
    return str(metadata.get("name", "")) if is_json_object(metadata) else ""
