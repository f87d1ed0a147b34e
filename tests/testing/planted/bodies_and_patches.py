"""Bugs in the engines of patches and bodies, and whether the recorded tables detect them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

import kubecore

__all__ = ["BUGS", "Bug", "detected", "planted"]

_PACKAGE: Final = "kubecore.testing."
_RELOADED: Final = (
    "_schemas.json_values",
    *("_patching.go_values", "_patching.json_patch", "_patching.merge_patch"),
    *("_patching.strategic_lists", "_patching.strategic"),
    *("_schemas.openapi", "_schemas.packages", "_schemas.go_fields", "_schemas.go_structs", "_schemas.go_scalars"),
    "_schemas.checking",
)
_TESTS: Final = ("tests.testing.patch_cases", "tests.testing.test_patching", "tests.testing.test_checking")


class Bug(NamedTuple):
    """A change of one place in a module below `kubecore.testing`."""

    module: str
    right: str
    wrong: str


BUGS: Final = (
    Bug("_patching.json_patch", '.replace("~1", "/").replace("~0", "~")', '.replace("~0", "~").replace("~1", "/")'),
    Bug("_patching.json_patch", "not -size <= index < size", "not 0 <= index < size"),
    Bug("_patching.json_patch", "_index(parent, key, room=1)", "_index(parent, key)"),
    Bug("_patching.json_patch", "return index + size if index < 0", "return index + len(items) if index < 0"),
    Bug("_patching.json_patch", "    if key not in parent:\n        raise _RefusedError\n", ""),
    Bug("_patching.json_patch", "if not same(found, operation", "if same(found, operation"),
    Bug("_schemas.json_values", "if type(first) is not type(second):", "if first != second:"),
    Bug("_patching.merge_patch", "result.pop(key, None)", "result[key] = None"),
    Bug("_patching.merge_patch", "if is_map(value):\n            return", "if is_list(value):\n            return"),
    Bug(
        "_patching.strategic",
        "elif value is None:\n            original.pop(key, None)",
        "elif value is None:\n            original[key] = None",
    ),
    Bug(
        "_patching.strategic",
        'if directive == "delete":\n        return {}',
        'if directive == "delete":\n        return patch',
    ),
    Bug("_patching.strategic", "if not _is_directive(value):\n", "if True:\n"),
    Bug("_patching.strategic", "if key not in names]:", "if key in names]:"),
    Bug("_patching.strategic", "if identity(each) not in deleted]", "if identity(each) in deleted]"),
    Bug("_patching.strategic", 'if found is not None and "replace" in found.patch_strategy:', "if False:"),
    Bug("_patching.strategic", 'if schema is None or "merge" not in schema.patch_strategy:', "if schema is None:"),
    Bug("_patching.strategic", "            check_order(added, order, items.merge_key)\n", "            pass\n"),
    Bug("_patching.strategic_lists", "while waiting and at is not None and", "while False and at is not None and"),
    Bug("_patching.strategic_lists", "merged[: len(had)] if kept else had", "had"),
    Bug("_patching.strategic_lists", ") not in deleted], changes", ") in deleted], changes"),
    Bug("_schemas.openapi", "{**self.named(reference).whole, **document}", "{**self.named(reference).whole}"),
    Bug("_schemas.go_structs", "not field.is_pointer and not is_struct", "not is_struct"),
    Bug("_schemas.go_structs", "not field.is_pointer and not is_struct", "not field.is_pointer"),
    Bug("_schemas.go_structs", "(go.is_always or go.is_struct)", "go.is_struct"),
    Bug("_schemas.go_structs", "return field.is_omitted_struct", "return True"),
    Bug("_schemas.go_structs", 'f"{field.go.embedded}.{field.name}" if field.go.embedded else ', ""),
    Bug("_schemas.go_structs", "fields[:1]", "fields[-1:]"),
    Bug("_schemas.go_structs", "and schema.format not in _PARSED", ""),
    Bug("_schemas.checking", "self.wrong = self.wrong or text", "self.wrong = text"),
    Bug("_schemas.checking", "-limit <= value < limit", "True"),
    Bug("_schemas.go_scalars", ".astimezone(UTC)", ""),
    Bug("_schemas.go_scalars", '(-1 if zone[0] == "-" else 1)', "1"),
)


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """Replace the modules of the engines by new ones, one of which has the bug."""
    names = [*(f"{_PACKAGE}{name}" for name in _RELOADED), *_TESTS]
    before = {name: sys.modules[name] for name in names if name in sys.modules}
    for name in before:
        _forget(name)
    try:
        _load(f"{_PACKAGE}{bug.module}", bug)
        yield
    finally:
        for name in names:
            _forget(name)
        for name, module in before.items():
            _enter(name, module)


def _forget(name: str) -> None:
    parent, _, last = name.rpartition(".")
    sys.modules.pop(name, None)
    vars(importlib.import_module(parent)).pop(last, None)


def _enter(name: str, module: ModuleType) -> None:
    parent, _, last = name.rpartition(".")
    sys.modules[name] = module
    setattr(importlib.import_module(parent), last, module)


def _load(name: str, bug: Bug) -> None:
    file = Path(kubecore.__file__).parent.joinpath(*name.split(".")[1:]).with_suffix(".py")
    source = file.read_text("utf-8")
    assert source.count(bug.right) == 1, (bug, source.count(bug.right))
    module = ModuleType(name)
    module.__file__ = str(file)
    _enter(name, module)
    exec(compile(source.replace(bug.right, bug.wrong), str(file), "exec"), module.__dict__)  # noqa: S102 - our own text


def detected() -> bool:
    """Return whether a recorded patch or body has another result than it should have."""
    patching: Any = importlib.import_module("tests.testing.test_patching")
    checks: Any = importlib.import_module("tests.testing.test_checking")
    return any(_is_wrong(patching, row) for row in patching.ROWS) or any(
        _is_misread(checks, row) for row in checks.ROWS
    )


def _is_wrong(patching: Any, row: dict[str, Any]) -> bool:
    try:
        return bool(patching.differs(patching.applied(row), patching.outcome(row)))
    except Exception:
        return True


def _is_misread(checks: Any, row: dict[str, Any]) -> bool:
    try:
        found = checks.read(row)
    except checks.checking.WrongTypeError as error:
        version = row["version"].rpartition("/")[2]
        return bool(row.get("message") != checks.checking.type_error(row["kind"], version, error).message)
    except Exception:
        return True
    if row["code"] >= 300:
        return bool(row["code"] == 400)
    return bool(found.faults != row["faults"] or list(checks.differences(found.object, row["object"])))
