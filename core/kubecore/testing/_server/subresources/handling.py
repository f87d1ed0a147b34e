"""Which function responds to a request for a subresource, or for a resource that is not stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.logs import Logs
from kubecore.testing._server.resources import Resource
from kubecore.testing._server.state import State
from kubecore.testing._server.subresources.binding import bind
from kubecore.testing._server.subresources.evicting import evict
from kubecore.testing._server.subresources.log_requests import LogRequests
from kubecore.testing._server.subresources.parts import not_simulated
from kubecore.testing._server.subresources.reviews import Reviews
from kubecore.testing._server.subresources.scaling import scale
from kubecore.testing._server.subresources.tokens import Tokens

__all__ = ["Subresources"]

Handler: TypeAlias = Callable[[Resource, Received], Reply]

_LIKE_OBJECTS: Final = ("", "approval", "ephemeralcontainers", "finalize", "resize", "status")
"""Subresources that are read and written as the objects themselves."""


class Subresources:
    """The subresources of all kinds, and the resources that are not stored.

    Attributes:
        reviews: The reviews of users and their rights.

    Args:
        state: The state of the server.
        logs: The logs of containers.
    """

    def __init__(self, state: State, logs: Logs) -> None:
        self._state = state
        tokens = Tokens(state)
        self.reviews: Final = Reviews(state, tokens)
        self._functions: Final[dict[tuple[str, str], Callable[[State, Resource, Received], Reply]]] = {
            ("pods", "binding"): bind,
            ("pods", "eviction"): evict,
            ("pods", "log"): LogRequests(logs).respond,
            ("serviceaccounts", "token"): tokens.create,
        }

    def find(self, resource: Resource, received: Received) -> Handler | None:
        """Return the function that responds to a request, None if the request is about a stored object.

        Raises:
            NotSimulatedError: The server does not simulate the subresource.
        """
        if received.subresource == "scale":
            return self._with_state(scale)
        if (resource.group, resource.resource) == ("", "bindings"):
            return self._bind
        if received.subresource in _LIKE_OBJECTS:
            return None if received.subresource else self.reviews.find(resource)
        found = None if resource.group else self._functions.get((resource.resource, received.subresource))
        if found is None:
            raise not_simulated(received)
        return self._with_state(found)

    def _with_state(self, function: Callable[[State, Resource, Received], Reply]) -> Handler:
        return lambda resource, received: function(self._state, resource, received)

    def _bind(self, resource: Resource, received: Received) -> Reply:
        pods = self._state.resources.find("", "v1", "pods")
        if pods is None:
            raise not_simulated(received)
        return bind(self._state, pods, received)
