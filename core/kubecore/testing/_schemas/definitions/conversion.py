"""Checks of the conversion between the versions of a definition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from kubecore.testing._schemas.definitions.causes import (
    SUBDOMAIN,
    SUBDOMAIN_TEXT,
    forbidden,
    invalid_value,
    label_invalid,
    required,
    unsupported,
)
from kubecore.testing._schemas.json_values import is_map, items_at, map_at
from kubecore.testing._server.failures import Cause

__all__ = ["check_conversion"]

_STRATEGIES: Final = ("None", "Webhook")
_REVIEWS: Final = ("v1", "v1beta1")
_FORM: Final = "desired format: https://host[/path]"


def check_conversion(conversion: dict[str, Any]) -> Iterator[Cause]:
    """Yield the faults of `spec.conversion`."""
    path, strategy = "spec.conversion", conversion.get("strategy", "")
    webhook = map_at(conversion, "webhook")
    client, reviews = webhook.get("clientConfig"), items_at(webhook, "conversionReviewVersions")
    if not strategy:
        yield required(f"{path}.strategy")
    elif strategy not in _STRATEGIES:
        yield unsupported(f"{path}.strategy", strategy, _STRATEGIES)
    if strategy == "Webhook":
        yield from _check_client(client, f"{path}.webhookClientConfig")
        yield from _check_reviews(reviews, f"{path}.conversionReviewVersions")
        return
    text = "should not be set when strategy is not set to Webhook"
    if client is not None:
        yield forbidden(f"{path}.webhookClientConfig", text)
    if reviews:
        yield forbidden(f"{path}.conversionReviewVersions", text)


def _check_client(client: Any, path: str) -> Iterator[Cause]:
    if not is_map(client):
        yield required(path, "required when strategy is set to Webhook")
        return
    url, service = client.get("url"), client.get("service")
    if (url is None) == (service is None):
        yield required(path, "exactly one of url or service is required")
    elif url is not None:
        yield from _check_url(url, f"{path}.url")
    elif is_map(service):
        yield from _check_service(service, f"{path}.service")


def _check_url(url: str, path: str) -> Iterator[Cause]:
    parts = urlsplit(url)
    if parts.scheme != "https":
        yield invalid_value(path, parts.scheme, f"'https' is the only allowed URL scheme; {_FORM}")
    if not parts.netloc:
        yield invalid_value(path, parts.netloc, f"host must be specified; {_FORM}")
    if "@" in parts.netloc:
        yield invalid_value(path, parts.netloc.rpartition("@")[0], "user information is not permitted in the URL")
    if parts.fragment:
        yield invalid_value(path, parts.fragment, "fragments are not permitted in the URL")
    if parts.query:
        yield invalid_value(path, parts.query, "query parameters are not permitted in the URL")


def _check_service(service: dict[str, Any], path: str) -> Iterator[Cause]:
    for name in ("name", "namespace"):
        if not service.get(name):
            yield required(f"{path}.{name}")
    port = service.get("port", 443)
    if not 1 <= port <= 65535:
        yield invalid_value(f"{path}.port", port, "port is not valid: must be between 1 and 65535, inclusive")
    where = service.get("path")
    if where is not None:
        yield from _check_path(where, f"{path}.path")


def _check_path(where: str, path: str) -> Iterator[Cause]:
    if not where.startswith("/"):
        yield invalid_value(path, where, "must start with a '/'")
    if where == "/":
        return
    for number, step in enumerate(where.removesuffix("/").split("/")[1:] or [""]):
        if not step:
            yield invalid_value(path, where, f"segment[{number}] may not be empty")
        elif SUBDOMAIN.fullmatch(step) is None:
            yield invalid_value(path, where, f"segment[{number}]: {SUBDOMAIN_TEXT}")


def _check_reviews(reviews: list[Any], path: str) -> Iterator[Cause]:
    if not reviews:
        yield required(path)
        return
    for position, each in enumerate(reviews):
        if each in reviews[:position]:
            yield invalid_value(f"{path}[{position}]", each, "duplicate version")
        else:
            yield from label_invalid(f"{path}[{position}]", each)
    if not set(reviews) & set(_REVIEWS):
        yield invalid_value(path, reviews, f"must include at least one of {', '.join(_REVIEWS)}")
