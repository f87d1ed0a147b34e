"""Manifests: YAML and JSON with Kubernetes objects, as for `kubectl apply -f`.

Each object becomes its generated model, or a dictionary if no model is known. A model's module is imported when the
first object of its group version is met.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.codec import decode, encode, yaml
from kubecore.errors import DecodeError
from kubecore.model.model import Model

__all__ = [
    "EXTENSIONS",
    "Lookup",
    "Models",
    "dump_manifests",
    "load_manifest_files",
    "load_manifests",
    "models_of",
]

Lookup: TypeAlias = Callable[[str, str], type[Model] | None]
"""Accepts apiVersion and kind; returns the model, None if there is none."""

Models: TypeAlias = Mapping[tuple[str, str], type[Model]] | Lookup
"""How models are known: by (apiVersion, kind), or by a function of the two."""

EXTENSIONS: Final = (".json", ".yaml", ".yml")
"""Files of a folder that hold manifests, as for kubectl."""


def load_manifests(
    data: bytes | str, *, models: Models | None = None, source: str = ""
) -> list[Model | dict[str, Any]]:
    """Read the objects of a text.

    Args:
        data: YAML, of one or many documents, or JSON; UTF-8. Empty documents are skipped, and lists are replaced by
            their items: the kind List of v1, and typed lists such as PodList.
        models: Which class an object has; without it, those of the package `kubeclient`. `{}` for dictionaries only.
        source: The name of the text in errors, such as a file's name.

    Returns:
        The objects in their order: models, and dictionaries if no model is known.

    Raises:
        DecodeError: The text is not YAML, a document is not an object with apiVersion and kind, or an object does not
            fit its model; the error names the source, the document with its line, and the path of the field.
    """
    lookup = _lookup(models)
    return [
        _typed(found, lookup)
        for document in yaml.documents(data, source=source)
        if document.value is not None
        for found in _objects(document.value, _where(source, document), "", None)
    ]


def load_manifest_files(
    path: str | Path, *, models: Models | None = None, recursive: bool = False
) -> list[Model | dict[str, Any]]:
    """Read the objects of a file, or of all manifests of a folder in the order of their names.

    Args:
        path: A file of any name, or a folder, of which files ending in .json, .yaml and .yml are read.
        models: As for `load_manifests`.
        recursive: Whether to read folders in the folder too.

    Returns:
        The objects in their order.

    Raises:
        DecodeError: As for `load_manifests`; or a file can't be read, or the folder holds no manifests.
    """
    return [
        found
        for file in _files(Path(path), recursive=recursive)
        for found in load_manifests(_read(file), models=models, source=str(file))
    ]


def dump_manifests(objects: Iterable[Model | Mapping[str, Any]]) -> str:
    """Write objects as YAML that kubectl reads.

    Args:
        objects: Models, and mappings shaped as JSON.

    Returns:
        One document an object, with `---` between; "" without objects.

    Raises:
        EncodeError: A value has no form in JSON; the error names its path.
    """
    return "---\n".join(yaml.dump(encode.to_dict(found)) for found in objects)


def models_of(package: str) -> Lookup:
    """Return the models of a generated package; modules are imported when they are needed.

    Args:
        package: The package's name, such as `kubeclient`. One that is not installed has no models.

    Returns:
        The function that finds a model; None if the package does not have it.
    """

    @functools.lru_cache(maxsize=1024)
    def find(api_version: str, kind: str) -> type[Model] | None:
        for name in _module_names(api_version):
            found = _model(f"{package}.models", name, api_version, kind)
            if found is not None:
                return found
        return None

    return find


class _Object(NamedTuple):
    """An object of a text, and where it stands."""

    data: dict[str, Any]
    where: str
    path: str


class _Defaults(NamedTuple):
    """Default apiVersion and kind for items of a typed list."""

    api_version: str
    kind: str


def _objects(data: Any, where: str, path: str, defaults: _Defaults | None) -> Iterator[_Object]:
    """Find the objects of a document: itself, or a list's items, which may be lists."""
    if not is_json_object(data):
        _refuse(where, path, f"expected an object with apiVersion and kind, found {_kind_of(data)}")
    found = dict(data)
    if defaults is not None:
        found = {"apiVersion": defaults.api_version, "kind": defaults.kind, **found}
    api_version, kind = (_text(found, name, where, path) for name in ("apiVersion", "kind"))
    if not _is_list(api_version, kind, found):
        yield _Object(found, where, path)
        return
    items = found.get("items")
    if items is not None and not is_json_array(items):
        _refuse(where, _joined(path, "items"), f"expected a list, found {_kind_of(items)}")
    own = _Defaults(api_version, kind.removesuffix("List")) if kind != "List" else None
    for index, item in enumerate(items or ()):
        yield from _objects(item, where, f"{_joined(path, 'items')}[{index}]", own)


def _is_list(api_version: str, kind: str, data: Mapping[str, Any]) -> bool:
    return (api_version, kind) == ("v1", "List") or (kind.endswith("List") and kind != "List" and "items" in data)


def _text(data: Mapping[str, Any], name: str, where: str, path: str) -> str:
    value = data.get(name)
    if value is None or value == "":
        _refuse(where, path, f"{name} is missing: an object needs apiVersion and kind")
    if not isinstance(value, str):
        _refuse(where, _joined(path, name), f"expected text, found {_kind_of(value)}: quote it")
    return value


def _typed(found: _Object, lookup: Lookup) -> Model | dict[str, Any]:
    model = lookup(found.data["apiVersion"], found.data["kind"])
    if model is None:
        return found.data
    try:
        return decode.convert(found.data, model)
    except DecodeError as error:
        what = f"{_name(found.data)}{error}"
        raise DecodeError(_placed(found.where, found.path, what)) from None


def _name(data: Mapping[str, Any]) -> str:
    """Return the identity of an object, to find it among the items of a list."""
    metadata = data.get("metadata")
    name = metadata.get("name") if is_json_object(metadata) else None
    return f"{name[:253]!r}: " if isinstance(name, str) else ""


def _where(source: str, document: yaml.Document) -> str:
    place = f"document {document.number}, line {document.line}"
    return f"{source}, {place}" if source else place


def _refuse(where: str, path: str, what: str) -> NoReturn:
    raise DecodeError(_placed(where, path, what))


def _placed(where: str, path: str, what: str) -> str:
    return ": ".join(part for part in (where, path, what) if part)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _kind_of(value: object) -> str:
    """Name a value's type as JSON does."""
    if value is None:
        return "null"
    if is_json_object(value):
        return "an object"
    if is_json_array(value):
        return "a list"
    if isinstance(value, bool):
        return "a boolean"
    return "text" if isinstance(value, str) else "a number"


def _lookup(models: Models | None) -> Lookup:
    if models is None:
        return _DEFAULT
    if callable(models):
        return models
    return lambda api_version, kind: models.get((api_version, kind))


_DEFAULT: Final = models_of("kubeclient")


def _module_names(api_version: str) -> Iterator[str]:
    """Name the modules that may hold a group version: by the first label of the group, or by all of it."""
    group, _, version = api_version.rpartition("/")
    for name in dict.fromkeys((group.partition(".")[0] or "core", group)):
        found = re.sub(r"[^a-z0-9]+", "_", f"{name}_{version}".lower())
        if found.isidentifier() and found[0] != "_":
            yield found


@functools.lru_cache(maxsize=1024)
def _module(package: str, name: str) -> Any:
    """Import a module; None if it does not exist."""
    try:
        is_there = importlib.util.find_spec(f"{package}.{name}") is not None
    except ModuleNotFoundError:  # The package itself is missing.
        return None
    return importlib.import_module(f"{package}.{name}") if is_there else None


def _model(package: str, name: str, api_version: str, kind: str) -> type[Model] | None:
    """Find the class of a kind; an underscore follows names that are taken."""
    module = _module(package, name)
    for class_name in (kind, f"{kind}_"):
        found = getattr(module, class_name, None)
        if isinstance(found, type) and issubclass(found, Model) and _type_meta(found) == (api_version, kind):
            return found
    return None


def _type_meta(model: type[Model]) -> tuple[Any, ...]:
    """Return apiVersion and kind of a model."""
    types = {field.wire_name: field.type for field in model.model_fields()}
    return tuple(next(iter(typing.get_args(types.get(name))), None) for name in ("apiVersion", "kind"))


def _files(path: Path, *, recursive: bool) -> list[Path]:
    try:
        if not path.is_dir():
            return [path]
        inside = path.rglob("*") if recursive else path.iterdir()
        found = sorted(file for file in inside if file.suffix in EXTENSIONS and file.is_file())
    except (OSError, ValueError) as error:
        raise DecodeError(f"{path}: the folder can't be read: {_reason(error)}") from None
    if not found:
        raise DecodeError(f"{path}: the folder holds no manifests: no file ends in {', '.join(EXTENSIONS)}")
    return found


def _read(file: Path) -> bytes:
    """Read a file, but at most as much as `yaml` accepts."""
    try:
        with file.open("rb") as stream:
            return stream.read(yaml.MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise DecodeError(f"{file}: the file can't be read: {_reason(error)}") from None


def _reason(error: OSError | ValueError) -> str:
    return (isinstance(error, OSError) and error.strerror) or "its name is not a valid file name"
