"""Verbs that read: get and list."""

from __future__ import annotations

from typing import Generic, TypeVar

from kubecore import options
from kubecore.call import Call
from kubecore.model import Model
from kubecore.options import ResourceVersionMatch
from kubecore.sync_verbs.base import ResourceClient

__all__ = ["Get", "List"]

T = TypeVar("T", bound=Model)
L = TypeVar("L")


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
