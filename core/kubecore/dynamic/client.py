# Derived from kubecore/dynamic/async_client.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""The synchronous client of kinds that are named when the program runs."""

from __future__ import annotations

from typing import Any, TypeVar, overload

from kubecore import options, sync_verbs
from kubecore.calls.resource import Body, PatchBody, Resource
from kubecore.discovery import Discovery
from kubecore.dynamic import resource as dynamic_resource
from kubecore.dynamic.resource import DynamicResource
from kubecore.model.list_of import ObjectList
from kubecore.model.model import Model
from kubecore.options import DryRun, FieldValidation, PatchType
from kubecore.rest import Client, run_steps

__all__ = ["DynamicClient", "Objects"]

T = TypeVar("T", bound=Body)
M = TypeVar("M", bound=Model)


class Objects(sync_verbs.StandardWithStatus[T, ObjectList[T]]):
    """The objects of one kind: every verb that resources have.

    For a verb that the server lacks, it responds with 404 or 405.

    Args:
        client: Sends the calls.
        resource: The resource.
        namespace: The namespace; "" for all of them, and for resources of the cluster.
    """

    _resource: Resource[Any, Any]

    def __init__(self, client: Client, resource: DynamicResource[T], namespace: str = "") -> None:
        super().__init__(client, namespace)
        self._resource = resource

    def get_subresource(self, name: str, subresource: str, *, timeout: float | None = None) -> dict[str, Any]:
        """Read a subresource of one object, such as `scale`: GET.

        Args:
            name: The object's name.
            subresource: The subresource.
            timeout: Seconds for the call, with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The subresource, as a dictionary.

        Raises:
            InvalidRequestError: Refused before anything was sent.
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
            DecodeError: The response is not the requested object.
        """
        return self._client.send(
            dynamic_resource.subresource_call(self._resource, "get", self._namespace, name, subresource),
            timeout=timeout,
        )

    def create_subresource(
        self,
        name: str,
        subresource: str,
        body: Body,
        *,
        dry_run: DryRun | None = None,
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Create a subresource of one object, such as `eviction`: POST.

        Args:
            name: The object's name.
            subresource: The subresource.
            body: The object to send, with its apiVersion and kind.
            dry_run: `All` goes through all stages but stores nothing.
            field_manager: The manager that makes the change; by default the first part of the user agent.
            field_validation: How the server handles unknown fields: `Ignore`, `Warn` or `Strict`; None is `Strict`
                for a mapping, else the server's own `Warn`.
            timeout: Seconds for the call, with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The response of the server, as a dictionary.

        Raises:
            InvalidRequestError: Refused before anything was sent.
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
            DecodeError: The response is not the requested object.
        """
        query = options.query(dry_run=dry_run, field_manager=field_manager, field_validation=field_validation)
        return self._client.send(
            dynamic_resource.subresource_call(
                self._resource, "create", self._namespace, name, subresource, body, query
            ),
            timeout=timeout,
        )

    def update_subresource(
        self,
        name: str,
        subresource: str,
        body: Body,
        *,
        dry_run: DryRun | None = None,
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Replace a subresource of one object, such as `scale`: PUT.

        Args:
            name: The object's name.
            subresource: The subresource.
            body: The object to send, with its apiVersion and kind.
            dry_run: `All` goes through all stages but stores nothing.
            field_manager: The manager that makes the change; by default the first part of the user agent.
            field_validation: How the server handles unknown fields: `Ignore`, `Warn` or `Strict`; None is `Strict`
                for a mapping, else the server's own `Warn`.
            timeout: Seconds for the call, with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The response of the server, as a dictionary.

        Raises:
            InvalidRequestError: Refused before anything was sent.
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
            DecodeError: The response is not the requested object.
        """
        query = options.query(dry_run=dry_run, field_manager=field_manager, field_validation=field_validation)
        return self._client.send(
            dynamic_resource.subresource_call(
                self._resource, "update", self._namespace, name, subresource, body, query
            ),
            timeout=timeout,
        )

    def patch_subresource(
        self,
        name: str,
        subresource: str,
        body: PatchBody,
        *,
        type: PatchType,  # noqa: A002
        dry_run: DryRun | None = None,
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
        force: bool | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Change a subresource of one object: PATCH.

        Args:
            name: The object's name.
            subresource: The subresource.
            body: The patch: an object or a part of one; for `json` the list of operations.
            type: `json`, `merge`, `strategic` or `apply`.
            dry_run: `All` goes through all stages but stores nothing.
            field_manager: The manager that makes the change; by default the first part of the user agent.
            field_validation: How the server handles unknown fields: `Ignore`, `Warn` or `Strict`; None is `Strict`
                for a mapping, else the server's own `Warn`.
            force: With server-side apply, take fields over that others own.
            timeout: Seconds for the call, with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The response of the server, as a dictionary.

        Raises:
            InvalidRequestError: Refused before anything was sent.
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
            DecodeError: The response is not the requested object.
        """
        return self._patch_subresource(
            name,
            subresource,
            body,
            dynamic_resource.OBJECT,
            type=type,
            dry_run=dry_run,
            field_manager=field_manager,
            field_validation=field_validation,
            force=force,
            timeout=timeout,
        )


class DynamicClient:
    """Finds the resource of a kind by discovery.

    Args:
        client: Sends the calls.
        discovery: Finds the resources.
    """

    def __init__(self, client: Client, discovery: Discovery) -> None:
        self._client = client
        self._discovery = discovery

    @overload
    def resource(
        self, kind: type[M], namespace: str = "", *, api_version: str = "", timeout: float | None = None
    ) -> Objects[M]: ...

    @overload
    def resource(
        self, kind: str, namespace: str = "", *, api_version: str = "", timeout: float | None = None
    ) -> Objects[dict[str, Any]]: ...

    def resource(
        self, kind: str | type[Model], namespace: str = "", *, api_version: str = "", timeout: float | None = None
    ) -> Objects[Any]:
        """Find the resource of a kind by discovery.

        Discovery is requested when first needed, and again if the kind is unknown.

        Args:
            kind: A kind, plural, singular or short name, in any case; version and group may follow as in kubectl, such
                as `deploy.apps`. Or a model with an apiVersion and kind, whose objects are then typed.
            namespace: The namespace; "" for all of them, and for resources of the cluster.
            api_version: The group version, such as `apps/v1`; "" for any, by the server's priority, or the model's.
            timeout: Seconds for all requests and pauses together; None for the limits of `Config.timeouts` for each
                request.

        Returns:
            The client of its objects, which are dictionaries if no model was given.

        Raises:
            NoMatchError: The server has no such kind; the error names those nearest to it.
            StatusError: The server refuses discovery.
            TransportError: There is no response.
            DecodeError: The response is not the requested object.
        """
        name, group_version = dynamic_resource.names_of(kind, api_version)
        cache = self._discovery.cache
        found = run_steps.run(
            self._client, cache.find(name, group_version, namespaced=namespace != ""), timeout=timeout
        )
        objects: type[Any] = dict if isinstance(kind, str) else kind
        return Objects(self._client, dynamic_resource.discovered(found, objects, cache.forget), namespace)
