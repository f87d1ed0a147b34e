"""Downloads of the API server: from a folder, a file and a server; archives are untrusted."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubecore.testing import __main__ as command
from kubecore.testing import download as downloads
from kubecore.testing.download import INDEX, DownloadError, download
from kubecore.testing.machine import binaries

_FILES = {f"controller-tools/envtest/{name}": f"program {name}".encode() for name in (*binaries.PROGRAMS, "kubectl")}


def _archive(files: dict[str, bytes], *more: tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in more:
            archive.addfile(member)
    return buffer.getvalue()


def _name(version: str) -> str:
    return f"envtest-v{version}-{binaries.platform_name()}.tar.gz"


class Mirror:
    """An index with its archives in a folder."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "mirror"
        self.folder.mkdir()
        self.releases: dict[str, dict[str, dict[str, str]]] = {}
        self.cache = root / "cache" / "kubecore" / "apiserver"
        self.environ = {"XDG_CACHE_HOME": str(root / "cache"), "KUBE_TESTING_INDEX": str(self.folder)}

    def add(self, version: str, content: bytes, *, digest: str = "", link: str = "") -> None:
        (self.folder / _name(version)).write_bytes(content)
        entry = {"hash": digest or hashlib.sha512(content).hexdigest(), "selfLink": link or _name(version)}
        self.releases[f"v{version}"] = {_name(version): entry}
        (self.folder / "envtest-releases.yaml").write_text(json.dumps({"releases": self.releases}), "utf-8")

    def target(self, version: str) -> Path:
        return self.cache / f"{version}-{binaries.platform_name()}"

    def left(self) -> list[str]:
        return sorted(path.name for path in self.cache.iterdir()) if self.cache.exists() else []


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    made = Mirror(tmp_path)
    made.add("1.37.1", _archive(_FILES))
    return made


@pytest.fixture
def url(mirror: Mirror) -> Iterator[str]:
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=mirror.folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_the_index_is_that_of_controller_tools() -> None:
    assert INDEX == "https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml"


def test_the_newest_release_of_a_version_is_downloaded_and_found(mirror: Mirror) -> None:
    mirror.add("1.37.10", _archive(_FILES))
    mirror.add("1.38.0", _archive(_FILES))
    folder = download("1.37", mirror.environ)
    assert folder == mirror.target("1.37.10")
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {
        Path(name).name: content for name, content in _FILES.items()
    }
    assert binaries.find("1.37", mirror.environ) == folder
    assert download("v1.37.1", mirror.environ) == mirror.target("1.37.1")
    assert mirror.left() == sorted([mirror.target("1.37.1").name, folder.name])


def test_a_release_in_the_cache_is_not_downloaded_again(mirror: Mirror) -> None:
    folder = download("1.37", mirror.environ)
    (mirror.folder / _name("1.37.1")).unlink()
    assert download("1.37", mirror.environ) == folder


def test_an_index_may_be_a_file_or_a_url(mirror: Mirror, url: str) -> None:
    for number, index in enumerate((str(mirror.folder / "envtest-releases.yaml"), f"{url}/envtest-releases.yaml")):
        environ = {"XDG_CACHE_HOME": str(mirror.folder / str(number)), "KUBE_TESTING_INDEX": index}
        assert download("1.37", environ).joinpath("etcd").read_bytes() == b"program etcd"


def test_a_wrong_hash_installs_nothing(mirror: Mirror) -> None:
    for digest in ("0" * 128, "x"):
        mirror.add("1.37.2", _archive(_FILES), digest=digest)
        with pytest.raises(DownloadError, match="the SHA-512 of the archive is"):
            download("1.37.2", mirror.environ)
    del mirror.releases["v1.37.2"][_name("1.37.2")]["hash"]
    (mirror.folder / "envtest-releases.yaml").write_text(json.dumps({"releases": mirror.releases}), "utf-8")
    with pytest.raises(DownloadError, match="expected one in the index"):
        download("1.37.2", mirror.environ)
    assert mirror.left() == []


def test_paths_and_links_of_an_archive_have_no_effect(mirror: Mirror, tmp_path: Path) -> None:
    links = [
        tarfile.TarInfo("a/kubectl"),
        tarfile.TarInfo("b/etcd"),
        tarfile.TarInfo("../kube-apiserver"),
        tarfile.TarInfo("c/kubectl"),
    ]
    links[0].type, links[0].linkname = tarfile.SYMTYPE, str(tmp_path / "outside")
    links[1].type, links[1].linkname = tarfile.LNKTYPE, "/etc/passwd"
    links[2].type = tarfile.DIRTYPE
    links[3].type = tarfile.FIFOTYPE
    files = {
        "../../../outside": b"x",
        "/absolute/etcd": b"etcd",
        "../../kube-apiserver": b"server",
        "x/other": b"x",
        "etcd/..": b"x",
    }
    mirror.add("1.37.3", _archive(files, *links))
    folder = download("1.37.3", mirror.environ)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {"etcd": b"etcd", "kube-apiserver": b"server"}
    assert mirror.left() == [folder.name]
    assert not list(tmp_path.glob("outside"))


def test_invalid_archives_install_nothing(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _archive(_FILES)
    for content, problem in (
        (b"not an archive", "the archive is invalid"),
        (whole[: len(whole) // 2], "the archive is invalid"),
        (_archive({"etcd": b"x"}), "the archive does not contain kube-apiserver"),
    ):
        mirror.add("1.37.4", content)
        with pytest.raises(DownloadError, match=problem):
            download("1.37.4", mirror.environ)
    mirror.add("1.37.4", whole)
    for name, problem in (
        ("_MAX_PROGRAM", "is larger than 3 bytes"),
        ("_MAX_ARCHIVE", "the archive is larger than 3 bytes"),
    ):
        with monkeypatch.context() as patch, pytest.raises(DownloadError, match=problem):
            patch.setattr(downloads, name, 3)
            download("1.37.4", mirror.environ)
    assert mirror.left() == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[]", "expected the key 'releases'"),
        ("releases: 1", "expected the key 'releases'"),
        ("releases: {", "is not YAML"),
        ("releases: {}", "has no version 1.37; its newest are none"),
        ("releases: {v1.36.0: {}, v1.35.1: {}, other: {}}", r"has no version 1\.37; its newest are 1\.35\.1, 1\.36\.0"),
        ("releases: {v1.37.0: {}}", "has no archive of 1.37 for"),
        ("releases: {v1.37.0: [1]}", "has no archive of 1.37 for"),
    ],
)
def test_the_errors_of_an_index_name_it_and_the_problem(mirror: Mirror, text: str, problem: str) -> None:
    (mirror.folder / "envtest-releases.yaml").write_text(text, "utf-8")
    with pytest.raises(DownloadError, match=problem) as caught:
        download("1.37", mirror.environ)
    assert str(mirror.folder) in str(caught.value)


def test_a_missing_index_or_archive_is_named(mirror: Mirror, url: str, tmp_path: Path) -> None:
    (mirror.folder / _name("1.37.1")).unlink()
    for index in (str(mirror.folder), f"{url}/envtest-releases.yaml"):
        with pytest.raises(DownloadError, match=rf"cannot read .*{_name('1.37.1')}"):
            download("1.37", {**mirror.environ, "KUBE_TESTING_INDEX": index})
    for index in (str(tmp_path / "none"), f"{url}/none", "ftp://127.0.0.1/index"):
        with pytest.raises(DownloadError, match="cannot read"):
            download("1.37", {**mirror.environ, "KUBE_TESTING_INDEX": index})


def test_links_to_files_of_this_machine_are_refused(mirror: Mirror, url: str) -> None:
    mirror.add("1.37.5", _archive(_FILES), link=(mirror.folder / _name("1.37.1")).as_uri())
    with pytest.raises(DownloadError, match="cannot read file:"):
        download("1.37.5", {**mirror.environ, "KUBE_TESTING_INDEX": f"{url}/envtest-releases.yaml"})


def test_the_command_prints_the_folder_or_the_error(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name, value in {**mirror.environ, "XDG_DATA_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    assert command.main(["find", "1.37"]) == 1
    assert capsys.readouterr().err.startswith("error: no kube-apiserver 1.37 in ")
    for arguments in (["download", "1.37"], ["find"]):
        assert command.main(arguments) == 0
        assert capsys.readouterr().out == f"{mirror.target('1.37.1')}\n"
    assert command.main(["download", "1.99"]) == 1
    assert "has no version 1.99" in capsys.readouterr().err
