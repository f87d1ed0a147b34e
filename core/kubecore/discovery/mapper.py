"""The resource for a name: client-go's RESTMapper. No I/O.

A name is a kind, a plural, a singular or a short name, in any case, and may carry version and group as in kubectl:
`pod`, `po`, `Deployment`, `deployments.apps`, `deploy.v1.apps`. The rules if several resources have the name:

1. An `api_version` that was given wins, and so do version and group in the name.
2. Kinds, plurals and singulars come before short names.
3. The group that the server puts first wins, the core group before all; in a group the preferred version.

Source: `k8s.io/client-go/restmapper` (`discovery.go`, `shortcut.go`), `k8s.io/apimachinery/pkg/api/meta`
(`priority.go`).
"""

from __future__ import annotations

import difflib
import logging

from kubecore.discovery.catalog import ApiResource, Catalog
from kubecore.errors import InvalidRequestError, NoMatchError

__all__ = ["find", "no_match"]

_LOG = logging.getLogger("kubecore")
_MOST = 3


def find(catalog: Catalog, name: str, api_version: str = "") -> ApiResource | None:
    """Find the resource that a name means.

    Args:
        catalog: The discovery results.
        name: Kind, plural, singular or short name; version and group may follow.
        api_version: The group version, "" for any.

    Returns:
        The resource, None if there is none.

    Raises:
        InvalidRequestError: The name is empty.
    """
    if not name:
        raise InvalidRequestError("the kind is empty")
    candidates = catalog.of(api_version) if api_version else catalog.resources
    wanted, _, where = name.lower().partition(".")
    matching = [found for found in candidates if _is_in(found, where)]
    full = (found for found in matching if wanted in (found.kind.lower(), found.plural, found.singular))
    return next(full, None) or _short(wanted, matching)


def _is_in(found: ApiResource, where: str) -> bool:
    """Return whether a resource is in the group, the version and group, or the version that a name carries."""
    return where in ("", found.group, f"{found.version}.{found.group}", found.version)


def _short(wanted: str, candidates: list[ApiResource]) -> ApiResource | None:
    found = [resource for resource in candidates if wanted in resource.short_names]
    others = [
        str(resource) for resource in found if resource.group != found[0].group and resource.kind != found[0].kind
    ]
    if others:
        _LOG.warning("the short name %r is taken for %s, not for %s", wanted, found[0], " or ".join(others))
    return found[0] if found else None


def no_match(catalog: Catalog, name: str, api_version: str = "") -> NoMatchError:
    """Return the error for an unknown name.

    Args:
        catalog: The discovery results.
        name: The name.
        api_version: The requested group version, "" for any.

    Returns:
        The error, not raised. It names the kinds nearest to the name, those of the requested group first, then
        the same kind elsewhere, and the group versions that did not respond.
    """
    group = api_version.rpartition("/")[0] if api_version else name.lower().partition(".")[2]
    nearest = tuple(dict.fromkeys(_nearest(catalog, name, group)))[:_MOST]
    parts = [f"the server has no kind or resource {name[:100]!r}" + (f" in {api_version}" if api_version else "")]
    if "/" in name and not api_version:
        version, _, kind = name.rpartition("/")
        parts.append(f"write resource({kind[:100]!r}, api_version={version[:100]!r}) for a kind of one group version")
    if nearest:
        parts.append(f"did you mean {', '.join(nearest)}?")
    if catalog.failed:
        parts.append(f"these did not respond: {', '.join(catalog.failed)}")
    return NoMatchError("; ".join(parts), kind=name, nearest=nearest)


def _nearest(catalog: Catalog, name: str, group: str) -> list[str]:
    wanted = name.lower().partition(".")[0]
    by_name: dict[str, list[ApiResource]] = {}
    for found in catalog.resources:
        for spelled in dict.fromkeys((found.kind.lower(), found.plural, *found.short_names)):
            by_name.setdefault(spelled, []).append(found)
    close = (wanted, *difflib.get_close_matches(wanted, by_name, _MOST, 0.75))
    near = [found for spelled in close for found in by_name.get(spelled, ())]
    # Sorting keeps the order of those that are alike. A name may carry the version before the group.
    return [str(found) for found in sorted(near, key=lambda found: not _is_of(found, group))]


def _is_of(found: ApiResource, group: str) -> bool:
    return bool(group) and bool(found.group) and (group == found.group or group.endswith(f".{found.group}"))
