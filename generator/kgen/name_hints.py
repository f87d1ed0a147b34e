"""Hints of `kgen build --verbose`: names that are long or too general, each with the configuration that changes it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from kgen.errors import Problem
from kgen.ir import Api, GroupVersion, ModelModule
from kgen.names import group_version_name, snake
from kgen.reserved_names import CLIENT_GO_GROUPS, RESERVED_CLASSES

__all__ = ["LONGEST", "name_hints"]

LONGEST: Final = 60
"""Characters of a name that is not listed."""

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[0-9]+[a-z]*")

# First labels of groups that several projects use.
_GENERAL: Final = frozenset(
    (
        *("addons", "agent", "api", "app", "application", "catalog", "cloud", "cluster", "config", "controller"),
        *("controlplane", "core", "data", "db", "extensions", "gateway", "image", "infra", "infrastructure", "install"),
        *("machine", "management", "network", "notification", "operator", "operators", "pkg", "platform"),
        *(
            "project",
            "resource",
            "resources",
            "runtime",
            "samples",
            "security",
            "service",
            "source",
            "storage",
            "system",
        ),
        *("templates", "tools", "user", "v1"),
    )
)


def name_hints(api: Api) -> list[Problem]:
    """Return a hint for each name that a custom name would improve.

    Args:
        api: Everything with its final names.
    """
    found = [hint for group in api.groups for hint in _group(group, {str(each.accessor) for each in api.groups})]
    return found + [hint for module in api.modules for hint in _long(module)]


def _group(group: GroupVersion, taken: Collection[str]) -> Iterator[Problem]:
    labels = group.group.split(".")
    named = group_version_name(group.group, group.version, snake(labels[0]))
    if group.group in CLIENT_GO_GROUPS or len(labels) < 3 or labels[0] not in _GENERAL or group.accessor != named:
        return
    better = f"{snake(labels[-2])}_{named}"
    if better not in taken:
        yield Problem(
            f"the name {group.accessor} does not contain the project of {group.group}",
            group.source,
            f'to change it, add to [tool.kgen.names]: "{group.api_version}" = "{better}"',
        )


def _long(module: ModelModule) -> Iterator[Problem]:
    """Yield a hint for each place whose custom name shortens the names inside of it."""
    kinds = [str(model.name) for model in module.models if model.is_kind]
    # A place such as `WidgetSpec` holds everything: it keeps its name.
    kept = {f"{kind}{part}" for kind in kinds for part in ("", "Spec", "Status")}
    constants = {str(each.name) for model in module.models for each in model.constants}
    every = constants | {str(model.name) for model in module.models} | {str(alias.name) for alias in module.aliases}
    groups: dict[str, list[str]] = {}
    for name in sorted((name for name in every if len(name) > LONGEST), key=lambda name: (len(name), name)):
        known = next((place for place in groups if _is_inside(name, place)), None)
        place = known or next(
            (place for place in _places(name, every - kept) if _saves(name, place, every)),
            name,
        )
        groups.setdefault(place, []).append(name)
    taken = set(every)
    for place, names in sorted(groups.items()):
        # The key of a place inside of a renamed place has another prefix.
        if any(_is_inside(place, other) for other in groups if other != place):
            continue
        short = _short(place, taken)
        taken.add(short)
        yield Problem(
            f"{names[0]} has more than {LONGEST} characters"
            + (f", as have {len(names) - 1} names that begin with {place}" if len(names) > 1 else ""),
            f"models/{module.name}.py",
            f'to shorten them, add to [tool.kgen.names]: "{module.name}.{place}" = "{short}"',
        )


def _is_inside(name: str, place: str) -> bool:
    return name.startswith(place) and not name[len(place) : len(place) + 1].islower()


def _places(name: str, every: Collection[str]) -> list[str]:
    """Return the places that contain a place, the outermost first."""
    ends = [match.start() for match in _WORD.finditer(name)]
    return [name[:end].rstrip("_") for end in ends if name[:end].rstrip("_") in every]


def _saves(name: str, place: str, every: Collection[str]) -> bool:
    return len(name) - len(place) + len(_short(place, every)) <= LONGEST


def _short(place: str, taken: Collection[str]) -> str:
    """Return the last words of a name that no other name consists of."""
    words = [match.group() for match in _WORD.finditer(place)]
    tails = ("".join(words[at:]) for at in range(len(words) - 1, -1, -1))
    usable = (tail for tail in tails if tail[:1].isalpha() and tail not in taken and tail not in RESERVED_CLASSES)
    return next(usable, f"{place}_")
