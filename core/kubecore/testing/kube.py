"""The API server of a test that runs on a fake cluster and on a real one."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kubecore.apply.files import apply_objects
from kubecore.clientset import BaseClientset
from kubecore.discovery import Discovery
from kubecore.dynamic import DynamicClient
from kubecore.manifests import load_manifest_files, load_manifests
from kubecore.rest import Client
from kubecore.testing.expectations import check_objects

if TYPE_CHECKING:
    from kubecore.rest import Config
    from kubecore.testing.cluster import FakeCluster

__all__ = ["Kube", "real_kube"]

_MANAGER: Final = "kubecore-testing"


class Kube:
    """The API server of a test: in memory, or a real one.

    Attributes:
        namespace: A new namespace for the test. The test deletes nothing: the namespace goes at its end.

    Args:
        config: How to reach the server.
        namespace: The namespace.
        fake: The fake cluster, None for a real server.
        skip: Ends a test that needs the fake cluster, with a reason.
        is_update: Whether `assert_objects` writes its files again.
    """

    def __init__(
        self,
        config: Config,
        namespace: str,
        fake: FakeCluster | None = None,
        *,
        skip: Callable[[str], object] | None = None,
        is_update: bool = False,
    ) -> None:
        self.namespace: Final[str] = namespace
        self._config = config
        self._fake = fake
        self._skip = skip
        self._is_update = is_update

    @property
    def config(self) -> Config:
        """A new configuration, for clientsets of all kinds."""
        return self._config.copy()

    @property
    def is_fake(self) -> bool:
        """Whether the server is the fake cluster."""
        return self._fake is not None

    @property
    def fake(self) -> FakeCluster:
        """The fake cluster: its faults, its clock and the requests that it received.

        With the fixture `kube`, the test is skipped on a real server.

        Raises:
            RuntimeError: The server is a real one, and nothing skips the test.
        """
        if self._fake is not None:
            return self._fake
        reason = "faults, the clock and received requests are features of the fake cluster"
        if self._skip is not None:
            self._skip(reason)
        raise RuntimeError(reason)

    def add_crds(self, source: str | Path) -> None:
        """Create or update CustomResourceDefinitions, and wait for their kinds.

        Args:
            source: The path of a file or a folder with definitions, or YAML: a text with a line break.

        Raises:
            DecodeError: It is not YAML with objects.
            StatusError: The server refuses a definition.
            ApplyFileError: A real server refuses a definition, or a kind is not served after 60 s.
        """
        if self._fake is not None:
            self._fake.add_crds(source)
        else:
            _apply(self._config, source, self.namespace)

    def add_yaml(self, source: str | Path) -> None:
        """Create or update the objects of a text, a file or a folder.

        Args:
            source: A path, or YAML: a text with a line break. Objects without a namespace belong to that of the test.

        Raises:
            DecodeError: It is not YAML with objects.
            ApplyFileError: The server refuses an object.
        """
        _apply(self._config, source, self.namespace)

    def assert_objects(self, file: str | Path) -> None:
        """Compare objects with a file: see `FakeCluster.assert_objects`.

        Args:
            file: A YAML file. Objects without a namespace belong to that of the test.

        Raises:
            AssertionError: The objects differ; the message shows the lines.
            FileNotFoundError: The file is missing.
            DecodeError: It is not YAML with objects.
        """
        with Client(self._config) as client:
            discovery = Discovery(client)

            def find(api_version: str, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
                dynamic = DynamicClient(client, discovery)
                return dynamic.resource(kind, api_version=api_version, namespace=namespace).get_or_none(name)

            check_objects(file, find, is_update=self._is_update, namespace=self.namespace)


@contextmanager
def real_kube(config: Config, skip: Callable[[str], object], *, is_update: bool = False) -> Generator[Kube]:
    """Provide a new namespace of a real API server; it is deleted at the end.

    Args:
        config: How to reach the server.
        skip: Ends a test that needs the fake cluster, with a reason.
        is_update: Whether `assert_objects` writes its files again.
    """
    name = f"test-{uuid.uuid4().hex[:8]}"
    with Client(config) as client:
        namespaces = DynamicClient(client, Discovery(client)).resource("Namespace", api_version="v1")
        namespaces.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        try:
            yield Kube(config, name, skip=skip, is_update=is_update)
        finally:
            namespaces.delete(name)


def _apply(config: Config, source: str | Path, namespace: str) -> None:
    """Apply the objects of a text, a file or a folder, and wait for the kinds of definitions."""
    is_text = isinstance(source, str) and "\n" in source
    found = load_manifests(str(source), models={}) if is_text else load_manifest_files(source, models={})
    with BaseClientset(config) as clientset:
        apply_objects(clientset, found, field_manager=_MANAGER, force=True, namespace=namespace)
