"""Error classes of other clients and their attributes, each with its replacement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from kgen.migrate.table import Status, Target

__all__ = ["ATTRIBUTES", "CLASSES", "CODES", "JSON_BODY", "PAGE", "joined", "page_of"]

PAGE: Final = "docs/errors.md"
"""The page about all errors."""

CODES: Final[Mapping[int, tuple[str, ...]]] = {
    400: ("errors.BadRequestError",),
    401: ("errors.UnauthorizedError",),
    403: ("errors.ForbiddenError",),
    404: ("errors.NotFoundError",),
    405: ("errors.MethodNotAllowedError",),
    406: ("errors.NotAcceptableError",),
    409: ("errors.AlreadyExistsError", "errors.ConflictError"),
    410: ("errors.GoneError",),
    413: ("errors.RequestEntityTooLargeError",),
    415: ("errors.UnsupportedMediaTypeError",),
    422: ("errors.InvalidError",),
    429: ("errors.TooManyRequestsError",),
    500: ("errors.InternalError", "errors.ServerTimeoutError", "errors.StoreReadError"),
    503: ("errors.ServiceUnavailableError",),
    504: ("errors.GatewayTimeoutError",),
}
"""The classes of the errors with an HTTP status code."""


def joined(classes: Iterable[str]) -> str:
    """Return classes as an `except` clause names them."""
    names = tuple(dict.fromkeys(classes))
    return names[0] if len(names) == 1 else f"({', '.join(names)})"


def page_of(text: str) -> str:
    """Return the page about the only class in a replacement; that about all errors for several, or for any response."""
    classes = re.findall(r"\berrors\.(\w+Error)\b", text)
    return f"docs/errors/{classes[0]}.md" if len(classes) == 1 and classes[0] != "StatusError" else PAGE


def _class(*classes: str) -> Target:
    text = joined(classes)
    return Target(text, page_of(text))


_OFFICIAL: Final[dict[str, Target]] = {
    "OpenApiException": _class("errors.KubeError"),
    "ApiException": _class("errors.StatusError"),
    "ApiTypeError": _class("TypeError"),
    "ApiValueError": _class("errors.InvalidRequestError"),
    "ApiAttributeError": _class("AttributeError"),
    "ApiKeyError": _class("KeyError"),
    "BadRequestException": _class(*CODES[400]),
    "UnauthorizedException": _class(*CODES[401]),
    "ForbiddenException": _class(*CODES[403]),
    "NotFoundException": _class(*CODES[404]),
    "ConflictException": _class(*CODES[409]),
    "UnprocessableEntityException": _class(*CODES[422]),
    "ServiceException": Target("errors.StatusError, with `if error.code >= 500`", PAGE, "recipe"),
    "ConfigException": _class("errors.ConfigError"),
    "FailToCreateError": _class("errors.ApplyFileError"),
    # The dynamic client
    "DynamicApiError": _class("errors.StatusError"),
    "ResourceNotFoundError": _class("errors.NoMatchError"),
    "ResourceNotUniqueError": Target(
        "not needed: the preferred resource is used, and api_version= names another one", "docs/dynamic.md"
    ),
    "KubernetesValidateMissing": Target(
        'not needed: the server validates, with field_validation="Strict"', "docs/models.md"
    ),
    "BadRequestError": _class(*CODES[400]),
    "UnauthorizedError": _class(*CODES[401]),
    "ForbiddenError": _class(*CODES[403]),
    "NotFoundError": _class(*CODES[404]),
    "MethodNotAllowedError": _class(*CODES[405]),
    "ConflictError": _class(*CODES[409]),
    "GoneError": _class(*CODES[410]),
    "UnprocessibleEntityError": _class(*CODES[422]),
    "TooManyRequestsError": _class(*CODES[429]),
    "InternalServerError": _class(*CODES[500]),
    "ServiceUnavailableError": _class(*CODES[503]),
    "ServerTimeoutError": _class(*CODES[504]),
}

_LIGHTKUBE: Final[dict[str, Target]] = {
    "ApiError": _class("errors.StatusError"),
    "ConfigError": _class("errors.ConfigError"),
    "LoadResourceError": _class("errors.NoMatchError"),
    "ObjectDeleted": _class("errors.ObjectDeletedError"),
    "ConditionError": _class("errors.WaitFailedError"),
    "NotReadyError": Target("not needed: resources are looked up when they are used", "docs/dynamic.md"),
}

_KR8S: Final[dict[str, Target]] = {
    "NotFoundError": _class("errors.NotFoundError"),
    "ServerError": _class("errors.StatusError"),
    "APITimeoutError": _class("TimeoutError"),
    "ConnectionClosedError": _class("errors.StreamClosedError"),
    "ExecError": _class("errors.CommandError"),
}

CLASSES: Final[Mapping[str, Mapping[str, Target]]] = {
    "kubernetes": _OFFICIAL,
    "kubernetes_asyncio": _OFFICIAL,
    "lightkube": _LIGHTKUBE,
    "kr8s": _KR8S,
}
"""The error classes of each package, by their name."""

_OFFICIAL_ATTRIBUTES: Final[dict[str, tuple[str, Status]]] = {
    "status": ("{}.code", "replacement"),
    "reason": ("{}.reason, a word such as NotFound", "recipe"),
    "body": ("{}.status.message", "replacement"),
    "headers": ("errors.suggests_client_delay({}), the seconds of Retry-After", "recipe"),
    "data": ("{}.status", "replacement"),
    "api_exceptions": ("{}.failures", "replacement"),
}

ATTRIBUTES: Final[Mapping[str, Mapping[str, tuple[str, Status]]]] = {
    "kubernetes": _OFFICIAL_ATTRIBUTES,
    "kubernetes_asyncio": _OFFICIAL_ATTRIBUTES,
    "lightkube": {
        "status.code": ("{}.code", "replacement"),
        "status.reason": ("{}.reason", "replacement"),
        "status.message": ("{}.status.message", "replacement"),
        "response.status_code": ("{}.code", "replacement"),
    },
    "kr8s": {"response.status_code": ("{}.code", "replacement")},
}
"""The attributes of errors of each package: the code here, whose `{}` is the error, and whether it is a recipe."""

JSON_BODY: Final = "{}.status.to_dict()"
"""The replacement of `json.loads(error.body)`."""
