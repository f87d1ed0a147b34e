"""The changes of objects in their order, as a test looks at them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, TypeAlias, get_args, overload

import msgspec

from kubecore.testing._server import store
from kubecore.testing._server.exchange import Received
from kubecore.testing._server.options import manager_of
from kubecore.testing.matching import Kind, Names, known_names, resources_named

__all__ = ["Change", "ChangeType", "Changes", "change_of"]

ChangeType: TypeAlias = Literal["ADDED", "MODIFIED", "DELETED"]


class _Kind(msgspec.Struct, rename="camel"):
    """The kind of an object, without the rest of it."""

    api_version: str
    kind: str


class Change:
    """A change of an object. Its text is type, kind, namespace and name, such as `MODIFIED Deployment default/shop`.

    Attributes:
        type: `ADDED`, `MODIFIED` or `DELETED`. An object that finalizers hold is modified when it is deleted.
        namespace: The namespace, or "".
        name: The name.
        version: The revision of the server after the change.
        manager: The field manager, which is the name in the user agent if the request has none.
        call: The request of a client; None for the writes of the test and of the controllers.
        resource: Group and plural.
    """

    __slots__ = ("_content", "call", "manager", "name", "namespace", "resource", "type", "version")

    def __init__(self, source: store.Change, manager: str, call: Received | None) -> None:
        self.type: Final[ChangeType] = (
            "DELETED" if source.is_deletion else "ADDED" if source.old is None else "MODIFIED"
        )
        self.namespace: Final[str] = source.key[0]
        self.name: Final[str] = source.key[1]
        self.version: Final = source.version
        self.manager: Final = manager
        self.call: Final = call
        self.resource: Final = source.storage
        self._content = source.new.content

    def __str__(self) -> str:
        """Return type, kind, namespace and name."""
        name = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.type} {self.kind} {name}"

    def __repr__(self) -> str:
        """Return the text, without the object, which may contain secrets."""
        return f"<{self}>"

    @property
    def kind(self) -> str:
        """The kind, such as `Deployment`."""
        return msgspec.json.decode(self._content, type=_Kind).kind

    @property
    def api_version(self) -> str:
        """Group and version, such as `apps/v1`."""
        return msgspec.json.decode(self._content, type=_Kind).api_version

    @property
    def object(self) -> dict[str, Any]:
        """The object after the change, or its last state; each access returns a new one."""
        return msgspec.json.decode(self._content, type=dict[str, Any])


class Changes(Sequence[Change]):
    """Changes in the order of their revisions; another thread may add some meanwhile.

    Args:
        changes: The changes.
        names: Returns the resources that a name may mean.
    """

    def __init__(self, changes: Sequence[Change] = (), names: Names = known_names) -> None:
        self._all = list(changes)
        self._names = names

    def __repr__(self) -> str:
        """Show one change in each line."""
        return "\n".join(["Changes:", *(f"  {each}" for each in self)])

    @overload
    def __getitem__(self, index: int) -> Change: ...
    @overload
    def __getitem__(self, index: slice) -> list[Change]: ...
    def __getitem__(self, index: int | slice) -> Change | list[Change]:
        """Return a change by its position."""
        return self._all[index]

    def __len__(self) -> int:
        """Return the number of changes."""
        return len(self._all)

    def __iter__(self) -> Iterator[Change]:
        """Return the changes until now."""
        return iter(list(self._all))

    def add(self, change: Change) -> None:
        """Record a change."""
        self._all.append(change)

    def clear(self) -> None:
        """Forget all changes."""
        self._all.clear()

    def of(
        self,
        *,
        type: ChangeType | None = None,  # noqa: A002 - The word of the API for the kind of an event.
        kind: Kind | None = None,
        namespace: str | None = None,
        name: str | None = None,
    ) -> Changes:
        """Return the changes with some properties; None for any.

        Args:
            type: `ADDED`, `MODIFIED` or `DELETED`.
            kind: A model, a kind or a resource.
            namespace: The namespace.
            name: The name of the object.

        Raises:
            NoMatchError: The server does not serve the kind.
            ValueError: There is no such type.
        """
        if type is not None and type not in get_args(ChangeType):
            raise ValueError(f"unknown type {type!r}: expected one of {', '.join(get_args(ChangeType))}")
        resources = None if kind is None or kind == "*" else resources_named(kind, self._names)
        return Changes(
            [
                each
                for each in self
                if type in (None, each.type)
                and (resources is None or resources & {each.resource, (None, each.resource[1])})
                and namespace in (None, each.namespace)
                and name in (None, each.name)
            ],
            self._names,
        )


def change_of(source: store.Change, handled: Received | None, call: Received | None) -> Change:
    """Return a change for a test.

    Args:
        source: The write of the store.
        handled: The request that the server handles, None if it writes without one.
        call: The same request if a client sent it, else None.
    """
    if handled is None:
        return Change(source, "kube-apiserver", None)
    manager = dict(handled.query).get("fieldManager") or manager_of(handled)
    return Change(source, manager, call)
