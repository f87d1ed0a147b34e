"""Bodies for the tests of writing."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Literal

from kubeclient.models import meta_v1
from kubecore.model.model import Model, always

Drive = Callable[[Any], None]


POD_TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"app": "w"}},
    "spec": {"containers": [{"name": "c", "image": "registry.invalid/c"}]},
}


DEPLOYMENT: dict[str, Any] = {"selector": {"matchLabels": {"app": "w"}}, "template": POD_TEMPLATE}


def named(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


class OldPart(Model, kw_only=True):
    """A part as an old client knows it."""

    name: str
    size: int | None = None


class OldSpec(Model, kw_only=True):
    """A spec as an old client knows it."""

    color: str | None = None
    parts: list[OldPart] = []  # noqa: RUF012


class Gadget(Model, kw_only=True):
    """A custom resource as an old client knows it."""

    api_version: Literal["tests.example.com/v1"] = always("tests.example.com/v1")
    kind: Literal["Gadget"] = always("Gadget")
    metadata: meta_v1.ObjectMeta
    spec: OldSpec
    status: dict[str, str] = {}  # noqa: RUF012


def raw(clientset: Any, namespace: str, name: str) -> Any:
    import msgspec

    inner = getattr(clientset, "_inner", clientset)
    return inner.rest_client, f"/apis/tests.example.com/v1/namespaces/{namespace}/gadgets/{name}", msgspec.json.decode


async def document(clientset: Any, namespace: str, name: str) -> Any:
    client, path, decode = raw(clientset, namespace, name)
    data = client.get_bytes(path)
    return decode(data if isinstance(data, bytes) else await data)


def other(clientset: Any) -> Any:
    """Return the configuration of a clientset."""
    inner = getattr(clientset, "_inner", clientset)
    return inner.rest_client._requests.config
