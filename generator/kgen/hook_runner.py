"""Runs the user's hooks, and looks at what they return.

Hooks are the user's own code, and trusted. What they return is checked all the same, so that a slip is an error here
and not a client that can't be imported.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import importlib
import keyword
import sys
import traceback
import types
import typing
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from kgen.config import Config
from kgen.errors import ConfigError, nearest
from kgen.hooks import ApiSpec, ClassName, Field, GroupVersion, Identifier, Model, ModelModule, ModelRef, Resource
from kgen.ir import Api
from kgen.names import camel_name
from kgen.plan import MARKER, STANDARD
from kgen.python_source import parse_bytes

__all__ = ["NO_HOOKS", "Hooks", "load_hooks"]

KNOWN: Final = ("on_file", "on_model", "on_resource", "on_spec")

_T = TypeVar("_T")

# What annotations and defaults may name anywhere, but for models and modules.
_ALWAYS: Final = ("bool", "bytes", "dict", "float", "int", "list", "str", "msgspec", "Literal", "always", "builtins")

_VERBS: Final = {
    "verbs": STANDARD,
    "status_verbs": {"get", "patch", "update"},
}


class Hooks:
    """The hooks of a project.

    Args:
        functions: By name; those that are not there change nothing.
        label: What messages call the file.
        file: The file, to find the line of an error.
    """

    def __init__(self, functions: Mapping[str, Callable[..., object]], label: str, file: str) -> None:
        self._functions = functions
        self._label = label
        self._file = file

    def spec(self, spec: ApiSpec) -> ApiSpec:
        """Return the documents as `on_spec` wants them.

        Raises:
            ConfigError: the hook fails, or returns something else.
        """
        if "on_spec" not in self._functions:
            return spec
        found = self._call("on_spec", "", spec)
        if not isinstance(found, ApiSpec):
            raise self._wrong("on_spec", "", f"returned {_kind(found)}, not an ApiSpec")
        try:
            return msgspec.convert(msgspec.to_builtins(found), ApiSpec)
        except (msgspec.ValidationError, TypeError) as error:
            raise self._wrong("on_spec", "", f"returned an ApiSpec that is wrong inside: {error}") from error

    def api(self, api: Api) -> Api:
        """Return what is to be built as `on_model` and `on_resource` want it.

        Raises:
            ConfigError: a hook fails, or what it returns can't be built.
        """
        if not {"on_model", "on_resource"} & self._functions.keys():
            return api
        changed = dataclasses.replace(
            api,
            groups=tuple(made for group in api.groups if (made := self._group(group)).resources),
            modules=tuple(self._module(module, api) for module in api.modules),
        )
        changed = _without_aliases_of(changed, _constants(api) - _constants(changed))
        self._refuse_missing(api, changed)
        return changed

    def files(self, files: Mapping[str, str]) -> dict[str, str]:
        """Return the text of every file as `on_file` wants it; empty files are not asked about.

        Raises:
            ConfigError: the hook fails, or its text is no Python or has lost the first line.
        """
        if "on_file" not in self._functions:
            return dict(files)
        return {path: self._text(path, text) if text else text for path, text in files.items()}

    # One thing each.

    def _group(self, group: GroupVersion) -> GroupVersion:
        made = [self._resource(resource, group) for resource in group.resources]
        kept = tuple(resource for resource in made if resource is not None)
        for name in ("accessor", "class_name", "constant", "module"):
            self._refuse_twice("on_resource", group.api_version, [getattr(resource, name) for resource in kept])
        return dataclasses.replace(group, resources=kept)

    def _resource(self, resource: Resource, group: GroupVersion) -> Resource | None:
        what = f"{group.accessor}.{resource.accessor}"
        found = self._checked("on_resource", what, Resource, resource, group)
        for name, known in _VERBS.items() if found is not None else ():
            for verb in sorted(getattr(found, name) - known):
                near = nearest(verb, known)
                raise self._wrong("on_resource", what, f"returned the unknown verb {verb!r}", near)
        return found

    def _module(self, module: ModelModule, api: Api) -> ModelModule:
        made = [self._model(model, module) for model in module.models]
        kept = tuple(model for model in made if model is not None)
        names = [name for model in kept for name in (model.name, *(group.name for group in model.constants))]
        names += [alias.name for alias in module.aliases]
        self._refuse_twice("on_model", module.name, names)
        needed = {name for model in kept for field in model.fields for name in _modules_of(field)}
        own = {other.name for other in api.modules} - {module.name}
        imports = tuple(sorted({*module.imports, *(own & {Identifier(name) for name in needed})}))
        changed = dataclasses.replace(module, models=kept, imports=imports)
        self._refuse_unknown(module, changed)
        return changed

    def _refuse_unknown(self, before: ModelModule, after: ModelModule) -> None:
        """Refuse a type that nothing imports: the module could be imported, and its models not be used."""
        here = [*before.imports, *after.imports, *after.builtins, *after.scalars, *after.shared, *_ALWAYS]
        here += [model.name for model in before.models] + [alias.name for alias in before.aliases]
        known = {*here, *(node.id for model in before.models for field in model.fields for node in _names(field))}
        for model in after.models:
            for field in model.fields:
                for node in _names(field):
                    if node.id not in known:
                        what = f"{after.name}.{model.name}.{field.name}"
                        raise self._wrong(
                            "on_model", what, f"names {node.id!r}, which is not there", nearest(node.id, here)
                        )

    def _model(self, model: Model, module: ModelModule) -> Model | None:
        what = f"{module.name}.{model.name}"
        found = self._checked("on_model", what, Model, model, module)
        if found is None:
            return None
        for name in ("name", "schema", "is_kind"):
            if getattr(found, name) != getattr(model, name):
                hint = "names are set in [tool.kgen.names]"
                raise self._wrong("on_model", what, f"changed {name}, by which others know the model", hint=hint)
        self._refuse_twice("on_model", what, [field.name for field in found.fields])
        for field in found.fields:
            if (why := _why_not(field)) is not None:
                raise self._wrong("on_model", f"{what}.{field.name}", why)
        return found

    def _text(self, path: str, text: str) -> str:
        found = self._call("on_file", path, path, text)
        if not isinstance(found, str):
            raise self._wrong("on_file", path, f"returned {_kind(found)}, not a str")
        if not found.startswith(MARKER):
            hint = "kgen knows its files by that line; add yours behind it"
            raise self._wrong("on_file", path, f"took the first line away, {MARKER!r}", hint=hint)
        try:
            parse_bytes(found)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise self._wrong("on_file", path, f"returned what is no Python: {error}") from error
        return str(found)

    # Calling and checking.

    def _checked(self, hook: str, what: str, type_: type[_T], value: _T, beside: object) -> _T | None:
        """Return what a hook makes of a value: another of its type, with what belongs into each place, or None."""
        if hook not in self._functions:
            return value
        found = self._call(hook, what, value, beside)
        if found is None:
            return None
        if not isinstance(found, type_):
            raise self._wrong(hook, what, f"returned {_kind(found)}, not a {type_.__name__} or None")
        if (why := next(_misfits(found, type_.__name__), None)) is not None:
            raise self._wrong(hook, what, f"returned a {type_.__name__} that is wrong inside: {why}")
        return found

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

    def _wrong(self, hook: str, what: str, why: str, near: str | None = None, *, hint: str = "") -> ConfigError:
        where = f"{self._line(hook)}, {what}" if what else self._line(hook)
        return ConfigError(
            f"{hook} {why}", where=where, hint=f"did you mean {near!r}?" if near else hint or "correct the hook"
        )

    def _refuse_twice(self, hook: str, what: str, names: Iterable[str]) -> None:
        for name, count in Counter(names).items():
            if count > 1:
                raise self._wrong(hook, what, f"made two things of the name {name!r}")

    def _refuse_missing(self, before: Api, after: Api) -> None:
        """Refuse to leave out a model that something still names."""
        gone = _models(before) - _models(after)
        for who, ref in _uses(after) if gone else ():
            if ref in gone:
                hint = f"leave it in, or change {who} too"
                raise self._wrong("on_model", str(ref), f"left out a model that {who} needs", hint=hint)


NO_HOOKS: Final = Hooks({}, "", "")
"""Those of a project without any."""


def load_hooks(config: Config) -> Hooks:
    """Return the hooks that a configuration names.

    Raises:
        ConfigError: the file can't be imported, has no hooks, or one of a name that kgen does not know.
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
    found = {name: value for name, value in vars(module).items() if name.startswith("on_")}
    for name, value in found.items():
        if name not in KNOWN or not callable(value):
            near = nearest(name, KNOWN) if name not in KNOWN else None
            known = f"hooks are functions: {', '.join(KNOWN)}"
            what = f"unknown hook {name!r}" if name not in KNOWN else f"{name} is not a function"
            raise ConfigError(what, where=label, hint=f"did you mean {near!r}?" if near else known)
    if not found:
        raise ConfigError("there are no hooks in it", where=label, hint=f"write any of {', '.join(KNOWN)}")
    return Hooks(found, label, str(getattr(module, "__file__", "")))


def _imported(hooks: Path | str, root: Path) -> types.ModuleType:
    with _first_on_path(root if isinstance(hooks, str) else hooks.parent):
        if isinstance(hooks, str):
            return importlib.import_module(hooks)
        # By hand: what Python has cached of a file may be as old as its last second.
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


def _kind(value: object) -> str:
    name = type(value).__name__
    return "nothing" if value is None else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


# What may stand where.


def _misfits(value: object, where: str) -> Iterator[str]:
    """Yield what does not belong into its place in a value object, and in those that it holds."""
    hints = typing.get_type_hints(type(value))
    for field in dataclasses.fields(typing.cast("Any", value)):
        yield from _unlike(getattr(value, field.name), hints[field.name], f"{where}.{field.name}")


def _unlike(value: object, hint: Any, where: str) -> Iterator[str]:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        if not any(next(_unlike(value, choice, where), None) is None for choice in inner):
            yield from _unlike(value, inner[0], where)
    elif not isinstance(value, origin or hint):
        yield f"{where} is {_kind(value)}, not {getattr(origin or hint, '__name__', hint)}"
    elif isinstance(value, (tuple, frozenset)):
        for item in typing.cast("Iterable[object]", value):
            yield from _unlike(item, inner[0], f"{where}[]")
    elif isinstance(value, Identifier) and (not value.isidentifier() or keyword.iskeyword(value)):
        yield f"{where} is {str(value)[:60]!r}, which can't be a name"
    elif dataclasses.is_dataclass(value):
        yield from _misfits(value, where)


def _why_not(field: Field) -> str | None:
    """Return why a field can't be printed as it is, or None."""
    try:
        ast.parse(field.annotation, mode="eval")
        default = ast.parse(field.default, mode="eval").body if field.default is not None else None
    except (SyntaxError, ValueError) as error:
        return f"has an annotation or a default that is no Python: {error}"
    said = [k.value for k in default.keywords if k.arg == "name"] if isinstance(default, ast.Call) else []
    name = said[0].value if said and isinstance(said[0], ast.Constant) else camel_name(field.name)
    if name == field.wire_name:
        return None
    return f"would call the property {field.wire_name!r} {name!r}; msgspec.field(name=...) says what it is"


# Who names whom.


def _modules_of(field: Field) -> set[str]:
    return {
        node.value.id for node in _nodes(field) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


def _names(field: Field) -> Iterator[ast.Name]:
    return (node for node in _nodes(field) if isinstance(node, ast.Name))


def _nodes(field: Field) -> Iterator[ast.AST]:
    for text in (field.annotation, field.default):
        yield from ast.walk(ast.parse(text)) if text is not None else ()


def _models(api: Api) -> set[ModelRef]:
    return {ModelRef(module.name, model.name) for module in api.modules for model in module.models}


def _constants(api: Api) -> set[ModelRef]:
    return {
        ModelRef(module.name, group.name)
        for module in api.modules
        for model in module.models
        for group in model.constants
    }


def _without_aliases_of(api: Api, gone: set[ModelRef]) -> Api:
    """Return what is to be built without other names of what a hook left out."""
    return dataclasses.replace(
        api,
        modules=tuple(
            dataclasses.replace(module, aliases=tuple(alias for alias in module.aliases if alias.target not in gone))
            for module in api.modules
        ),
    )


def _uses(api: Api) -> Iterator[tuple[str, ModelRef]]:
    """Yield every model that something names, and what that is."""
    for module in api.modules:
        for alias in module.aliases:
            yield f"the alias {module.name}.{alias.name}", alias.target
        for model in module.models:
            for field in model.fields:
                for name in _named(field):
                    owner, _, last = name.rpartition(".")
                    yield f"{module.name}.{model.name}.{field.name}", _ref(owner or module.name, last)
    for group in api.groups:
        for resource in group.resources:
            methods = [ref for method in resource.methods for ref in (method.body, method.response)]
            for ref in (resource.kind, resource.list_kind, *methods):
                if ref is not None:
                    yield f"the resource {group.accessor}.{resource.accessor}", ref


def _named(field: Field) -> Iterator[str]:
    for node in _nodes(field):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"


def _ref(module: str, name: str) -> ModelRef:
    return ModelRef(Identifier(module), ClassName(name))
