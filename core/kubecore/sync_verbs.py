"""The verbs, each one a request: signatures and documentation.

What they do is in `kubecore.resource` and `kubecore.rest`.

`kubecore.async_verbs` is the same with `await`; a test holds the two equal.
Source: client-go's `gentype` and `kubernetes/typed`; option types of `k8s.io/apimachinery/pkg/apis/meta/v1`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from kubecore import options, watch
from kubecore.call import Call
from kubecore.meta import Preconditions, Status
from kubecore.model import Model
from kubecore.options import DryRun, FieldValidation, PatchType, PropagationPolicy, ResourceVersionMatch
from kubecore.resource import Body, PatchBody, Resource
from kubecore.rest import Client

__all__ = [
    "Create",
    "Delete",
    "DeleteCollection",
    "Get",
    "GetStatus",
    "List",
    "Patch",
    "PatchStatus",
    "ResourceClient",
    "Standard",
    "StandardWithStatus",
    "Update",
    "UpdateStatus",
    "Watch",
]

T = TypeVar("T", bound=Model)
L = TypeVar("L")
R = TypeVar("R")


class ResourceClient:
    """The client of one resource.

    Args:
        client: sends the calls.
        namespace: the namespace; "" for all of them, and for resources of the cluster.
    """

    resource: Resource[Any, Any]

    def __init__(self, client: Client, namespace: str = "") -> None:
        self._client = client
        self._namespace = namespace

    def _get_subresource(self, name: str, subresource: str, response: type[R]) -> R:
        call: Call[R] = self.resource.call("get", "GET", self._namespace, response, name=name, subresource=subresource)
        return self._client.send(call)

    def _send_subresource(
        self,
        verb: str,
        name: str,
        subresource: str,
        body: Body,
        kind: type[Model],
        response: type[R],
        *,
        dry_run: DryRun | None,
        field_manager: str | None,
        field_validation: FieldValidation | None,
    ) -> R:
        query = options.query(dry_run=dry_run, field_manager=field_manager, field_validation=field_validation)
        call: Call[R] = self.resource.send_subresource(
            verb, self._namespace, name, subresource, body, kind, response, query
        )
        return self._client.send(call)

    def _patch_subresource(
        self,
        name: str,
        subresource: str,
        body: PatchBody,
        response: type[R],
        *,
        type: PatchType,  # noqa: A002
        dry_run: DryRun | None,
        field_manager: str | None,
        field_validation: FieldValidation | None,
        force: bool | None,
    ) -> R:
        query = options.query(
            dry_run=dry_run, field_manager=field_manager, field_validation=field_validation, force=force
        )
        call: Call[R] = self.resource.patch_subresource(
            self._namespace, name, subresource, body, response, query, type=type
        )
        return self._client.send(call)


class Get(ResourceClient, Generic[T]):
    """Reads one object."""

    def get(
        self,
        name: str,
        *,
        resource_version: str | None = None,
    ) -> T:
        """Read one object: GET.

        Args:
            name: the object's name.
            resource_version: answer with this version or a newer one; "0" takes whatever the server has at hand.

        Returns:
            The object.

        Raises:
            InvalidRequestError: refused before anything was sent.
            StatusError: the server answered with a failure.
            TransportError: there is no whole answer.
            DecodeError: the answer is not what was asked for.
        """
        call: Call[T] = self.resource.get(self._namespace, name, options.query(resource_version=resource_version))
        return self._client.send(call)


class List(ResourceClient, Generic[T, L]):
    """Reads the collection."""

    def list(
        self,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
        shard_selector: str | None = None,
        limit: int | None = None,
        continue_token: str | None = None,
        resource_version: str | None = None,
        resource_version_match: ResourceVersionMatch | None = None,
        timeout_seconds: int | None = None,
    ) -> L:
        """Read the collection, or a page of it: GET.

        Args:
            label_selector: only objects with these labels, such as `app=web,tier!=cache`.
            field_selector: only objects with these fields, such as `spec.nodeName=node-1`.
            shard_selector: only one shard of the collection, where the server has the feature.
            limit: most items of an answer; more follow with the list's `metadata.continue_`.
            continue_token: the token of the page before.
            resource_version: answer with this version or a newer one; "0" takes whatever the server has at hand.
            resource_version_match: how `resource_version` is meant.
            timeout_seconds: seconds after which the server gives up.

        Returns:
            The list.

        Raises:
            InvalidRequestError: refused before anything was sent.
            StatusError: the server answered with a failure.
            TransportError: there is no whole answer.
            DecodeError: the answer is not what was asked for.
        """
        query = options.query(
            label_selector=label_selector,
            field_selector=field_selector,
            shard_selector=shard_selector,
            limit=limit,
            continue_token=continue_token,
            resource_version=resource_version,
            resource_version_match=resource_version_match,
            timeout_seconds=timeout_seconds,
        )
        call: Call[L] = self.resource.list(self._namespace, query)
        return self._client.send(call)


class Watch(ResourceClient, Generic[T]):
    """Follows the collection."""

    def watch(
        self,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
        shard_selector: str | None = None,
        resource_version: str | None = None,
        resource_version_match: ResourceVersionMatch | None = None,
        timeout_seconds: int | None = None,
        allow_watch_bookmarks: bool | None = None,
        send_initial_events: bool | None = None,
    ) -> watch.Watch[T]:
        """Follow the collection: GET with `watch=true`. Nothing is sent before the `with` block begins.

        One connection without a read timeout; it ends when the server closes it.

        Args:
            label_selector: only objects with these labels, such as `app=web,tier!=cache`.
            field_selector: only objects with these fields, such as `spec.nodeName=node-1`.
            shard_selector: only one shard of the collection, where the server has the feature.
            resource_version: answer with this version or a newer one; "0" takes whatever the server has at hand.
            resource_version_match: how `resource_version` is meant.
            timeout_seconds: seconds after which the server gives up.
            allow_watch_bookmarks: ask for BOOKMARK events, which only tell how far the watch has come.
            send_initial_events: begin with all that is there as ADDED events; needs `resource_version_match`.

        Returns:
            A context manager that opens the watch, and an iterator of its events.

        Raises:
            InvalidRequestError: refused before anything was sent.
        """
        query = options.query(
            watch=True,
            label_selector=label_selector,
            field_selector=field_selector,
            shard_selector=shard_selector,
            resource_version=resource_version,
            resource_version_match=resource_version_match,
            timeout_seconds=timeout_seconds,
            allow_watch_bookmarks=allow_watch_bookmarks,
            send_initial_events=send_initial_events,
        )
        call: Call[T] = self.resource.watch(self._namespace, query)
        return watch.Watch(self._client, call)


class Create(ResourceClient, Generic[T]):
    """Creates objects."""

    def create(
        self,
        body: T | Mapping[str, Any],
        *,
        dry_run: DryRun | None = None,
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
    ) -> T:
        """Create an object: POST.

        Args:
            body: the object, or a mapping with the API's names.
            dry_run: `All` goes through all stages but stores nothing.
            field_manager: who makes the change; by default the user agent's first part.
            field_validation: what becomes of unknown fields: `Ignore`, `Warn` or `Strict`.

        Returns:
            The object as it is stored.

        Raises:
            InvalidRequestError: refused before anything was sent.
            StatusError: the server answered with a failure.
            TransportError: there is no whole answer.
            DecodeError: the answer is not what was asked for.
        """
        call: Call[T] = self.resource.create(
            self._namespace,
            body,
            options.query(dry_run=dry_run, field_manager=field_manager, field_validation=field_validation),
        )
        return self._client.send(call)


class Update(ResourceClient, Generic[T]):
    """Replaces objects."""

    def update(
        self,
        body: T | Mapping[str, Any],
        *,
        dry_run: DryRun | None = None,
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
    ) -> T:
        """Replace the object that `body` names: PUT.

        Args:
            body: the object; with its resource version the server refuses it if it has changed meanwhile.
            dry_run: `All` goes through all stages but stores nothing.
            field_manager: who makes the change; by default the user agent's first part.
            field_validation: what becomes of unknown fields: `Ignore`, `Warn` or `Strict`.

        Returns:
            The object as it is stored.

        Raises:
            InvalidRequestError: refused before anything was sent.
            StatusError: the server answered with a failure.
            TransportError: there is no whole answer.
            DecodeError: the answer is not what was asked for.
        """
        call: Call[T] = self.resource.update(
            self._namespace,
            body,
            options.query(dry_run=dry_run, field_manager=field_manager, field_validation=field_validation),
        )
        return self._client.send(call)


class Patch(ResourceClient, Generic[T]):
    """Changes objects."""

    def patch(
        self,
        name: str,
        body: PatchBody,
        *,
        type: PatchType,  # noqa: A002
        dry_run: DryRun | None = None,
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
        force: bool | None = None,
    ) -> T:
        """Change one object: PATCH.

        Args:
            name: the object's name.
            body: the patch: an object or a part of one; for `json` the list of operations.
            type: `json`, `merge`, `strategic` or `apply`.
            dry_run: `All` goes through all stages but stores nothing.
            field_manager: who makes the change; by default the user agent's first part.
            field_validation: what becomes of unknown fields: `Ignore`, `Warn` or `Strict`.
            force: with server-side apply, take fields over that others own.

        Returns:
            The object as it is stored.

        Raises:
            InvalidRequestError: refused before anything was sent.
            StatusError: the server answered with a failure.
            TransportError: there is no whole answer.
            DecodeError: the answer is not what was asked for.
        """
        query = options.query(
            dry_run=dry_run, field_manager=field_manager, field_validation=field_validation, force=force
        )
        call: Call[T] = self.resource.patch(self._namespace, name, body, query, type=type)
        return self._client.send(call)


class Delete(ResourceClient, Generic[T]):
    """Deletes one object."""

    def delete(
        self,
        name: str,
        *,
        dry_run: DryRun | None = None,
        grace_period_seconds: int | None = None,
        propagation_policy: PropagationPolicy | None = None,
        orphan_dependents: bool | None = None,
        preconditions: Preconditions | None = None,
        ignore_store_read_error: bool | None = None,
    ) -> T | Status:
        """Delete one object: DELETE, with the options in the body.

        Args:
            name: the object's name.
            dry_run: `All` goes through all stages but stores nothing.
            grace_period_seconds: seconds that the object gets to end; 0 is at once.
            propagation_policy: what becomes of what the object owns: `Orphan`, `Background` or `Foreground`.
            orphan_dependents: deprecated by the API: use `propagation_policy`.
            preconditions: the UID or version that the object must have.
            ignore_store_read_error: delete what the store can't read any more
                (`ignoreStoreReadErrorWithClusterBreakingPotential`); may break the cluster.

        Returns:
            The object where it is still to end, or a Status of success.

        Raises:
            InvalidRequestError: refused before anything was sent.
            StatusError: the server answered with a failure.
            TransportError: there is no whole answer.
            DecodeError: the answer is not what was asked for.
        """
        said = options.delete_options(
            dry_run=dry_run,
            grace_period_seconds=grace_period_seconds,
            propagation_policy=propagation_policy,
            orphan_dependents=orphan_dependents,
            preconditions=preconditions,
            ignore_store_read_error=ignore_store_read_error,
        )
        call: Call[T | Status] = self.resource.delete(self._namespace, name, said)
        return self._client.send(call)


class DeleteCollection(ResourceClient, Generic[L]):
    """Deletes many objects."""

    def delete_collection(
        self,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
        shard_selector: str | None = None,
        limit: int | None = None,
        continue_token: str | None = None,
        resource_version: str | None = None,
        resource_version_match: ResourceVersionMatch | None = None,
        timeout_seconds: int | None = None,
        dry_run: DryRun | None = None,
        grace_period_seconds: int | None = None,
        propagation_policy: PropagationPolicy | None = None,
        orphan_dependents: bool | None = None,
        preconditions: Preconditions | None = None,
        ignore_store_read_error: bool | None = None,
    ) -> L | Status:
        """Delete all objects of the collection that the selectors choose: DELETE.

        Args:
            label_selector: only objects with these labels, such as `app=web,tier!=cache`.
            field_selector: only objects with these fields, such as `spec.nodeName=node-1`.
            shard_selector: only one shard of the collection, where the server has the feature.
            limit: most items of an answer; more follow with the list's `metadata.continue_`.
            continue_token: the token of the page before.
            resource_version: answer with this version or a newer one; "0" takes whatever the server has at hand.
            resource_version_match: how `resource_version` is meant.
            timeout_seconds: seconds after which the server gives up.
            dry_run: `All` goes through all stages but stores nothing.
            grace_period_seconds: seconds that the object gets to end; 0 is at once.
            propagation_policy: what becomes of what the object owns: `Orphan`, `Background` or `Foreground`.
            orphan_dependents: deprecated by the API: use `propagation_policy`.
            preconditions: the UID or version that the object must have.
            ignore_store_read_error: delete what the store can't read any more
                (`ignoreStoreReadErrorWithClusterBreakingPotential`); may break the cluster.

        Returns:
            The objects that were deleted, or a Status of success.

        Raises:
            InvalidRequestError: refused before anything was sent.
            StatusError: the server answered with a failure.
            TransportError: there is no whole answer.
            DecodeError: the answer is not what was asked for.
        """
        said = options.delete_options(
            dry_run=dry_run,
            grace_period_seconds=grace_period_seconds,
            propagation_policy=propagation_policy,
            orphan_dependents=orphan_dependents,
            preconditions=preconditions,
            ignore_store_read_error=ignore_store_read_error,
        )
        query = options.query(
            label_selector=label_selector,
            field_selector=field_selector,
            shard_selector=shard_selector,
            limit=limit,
            continue_token=continue_token,
            resource_version=resource_version,
            resource_version_match=resource_version_match,
            timeout_seconds=timeout_seconds,
        )
        call: Call[L | Status] = self.resource.delete_collection(self._namespace, said, query)
        return self._client.send(call)


class GetStatus(ResourceClient, Generic[T]):
    """Reads the status of one object."""

    def get_status(
        self,
        name: str,
    ) -> T:
        """Read one object through its status: GET.

        Args:
            name: the object's name.

        Returns:
            The object.

        Raises:
            InvalidRequestError: refused before anything was sent.
            StatusError: the server answered with a failure.
            TransportError: there is no whole answer.
            DecodeError: the answer is not what was asked for.
        """
        call: Call[T] = self.resource.call(
            "get", "GET", self._namespace, self.resource.kind, name=name, subresource="status"
        )
        return self._client.send(call)


class UpdateStatus(ResourceClient, Generic[T]):
    """Replaces the status of objects."""

    def update_status(
        self,
        body: T | Mapping[str, Any],
        *,
        dry_run: DryRun | None = None,
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
    ) -> T:
        """Replace the status of the object that `body` names: PUT.

        Args:
            body: the object; of it only the status is stored.
            dry_run: `All` goes through all stages but stores nothing.
            field_manager: who makes the change; by default the user agent's first part.
            field_validation: what becomes of unknown fields: `Ignore`, `Warn` or `Strict`.

        Returns:
            The object as it is stored.

        Raises:
            InvalidRequestError: refused before anything was sent.
            StatusError: the server answered with a failure.
            TransportError: there is no whole answer.
            DecodeError: the answer is not what was asked for.
        """
        query = options.query(dry_run=dry_run, field_manager=field_manager, field_validation=field_validation)
        call: Call[T] = self.resource.update(self._namespace, body, query, subresource="status")
        return self._client.send(call)


class PatchStatus(ResourceClient, Generic[T]):
    """Changes the status of objects."""

    def patch_status(
        self,
        name: str,
        body: PatchBody,
        *,
        type: PatchType,  # noqa: A002
        dry_run: DryRun | None = None,
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
        force: bool | None = None,
    ) -> T:
        """Change the status of one object: PATCH.

        Args:
            name: the object's name.
            body: the patch: an object or a part of one; for `json` the list of operations.
            type: `json`, `merge`, `strategic` or `apply`.
            dry_run: `All` goes through all stages but stores nothing.
            field_manager: who makes the change; by default the user agent's first part.
            field_validation: what becomes of unknown fields: `Ignore`, `Warn` or `Strict`.
            force: with server-side apply, take fields over that others own.

        Returns:
            The object as it is stored.

        Raises:
            InvalidRequestError: refused before anything was sent.
            StatusError: the server answered with a failure.
            TransportError: there is no whole answer.
            DecodeError: the answer is not what was asked for.
        """
        query = options.query(
            dry_run=dry_run, field_manager=field_manager, field_validation=field_validation, force=force
        )
        call: Call[T] = self.resource.patch(self._namespace, name, body, query, type=type, subresource="status")
        return self._client.send(call)


class Standard(
    Get[T], List[T, L], Watch[T], Create[T], Update[T], Patch[T], Delete[T], DeleteCollection[L], Generic[T, L]
):
    """What nearly every resource offers."""


class StandardWithStatus(Standard[T, L], GetStatus[T], UpdateStatus[T], PatchStatus[T], Generic[T, L]):
    """What a resource offers whose objects have a status of their own."""
