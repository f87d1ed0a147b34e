"""A resource of the API, and the calls that its verbs are. No I/O.

Source: client-go's `gentype` and `rest.Request`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from kubecore import encode, path
from kubecore.call import Call
from kubecore.errors import InvalidRequestError
from kubecore.meta import Status
from kubecore.model import Model
from kubecore.options import CONTENT_TYPES, PatchType, Query
from kubecore.shapes import is_object

__all__ = ["Body", "Collection", "PatchBody", "Resource"]

T = TypeVar("T", bound=Model)
L = TypeVar("L")
R = TypeVar("R")

Body = Model | Mapping[str, Any]
"""An object: a model, or a mapping with the API's names."""

PatchBody = Model | Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""A patch: an object or a part of one, or the operations of a JSON patch."""

_JSON: Final = "application/json"
_TWICE: Final = "the {what} of {kind} {name!r} is {body!r} in the body, {asked!r} in the call"


class Collection(enum.Enum):
    """Says that a call is about the collection. Not None: a name that was forgotten must never delete everything."""

    ALL = "all"


# Without slots: with them, Python 3.11 can't make an instance of Resource[T, L].
@dataclass(frozen=True, kw_only=True)
class Resource(Generic[T, L]):
    """What the documents say of a resource.

    Attributes:
        group: the API group, "" for the core group.
        version: the version.
        plural: the resource's name in paths.
        namespaced: whether its objects are in namespaces.
        kind: the model of an object.
        list_kind: the model of a list; None where the resource has none.
    """

    group: str
    version: str
    plural: str
    namespaced: bool
    kind: type[T]
    list_kind: type[L] | None = None

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
    ) -> Call[R]:
        """Make a call.

        Args:
            verb: Kubernetes' verb.
            method: the HTTP method.
            namespace: the namespace; "" for all of them or none.
            response: what the answer is.
            name: the object, or the collection.
            subresource: the subresource, "" for none.
            query: the query parameters.
            body: the body, or None.
            content_type: the body's media type.

        Returns:
            The call.

        Raises:
            InvalidRequestError: a name is none, or the namespace is missing where the verb is about one object.
        """
        is_named = not isinstance(name, Collection)
        if self.namespaced and namespace == "" and (is_named or method in ("POST", "DELETE")):
            raise InvalidRequestError(
                f'{verb} of {self.plural} needs a namespace; "" is all of them, for list and watch alone'
            )
        if not self.namespaced and namespace != "":
            raise InvalidRequestError(f"{self.plural} are of the cluster and take no namespace")
        place = path.build(path.api_prefix(self.group, self.version), namespace, self.plural)
        return Call(
            method=method,
            path=place if isinstance(name, Collection) else path.under(place, name, subresource),
            response=response,
            verb=verb,
            query=query,
            body=body,
            content_type=None if body is None else content_type,
            group=self.group,
            resource=self.plural,
            subresource=subresource,
            namespace=namespace,
            name="" if isinstance(name, Collection) else name,
        )

    def get(self, namespace: str, name: str, query: Query) -> Call[T]:
        """Make the call that reads one object."""
        return self.call("get", "GET", namespace, self.kind, name=name, query=query)

    def list(self, namespace: str, query: Query) -> Call[L]:
        """Make the call that reads the collection, or a page of it."""
        return self.call("list", "GET", namespace, self._list_kind(), query=query)

    def watch(self, namespace: str, query: Query) -> Call[T]:
        """Make the call that follows the collection; each event's object is of the kind."""
        return self.call("watch", "GET", namespace, self.kind, query=query)

    def create(self, namespace: str, body: Body, query: Query) -> Call[T]:
        """Make the call that creates an object."""
        data = self.encode(body, self.kind, namespace=namespace)
        return self.call("create", "POST", namespace, self.kind, query=query, body=data)

    def update(self, namespace: str, body: Body, query: Query, *, subresource: str = "") -> Call[T]:
        """Make the call that replaces an object; its name comes from the object itself."""
        data = self.encode(body, self.kind, namespace=namespace)
        name = _metadata(body, "name")
        return self.call(
            "update", "PUT", namespace, self.kind, name=name, subresource=subresource, query=query, body=data
        )

    def patch(
        self,
        namespace: str,
        name: str,
        body: PatchBody,
        query: Query,
        *,
        type: PatchType,  # noqa: A002
        subresource: str = "",
    ) -> Call[T]:
        """Make the call that changes an object."""
        return self.patch_subresource(namespace, name, subresource, body, self.kind, query, type=type)

    def delete(
        self, namespace: str, name: str, options: Mapping[str, Any] | None, query: Query = ()
    ) -> Call[T | Status]:
        """Make the call that deletes one object; the answer is the object, or a Status."""
        body = None if options is None else encode.encode(options)
        return self.call("delete", "DELETE", namespace, (self.kind, Status), name=name, query=query, body=body)

    def delete_collection(self, namespace: str, options: Mapping[str, Any] | None, query: Query) -> Call[L | Status]:
        """Make the call that deletes the selected objects; the answer is their list, or a Status."""
        body = None if options is None else encode.encode(options)
        return self.call("delete_collection", "DELETE", namespace, (self._list_kind(), Status), query=query, body=body)

    def send_subresource(
        self,
        verb: str,
        namespace: str,
        name: str,
        subresource: str,
        body: Body,
        kind: type[Model],
        response: type[R],
        query: Query,
    ) -> Call[R]:
        """Make the call that creates (`create`) or replaces (`update`) a subresource.

        Args:
            verb: `create` or `update`.
            namespace: the object's namespace.
            name: the object's name.
            subresource: the subresource.
            body: what is sent.
            kind: the model of `body`.
            response: the model of the answer.
            query: the query parameters.

        Returns:
            The call.

        Raises:
            InvalidRequestError: `body` is of another kind, or of another object.
        """
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
        type: PatchType,  # noqa: A002
    ) -> Call[R]:
        """Make the call that changes a subresource, or the object itself where `subresource` is ""."""
        content_type = CONTENT_TYPES.get(type)
        if content_type is None:
            raise InvalidRequestError(f"the patch type {type!r} is none of {', '.join(CONTENT_TYPES)}")
        if isinstance(body, (str, bytes)) or not _is_patch(body):
            raise InvalidRequestError(
                f"a patch is a model, a mapping or a list of operations, not {body.__class__.__name__}"
            )
        if (type == "json") is isinstance(body, (Model, Mapping)):
            raise InvalidRequestError("a JSON patch is a list of operations, and only a JSON patch is")
        data = encode.encode(body)
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

    def encode(self, body: Body, kind: type[Model], *, namespace: str, name: str | None = None) -> bytes:
        """Write an object that is about to be sent.

        A mapping gets its `apiVersion` and `kind` where it lacks them.

        Args:
            body: the object.
            kind: the model that it must be of.
            namespace: the namespace that it is sent to; the object may name no other.
            name: the name that it is sent to, where it is given apart; the object may name no other.

        Returns:
            The JSON text.

        Raises:
            InvalidRequestError: it is of another kind, or names another object.
            EncodeError: a value has no form in JSON.
        """
        if isinstance(body, Mapping):
            body = _complete(body, kind)
        elif not isinstance(body, kind):
            raise InvalidRequestError(f"expected a {kind.__name__} or a mapping, not {body.__class__.__name__}")
        _refuse_other(body, kind, "namespace", namespace)
        if name is not None:
            _refuse_other(body, kind, "name", name)
        return encode.encode(body)

    def _list_kind(self) -> type[L]:
        if self.list_kind is None:
            raise InvalidRequestError(f"{self.plural} can't be listed")
        return self.list_kind


def _is_patch(body: object) -> bool:
    return isinstance(body, (Model, Mapping, Sequence))


def _complete(body: Mapping[str, Any], kind: type[Model]) -> dict[str, Any]:
    """Fill in `apiVersion` and `kind`; refuse others than the model's."""
    own = {
        field.wire_name: getattr(kind.zero(), field.name)
        for field in kind.model_fields()
        if field.name in ("api_version", "kind")
    }
    for key, value in own.items():
        if value is not None and body.get(key) not in (None, "", value):
            raise InvalidRequestError(f"expected {key} {value!r}, not {str(body[key])[:100]!r}")
    return {
        **{key: value for key, value in own.items() if value is not None},
        **{k: v for k, v in body.items() if k not in own or v},
    }


def _metadata(body: Body, key: str) -> Any:
    """Return a field of the object's metadata, "" where it has none."""
    if is_object(body):
        metadata = body.get("metadata")
        found = metadata.get(key) if is_object(metadata) else getattr(metadata, key, None)
    else:
        found = getattr(getattr(body, "metadata", None), key, None)
    return "" if found is None else found


def _refuse_other(body: Body, kind: type[Model], key: str, asked: str) -> None:
    found = _metadata(body, key)
    if found and asked and found != asked:
        name = str(_metadata(body, "name"))
        raise InvalidRequestError(_TWICE.format(what=key, kind=kind.__name__, name=name[:100], body=found, asked=asked))
