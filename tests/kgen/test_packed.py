"""Packed documents, as the wheel contains them, are read as the folder that they were made from."""

from __future__ import annotations

import json
import lzma
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgen.cli import run
from kgen.errors import InputError
from kgen.load import load, packed
from kgen.load.reading import MAX_BYTES
from tests.kgen.documents import document
from tools import pack_documents

NAME = "apis__example.com__v1.json"
INDEX = {"documents": {"apis/example.com/v1": {"file": NAME}}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a document and its index."""
    made = tmp_path / "loose" / "1.0"
    made.mkdir(parents=True)
    (made / NAME).write_text(json.dumps(document()), encoding="utf-8")
    (made / "index.json").write_text(json.dumps(INDEX, indent=1), encoding="utf-8")
    return made


def pack(folder: Path, data: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / packed.NAME).write_bytes(data)
    return folder


def refused(folder: Path, data: bytes) -> str:
    with pytest.raises(InputError) as caught:
        load(pack(folder, data), "specs/1.0")
    (problem,) = caught.value.problems
    assert problem.where.startswith("specs/1.0/")
    return problem.what


def test_packed_documents_are_those_of_the_folder(folder: Path, tmp_path: Path) -> None:
    other = pack(tmp_path / "packed" / "1.0", pack_documents.packed(folder))
    assert pack_documents.NAME == packed.NAME
    assert load(other, "specs/1.0") == load(folder, "specs/1.0")


def test_the_same_documents_are_packed_to_the_same_bytes(folder: Path) -> None:
    first = pack_documents.packed(folder)
    os.utime(folder / NAME, (0, 0))
    assert pack_documents.packed(folder) == first


def test_the_packed_file_is_ignored_next_to_documents(folder: Path) -> None:
    loose = load(folder, "specs/1.0")
    assert load(pack(folder, b"damaged"), "specs/1.0") == loose


def test_the_newest_version_is_packed(tmp_path: Path) -> None:
    for version in ("1.9", "1.10", "1.2"):
        (tmp_path / version).mkdir()
    assert pack_documents.newest(tmp_path) == tmp_path / "1.10"


def test_unpacked_documents_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MAX_BYTES", 1 << 20)
    small, large = (lzma.compress(b'{"x.json": 1' + b" " * size + b"}") for size in (1000, 1 << 20))
    assert "larger than" not in refused(tmp_path / "small", small)
    assert refused(tmp_path / "large", large) == "the unpacked documents are larger than 1 MiB"


def test_a_bomb_is_not_unpacked_beyond_the_limit(tmp_path: Path) -> None:
    assert refused(tmp_path, lzma.compress(b" " * (MAX_BYTES + 1))).endswith("larger than 64 MiB")


def test_values_of_packed_documents_have_a_limit(tmp_path: Path) -> None:
    assert refused(tmp_path, lzma.compress(b'{"x.json": [' + b"0," * 1_000_001 + b"0]}")) == "more than 1000000 values"


def test_memory_of_decompression_has_a_limit(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 1 << 28}]
    said = refused(tmp_path, lzma.compress(b"{}", filters=filters))
    assert "Memory usage limit exceeded" in said


def test_nested_packed_documents_are_refused(tmp_path: Path) -> None:
    depth = 200_000
    data = lzma.compress(b'{"x.json": ' + b"[" * depth + b"]" * depth + b"}")
    assert refused(tmp_path, data).startswith("this is not a JSON object of documents")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "longer or shorter than its content"),
        (b"PK\x03\x04", "the file is damaged: "),
        (lzma.compress(b"{}")[:-1], "longer or shorter than its content"),
        (lzma.compress(b"{}") + b"x", "longer or shorter than its content"),
        (lzma.compress(b"{}") * 2, "longer or shorter than its content"),
        (lzma.compress(b"{}"), "the folder holds no OpenAPI document"),
        (lzma.compress(b"[]"), "this is not a JSON object of documents"),
        (lzma.compress(b'{"x.json": \xff}'), "this is not a JSON object of documents"),
        (lzma.compress(b'{"x.json": 1}'), "expected an object, found a number"),
        (lzma.compress(json.dumps({"index.json": INDEX}).encode()), f"the file {NAME!r} is missing"),
    ],
)
def test_damaged_packed_documents_are_refused(tmp_path: Path, data: bytes, what: str) -> None:
    pack(tmp_path / "1.0", data)
    with pytest.raises(InputError) as caught:
        load(tmp_path / "1.0", "specs/1.0")
    assert what in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_in_place_of_the_packed_documents_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / packed.NAME)
    with pytest.raises(InputError):
        load(tmp_path, "specs/1.0")


def test_the_error_without_lzma_suggests_specs(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pack(tmp_path / "packed" / "1.0", pack_documents.packed(folder))
    monkeypatch.setitem(sys.modules, "lzma", None)
    assert run(["list", "--specs", str(tmp_path / "packed" / "1.0")]) == 3
    stderr = capsys.readouterr().err
    assert "this Python can't read xz" in stderr
    assert "--specs" in stderr


PACKED = lzma.compress(json.dumps({NAME: document(), "index.json": INDEX}).encode())


@given(st.integers(0, len(PACKED) - 1), st.integers(1, 255))
def test_a_changed_byte_is_always_found(tmp_path_factory: pytest.TempPathFactory, place: int, mask: int) -> None:
    data = bytearray(PACKED)
    data[place] ^= mask
    assert refused(tmp_path_factory.mktemp("changed"), bytes(data))


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(lzma.compress)))
def test_any_bytes_are_an_error_or_documents(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    with pytest.raises(InputError):
        load(pack(tmp_path_factory.mktemp("any"), data), "specs/1.0")
