"""Resolve: from the content of the documents to the API to generate, with final names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kgen.errors import Problems
from kgen.ir import Api
from kgen.package_names import NO_NAMES, PackageNames
from kgen.resolve.catalog import Catalog
from kgen.resolve.models import model_modules
from kgen.resolve.resources import resolve_groups
from kgen.resolve.schemas import Drafter
from kgen.spec import ApiSpec

__all__ = ["Builtins", "resolve"]


@dataclass(frozen=True, slots=True)
class Builtins:
    """A generated package that has Kubernetes' own types, and the documents that it was made from."""

    package: str
    spec: ApiSpec


def resolve(
    spec: ApiSpec,
    names: Mapping[str, str],
    problems: Problems,
    builtins: Builtins | None = None,
    existing: PackageNames = NO_NAMES,
    *,
    is_whole: bool = True,
) -> Api:
    """Return everything that will be generated from `spec`.

    Args:
        spec: The content of the documents.
        names: `[tool.kgen.names]`: custom names.
        problems: Collects the problems; the caller decides how to handle them.
        builtins: The package that has Kubernetes' own types; without one they are generated.
        existing: The names in the package as it was generated before.
        is_whole: Whether no group was left out: then every key of `names` must name something.
    """
    if builtins is not None:
        spec = _without(spec, builtins.spec)
    catalog = Catalog(spec, names, problems, builtins.spec if builtins is not None else None, existing)
    drafter = Drafter(catalog, problems)
    modules = model_modules(catalog, drafter)
    refs = {name: ref for name in catalog.models if (ref := drafter.model_of(name)) is not None}
    groups, left_out = resolve_groups(spec, catalog, refs, problems)
    if is_whole:
        catalog.refuse_unknown_keys()
    package = builtins.package if builtins is not None else ""
    builtin = frozenset(ref for ref in refs.values() if catalog.is_builtin(ref.module))
    return Api(groups=groups, modules=modules, left_out=left_out, builtins=package, builtin_models=builtin)


def _without(spec: ApiSpec, known: ApiSpec) -> ApiSpec:
    names = {document.name for document in known.documents}
    return ApiSpec(tuple(document for document in spec.documents if document.name not in names), spec.notices)
