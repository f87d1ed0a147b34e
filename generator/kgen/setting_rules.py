"""The validation table of settings: which values each key can have, and the error for any other value."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kgen.errors import DOCUMENTATION, ConfigError

__all__ = ["CONTEXT_VERSION", "KUBECLIENT", "KUBECLIENT_DOCS", "check_setting", "is_identifier"]

KUBECLIENT: Final = "kubeclient"
"""The package that has Kubernetes' own types, made from the documents that come with kgen."""

KUBECLIENT_DOCS: Final = f"{DOCUMENTATION}reference/kubeclient/"
"""The address of the reference of that package."""

CONTEXT_VERSION: Final = 1
"""The version of the template contexts (docs/templates.md). It increases when an attribute is removed or changes its
meaning."""

_TAKEN: Final = frozenset({"kgen", "kubecore", "msgspec"}) | sys.stdlib_module_names
"""Names that a generated package cannot have: clients import these modules, or their imports."""


def is_identifier(name: str) -> bool:
    """Whether Python can import or use a name."""
    return name.isidentifier() and name.isascii() and not keyword.iskeyword(name)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule for the values of a key.

    Attributes:
        holds: Whether a value is allowed.
        what: The error for any other value.
        hint: What to do about it.
    """

    holds: Callable[[Any], bool]
    what: str
    hint: str


_RULES: Final[Mapping[str, tuple[_Rule, ...]]] = {
    "builtins": (
        _Rule(
            lambda value: value in ("generate", KUBECLIENT),
            "{value!r} has no types of Kubernetes",
            "write 'kubeclient' to import them from there, or 'generate' to make them from the documents",
        ),
    ),
    "kubeclient_docs": (
        _Rule(
            lambda value: re.fullmatch(r"(?:https?://[A-Za-z0-9.:-]+)?[A-Za-z0-9._~/-]*", value) is not None,
            "{value!r} is not the address or the folder of a reference",
            "an address as in 'https://example.com/docs/', a folder relative to the pages as in '../kubeclient', or ''",
        ),
    ),
    "package": (
        _Rule(
            is_identifier,
            "{value!r} can't be imported as a package",
            "letters, digits and underscores, as in 'kubeclient'",
        ),
        _Rule(
            lambda value: value not in _TAKEN,
            "{value!r} would hide a package that the client needs",
            "choose another name, as in 'kubeclient'",
        ),
    ),
    "path": (
        _Rule(
            lambda value: bool(value) and "\0" not in value,
            "the path is empty or holds a NUL",
            "name a file or a folder",
        ),
    ),
    "specs": (
        _Rule(
            lambda value: not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", value),
            "{value!r} is a URL, and builds are offline and reproducible",
            "download it into the project, and name the file",
        ),
    ),
    "templates_context": (
        _Rule(
            lambda value: value == CONTEXT_VERSION,
            f"the templates are written for version {{value}} of the context, and this kgen has {CONTEXT_VERSION}",
            f"compare them with {DOCUMENTATION}templates/, then write the version that it has",
        ),
    ),
}


def check_setting(key: str, value: object, where: str) -> None:
    """Refuse a value that a key can't have.

    Args:
        key: The key of the configuration, or `path` for the path that any key has. Of `specs`, each item is checked.
        value: The value.
        where: The file and the key, or the option, for the message.

    Raises:
        ConfigError: With the rule that the value breaks.
    """
    for rule in _RULES[key]:
        if not rule.holds(value):
            raise ConfigError(rule.what.format(value=value), where=where, hint=rule.hint)
