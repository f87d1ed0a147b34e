"""The requests of discovery, step by step.

No I/O. First everything at once, from `/api` and `/apis` (aggregated discovery, servers since 1.27). If the response
has another form, group versions are requested one by one. `/api` may be missing, `/apis` must exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

from kubecore import errors
from kubecore._config.ratelimit import TokenBucket
from kubecore.calls import path
from kubecore.calls.call import Call
from kubecore.calls.steps import Steps, send
from kubecore.discovery import mapper, responses
from kubecore.discovery.catalog import ApiGroup, ApiResource, Catalog, from_aggregated, from_list, joined

__all__ = ["DiscoveryCache"]

R = TypeVar("R")

_BURST: Final = 5
_TRIES: Final = 2


class DiscoveryCache:
    """Cached discovery results, and when they may be refreshed.

    A name that is not found triggers a refresh, since kinds are added and removed: five times in a row, then once per
    second.
    """

    def __init__(self) -> None:
        self._catalog: Catalog | None = None
        self._repeats = TokenBucket(qps=1, burst=_BURST)

    def forget(self) -> None:
        """Refresh the results at the next lookup: the cached ones are known to be wrong."""
        self._catalog = None

    def catalog(self) -> Steps[Catalog]:
        """Return the cached discovery results, or request them."""
        known = self._catalog  # Read once: another thread may forget it.
        return known if known is not None else (yield from self.refresh())

    def refresh(self) -> Steps[Catalog]:
        """Request the discovery results."""
        self._catalog = catalog = yield from _Survey().run()
        return catalog

    def find(self, name: str, api_version: str = "", *, namespaced: bool = False) -> Steps[ApiResource]:
        """Find the resource that a name means.

        Args:
            name: Kind, plural, singular or short name; version and group may follow.
            api_version: The group version, "" for any.
            namespaced: Whether it must be in namespaces: a cluster-scoped kind may have become namespaced.

        Returns:
            The resource.

        Raises:
            NoMatchError: There is no such kind, even after a refresh.
            StatusError: The server refuses discovery.
            TransportError: There is no response.
        """
        was_known = self._catalog is not None
        catalog = yield from self.catalog()
        found = mapper.find(catalog, name, api_version)
        is_wrong = found is None or (namespaced and not found.namespaced)
        if is_wrong and was_known and self._repeats.try_take():
            catalog = yield from self.refresh()
            found = mapper.find(catalog, name, api_version)
        if found is None:
            raise mapper.no_match(catalog, name, api_version)
        return found


class _Survey:
    """One round of questions."""

    def __init__(self) -> None:
        self._groups: list[ApiGroup] = []
        self._resources: dict[str, list[ApiResource]] = {}
        self._failed: dict[str, errors.KubeError] = {}

    def run(self) -> Steps[Catalog]:
        try:
            root = yield from send(_call("/api", responses.Root))
        except errors.NotFoundError:
            root = responses.Root()
        yield from self._take(root)
        yield from self._take((yield from send(_call("/apis", responses.Root))))
        return Catalog(tuple(self._groups), tuple(self._by_priority()), self._failed)

    def _take(self, root: responses.Root) -> Steps[None]:
        """Parse a response of one of the two roots."""
        for item in root.items:
            self._aggregated(item.metadata.name, item.versions)
        if root.versions:
            yield from self._one_by_one("", root.versions, root.versions[0])
        for group in root.groups:
            versions = [version.version for version in group.versions]
            yield from self._one_by_one(group.name, versions, group.preferred_version.version)

    def _aggregated(self, group: str, versions: Iterable[responses.VersionDiscovery]) -> None:
        fresh: list[str] = []
        for served in versions:
            api_version = joined(group, served.version)
            if served.freshness == "Stale":
                self._failed[api_version] = errors.DiscoveryError(
                    f"the resources of {api_version} are unknown: its server does not respond"
                )
                continue
            fresh.append(served.version)
            self._resources[api_version] = list(from_aggregated(group, served))
        self._add(group, [served.version for served in versions], fresh[0] if fresh else "")

    def _one_by_one(self, group: str, versions: Iterable[str], preferred: str) -> Steps[None]:
        """Request each version; failed ones a second time."""
        missing = list(versions)
        for _ in range(_TRIES):
            for version in tuple(missing):
                if (yield from self._version(group, version)):
                    missing.remove(version)
        fresh = [version for version in versions if version not in missing]
        self._add(group, versions, preferred if preferred in fresh or not fresh else fresh[0])

    def _version(self, group: str, version: str) -> Steps[bool]:
        api_version = joined(group, version)
        try:
            response = yield from send(_call(path.api_prefix(group, version), responses.ResourceList))
        except (errors.StatusError, errors.DecodeError, errors.InvalidRequestError) as error:
            self._failed[api_version] = error.with_traceback(None)
            return False
        self._failed.pop(api_version, None)
        self._resources[api_version] = list(from_list(group, version, response.resources))
        return True

    def _add(self, group: str, versions: Iterable[str], preferred: str) -> None:
        names = tuple(versions)
        self._groups.append(ApiGroup(group, names, preferred or next(iter(names), "")))

    def _by_priority(self) -> Iterator[ApiResource]:
        for group in self._groups:
            others = (version for version in group.versions if version != group.preferred)
            for version in (group.preferred, *others):
                yield from self._resources.get(joined(group.name, version), ())


def _call(place: str, response: type[R]) -> Call[R]:
    accept = responses.AGGREGATED if response is responses.Root else "application/json"
    return Call(method="GET", path=place, response=response, verb="get", accept=accept)
