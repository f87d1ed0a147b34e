"""Everything that a call can raise, with the names of client-go.

KubeError
├── StatusError                    the server answered with a failure; `.status` is the typed Status
│   ├── BadRequestError            400
│   ├── UnauthorizedError          401
│   ├── ForbiddenError             403
│   ├── NotFoundError              404
│   ├── MethodNotAllowedError      405
│   ├── NotAcceptableError         406
│   ├── ConflictError              409
│   │   └── ApplyConflictError     409, fields that other managers own; `.conflicts` names them
│   ├── AlreadyExistsError         409
│   ├── GoneError                  410
│   │   └── ExpiredError           410, a version or continue token that is too old
│   ├── RequestEntityTooLargeError 413
│   ├── UnsupportedMediaTypeError  415
│   ├── InvalidError               422
│   ├── TooManyRequestsError       429
│   ├── InternalError              500
│   ├── ServerTimeoutError         500, the server could not finish in time and says when to try again
│   ├── StoreReadError             500, an object that the store can't read
│   ├── ServiceUnavailableError    503
│   └── GatewayTimeoutError        504; also the builtin TimeoutError, and called TimeoutError here
├── TransportError                 no answer, or half of one; also an OSError
│   ├── ConnectError
│   │   └── ConnectTimeoutError    also the builtin TimeoutError
│   ├── PoolTimeoutError           likewise
│   ├── ReadError
│   │   ├── ReadTimeoutError       likewise
│   │   └── UnknownResultError     a stream ended before it was told how what ran in it did
│   ├── WriteError
│   │   └── WriteTimeoutError      likewise
│   ├── ProtocolError              what came is not HTTP
│   ├── ProxyError
│   ├── RedirectError              redirects are not followed
│   ├── StreamClosedError          an exec, attach, ... was closed, by us or by the other end
│   ├── DeadlineError              also the builtin TimeoutError
│   ├── ClosedError                the client was closed before
│   └── BodyTooLargeError
├── CommandError                   a command in a container returned another code than 0
├── CommandTimeoutError            it was not done in time; also the builtin TimeoutError
├── PortForwardError               the node can't reach the port of the pod, or there is none to reach
├── CopyError                      files could not be copied to or from a container
├── MissingExtraError              an optional dependency is not installed; also an ImportError
├── DecodeError                    what came is not what was asked for; also a ValueError
├── EncodeError                    a value has no form in JSON; also a ValueError
├── WaitError                      what was waited for did not come; `.object` is what was seen last
│   ├── WaitTimeoutError           not in time; also the builtin TimeoutError
│   ├── ObjectDeletedError         the object was deleted meanwhile
│   └── WaitFailedError            it can't come any more; `.reason` and `.message` say why
│       ├── RolloutFailedError
│       └── JobFailedError
├── InvalidRequestError            refused before anything was sent; also a ValueError
│   └── AlreadyOwnedError          an object has another controller
├── NoMatchError                   the server has no such kind; also a LookupError
├── DiscoveryError                 what a group version offers can't be told
├── NotEstablishedError            a new kind is not served in time; also the builtin TimeoutError
├── ApplyFileError                 some objects were not applied; `.report` and `.failures` say which
└── ConfigError                    a configuration contradicts itself or names what can't be read; also a ValueError

Source: `k8s.io/apimachinery/pkg/api/errors` and `StatusReason` of `k8s.io/apimachinery/pkg/apis/meta/v1`.
"""

from __future__ import annotations

import builtins
import functools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from kubecore._support.terminal import shown
from kubecore.model import meta

if TYPE_CHECKING:
    from kubecore.apply.report import Failure, Report

__all__ = [
    "AlreadyExistsError",
    "AlreadyOwnedError",
    "ApplyConflictError",
    "ApplyFileError",
    "BadRequestError",
    "BodyTooLargeError",
    "ClosedError",
    "CommandError",
    "CommandTimeoutError",
    "ConfigError",
    "ConflictError",
    "ConnectError",
    "ConnectTimeoutError",
    "CopyError",
    "DeadlineError",
    "DecodeError",
    "DiscoveryError",
    "EncodeError",
    "ExpiredError",
    "FieldConflict",
    "ForbiddenError",
    "GatewayTimeoutError",
    "GoneError",
    "InternalError",
    "InvalidError",
    "InvalidRequestError",
    "JobFailedError",
    "KubeError",
    "MethodNotAllowedError",
    "MissingExtraError",
    "NoMatchError",
    "NotAcceptableError",
    "NotEstablishedError",
    "NotFoundError",
    "ObjectDeletedError",
    "PoolTimeoutError",
    "PortForwardError",
    "ProtocolError",
    "ProxyError",
    "ReadError",
    "ReadTimeoutError",
    "RedirectError",
    "RequestEntityTooLargeError",
    "RolloutFailedError",
    "ServerTimeoutError",
    "ServiceUnavailableError",
    "StatusError",
    "StoreReadError",
    "StreamClosedError",
    "TimeoutError",
    "TooManyRequestsError",
    "TransportError",
    "UnauthorizedError",
    "UnknownResultError",
    "UnsupportedMediaTypeError",
    "WaitError",
    "WaitFailedError",
    "WaitTimeoutError",
    "WriteError",
    "WriteTimeoutError",
    "has_status_cause",
    "is_already_exists",
    "is_bad_request",
    "is_conflict",
    "is_forbidden",
    "is_gone",
    "is_internal_error",
    "is_invalid",
    "is_method_not_supported",
    "is_not_acceptable",
    "is_not_found",
    "is_request_entity_too_large",
    "is_resource_expired",
    "is_server_timeout",
    "is_service_unavailable",
    "is_store_read_error",
    "is_timeout",
    "is_too_many_requests",
    "is_unauthorized",
    "is_unexpected_server_error",
    "is_unsupported_media_type",
    "reason_for_error",
    "status_error",
    "suggests_client_delay",
]


class KubeError(Exception):
    """Root of all errors that kubecore raises.

    Its text and its notes are safe to print: what would steer a terminal is shown as an escape. That holds for every
    class below it, also for classes of your own that define `__str__`.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        """Make the class's own `__str__`, if it has one, return text that is safe to print."""
        super().__init_subclass__(**options)
        own: Callable[[KubeError], str] | None = cls.__dict__.get("__str__")
        if own is not None:

            @functools.wraps(own)
            def text(self: KubeError) -> str:
                return shown(own(self))

            cls.__str__ = text  # type: ignore[method-assign]

    def __str__(self) -> str:
        """Return the message."""
        return shown(super().__str__())

    def add_note(self, note: str, /) -> None:
        """Add a note, which is shown below the message in a traceback."""
        super().add_note(shown(note))

    def __repr__(self) -> str:
        """Show the class and the message, as a REPL, `asyncio.gather` and logs with `%r` print them."""
        return f"{type(self).__name__}({str(self)!r})"


class StatusError(KubeError):
    """The server answered, and the answer is a failure.

    Args:
        status: the server's Status, or one made from the HTTP answer where the body holds none.

    Attributes:
        status: the whole Status.
        request: method and URL of the request without its query, such as `GET https://10.0.0.1:6443/api/v1/pods`; ""
            if it is not known.
        identity: whose credentials were used, such as `user 'admin' of context 'lab'`; "" if it is not known.
    """

    def __init__(self, status: meta.Status) -> None:
        super().__init__(status)
        self.status = status
        self.request: str = ""
        self.identity: str = ""

    @property
    def code(self) -> int:
        """HTTP status code, 0 when the Status carries none."""
        return self.status.code or 0

    @property
    def reason(self) -> str:
        """The failure in one word, such as `NotFound`; "" when the server gave none."""
        return self.status.reason or ""

    def __str__(self) -> str:
        """Return the server's message, and the request if the message does not name an object.

        Characters that a terminal obeys are shown as escapes.
        """
        message = self.status.message or f"the server answered {self.code} {self.reason}".rstrip()
        details = self.status.details
        if self.request and (details is None or not (details.kind or details.name)):
            message = f"{self.request}: {message}"
        return shown(message)

    def locate(self, request: str, identity: str = "") -> Self:
        """Set the request that failed, unless it is known already.

        Args:
            request: method and URL without its query.
            identity: whose credentials were used.

        Returns:
            The error.
        """
        self.request = self.request or request
        self.identity = self.identity or identity
        return self


class BadRequestError(StatusError):
    """The request is malformed (400)."""


class UnauthorizedError(StatusError):
    """The server does not accept the credentials of the request (401)."""

    def __str__(self) -> str:
        """Return the request, the server's message and whose credentials were used."""
        if not self.request:
            return super().__str__()
        who = f" of {self.identity}" if self.identity else ""
        said = self.status.message or "Unauthorized"
        code = "" if "401" in said else "401 "
        why = f"the server does not accept the credentials{who}: they are wrong, missing or have expired"
        return shown(f"{self.request}: {code}{said}: {why}")


class ForbiddenError(StatusError):
    """Who is asking may not do this (403)."""


class NotFoundError(StatusError):
    """There is no such object or no such path (404)."""


class MethodNotAllowedError(StatusError):
    """The resource does not offer this verb (405)."""


class NotAcceptableError(StatusError):
    """The server has none of the accepted media types (406)."""


class ConflictError(StatusError):
    """The object has changed meanwhile, or another manager owns the field (409)."""


class FieldConflict(NamedTuple):
    """A field that was applied and belongs to another manager."""

    field: str
    """The field, such as `.spec.replicas` or `.spec.template.spec.containers[name="c"].image`."""

    manager: str
    """Who owns it: the `fieldManager` of whoever wrote it last."""

    message: str
    """The server's own words: also through which subresource, version and when."""


class ApplyConflictError(ConflictError):
    """Server-side apply met fields that other managers own, with another value (409).

    Attributes:
        conflicts: each field with its manager, in the server's order.
    """

    def __init__(self, status: meta.Status) -> None:
        super().__init__(status)
        causes = status.details.causes if status.details is not None else []
        self.conflicts: tuple[FieldConflict, ...] = tuple(
            FieldConflict(cause.field or "", _manager(cause.message or ""), cause.message or "")
            for cause in causes
            if cause.reason == _FIELD_CONFLICT
        )

    def __str__(self) -> str:
        """Say which fields, whose they are, and what to do."""
        count = len(self.conflicts)
        fields = "; ".join(f"{conflict.field} ({conflict.message})" for conflict in self.conflicts[:_MOST_CONFLICTS])
        more = f"; and {count - _MOST_CONFLICTS} more" if count > _MOST_CONFLICTS else ""
        what = "1 field belongs" if count == 1 else f"{count} fields belong"
        return (
            f"{what} to other managers: {fields}{more}; leave them out of what is applied, "
            "or take them over with force=True"
        )


class AlreadyExistsError(StatusError):
    """An object of that name is there already (409)."""


class GoneError(StatusError):
    """What was asked for is no longer there, and its new place is not known (410)."""


class ExpiredError(GoneError):
    """The resource version or the continue token is too old: list again (410)."""


class RequestEntityTooLargeError(StatusError):
    """The body is too large for the server (413)."""


class UnsupportedMediaTypeError(StatusError):
    """The server does not read this kind of body (415)."""


class InvalidError(StatusError):
    """The object breaks a rule of its kind; the causes name the fields (422)."""


class TooManyRequestsError(StatusError):
    """The server has too much to do, or a disruption budget says no (429)."""


class InternalError(StatusError):
    """The server failed (500)."""


class ServerTimeoutError(StatusError):
    """The server could not finish in time and says when to try again (500)."""


class StoreReadError(StatusError):
    """The server can't read the object from its store (500)."""


class ServiceUnavailableError(StatusError):
    """The server, or the one behind it, is not there (503)."""


class GatewayTimeoutError(StatusError, builtins.TimeoutError):
    """The server gave up within the time that the request allowed (504).

    A timeout of the client is another class: `ReadTimeoutError`, `WaitTimeoutError`, ... All of them are the builtin
    `TimeoutError`, too.
    """


TimeoutError = GatewayTimeoutError  # noqa: A001 - client-go's name
"""The name of `GatewayTimeoutError` in client-go. It is not the builtin `TimeoutError`, which catches all timeouts."""


class TransportError(KubeError, OSError):
    """There is no answer, or only a part of one."""

    def __str__(self) -> str:
        """Return the message."""
        return str(self.args[0]) if self.args else type(self).__name__


class ConnectError(TransportError):
    """No connection came about: refused, no such host, TLS."""


class ConnectTimeoutError(ConnectError, builtins.TimeoutError):
    """No connection came about in time."""


class PoolTimeoutError(TransportError, builtins.TimeoutError):
    """All connections of the pool were busy for too long."""


class ReadError(TransportError):
    """The connection broke before the whole answer was there."""


class ReadTimeoutError(ReadError, builtins.TimeoutError):
    """The server sent nothing for too long."""


class UnknownResultError(ReadError):
    """A stream ended before it was told how what ran in it did: it may have done its work, or a part of it."""


class StreamClosedError(TransportError):
    """The stream of an exec, attach or port-forward is closed, by us or by the other end."""


class WriteError(TransportError):
    """The connection broke before the whole request was sent."""


class WriteTimeoutError(WriteError, builtins.TimeoutError):
    """The server accepted no data for too long."""


class DeadlineError(TransportError, builtins.TimeoutError):
    """The whole request took too long."""


class ClosedError(TransportError):
    """The client is closed: nothing is sent any more."""


class ProtocolError(TransportError):
    """What came is not HTTP, or a header can't be sent."""


class ProxyError(TransportError):
    """The proxy on the way refused or failed."""


class RedirectError(TransportError):
    """The server points somewhere else; redirects are not followed, for credentials would go along."""


class BodyTooLargeError(TransportError):
    """The answer is larger than the limit."""


class CommandError(KubeError):
    """A command in a container returned another code than 0; the message does not hold what it printed.

    Args:
        command: the command.
        returncode: the code.
        stdout: what it printed: bytes, or text as `run(text=True)` has it.
        stderr: what it printed as errors.
    """

    def __init__(self, command: Sequence[str], returncode: int, stdout: bytes | str, stderr: bytes | str) -> None:
        super().__init__(command, returncode, stdout, stderr)
        self.command = command
        self.returncode = returncode
        # Any, as in `subprocess.CalledProcessError`: only the caller knows whether `text` was set.
        self.stdout: Any = stdout
        self.stderr: Any = stderr

    def __str__(self) -> str:
        """Say which command returned what."""
        return f"{_command(self.command)} returned {self.returncode}"

    def __repr__(self) -> str:
        """Show the same: what a command prints may be a secret."""
        return f"CommandError({self})"


class CommandTimeoutError(KubeError, builtins.TimeoutError):
    """A command in a container was not done in time; it may still run, since nothing can end it from outside.

    Args:
        command: the command.
        timeout: the seconds that it had.
        stdout: what it printed until then, always bytes: the last character may be incomplete.
        stderr: what it printed as errors.
    """

    def __init__(self, command: Sequence[str], timeout: float, stdout: bytes, stderr: bytes) -> None:
        super().__init__(command, timeout, stdout, stderr)
        self.command = command
        self.timeout = timeout
        self.stdout = stdout
        self.stderr = stderr

    def __str__(self) -> str:
        """Say which command had how long."""
        return f"{_command(self.command)} was not done within {self.timeout:g} s"

    def __repr__(self) -> str:
        """Show the same: what a command prints may be a secret."""
        return f"CommandTimeoutError({self})"


def _command(command: Sequence[str]) -> str:
    """Name a command: its arguments may be secrets."""
    return f"the command {shown(command[0], most=100)!r}" if command else "the command"


class PortForwardError(KubeError):
    """A port can't be forwarded.

    The node can't reach the port of the pod, mostly since nothing listens there (the message is the node's); or there
    is no port of this name, or no pod of the service runs.
    """


class CopyError(KubeError):
    """Files could not be copied to or from a container."""


class MissingExtraError(KubeError, ImportError):
    """An optional dependency is not installed; the message says what to install."""


class DecodeError(KubeError, ValueError):
    """What came is not what was asked for."""


class EncodeError(KubeError, ValueError):
    """A value has no form in JSON."""


class WaitError(KubeError):
    """What was waited for did not come.

    Args:
        message: what was waited for, and what was seen last.
        object: the object as it was seen last, None where it never was.

    Attributes:
        object: the same.
    """

    def __init__(self, message: str, object: Any = None) -> None:  # noqa: A002 - what events call it too
        super().__init__(message, object)
        self.object: Any = object

    def __str__(self) -> str:
        """Return the message."""
        return str(self.args[0])


class WaitTimeoutError(WaitError, builtins.TimeoutError):
    """What was waited for did not come in time."""


class ObjectDeletedError(WaitError):
    """The object was deleted while something else was waited for."""


class WaitFailedError(WaitError):
    """The object can no longer become what was waited for.

    Args:
        message: what was waited for, and what was seen last.
        object: the object as it was seen last.
        reason: why, in one word, as the object's condition says it.
        explanation: why, for people.

    Attributes:
        reason: why, in one word for programs, such as `BackoffLimitExceeded`; "" where the object gives none.
        message: why, for people.
    """

    def __init__(self, message: str, object: Any = None, reason: str = "", explanation: str = "") -> None:  # noqa: A002
        super().__init__(message, object)
        self.args: tuple[Any, ...] = (message, object, reason, explanation)
        self.reason: str = reason
        self.message: str = explanation


class RolloutFailedError(WaitFailedError):
    """The rollout exceeded its progress deadline, or its strategy rolls nothing out."""


class JobFailedError(WaitFailedError):
    """The job failed."""


class InvalidRequestError(KubeError, ValueError):
    """The request was refused before anything was sent: a name that is none, a body of another kind, ..."""


class AlreadyOwnedError(InvalidRequestError):
    """An object is controlled by another one already: `set_controller_reference`."""


class NoMatchError(KubeError, LookupError):
    """The server has no such kind, or the generated package does not know it.

    Args:
        message: what was looked for, and what there is.
        kind: the kind or resource that was looked for.
        nearest: names of kinds that are there and look like it.

    Attributes:
        kind: the kind or resource that was looked for.
        nearest: names of kinds that are there and look like it.
    """

    def __init__(self, message: str, *, kind: str, nearest: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.kind = kind
        self.nearest = nearest


class DiscoveryError(KubeError):
    """What a group version offers can't be told: the server behind it does not answer."""


class NotEstablishedError(KubeError, builtins.TimeoutError):
    """A CustomResourceDefinition was stored, but its kind is not served in time."""

    def __str__(self) -> str:
        """Return the message."""
        return str(self.args[0]) if self.args else type(self).__name__


class ApplyFileError(KubeError):
    """Some objects of a file were not applied; the others were.

    Args:
        message: each object that was not applied, with its error.
        report: what was applied.
        failures: what was not, in the order of the attempts.

    Attributes:
        report: what was applied.
        failures: what was not, in the order of the attempts.
    """

    def __init__(self, message: str, *, report: Report, failures: tuple[Failure, ...]) -> None:
        super().__init__(message)
        self.report = report
        self.failures = failures


class ConfigError(KubeError, ValueError):
    """A configuration contradicts itself, or names what can't be read."""


# The cause of each field of an apply that another manager owns, and how its message names that manager: in Go's quotes.
_FIELD_CONFLICT: Final = "FieldManagerConflict"
_MANAGER: Final = re.compile(r'conflict with ("(?:[^"\\]|\\.)*")')
_MOST_CONFLICTS: Final = 10

# Reasons that the API defines, and the class of each.
_BY_REASON: Final[Mapping[str, type[StatusError]]] = {
    "AlreadyExists": AlreadyExistsError,
    "BadRequest": BadRequestError,
    "Conflict": ConflictError,
    "Expired": ExpiredError,
    "Forbidden": ForbiddenError,
    "Gone": GoneError,
    "InternalError": InternalError,
    "Invalid": InvalidError,
    "MethodNotAllowed": MethodNotAllowedError,
    "NotAcceptable": NotAcceptableError,
    "NotFound": NotFoundError,
    "RequestEntityTooLarge": RequestEntityTooLargeError,
    "ServerTimeout": ServerTimeoutError,
    "ServiceUnavailable": ServiceUnavailableError,
    "StoreReadError": StoreReadError,
    "Timeout": GatewayTimeoutError,
    "TooManyRequests": TooManyRequestsError,
    "Unauthorized": UnauthorizedError,
    "UnsupportedMediaType": UnsupportedMediaTypeError,
}

# What the code says where the reason is empty or not one of the API's own.
_BY_CODE: Final[Mapping[int, type[StatusError]]] = {
    400: BadRequestError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    405: MethodNotAllowedError,
    406: NotAcceptableError,
    409: ConflictError,
    410: GoneError,
    413: RequestEntityTooLargeError,
    415: UnsupportedMediaTypeError,
    422: InvalidError,
    429: TooManyRequestsError,
    500: InternalError,
    503: ServiceUnavailableError,
    504: GatewayTimeoutError,
}

# Two codes decide whatever the reason says, as in client-go.
_ALWAYS_BY_CODE: Final = {413: "RequestEntityTooLarge", 429: "TooManyRequests"}


def status_error(status: meta.Status) -> StatusError:
    """Make the error of the class that a Status calls for.

    Args:
        status: the server's Status; its reason decides, or its code where the reason is not one of the API's own.

    Returns:
        The error, not raised.
    """
    reason, code = status.reason or "", status.code or 0
    found = _BY_REASON.get(reason) or _BY_CODE.get(code, StatusError)
    if found is ConflictError and _has_cause(status, _FIELD_CONFLICT):
        return ApplyConflictError(status)
    return found(status)


def _has_cause(status: meta.Status | None, reason: str) -> bool:
    causes = status.details.causes if status is not None and status.details is not None else []
    return any(cause.reason == reason for cause in causes)


def _manager(message: str) -> str:
    match = _MANAGER.search(message)
    if match is None:
        return ""
    try:
        return str(json.loads(match[1]))
    except ValueError:
        return match[1][1:-1]


def _is(error: object, reason: str, code: int | None = None) -> bool:
    """Say whether an error, or its cause, has a reason; the code counts where the reason is unknown."""
    found = _status_of(error)
    if found is None:
        return False
    said = found.reason or ""
    if said == reason:
        return True
    return code is not None and found.code == code and (said not in _BY_REASON or _ALWAYS_BY_CODE.get(code) == reason)


def _status_of(error: object) -> meta.Status | None:
    seen: set[int] = set()
    while isinstance(error, BaseException) and id(error) not in seen:
        if isinstance(error, StatusError):
            return error.status
        seen.add(id(error))
        for member in _members(error):
            if (found := _status_of(member)) is not None:
                return found
        error = error.__cause__
    return None


def _members(error: BaseException) -> Sequence[BaseException]:
    """Return the errors of a group, none of a single error."""
    group: Any = error
    return group.exceptions if issubclass(type(error), BaseExceptionGroup) else ()


def is_not_found(error: object) -> bool:
    """Say whether there is no such object; like all of these, also of errors raised from such an error."""
    return _is(error, "NotFound", 404)


def is_already_exists(error: object) -> bool:
    """Say whether an object of that name is there already."""
    return _is(error, "AlreadyExists")


def is_conflict(error: object) -> bool:
    """Say whether the object has changed meanwhile."""
    return _is(error, "Conflict", 409)


def is_invalid(error: object) -> bool:
    """Say whether the object breaks a rule of its kind."""
    return _is(error, "Invalid", 422)


def is_gone(error: object) -> bool:
    """Say whether what was asked for is gone. A version that is too old is not: see `is_resource_expired`."""
    return _is(error, "Gone", 410)


def is_resource_expired(error: object) -> bool:
    """Say whether the resource version or the continue token is too old."""
    return _is(error, "Expired")


def is_bad_request(error: object) -> bool:
    """Say whether the request is malformed."""
    return _is(error, "BadRequest", 400)


def is_unauthorized(error: object) -> bool:
    """Say whether the server does not accept who is asking."""
    return _is(error, "Unauthorized", 401)


def is_forbidden(error: object) -> bool:
    """Say whether who is asking may not do this."""
    return _is(error, "Forbidden", 403)


def is_method_not_supported(error: object) -> bool:
    """Say whether the resource does not offer this verb."""
    return _is(error, "MethodNotAllowed", 405)


def is_not_acceptable(error: object) -> bool:
    """Say whether the server has none of the accepted media types."""
    return _is(error, "NotAcceptable", 406)


def is_unsupported_media_type(error: object) -> bool:
    """Say whether the server does not read this kind of body."""
    return _is(error, "UnsupportedMediaType", 415)


def is_internal_error(error: object) -> bool:
    """Say whether the server failed."""
    return _is(error, "InternalError", 500)


def is_service_unavailable(error: object) -> bool:
    """Say whether the server is not there."""
    return _is(error, "ServiceUnavailable", 503)


def is_timeout(error: object) -> bool:
    """Say whether the server gave up within the time that the request allowed."""
    return _is(error, "Timeout", 504)


def is_server_timeout(error: object) -> bool:
    """Say whether the server could not finish in time and says when to try again."""
    return _is(error, "ServerTimeout")


def is_store_read_error(error: object) -> bool:
    """Say whether the server can't read the object from its store."""
    return _is(error, "StoreReadError")


def is_too_many_requests(error: object) -> bool:
    """Say whether the server has too much to do: by the reason, or by the code 429 whatever the reason."""
    return _is(error, "TooManyRequests", 429)


def is_request_entity_too_large(error: object) -> bool:
    """Say whether the body is too large: by the reason, or by the code 413 whatever the reason."""
    return _is(error, "RequestEntityTooLarge", 413)


def is_unexpected_server_error(error: object) -> bool:
    """Say whether the answer was no Status, so that its text is all there is."""
    return has_status_cause(error, "UnexpectedServerResponse")


def has_status_cause(error: object, reason: str) -> bool:
    """Say whether the Status of an error has a cause of a type.

    Args:
        error: the error.
        reason: the type, such as `FieldValueInvalid`.
    """
    return _has_cause(_status_of(error), reason)


def reason_for_error(error: object) -> str:
    """Return the reason that the Status of an error gives, "" when there is none."""
    found = _status_of(error)
    return (found.reason or "") if found is not None else ""


def suggests_client_delay(error: object) -> int | None:
    """Return after how many seconds the server wants to be asked again, None when it does not say."""
    found = _status_of(error)
    if found is None or found.details is None:
        return None
    seconds = found.details.retry_after_seconds or 0
    return seconds if seconds > 0 or is_server_timeout(error) else None
