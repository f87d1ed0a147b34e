"""Verbs that delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from kubecore import options
from kubecore.async_verbs.base import ResourceClient
from kubecore.calls.body import Body
from kubecore.calls.call import Call
from kubecore.model.meta import Preconditions, Status
from kubecore.options import DryRun, PropagationPolicy, ResourceVersionMatch

if TYPE_CHECKING:
    from kubecore.selectors import FieldSelector, LabelSelector

__all__ = ["Delete", "DeleteCollection"]

T = TypeVar("T", bound=Body)
L = TypeVar("L")


class Delete(ResourceClient, Generic[T]):
    """Deletes one object."""

    async def delete(
        self,
        name: str,
        *,
        dry_run: DryRun | None = None,
        grace_period_seconds: int | None = None,
        propagation_policy: PropagationPolicy | None = None,
        orphan_dependents: bool | None = None,
        preconditions: Preconditions | None = None,
        ignore_store_read_error: bool | None = None,
        timeout: float | None = None,
    ) -> T | Status:
        """Delete one object: DELETE, with the options in the body.

        Args:
            name: The object's name.
            dry_run: `All` goes through all stages but stores nothing.
            grace_period_seconds: Seconds that the object gets to end; 0 is at once.
            propagation_policy: The handling of objects that the object owns: `Orphan`, `Background` or `Foreground`.
            orphan_dependents: Deprecated by the API: use `propagation_policy`.
            preconditions: The UID or version that the object must have.
            ignore_store_read_error: Delete an object that the store can no longer read
                (`ignoreStoreReadErrorWithClusterBreakingPotential`); may break the cluster.
            timeout: Seconds for the call, with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The object if it is being deleted, or a Status of success.

        Raises:
            InvalidRequestError: Refused before anything was sent.
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
            DecodeError: The response is not the requested object.
        """
        delete_options = options.delete_options(
            dry_run=dry_run,
            grace_period_seconds=grace_period_seconds,
            propagation_policy=propagation_policy,
            orphan_dependents=orphan_dependents,
            preconditions=preconditions,
            ignore_store_read_error=ignore_store_read_error,
        )
        call: Call[T | Status] = self._resource.delete(self._namespace, name, delete_options)
        return await self._client.send(call, timeout=timeout)


class DeleteCollection(ResourceClient, Generic[L]):
    """Deletes many objects."""

    async def delete_collection(
        self,
        *,
        label_selector: LabelSelector | None = None,
        field_selector: FieldSelector | None = None,
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
        timeout: float | None = None,
    ) -> L | Status:
        """Delete all objects of the collection that the selectors choose: DELETE.

        Args:
            label_selector: Only objects with these labels: text such as `app=web,tier!=cache`, a mapping or a selector.
            field_selector: Only objects with these fields: text such as `spec.nodeName=node-1`, or a mapping.
            shard_selector: Only one shard of the collection, if the server supports it.
            limit: The maximum number of items in a response; continue with the list's `metadata.continue_`.
            continue_token: The token of the page before.
            resource_version: Return this version or a newer one; "0" accepts any version that the server has cached.
            resource_version_match: How `resource_version` is meant.
            timeout_seconds: Seconds after which the server gives up.
            dry_run: `All` goes through all stages but stores nothing.
            grace_period_seconds: Seconds that the object gets to end; 0 is at once.
            propagation_policy: The handling of objects that the object owns: `Orphan`, `Background` or `Foreground`.
            orphan_dependents: Deprecated by the API: use `propagation_policy`.
            preconditions: The UID or version that the object must have.
            ignore_store_read_error: Delete an object that the store can no longer read
                (`ignoreStoreReadErrorWithClusterBreakingPotential`); may break the cluster.
            timeout: Seconds for the call, with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The objects that were deleted, or a Status of success.

        Raises:
            InvalidRequestError: Refused before anything was sent.
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
            DecodeError: The response is not the requested object.
        """
        delete_options = options.delete_options(
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
        call: Call[L | Status] = self._resource.delete_collection(self._namespace, delete_options, query)
        return await self._client.send(call, timeout=timeout)
