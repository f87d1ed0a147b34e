"""A resource that is found when the program runs. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.calls.call import Call, ListReader
from kubecore.calls.field_validation import strict
from kubecore.calls.resource import Body, Resource
from kubecore.codec import decoders, encode
from kubecore.discovery.catalog import ApiResource
from kubecore.errors import InvalidRequestError, NoMatchError, NotFoundError, is_unexpected_server_error
from kubecore.model import kinds
from kubecore.model.kinds import KindInfo
from kubecore.model.list_of import ObjectList
from kubecore.model.model import Model
from kubecore.options import CONTENT_TYPES, Query

if TYPE_CHECKING:
    from kubecore.codec.streamed_list import StreamedList

__all__ = ["OBJECT", "DynamicResource", "discovered", "known", "subresource_call"]

OBJECT: Final[type[dict[str, Any]]] = dict
"""The type of objects without a model."""

T = TypeVar("T", bound=Body)
M = TypeVar("M", bound=Model)
R = TypeVar("R")


@dataclass(frozen=True)
class _Reader(ListReader[Any]):
    """Reads responses from a path that was found by discovery.

    Attributes:
        own: The `apiVersion` and the kind of the objects.
        on_missing: Called if the path does not exist any more.
    """

    own: Mapping[str, str]
    on_missing: Callable[[], None]

    def __call__(
        self, call: Call[R], status: int, headers: Mapping[str, str], body: bytes | bytearray | memoryview
    ) -> R:
        """Read the response: see `Call.decode`. Servers leave apiVersion and kind out of the items of a list."""
        try:
            decoded: Any = call.decode(status, headers, body)
        except NotFoundError as error:
            if _is_no_place(error):
                self.on_missing()
            raise
        items: Any = getattr(decoded, "items", None)
        if is_json_array(items):
            decoded.items = list(map(self._complete, items))
        result: R = decoded
        return result

    def begin(self, streamed: StreamedList[Any]) -> None:
        """Complete the items of a list as they are decoded."""
        streamed.complete = self._complete

    def finish(self, call: Call[R], status: int, headers: Mapping[str, str], streamed: StreamedList[R]) -> R:
        """Read the rest of a list: see `Call.decode_list`."""
        return call.decode_list(status, headers, streamed)

    def _complete(self, item: Any) -> Any:
        return {**self.own, **item} if is_json_object(item) else item


def _is_no_place(error: NotFoundError) -> bool:
    """Return whether the resource is missing, not an object."""
    details = error.status.details
    return details is None or not details.name or is_unexpected_server_error(error)


def _nobody() -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class DynamicResource(Resource[T, ObjectList[T]]):
    """A resource whose kind is known by name: its objects are models, or dictionaries.

    Attributes:
        kind_name: The kind, such as `Deployment`.
        on_missing: Is called when the server has no such resource any more.
    """

    kind_name: str
    on_missing: Callable[[], None] = _nobody

    @property
    def _own(self) -> dict[str, str]:
        api_version = f"{self.group}/{self.version}" if self.group else self.version
        return {"apiVersion": api_version, "kind": self.kind_name}

    @property
    def completion(self) -> Callable[[Any], Any] | None:
        """Adds `apiVersion` and `kind` to a dictionary: see `Resource.completion`."""
        own = self._own
        return (lambda item: {**own, **item}) if self.kind is dict else None

    def call(self, *arguments: Any, **options: Any) -> Call[Any]:
        """Make a call: see `Resource.call`.

        Raises:
            InvalidRequestError: As there; or an applied object still has managed fields, which client-go refuses too.
        """
        call: Call[Any] = super().call(*arguments, **options)
        if call.content_type == CONTENT_TYPES["apply"]:
            _refuse_managed_fields(call.body or b"")
        return call.with_reader(_Reader(self._own, self.on_missing))

    def complete(self, body: Body, kind: type[Any]) -> Body:
        """Fill in `apiVersion` and `kind`, refuse others: see `Resource.complete`."""
        if kind is not dict:
            return super().complete(body, kind)
        if isinstance(body, Model):
            body = encode.to_dict(body)
        if not is_json_object(body):
            raise InvalidRequestError(f"expected a {self.kind_name} or a mapping, not {body.__class__.__name__}")
        own = self._own
        for key, value in own.items():
            if body.get(key) not in (None, "", value):
                raise InvalidRequestError(f"expected {key} {value!r}, not {str(body[key])[:100]!r}")
        return {**body, **own}


def _refuse_managed_fields(body: bytes) -> None:
    decoded = decoders.plain(body) if b"managedFields" in body else None
    metadata = decoded.get("metadata") if is_json_object(decoded) else None
    if is_json_object(metadata) and metadata.get("managedFields"):
        raise InvalidRequestError(
            "metadata.managedFields can't be applied: the server keeps them; take them out, or apply only what you own"
        )


def discovered(resource: ApiResource, kind: type[T], on_missing: Callable[[], None]) -> DynamicResource[T]:
    """Create the resource from a discovery result.

    Args:
        resource: The discovery result.
        kind: The type of the objects: a model, or `dict`.
        on_missing: Called when the server no longer has the resource.
    """
    return DynamicResource(
        group=resource.group,
        version=resource.version,
        plural=resource.plural,
        namespaced=resource.namespaced,
        kind=kind,
        list_kind=_list_of(kind),
        kind_name=resource.kind,
        on_missing=on_missing,
    )


def known(info: KindInfo, kind: type[T]) -> DynamicResource[T]:
    """Create the resource from the data of a generated package.

    Args:
        info: Its data.
        kind: The type of the objects: a model, or `dict`.
    """
    return DynamicResource(
        group=info.group,
        version=info.version,
        plural=info.plural,
        namespaced=info.namespaced,
        kind=kind,
        list_kind=_list_of(kind),
        kind_name=info.kind,
    )


def of_model(kind: type[M]) -> DynamicResource[M]:
    """Make the resource of a model that a generated package holds.

    Args:
        kind: The model, such as `core_v1.ConfigMap`.

    Raises:
        NoMatchError: No generated package has a resource for it.
    """
    _check_model(kind)
    return known(kinds.kind_of(kind), kind)


def _check_model(kind: object) -> None:
    if not (isinstance(kind, type) and issubclass(kind, Model)):
        raise TypeError(f"a model such as core_v1.Pod is needed, not {kind!r}; dynamic.resource(...) accepts names")


def names_of(kind: str | type[Model], api_version: str) -> tuple[str, str]:
    """Return the name for a discovery lookup.

    Args:
        kind: A name, or a model.
        api_version: The group version, "" for any, or for that of the model.

    Returns:
        The name, and the group version.

    Raises:
        NoMatchError: The model has no apiVersion and kind.
    """
    if isinstance(kind, str):
        return kind, api_version
    known = kinds.named(kind)
    if known is None:
        raise NoMatchError(f"{kind.__qualname__} lacks apiVersion or kind", kind=kind.__name__)
    return known[1], api_version or known[0]


def _list_of(kind: type[T]) -> Any:
    return ObjectList[kind]  # type: ignore[valid-type]


def subresource_call(
    resource: Resource[Any, Any],
    verb: str,
    namespace: str,
    name: str,
    subresource: str,
    body: Body | None = None,
    query: Query = (),
) -> Call[dict[str, Any]]:
    """Make the call that reads, creates or replaces a subresource; requests and responses are dictionaries.

    Args:
        resource: The resource.
        verb: `get`, `create` or `update`.
        namespace: The object's namespace.
        name: The object's name.
        subresource: The subresource.
        body: The object to send.
        query: The query parameters.
    """
    method = {"get": "GET", "create": "POST", "update": "PUT"}[verb]
    data = None if body is None else encode.encode(body)
    query = query if body is None else strict(body, query)
    return resource.call(verb, method, namespace, OBJECT, name=name, subresource=subresource, query=query, body=data)
