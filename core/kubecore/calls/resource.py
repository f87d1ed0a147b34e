"""A resource of the API, and the calls that its verbs are. No I/O.

Source: client-go's `gentype` and `rest.Request`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

import msgspec
from msgspec import Raw

from kubecore.calls import patch_document, path
from kubecore.calls.body import Body, as_yaml, check_matches_call, complete, name_in
from kubecore.calls.call import Call
from kubecore.calls.field_validation import checked, strict
from kubecore.calls.patch_document import PatchBody, PlainPatch
from kubecore.codec import encode
from kubecore.errors import InvalidRequestError
from kubecore.model.meta import PartialObjectMetadata, PartialObjectMetadataList, Status
from kubecore.model.model import Model
from kubecore.options import CONTENT_TYPES, PatchType, Query

if TYPE_CHECKING:
    from kubecore.calls.table import Table

__all__ = [
    "METADATA",
    "METADATA_LIST",
    "TABLE",
    "Body",
    "Collection",
    "PatchBody",
    "PlainPatch",
    "Resource",
]

P = TypeVar("P", bound=msgspec.Struct)
T = TypeVar("T", bound=Body)
L = TypeVar("L")
R = TypeVar("R")

METADATA: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
"""The media type for an object, or an event of a watch, if only metadata is requested."""

METADATA_LIST: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""The same of a collection."""

TABLE: Final = "application/json;as=Table;g=meta.k8s.io;v=v1"
"""The media type for tables."""

_JSON: Final = "application/json"


class Collection(enum.Enum):
    """Marks a call on the collection. Not None: a forgotten name must never delete everything."""

    ALL = "all"


# Without slots: with them, Python 3.11 can't make an instance of Resource[T, L].
@dataclass(frozen=True, kw_only=True)
class Resource(Generic[T, L]):
    """Data of a resource from the documents.

    Attributes:
        group: The API group, "" for the core group.
        version: The version.
        plural: The resource's name in paths.
        namespaced: Whether its objects are in namespaces.
        kind: The model of an object, or `dict`.
        list_kind: The model of a list; None if the resource has none.
    """

    group: str
    version: str
    plural: str
    namespaced: bool
    kind: type[T]
    list_kind: type[L] | None = None

    @property
    def completion(self) -> Callable[[Any], Any] | None:
        """Adds the fields to an object that servers leave out of the items of lists; None if models have them."""
        return None

    def call(
        self,
        verb: str,
        method: str,
        namespace: str,
        response: type[R] | tuple[type[Any], ...],
        *,
        name: str | Collection = Collection.ALL,
        subresource: str = "",
        query: Query = (),
        body: bytes | None = None,
        content_type: str = _JSON,
        accept: str = _JSON,
        kind: str = "",
    ) -> Call[R]:
        """Make a call.

        Args:
            verb: Kubernetes' verb.
            method: The HTTP method.
            namespace: The namespace; "" for all of them or none.
            response: The type of the response.
            name: The object, or the collection.
            subresource: The subresource, "" for none.
            query: The query parameters.
            body: The body, or None.
            content_type: The body's media type.
            accept: The accepted media type.
            kind: The kind of the response, if `response` accepts any kind.

        Returns:
            The call.

        Raises:
            InvalidRequestError: A name is invalid, or the namespace is missing for a verb on one object.
        """
        is_named = not isinstance(name, Collection)
        if self.namespaced and namespace == "" and (is_named or method in ("POST", "DELETE")):
            raise InvalidRequestError(
                f'{verb} of {self.plural} needs a namespace; "" means all namespaces, only for list and watch'
            )
        if not self.namespaced and namespace != "":
            raise InvalidRequestError(f"{self.plural} are cluster-scoped: pass no namespace")
        if body is not None and content_type == CONTENT_TYPES["apply"]:
            body = as_yaml(body)
        place = path.collection_path(path.api_prefix(self.group, self.version), namespace, self.plural)
        return Call(
            method=method,
            path=place if isinstance(name, Collection) else path.object_path(place, name, subresource),
            response=response,
            verb=verb,
            query=query,
            body=body,
            content_type=None if body is None else content_type,
            accept=accept,
            kind=kind,
            group=self.group,
            version=self.version,
            resource=self.plural,
            subresource=subresource,
            namespace=namespace,
            name="" if isinstance(name, Collection) else name,
        )

    def get(self, namespace: str, name: str, query: Query, into: type[P] | None = None) -> Call[Any]:
        """Return the call that reads one object, into a projection if one is given."""
        if into is None:
            return self.call("get", "GET", namespace, self.kind, name=name, query=query)
        kind = self._projected(into)
        return self.call("get", "GET", namespace, into, name=name, query=query, kind=kind)

    def read_document(self, namespace: str, name: str) -> Call[Raw]:
        """Make the call that reads one object as the server's own text, fields that the model lacks included."""
        return self.call("get", "GET", namespace, Raw, name=name)

    def list(self, namespace: str, query: Query, into: type[P] | None = None) -> Call[Any]:
        """Return the call that reads the collection, or a page of it, into objects of a projection if one is given."""
        list_kind = self._list_kind()
        if into is None:
            return self.call("list", "GET", namespace, list_kind, query=query)
        from kubecore import projection

        self._projected(into)
        kind = projection.kind_of(list_kind)
        response: Any = projection.ObjectList[into]  # type: ignore[valid-type]
        return self.call("list", "GET", namespace, response, query=query, kind=kind)

    def get_metadata(self, namespace: str, name: str, query: Query) -> Call[PartialObjectMetadata]:
        """Make the call that reads the metadata of one object."""
        return self.call("get", "GET", namespace, PartialObjectMetadata, name=name, query=query, accept=METADATA)

    def list_metadata(self, namespace: str, query: Query) -> Call[PartialObjectMetadataList]:
        """Make the call that reads the metadata of the collection, or of a page of it."""
        self._list_kind()
        return self.call("list", "GET", namespace, PartialObjectMetadataList, query=query, accept=METADATA_LIST)

    def table(self, namespace: str, name: str | None, query: Query) -> Call[Table]:
        """Make the call that reads one object, or the collection, as the server's table."""
        from kubecore.calls.table import Table

        place = Collection.ALL if name is None else name
        verb = "list" if name is None else "get"
        return self.call(verb, "GET", namespace, Table, name=place, query=query, accept=TABLE)

    def watch(self, namespace: str, query: Query, into: type[P] | None = None) -> Call[Any]:
        """Make the call that follows the collection; each event's object is of the kind, or of a projection of it."""
        if into is not None:
            self._projected(into)
        return self.call("watch", "GET", namespace, into or self.kind, query=query)

    def watch_metadata(self, namespace: str, query: Query) -> Call[PartialObjectMetadata]:
        """Make the call that follows the metadata of the collection."""
        return self.call("watch", "GET", namespace, PartialObjectMetadata, query=query, accept=METADATA)

    def create(self, namespace: str, body: Body, query: Query) -> Call[T]:
        """Make the call that creates an object."""
        query = checked(body, self.kind, query)
        data = self.encode(body, self.kind, namespace=namespace)
        return self.call("create", "POST", namespace, self.kind, query=query, body=data)

    def update(self, namespace: str, body: Body, query: Query, *, subresource: str = "") -> Call[T]:
        """Make the call that replaces an object; its name comes from the object itself."""
        return self._put(namespace, body, checked(body, self.kind, query), subresource)

    def _put(self, namespace: str, body: Body, query: Query, subresource: str) -> Call[T]:
        data = self.encode(body, self.kind, namespace=namespace)
        name = name_in(body, self.kind, "update")
        return self.call(
            "update", "PUT", namespace, self.kind, name=name, subresource=subresource, query=query, body=data
        )

    def replace(
        self, namespace: str, name: str, document: Mapping[str, Any], query: Query, *, subresource: str = ""
    ) -> Call[T]:
        """Make the call that replaces an object by a document of the same name."""
        check_matches_call(document, self.kind, "name", name)
        # A model has put its own fields into a document of the server's, which may have fields that the model lacks.
        query = checked(document, self.kind, query) if self.kind is dict else query
        return self._put(namespace, document, query, subresource)

    def patch(
        self,
        namespace: str,
        name: str,
        body: PatchBody,
        query: Query,
        *,
        type: PatchType | None = None,  # noqa: A002
        subresource: str = "",
    ) -> Call[T]:
        """Make the call that changes an object."""
        return self.patch_subresource(namespace, name, subresource, body, self.kind, query, type=type)

    def apply(self, namespace: str, body: Body, query: Query, *, subresource: str = "") -> Call[T]:
        """Return the call that applies the desired state of an object; its name is in the body."""
        name = name_in(body, self.kind, "apply")
        return self.apply_subresource(namespace, name, subresource, body, self.kind, self.kind, query)

    def apply_subresource(
        self,
        namespace: str,
        name: str,
        subresource: str,
        body: Body,
        kind: type[Any],
        response: type[R],
        query: Query,
    ) -> Call[R]:
        """Make the call that applies a subresource, or the object itself if `subresource` is "".

        Args:
            namespace: The object's namespace.
            name: The object's name.
            subresource: The subresource.
            body: The desired state: a model, or a mapping with any part of one.
            kind: The model of `body`.
            response: The model of the response.
            query: The query parameters.

        Returns:
            The call.

        Raises:
            InvalidRequestError: `body` is of another kind or another object, or has unknown fields.
        """
        from kubecore.calls import apply_check

        body = self.complete(body, kind)
        apply_check.check(body, kind)
        data = self.encode(body, kind, namespace=namespace, name=name)
        return self.call(
            "patch",
            "PATCH",
            namespace,
            response,
            name=name,
            subresource=subresource,
            query=query,
            body=data,
            content_type=CONTENT_TYPES["apply"],
        )

    def delete(
        self, namespace: str, name: str, options: Mapping[str, Any] | None, query: Query = ()
    ) -> Call[T | Status]:
        """Return the call that deletes one object; the response is the object, or a Status."""
        body = None if options is None else encode.encode(options)
        return self.call("delete", "DELETE", namespace, (self.kind, Status), name=name, query=query, body=body)

    def delete_collection(self, namespace: str, options: Mapping[str, Any] | None, query: Query) -> Call[L | Status]:
        """Return the call that deletes the selected objects; the response is their list, or a Status."""
        body = None if options is None else encode.encode(options)
        return self.call("delete_collection", "DELETE", namespace, (self._list_kind(), Status), query=query, body=body)

    def send_subresource(
        self,
        verb: str,
        namespace: str,
        name: str,
        subresource: str,
        body: Body,
        kind: type[Any],
        response: type[R],
        query: Query,
    ) -> Call[R]:
        """Make the call that creates (`create`) or replaces (`update`) a subresource.

        Args:
            verb: `create` or `update`.
            namespace: The object's namespace.
            name: The object's name.
            subresource: The subresource.
            body: The object to send.
            kind: The model of `body`.
            response: The model of the response.
            query: The query parameters.

        Returns:
            The call.

        Raises:
            InvalidRequestError: `body` is of another kind, or of another object.
        """
        query = checked(body, kind, query)
        data = self.encode(body, kind, namespace=namespace, name=name)
        method = "POST" if verb == "create" else "PUT"
        return self.call(verb, method, namespace, response, name=name, subresource=subresource, query=query, body=data)

    def patch_subresource(
        self,
        namespace: str,
        name: str,
        subresource: str,
        body: PatchBody,
        response: type[R],
        query: Query,
        *,
        type: PatchType | None = None,  # noqa: A002
    ) -> Call[R]:
        """Return the call that patches a subresource, or the object itself if `subresource` is ""."""
        document, patch_type = patch_document.typed(body, type)
        content_type = CONTENT_TYPES.get(patch_type)
        if content_type is None:
            raise InvalidRequestError(f"the patch type {patch_type!r} is not one of {', '.join(CONTENT_TYPES)}")
        if isinstance(document, (str, bytes)) or not isinstance(document, (Model, Mapping, Sequence)):
            raise InvalidRequestError(
                f"a patch is a model, a mapping or a list of operations, not {document.__class__.__name__}"
            )
        if (patch_type == "json") is isinstance(document, (Model, Mapping)):
            raise InvalidRequestError(
                'type="json" needs a list of operations; other patch types need a mapping or a model'
            )
        if patch_type in ("merge", "strategic"):
            query = checked(cast("Any", document), response, query)
        elif patch_type == "json":  # In an apply, the server refuses unknown fields by default.
            query = strict(cast("Any", document), query)
        data = encode.encode(patch_document.by_type(document, response))
        return self.call(
            "patch",
            "PATCH",
            namespace,
            response,
            name=name,
            subresource=subresource,
            query=query,
            body=data,
            content_type=content_type,
        )

    def encode(self, body: Body, kind: type[Any], *, namespace: str, name: str | None = None) -> bytes:
        """Write an object that is about to be sent.

        Missing `apiVersion` and `kind` of a mapping are added.

        Args:
            body: The object.
            kind: The model that it must be of.
            namespace: The namespace that it is sent to; the object may name no other.
            name: The name that it is sent to, if it is passed separately; the object may name no other.

        Returns:
            The JSON text.

        Raises:
            InvalidRequestError: It is of another kind, or names another object.
            EncodeError: A value has no form in JSON.
        """
        body = self.complete(body, kind)
        check_matches_call(body, kind, "namespace", namespace)
        if name is not None:
            check_matches_call(body, kind, "name", name)
        return encode.encode(body, kind)

    def complete(self, body: Body, kind: type[Any]) -> Body:
        """Add missing `apiVersion` and `kind` to a mapping.

        Args:
            body: The object.
            kind: The model that it must be of.

        Returns:
            The object.

        Raises:
            InvalidRequestError: It is of another kind.
        """
        if isinstance(body, Mapping):
            return complete(body, kind)
        is_own: bool = isinstance(body, kind)
        if not is_own:
            raise InvalidRequestError(f"expected a {kind.__name__} or a mapping, not {body.__class__.__name__}")
        return body

    def _projected(self, into: type[P]) -> str:
        """Compare a projection with the kind, and return the kind's name."""
        from kubecore import projection

        projection.check(into, self.kind)
        return projection.kind_of(self.kind)

    def _list_kind(self) -> type[L]:
        if self.list_kind is None:
            raise InvalidRequestError(f"{self.plural} can't be listed")
        return self.list_kind
