"""Faults of informers: a server that stops or forgets versions, revoked rights, removed kinds, and index functions."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable
from typing import Any

from kubeclient import Clientset
from kubecore import errors, rest
from tests.ready import wait_until
from tests.server.things import AsyncThings, Things, crd
from tests.torture.informer_table import row
from tests.torture.informer_world import World, no_watch_list
from tests.torture.proxy import Plan

_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@row("stopped")
def stopped(world: World) -> None:
    """The API server is stopped for 5 seconds, or for a minute."""
    world.follow()
    with world.bounded():
        world.cluster.signal_apiserver(signal.SIGSTOP)
        try:
            time.sleep(60 if world.is_long else 5)
        finally:
            world.cluster.signal_apiserver(signal.SIGCONT)
    world.change(5)


@row("killed", is_quick=True)
def killed(world: World) -> None:
    """The API server is killed, and started on its port."""
    world.follow()
    with world.bounded():
        world.cluster.kill_apiserver()
        try:
            world.await_failure()
        finally:
            world.cluster.start_apiserver()
    world.change(5)
    world.await_equal()


@row("compacted")
def compacted(world: World) -> None:
    """The server forgets the versions of the copies."""
    world.follow()
    world.proxy.plan = Plan(cut_after=0)
    world.proxy.cut()
    world.change(10)
    world.cluster.compact()
    world.cluster.restart_apiserver()
    world.proxy.plan = Plan()
    wait_until(lambda: all(found.relists for found in world.reflections))


@row("compacted-list")
def compacted_list(world: World) -> None:
    """The server forgets the version of a list between its pages."""
    world.fill(1_100)
    done: set[str] = set()

    def refuse(request: Any) -> bytes | None:
        if "continue=" in request.target and not done:
            done.add("")
            world.change(10)
            world.cluster.compact()
            world.cluster.restart_apiserver()  # Its cache would still have the version.
        return no_watch_list(request)

    world.gateway.refuse = refuse
    world.follow()
    expired = [target for target, status in list(world.gateway.statuses) if status == 410 and "continue=" in target]
    world.check(bool(expired), "no page expired")


@row("rights", is_quick=True)
def rights(world: World) -> None:
    """Rights are revoked, and given back."""
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}]
    rbac, user = world.clientset.rbac_v1, f"reader-{world.namespace}"
    rbac.roles(world.namespace).create({"metadata": {"name": user}, "rules": rules})
    bindings = rbac.role_bindings(world.namespace)
    binding = {
        "metadata": {"name": user},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": user},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
    }
    bindings.create(binding)
    with Clientset(rest.Config(host=world.gateway.url, impersonate=rest.Impersonate(user=user))) as reader:

        def may_list() -> bool:
            try:
                reader.core_v1.config_maps(world.namespace).list(limit=1)
            except errors.ForbiddenError:
                return False
            return True

        wait_until(may_list)
        world.user = user
        world.follow()
        with world.bounded():
            bindings.delete(user)
            wait_until(lambda: not may_list())
            world.proxy.cut()
            world.await_failure("forbidden")
            world.change(5)
        world.check(all(len(one.informer) for one in world.followers), "the copies can't be read")
        bindings.create(binding)
        wait_until(may_list)
        world.await_equal()


@row("removed-kind")
def removed_kind(world: World) -> None:
    """A CRD is removed, and made again."""
    _with_things(world)
    name = f"{_CRDS}/things.informer.example.com"
    with world.bounded():
        world.cluster.raw("DELETE", name)
        wait_until(lambda: world.cluster.raw("GET", name)[0] == 404)
        wait_until(lambda: not any(len(one.informer) for one in world.followers))
        world.await_failure()
    world.forget()
    _define(world)
    world.change(5)


@row("version-not-served")
def version_not_served(world: World) -> None:
    """A version of a kind is not served any more, then again."""
    _with_things(world)
    name = f"{_CRDS}/things.informer.example.com"

    def serve(is_served: bool) -> None:
        patch = [{"op": "replace", "path": "/spec/versions/0/served", "value": is_served}]
        status = world.cluster.raw("PATCH", name, patch, content_type="application/json-patch+json")[0]
        world.check(status == 200, f"the CRD was not changed: {status}")

    with world.bounded():
        serve(False)
        wait_until(lambda: not _is_served(world))
        world.proxy.cut()
        world.await_failure()
    serve(True)
    wait_until(lambda: _is_served(world))


def _with_things(world: World) -> None:
    world.maps = Things(world.clientset.rest_client, world.namespace)
    world.forget()
    _define(world)
    world.change(10)
    world.follow(clients=(Things, AsyncThings))


def _define(world: World) -> None:
    status, found = world.cluster.raw("POST", _CRDS, crd("v1", "v2"))
    world.check(status in (201, 409), f"the CRD was not created: {found}")
    wait_until(lambda: _is_served(world))


def _is_served(world: World) -> bool:
    try:
        world.maps.list()
    except errors.NotFoundError:
        return False
    return True


@row("index-raises", is_quick=True)
def index_raises(world: World) -> None:
    """An index function raises for some objects."""

    def by_text(found: Any) -> Iterable[str]:
        return [str(1 / (len(found.metadata.name) % 2))]

    world.follow(indexes=[by_text])
    world.change(10)
    world.await_equal()
    for one in world.followers:
        odd = [found for found in one.informer.list() if len(found.metadata.name) % 2]
        world.check(one.informer.indexed(by_text, "1.0") == odd, f"the index of {one.kind} is wrong")
