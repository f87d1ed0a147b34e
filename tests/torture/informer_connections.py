"""Faults of informers: connections that are cut, half-open or slow."""

from __future__ import annotations

from tests.torture.informer_table import row
from tests.torture.informer_world import World, no_watch_list
from tests.torture.proxy import Plan


def _cut_somewhere(world: World, *, most: int) -> None:
    """Cut the next connections of the informers at random bytes, then none."""
    chance = world.chance
    cuts = [Plan(cut_after=chance.randrange(most), how=chance.choice(("fin", "rst"))) for _ in range(6)]
    world.proxy.plan = lambda number: cuts.pop() if cuts else Plan()


@row("cut-watch-list", is_quick=True)
def cut_watch_list(world: World) -> None:
    """The first state is cut at any byte."""
    _cut_somewhere(world, most=20_000)
    world.follow()


@row("cut-list", is_quick=True)
def cut_list(world: World) -> None:
    """A server that can't send the state as events is listed, and the list is cut at any byte."""
    world.gateway.refuse = no_watch_list
    _cut_somewhere(world, most=20_000)
    world.follow()
    world.check(all(found.lists for found in world.reflections), "the state is read as events")


@row("cut-watch", is_quick=True)
def cut_watch(world: World) -> None:
    """Watches are cut at any byte, while objects change."""
    world.follow()
    for _ in range(4):
        _cut_somewhere(world, most=4_000)
        world.proxy.cut(world.chance.choice(("fin", "rst")))
        world.change(5)
    world.heal()
    world.await_equal()
    world.check(not any(found.relists for found in world.reflections), "everything was read again")


@row("cut-pages")
def cut_pages(world: World) -> None:
    """A list of several pages is cut at any byte, and is read again and again."""
    world.fill(1_100)
    world.gateway.refuse = no_watch_list
    _cut_somewhere(world, most=400_000)
    world.follow()


@row("half-open", is_quick=True)
def half_open(world: World) -> None:
    """Nothing arrives any more, and no connection ends."""
    world.follow()
    world.proxy.freeze()
    world.change(5)
    with world.bounded():
        world.await_failure()
    world.check(all(len(one.informer) for one in world.followers), "the copies can't be read")
    world.proxy.thaw()


@row("stalled-headers", is_quick=True)
def stalled_headers(world: World) -> None:
    """Connections are accepted, and no response begins."""
    world.follow()
    world.proxy.plan = Plan(mute_after=0)
    world.proxy.cut()
    world.change(5)
    with world.bounded():
        world.await_failure()


@row("stalled-list", is_quick=True)
def stalled_list(world: World) -> None:
    """Lists stop at any byte of their bodies."""
    world.gateway.refuse = no_watch_list
    world.proxy.plan = lambda number: Plan(mute_after=world.chance.randrange(300, 3_000)) if number <= 6 else Plan()
    world.begin()
    world.await_sync()


@row("stalled-watch-list")
def stalled_watch_list(world: World) -> None:
    """The first state stops at any byte; a list replaces it after 10 seconds."""
    world.proxy.plan = lambda number: Plan(mute_after=world.chance.randrange(200, 3_000)) if number <= 3 else Plan()
    world.follow()


@row("slow-bytes", is_quick=True)
def slow_bytes(world: World) -> None:
    """Responses arrive in short chunks, which split lines and characters."""
    world.proxy.plan = Plan(slice=world.chance.randrange(50, 200), delay=0.001)
    world.follow()
    world.change(5)
    world.await_equal()
