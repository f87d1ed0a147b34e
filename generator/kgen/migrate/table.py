"""The packages whose calls `kgen migrate` finds, the pages about verbs, and the form of a replacement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

__all__ = ["PACKAGES", "PAGES", "STATUSES", "Status", "Target"]

Status = Literal["replacement", "recipe", "open"]

STATUSES: Final[tuple[Status, ...]] = get_args(Status)
"""All statuses, in the order of the summary."""

PACKAGES: Final = {
    "kubernetes": "docs/coming-from/kubernetes.md",
    "kubernetes_asyncio": "docs/coming-from/kubernetes-asyncio.md",
    "lightkube": "docs/coming-from/lightkube.md",
    "kr8s": "docs/coming-from/kr8s.md",
}
"""The packages whose calls are found, and the page about each."""


@dataclass(frozen=True, slots=True)
class Target:
    """The replacement of a call.

    Attributes:
        text: The replacement; for a recipe the important part of it, for an open call the reason, if it is known.
        page: The page that explains it.
        status: `recipe` if a program has to be written differently, `open` if this project has no replacement.
    """

    text: str
    page: str
    status: Status = "replacement"


PAGES: Final = {
    "apply": "docs/apply.md",
    "attach": "docs/recipes/run-commands.md",
    "connect": "docs/recipes/connect.md",
    "create": "docs/models.md",
    "delete": "docs/waiting.md",
    "delete_collection": "docs/reading.md",
    "dynamic": "docs/dynamic.md",
    "exec": "docs/recipes/run-commands.md",
    "get": "docs/reading.md",
    "list": "docs/reading.md",
    "log": "docs/recipes/logs.md",
    "models": "docs/models.md",
    "other": "docs/coming-from/kubernetes.md",
    "patch": "docs/recipes/change-a-field.md",
    "portforward": "docs/recipes/port-forward.md",
    "proxy": "docs/http.md",
    "scale": "docs/recipes/rollout.md",
    "update": "docs/apply.md",
    "wait": "docs/recipes/wait.md",
    "watch": "docs/recipes/watch.md",
}
"""The page about each verb of a replacement; other verbs have that of `other`."""
