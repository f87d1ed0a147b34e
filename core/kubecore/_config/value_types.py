"""The types of settings: a table with the type of each field, and the mistake for a value of any other type."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from kubecore._config.credentials import ExecConfig, ExecPolicy, Impersonate, OIDCConfig, TLSConfig
from kubecore._support.json_types import is_json_object

__all__ = ["OVERRIDES", "TYPES", "mistakes", "mistakes_in"]


class _Type(NamedTuple):
    """The type of a setting.

    Attributes:
        words: Its name in messages.
        accepts: Whether a value is of the type.
        item: The type of the items of a list, or of the values of a map.
    """

    words: str
    accepts: Callable[[Any], bool]
    item: _Type | None = None


def _of(*classes: Any, words: str = "") -> _Type:
    """Return the type of instances of some classes. True and False do not count as numbers."""

    def accepts(value: Any) -> bool:
        return isinstance(value, classes) and (bool in classes or not isinstance(value, bool))

    return _Type(words or " or ".join(each.__name__ for each in classes), accepts)


def _or_none(known: _Type) -> _Type:
    def accepts(value: Any) -> bool:
        return value is None or known.accepts(value)

    return _Type(f"{known.words} or None", accepts, known.item)


def _is_timeouts(value: Any) -> bool:
    return _name(value) == "Timeouts" and all(hasattr(value, name) for name in TYPES["Timeouts"])


def _is_limiter(value: Any) -> bool:
    return hasattr(value, "reserve")


def _is_transport_factory(value: Any) -> bool:
    return hasattr(value, "make_transport") and hasattr(value, "make_async_transport")


def _is_anything(value: Any) -> bool:
    del value
    return True


_TEXT: Final = _of(str)
_MAYBE_TEXT: Final = _or_none(_TEXT)
_MAYBE_BYTES: Final = _or_none(_of(bytes))
_SWITCH: Final = _of(bool)
_COUNT: Final = _of(int)
_SECONDS: Final = _or_none(_of(int, float, words="a number of seconds"))
# A text is a sequence of texts: its mistake has another next step (`rules`).
_TEXTS: Final = _of(Sequence, words="a list of str")._replace(item=_TEXT)
_FUNCTION: Final = _or_none(_of(Callable, words="a function"))

TYPES: Final[Mapping[str, Mapping[str, _Type]]] = {
    "Config": {
        "host": _TEXT,
        "bearer_token": _MAYBE_TEXT,
        "bearer_token_file": _MAYBE_TEXT,
        "username": _MAYBE_TEXT,
        "password": _MAYBE_TEXT,
        "impersonate": _or_none(_of(Impersonate)),
        "exec": _or_none(_of(ExecConfig)),
        "oidc": _or_none(_of(OIDCConfig)),
        "tls": _of(TLSConfig),
        "proxy_url": _MAYBE_TEXT,
        "user_agent": _MAYBE_TEXT,
        "timeouts": _Type("Timeouts", _is_timeouts),
        "compression": _SWITCH,
        "follow_redirects": _SWITCH,
        "max_retries": _COUNT,
        "qps": _or_none(_of(int, float, words="a number")),
        "burst": _or_none(_COUNT),
        "rate_limiter": _or_none(_Type("a RateLimiter", _is_limiter)),
        "warning_handler": _FUNCTION,
        "observers": _of(Sequence, words="a list of observers"),
        "max_connections": _COUNT,
        "max_response_bytes": _COUNT,
        "transport": _or_none(_Type("a TransportFactory", _is_transport_factory)),
        "origin": _TEXT,
        "namespace": _TEXT,
    },
    "Timeouts": dict.fromkeys(("connect", "read", "write", "pool", "total", "idle"), _SECONDS),
    "TLSConfig": {
        "ca_file": _MAYBE_TEXT,
        "ca_data": _MAYBE_BYTES,
        "cert_file": _MAYBE_TEXT,
        "cert_data": _MAYBE_BYTES,
        "key_file": _MAYBE_TEXT,
        "key_data": _MAYBE_BYTES,
        "server_name": _MAYBE_TEXT,
        "insecure": _SWITCH,
    },
    "Impersonate": {
        "user": _TEXT,
        "uid": _TEXT,
        "groups": _TEXTS,
        "extra": _of(Mapping, words="a mapping to lists of str")._replace(item=_TEXTS),
    },
    "ExecPolicy": {"kind": _TEXT, "allowed": _or_none(_TEXTS)},
    "ExecConfig": {
        "command": _TEXT,
        "args": _TEXTS,
        "env": _of(Mapping, words="a mapping of str")._replace(item=_TEXT),
        "api_version": _TEXT,
        "install_hint": _TEXT,
        "provide_cluster_info": _SWITCH,
        "interactive_mode": _TEXT,
        "stdin_unavailable": _SWITCH,
        "stdin_unavailable_message": _TEXT,
        "cluster_config": _Type("any value", _is_anything),
        "policy": _of(ExecPolicy),
        "timeout": _SECONDS,
    },
    "OIDCConfig": {
        "issuer_url": _TEXT,
        "client_id": _TEXT,
        "client_secret": _TEXT,
        "ca_file": _MAYBE_TEXT,
        "ca_data": _MAYBE_BYTES,
        "id_token": _TEXT,
        "refresh_token": _TEXT,
        "save": _FUNCTION,
    },
}
"""The type of each field of each class of settings."""


OVERRIDES: Final[Mapping[str, _Type]] = {
    **dict.fromkeys(("context", "cluster", "user", "namespace", "server", "tls_server_name", "proxy_url"), _MAYBE_TEXT),
    **dict.fromkeys(("ca_file", "cert_file", "key_file", "token", "token_file", "username", "password"), _MAYBE_TEXT),
    **dict.fromkeys(("ca_data", "cert_data", "key_data"), _MAYBE_BYTES),
    **dict.fromkeys(("insecure", "compression"), _or_none(_SWITCH)),
    "impersonate": _or_none(_of(str, Impersonate)),
}
"""The type of each value that replaces one of a kubeconfig."""


def _name(value: Any) -> str:
    """Return the class of settings that a value is of, "" for none; `Config` and `Timeouts` import this module."""
    return next((each.__name__ for each in type(value).__mro__ if each.__name__ in TYPES), "")


def mistakes(config: Any, prefix: str = "") -> Iterator[str]:
    """Yield each setting whose value has a wrong type. Values may be secret, so they are not shown.

    Args:
        config: A `Config`, or one of the settings with several fields in it.
        prefix: The path to it.
    """
    known = TYPES[_name(config)]
    yield from mistakes_in({name: getattr(config, name) for name in known}, known, prefix)


def mistakes_in(values: Mapping[str, Any], types: Mapping[str, _Type], prefix: str = "") -> Iterator[str]:
    """Yield each value that has a wrong type.

    Args:
        values: The values; those without a type are skipped.
        types: The type of each value.
        prefix: The path to the values.
    """
    for name, value in values.items():
        if (known := types.get(name)) is None:
            continue
        yield from _of_value(value, known, f"{prefix}{name}")
        if _name(value) and known.accepts(value):
            yield from mistakes(value, f"{prefix}{name}.")


def _of_value(value: Any, known: _Type, place: str) -> Iterator[str]:
    if not known.accepts(value):
        found = "None" if value is None else f"of type {type(value).__name__}"
        is_path = hasattr(value, "__fspath__") and _TEXT.words in known.words
        yield f"{place} is {found}: expected {known.words}{', such as str(path)' if is_path else ''}"
    elif known.item is not None and value is not None and not isinstance(value, (str, bytes)):
        entries: Mapping[Any, Any] = value if is_json_object(value) else {}
        for key in entries:
            yield from _of_value(key, _TEXT, f"a key of {place}")
        for item in [*entries.values()] or [*value]:
            yield from _of_value(item, known.item, f"an item of {place}")
