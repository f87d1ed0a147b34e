"""Names: from the words of the documents to Python identifiers, by one rule and a few tables."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from kgen.reserved_names import (
    CLIENT_GO_GROUPS,
    RESERVED_ACCESSORS,
    RESERVED_ARGUMENTS,
    RESERVED_CLASSES,
    RESERVED_CLIENTS,
    RESERVED_FIELDS,
    RESERVED_GROUPS,
    RESERVED_METHODS,
)
from kgen.singulars import WORD
from kgen.text import Code

__all__ = [
    "ClassName",
    "Identifier",
    "accessor",
    "argument_name",
    "camel_name",
    "class_name",
    "client_class",
    "constant_name",
    "field_name",
    "group_class",
    "group_folder",
    "group_names",
    "group_version_name",
    "is_joined",
    "is_wire_name",
    "member_name",
    "method_name",
    "module_name",
    "package_module",
    "resource_class",
    "snake",
    "subresource_name",
    "verbatim_name",
    "version_folder",
    "words_of",
]

SUBRESOURCES: Final = {
    # The documents write them as one lower-case word.
    "ephemeralcontainers": "ephemeral_containers",
}

# Fields of kubecore, and characters that msgspec refuses in wire names.
_OWN_PROPERTIES: Final = frozenset({"$otherFields", "$written"})
_UNNAMEABLE: Final = re.compile(r"[\"\\\x00-\x1f\ud800-\udfff]")

_SPELLED: Final = {"$": "_dollar_", "-": "_dash_", ".": "_dot_", "/": "_slash_"}

# The meaning of the characters in Kubernetes' own enums, which differs from Unicode's names.
_SYMBOLS: Final = {"*": "value"}

# The letter before the version of an acronym: IPv4, TLSv1.
_ACRONYM_VERSION: Final = re.compile(r"(?<=[A-Z]{2})v(?=[0-9])")

_OWN_NAMES: Final = frozenset(CLIENT_GO_GROUPS.values())


class Identifier(Code):
    """A Python identifier in ASCII that is not a keyword."""

    __slots__ = ()

    def __new__(cls, name: str) -> Identifier:  # noqa: PYI034 - subclasses are not made from here
        """Check `name` and mark it.

        Raises:
            ValueError: If `name` cannot stand as an identifier.
        """
        if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name):
            msg = f"not a Python identifier: {name!r}"
            raise ValueError(msg)
        return super().__new__(cls, name)


ClassName = Identifier


def snake(name: str) -> str:
    """Return `name` in snake_case: `podCIDRs` is `pod_cidrs`, `$ref` is `ref`, non-ASCII characters are left out."""
    return "_".join(word.lower() for part in re.split(r"[^A-Za-z0-9]+", name) for word in _split(part))


def _split(part: str) -> Iterable[str]:
    return WORD.findall(part)


def field_name(wire_name: str) -> Identifier:
    """Return the attribute for a property; keywords and names that every model has end in an underscore."""
    return Identifier(_free(_started(snake(wire_name), "field"), RESERVED_FIELDS))


def is_wire_name(name: str) -> bool:
    """Whether a property can be the wire name of a field."""
    return bool(name) and name not in _OWN_PROPERTIES and not _UNNAMEABLE.search(name)


def camel_name(name: str) -> str:
    """Return the default property of a field: the result of msgspec's `rename="camel"`."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def verbatim_name(wire_name: str) -> Identifier:
    """Return the attribute for a property whose regular name another property has: its wire name."""
    spelled = re.sub(r"[^A-Za-z0-9_]", lambda match: _SPELLED.get(match[0], f"_u{ord(match[0]):04x}_"), wire_name)
    name = spelled.strip("_")
    # In its class an attribute must not hide a class, and those begin with a capital.
    return Identifier(_free(f"field_{name}" if name[:1].isupper() else _started(name, "field"), RESERVED_FIELDS))


def class_name(name: str) -> ClassName:
    """Return the class for a schema or kind."""
    bare = re.sub(r"[^A-Za-z0-9_]+", "", name).lstrip("_")
    upper = bare[:1].upper() + bare[1:]
    return ClassName(_free(_started(upper, "Model"), RESERVED_CLASSES))


def is_joined(name: str) -> bool:
    """Whether the words of a property have characters between them: `disk_pool`, `disk-pool`."""
    return re.search(r"[^A-Za-z0-9]", name) is not None


def words_of(name: str) -> str:
    """Return the words of a property for the name of a class: `DiskPool` for `disk_pool` and for `disk-pool`."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))


def _started(name: str, prefix: str) -> str:
    return name if name and not name[0].isdigit() else f"{prefix}_{name}".rstrip("_")


def _free(name: str, reserved: frozenset[str]) -> str:
    # Names of the form model_* are reserved for future attributes of Model.
    taken = keyword.iskeyword(name) or name in reserved or name.startswith("model_")
    return f"{name}_" if taken else name


def resource_class(kind: str, plural: str) -> ClassName:
    """Return the client class of a resource: the capitals of its kind on its own plural (`NetworkPolicies`)."""
    letters = [kind[i] if i < len(kind) and kind[i].lower() == char else char for i, char in enumerate(plural)]
    return client_class("".join(letters))


def client_class(name: str) -> ClassName:
    """Return a client class, which must not be the asynchronous class of another client.

    Those are `AsyncWidgets` or, after a reserved name, `AsyncClient_`. A class that begins like them ends in `__`.
    """
    made = class_name(name)
    if made.startswith("Async") and not made[5:6].islower():
        return ClassName(f"{made.rstrip('_')}__")
    return ClassName(f"{made}_") if made in RESERVED_CLIENTS else made


def group_class(accessor_: str) -> ClassName:
    """Return the client class of a group version: `AppsV1Client` for `apps_v1`, `A_1V1Client` for `a_1_v1`."""
    parts = (f"_{part}" if part[:1].isdigit() else part.capitalize() for part in accessor_.split("_"))
    return client_class("".join(parts) + "Client")


def accessor(class_: ClassName) -> Identifier:
    """Return the method or property that leads to a class: `config_maps` for `ConfigMaps`."""
    return Identifier(_free(_started(snake(class_), "resource"), RESERVED_ACCESSORS))


def constant_name(class_: ClassName) -> Identifier:
    """Return the constant that describes a resource: `CONFIG_MAPS`; `DNS_` next to a class `DNS`."""
    name = _started(snake(class_), "resource").upper()
    return Identifier(f"{name}_" if name == class_ else name)


def module_name(kind: str) -> Identifier:
    """Return the module of a resource client: its kind in lower case, as client-go names its files."""
    return Identifier(_free(class_name(kind).rstrip("_").lower(), frozenset()))


def member_name(value: str, *, is_custom: bool = False) -> Identifier:
    """Return the constant for a known value: `IF_NOT_PRESENT` for `IfNotPresent`, `LESS_THAN_SIGN` for `<`.

    Args:
        value: The value.
        is_custom: Whether it is of a CRD: there, `IPv4` is `IPV4`. Kubernetes' own constants keep the name `I_PV4`.
    """
    if not value:
        return Identifier("EMPTY")
    if is_custom:
        value = _ACRONYM_VERSION.sub("V", value)
    words = snake(value) or "_".join(_SYMBOLS.get(char) or snake(unicodedata.name(char, "")) for char in value[:8])
    return Identifier(_started(words.strip("_"), "value").upper())


def subresource_name(subresource: str) -> str:
    """Return the words of a subresource as they stand in method names."""
    return SUBRESOURCES.get(subresource, snake(subresource)) or "subresource"


def group_names(group: str) -> tuple[str, ...]:
    """Return possible names of an API group, as before the version in `networking_v1`: the best name first.

    Kubernetes' own groups have client-go's name. Any other group is called by the first label of its name, or by its
    whole name: always if Kubernetes has a group with that label, whether or not the documents contain it.
    """
    own = CLIENT_GO_GROUPS.get(group)
    if own is not None:
        return (own,)
    first, whole = snake(group.split(".")[0]), snake(group)
    return (whole,) if first in _OWN_NAMES or first in ("", whole) else (first, whole)


def package_module(package: str) -> Identifier:
    """Return the models module for schemas of a Go package that is of no group version: its last two labels."""
    labels = [word for label in package.split(".") if (word := snake(label))]
    return Identifier(_free(_started("_".join(labels[-2:]), "models"), RESERVED_GROUPS))


def group_version_name(group: str, version: str, called: str = "") -> Identifier:
    """Return the accessor and the models module of a group version: `apps_v1`, `networking_istio_io_v1`.

    Args:
        group: The group.
        version: Its version.
        called: Which of the group's names was chosen; the best when left out.
    """
    name = _started(f"{called or group_names(group)[0]}_{snake(version)}", "group")
    return Identifier(_free(name, RESERVED_GROUPS))


def group_folder(called: str) -> Identifier:
    """Return the folder of a group's clients: the name of the group, `lambda_` for `lambda`."""
    return Identifier(_free(_started(called, "group"), frozenset()))


def version_folder(version: str) -> Identifier:
    """Return the folder of a version's clients, below that of its group."""
    word = snake(version)
    return Identifier(_free(word if word.isidentifier() else f"v_{word}", frozenset()))


def method_name(name: str) -> Identifier:
    """Return the method for a verb of a subresource: `get_scale`."""
    return Identifier(_free(name, RESERVED_METHODS))


def argument_name(class_: str) -> Identifier:
    """Return the name of a method's body argument for a class: `eviction`."""
    return Identifier(_free(field_name(class_), RESERVED_ARGUMENTS))
