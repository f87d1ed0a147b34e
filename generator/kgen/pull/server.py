"""Requests to the server: the list of documents below `/openapi/v3`, each document, and the version."""

from __future__ import annotations

from collections.abc import Mapping

from kgen.errors import ClusterError, InputError, printable
from kgen.load.reading import parse_document
from kgen.pull.documents import canonical, is_name
from kgen.shapes import is_array, is_object
from kubecore import errors, rest

__all__ = ["ChangedError", "Server"]


class ChangedError(Exception):
    """The server no longer has a document of its index."""


class Server:
    """The documents of one server."""

    def __init__(self, client: rest.Client) -> None:
        self._client = client

    def listed(self) -> dict[str, object]:
        """Return the entry of the index for each document, by its name."""
        index = parse_document(self._client.get_bytes("/openapi/v3"), "/openapi/v3")
        paths = index.get("paths")
        if not is_object(paths) or not paths:
            raise ClusterError(
                "the server lists no OpenAPI v3 documents",
                where="/openapi/v3",
                hint="Kubernetes serves them from 1.27 on",
            )
        for name in paths:
            if name and not name.startswith(".") and (not is_name(name) or ".." in name or len(name) > 200):
                raise ClusterError(
                    f"the server lists a document with the name {name[:100]!r}",
                    where="/openapi/v3",
                    hint="an API group can't be named so",
                )
        return {name: entry for name, entry in paths.items() if name and not name.startswith(".")}

    def unlisted(self, listed: Mapping[str, object]) -> dict[str, str]:
        """Return the group versions that the server has, but has no document of, and why.

        The API server leaves the document of an aggregated API out of its index while that API does not respond.
        """
        try:
            groups = parse_document(self._client.get_bytes("/apis"), "/apis").get("groups")
        except (errors.KubeError, InputError):
            return {}
        reasons: dict[str, str] = {}
        for group in groups if is_array(groups) else ():
            versions = group.get("versions") if is_object(group) else None
            for version in versions if is_array(versions) else ():
                name = f"apis/{version.get('groupVersion') if is_object(version) else ''}"
                if is_name(name) and name.count("/") == 2 and len(name) < 200 and name not in listed:
                    reasons[name] = "the server has this API, but lists no OpenAPI document of it"
        return reasons

    def fetch(self, name: str, location: str) -> bytes:
        """Return a document; the server redirects an outdated hash to the newer one.

        Source: kube-openapi, pkg/handler3/handler.go; a document that is gone in the meantime is a 404, or an empty
            response.
        """
        try:
            data = self._client.get_bytes(location)
        except errors.RedirectError as error:
            raise ChangedError(f"the document {name} has changed since the server listed it") from error
        except errors.NotFoundError as error:
            raise ChangedError(f"the document {name} is listed, but not served") from error
        if not data:
            raise ChangedError(f"the document {name} is listed, but empty")
        return canonical(parse_document(data, f"/openapi/v3/{name}"))

    def version(self) -> str:
        """Return the version of the server."""
        name = parse_document(self._client.get_bytes("/version"), "/version").get("gitVersion")
        if not isinstance(name, str):
            raise ClusterError("the server does not report its version", where="/version", hint="is it Kubernetes?")
        return printable(name, 100)
