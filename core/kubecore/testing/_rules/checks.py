"""Faults of single values, as the API server describes them: the parts of which the rules of kinds are made. No I/O."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

import msgspec

from kubecore import quantity
from kubecore.testing._rules.resource_names import is_standard
from kubecore.testing._schemas.json_values import items_at, map_at
from kubecore.testing._server.failures import Cause
from kubecore.testing._server.metadata_rules import key_faults, name_faults, value_faults

__all__ = [
    "PROTOCOLS",
    "amount",
    "at_least",
    "at_most_all",
    "between",
    "changed",
    "chosen",
    "config_key",
    "config_keys",
    "domain_path",
    "duplicate",
    "forbidden",
    "hosted",
    "immutable",
    "invalid",
    "ip_address",
    "key",
    "label_selector",
    "label_value",
    "labels",
    "name",
    "network",
    "number_or_percent",
    "optional",
    "pod_address",
    "port_name",
    "port_number",
    "required",
    "required_name",
    "requirement",
    "resource_name",
    "set_fields",
    "shown",
    "too_long",
    "unsupported",
]

PROTOCOLS: Final = ("SCTP", "TCP", "UDP")

_CONFIG_KEY: Final = re.compile(r"[-._a-zA-Z0-9]+")
_CONFIG_KEY_TEXT: Final = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "
    "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_PORT_CHARS: Final = re.compile(r"[-a-z0-9]+")
_PERCENT: Final = re.compile(r"[0-9]+%")
_PERCENT_TEXT: Final = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
    "validation is '[0-9]+%')"
)
_STANDARD_RESOURCES: Final = ("cpu", "memory", "ephemeral-storage")


def shown(value: Any) -> str:
    """Return a value as it is shown in a fault."""
    return msgspec.json.encode(value).decode()


def _with(start: str, detail: str) -> str:
    return f"{start}: {detail}" if detail else start


def required(field: str, detail: str = "") -> Cause:
    """Return the fault of a missing value."""
    return Cause("FieldValueRequired", _with("Required value", detail), field)


def invalid(field: str, value: Any, detail: str) -> Cause:
    """Return the fault of a value that is not valid."""
    return Cause("FieldValueInvalid", f"Invalid value: {shown(value)}: {detail}", field)


def unsupported(field: str, value: Any, known: Sequence[str]) -> Cause:
    """Return the fault of a value that is not one of some."""
    names = ", ".join(shown(name) for name in known)
    return Cause("FieldValueNotSupported", f"Unsupported value: {shown(value)}: supported values: {names}", field)


def forbidden(field: str, detail: str) -> Cause:
    """Return the fault of a value that must be omitted or kept."""
    return Cause("FieldValueForbidden", _with("Forbidden", detail), field)


def duplicate(field: str, value: Any) -> Cause:
    """Return the fault of a value that exists before."""
    return Cause("FieldValueDuplicate", f"Duplicate value: {shown(value)}", field)


def too_long(field: str, most: int, unit: str = "bytes") -> Cause:
    """Return the fault of a text that is too long."""
    return Cause("FieldValueTooLong", f"Too long: may not be more than {most} {unit}", field)


def changed(field: str, value: Any) -> Cause:
    """Return the fault of a field that never changes."""
    return invalid(field, value, "field is immutable")


def immutable(field: str, old: Any, new: Any) -> Iterator[Cause]:
    """Yield the fault of a field that never changes, if it changed."""
    if (old or None) != (new or None):
        yield changed(field, new)


def chosen(field: str, value: Any, known: Sequence[str], *, is_required: bool = False) -> Iterator[Cause]:
    """Yield the fault of a value that is not one of some.

    Args:
        field: The path.
        value: The value; None is the same as "".
        known: The valid ones.
        is_required: Whether an empty value is a missing one; else it is one that is not supported.
    """
    if is_required and not value:
        yield required(field)
    elif (value or "") not in known:
        yield unsupported(field, value or "", known)


def optional(field: str, value: Any, known: Sequence[str]) -> Iterator[Cause]:
    """Yield the fault of a value that is not one of some; None is valid, "" is not."""
    if value is not None:
        yield from chosen(field, value, known)


def set_fields(field: str, found: dict[str, Any], *names: str) -> Iterator[Cause]:
    """Yield the faults of fields that are missing or empty."""
    for each in names:
        if not found.get(each):
            yield required(f"{field}.{each}")


def name(field: str, value: str, rule: str) -> Iterator[Cause]:
    """Yield the faults of a name that another object has; `metadata_rules.name_faults` has the rules."""
    for text in name_faults(value, rule):
        yield invalid(field, value, text)


def required_name(field: str, value: str, rule: str, detail: str = "") -> Iterator[Cause]:
    """Yield the faults of a name that must be set."""
    if value:
        yield from name(field, value, rule)
    else:
        yield required(field, detail)


def key(field: str, value: str) -> Iterator[Cause]:
    """Yield the faults of the key of a label or of a taint."""
    for text in key_faults(value):
        yield invalid(field, value, text)


def label_value(field: str, value: str) -> Iterator[Cause]:
    """Yield the faults of the value of a label or of a taint."""
    for text in value_faults(value):
        yield invalid(field, value, text)


def labels(field: str, found: dict[str, Any]) -> Iterator[Cause]:
    """Yield the faults of labels."""
    for each, value in sorted(found.items()):
        yield from key(field, each)
        yield from label_value(field, value)


def label_selector(field: str, found: dict[str, Any]) -> Iterator[Cause]:
    """Yield the faults of a label selector."""
    yield from labels(f"{field}.matchLabels", map_at(found, "matchLabels"))
    for index, each in enumerate(items_at(found, "matchExpressions")):
        yield from requirement(f"{field}.matchExpressions[{index}]", each)


def requirement(field: str, found: dict[str, Any], *, is_of_node: bool = False) -> Iterator[Cause]:
    """Yield the faults of a requirement of a selector.

    Args:
        field: The path.
        found: The requirement.
        is_of_node: Whether it selects nodes, whose values are compared as numbers, too.
    """
    operator, values = found.get("operator", ""), items_at(found, "values")
    if operator in ("In", "NotIn") and not values:
        yield required(f"{field}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist") and values:
        yield forbidden(f"{field}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
    elif operator in ("Gt", "Lt") and is_of_node:
        if len(values) != 1:
            yield required(f"{field}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'")
    elif operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
        yield invalid(f"{field}.operator", operator, "not a valid selector operator")
    yield from key(f"{field}.key", found.get("key", ""))
    for index, value in enumerate(values):
        yield from label_value(f"{field}.values[{index}]", value)


def config_keys(field: str, keys: Collection[str]) -> Iterator[Cause]:
    """Yield the faults of the keys of a ConfigMap or of a Secret."""
    for each in sorted(keys):
        yield from config_key(f"{field}[{each}]", each)


def config_key(field: str, value: str) -> Iterator[Cause]:
    """Yield the faults of a key of a ConfigMap or of a Secret."""
    if len(value) > 253:
        yield invalid(field, value, "must be no more than 253 bytes")
    if not _CONFIG_KEY.fullmatch(value):
        yield invalid(field, value, _CONFIG_KEY_TEXT)
    elif value in (".", ".."):
        yield invalid(field, value, f"must not be '{value}'")
    elif value.startswith(".."):
        yield invalid(field, value, "must not start with '..'")


def domain_path(field: str, value: str) -> Iterator[Cause]:
    """Yield the fault of a text that is not a domain with a path."""
    domain, _, path = value.partition("/")
    if not domain or not path:
        yield invalid(field, value, 'must be a domain-prefixed path (such as "acme.io/foo")')


def resource_name(field: str, value: str) -> Iterator[Cause]:
    """Yield the faults of the name of a resource of containers, such as `cpu` or `example.com/gpu`."""
    faults = list(key(field, value))
    yield from faults
    if "/" in value or value in _STANDARD_RESOURCES or value.startswith("hugepages-"):
        return
    if not faults and not is_standard(value):
        yield invalid(field, value, "must be a standard resource type or fully qualified")
    yield invalid(field, value, "must be a standard resource for containers")


def port_number(field: str, value: Any) -> Iterator[Cause]:
    """Yield the fault of the number of a port."""
    yield from between(field, value, 1, 65535)


def port_name(field: str, value: str) -> Iterator[Cause]:
    """Yield the faults of the name of a port."""
    if len(value) > 15:
        yield invalid(field, value, "must be no more than 15 characters")
    if not _PORT_CHARS.fullmatch(value):
        yield invalid(field, value, "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search(r"[a-z]", value):
        yield invalid(field, value, "must contain at least one letter (a-z)")
    if "--" in value:
        yield invalid(field, value, "must not contain consecutive hyphens")
    if value.startswith("-") or value.endswith("-"):
        yield invalid(field, value, "must not begin or end with a hyphen")


def hosted(field: str, value: str | int) -> Iterator[Cause]:
    """Yield the faults of a port that has a number or a name."""
    if isinstance(value, int):
        yield from port_number(field, value)
    else:
        yield from port_name(field, value)


def at_least(field: str, value: Any, least: int, text: str = "") -> Iterator[Cause]:
    """Yield the fault of a number that is too small; None is valid."""
    if value is not None and value < least:
        yield invalid(field, value, text or f"must be greater than or equal to {least}")


def between(field: str, value: Any, least: int, most: int) -> Iterator[Cause]:
    """Yield the fault of a number that is too small or too large; None is valid."""
    if value is not None and not least <= value <= most:
        yield invalid(field, value, f"must be between {least} and {most}, inclusive")


def number_or_percent(field: str, value: int | str | None) -> Iterator[Cause]:
    """Yield the fault of a number that is negative, or of a text that is not a percentage; None is valid."""
    if isinstance(value, int):
        yield from at_least(field, value, 0)
    elif value is not None and not _PERCENT.fullmatch(value):
        yield invalid(field, value, _PERCENT_TEXT)


def at_most_all(field: str, value: int | str | None) -> Iterator[Cause]:
    """Yield the fault of a percentage above 100."""
    if isinstance(value, str) and _PERCENT.fullmatch(value) and int(value[:-1]) > 100:
        yield invalid(field, value, "must not be greater than 100%")


def amount(field: str, value: Any, *, is_positive: bool = False) -> Iterator[Cause]:
    """Yield the fault of a quantity that is negative, or not positive."""
    number = quantity.parse(value)
    if is_positive and number <= 0:
        yield invalid(field, value, "must be greater than zero")
    elif number < 0:
        yield invalid(field, value, "must be greater than or equal to 0")


def ip_address(field: str, value: str) -> Iterator[Cause]:
    """Yield the fault of a text that is not an IP address."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        if _has_leading_zeros(value):
            yield invalid(field, value, "must not have leading 0s")
        else:
            yield invalid(field, value, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")


def pod_address(field: str, value: str) -> Iterator[Cause]:
    """Yield the faults of an IP address that no pod or load balancer can have."""
    found = ipaddress.ip_address(value)
    for is_bad, text in (
        (found.is_unspecified, "may not be unspecified (0.0.0.0 or ::)"),
        (found.is_loopback, "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
        (found.is_link_local, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
        (found.is_multicast, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"),
    ):
        if is_bad:
            yield invalid(field, value, text)


def _has_leading_zeros(value: str) -> bool:
    """Return whether a text is an IPv4 address apart from zeros before its numbers."""
    parts = value.split(".")
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() and len(part) <= 4 for part in parts):
        return False
    return all(int(part) <= 255 for part in parts)


def network(field: str, value: str) -> Iterator[Cause]:
    """Yield the fault of a text that is not an IP network."""
    try:
        ipaddress.ip_network(value if "/" in value else "not a network", strict=False)
    except ValueError:
        yield invalid(field, value, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")
