"""Copying from a hostile container.

The tests build the archives. tests/server/test_cp.py copies in both directions with real tar programs.
"""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubecore import errors, rest
from kubecore.streams.copy import untar
from kubecore.streams.copy.totar import pack
from kubecore.streams.copy.untar import Copied, Unpacker
from tests.kubecore.driving import KINDS, SyncPods, drive
from tests.kubecore.websocket_server import SUCCESS, Peer, exit_status, serving

END = bytes(1024)


def entry(name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE, **fields: Any) -> bytes:
    """Return one entry of an archive. Tests patch its bytes with values that Python's `tarfile` refuses to write."""
    header = tarfile.TarInfo(name)
    header.type, header.size, header.mode = kind, len(data), 0o644
    for field, value in fields.items():
        setattr(header, field, value)
    return header.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape") + data + bytes(-len(data) % 512)


def folder(name: str, **fields: Any) -> bytes:
    return entry(name, kind=tarfile.DIRTYPE, **{"mode": 0o755, **fields})


def pax(records: dict[str, str], kind: bytes = tarfile.XHDTYPE) -> bytes:
    data = b""
    for key, value in records.items():
        body = f" {key}={value}\n".encode()
        length = len(body) + len(str(len(body)))
        length = len(body) + len(str(length))
        data += str(length).encode() + body
    return entry("pax", data, kind)


def unpack(archive: bytes, local: Path, *, base: str = "x", size: int = 1000, end: bytes = END) -> Copied:
    with Unpacker(base, local) as unpacker:
        for at in range(0, len(archive + end), size):
            unpacker.feed((archive + end)[at : at + size])
        return unpacker.finish()


def everything(below: Path) -> dict[str, bytes | None]:
    """Return the contents of all files below a folder, None for folders. Fail if one is a link or a special file."""
    found: dict[str, bytes | None] = {}
    for path in sorted(below.rglob("*")):
        mode = path.lstat().st_mode
        assert stat.S_ISREG(mode) or stat.S_ISDIR(mode), path
        assert not mode & 0o7000 or stat.S_ISDIR(mode)
        found[str(path.relative_to(below))] = path.read_bytes() if stat.S_ISREG(mode) else None
    return found


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return an empty folder next to the folder `outside`, which a hostile archive may try to reach."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"untouched")
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


def is_untouched(place: Path) -> bool:
    return everything(place.parent / "outside") == {"secret": b"untouched"} and {
        path.name for path in place.parent.iterdir()
    } == {"outside", "here"}


def test_a_folder_is_copied(place: Path) -> None:
    long = "/".join(["long" * 20] * 5)
    archive = (
        folder("./x/")
        + entry("./x/a", b"hello")
        + folder("./x/sub/")
        + entry("./x/sub/empty", mode=0o755)
        + entry("x/sub/large", b"L" * 100_000)
        + entry(f"./x/{long}", b"long")
        + pax({"path": "x/p\u00e4x", "mtime": "1.5"})
        + entry("./x/short", b"pax")
        + entry("./x/-rf", b"dash")
    )
    for number, size in enumerate((100, 511, 512, 513, 1 << 20)):
        told = unpack(archive, place / str(number), size=size)
        assert everything(place / str(number)) == {
            "a": b"hello",
            "sub": None,
            "sub/empty": b"",
            "sub/large": b"L" * 100_000,
            **{"/".join(long.split("/")[:depth]): None for depth in range(1, 5)},
            long: b"long",
            "p\u00e4x": b"pax",
            "-rf": b"dash",
        }
        assert (told.files, told.folders, told.size, told.skipped) == (6, 2, 100_016, [])
    assert (place / "1" / "sub" / "empty").stat().st_mode & 0o777 == 0o755


def test_a_copied_file_gets_the_name_of_the_local_path(place: Path) -> None:
    archive = entry("./x", b"hello")
    unpack(archive, place / "copy")
    assert (place / "copy").read_bytes() == b"hello"
    (place / "there").mkdir()
    unpack(archive, place / "there")
    assert (place / "there" / "x").read_bytes() == b"hello"
    (place / "copy").write_bytes(b"old and longer")
    unpack(archive, place / "copy")
    assert (place / "copy").read_bytes() == b"hello"


def test_the_root_folder_is_copied_completely(place: Path) -> None:
    unpack(folder("./") + entry("./a", b"1") + entry("b/c", b"2"), place / "all", base=".")
    assert everything(place / "all") == {"a": b"1", "b": None, "b/c": b"2"}


BAD = {
    "dots": entry("x/../../outside/secret", b"bad"),
    "dots at the end": folder("x/.."),
    "dots of a folder": folder("x/../../outside/new"),
    "absolute": entry("/etc/x", b"bad"),
    "another name": entry("y/a", b"bad"),
    "a longer name": entry("xy/a", b"bad"),
    "absolute by pax": pax({"path": "/etc/x"}) + entry("x/a", b"bad"),
    "dots by pax": pax({"path": "x/../../outside/secret"}) + entry("x/a", b"bad"),
    "NUL by pax": pax({"path": "x/a\0b"}) + entry("x/a", b"bad"),
    "dots by a long name": entry("././@LongLink", b"x/../" * 40 + b"outside/secret\0", tarfile.GNUTYPE_LONGNAME)
    + entry("x/a", b"bad"),
    "path for all": pax({"path": "x/b"}, tarfile.XGLTYPE) + entry("x/a", b"bad"),
    "sparse": entry("x/a", kind=tarfile.GNUTYPE_SPARSE),
    "sparse by pax": pax({"GNU.sparse.major": "1", "GNU.sparse.name": "../a"}) + entry("x/a", b"bad"),
    "a name without end": entry("././@LongLink", b"x" * (1 << 20), tarfile.GNUTYPE_LONGNAME) + entry("x/a"),
    "a header without end": entry("pax", b"9" * (1 << 20), tarfile.XHDTYPE) + entry("x/a"),
    "records that lie": entry("pax", b"99 path=x/b\n", tarfile.XHDTYPE) + entry("x/a", b"bad"),
    "records of no length": entry("pax", b"0 path=x/b\n", tarfile.XHDTYPE) + entry("x/a", b"bad"),
    "records of negative length": entry("pax", b"-5 path=x/b\n", tarfile.XHDTYPE) + entry("x/a", b"bad"),
    "a size that is none": pax({"size": "1e9"}) + entry("x/a", b"bad"),
    "a folder with data": entry("x/a", b"bad", tarfile.DIRTYPE),
    "a link with data": entry("x/a", b"bad", tarfile.SYMTYPE, linkname="/etc"),
    "an unknown type": entry("x/a", kind=b"Z"),
    "too long a name": entry("x/" + "n" * 300, b"bad"),
    "too long a path": entry("x/" + "/".join("abcdefgh" for _ in range(300)), b"bad"),
    "a name for a file and a folder": folder("x") + folder("x/a") + entry("x/a", b"bad"),
    "a file in a file": folder("x") + entry("x/a", b"good") + entry("x/a/b", b"bad"),
    "two of a name": folder("x") + entry("x/a", b"good") + entry("x/a", b"bad"),
    "more than the one file": entry("x", b"good") + entry("x/a", b"bad"),
    "no archive": b"<html>" + bytes(506) + b"?" * 512,
    "a wrong checksum": entry("x/a", b"bad").replace(b"x/a", b"x/b", 1),
    "a negative size": entry("x/a")[:124] + b"\xff" * 12 + entry("x/a")[136:],
    "behind the end": folder("x") + bytes(512) + entry("x/a", b"bad"),
}


@pytest.mark.parametrize("name", list(BAD))
def test_a_hostile_archive_is_an_error(place: Path, name: str) -> None:
    archive = BAD[name]
    if name == "a negative size":  # The checksum is still that of the valid header.
        block = bytearray(archive)
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block[:512])
        archive = bytes(block)
    for size in (100, 1 << 21):
        with pytest.raises(errors.CopyError) as caught:
            unpack(archive, place / "copy", size=size)
        assert str(caught.value).isprintable()
        found = everything(place)
        assert not any(name.startswith(".kubecore") for name in found)
        assert b"bad" not in found.values()
        assert is_untouched(place)


@pytest.mark.parametrize(
    "links",
    [
        entry("x/link", kind=tarfile.SYMTYPE, linkname="../../outside"),
        entry("x/link", kind=tarfile.SYMTYPE, linkname="/etc"),
        entry("x/link", kind=tarfile.SYMTYPE, linkname="a") + entry("x/a", kind=tarfile.SYMTYPE, linkname="../.."),
        entry("x/link", kind=tarfile.LNKTYPE, linkname="../outside/secret"),
        entry("x/link", kind=tarfile.CHRTYPE, devmajor=1, devminor=3),
        entry("x/link", kind=tarfile.BLKTYPE),
        entry("x/link", kind=tarfile.FIFOTYPE),
        pax({"linkpath": "../../outside"}) + entry("x/link", kind=tarfile.SYMTYPE),
    ],
    ids=["link", "absolute", "chain", "hard link", "device", "block device", "pipe", "by pax"],
)
def test_links_and_devices_are_skipped_and_never_followed(place: Path, links: bytes) -> None:
    told = unpack(folder("x") + links + entry("x/link/secret", b"in a folder of its own"), place / "copy")
    assert everything(place / "copy") == {"link": None, "link/secret": b"in a folder of its own"}
    assert told.skipped[0].name == "x/link"
    assert is_untouched(place)
    with pytest.raises(errors.CopyError, match="nothing was copied"):
        unpack(links, place / "other")


def test_an_existing_symbolic_link_is_not_followed(place: Path) -> None:
    (place / "copy").mkdir()
    (place / "copy" / "sub").symlink_to(place.parent / "outside")
    (place / "copy" / "secret").symlink_to(place.parent / "outside" / "secret")
    with pytest.raises(errors.CopyError, match="x/sub/secret"):
        unpack(folder("x") + entry("x/sub/secret", b"bad"), place / "copy")
    with pytest.raises(errors.CopyError, match="x/sub"):
        unpack(folder("x/sub"), place / "copy")
    assert everything(place.parent / "outside") == {"secret": b"untouched"}
    unpack(folder("x") + entry("x/secret", b"mine"), place / "copy")
    assert not (place / "copy" / "secret").is_symlink()
    assert (place / "copy" / "secret").read_bytes() == b"mine"
    assert everything(place.parent / "outside") == {"secret": b"untouched"}


def test_rights_are_no_more_than_a_files(place: Path) -> None:
    unpack(folder("x", mode=0o7777) + entry("x/a", b"", mode=0o7777) + entry("x/b", b"", mode=0), place / "copy")
    assert (place / "copy" / "a").stat().st_mode & 0o7000 == 0
    assert (place / "copy" / "b").stat().st_mode & 0o777 == 0o600
    assert (place / "copy").stat().st_mode & 0o6000 == 0


def test_the_number_of_entries_has_a_limit(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untar, "_MOST_ENTRIES", 100)
    with pytest.raises(errors.CopyError, match="more than 100 entries"):
        unpack(folder("x") + entry("x/p", kind=tarfile.FIFOTYPE) * 200, place / "copy")
    many = folder("x") + entry("x/p", kind=tarfile.FIFOTYPE) * 1100
    monkeypatch.setattr(untar, "_MOST_ENTRIES", 10_000)
    assert len(unpack(many, place / "copy").skipped) == 1000


def test_a_declared_size_without_its_bytes_raises_copy_error(place: Path) -> None:
    header = bytearray(entry("x/a"))
    header[124:136] = b"\x80" + (1 << 40).to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header[:512])
    with pytest.raises(errors.CopyError, match="broke off"):
        unpack(folder("x") + bytes(header) + b"x" * 5000, place / "copy")
    assert everything(place / "copy") == {}


def test_an_archive_that_is_cut_anywhere_raises_copy_error(place: Path) -> None:
    archive = folder("x") + entry("x/a", b"a" * 700) + entry("x/b", b"b")
    for at in range(0, len(archive), 73):
        with pytest.raises(errors.CopyError, match="broke off"):
            unpack(archive[:at], place / "copy", end=b"")
        found = everything(place)
        assert set(found.values()) <= {None, b"a" * 700, b"b"}
        assert set(found) <= {"copy", "copy/a", "copy/b"}
    unpack(archive, place / "copy", end=bytes(512))  # Some tar programs end with one block.


def test_an_empty_or_missing_source_raises_copy_error(place: Path) -> None:
    with pytest.raises(errors.CopyError, match="nothing was copied"):
        unpack(b"", place / "copy")
    with pytest.raises(errors.CopyError, match="broke off"):
        unpack(b"", place / "copy", end=b"")
    with pytest.raises(errors.CopyError, match="symbolic link"):
        unpack(entry("x", kind=tarfile.SYMTYPE, linkname="/etc/passwd"), place / "copy")
    with pytest.raises(errors.CopyError, match="No such file"):
        unpack(entry("x", b"1"), place / "nope" / "copy")
    with pytest.raises(errors.CopyError, match="No such file"):
        unpack(folder("x"), place / "nope" / "copy")


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(
                st.sampled_from(
                    ["x", "..", ".", "", "a", "A", "\u00e9", "e\u0301", "a b", "-", "~", "\x1b[2J", "a\\b"]
                ),
                max_size=5,
            ).map("/".join)
            | st.text(max_size=20).filter(lambda text: "\0" not in text and text.isprintable()),
            st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE]),
        ),
        max_size=6,
    ),
    st.integers(1, 2000),
)
def test_entries_with_any_names_stay_below_the_target_folder(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[str, bytes]], size: int
) -> None:
    place = tmp_path_factory.mktemp("place")
    (place / "outside").mkdir()
    archive = b"".join(
        entry(name, b"data" if kind == tarfile.REGTYPE else b"", kind, linkname="../outside") for name, kind in entries
    )
    try:
        unpack(archive, place / "copy", size=size)
    except errors.CopyError as error:
        assert "\x1b" not in str(error)
    everything(place)
    assert {path.name for path in place.iterdir()} <= {"outside", "copy"}
    assert everything(place / "outside") == {}


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=3000), st.integers(1, 600))
def test_any_bytes_are_an_archive_or_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, size: int
) -> None:
    try:
        unpack(data, tmp_path_factory.mktemp("place") / "copy", size=size)
    except errors.CopyError:
        pass


# Through an exec.


def sends(archive: bytes, said: bytes = b"", status: object = SUCCESS) -> Callable[[Peer], None]:
    def run(peer: Peer) -> None:
        for at in range(0, len(archive), 20_000):
            peer.send(1, archive[at : at + 20_000])
        if said:
            peer.send(2, said)
        peer.end(status)

    return run


each = pytest.mark.parametrize("kind", KINDS)


@each
def test_a_copy_from_a_container(kind: str, place: Path) -> None:
    told: list[int] = []
    with serving(sends(folder("./x") + entry("./x/a", b"a" * 100_000) + END)) as server:

        async def scenario(pods: Any) -> None:
            copied = await pods.copy_from("p", "/srv/x", place / "copy", container="main", progress=told.append)
            assert (copied.files, copied.folders, copied.size) == (1, 1, 100_000)

        drive(kind, rest.Config(host=server.url), scenario)
        head = server.heads[0].decode()
    assert "exec?command=tar&command=cf&command=-&command=-C&command=/srv&command=./x&container=main&" in head
    assert everything(place / "copy") == {"a": b"a" * 100_000}
    assert told == sorted(told)
    assert told[-1] == 100_000
    assert len(told) > 3


@each
@pytest.mark.parametrize(
    ("script", "error", "words"),
    [
        (sends(b"", b"tar: ./x: Cannot stat\x1b[2J", exit_status(2)), errors.CopyError, r"returned 2.*stat\\x1b\[2J"),
        (sends(folder("x") + entry("x/a", b"1") + END, b"changed", exit_status(1)), errors.CopyError, "not everything"),
        (sends(b"", b"", exit_status(127)), errors.CopyError, "no `tar`"),
        (sends(b"", b"sh: tar: not found", exit_status(126)), errors.CopyError, "no `tar`"),
        (
            sends(b"", status={"status": "Failure", "message": 'exec: "tar": executable file not found in $PATH'}),
            errors.CopyError,
            "no `tar`",
        ),
        (sends(b"", status={"status": "Failure", "message": "no container"}), errors.StatusError, "no container"),
        (sends(BAD["dots"] + END), errors.CopyError, "leads out"),
        (sends(entry("x", b"half of it")[:515]), errors.CopyError, "broke off"),
        (
            lambda peer: peer.send(1, entry("x", b"half of it")[:515]),
            errors.UnknownResultError,
            "without a close frame",
        ),
    ],
    ids=["fails", "warns", "127", "126", "no such program", "no container", "hostile", "half", "cut"],
)
def test_a_failed_copy_raises_an_error_and_leaves_no_partial_file(
    kind: str, place: Path, script: Any, error: type[Exception], words: str
) -> None:
    with serving(script) as server:

        async def scenario(pods: Any) -> None:
            with pytest.raises(error, match=words):
                await pods.copy_from("p", "x", place / "copy")

        drive(kind, rest.Config(host=server.url), scenario)
    assert is_untouched(place)
    assert not any(value and b"half" in value for value in everything(place).values())


@pytest.mark.parametrize(
    ("remote", "command"),
    [
        ("/a/b", ["-C", "/a", "./b"]),
        ("b", ["-C", ".", "./b"]),
        ("-b", ["-C", ".", "./-b"]),
        ("/", ["-C", "/", "."]),
        (".", ["-C", ".", "."]),
        ("..", ["-C", "..", "."]),
        ("../..", ["-C", "../..", "."]),
        ("a/../b/", ["-C", ".", "./b"]),
        ("/a//b/./c", ["-C", "/a/b", "./c"]),
    ],
)
def test_paths_in_the_container(remote: str, command: list[str]) -> None:
    from kubecore.streams.copy.copying import plan_from

    plan = plan_from(SyncPods._resource, "n", "p", remote, "local", None)
    assert plan.command == ["tar", "cf", "-", *command]


def test_empty_or_invalid_paths_are_refused(tmp_path: Path) -> None:
    with rest.Client(rest.Config(host="http://127.0.0.1:1")) as client:
        for remote in ("", "a\0b", None):
            with pytest.raises(errors.InvalidRequestError, match="path in the container"):
                SyncPods(client, "n").copy_from("p", remote, tmp_path)  # type: ignore[arg-type]
            with pytest.raises(errors.InvalidRequestError, match="path in the container"):
                SyncPods(client, "n").copy_to("p", tmp_path, remote)  # type: ignore[arg-type]


def received(pieces: Iterable[bytes], extract: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as archive:
        if hasattr(tarfile, "data_filter"):  # Python 3.11.0 to 3.11.3 have no filters.
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(extract)  # noqa: S202 - kubecore packed it


def test_tar_extracts_the_packed_archive(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "sub" / ("n" * 200)).mkdir(parents=True)
    (source / "empty").mkdir()
    (source / "a").write_bytes(os.urandom(100_000))
    (source / "sub" / "\u00e9\u20ac").write_bytes(b"")
    (source / "sub" / ("n" * 200) / ("m" * 200)).write_bytes(b"deep")
    (source / "link").symlink_to("/etc/passwd")
    os.mkfifo(source / "pipe")
    (source / "a").chmod(0o750)
    copied, told = Copied(), list[int]()
    received(pack(source, "target", copied, told.append), tmp_path / "out")
    ours = [path for path in source.rglob("*") if not path.is_symlink() and not path.is_fifo()]
    expected = {str(path.relative_to(source)): None if path.is_dir() else path.read_bytes() for path in ours}
    assert everything(tmp_path / "out" / "target") == expected
    assert (tmp_path / "out" / "target" / "a").stat().st_mode & 0o777 == 0o750
    assert (copied.files, copied.folders, copied.size) == (3, 4, 100_004)
    assert {(Path(item.name).name, item.why) for item in copied.skipped} == {
        ("link", "a symbolic link"),
        ("pipe", "no file or folder"),
    }
    assert told[-1] == 100_004
    unpack(b"".join(pack(source, "x", Copied(), None)), tmp_path / "again", end=b"")
    assert everything(tmp_path / "again") == expected


@each
def test_an_unreadable_local_file_raises_copy_error(kind: str, tmp_path: Path) -> None:
    with serving(lambda peer: [None for _ in iter(peer.read, None)] and None) as server:

        async def scenario(pods: Any) -> None:
            with pytest.raises(errors.CopyError, match=r"nope' can't be read: No such file"):
                await pods.copy_to("p", tmp_path / "nope", "/x")

        drive(kind, rest.Config(host=server.url), scenario)
