"""The limits of nesting hold in threads with small stacks, and no module decodes without them."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubecore import errors
from kubecore.codec import depth

T = TypeVar("T")

_ROOT: Final = Path(__file__).parents[2]
_CORE: Final = _ROOT / "core" / "kubecore"
_IS_MEASURED_BY_PYTHON: Final = sys.version_info >= (3, 14)

# Recursive parsers, with the modules that may use them and the reason why that is safe.
_PARSERS: Final[dict[str, set[str]]] = {
    "msgspec.json.decode": {
        "codec/decoders.py",  # `plain`, after the check.
        "codec/unknown_fields.py",  # Below a decoder that was checked.
        "codec/yaml.py",  # After the check; and one scalar.
    },
    "msgspec.json.Decoder": {"codec/decoders.py"},
    "msgspec.convert": {
        "codec/decode.py",  # After `check_value`.
        "codec/lenient_readers.py",  # Scalars.
        "_auth/exec_plugin.py",  # YAML, which has its own limit.
        "watch/decoder.py",  # Attributes.
    },
    "msgspec.yaml.decode": set(),
    "json.JSONDecoder": {"codec/json_stream.py"},  # `yaml` calls it after the check.
    "json.load": set(),
    "json.loads": {
        "errors/status.py",  # One quoted text.
        "kubeconfig/write.py",  # After `check_value`.
    },
}


def in_thread(kib: int, work: Callable[[], T]) -> T:
    """Return the result of `work` in a thread with this stack size in KiB. 0 means the default size."""
    found: list[T] = []
    before = threading.stack_size(kib * 1024)
    try:
        thread = threading.Thread(target=lambda: found.append(work()))
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    return found[0]


def refuses(body: bytes) -> bool:
    try:
        depth.check(body)
    except errors.DecodeError:
        return True
    return False


@pytest.mark.skipif(_IS_MEASURED_BY_PYTHON, reason="Python measures the stack itself")
@pytest.mark.parametrize(("kib", "levels"), [(64, 32), (128, 64), (256, 128), (512, 200), (1024, 200)])
def test_the_limit_follows_the_stack_of_the_thread_itself(kib: int, levels: int) -> None:
    assert in_thread(kib, depth.levels) == levels
    assert in_thread(0, depth.levels) is None or os.name == "nt"
    assert threading.stack_size() == 0


@pytest.mark.skipif(_IS_MEASURED_BY_PYTHON, reason="Python measures the stack itself")
def test_the_limit_holds_in_a_child_forked_in_a_thread() -> None:
    def forked() -> bytes:
        reading, writing = os.pipe()
        if (child := os.fork()) == 0:
            os.write(writing, str(depth.levels()).encode())
            os._exit(0)
        os.close(writing)
        os.waitpid(child, 0)
        with os.fdopen(reading, "rb") as pipe:
            return pipe.read()

    assert in_thread(128, forked) == b"64"


@pytest.mark.skipif(_IS_MEASURED_BY_PYTHON, reason="Python measures the stack itself")
def test_a_stack_of_unknown_size_counts_as_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ctypes", None)
    assert in_thread(0, depth.levels) == depth.MAX_DEPTH


JSON: Final = st.recursive(
    st.none() | st.integers() | st.text(st.sampled_from('[]{}"\\a')),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.sampled_from('[]{}"\\a')), inner, max_size=4)
    ),
    max_leaves=30,
)


def height(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(height, inner), default=0)


@given(value=JSON, most=st.integers(1, 6))
def test_levels_are_counted_as_json_nests_them(value: Any, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(depth, "levels", lambda: most)
        text = json.dumps(value)
        for body in (text.encode(), bytearray(text.encode()), memoryview(text.encode())):
            assert refuses(body) == (height(value) > most)  # type: ignore[arg-type]
        try:
            depth.check_value(value)
            is_refused = False
        except errors.DecodeError:
            is_refused = True
        assert is_refused == (height(value) > most)


def test_a_value_that_contains_itself_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depth, "levels", lambda: 10)
    value: list[Any] = []
    value.append(value)
    with pytest.raises(errors.DecodeError, match="nested deeper than 10"):
        depth.check_value(value)


# Python 3.13 itself needs more than 64 KiB for an import in a thread.
_SMALLEST: Final = "64" if sys.version_info < (3, 13) else "96"


@pytest.mark.parametrize("arguments", [("64", "sync", "900"), ("128", "asyncio", "900"), (_SMALLEST, "values", "900")])
@pytest.mark.slow
def test_deeply_nested_responses_never_crash_the_process(arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "tests.torture.deep", *arguments]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr[-2000:]


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def test_no_module_decodes_without_the_check_of_the_depth() -> None:
    found: dict[str, set[str]] = {name: set() for name in _PARSERS}
    for path in _CORE.rglob("*.py"):
        if "testing" in path.relative_to(_CORE).parts:  # The fake API server reads the requests of the same process.
            continue
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):  # This test does not find uses of imported names.
                assert not {f"{node.module}.{alias.name}" for alias in node.names} & {*found, "msgspec.json"}, path
            if isinstance(node, ast.Attribute) and (name := _name(node)) in found:
                found[name].add(path.relative_to(_CORE).as_posix())
    found["msgspec.json.Decoder"] -= {"codec/unknown_fields.py"}  # An annotation.
    assert found == _PARSERS
