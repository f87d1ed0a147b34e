"""The table of contents: load, resolve, plan, render, verify, format."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kgen.bundled_specs import bundled_specs
from kgen.config import KUBECLIENT, Config
from kgen.errors import ConfigError, InputError, PlanError, Problem, Problems
from kgen.existing_names import read_package_names
from kgen.fields import type_text
from kgen.hook_runner import NO_HOOKS, Hooks, load_hooks
from kgen.ir import Api, Model
from kgen.load import load_all
from kgen.lost_names import lost_names
from kgen.names import Identifier
from kgen.package_names import NO_NAMES, PackageNames
from kgen.reserved_names import CLIENT_GO_GROUPS
from kgen.resolve import Builtins, resolve
from kgen.spec import ApiSpec, select

__all__ = ["Generated", "Progress", "describe", "document", "generate", "read", "understand"]

MAX_SIZE: Final = 16 << 20
"""Approximate number of characters in files that the models of a package need. All of Kubernetes needs an eighth of
it."""

Progress = Callable[[str], None]
"""Callback that receives the name of each stage when it starts."""


@dataclass(frozen=True, slots=True)
class Generated:
    """Result of a build.

    Attributes:
        files: The text of every file by its path below the output folder.
        api: Everything with its final names.
        warnings: Problems for which something was left out or simplified.
        notices: Things that were left out because the documents require it.
        lost: The change of each name in the existing package that is removed or changes its meaning.
    """

    files: Mapping[str, str]
    api: Api
    warnings: tuple[Problem, ...]
    notices: tuple[Problem, ...] = ()
    lost: tuple[str, ...] = ()


def read(config: Config) -> ApiSpec:
    """Return the content of the documents of the selected groups.

    Raises:
        InputError: A document can't be used.
        ConfigError: A group is in no document.
    """
    inputs = sorted(zip(config.specs, config.sources, strict=True), key=lambda pair: pair[1])
    spec = load_all(tuple(inputs))
    return select(spec, config.include, config.exclude, where=config.file or None)


def understand(
    config: Config,
    problems: Problems,
    hooks: Hooks | None = None,
    existing: PackageNames | None = None,
    *,
    builds: bool = True,
) -> Api:
    """Return everything that the documents declare, with final names.

    Args:
        config: The settings of the build.
        problems: Collects the problems.
        hooks: The user's hooks; read from the configuration when left out.
        existing: Existing names; those of the package in the output folder when left out.
        builds: Whether a package is made, whose name is then checked.

    Raises:
        InputError: A document can't be used, or contradicts itself.
        ConfigError: A hook is wrong.
    """
    _, api, _ = _understand(config, problems, hooks or load_hooks(config), existing, builds=builds)
    return api


def _understand(
    config: Config, problems: Problems, hooks: Hooks, existing: PackageNames | None, *, builds: bool
) -> tuple[ApiSpec, Api, Builtins | None]:
    """Return the content of the documents, everything that they declare, and the package with Kubernetes' own types."""
    spec = hooks.spec(read(config))
    problems.note(spec.notices)
    problems.add(spec.warnings)
    existing = read_package_names(config.output, config.package) if existing is None else existing
    is_whole = not (config.include or config.exclude)
    builtins = _builtins(config, spec, builds=builds)
    api = resolve(spec, config.names, problems, builtins, existing, is_whole=is_whole)
    if builds and not (api.groups or problems.errors):
        problems.warn(
            "the package has no resource: no input declares one that kgen can read",
            where=config.source,
            hint="name CRD manifests, or OpenAPI documents whose operations have x-kubernetes-group-version-kind",
        )
    problems.raise_errors()
    return spec, hooks.api(api), builtins


def describe(specs: Path, before: Api | None = None) -> Api:
    """Return the content of documents, with kgen's defaults.

    Args:
        specs: A folder or a file.
        before: The content of an earlier version of the documents, whose names are kept.

    Raises:
        InputError: A document can't be used.
    """
    config = Config(specs=(specs,), sources=(specs.name,), output=specs, package="described")
    return understand(config, Problems(), NO_HOOKS, PackageNames.of(before) if before is not None else NO_NAMES)


def _builtins(config: Config, spec: ApiSpec, *, builds: bool) -> Builtins | None:
    """Return the package with Kubernetes' own types; None if they are generated, too.

    By default, they are generated if the documents have a group of Kubernetes.
    """
    has_own = any(document.version and document.group in CLIENT_GO_GROUPS for document in spec.documents)
    if (config.builtins or ("generate" if has_own else "kubeclient")) == "generate":
        return None
    if builds and config.package == KUBECLIENT:
        raise ConfigError(
            f"the package can't be called {KUBECLIENT!r}: it imports Kubernetes' own types from it",
            where=config.file or None,
            hint="name yours: package = 'myclient' below [tool.kgen], or --package myclient",
        )
    specs = bundled_specs()
    return Builtins(KUBECLIENT, load_all([(specs, f"specs/{specs.name}")]))


def generate(config: Config, progress: Progress = lambda _: None) -> Generated:
    """Make the package in memory.

    Args:
        config: The settings of the build.
        progress: Called with the name of each stage.

    Raises:
        KgenError: A document, a template or the configuration is wrong, or the result is too large.
    """
    # Imported here: jinja2, datamodel-code-generator and ruff need more time to import than a build that has nothing to
    # do.
    from kgen.format import format_files
    from kgen.models import class_sources
    from kgen.plan import plan
    from kgen.render import comments_of, render, templates_folder
    from kgen.schema_data import schema_files
    from kgen.verify import verify

    problems = Problems(strict=config.strict)
    progress(f"reading {config.source}")
    hooks = load_hooks(config)
    existing = read_package_names(config.output, config.package)
    spec, api, _ = _understand(config, problems, hooks, existing, builds=True)
    _refuse_huge(api, config)
    progress(f"making {sum(len(module.models) for module in api.modules)} models")
    own = config.templates is not None and (config.templates / "models" / "msgspec.jinja2").is_file()
    with _blaming_the_user(config):
        classes = class_sources(api.modules, config.templates if own and config.templates else templates_folder())
        progress("rendering")
        base = config.core and api.builtins
        rendered = render(plan(api, classes, config.package, config.source, base or ""), config.templates)
        verify(rendered, api.modules, config.package, api.builtins, comments_of(config.templates))
    rendered = hooks.files(rendered)
    progress(f"formatting {len(rendered)} files")
    with _blaming_the_user(config):
        files = {**format_files(rendered), **schema_files(spec, api, config.package, config.source)}
    return Generated(files, api, problems.warnings, problems.notices, lost_names(existing, PackageNames.of(api)))


def document(config: Config, problems: Problems) -> dict[str, str]:
    """Return the pages of the reference of a package, by their path.

    Args:
        config: The settings of the package.
        problems: Collects the problems.

    Raises:
        KgenError: A document or the configuration is wrong, or the result is too large.
    """
    from kgen.docs import plan_pages
    from kgen.docs.elsewhere import Elsewhere
    from kgen.earlier import history
    from kgen.render import render

    hooks = load_hooks(config)
    _, api, builtins = _understand(config, problems, hooks, None, builds=True)
    _refuse_huge(api, config)
    past = history(config, api, hooks, builtins)
    outside = None
    if builtins is not None:
        package, documents = builtins.package, builtins.spec
        outside = Elsewhere(package, config.kubeclient_docs, lambda: resolve(documents, {}, Problems())).link
    return render(plan_pages(api, config.package, config.source, past, outside))


def _refuse_huge(api: Api, config: Config) -> None:
    """Refuse documents whose package would need minutes and gigabytes to build, and would be too large for editors."""
    size = sum(_size(model, module.name) for module in api.modules for model in module.models)
    if size > MAX_SIZE:
        raise InputError(
            f"the documents make {size >> 20} MiB of models; kgen makes at most {MAX_SIZE >> 20} MiB in one package",
            where=config.source,
            hint="build fewer groups: include = [...] below [tool.kgen], or --include; all of Kubernetes takes 2 MiB",
        )


def _size(model: Model, module: Identifier) -> int:
    fields = ((type_text(field.type, module), field.doc) for field in model.fields)
    return 400 + len(model.doc) + sum(200 + len(annotation) + len(doc) for annotation, doc in fields)


@contextlib.contextmanager
def _blaming_the_user(config: Config) -> Generator[None]:
    """Report an output that differs from the plan as an error of the user's templates or hooks, if they exist."""
    from jinja2 import TemplateError, TemplateSyntaxError

    try:
        yield
    except (PlanError, TemplateError, TypeError, ValueError) as error:
        if config.templates is None:
            if config.hooks is not None and isinstance(error, PlanError):
                hint = "correct the return values of the hooks, or build without them"
                raise ConfigError(error.what, where=error.where, hint=hint) from error
            raise
        line = f"line {error.lineno}" if isinstance(error, TemplateSyntaxError) else ""
        where = error.where if isinstance(error, PlanError) else line
        raise ConfigError(
            error.what if isinstance(error, PlanError) else f"a template is wrong: {error}",
            where=where or config.templates.name,
            hint=f"correct the templates in {config.templates.name!r}, or build without them",
        ) from error
