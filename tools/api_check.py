"""`make api-check`: each incompatible change of the public API since the last release is in the changelog's fragments.

The API of the last release is recorded in tools/api, so that the check needs neither a network nor the history of git:
of kubecore as signatures, which griffe compares; of kubeclient as the input of `kgen diff`.
"""

from __future__ import annotations

import lzma
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from kgen import difference
from kgen.ir import Api
from kgen.names import ClassName, Identifier
from kgen.pipeline import describe
from kgen.shapes import is_array, is_object
from tools import api_of_kubecore, fragments, kubernetes_changes

__all__ = ["described", "undescribed"]

ROOT: Final = Path(__file__).resolve().parents[1]
RECORDED: Final = ROOT / "tools" / "api"
_TYPES: Final = ("removed", "changed")
_NOT_RECORDED: Final = ("left_out", "rules", "columns")


def described(folder: Path = fragments.FOLDER) -> str:
    """Return the texts of the fragments that describe incompatible changes."""
    return "\n".join(it.text for it in fragments.fragments(folder) if it.type in _TYPES)


def undescribed(names: Iterable[str], texts: str) -> list[str]:
    """Return the names that no text has: of `kubecore.retry.on_conflict(until)`, both `on_conflict` and `until`."""
    words = set(re.findall(r"\w+", texts))
    return [name for name in names if not set(_words(name)) <= words]


def _words(name: str) -> Iterator[str]:
    path, _, parameter = name.partition("(")
    parts = path.split(" ")[-1].split(".")
    yield parts[-2] if parts[-1] == "__init__" else parts[-1]
    if parameter:
        yield parameter.removesuffix(")")


def of_kubecore() -> Iterator[tuple[str, str]]:
    """Yield the incompatible changes of kubecore."""
    old = (RECORDED / "kubecore.txt").read_text("utf-8")
    yield from api_of_kubecore.breakages(old, api_of_kubecore.text_of(ROOT / "core"))


def of_kubeclient() -> Iterator[tuple[str, str]]:
    """Yield the incompatible changes of kubeclient, as `kgen diff` lists them.

    Those of a newer Kubernetes version than the recorded one are on its page in docs/kubernetes, and are left out.
    """
    recorded = RECORDED / "kubeclient.json.xz"
    name, _, data = lzma.decompress(recorded.read_bytes()).partition(b"\n")
    old = msgspec.json.decode(data, type=Api, dec_hook=_identifier)
    pages = [path.stem for path in kubernetes_changes.PAGES.glob("*.*.md")]
    newer = [page for page in pages if kubernetes_changes.numbers(page) > kubernetes_changes.numbers(name.decode())]
    known = "\n".join((kubernetes_changes.PAGES / f"{page}.md").read_text("utf-8") for page in newer)
    for change in difference.changes(old, describe(kubernetes_changes.documents()[-1], old)):
        if change.action in _TYPES and f"{change.what} `{change.name}`" not in known:
            yield f"kubeclient {change.what} {change.name}", f"{change.action} {change.detail}".strip()


def record() -> None:
    """Write the current API to tools/api."""
    RECORDED.mkdir(exist_ok=True)
    (RECORDED / "kubecore.txt").write_text(api_of_kubecore.text_of(ROOT / "core"), "utf-8")
    newest = kubernetes_changes.documents()[-1]
    plain = _without_texts(msgspec.json.decode(msgspec.json.encode(describe(newest), enc_hook=str)))
    data = f"{newest.name}\n".encode() + msgspec.json.encode(plain)
    (RECORDED / "kubeclient.json.xz").write_bytes(lzma.compress(data, preset=9))


def _without_texts(value: Any) -> Any:
    """Return JSON without descriptions, which the comparison does not need."""
    if is_object(value):
        kept = {key: _without_texts(it) for key, it in value.items() if key not in _NOT_RECORDED}
        return {**kept, "doc": ""} if "doc" in kept else kept
    return [_without_texts(it) for it in value] if is_array(value) else value


def _identifier(type_: type[Any], value: object) -> object:
    return type_(str(value)) if type_ in (Identifier, ClassName) else value


def main() -> int:
    """Print the incompatible changes without a fragment; with `record`, write the current API instead."""
    if sys.argv[1:] == ["record"]:
        record()
        return 0
    changes = dict([*of_kubecore(), *of_kubeclient()])
    missing = undescribed(changes, described())
    for name in missing:
        print(f"error: {name}: {changes[name]}", file=sys.stderr)
    if missing:
        print(
            "hint: keep the name as it was, or describe the change and its replacement in a fragment, "
            "changelog.d/+WORDS.removed.md or +WORDS.changed.md: CONTRIBUTING.md",
            file=sys.stderr,
        )
    print(f"api-check: {len(changes)} incompatible changes since the last release, {len(missing)} without a fragment")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
