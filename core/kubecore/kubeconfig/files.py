"""Finding kubeconfig files, reading them, and merging several into one."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from kubecore._config.secret import Hidden, SecretBytes, SecretText, hide
from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.codec import yaml
from kubecore.errors import ConfigError, DecodeError

__all__ = [
    "SECTIONS",
    "Document",
    "Entry",
    "Kind",
    "Merged",
    "exists",
    "items",
    "merge",
    "not_text",
    "parse",
    "precedence",
    "read",
    "read_all",
    "reason",
    "text_of",
    "unreadable",
]

Kind = Literal["cluster", "user", "context"]

SECTIONS: Final[Mapping[Kind, str]] = {"cluster": "clusters", "user": "users", "context": "contexts"}

MAX_BYTES: Final = 64 << 20
"""Largest file that is read; `/dev/zero` is not a kubeconfig."""


class Document(NamedTuple):
    """A file's content.

    Attributes:
        file: The file, None for bytes that were handed over.
        data: The whole of it.
    """

    file: Path | None
    data: Mapping[str, Any]

    def __repr__(self) -> str:
        """Hide the content, which holds secrets."""
        return f"Document({self.source})"

    @property
    def source(self) -> str:
        """The name in errors."""
        return str(self.file) if self.file is not None else "kubeconfig"


class Entry(NamedTuple):
    """An entry of a section and its place.

    Attributes:
        kind: Its kind.
        name: Its name.
        data: Its value, of any type.
        document: The document that contains it.
        others: The keys next to its name and its data, which have no meaning there.
    """

    kind: Kind
    name: str
    data: Any
    document: Document
    others: Sequence[str] = ()

    def __repr__(self) -> str:
        """Hide the content, which holds secrets."""
        return f"Entry({self.where})"

    @property
    def where(self) -> str:
        """The name in errors."""
        return f"{self.document.source}: {self.kind} {self.name[:100]!r}"


class Merged(NamedTuple):
    """Several files as one.

    Attributes:
        documents: The existing files.
        places: Their name in errors.
        current_context: The first that is set, "" for none.
        clusters: The clusters by name.
        users: The users by name.
        contexts: The contexts by name.
    """

    documents: Sequence[Document]
    places: str
    current_context: str
    clusters: Mapping[str, Entry]
    users: Mapping[str, Entry]
    contexts: Mapping[str, Entry]

    def __repr__(self) -> str:
        """Hide the content, which holds secrets."""
        return f"Merged({self.places})"

    def section(self, kind: Kind) -> Mapping[str, Entry]:
        """Return the entries of a kind by name."""
        return {"cluster": self.clusters, "user": self.users, "context": self.contexts}[kind]


def precedence(path: str | os.PathLike[str] | None) -> list[Path]:
    """Return the files that count, the strongest first, whether they exist or not.

    Args:
        path: The one file to read; None or "" for those of `KUBECONFIG`, else `~/.kube/config`.

    Returns:
        The files, each once.
    """
    if path is not None and os.fspath(path):
        return [Path(path)]
    listed = [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    if listed:
        return [Path(part) for part in dict.fromkeys(listed)]
    home = os.environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - Path.home raises where there is none
    return [Path(home) / ".kube" / "config"]


def read_all(path: str | os.PathLike[str] | None) -> Merged:
    """Read the files that count and merge them.

    Args:
        path: As for `precedence`. A file that is named here must exist; others may be missing.

    Returns:
        The merged files.

    Raises:
        ConfigError: A file can't be read or has not the shape of a kubeconfig.
    """
    files = precedence(path)
    is_named = path is not None and bool(os.fspath(path))
    existing = [file for file in files if is_named or exists(file)]
    return merge([Document(file, read(file)) for file in existing], ", ".join(map(str, existing or files)))


def merge(documents: Sequence[Document], places: str) -> Merged:
    """Merge files: the first that names an entry owns it whole, and the first current context that is set wins.

    Args:
        documents: The files, the one with the highest priority first.
        places: Their name in errors.

    Returns:
        The merged files.

    Raises:
        ConfigError: A file does not have the form of a kubeconfig, or contains an entry twice.
    """
    entries: dict[Kind, dict[str, Entry]] = {"cluster": {}, "user": {}, "context": {}}
    current = ""
    for document in documents:
        current = current or _current_context(document)
        for kind, section in SECTIONS.items():
            for name, item in items(document, section):
                others = tuple(str(key) for key in item if key not in ("name", kind))
                entries[kind].setdefault(name, Entry(kind, name, item.get(kind), document, others))
    return Merged(documents, places, current, entries["cluster"], entries["user"], entries["context"])


def read(file: Path) -> Mapping[str, Any]:
    """Read one file.

    Args:
        file: The file.

    Returns:
        Its content; nothing for an empty file.

    Raises:
        ConfigError: It can't be read, or is not a kubeconfig; the error names it.
    """
    try:
        with file.open("rb") as stream:
            content = SecretBytes(stream.read(MAX_BYTES + 1))
    except (OSError, ValueError) as error:
        raise ConfigError(f"the kubeconfig can't be read: {file}: {reason(error)}") from None
    if len(content) > MAX_BYTES:
        raise ConfigError(f"the kubeconfig can't be read: {file}: it is larger than {MAX_BYTES >> 20} MiB")
    return parse(content, str(file))


def parse(content: bytes | str, source: str) -> Mapping[str, Any]:
    """Read a kubeconfig's text.

    Args:
        content: YAML or JSON.
        source: Its name in errors.

    Returns:
        Its content; nothing for an empty text.

    Raises:
        ConfigError: It is not a kubeconfig.
    """
    # Errors may be shown with the variables of their frames, so that no variable here holds the content.
    loaded = _load(hide(content), source)
    mistake = _mistake_of_document(loaded, source)
    if mistake:
        raise ConfigError(mistake)
    return loaded.value or {}


def _load(content: SecretText | SecretBytes, source: str) -> Hidden[Any]:
    try:
        return Hidden(yaml.load(content, source=source, hide_values=True, first=True))
    except DecodeError as error:
        raise ConfigError(f"the kubeconfig is not valid YAML: {error}") from None


def _mistake_of_document(loaded: Hidden[Any], source: str) -> str:
    data = loaded.value
    if data is None:
        return ""
    if not is_json_object(data):
        return f"{source}: expected a mapping, found a {type(data).__name__}"
    for key, expected in (("kind", "Config"), ("apiVersion", "v1")):
        found = data.get(key) or expected
        if found != expected:
            return f"{source}: expected {key} {expected}, found {str(found)[:100]!r}"
    return ""


def items(document: Document, section: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give the items of a section with their names.

    Args:
        document: The file.
        section: The section's key, such as `clusters`.

    Yields:
        Each item's name and the whole item.

    Raises:
        ConfigError: The section is not a list of mappings, an item's name is not text, or a name is repeated.
    """
    mistake = _mistake_of_section(document, section)
    if mistake:
        raise ConfigError(f"{document.source}: {mistake}")
    for item in document.data.get(section) or ():
        yield item.get("name") or "", item


def _mistake_of_section(document: Document, section: str) -> str:
    listed: object = document.data.get(section)
    if listed is None:
        return ""
    if not is_json_array(listed):
        return f"{section} is not a list of mappings"
    seen: set[str] = set()
    for item in listed:
        if not is_json_object(item):
            return f"{section} is not a list of mappings"
        name = text_of(item.get("name"))
        if name is None:
            return f"{section}: a name {not_text(item.get('name'))}"
        if name in seen:
            return f"{section}: {name[:100]!r} is defined twice; remove one of them"
        seen.add(name)
    return ""


def text_of(value: object) -> str | None:
    """Return a value that must be text: "" for null, None for everything else, which kubectl refuses as well.

    A number is not converted: YAML reads `0123` as 83 and `1.10` as 1.1, so a secret would become another one.
    """
    if value is None:
        return ""
    return value if isinstance(value, str) else None


def not_text(value: object) -> str:
    """Return the kind of a value that should be text, and a hint. The value itself may be a secret and is not shown."""
    if isinstance(value, (bool, int, float)):
        return f"is a {'boolean' if isinstance(value, bool) else 'number'}, not text: put it in quotes"
    return "is not text"


def reason(error: OSError | ValueError) -> str:
    """Return why a file can't be opened."""
    return (isinstance(error, OSError) and error.strerror) or "its name is not a valid file name"


def unreadable(file: str) -> str:
    """Return why a file cannot be read, "" if it can. Nothing is opened, since opening a pipe would block."""
    try:
        status = Path(file).stat()
    except (OSError, ValueError) as error:
        return reason(error)
    if not stat.S_ISREG(status.st_mode):
        return "it is not a regular file"
    return "" if os.access(file, os.R_OK) else "Permission denied"


def _current_context(document: Document) -> str:
    current = text_of(document.data.get("current-context"))
    if current is None:
        raise ConfigError(f"{document.source}: current-context {not_text(document.data.get('current-context'))}")
    return current


def exists(file: Path) -> bool:
    """Return whether a file exists.

    A file that cannot be checked counts as existing, so that reading it reports the reason.
    """
    try:
        file.stat()
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True
    return True
