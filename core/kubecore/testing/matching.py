"""Which requests a rule applies to: verb, kind, subresource, namespace and name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from kubecore._support.json_types import is_json_object
from kubecore.model.base import ModelBase
from kubecore.model.kinds import kind_of, kinds_of
from kubecore.testing._server.exchange import Received
from kubecore.testing.recording import body_of

__all__ = ["Kind", "Matcher"]

Kind: TypeAlias = type[ModelBase] | str
"""A model, or the name of a kind or of a resource in the plural, such as `pods` or `pods/status`; `*` for all."""

_VERBS: Final = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "*")


@dataclass(frozen=True, slots=True)
class Matcher:
    """A condition for requests.

    Attributes:
        verb: The verb, `*` for all.
        resources: The resources with their groups; a group of None is any. Empty for all.
        subresource: The subresource, "" for the objects themselves, `*` for both.
        namespace: The namespace, None for all.
        name: The name, None for all.
    """

    verb: str
    resources: frozenset[tuple[str | None, str]]
    subresource: str
    namespace: str | None
    name: str | None

    @classmethod
    def of(
        cls, verb: str, kind: Kind, *, namespace: str | None = None, name: str | None = None, subresource: str = ""
    ) -> Matcher:
        """Make a condition.

        Args:
            verb: The verb as RBAC names it, or `*`.
            kind: The kind, or `*`.
            namespace: The namespace, None for all.
            name: The name, None for all.
            subresource: The subresource, `*` for all. A kind alone does not match its subresources.

        Raises:
            ValueError: The verb does not exist.
            NoMatchError: The class is not a kind with a resource.
        """
        verb = verb.replace("_", "")
        if verb not in _VERBS:
            raise ValueError(f"unknown verb {verb!r}: expected one of {', '.join(_VERBS)}")
        if not isinstance(kind, str):
            info = kind_of(kind)
            return cls(verb, frozenset({(info.group, info.plural)}), subresource, namespace, name)
        if kind == "*":
            return cls(verb, frozenset(), subresource or "*", namespace, name)
        kind, _, part = kind.partition("/")
        rows = kinds_of("kubeclient").values()
        named: set[tuple[str | None, str]] = {(row.group, row.plural) for row in rows if row.kind == kind}
        return cls(verb, frozenset(named or {(None, kind)}), subresource or part, namespace, name)

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
        )


def _name_in_body(received: Received) -> str:
    """Return the name of the object that a request creates, "" if it has none."""
    metadata = body_of(received).get("metadata") if received.verb == "create" else None
    return str(metadata.get("name", "")) if is_json_object(metadata) else ""
