"""Changing kubeconfig files, with the rules of kubectl: each entry stays in its file."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import yaml as pyyaml

from kubecore._support.json_types import is_json_object
from kubecore.codec import depth, yaml
from kubecore.errors import ConfigError
from kubecore.kubeconfig import files
from kubecore.kubeconfig.errors import ContextNotFoundError, InvalidConfigError
from kubecore.kubeconfig.files import SECTIONS, Document, Kind
from kubecore.kubeconfig.validation import missing

__all__ = ["KubeConfigFiles", "locked", "save_tokens", "use_context"]

_Change = Callable[[dict[str, Any]], None]

_FILE_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o755


Plural: TypeAlias = Literal["clusters", "users", "contexts"]
"""The kinds of entries by the names of their sections."""


class KubeConfigFiles:
    """The kubeconfig files, to be read and changed; nothing is written before `save`.

    Relative paths stay unchanged. Comments are lost when a file is written, as with kubectl.

    Args:
        path: The file, which need not exist; by default the files of `KUBECONFIG`, else `~/.kube/config`.

    Raises:
        ConfigError: A file can't be read, or is not a kubeconfig.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self._files = files.precedence(path)
        self._read()

    @property
    def current_context(self) -> str:
        """The current context, "" for none."""
        return self._current

    @property
    def changed(self) -> list[Path]:
        """The files that `save` would write."""
        return sorted(self._changes)

    def names(self, kind: Kind | Plural) -> list[str]:
        """Return the names of all entries of a kind, sorted.

        Args:
            kind: `cluster`, `user` or `context`; the plural is accepted, too.

        Raises:
            ConfigError: It is another kind.
        """
        return sorted(self._entries[_kind(kind)])

    def get(self, kind: Kind | Plural, name: str) -> dict[str, Any]:
        """Return a copy of the content of an entry.

        Args:
            kind: `cluster`, `user` or `context`.
            name: Its name.

        Returns:
            The entry, unchanged.

        Raises:
            InvalidConfigError: There is none.
        """
        kind = _kind(kind)
        if name not in self._entries[kind]:
            raise InvalidConfigError(missing(self._merged, kind, name, self._merged.places))
        data = self._entries[kind][name][0]
        return _plain(data, f"{kind} {name!r}") if data is not None else {}

    def set(self, kind: Kind | Plural, name: str, data: Mapping[str, Any]) -> None:
        """Set an entry as a whole: in its file; a new one in the first file that exists.

        Args:
            kind: `cluster`, `user` or `context`.
            name: Its name.
            data: Its content, such as `{"server": "https://10.0.0.1"}`.

        Raises:
            ConfigError: The data can't be written as YAML, or the name is empty.
        """
        kind = _kind(kind)
        if not name:
            raise ConfigError(f"a {kind} needs a name")
        copied = _plain(data, f"{kind} {name[:100]!r}")
        _, file = self._entries[kind].get(name, (None, self._destination()))
        self._entries[kind][name] = (copied, file)
        self._note(file, lambda document: _put(document, kind, name, copied))

    def remove(self, kind: Kind | Plural, name: str) -> None:
        """Remove an entry from its file; another file may contain an entry of the same name, which then applies.

        Args:
            kind: `cluster`, `user` or `context`.
            name: Its name.

        Raises:
            InvalidConfigError: There is none.
        """
        kind = _kind(kind)
        kind = _kind(kind)
        if name not in self._entries[kind]:
            raise InvalidConfigError(missing(self._merged, kind, name, self._merged.places))
        _, file = self._entries[kind].pop(name)
        self._note(file, lambda document: _put(document, kind, name, None))

    def use_context(self, name: str) -> None:
        """Set the current context: in the one file that was named, else in the first that exists.

        Args:
            name: The context; "" for none, which clears it in the first file that sets one.

        Raises:
            ContextNotFoundError: There is none.
        """
        if name and name not in self._entries["context"]:
            raise ContextNotFoundError(missing(self._merged, "context", name, self._merged.places))
        setting = [document.file for document in self._merged.documents if document.data.get("current-context")]
        file = self._destination() if name else next(iter(setting), None)
        self._current = name
        if file is not None:
            self._note(file, lambda document: document.update({"current-context": name}))

    def save(self) -> None:
        """Write the files that were changed.

        Changes that others made in the meantime are kept, except for the entries changed here.

        Raises:
            ConfigError: A file is locked, or can't be read or written.
        """
        with contextlib.ExitStack() as stack:
            for file in self.changed:
                stack.enter_context(locked(file))
            for file in self.changed:
                _update(file, self._changes[file])
                del self._changes[file]
        self._read()

    def _read(self) -> None:
        existing = [file for file in self._files if files.exists(file)]
        places = ", ".join(map(str, existing or self._files))
        self._merged = files.merge([Document(file, files.read(file)) for file in existing], places)
        self._current = self._merged.current_context
        self._changes: dict[Path, list[_Change]] = {}
        self._entries: dict[Kind, dict[str, tuple[Any, Path]]] = {
            kind: {
                name: (entry.data, entry.document.file)
                for name, entry in self._merged.section(kind).items()
                if entry.document.file is not None
            }
            for kind in SECTIONS
        }

    def _destination(self) -> Path:
        return next((file for file in self._files if files.exists(file)), self._files[0])

    def _note(self, file: Path, change: _Change) -> None:
        self._changes.setdefault(file, []).append(change)


def _kind(kind: Kind | Plural) -> Kind:
    """Return the kind of entry, also for its plural."""
    for known in SECTIONS:
        if kind in (known, f"{known}s"):
            return known
    raise ConfigError(f"{kind!r} is not a kind of entry: expected cluster, user or context")


def use_context(name: str, path: str | os.PathLike[str] | None = None) -> None:
    """Set the current context, as `kubectl config use-context` does.

    Args:
        name: The context.
        path: The file; by default the files of `KUBECONFIG`, else `~/.kube/config`.

    Raises:
        ContextNotFoundError: There is none.
        ConfigError: A file is locked, or can't be read or written.
    """
    opened = KubeConfigFiles(path)
    opened.use_context(name)
    opened.save()


def save_tokens(file: Path, user: str, tokens: Mapping[str, str]) -> None:
    """Write new settings of a user's auth provider to the user's file.

    Args:
        file: The file.
        user: The user's name.
        tokens: The settings, such as `id-token` and `refresh-token`; others stay.

    Raises:
        ConfigError: The file is locked, or can't be read or written, or has the user no more.
    """

    def change(document: dict[str, Any]) -> None:
        entry = dict(files.items(Document(file, document), "users")).get(user, {})
        data = entry.get("user")
        provider = data.get("auth-provider") if is_json_object(data) else None
        if not is_json_object(data) or not is_json_object(provider):
            raise ConfigError(f"{file}: user {user[:100]!r} has no auth-provider any more: its tokens are not saved")
        config: object = provider.get("config")
        settings = {**(config if is_json_object(config) else {}), **tokens}
        _put(document, "user", user, {**data, "auth-provider": {**provider, "config": settings}})

    with locked(file):
        _update(file, [change])


@contextlib.contextmanager
def locked(file: Path) -> Generator[None]:
    """Hold the lock of a kubeconfig file, `FILE.lock`, which kubectl uses too.

    Args:
        file: The file; its folder is made if need be.

    Yields:
        Nothing, while the lock is held.

    Raises:
        ConfigError: Another process holds it, or it cannot be created. There is no waiting.
    """
    lock = file.parent / f"{file.name}.lock"
    try:
        file.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise ConfigError(f"the kubeconfig's folder can't be made: {file.parent}: {files.reason(error)}") from None
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0))
    except FileExistsError:
        raise ConfigError(
            f"the kubeconfig is locked: {file}: another program writes it; if none does, remove {lock}"
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"the kubeconfig can't be locked: {lock}: {files.reason(error)}") from None
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _plain(data: object, what: str) -> dict[str, Any]:
    """Copy data; values that JSON cannot express are refused."""
    import json

    try:
        depth.check_value(data)
        copied: object = json.loads(json.dumps(data, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        copied = None
    if not is_json_object(copied):
        raise ConfigError(f"{what} is not a mapping of texts, numbers, lists and mappings")
    return dict(copied)


def _put(document: dict[str, Any], kind: Kind, name: str, data: Mapping[str, Any] | None) -> None:
    """Set an entry of a document, or remove it if data is None."""
    section = SECTIONS[kind]
    named = {other: dict(item) for other, item in files.items(Document(None, document), section)}
    if data is None:
        named.pop(name, None)
    else:
        named[name] = {**named.get(name, {}), kind: dict(data)}
    document[section] = [{**item, "name": other} for other, item in named.items()]


def _update(file: Path, changes: list[_Change]) -> None:
    """Apply changes to a file as it is now, and replace it. Its lock is held."""
    document = dict(files.read(file)) if files.exists(file) else {}
    for change in changes:
        change(document)
    _replace(file, _encode(document, str(file)))


def _encode(document: Mapping[str, Any], source: str) -> bytes:
    """Write a kubeconfig as kubectl does: keys and entries sorted, names as text."""
    whole: dict[str, Any] = {"current-context": "", "preferences": {}, **document, "apiVersion": "v1", "kind": "Config"}
    for kind, section in SECTIONS.items():
        named = sorted(files.items(Document(None, document), section), key=lambda pair: pair[0])
        whole[section] = [{kind: {}, **item, "name": name} for name, item in named]
    whole["current-context"] = files.text_of(whole["current-context"]) or ""
    try:
        content = yaml.dump(dict(sorted(whole.items()))).encode()
        is_same = yaml.load(content) == whole  # our own `load`  # nosec
    except (pyyaml.YAMLError, ValueError, RecursionError):
        is_same, content = False, b""
    if not is_same:
        raise ConfigError(f"{source}: it can't be written: a value has no form in YAML, or is nested too deep")
    return content


def _replace(file: Path, content: bytes) -> None:
    """Replace a file by a new one that only its owner can read; a link's target is replaced, not the link."""
    try:
        target = file.resolve()
        mode = _FILE_MODE
        if target.exists():
            status = target.stat()
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
                raise ConfigError(f"the kubeconfig can't be written: {target}: it is not a regular file of this user")
            if not status.st_mode & stat.S_IWUSR:
                raise ConfigError(f"the kubeconfig can't be written: {target}: it is read-only")
            mode &= status.st_mode
        target.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        _write_beside(target, content, mode)
    except (OSError, RuntimeError) as error:
        what = (isinstance(error, OSError) and error.strerror) or "its links go in a circle"
        raise ConfigError(f"the kubeconfig can't be written: {file}: {what}") from None


def _write_beside(target: Path, content: bytes, mode: int) -> None:
    import tempfile  # Imported late: callers that only read do not need it.

    handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
