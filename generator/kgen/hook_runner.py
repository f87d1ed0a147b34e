"""Runs the hooks of the user between the stages of a build.

Hooks are the user's own code, and trusted. Their results are checked all the same, so that a mistake is an error here
instead of a client that cannot be imported.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import traceback
import types
from collections.abc import Callable, Generator, Iterable, Mapping
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from kgen.config import Config
from kgen.errors import ConfigError, nearest
from kgen.hook_results import (
    Fault,
    api_faults,
    converted,
    group_faults,
    kind_of,
    model_faults,
    module_faults,
    resource_faults,
)
from kgen.hooks import ApiSpec, GroupVersion, Model, ModelModule, ModelRef, Resource
from kgen.ir import Api
from kgen.plan.headers import MARKER
from kgen.python_source import parse_bytes

__all__ = ["NO_HOOKS", "Hooks", "load_hooks"]

KNOWN: Final = ("on_file", "on_model", "on_resource", "on_spec")

_T = TypeVar("_T", Model, Resource)


class Hooks:
    """The hooks of a project.

    Args:
        functions: By name; missing ones change nothing.
        label: The name of the file in messages.
        file: The file, to find the line of an error.
    """

    def __init__(self, functions: Mapping[str, Callable[..., object]], label: str, file: str) -> None:
        self._functions = functions
        self._label = label
        self._file = file

    def spec(self, spec: ApiSpec) -> ApiSpec:
        """Return the documents as `on_spec` wants them.

        Raises:
            ConfigError: The hook fails, or returns something else.
        """
        if "on_spec" not in self._functions:
            return spec
        result = self._call("on_spec", "", spec)
        if not isinstance(result, ApiSpec):
            raise self._wrong("on_spec", "", f"returned {kind_of(result)}, not an ApiSpec")
        try:
            return msgspec.convert(msgspec.to_builtins(result), ApiSpec)
        except (msgspec.ValidationError, TypeError) as error:
            raise self._wrong("on_spec", "", f"returned an ApiSpec that is wrong inside: {error}") from error

    def api(self, api: Api) -> Api:
        """Return the API as changed by `on_model` and `on_resource`.

        Raises:
            ConfigError: A hook fails, or its result cannot be built.
        """
        if not {"on_model", "on_resource"} & self._functions.keys():
            return api
        changed = replace(
            api,
            groups=tuple(made for group in api.groups if (made := self._group(group)).resources),
            modules=tuple(self._module(module) for module in api.modules),
        )
        changed = _without_aliases_of(changed, _constants(api) - _constants(changed))
        self._refuse("on_model", "", api_faults(api, changed))
        return changed

    def files(self, files: Mapping[str, str]) -> dict[str, str]:
        """Return the text of every file as changed by `on_file`; empty files are not passed to it.

        Raises:
            ConfigError: The hook fails, or its text is not valid Python or has lost the first line.
        """
        if "on_file" not in self._functions:
            return dict(files)
        return {path: self._text(path, text) if text else text for path, text in files.items()}

    # One thing each.

    def _group(self, group: GroupVersion) -> GroupVersion:
        resources = [self._resource(resource, group) for resource in group.resources]
        changed = replace(group, resources=tuple(resource for resource in resources if resource is not None))
        self._refuse("on_resource", group.api_version, group_faults(changed.resources))
        return changed

    def _resource(self, resource: Resource, group: GroupVersion) -> Resource | None:
        what = f"{group.accessor}.{resource.accessor}"
        result = self._result("on_resource", what, resource, group)
        if result is not None:
            self._refuse("on_resource", what, resource_faults(result))
        return result

    def _module(self, module: ModelModule) -> ModelModule:
        models = [self._model(model, module) for model in module.models]
        changed = replace(module, models=tuple(model for model in models if model is not None))
        self._refuse("on_model", module.name, module_faults(changed))
        return changed

    def _model(self, model: Model, module: ModelModule) -> Model | None:
        what = f"{module.name}.{model.name}"
        result = self._result("on_model", what, model, module)
        if result is not None:
            self._refuse("on_model", what, model_faults(result, model))
        return result

    def _text(self, path: str, text: str) -> str:
        result = self._call("on_file", path, path, text)
        if not isinstance(result, str):
            raise self._wrong("on_file", path, f"returned {kind_of(result)}, not a str")
        if not result.startswith(MARKER):
            hint = "kgen knows its files by that line; add yours behind it"
            raise self._wrong("on_file", path, f"took the first line away, {MARKER!r}", hint=hint)
        try:
            parse_bytes(result)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise self._wrong("on_file", path, f"returned text that is not valid Python: {error}") from error
        return str(result)

    # Calling and checking.

    def _result(self, hook: str, what: str, value: _T, beside: object) -> _T | None:
        """Return the result of a hook for a model or a resource: another one, or None to leave it out."""
        if hook not in self._functions:
            return value
        result = self._call(hook, what, value, beside)
        if result is None:
            return None
        if not isinstance(result, type(value)):
            raise self._wrong(hook, what, f"returned {kind_of(result)}, not a {type(value).__name__} or None")
        checked = converted(result)
        if isinstance(checked, Fault):
            raise self._wrong(hook, what, checked.why)
        return checked

    def _call(self, hook: str, what: str, *arguments: object) -> object:
        try:
            return self._functions[hook](*arguments)
        except (Exception, SystemExit) as error:
            place = _place(error, self._file, self._label) or self._line(hook)
            raise ConfigError(
                f"{hook} failed: {type(error).__name__}: {error}",
                where=f"{place}, {what}" if what else place,
                hint="correct the hook",
            ) from error

    def _line(self, hook: str) -> str:
        code = getattr(self._functions[hook], "__code__", None)
        return f"{self._label}:{code.co_firstlineno}" if code is not None else self._label

    def _refuse(self, hook: str, what: str, faults: Iterable[Fault]) -> None:
        for fault in faults:
            part = f"{what}{fault.what}" if fault.what.startswith(".") else fault.what or what
            raise self._wrong(hook, part, fault.why, hint=fault.hint)

    def _wrong(self, hook: str, what: str, why: str, *, hint: str = "") -> ConfigError:
        where = f"{self._line(hook)}, {what}" if what else self._line(hook)
        return ConfigError(f"{hook} {why}", where=where, hint=hint or "correct the hook")


NO_HOOKS: Final = Hooks({}, "", "")
"""Those of a project without any."""


def load_hooks(config: Config) -> Hooks:
    """Return the hooks that a configuration names.

    Raises:
        ConfigError: The file can't be imported, has no hooks, or one of a name that kgen does not know.
    """
    if config.hooks is None:
        return NO_HOOKS
    label = config.hooks if isinstance(config.hooks, str) else config.hooks.name
    try:
        module = _imported(config.hooks, config.root)
    except (Exception, SystemExit) as error:
        file = "" if isinstance(config.hooks, str) else str(config.hooks)
        raise ConfigError(
            f"the hooks can't be imported: {type(error).__name__}: {error}",
            where=_place(error, file, label) or label,
            hint="correct the file, or the key hooks",
        ) from error
    functions = {name: value for name, value in vars(module).items() if name.startswith("on_")}
    for name, value in functions.items():
        if name not in KNOWN or not callable(value):
            near = nearest(name, KNOWN) if name not in KNOWN else None
            known = f"hooks are functions: {', '.join(KNOWN)}"
            what = f"unknown hook {name!r}" if name not in KNOWN else f"{name} is not a function"
            raise ConfigError(what, where=label, hint=f"did you mean {near!r}?" if near else known)
    if not functions:
        raise ConfigError("there are no hooks in it", where=label, hint=f"write any of {', '.join(KNOWN)}")
    return Hooks(functions, label, str(getattr(module, "__file__", "")))


def _imported(hooks: Path | str, root: Path) -> types.ModuleType:
    with _first_on_path(root if isinstance(hooks, str) else hooks.parent):
        if isinstance(hooks, str):
            return importlib.import_module(hooks)
        # Not from Python's cache: its version of a file may be a second old.
        module = types.ModuleType("_kgen_hooks")
        module.__file__ = str(hooks)
        sys.modules[module.__name__] = module
        exec(compile(hooks.read_bytes(), str(hooks), "exec"), vars(module))  # noqa: S102 - the user's own  # nosec
        return module


@contextlib.contextmanager
def _first_on_path(folder: Path) -> Generator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _place(error: BaseException, file: str, label: str) -> str:
    """Return the line of the hooks that an error comes from, or ""."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return f"{label}:{error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if file and frame.filename == file]
    return f"{label}:{lines[-1]}" if lines else ""


def _constants(api: Api) -> set[ModelRef]:
    return {
        ModelRef(module.name, group.name)
        for module in api.modules
        for model in module.models
        for group in model.constants
    }


def _without_aliases_of(api: Api, gone: set[ModelRef]) -> Api:
    """Return the API without other names of anything that a hook left out."""
    modules = [
        replace(module, aliases=tuple(alias for alias in module.aliases if alias.target not in gone))
        for module in api.modules
    ]
    return replace(api, modules=tuple(modules))
