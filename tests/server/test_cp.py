"""`cp` on the real API server, with the tar of the container, which may be malicious."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kubecore import errors
from kubecore.streams.copy import copying
from tests.cluster.nodes import Nodes
from tests.kubecore.test_cp import BAD, END, entry, everything, folder
from tests.server.test_exec import on_pods

__all__ = ["on_pods"]

Drive = Callable[[Callable[[Any], Any]], None]

pytestmark = pytest.mark.skipif(shutil.which("tar") is None, reason="no tar here, where the node's containers run")


@pytest.fixture
def pod(nodes: Nodes, namespace: str) -> str:
    return nodes.running_pod(namespace)


def fill(top: Path) -> None:
    (top / "sub" / "deeper").mkdir(parents=True)
    (top / "empty").mkdir()
    (top / "large").write_bytes(os.urandom(3 << 20))
    (top / "sub" / "-rf *").write_bytes(b"odd")
    (top / "sub" / "deeper" / ("n" * 150)).write_bytes(bytes(range(256)))
    (top / "run").write_bytes(b"#!/bin/sh\n")
    (top / "run").chmod(0o755)


def test_folders_and_files_are_copied_in_both_directions(
    on_pods: Drive, nodes: Nodes, namespace: str, pod: str, tmp_path: Path
) -> None:
    inside = nodes.folder(namespace, pod)
    fill(tmp_path / "source")

    async def scenario(pods: Any) -> None:
        told: list[int] = []
        sent = await pods.copy_to(pod, tmp_path / "source", "there", progress=told.append)
        assert everything(inside / "there") == everything(tmp_path / "source")
        assert (inside / "there" / "run").stat().st_mode & 0o777 == 0o755
        assert (sent.files, sent.skipped) == (4, [])
        assert told[-1] == sent.size

        (inside / "there" / "link").symlink_to("/etc/passwd")
        got = await pods.copy_from(pod, "there", tmp_path / "back", progress=told.append)
        assert everything(tmp_path / "back") == everything(tmp_path / "source")
        assert (got.files, got.folders, got.size) == (sent.files, sent.folders, sent.size)
        assert [item.name for item in got.skipped] == ["./there/link"]
        assert stat.S_IMODE((tmp_path / "back" / "run").stat().st_mode) & 0o100

        await pods.copy_from(pod, str(inside / "there" / "large"), tmp_path / "one")
        assert (tmp_path / "one").read_bytes() == (inside / "there" / "large").read_bytes()
        await pods.copy_to(pod, tmp_path / "one", str(inside / "two"))
        assert (inside / "two").read_bytes() == (tmp_path / "one").read_bytes()
        with pytest.raises(errors.CopyError, match="returned 2"):
            await pods.copy_from(pod, "nope", tmp_path / "nope")
        with pytest.raises(errors.CopyError, match="returned 2"):
            await pods.copy_to(pod, tmp_path / "source" / "run", "nope/nope/nope")
        with pytest.raises(errors.CopyError, match="symbolic link"):
            await pods.copy_from(pod, "there/link", tmp_path / "nope")
        assert not (tmp_path / "nope").exists()
        for made in (inside / "there", tmp_path / "back"):
            shutil.rmtree(made)
        for made in (inside / "two", tmp_path / "one"):
            made.unlink()

    on_pods(scenario)


def test_a_malicious_tar_of_a_container_raises_an_error(
    on_pods: Drive, nodes: Nodes, namespace: str, pod: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "_TAR", "./tar")
    inside = nodes.folder(namespace, pod)
    (inside / "tar").write_text("#!/bin/sh\ncat archive\n")
    (inside / "tar").chmod(0o755)
    (tmp_path / "place").mkdir()

    async def scenario(pods: Any) -> None:
        for name in ("dots", "absolute", "another name", "dots by pax", "dots by a long name", "sparse", "no archive"):
            (inside / "archive").write_bytes(BAD[name] + END)
            with pytest.raises(errors.CopyError):
                await pods.copy_from(pod, "/srv/x", tmp_path / "place" / "copy")
        (inside / "archive").write_bytes(folder("x") + entry("x/half", b"1" * 1000)[:-600])
        with pytest.raises(errors.CopyError, match="broke off"):
            await pods.copy_from(pod, "/srv/x", tmp_path / "place" / "copy")
        assert set(everything(tmp_path)) <= {"place", "place/copy"}
        (inside / "tar").rename(inside / "gone")
        with pytest.raises(errors.CopyError, match="no `tar` in the container"):
            await pods.copy_from(pod, "/srv/x", tmp_path / "place" / "copy")
        (inside / "gone").rename(inside / "tar")

    on_pods(scenario)
