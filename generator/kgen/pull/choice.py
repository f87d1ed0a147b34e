"""Which documents of a cluster are pulled: all, those of some groups, or those that are not part of Kubernetes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from kgen.errors import ClusterError, ConfigError, nearest, printable
from kgen.reserved_names import CLIENT_GO_GROUPS

__all__ = ["Choice"]

_DOCUMENT: Final = re.compile(r"(?:api|apis/(?P<group>[^/]+))(?:/(?P<version>[^/]+))?")


@dataclass(frozen=True, slots=True)
class Choice:
    """What to pull.

    Attributes:
        groups: Groups (`apps`, `core`) or group versions (`apps/v1`, `v1`); all when empty.
        builtins: Whether the groups of Kubernetes itself are wanted, too.
        excluded: Groups or group versions to leave out; those that the cluster lacks are ignored.
    """

    groups: tuple[str, ...] = ()
    builtins: bool = True
    excluded: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return a description for people, "" if everything is selected."""
        chosen = "" if self.builtins else "only those that Kubernetes does not ship"
        if self.groups:
            chosen = f"only {_listed(self.groups)}"
        if not self.excluded:
            return chosen
        return f"{chosen or 'all'} without {_listed(self.excluded)}"

    def of(self, names: Iterable[str]) -> frozenset[str]:
        """Return the documents that are wanted.

        Args:
            names: Of all documents: the paths below `/openapi/v3`.

        Raises:
            ConfigError: A group that was named is in none of them; with the nearest that is, and all that there are.
            ClusterError: There is nothing but Kubernetes' own.
        """
        everything = {name: _words(name) for name in names}
        words = {name: each for name, each in everything.items() if each.isdisjoint(self.excluded)}
        if self.groups:
            known = frozenset(word for each in everything.values() for word in each)
            for word in self.groups:
                _require(word, known)
            return frozenset(name for name in words if not words[name].isdisjoint(self.groups))
        if self.builtins:
            return frozenset(words)
        foreign = frozenset(name for name in words if _is_foreign(name))
        if foreign:
            return foreign
        raise ClusterError(
            "the cluster serves no groups but those of Kubernetes",
            where="/openapi/v3",
            hint="install the CRDs or the API first, or pull without --no-builtins",
        )


def _listed(words: Iterable[str]) -> str:
    return ", ".join(printable(word, 100) for word in words)


def _words(name: str) -> frozenset[str]:
    """Return the words that select a document; none if it has no group."""
    match = _DOCUMENT.fullmatch(name)
    if match is None:
        return frozenset()
    group, version = match["group"] or "core", match["version"]
    if not version:
        return frozenset({group})
    return frozenset({group, f"{group}/{version}"} | ({version} if group == "core" else set()))


def _is_foreign(name: str) -> bool:
    """Return whether a document is of a group that is not part of Kubernetes: of a CRD, or of an aggregated API.

    The full name of the group decides: `autoscaling.k8s.io` and `networking.istio.io` are not Kubernetes'.
    """
    match = _DOCUMENT.fullmatch(name)
    return match is not None and (match["group"] or "") not in CLIENT_GO_GROUPS


def _require(word: str, known: frozenset[str]) -> None:
    if word in known:
        return
    group, _, version = word.partition("/")
    versions = sorted(name for name in known if name.startswith(f"{group}/"))
    near = nearest(word, versions) or nearest(word, known)
    there = versions if version and versions else sorted(known & _groups(known))
    raise ConfigError(
        f"the cluster has no group {'version ' if version else ''}{word[:100]!r}",
        where="--group",
        hint=(f"did you mean {near!r}? " if near else "") + f"it has {', '.join(there)}",
    )


def _groups(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word.partition("/")[0] for word in words if "/" in word)
