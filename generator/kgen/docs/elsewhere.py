"""Links to the types of kubeclient, which the reference of kubeclient describes."""

from __future__ import annotations

import functools
import posixpath
from collections.abc import Callable
from typing import Final

from kgen.docs.history import History
from kgen.docs.pages import Reference
from kgen.ir import Api, ModelRef
from kgen.names import Identifier
from kgen.text import Code, code

__all__ = ["Elsewhere"]


class Elsewhere:
    """The reference of the package that has Kubernetes' own types.

    Args:
        package: The import name of that package.
        place: Its address, or its folder relative to that of the pages; "" if types are named without a link.
        api: Returns the API of that package. It is only called for a page that names one of its types.
    """

    def __init__(self, package: str, place: str, api: Callable[[], Api]) -> None:
        self._package: Final = Identifier(package)
        self._place: Final = place
        self._api: Final = api

    def link(self, ref: ModelRef, page: str) -> Code:
        """Return a link to a type from the page with a path, or the full name of the type if it has no page."""
        found = self._reference.place(ref) if self._place else None
        if found is None:
            return code(f"`{self._package}.models.{ref}`")
        path, anchor = found
        if "://" in self._place:
            target = f"{self._place.rstrip('/')}/{path.removesuffix('.md')}/"
        else:
            target = posixpath.relpath(posixpath.join(self._place, path), posixpath.dirname(page) or ".")
        return code(f"[`{ref}`]({target}{f'#{anchor}' if anchor else ''})")

    @functools.cached_property
    def _reference(self) -> Reference:
        api = self._api()
        return Reference(api, self._package, code(""), History((), api))
