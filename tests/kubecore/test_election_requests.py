"""The requests of an election: which errors end a candidacy, and which are logged."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest

from kubeclient import Clientset
from kubecore import errors, rest
from kubecore.election.deciding import Failure, Request
from kubecore.election.requests import LeaseRequests

GET = Request("get", None, 1.0)


class Machine:
    """Counts results."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []
        self.leases: list[Any] = []

    def received(self, lease: Any) -> None:
        self.leases.append(lease)

    def failed(self, failure: Failure) -> None:
        self.failures.append(failure)


class Server:
    """Raises the next errors, then responds with a Lease."""

    def __init__(self, *planned: Exception | None) -> None:
        self.planned = list(planned)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        error = self.planned.pop(0) if self.planned else None
        if error is not None:
            raise error
        return httpx.Response(200, json={"kind": "Lease", "metadata": {"name": "lock"}})


def results(*planned: Exception | None) -> list[tuple[bool, bool]]:
    """Send a request for each planned result; return for each whether it failed, and whether it is hopeless."""
    client = httpx.Client(transport=httpx.MockTransport(Server(*planned)))
    found: list[tuple[bool, bool]] = []
    with Clientset(rest.Config(host="http://h", max_retries=0), http_client=client) as clientset:
        requests = LeaseRequests(clientset.rest_client, "ns", "lock")
        for _ in planned:
            error = requests.send(Machine(), GET)
            found.append((error is not None, error is not None and requests.is_hopeless(GET, error)))
    return found


def test_a_configuration_error_is_hopeless_before_the_first_success() -> None:
    assert results(errors.ConfigError("no token")) == [(True, True)]


def test_a_configuration_error_after_a_success_is_tried_again() -> None:
    """Such as a token file that is replaced, or a plugin that fails once."""
    assert results(None, errors.ConfigError("no token")) == [(False, False), (True, False)]


def test_a_closed_clientset_is_always_hopeless() -> None:
    assert results(None, errors.ClosedError("closed")) == [(False, False), (True, True)]


def levels(caplog: pytest.LogCaptureFixture, *planned: Exception | None) -> list[str]:
    caplog.clear()
    with caplog.at_level(logging.DEBUG, "kubecore"):
        results(*planned)
    return [record.levelname for record in caplog.records if "get failed" in record.getMessage()]


def test_an_error_that_is_repeated_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    full = errors.ConfigError("full")
    assert levels(caplog, full, full, errors.ConfigError("empty"), full) == ["WARNING", "DEBUG", "WARNING", "WARNING"]


def test_an_error_after_a_success_is_logged_again(caplog: pytest.LogCaptureFixture) -> None:
    full = errors.ConfigError("full")
    assert levels(caplog, full, None, full) == ["WARNING", "WARNING"]
