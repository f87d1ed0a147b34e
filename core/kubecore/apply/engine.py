"""How objects are applied, step by step. No I/O."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from kubecore._support.backoff import Backoff
from kubecore._support.json_types import is_json_object
from kubecore.apply import order
from kubecore.apply.definitions import Definition
from kubecore.calls.call import Call
from kubecore.calls.steps import Pause, Steps, send
from kubecore.codec import decode, encode
from kubecore.discovery import mapper
from kubecore.discovery.cache import DiscoveryCache
from kubecore.dynamic.resource import DynamicResource, discovered, known
from kubecore.errors import (
    ConnectError,
    ForbiddenError,
    InvalidRequestError,
    KubeError,
    NotEstablishedError,
    NotFoundError,
)
from kubecore.errors.apply import Action, Applied, Failure, ObjectRef, Report, failed
from kubecore.model.kinds import KindInfo
from kubecore.model.model import Model
from kubecore.options import DryRun, FieldValidation, Query, query

__all__ = ["Kinds", "Options", "apply"]

Kinds = Mapping[tuple[str, str], KindInfo]
"""The kinds that need no discovery, by apiVersion and kind."""

_BACKOFF: Final = Backoff(steps=1, duration=0.05, factor=2.0, cap=0.4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How objects are applied; see `apply_file`."""

    field_manager: str
    force: bool
    namespace: str
    dry_run: DryRun | None
    field_validation: FieldValidation | None
    crd_timeout_seconds: float
    is_enforced: bool = False
    """Whether objects of other namespaces than `namespace` fail."""


@dataclass(slots=True)
class _Item:
    """An object that is to be applied."""

    ref: ObjectRef
    data: dict[str, Any]
    place: int


def _with_status(call: Call[dict[str, Any]]) -> Call[tuple[int, dict[str, Any]]]:
    """Return a call that reads the HTTP code, too: 201 for an object that did not exist."""
    return call.with_reader(lambda _, status, headers, body: (status, call.parse(status, headers, body)))


def apply(
    objects: Iterable[Model | Mapping[str, Any]], kinds: Kinds, cache: DiscoveryCache, options: Options
) -> Steps[Report]:
    """Apply objects one after the other, in the order that `kubecore.apply.order` gives.

    Args:
        objects: The objects.
        kinds: The kinds that need no discovery.
        cache: Finds the others.
        options: How they are applied.

    Returns:
        The report.

    Raises:
        InvalidRequestError: An option is invalid.
        ApplyFileError: Some objects were not applied.
    """
    if not options.field_manager:
        raise InvalidRequestError("field_manager is empty: server-side apply needs to know who applies")
    items = sorted((_item(found, kinds) for found in objects), key=lambda item: item.place)
    return (yield from _ApplyRun(kinds, cache, options).run(items))


@dataclass(slots=True)
class _ApplyRun:
    """One round over all objects."""

    kinds: Kinds
    cache: DiscoveryCache
    options: Options
    applied: list[Applied] = field(default_factory=list[Applied])
    failures: list[Failure] = field(default_factory=list[Failure])

    def run(self, items: list[_Item]) -> Steps[Report]:
        definitions = [item for item in items if item.place <= order.CRDS]
        yield from self._each(definitions)
        yield from self._established()
        yield from self._each([item for item in items if item.place > order.CRDS])
        report = Report(tuple(self.applied))
        if self.failures:
            raise failed(report, tuple(self.failures))
        return report

    def _each(self, items: list[_Item]) -> Steps[None]:
        for item in items:
            unreachable = next(
                (failure.error for failure in self.failures if isinstance(failure.error, ConnectError)), None
            )
            if unreachable is not None:
                self.failures.append(Failure(item.ref, KubeError("not tried: the server could not be reached before")))
                continue
            try:
                yield from self._one(item)
            except KubeError as error:
                self.failures.append(Failure(item.ref, error))

    def _one(self, item: _Item) -> Steps[None]:
        resource = yield from self._resource(item)
        if resource.namespaced and not item.ref.namespace:
            item.ref = ObjectRef(item.ref.api_version, item.ref.kind, self.options.namespace, item.ref.name)
        if not item.ref.name:
            raise InvalidRequestError("metadata.name is missing: server-side apply needs it, generateName does not do")
        namespace = item.ref.namespace if resource.namespaced else ""
        if self.options.is_enforced and namespace not in ("", self.options.namespace):
            raise InvalidRequestError(
                f"metadata.namespace {namespace!r} does not match namespace={self.options.namespace!r}: "
                f"pass namespace={namespace!r}, or leave namespace= out"
            )
        patch = resource.patch(namespace, item.ref.name, item.data, self._query(), type="apply")
        before = yield from _before(resource.get(namespace, item.ref.name, ()))
        code, after = yield from send(_with_status(patch))
        self.applied.append(Applied(item.ref, _action(code, before, after), after))

    def _query(self) -> Query:
        return query(
            field_manager=self.options.field_manager,
            force=self.options.force or None,
            dry_run=self.options.dry_run,
            field_validation=self.options.field_validation,
        )

    def _resource(self, item: _Item) -> Steps[DynamicResource[dict[str, Any]]]:
        info = self.kinds.get((item.ref.api_version, item.ref.kind))
        if info is not None:
            return known(info, dict)
        found = yield from self.cache.find(item.ref.kind, item.ref.api_version)
        return discovered(found, dict, self.cache.forget)

    # Definitions of new kinds.

    def _established(self) -> Steps[None]:
        """Wait until new definitions are served; those that are not in time are failures."""
        if self.options.dry_run:
            return
        deadline = time.monotonic() + self.options.crd_timeout_seconds
        definitions = [applied for applied in self.applied if applied.ref.kind == "CustomResourceDefinition"]
        if any(applied.action != "unchanged" for applied in definitions):
            self.cache.forget()  # It may remember the kind as it was.
        for found in definitions:
            try:
                yield from self._wait_for(found, deadline)
            except KubeError as error:
                self.applied.remove(found)
                self.failures.append(Failure(found.ref, error))

    def _wait_for(self, found: Applied, deadline: float) -> Steps[None]:
        resource = yield from self._resource(_item(found.object, self.kinds))
        pauses = map(_BACKOFF.after, itertools.count())
        definition = decode.convert(found.object, Definition)
        while not (definition.is_established and (yield from self._is_known(definition))):
            if time.monotonic() >= deadline:
                seconds = self.options.crd_timeout_seconds
                raise NotEstablishedError(f"it is stored, but not served within {seconds:g} s: {definition.obstacle}")
            yield Pause(next(pauses))
            definition = decode.convert((yield from send(resource.get("", found.ref.name, ()))), Definition)

    def _is_known(self, definition: Definition) -> Steps[bool]:
        """Return whether discovery has every version that the definition serves; if not, discovery is repeated."""
        catalog = yield from self.cache.catalog()
        if not all(mapper.find(catalog, *names) for names in definition.served):
            catalog = yield from self.cache.refresh()
        return all(mapper.find(catalog, *names) for names in definition.served)


def _before(call: Call[dict[str, Any]]) -> Steps[dict[str, Any] | None]:
    """Read the object before the apply; None if it did not exist, or may not be read."""
    try:
        return (yield from send(call))
    except (NotFoundError, ForbiddenError):
        return None


def _item(found: Model | Mapping[str, Any], kinds: Kinds) -> _Item:
    data = encode.to_dict(found)
    if not is_json_object(data):
        raise InvalidRequestError(f"expected an object to apply, not {found.__class__.__name__}")
    metadata = _metadata(data)
    api_version, kind = (str(data.get(name) or "") for name in ("apiVersion", "kind"))
    namespace, name = (str(metadata.get(key) or "") for key in ("namespace", "name"))
    place = order.place(api_version.rpartition("/")[0], kind, is_known=(api_version, kind) in kinds)
    return _Item(ObjectRef(api_version, kind, namespace, name), dict(data), place)


def _metadata(data: Mapping[str, Any]) -> Mapping[str, Any]:
    found = data.get("metadata")
    return found if is_json_object(found) else {}


def _action(code: int, before: dict[str, Any] | None, after: dict[str, Any]) -> Action:
    if code == 201:
        return "created"
    return "unchanged" if before is not None and _content(before) == _content(after) else "changed"


def _content(data: Mapping[str, Any]) -> object:
    """Return an object without the fields that the server and its controllers set.

    The resource version does not indicate a change: it also changes if only the managers of fields change.
    """
    own = ("managedFields", "resourceVersion", "generation")
    metadata = {key: value for key, value in _metadata(data).items() if key not in own}
    return {**data, "metadata": metadata, "status": None}
