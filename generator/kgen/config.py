"""Configuration: `[tool.kgen]` of pyproject.toml, or kgen.toml, overridden by the command line."""

from __future__ import annotations

import keyword
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from kgen import text
from kgen.bundled_specs import bundled_specs, named_specs, require_existing
from kgen.errors import ConfigError
from kgen.setting_rules import CONTEXT_VERSION, KUBECLIENT, KUBECLIENT_DOCS, check_setting, is_identifier
from kgen.settings import FILES, Settings, current_folder, find_file, nearest_folder, place_of, read_file

__all__ = [
    "CONTEXT_VERSION",
    "KUBECLIENT",
    "Config",
    "Inputs",
    "load_config",
    "named_inputs",
]


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of a build. Paths are absolute.

    Attributes:
        specs: The folders and files of documents.
        sources: The name of each in generated files and messages: relative to the project, never a path of a machine.
        builtins: `kubeclient`, `generate`, or "" to decide by the content of the documents.
        core: Whether the clientset has the groups of the package `kubeclient`, too.
        output: The folder that gets the package.
        package: The import name of the package.
        include: Groups or group versions to build; all when empty.
        exclude: Groups or group versions to leave out.
        templates: A folder whose templates are taken before kgen's own, or None.
        hooks: The file of hooks, the name of a module of them, or None.
        earlier: Inputs of earlier releases, from the oldest to the newest: each as it is written, with the path that
            this means, unless it names a version of Kubernetes. They may be missing.
        release: The name of the release that `specs` are of, "" if it is not set.
        kubeclient_docs: The address or the folder of the reference of kubeclient, "" for no links to it.
        root: The project, searched first for a module of hooks.
        names: Custom names.
        strict: Whether a warning stops the build.
        file: The file that was read, for messages; "" if there is none.
    """

    specs: tuple[Path, ...]
    sources: tuple[str, ...]
    output: Path
    builtins: str = ""
    core: bool = True
    package: str = "kubeclient"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    templates: Path | None = None
    hooks: Path | str | None = None
    earlier: tuple[tuple[str, Path], ...] = ()
    release: str = ""
    kubeclient_docs: str = KUBECLIENT_DOCS
    root: Path = Path()
    names: Mapping[str, str] = {}
    strict: bool = False
    file: str = ""

    @property
    def source(self) -> str:
        """The common name of the documents in generated files and messages, regardless of their order."""
        return ", ".join(sorted(self.sources))


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """Files of the user that a build reads, whether or not they exist. Paths are absolute.

    Attributes:
        files: Existing and possible configuration files.
        paths: Documents, templates and hooks, each a file or a folder.
        package: The folder of the package that it writes.
    """

    files: tuple[Path, ...]
    paths: tuple[Path, ...]
    package: Path


def load_config(
    overrides: Settings | None = None, *, cwd: Path | None = None, file: Path | None = None, builds: bool = True
) -> Config:
    """Return the configuration of the project that a folder is in.

    The nearest folder upwards that holds a kgen.toml, or a pyproject.toml with `[tool.kgen]`, is the project; its paths
    are relative to it. Without one the folder itself is, with the defaults.

    Args:
        overrides: The options of the command line; their paths are relative to `cwd`.
        cwd: The folder; by default the current one.
        file: A configuration file to read instead of looking for one.
        builds: Whether a package is made; if not, its name and the templates are not checked.

    Raises:
        ConfigError: The configuration is invalid; the error names the file, the key and the nearest match.
    """
    here = current_folder(cwd)
    settings_file = here / file if file is not None else find_file(here)
    root = settings_file.parent if settings_file is not None else here
    from_file = read_file(settings_file) if settings_file is not None else Settings()
    return _merge(
        from_file, overrides or Settings(), root, here, settings_file.name if settings_file is not None else "", builds
    )


def named_inputs(
    overrides: Settings, *, cwd: Path | None = None, file: Path | None = None, unread: bool = False
) -> Inputs:
    """Return the files that a build reads, even if some are missing.

    Args:
        overrides: The options of the command line; their paths are relative to `cwd`.
        cwd: The folder; by default the current one.
        file: A configuration file to read instead of looking for one.
        unread: Whether to use only the command line, because the file cannot be read.

    Raises:
        ConfigError: The file can't be read, or is invalid.
    """
    here = current_folder(cwd)
    settings_file = None if unread else here / file if file is not None else find_file(here)
    root = settings_file.parent if settings_file is not None else nearest_folder(here) if unread else here
    from_file = read_file(settings_file) if settings_file is not None else Settings()
    both = _Layers(from_file, overrides, root, here, settings_file.name if settings_file is not None else "")
    above = [folder for folder in (here, *here.parents) if folder.is_relative_to(root)]
    places = [here / file] if file is not None else [folder / name for folder in above for name in FILES]
    output = both.path("output") or root / "generated"
    named = [Path(os.path.normpath(path)) for path in both.inputs()]
    return Inputs(files=tuple(places), paths=tuple(named), package=output / _package(both))


@dataclass(frozen=True, slots=True)
class _Layers:
    """Values of the file and of the command line, and the folders that paths of each are relative to."""

    settings: Settings
    flags: Settings
    root: Path
    cwd: Path
    file: str

    def value(self, key: str) -> tuple[Any, Path, str]:
        """Return the value of a key, the folder that it is relative to if it is a path, and its origin."""
        flag = getattr(self.flags, key)
        if flag is not None or not self.file:
            return flag, self.cwd, f"--{key.replace('_', '-')}"
        return getattr(self.settings, key), self.root, place_of(self.file, key)

    def specs(self) -> tuple[Path, ...]:
        """Return the inputs, all of which exist."""
        value, base, where = self.value("specs")
        if value is None:
            return ()
        paths = tuple(self._input(item, base, where) for item in ((value,) if isinstance(value, str) else value))
        if not paths:
            raise ConfigError("the list is empty", where=where, hint="name a file or a folder, or leave the key out")
        return paths

    def _input(self, value: str, base: Path, where: str) -> Path:
        check_setting("specs", value, where)
        return named_specs(value, self._placed(value, base, where), where)

    def path(self, key: str) -> Path | None:
        """Return a path that need not exist, or None if it is not set."""
        value, base, where = self.value(key)
        return None if value is None else self._placed(value, base, where)

    def named_paths(self, key: str) -> tuple[tuple[str, Path], ...]:
        """Return the values of a key that has one or several, each with its path, which need not exist."""
        value, base, where = self.value(key)
        items = (value,) if isinstance(value, str) else value or ()
        return tuple((item, self._placed(item, base, where)) for item in items)

    def inputs(self) -> list[Path]:
        """Return the files that are read in addition to the configuration, whether or not they exist."""
        paths = [path for _, path in self.named_paths("specs")]
        templates = self.path("templates")
        hooks = self.value("hooks")[0]
        if hooks is not None and _is_module(hooks):
            top = hooks.partition(".")[0]
            return [*paths, *([templates] if templates else []), self.root / top, self.root / f"{top}.py"]
        return [path for path in (*paths, templates, self.path("hooks")) if path is not None]

    def _placed(self, value: str, base: Path, where: str) -> Path:
        check_setting("path", value, where)
        try:
            return Path(base, Path(value).expanduser())
        except RuntimeError as error:
            raise ConfigError(
                f"{value!r} begins with the home folder of nobody", where=where, hint="write the path in full"
            ) from error

    def existing(self, key: str) -> Path | None:
        """Return an existing path, or None if it is not set."""
        path = self.path(key)
        if path is not None:
            require_existing(path, self.value(key)[2])
        return path


def _merge(from_file: Settings, flags: Settings, root: Path, cwd: Path, file: str, builds: bool) -> Config:
    both = _Layers(from_file, flags, root, cwd, file)
    # Sorted: the order in which inputs are named changes nothing that is made of them.
    chosen = sorted((_source(path, root), path) for path in both.specs() or (bundled_specs(),))
    return Config(
        specs=tuple(path for _, path in chosen),
        sources=tuple(source for source, _ in chosen),
        builtins=_checked(both, "builtins", ""),
        core=from_file.core is not False,
        output=both.path("output") or root / "generated",
        package=_package(both) if builds else both.value("package")[0] or KUBECLIENT,
        include=_first(flags.include, from_file.include),
        exclude=_first(flags.exclude, from_file.exclude),
        templates=_templates(both) if builds else None,
        hooks=_hooks(both),
        earlier=both.named_paths("earlier"),
        release=both.value("release")[0] or "",
        kubeclient_docs=_checked(both, "kubeclient_docs", KUBECLIENT_DOCS),
        root=root,
        names=_names(from_file.names or {}, file),
        strict=bool(flags.strict if flags.strict is not None else from_file.strict),
        file=file,
    )


def _checked(both: _Layers, key: str, otherwise: str) -> str:
    value, _, where = both.value(key)
    if value is None:
        return otherwise
    check_setting(key, value, where)
    return str(value)


def _first(*choices: tuple[str, ...] | None) -> tuple[str, ...]:
    return next((tuple(sorted(set(choice))) for choice in choices if choice), ())


def _templates(both: _Layers) -> Path | None:
    version, _, where = both.value("templates_context")
    if version is not None:
        check_setting("templates_context", version, where)
    folder = both.existing("templates")
    if folder is not None and not folder.is_dir():
        raise ConfigError(
            f"{folder.name!r} is not a folder",
            where=both.value("templates")[2],
            hint="name the folder that holds the templates",
        )
    return folder


def _hooks(both: _Layers) -> Path | str | None:
    value, _, where = both.value("hooks")
    if value is None:
        return None
    if _is_module(value):
        return str(value)
    file = both.existing("hooks")
    if file is None or not file.is_file():
        raise ConfigError(f"{value!r} is not a file", where=where, hint="name a Python file, or a module")
    return file


def _is_module(hooks: str) -> bool:
    return not hooks.endswith(".py") and all(part.isidentifier() for part in hooks.split("."))


def _source(specs: Path, root: Path) -> str:
    """Return what to call the documents: the same in every checkout and on every machine."""
    if specs.parent.name == "specs":
        return f"specs/{specs.name}"
    try:
        inside = specs.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return specs.name
    return inside if inside != "." else "."


def _package(both: _Layers) -> str:
    value, _, where = both.value("package")
    name = KUBECLIENT if value is None else str(value)
    check_setting("package", name, where)
    return name


def _names(names: Mapping[str, str], file: str) -> Mapping[str, str]:
    for key, value in names.items():
        if not is_identifier(value):
            raise ConfigError(
                f"{value!r} can't be a name in Python",
                where=place_of(file, f"names.{key!r}"),
                hint="write letters, digits and underscores, and not a keyword: "
                f"{text.string(key)} = {text.string(_nearest_identifier(value))}",
            )
    return dict(sorted(names.items()))


def _nearest_identifier(value: str) -> str:
    bare = re.sub(r"[^A-Za-z0-9_]+", "_", value).strip("_")
    name = bare if bare and not bare[0].isdigit() else f"name_{bare}".rstrip("_")
    return f"{name}_" if keyword.iskeyword(name) else name
