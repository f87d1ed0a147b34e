"""Resolve: from what the documents say to what will be generated, with final names."""

from __future__ import annotations

from collections.abc import Mapping

from kgen.errors import Problems
from kgen.ir import Api
from kgen.resolve.catalog import Catalog
from kgen.resolve.resources import resolve_groups
from kgen.resolve.schemas import Models
from kgen.spec import ApiSpec

__all__ = ["resolve"]


def resolve(spec: ApiSpec, names: Mapping[str, str], problems: Problems) -> Api:
    """Return everything that will be generated from `spec`.

    Args:
        spec: What the documents say.
        names: `[tool.kgen.names]`: names set by hand.
        problems: Where what is wrong is collected; the caller decides what to do about it.
    """
    catalog = Catalog(spec, names, problems)
    models = Models(catalog, problems)
    modules = models.modules()
    refs = {name: ref for name in catalog.models if (ref := models.model_of(name)) is not None}
    groups, left_out = resolve_groups(spec, catalog, refs, problems)
    return Api(groups=groups, modules=modules, left_out=left_out)
