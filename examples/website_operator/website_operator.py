"""The heart of an operator: bring the cluster to the state that a Website describes.

A Website becomes a Deployment and a Service. Its host is entered in a registry outside of the cluster. A finalizer
keeps the Website until the entry is removed.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Protocol

from kubeclient import AsyncClientset
from kubecore import errors
from kubecore.model.owners import controller_reference
from website import AsyncClientset as Websites
from website.models import example_v1

FINALIZER = "example.com/host"
MANAGER = "website-operator"


class Hosts(Protocol):
    """The registry of hosts."""

    async def add(self, host: str, target: str) -> None:
        """Enter a host; if it is present already, this changes nothing."""

    async def remove(self, host: str) -> None:
        """Remove a host; a missing one is not an error."""


class Reconciler:
    """Brings the cluster to the state that Websites describe.

    Args:
        kube: The client for Deployments and Services.
        websites: The client for Websites.
        hosts: The registry of hosts.
    """

    def __init__(self, kube: AsyncClientset, websites: Websites, hosts: Hosts) -> None:
        self.kube = kube
        self.websites = websites
        self.hosts = hosts

    async def reconcile(self, namespace: str, name: str) -> None:
        """Bring the cluster to the state that one Website describes. A second call changes nothing.

        Raises:
            KubeError: A request failed; the caller tries again later.
        """
        sites = self.websites.example_v1.websites(namespace)
        site = await sites.get_or_none(name)
        if site is None:
            return  # The garbage collector deletes the objects that it owned.
        if site.metadata.deletion_timestamp is not None:
            await self.remove(site)
            return
        if FINALIZER not in site.metadata.finalizers:
            site = await sites.modify(name, add_finalizer)
        deployments, services = self.kube.apps_v1.deployments(namespace), self.kube.core_v1.services(namespace)
        found = await deployments.apply(deployment_of(site), field_manager=MANAGER, force=True)
        await services.apply(service_of(site), field_manager=MANAGER, force=True)
        await self.hosts.add(site.spec.host, f"{name}.{namespace}")
        status = {"readyReplicas": found.status.ready_replicas or 0, "observedGeneration": site.metadata.generation}
        await sites.apply_status({"metadata": {"name": name}, "status": status}, field_manager=MANAGER, force=True)

    async def remove(self, site: example_v1.Website) -> None:
        """Remove the host of a Website that is being deleted, and let the Website go."""
        if FINALIZER not in site.metadata.finalizers:
            return
        await self.hosts.remove(site.spec.host)
        sites = self.websites.example_v1.websites(site.metadata.namespace or "")
        with suppress(errors.NotFoundError):  # Another process removed it first.
            await sites.modify(site.metadata.name or "", remove_finalizer)


def add_finalizer(site: example_v1.Website) -> None:
    """Keep a Website until its host is removed."""
    if FINALIZER not in site.metadata.finalizers:
        site.metadata.finalizers.append(FINALIZER)


def remove_finalizer(site: example_v1.Website) -> None:
    """Let a Website go."""
    site.metadata.finalizers = [name for name in site.metadata.finalizers if name != FINALIZER]


def metadata_of(site: example_v1.Website) -> dict[str, Any]:
    """Return the metadata of each object that a Website owns."""
    return {
        "name": site.metadata.name,
        "namespace": site.metadata.namespace,
        "labels": {"example.com/website": site.metadata.name},
        "ownerReferences": [controller_reference(site).to_dict()],
    }


def deployment_of(site: example_v1.Website) -> dict[str, Any]:
    """Return the fields of the Deployment that the operator owns."""
    labels = {"example.com/website": site.metadata.name}
    container = {"name": "web", "image": site.spec.image, "ports": [{"containerPort": 8080}]}
    return {
        "metadata": metadata_of(site),
        "spec": {
            "replicas": site.spec.replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def service_of(site: example_v1.Website) -> dict[str, Any]:
    """Return the fields of the Service that the operator owns."""
    return {
        "metadata": metadata_of(site),
        "spec": {
            "selector": {"example.com/website": site.metadata.name},
            "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
        },
    }
