"""The requests that a server has received, in their order."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import overload

from kubecore.testing._server.exchange import Received
from kubecore.testing.matching import Kind, Matcher, Names, known_names, parted

__all__ = ["Calls", "shown"]

_WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})


def shown(received: Received) -> str:
    """Return verb, resource, namespace and name of a request; neither headers nor bodies, which contain secrets."""
    if not received.resource:
        return f"{received.verb} {received.path}"
    resource = f"{received.resource}.{received.group}" if received.group else received.resource
    part = f"/{received.subresource}" if received.subresource else ""
    name = "/".join(each for each in (received.namespace, received.name) if each)
    return f"{received.verb} {resource}{part} {name}".rstrip()


class Calls(Sequence[Received]):
    """The recorded requests; safe to use from many threads.

    Args:
        received: The requests.
        names: Returns the resources that a name may mean.
    """

    def __init__(self, received: Sequence[Received] = (), names: Names = known_names) -> None:
        self._all = list(received)
        self._names = names
        self._count = 0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        """Show one request in each line."""
        return "\n".join(["Calls:", *(f"  {shown(each)}" for each in self)])

    @overload
    def __getitem__(self, index: int) -> Received: ...
    @overload
    def __getitem__(self, index: slice) -> list[Received]: ...
    def __getitem__(self, index: int | slice) -> Received | list[Received]:
        """Return a request by its position."""
        return self._all[index]

    def __len__(self) -> int:
        """Return the number of requests."""
        return len(self._all)

    def __iter__(self) -> Iterator[Received]:
        """Return the requests until now."""
        with self._lock:
            return iter(list(self._all))

    def add(self, received: Received) -> None:
        """Record a request, and number it."""
        with self._lock:
            self._count += 1
            received.number = self._count
            self._all.append(received)

    def discard(self, received: Received) -> None:
        """Forget a request; the numbers of the others stay."""
        with self._lock:
            self._all = [each for each in self._all if each is not received]

    def clear(self) -> None:
        """Forget all requests; numbers continue."""
        with self._lock:
            self._all.clear()

    def writes(self) -> Calls:
        """Return the requests that write."""
        return Calls([each for each in self if each.verb in _WRITES], self._names)

    def of(
        self,
        *,
        verb: str = "*",
        kind: Kind = "*",
        namespace: str | None = None,
        name: str | None = None,
        subresource: str | None = None,
    ) -> Calls:
        """Return the requests with some properties.

        Args:
            verb: The verb as RBAC names it, `*` for all.
            kind: A model, a kind or a resource such as `pods` or `pods/status`; `*` for all.
            namespace: The namespace, None for all.
            name: The name of the object, None for all.
            subresource: The subresource, "" for the objects themselves; None for all, unless the kind names one.

        Raises:
            ValueError: The verb does not exist.
            NoMatchError: The server does not serve the kind.
        """
        if subresource is None and not parted(kind)[1]:
            subresource = "*"
        matcher = Matcher.of(verb, kind, names=self._names, namespace=namespace, name=name, subresource=subresource)
        return Calls([each for each in self if matcher.matches(each)], self._names)
