"""Attacks in every string position of OpenAPI and CRD documents.

kgen must reject a document with an error message, or generate Python of a known shape. The import of this code has no
side effects: it runs only the expected statements, writes no file outside of the output and opens no socket.
"""

from __future__ import annotations

import ast
import copy
import importlib
import random
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from kgen.errors import KgenError, Problems
from kgen.load import load, openapi_v3
from kgen.load.crd import parse
from kgen.load.crd_openapi import convert
from kgen.resolve import Builtins, resolve
from kgen.spec import ApiSpec
from tests.kgen.documents import document, generated
from tests.kgen.hostile import PAYLOADS, obeyed
from tests.torture.tally import Tally

__all__ = ["CRD", "Step", "changed", "made", "places", "run", "wrong"]

_ROOT: Final = Path(__file__).parents[2]

CRD: Final[dict[str, Any]] = yaml.safe_load((_ROOT / "tests" / "crds" / "odds.yaml").read_text())
"""A CRD with every form of a schema."""

Step = tuple[Any, ...]
"""A position in a document: the keys down to a value, and whether the last key itself is meant."""

_PATH: Final = re.compile(r"made/(?:[a-z0-9_]+/)*(?:[a-z0-9_]+\.py|py\.typed)")
_CALLS: Final = re.compile(
    r"msgspec\.field|always|Resource(\[.+\])?|(await )?self\._\w+|(\w+\.)?\w+(\.zero)?", re.ASCII | re.DOTALL
)
_STATEMENTS: Final = (
    *(ast.AnnAssign, ast.Assign, ast.AsyncFunctionDef, ast.ClassDef, ast.Expr, ast.FunctionDef, ast.If, ast.Import),
    *(ast.ImportFrom, ast.Return),
)
_MODULES: Final = frozenset({"__future__", "builtins", "collections.abc", "msgspec", "typing"})

# Texts that affect no name and no type: any text gives the same code.
_INERT: Final = frozenset(
    {"default", "deprecationWarning", "description", "jsonPath", "message", "pattern", "rule", "singular", "title"}
)


class _Watch:
    """Audit hook that records sockets, written files and subprocesses while `looks` is set."""

    def __init__(self) -> None:
        self.looks = False
        self.sockets: list[str] = []
        self.files: list[str] = []
        self.others: list[str] = []
        sys.addaudithook(self._hook)  # Audit hooks cannot be removed, so the process installs one.

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.looks:
            return
        if event.startswith("socket."):
            self.sockets.append(event)
        elif event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
            self.files.append(str(arguments[0]))
        elif event in (
            "os.system",
            "subprocess.Popen",
            "os.exec",
            "os.posix_spawn",
            "os.fork",
            "os.remove",
            "os.rename",
        ):
            self.others.append(event)


_WATCHES: Final[list[_Watch]] = []


def places(raw: Any, way: tuple[Any, ...] = ()) -> Iterator[Step]:
    """Yield every string of a document: values, and keys as `(..., key, "key")`."""
    if isinstance(raw, Mapping):
        for key, value in raw.items():
            yield (*way, key, "key")
            yield from places(value, (*way, key))
    elif isinstance(raw, list):
        for index, value in enumerate(raw):
            yield from places(value, (*way, index))
    elif isinstance(raw, str):
        yield (*way, "value")


def changed(raw: Any, place: Step, payload: str) -> Any:
    """Return a copy of a document with another string at a position."""
    copied = copy.deepcopy(raw)
    *steps, last, what = place
    target = copied
    for step in steps:
        target = target[step]
    if what == "value":
        target[last] = payload
    else:
        items = [(payload if key == last else key, value) for key, value in target.items()]
        target.clear()
        target.update(items)
    return copied


def made(spec: Callable[[], ApiSpec], builtins: Builtins | None) -> dict[str, str] | None:
    """Return the files of a package, or None if kgen rejects the document with an error message."""
    problems = Problems()
    try:
        api = resolve(spec(), {}, problems, builtins)
    except KgenError as error:
        assert error.what
        return None
    return None if problems.errors else generated(api, quickly=True)


_RUNTIME_CHECK: Final = re.compile(
    r"if RUNTIME_API != 1:\n    raise RuntimeMismatchError\(__name__, runtime_api=1, kgen='[0-9a-z.+]+'\)"
)
_OWN_NAMES: Final = frozenset({"__all__", "__getattr__", "__name__"})


def wrong(files: Mapping[str, str]) -> str | None:
    """Return the first part of a package with an unexpected shape, or None."""
    for path, source in files.items():
        if not _PATH.fullmatch(path) or len(path) > 200:
            return f"the path {path[:80]!r}"
        if (found := obeyed(source)) is not None:
            return f"{path}: a tool obeys {found[:80]!r}"
        tree = ast.parse(source)
        if path == "made/__init__.py":
            tree.body = [node for node in tree.body if not _RUNTIME_CHECK.fullmatch(ast.unparse(node))]
        known = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
        for node in ast.walk(tree):
            fault = _fault(node, known)
            if fault:
                return f"{path}: {fault}"
    return None


def _fault(node: ast.AST, known: set[str]) -> str | None:
    if isinstance(node, ast.stmt) and not isinstance(node, _STATEMENTS):
        return f"a statement {type(node).__name__}"
    if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
        return f"an expression {ast.unparse(node)[:80]}"
    if isinstance(node, ast.Call) and not _CALLS.fullmatch(ast.unparse(node.func)):
        return f"a call of {ast.unparse(node.func)[:80]}"
    if isinstance(node, ast.Name) and node.id.startswith("__") and node.id not in _OWN_NAMES | known:
        return f"the name {node.id}"
    if isinstance(node, ast.ImportFrom) and node.module not in _MODULES and not _is_ours(node.module or ""):
        return f"an import of {node.module}"
    return None


def _is_ours(module: str) -> bool:
    return module.split(".")[0] in ("kubeclient", "kubecore", "made")


def _shape(files: Mapping[str, str]) -> dict[str, str]:
    """Return the trees of files without the text of strings."""
    return {
        path: re.sub(
            r"Constant\(value='(?:[^'\\]|\\.)*'\)|Constant\(value=\"(?:[^\"\\]|\\.)*\"\)",
            "TEXT",
            ast.dump(_without_docstrings(ast.parse(source))),
        )
        for path, source in files.items()
    }


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, ast.Module)):
            node.body = [part for part in node.body if not isinstance(part, ast.Expr)]
    return tree


def run(n: int | None, seed: int) -> Tally:
    """Put `n` attacks into positions of both kinds of documents."""
    tally = Tally("specs")
    if not _WATCHES:
        _WATCHES.append(_Watch())
    watch = _WATCHES[0]
    for found in (watch.files, watch.sockets, watch.others):
        found.clear()
    kinds = _kinds()
    choice = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        for _ in range(n if n is not None else 500):
            raw, spec, builtins, where = choice.choice(kinds)
            place = choice.choice(where)
            payload = choice.choice(PAYLOADS)
            fault = _try(raw, place, payload, spec, builtins, watch, Path(name))
            tally.check(not fault, f"{'/'.join(map(str, place))} {payload[:60]!a}: {fault}")
    for what, found in (("file", watch.files), ("socket", watch.sockets), ("process", watch.others)):
        for one in found:
            tally.wrong(f"{what}: {one}")
    tally.figure("shapes", len(tally.bad) - len(watch.files) - len(watch.sockets) - len(watch.others))
    tally.figure("files", len(watch.files))
    tally.figure("sockets", len(watch.sockets) + len(watch.others))
    return tally


def _kinds() -> list[tuple[Any, Callable[[Any], ApiSpec], Builtins | None, list[Step]]]:
    core = ApiSpec(tuple(d for d in load(_ROOT / "specs" / "1.37").documents if d.name == "api/v1"))
    openapi = document(
        extra={
            "com.example.v1.WidgetSpec": {
                "type": "object",
                "required": ["size"],
                "properties": {
                    "size": {"type": "integer", "description": "How large.", "format": "int32"},
                    "mode": {"type": "string", "enum": ["A", "b-c"], "default": "A", "pattern": "^.$", "title": "Mode"},
                    "inner": {"type": "object", "properties": {"from": {"type": "string"}}},
                },
            }
        }
    )
    return [
        (openapi, _openapi, None, sorted(places(openapi), key=str)),
        (CRD, _manifest, Builtins("kubeclient", core), sorted(places(CRD), key=str)),
    ]


def _openapi(raw: Any) -> ApiSpec:
    return openapi_v3.convert({"apis__example.com__v1": ("x.json", raw)})


def _manifest(raw: Any) -> ApiSpec:
    from kubecore.codec import encode

    return convert(parse(encode.encode(raw), "crd.yaml"))


def _try(
    raw: Any,
    place: Step,
    payload: str,
    spec: Callable[[Any], ApiSpec],
    builtins: Builtins | None,
    watch: _Watch,
    folder: Path,
) -> str | None:
    attacked = changed(raw, place, payload)
    if "\ud800" in payload and spec is _manifest:
        return None  # UTF-8 cannot encode half of a surrogate pair, so a file cannot contain it.
    watch.looks = True
    try:
        files = made(lambda: spec(copy.deepcopy(attacked)), builtins)
        fault = wrong(files) if files else None
        if files and not fault and _is_inert(place):
            twin = made(lambda: spec(changed(raw, place, "harmless")), builtins)
            fault = None if twin is not None and _shape(files) == _shape(twin) else "another shape than its twin"
        watch.looks = False
        return fault or (_import(files, folder, watch) if files else None)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    finally:
        watch.looks = False


def _is_inert(place: Step) -> bool:
    """Return whether the text at a position affects no name and no type. A property may have the name of such a key."""
    return place[-1] == "value" and place[-2] in _INERT and "properties" not in place[-3:-2]


def _import(files: Mapping[str, str], folder: Path, watch: _Watch) -> str | None:
    """Import the models of a package; return an error, or None."""
    modules = [path for path in files if path.startswith("made/models/")]
    for path in ("made/__init__.py", *modules):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(files[path] if path in modules else "", encoding="utf-8")
    for name in [name for name in sys.modules if name.split(".")[0] == "made"]:
        del sys.modules[name]
    importlib.invalidate_caches()
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.insert(0, str(folder))
    watch.looks = True
    try:
        for path in modules:
            importlib.import_module(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    except Exception as error:
        return f"can't be imported: {type(error).__name__}: {error}"
    finally:
        watch.looks = False
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = kept
        for path in modules:
            (folder / path).unlink()
    return None
