"""The user of a request: impersonated, the owner of a token, or the administrator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote

from kubecore.testing._server.exchange import Received

__all__ = ["service_account_groups", "user_of"]

_ADMIN: Final = "admin"
_ACCOUNT: Final = "system:serviceaccount:"
_EXTRA: Final = "impersonate-extra-"


def user_of(received: Received, of_token: Callable[[str], dict[str, Any] | None]) -> dict[str, Any]:
    """Return the user of a request, as reviews contain it. Only impersonation and tokens of the server change it.

    Args:
        received: The request.
        of_token: Returns the user of a token that the server has issued, or None.
    """
    headers = received.headers
    name = headers.get("impersonate-user", "")
    if name:
        groups = [part.strip() for part in headers.get("impersonate-group", "").split(",") if part.strip()]
        return _user(name, headers.get("impersonate-uid", ""), groups or _groups_of(name), _extra(headers))
    scheme, _, token = headers.get("authorization", "").partition(" ")
    found = of_token(token.strip()) if scheme.lower() == "bearer" else None
    return found or _user(_ADMIN, "", ["system:masters"], {})


def service_account_groups(namespace: str) -> list[str]:
    """Return the groups of the service accounts of a namespace."""
    return ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"]


def _groups_of(name: str) -> list[str]:
    namespace, _, account = name.removeprefix(_ACCOUNT).partition(":")
    return service_account_groups(namespace) if name.startswith(_ACCOUNT) and account else []


def _user(name: str, uid: str, groups: list[str], extra: dict[str, list[str]]) -> dict[str, Any]:
    return {
        "username": name,
        **({"uid": uid} if uid else {}),
        "groups": [*groups, *([] if "system:authenticated" in groups else ["system:authenticated"])],
        **({"extra": extra} if extra else {}),
    }


def _extra(headers: Mapping[str, str]) -> dict[str, list[str]]:
    return {
        unquote(name.removeprefix(_EXTRA)): [value]
        for name, value in sorted(headers.items())
        if name.startswith(_EXTRA)
    }
