"""Which type is described on which page.

A kind has a page. A type that can only be reached through one page is described there; the others have pages. So the
pages are the children of the root in the tree of dominators, and the root uses every kind. A page that would be too
large is divided: the types directly below its own then have pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from kgen.ir import ModelRef

__all__ = ["placed"]

_ROOT: Final = -1


def placed(
    kinds: Iterable[ModelRef],
    uses: Mapping[ModelRef, Iterable[ModelRef]],
    size: Callable[[ModelRef], int],
    most: int,
) -> dict[ModelRef, ModelRef]:
    """Return the type whose page describes each type that a kind reaches.

    Args:
        kinds: The kinds; each has a page.
        uses: The types that each type uses.
        size: Returns the characters that a type needs.
        most: Characters of a page; a single type may need more.
    """
    roots = sorted(set(kinds), key=str)
    order = _post_order(roots, uses)
    parents = _dominators(order, roots, uses)
    heads = {ref for ref in order if parents[ref] is None} | set(roots)
    children: dict[ModelRef, list[ModelRef]] = {}
    for ref in order:
        parent = parents[ref]
        if parent is not None and ref not in heads:
            children.setdefault(parent, []).append(ref)
    totals: dict[ModelRef, int] = {}
    for ref in order:  # a type comes before the one that dominates it
        below = children.get(ref, [])
        total = size(ref) + sum(totals[child] for child in below)
        if total > most:
            heads.update(below)
            total = size(ref)
        totals[ref] = total
    pages: dict[ModelRef, ModelRef] = {}
    for ref in reversed(order):
        parent = parents[ref]
        pages[ref] = ref if ref in heads or parent is None else pages[parent]
    return pages


def _post_order(roots: list[ModelRef], uses: Mapping[ModelRef, Iterable[ModelRef]]) -> list[ModelRef]:
    found: list[ModelRef] = []
    seen: set[ModelRef] = set()
    for root in roots:
        if root in seen:
            continue
        seen.add(root)
        stack = [(root, iter(uses.get(root, ())))]
        while stack:
            ref, rest = stack[-1]
            following = next((each for each in rest if each not in seen), None)
            if following is None:
                found.append(ref)
                stack.pop()
            else:
                seen.add(following)
                stack.append((following, iter(uses.get(following, ()))))
    return found


def _dominators(
    order: list[ModelRef], roots: list[ModelRef], uses: Mapping[ModelRef, Iterable[ModelRef]]
) -> dict[ModelRef, ModelRef | None]:
    """Return the immediate dominator of each type, None for the root (algorithm of Cooper, Harvey and Kennedy)."""
    number = {ref: index for index, ref in enumerate(order)}
    top = len(order)
    users: list[list[int]] = [[] for _ in order]
    for ref in order:
        for used in uses.get(ref, ()):
            users[number[used]].append(number[ref])
    for root in roots:
        users[number[root]].append(top)
    found = [*([_ROOT] * top), top]
    changed = True
    while changed:
        changed = False
        for index in range(top - 1, -1, -1):
            new = _ROOT
            for user in users[index]:
                if found[user] != _ROOT:
                    new = user if new == _ROOT else _common(found, user, new)
            if found[index] != new:
                found[index], changed = new, True
    return {ref: None if found[index] == top else order[found[index]] for index, ref in enumerate(order)}


def _common(found: list[int], one: int, other: int) -> int:
    while one != other:
        if one < other:
            one = found[one]
        else:
            other = found[other]
    return one
