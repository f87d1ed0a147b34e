"""Everything that a call can raise, with the names of client-go.

```text
KubeError
├── StatusError                    the server responded with an error; `.status` is the typed Status
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
│   ├── ServerTimeoutError         500, the server could not finish in time and reports when to retry
│   ├── StoreReadError             500, an object that the store can't read
│   ├── ServiceUnavailableError    503
│   └── GatewayTimeoutError        504; also the builtin TimeoutError, and called TimeoutError here
├── TransportError                 no response, or an incomplete one; also an OSError
│   ├── ConnectError
│   │   └── ConnectTimeoutError    also the builtin TimeoutError
│   ├── PoolTimeoutError           likewise
│   ├── ReadError
│   │   ├── ReadTimeoutError       likewise
│   │   └── UnknownResultError     a stream ended before the exit status was reported
│   ├── WriteError
│   │   └── WriteTimeoutError      likewise
│   ├── ProtocolError              the response is not valid HTTP
│   ├── ProxyError
│   ├── RedirectError              redirects are not followed
│   ├── StreamClosedError          an exec, attach, ... was closed, by us or by the other end
│   ├── DeadlineError              also the builtin TimeoutError
│   ├── ClosedError                the client was closed before
│   └── BodyTooLargeError
├── CommandError                   a command in a container returned another code than 0
├── CommandTimeoutError            it did not finish in time; also the builtin TimeoutError
├── PortForwardError               the node can't reach the port of the pod, or there is none to reach
├── CopyError                      files could not be copied to or from a container
├── MissingExtraError              an optional dependency is not installed; also an ImportError
├── DecodeError                    the response is not the requested object; also a ValueError
├── EncodeError                    a value has no form in JSON; also a ValueError
├── WaitError                      a wait failed; `.object` is the last observed object
│   ├── WaitTimeoutError           not in time; also the builtin TimeoutError
│   ├── ObjectDeletedError         the object was deleted in the meantime
│   └── WaitFailedError            the goal is unreachable; `.reason` and `.message` have the cause
│       ├── RolloutFailedError
│       └── JobFailedError
├── InvalidRequestError            refused before anything was sent; also a ValueError
│   └── AlreadyOwnedError          an object has another controller
├── NoMatchError                   the server has no such kind; also a LookupError
├── DiscoveryError                 the resources of a group version are unknown
├── NotEstablishedError            a new kind is not served in time; also the builtin TimeoutError
├── LeadershipLostError            the term of a leader ended before its block did: `kubecore.election`
├── FencedError                    a write was not sent, because this process does not lead
├── ApplyFileError                 some objects were not applied; `.report` and `.failures` list them
└── ConfigError                    a configuration contradicts itself or refers to an unreadable file; also a ValueError
```

Source: `k8s.io/apimachinery/pkg/api/errors` and `StatusReason` of `k8s.io/apimachinery/pkg/apis/meta/v1`.
"""

from __future__ import annotations

from kubecore.errors.apply import ApplyFileError
from kubecore.errors.base import (
    AlreadyOwnedError,
    ConfigError,
    DecodeError,
    DiscoveryError,
    EncodeError,
    InvalidRequestError,
    KubeError,
    MissingExtraError,
    NoMatchError,
)
from kubecore.errors.election import FencedError, LeadershipLostError
from kubecore.errors.reasons import (
    has_status_cause,
    is_already_exists,
    is_bad_request,
    is_conflict,
    is_forbidden,
    is_gone,
    is_internal_error,
    is_invalid,
    is_method_not_supported,
    is_not_acceptable,
    is_not_found,
    is_request_entity_too_large,
    is_resource_expired,
    is_server_timeout,
    is_service_unavailable,
    is_store_read_error,
    is_timeout,
    is_too_many_requests,
    is_unauthorized,
    is_unexpected_server_error,
    is_unsupported_media_type,
    reason_for_error,
    suggests_client_delay,
)
from kubecore.errors.status import (
    AlreadyExistsError,
    ApplyConflictError,
    BadRequestError,
    ConflictError,
    ExpiredError,
    FieldConflict,
    ForbiddenError,
    GatewayTimeoutError,
    GoneError,
    InternalError,
    InvalidError,
    MethodNotAllowedError,
    NotAcceptableError,
    NotFoundError,
    RequestEntityTooLargeError,
    ServerTimeoutError,
    ServiceUnavailableError,
    StatusError,
    StoreReadError,
    TimeoutError,  # noqa: A004 - client-go's name
    TooManyRequestsError,
    UnauthorizedError,
    UnsupportedMediaTypeError,
    status_error,
)
from kubecore.errors.streams import CommandError, CommandTimeoutError, CopyError, PortForwardError
from kubecore.errors.transport import (
    BodyTooLargeError,
    ClosedError,
    ConnectError,
    ConnectTimeoutError,
    DeadlineError,
    PoolTimeoutError,
    ProtocolError,
    ProxyError,
    ReadError,
    ReadTimeoutError,
    RedirectError,
    StreamClosedError,
    TransportError,
    UnknownResultError,
    WriteError,
    WriteTimeoutError,
)
from kubecore.errors.wait import (
    JobFailedError,
    NotEstablishedError,
    ObjectDeletedError,
    RolloutFailedError,
    WaitError,
    WaitFailedError,
    WaitTimeoutError,
)

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
    "FencedError",
    "FieldConflict",
    "ForbiddenError",
    "GatewayTimeoutError",
    "GoneError",
    "InternalError",
    "InvalidError",
    "InvalidRequestError",
    "JobFailedError",
    "KubeError",
    "LeadershipLostError",
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

# Tracebacks and pickles name the errors as programs import them.
for _name in __all__:
    if isinstance(_error := globals()[_name], type):
        _error.__module__ = __name__
