# Derived from kubecore/election/async_requests.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""The requests for the Lease of an election."""

from __future__ import annotations

import logging
from typing import Any, Final, Protocol

from kubecore import errors, options
from kubecore.calls.call import Call
from kubecore.calls.resource import Resource
from kubecore.codec import encode
from kubecore.election.deciding import Failure, Request
from kubecore.election.fence import requests_of_elections
from kubecore.election.record import Document
from kubecore.rest import Client

__all__ = ["LeaseRequests"]

_LOG: Final = logging.getLogger("kubecore")

_LEASES: Final[Resource[Document, Any]] = Resource(
    group="coordination.k8s.io", version="v1", plural="leases", namespaced=True, kind=dict
)

# A server that is older than the one that stored the Lease may not know all of its fields.
_QUERY: Final = options.query(field_validation="Ignore")

_REFUSED: Final = (
    errors.BadRequestError,
    errors.DecodeError,
    errors.ForbiddenError,
    errors.InvalidError,
    errors.MethodNotAllowedError,
    errors.UnauthorizedError,
)


class Machine(Protocol):
    """A state machine of `kubecore.election.deciding`."""

    def received(self, lease: Document) -> None:
        """Handle a successful response."""

    def failed(self, failure: Failure) -> None:
        """Handle an error."""


class LeaseRequests:
    """Sends the requests for one Lease; the fences of elections let them pass.

    Args:
        client: Sends the calls.
        namespace: The namespace of the Lease.
        name: The name of the Lease.

    Raises:
        InvalidRequestError: The namespace or the name is invalid.
    """

    def __init__(self, client: Client, namespace: str, name: str) -> None:
        self._client = client
        self._namespace = namespace
        self._name = name
        self._get = _LEASES.get(namespace, name, ())
        self._place = f"leader election {namespace}/{name}"
        self._worked = set[str]()
        self._logged = ""

    def send(self, machine: Machine, request: Request) -> Exception | None:
        """Send a request, and let a state machine know its result.

        Args:
            machine: The state machine.
            request: The request.

        Returns:
            The error, if there was one.
        """
        try:
            with requests_of_elections():
                lease: Document = self._client.send(self._call(request), timeout=request.timeout)
        except errors.KubeError as error:
            machine.failed(_failure(error))
            self._log(request, error)
            return error
        except Exception as error:  # Of an observer, or of a custom HTTP client.
            machine.failed(Failure.OTHER)
            self._log(request, error)
            return error
        self._worked.add(request.verb)
        self._logged = ""
        machine.received(lease)
        return None

    def is_hopeless(self, request: Request, error: Exception) -> bool:
        """Return whether a candidate should give up: the request will fail again, as long as nobody changes something.

        A request that has succeeded before is tried again, since the rights of a program may change for some time.

        Args:
            request: The request.
            error: Its error.
        """
        if not isinstance(error, errors.KubeError) or isinstance(error, errors.ClosedError):
            return True
        if isinstance(error, errors.ConfigError):  # Credentials that worked may be unreadable while they are replaced.
            return not self._worked
        # A Lease can be created in any namespace that exists.
        is_refused = isinstance(error, _REFUSED) or (
            request.verb == "create" and isinstance(error, errors.NotFoundError)
        )
        return is_refused and request.verb not in self._worked

    def _call(self, request: Request) -> Call[Any]:
        if request.body is None:
            return self._get
        body = encode.encode(request.body)
        if request.verb == "create":
            return _LEASES.call("create", "POST", self._namespace, dict, query=_QUERY, body=body)
        return _LEASES.call("update", "PUT", self._namespace, dict, name=self._name, query=_QUERY, body=body)

    def _log(self, request: Request, error: Exception) -> None:
        """Log an error, unless it equals the previous one and no request succeeded since."""
        if isinstance(error, (errors.NotFoundError, errors.ConflictError, errors.AlreadyExistsError)):
            return  # The usual course of an election.
        text = f"{request.verb} failed: {error}"
        level = logging.DEBUG if text == self._logged else logging.WARNING
        self._logged = text
        _LOG.log(level, "%s: %s", self._place, text)


def _failure(error: errors.KubeError) -> Failure:
    if isinstance(error, errors.NotFoundError):
        return Failure.NOT_FOUND
    if isinstance(error, (errors.ConflictError, errors.AlreadyExistsError)):
        return Failure.CONFLICT
    return Failure.OTHER
