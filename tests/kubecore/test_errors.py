"""Errors are classified as in client-go. Source: behaviour of apimachinery's `api/errors`."""

from __future__ import annotations

import builtins
import json
import pickle
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from kubecore import errors
from kubecore.calls.call import Call
from kubecore.calls.error_response import from_response, status_in
from kubecore.model.meta import Status, StatusDetails

TABLE = [
    ("BadRequest", 400, errors.BadRequestError, errors.is_bad_request),
    ("Unauthorized", 401, errors.UnauthorizedError, errors.is_unauthorized),
    ("Forbidden", 403, errors.ForbiddenError, errors.is_forbidden),
    ("NotFound", 404, errors.NotFoundError, errors.is_not_found),
    ("MethodNotAllowed", 405, errors.MethodNotAllowedError, errors.is_method_not_supported),
    ("NotAcceptable", 406, errors.NotAcceptableError, errors.is_not_acceptable),
    ("Conflict", 409, errors.ConflictError, errors.is_conflict),
    ("Gone", 410, errors.GoneError, errors.is_gone),
    ("RequestEntityTooLarge", 413, errors.RequestEntityTooLargeError, errors.is_request_entity_too_large),
    ("UnsupportedMediaType", 415, errors.UnsupportedMediaTypeError, errors.is_unsupported_media_type),
    ("Invalid", 422, errors.InvalidError, errors.is_invalid),
    ("TooManyRequests", 429, errors.TooManyRequestsError, errors.is_too_many_requests),
    ("InternalError", 500, errors.InternalError, errors.is_internal_error),
    ("ServiceUnavailable", 503, errors.ServiceUnavailableError, errors.is_service_unavailable),
    ("Timeout", 504, errors.TimeoutError, errors.is_timeout),
]
BY_REASON_ALONE = [
    ("AlreadyExists", 409, errors.AlreadyExistsError, errors.is_already_exists),
    ("Expired", 410, errors.ExpiredError, errors.is_resource_expired),
    ("ServerTimeout", 500, errors.ServerTimeoutError, errors.is_server_timeout),
    ("StoreReadError", 500, errors.StoreReadError, errors.is_store_read_error),
]


def call(method: str = "GET", name: str = "web", **more: Any) -> Call[Status]:
    return Call(
        method=method, path="/api/v1/namespaces/d/pods", response=Status, verb="get", resource="pods", name=name, **more
    )


@pytest.mark.parametrize(("reason", "code", "cls", "predicate"), [*TABLE, *BY_REASON_ALONE])
def test_a_reason_decides_the_class_and_the_predicate(reason: str, code: int, cls: Any, predicate: Any) -> None:
    error = errors.status_error(Status(reason=reason, code=code, message="words"))
    assert type(error) is cls
    assert predicate(error)
    assert (str(error), error.code, error.reason) == ("words", code, reason)
    others = {other for *_, other in [*TABLE, *BY_REASON_ALONE]} - {predicate}
    assert not any(other(error) for other in others)


@pytest.mark.parametrize(("reason", "code", "cls", "predicate"), TABLE)
def test_the_code_decides_the_class_if_the_reason_is_unknown(reason: str, code: int, cls: Any, predicate: Any) -> None:
    for unknown in (None, "", "SomethingNew"):
        error = errors.status_error(Status(reason=unknown, code=code))
        assert type(error) is cls
        assert predicate(error)
    assert reason


def test_two_codes_decide_whatever_the_reason() -> None:
    assert errors.is_too_many_requests(errors.status_error(Status(reason="Conflict", code=429)))
    assert errors.is_request_entity_too_large(errors.status_error(Status(reason="Conflict", code=413)))
    assert not errors.is_not_found(errors.status_error(Status(reason="Conflict", code=404)))


def test_predicates_accept_wrapped_errors_and_none() -> None:
    inner = errors.status_error(Status(reason="NotFound", code=404))
    try:
        try:
            raise inner
        except errors.NotFoundError as error:
            raise RuntimeError("outer") from error
    except RuntimeError as outer:
        assert errors.is_not_found(outer)
        assert errors.reason_for_error(outer) == "NotFound"
    assert not errors.is_not_found(None)
    assert not errors.is_not_found(ValueError())


def test_gone_and_expired_never_cross_match_but_expired_is_a_gone_error() -> None:
    expired = errors.status_error(Status(reason="Expired", code=410))
    assert isinstance(expired, errors.GoneError)
    assert not errors.is_gone(expired)
    assert not errors.is_resource_expired(errors.status_error(Status(reason="Gone", code=410)))


def test_timeouts_are_the_builtin_too() -> None:
    for cls in (errors.TimeoutError, errors.ReadTimeoutError, errors.ConnectTimeoutError, errors.PoolTimeoutError):
        assert issubclass(cls, builtins.TimeoutError)


def test_an_error_survives_pickling() -> None:
    error = errors.status_error(Status(reason="NotFound", code=404, message="m"))
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is errors.NotFoundError
    assert again.status == error.status


@pytest.mark.parametrize(
    ("code", "cls"),
    [
        *((code, cls) for _, code, cls, _ in TABLE),
        (500, errors.InternalError),
        (502, errors.InternalError),
        (418, errors.StatusError),
    ],
)
def test_a_body_that_is_not_a_status_is_part_of_the_error_of_the_code(code: int, cls: Any) -> None:
    error = from_response(call(), code, {"content-type": "text/plain"}, b"  the words  ")
    assert type(error) is cls
    assert error.code == code
    assert "the words" in str(error)
    details = error.status.details
    assert details is not None
    assert (details.kind, details.name) == ("pods", "web")
    assert details.causes[0].reason == "UnexpectedServerResponse"
    assert details.causes[0].message == "the words"
    assert errors.is_unexpected_server_error(error)


def test_a_conflict_of_a_post_is_already_exists() -> None:
    assert type(from_response(call("POST"), 409, {}, b"")) is errors.AlreadyExistsError
    assert type(from_response(call("PUT"), 409, {}, b"")) is errors.ConflictError


def test_the_text_is_cut_and_json_is_not_quoted() -> None:
    long = from_response(call(), 404, {}, b"x" * 4096).status
    assert long.details is not None
    assert long.details.causes[0].message == "x" * 2048
    hidden = from_response(call(), 500, {"content-type": "application/json"}, b'{"password": "hidden"}')
    assert "hidden" not in str(hidden)
    assert hidden.status.details is not None
    assert hidden.status.details.causes[0].message == "unknown"


def test_a_status_without_its_kind_is_read_if_its_code_is_that_of_the_response() -> None:
    """Kubernetes 1.37 sends it when a request exceeds the time limit of the server."""
    body = (
        b'{"metadata":{},"status":"Failure","message":"Timeout: request did not complete within the allotted timeout",'
        b'"reason":"Timeout","details":{},"code":504}'
    )
    error = from_response(call(), 504, {"content-type": "text/plain; charset=utf-8"}, body)
    assert type(error) is errors.GatewayTimeoutError
    assert error.status.message == "Timeout: request did not complete within the allotted timeout"
    other = from_response(call(), 500, {"content-type": "text/plain"}, body)
    assert type(other) is errors.InternalError
    no_reason = from_response(call(), 504, {}, b'{"status":"Failure","code":504}')
    assert "the server gave up" in str(no_reason)


def test_the_status_in_the_body_wins_over_the_http_code() -> None:
    body = json.dumps(
        {"kind": "Status", "status": "Failure", "reason": "Expired", "message": "too old", "code": 410}
    ).encode()
    error = from_response(call(), 500, {}, body)
    assert type(error) is errors.ExpiredError
    assert str(error) == "too old"


@pytest.mark.parametrize(
    "body", [b"{}", b'{"kind":"Status","status":"Success"}', b'{"status":"Failure"}', b"[]", b"null", b"\xff"]
)
def test_a_body_that_is_not_a_failed_status_is_ignored(body: bytes) -> None:
    assert status_in(body) is None


def test_a_status_of_failure_is_an_error_whatever_the_code() -> None:
    body = b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}'
    from kubeclient.models import core_v1

    asked: Call[core_v1.Pod] = Call(method="GET", path="/x", response=core_v1.Pod, verb="get")
    with pytest.raises(errors.NotFoundError):
        asked.parse(200, {}, body)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'{"kind":"Node"}', b"\xff"])
def test_the_error_for_an_unexpected_body_of_a_success_describes_the_body(body: bytes) -> None:
    from kubeclient.models import core_v1

    asked: Call[core_v1.Pod] = Call(method="GET", path="/api/v1/x", response=core_v1.Pod, verb="get")
    with pytest.raises(errors.DecodeError, match=r"GET /api/v1/x failed: 200 with \d+ bytes of text/html"):
        asked.parse(200, {"content-type": "text/html"}, body)


def test_suggests_client_delay_returns_the_delay_of_the_server() -> None:
    busy = from_response(call(), 429, {"retry-after": "7"}, b"")
    assert errors.suggests_client_delay(busy) == 7
    assert errors.suggests_client_delay(errors.status_error(Status(code=404))) is None
    waiting = Status(reason="ServerTimeout", code=500, details=StatusDetails(retry_after_seconds=0))
    assert errors.suggests_client_delay(errors.status_error(waiting)) == 0


@pytest.mark.parametrize("details", [None, {}, {"kind": "pods"}])
def test_the_delay_of_the_header_is_added_to_a_status_without_one(details: dict[str, Any] | None) -> None:
    body: dict[str, Any] = {"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": 429}
    if details is not None:
        body["details"] = details
    error = from_response(call(), 429, {"retry-after": "7"}, json.dumps(body).encode())
    assert type(error) is errors.TooManyRequestsError
    assert errors.suggests_client_delay(error) == 7
    assert error.status.details is not None
    assert error.status.details.kind == (details or {}).get("kind")
    assert from_response(call(), 429, {}, json.dumps(body).encode()).status.to_dict() == body
    body["details"] = {"retryAfterSeconds": 3}
    error = from_response(call(), 429, {"retry-after": "7"}, json.dumps(body).encode())
    assert errors.suggests_client_delay(error) == 3


def test_the_delay_of_the_header_may_be_a_date() -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    for body in (b"", b'{"kind": "Status", "status": "Failure"}'):
        seconds = errors.suggests_client_delay(from_response(call(), 503, {"retry-after": at}, body))
        assert seconds is not None
        assert 3500 < seconds <= 3600
        past = {"retry-after": "Fri, 01 Jan 2021 00:00:00 GMT"}
        assert errors.suggests_client_delay(from_response(call(), 503, past, body)) is None
        assert errors.suggests_client_delay(from_response(call(), 503, {"retry-after": "soon"}, body)) is None


def test_the_status_is_found_in_groups_of_exceptions() -> None:
    missing = errors.status_error(_failure_of(404, "NotFound"))
    group = ExceptionGroup("all", [ValueError("x"), ExceptionGroup("inner", [missing])])
    assert errors.is_not_found(group)
    assert errors.reason_for_error(group) == "NotFound"
    assert not errors.is_not_found(ExceptionGroup("all", [ValueError("x")]))


def _failure_of(code: int, reason: str) -> Status:
    return Status(status="Failure", code=code, reason=reason)


@pytest.mark.parametrize("wrong", ["no such pod", None])
def test_an_error_without_a_status_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"NotFoundError needs a Status, not a \w+: write meta\.Status\(code=404"):
        errors.NotFoundError(wrong)
