"""The programs of the API server are found in the documented places, in their order."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kubecore.testing.machine import binaries
from kubecore.testing.machine.binaries import BinariesMissingError

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="the folders of Linux")


def _programs(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in binaries.PROGRAMS:
        (folder / name).touch(0o755)
    return folder


def _environ(root: Path) -> dict[str, str]:
    return {"XDG_DATA_HOME": str(root / "data"), "XDG_CACHE_HOME": str(root / "cache")}


def _stored(root: Path, version: str) -> Path:
    return root / "data" / "kubebuilder-envtest" / "k8s" / f"{version}-{binaries.platform_name()}"


def _cached(root: Path, version: str) -> Path:
    return root / "cache" / "kubecore" / "apiserver" / f"{version}-{binaries.platform_name()}"


def test_the_variable_wins_over_the_store_and_the_store_over_the_cache(tmp_path: Path) -> None:
    environ = _environ(tmp_path)
    cached = _programs(_cached(tmp_path, "1.37.1"))
    assert binaries.find("1.37", environ) == cached
    stored = _programs(_stored(tmp_path, "1.37.0"))
    assert binaries.find("1.37", environ) == stored
    assert binaries.find("1.37.1", environ) == cached
    named = _programs(tmp_path / "assets")
    assert binaries.find("1.37", {**environ, "KUBEBUILDER_ASSETS": str(named)}) == named


def test_the_newest_patch_version_is_used_and_other_minor_versions_are_not(tmp_path: Path) -> None:
    for version in ("1.3.9", "1.37.9", "1.37.10", "1.370.1", "1.38.0"):
        _programs(_cached(tmp_path, version))
    assert binaries.find("1.37", _environ(tmp_path)) == _cached(tmp_path, "1.37.10")


def test_folders_that_lack_a_program_or_are_for_another_platform_are_not_used(tmp_path: Path) -> None:
    (_programs(_cached(tmp_path, "1.37.2")) / "etcd").unlink()
    (_programs(_cached(tmp_path, "1.37.3")) / "kube-apiserver").chmod(0o644)
    _programs(_cached(tmp_path, "1.37.4").with_name("1.37.4-plan9-mips"))
    with pytest.raises(BinariesMissingError, match=r"1\.37"):
        binaries.find("1.37", _environ(tmp_path))


def test_the_error_names_the_searched_folders_and_the_command_to_run(tmp_path: Path) -> None:
    with pytest.raises(BinariesMissingError) as caught:
        binaries.find("1.37", _environ(tmp_path))
    text = str(caught.value)
    assert text.endswith("run: python -m kubecore.testing download 1.37")
    assert str(tmp_path / "data" / "kubebuilder-envtest" / "k8s") in text
    assert str(tmp_path / "cache" / "kubecore" / "apiserver") in text


def test_a_wrong_variable_is_an_error_though_the_cache_has_the_programs(tmp_path: Path) -> None:
    _programs(_cached(tmp_path, "1.37.1"))
    with pytest.raises(
        BinariesMissingError, match=r"KUBEBUILDER_ASSETS=.*empty does not contain etcd and kube-apiserver"
    ):
        binaries.find("1.37", {**_environ(tmp_path), "KUBEBUILDER_ASSETS": str(tmp_path / "empty")})
