"""The changes between the earlier releases that the configuration names, up to the documents of the package."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kgen.bundled_specs import named_specs
from kgen.config import Config
from kgen.difference import changes
from kgen.docs.history import History, Release, read_changes
from kgen.errors import ConfigError, Problems
from kgen.hook_runner import Hooks
from kgen.ir import Api
from kgen.load import load_all
from kgen.package_names import PackageNames
from kgen.resolve import Builtins, resolve
from kgen.spec import selected

__all__ = ["history", "release_of"]


def history(config: Config, api: Api, hooks: Hooks, builtins: Builtins | None) -> History:
    """Return the history of the names of a package.

    Args:
        config: The settings of the package, which name the earlier releases.
        api: The package.
        hooks: The user's hooks, which get the earlier documents, too.
        builtins: The package that has Kubernetes' own types.

    Raises:
        ConfigError: The releases do not follow each other.
        InputError: A document or a file of changes is invalid.
    """
    if not config.earlier:
        return History((), api)
    return History(tuple(_releases(config, api, hooks, builtins)), api)


def release_of(path: Path) -> str:
    """Return the name of the release that a folder of documents, or a file of documents or of changes, has."""
    return path.stem if path.is_file() else path.name


def _releases(config: Config, api: Api, hooks: Hooks, builtins: Builtins | None) -> Iterator[Release]:
    existing = PackageNames.of(api)
    name = ""
    before: Api | None = None
    for word, given in config.earlier:
        path = named_specs(word, given, "earlier")
        previous, name = name, release_of(path)
        found = read_changes(path)
        if found is None:
            now = _described(path, config, existing, hooks, builtins)
            yield from _between(previous, before, name, now)
            before = now
        else:
            _refuse_repeated(previous, name)
            yield Release(name, found)
            before = None
    yield from _between(name, before, _release(config), api)


def _between(previous: str, before: Api | None, name: str, now: Api) -> Iterator[Release]:
    """Yield the release of documents, if anything is known of the release before it."""
    if before is not None:
        _refuse_repeated(previous, name)
        yield Release(name, changes(before, now))
    elif previous not in ("", name):
        raise ConfigError(
            f"the changes from {previous!r} to {name!r} are unknown",
            where="earlier",
            hint=f"after a file of changes, name the documents of the same release: a file or folder {previous!r}",
        )


def _refuse_repeated(previous: str, name: str) -> None:
    if previous == name:
        raise ConfigError(
            f"the release {name!r} is named twice",
            where="earlier",
            hint="files and folders have the names of their releases; --release names that of the package",
        )


def _release(config: Config) -> str:
    """Return the name of the release that the documents of the package are of."""
    if config.release:
        return config.release
    names = {release_of(path) for path in config.specs}
    name = names.pop() if len(names) == 1 else ""
    if any(character.isdigit() for character in name):
        return name
    raise ConfigError(
        "earlier releases are named, but not the release of the documents",
        where="release",
        hint="write release = '1.1' below [tool.kgen], or --release 1.1",
    )


def _described(path: Path, config: Config, existing: PackageNames, hooks: Hooks, builtins: Builtins | None) -> Api:
    """Return the API in earlier documents, with the names that the package has today."""
    problems = Problems()  # The warnings are those of a build that is over.
    spec = selected(load_all([(path, path.name)]), config.include, config.exclude)
    api = resolve(hooks.spec(spec), config.names, problems, builtins, existing, is_whole=False)
    problems.raise_errors()
    return hooks.api(api)
