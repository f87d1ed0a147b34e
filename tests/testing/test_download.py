"""Downloads of the API server: from a folder, a file and a server; archives are untrusted."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import io
import json
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kubecore.testing import __main__ as command
from kubecore.testing import download as downloads
from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing.download import INDEX, DownloadError, download
from kubecore.testing.loopback import serve
from kubecore.testing.machine import archives, binaries

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
        self.write(self.releases)

    def write(self, releases: object) -> None:
        (self.folder / "envtest-releases.yaml").write_text(json.dumps({"releases": releases}), "utf-8")

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
    mirror.add("1.37.2", _archive(_FILES), digest="0" * 128)
    with pytest.raises(DownloadError, match="the SHA-512 of the archive is"):
        download("1.37.2", mirror.environ)
    for entry in ({}, {"hash": "x"}, {"hash": None}, {"hash": 1}, {"hash": ["0" * 128]}, {"hash": "0" * 1_000_000}):
        mirror.write({"v1.37.2": {_name("1.37.2"): entry}})
        with pytest.raises(DownloadError, match=r"the index has no valid SHA-512 of the archive$"):
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
    for module, name, problem in (
        (archives, "_MAX_PROGRAM", "is larger than 3 bytes"),
        (archives, "_MAX_CONTENT", "at most 3 are read"),
        (downloads, "_MAX_ARCHIVE", "the archive is larger than 3 bytes"),
    ):
        with monkeypatch.context() as patch, pytest.raises(DownloadError, match=problem):
            patch.setattr(module, name, 3)
            download("1.37.4", mirror.environ)
    assert mirror.left() == []


def _header(kind: bytes, size: int, name: str = "etcd") -> bytes:
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    return member.tobuf(tarfile.GNU_FORMAT)


_SPARSE = _header(tarfile.GNUTYPE_SPARSE, 512)
"""Its real size is written at offset 483, with a checksum at 148."""


def _sparse(size: int) -> bytes:
    header = bytearray(_SPARSE)
    header[483:495] = f"{size:011o}\0".encode()
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    return bytes(header) + b"x" * 512


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (_header(tarfile.XHDTYPE, 1 << 40), "the archive is invalid: it needs 1099511627776 bytes"),
        (_header(tarfile.GNUTYPE_LONGNAME, 1 << 33), "the archive is invalid: it needs"),
        (_header(tarfile.REGTYPE, 1 << 40, "other"), "the archive is invalid: it needs"),
        (_header(tarfile.REGTYPE, 1 << 40), "etcd in the archive is larger than"),
        (_header(tarfile.REGTYPE, -1024), "the archive"),
        (_header(tarfile.REGTYPE, -1024, "other"), "the archive"),
        (_header(tarfile.XHDTYPE, -1024), "the archive is invalid"),
        ((_header(tarfile.XHDTYPE, 9) + b"9 a=bcde\n".ljust(512, b"\0")) * 5_000, "the archive"),
        (_header(tarfile.REGTYPE, 0, "other") * 1_001, "the archive has more than 1000 members"),
        (_sparse(1 << 29), "the archive does not contain etcd and kube-apiserver"),
    ],
)
def test_hostile_headers_of_an_archive_install_nothing(mirror: Mirror, content: bytes, problem: str) -> None:
    mirror.add("1.37.4", gzip.compress(content + bytes(1024)))
    with pytest.raises(DownloadError, match=problem):
        download("1.37.4", mirror.environ)
    assert mirror.left() == []


def test_skipped_content_of_an_archive_is_limited(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror.add("1.37.4", _archive({"bomb": bytes(40 << 20), **_FILES}))
    monkeypatch.setattr(archives, "_MAX_CONTENT", 20 << 20)
    with pytest.raises(DownloadError, match="at most 20971520 are read"):
        download("1.37.4", mirror.environ)


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
        (f"releases: {{v1.37.0: {{{_name('1.37.0')}: [1]}}}}", "has no archive of 1.37 for"),
        ("releases: {1.36: {}, 2: {}, true: {}}", r"has no version 1\.37; its newest are 1\.36"),
        (f"releases:\n  ? v1.37.{'9' * 5_000}\n  : {{}}", "has no version 1.37; its newest are none"),
        ("releases: " + "[" * 5_000, "is not YAML"),
        ("releases: &a {v1.37.0: *a}", "is not YAML"),
        ("a: &a [" + "1," * 999 + "]\nb: &b [" + "*a," * 999 + "]\nreleases: [*b, *b]", "is not YAML"),
        ("releases: !!python/object/apply:os.getcwd []", "is not YAML"),
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


def test_large_index_is_not_read(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_MAX_INDEX", 10)
    with pytest.raises(DownloadError, match="is larger than 10 bytes"):
        download("1.37", mirror.environ)


@pytest.mark.parametrize(
    "link", ["//[", "http://[::1", "http://a b/", "ftp://127.0.0.1/a", "data:,x", "x:/etc/passwd", [1]]
)
def test_wrong_links_of_an_index_are_refused(mirror: Mirror, url: str, link: object) -> None:
    mirror.write({"v1.37.5": {_name("1.37.5"): {"hash": "0" * 128, "selfLink": link}}})
    with pytest.raises(DownloadError, match="cannot read"):
        download("1.37.5", {**mirror.environ, "KUBE_TESTING_INDEX": f"{url}/envtest-releases.yaml"})


def test_wrong_url_of_an_index_is_refused(mirror: Mirror) -> None:
    with pytest.raises(DownloadError, match="cannot read"):
        download("1.37", {**mirror.environ, "KUBE_TESTING_INDEX": "http://[::1"})


def _redirecting(location: str) -> Callable[[Received], Reply]:
    return lambda _: Reply(code=302, headers=[("content-type", "text/plain"), ("location", location)])


def test_redirects_are_followed_but_not_to_other_schemes(mirror: Mirror, url: str) -> None:
    for location, problem in (
        (f"{url}/envtest-releases.yaml", ""),
        ("ftp://127.0.0.1/index", "cannot read"),
        ((mirror.folder / "envtest-releases.yaml").as_uri(), "cannot read"),
    ):
        with serve(_redirecting(location)) as server:
            environ = {**mirror.environ, "KUBE_TESTING_INDEX": f"{server.url}/index"}
            if not problem:
                with pytest.raises(DownloadError, match=r"has no version 1\.99"):
                    download("1.99", environ)
                continue
            with pytest.raises(DownloadError, match=problem):
                download("1.99", environ)


def test_https_does_not_lead_to_http(mirror: Mirror, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    index = f"{url}/envtest-releases.yaml"
    responses = {"/moved": _redirecting(index)}
    document = {"releases": {"v1.37.1": {_name("1.37.1"): {"hash": "0" * 128, "selfLink": f"{url}/archive"}}}}
    responses["/index"] = lambda _: Reply(
        code=200, headers=[("content-type", "text/plain")], content=json.dumps(document).encode()
    )
    with serve(lambda received: responses[received.path](received), tls=True) as server:
        authorities = tmp_path / "ca.pem"
        authorities.write_bytes(server.config.tls.ca_data or b"")
        monkeypatch.setenv("SSL_CERT_FILE", str(authorities))
        for path in responses:
            environ = {**mirror.environ, "KUBE_TESTING_INDEX": f"{server.url}{path}"}
            with pytest.raises(DownloadError, match=r"expected https, because it follows from https://127\.0\.0\.1"):
                download("1.37", environ)
    assert mirror.left() == []


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
