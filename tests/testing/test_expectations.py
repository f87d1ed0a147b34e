"""Files with expected objects: differences are readable, and the files can be written again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kubecore.testing import FakeCluster, Kube

OBJECTS = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  mode: fast
  size: "3"
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  ports:
  - port: 80
  - port: 443
    name: tls
"""
EXPECTED = """\
# The mode matters alone.
kind: ConfigMap
apiVersion: v1
metadata:
  name: settings
data:
  mode: fast
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: default
spec:
  ports:
  - port: 80
    protocol: TCP
  - name: tls
"""


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster() as cluster:
        cluster.add_yaml(OBJECTS.replace("  - port: 80\n", "  - port: 80\n    name: plain\n"))
        yield cluster


def file_of(folder: Path, text: str) -> Path:
    file = folder / "expected.yaml"
    file.write_text(text, "utf-8")
    return file


def test_fields_that_are_not_in_the_file_do_not_matter(cluster: FakeCluster, tmp_path: Path) -> None:
    cluster.assert_objects(file_of(tmp_path, EXPECTED))
    Kube(cluster.config, "default", cluster).assert_objects(tmp_path / "expected.yaml")


@pytest.mark.parametrize("is_kube", [False, True])
def test_a_difference_shows_its_lines(cluster: FakeCluster, tmp_path: Path, *, is_kube: bool) -> None:
    file = file_of(tmp_path, EXPECTED.replace("mode: fast", "mode: slow"))
    checker = Kube(cluster.config, "default", cluster) if is_kube else cluster
    with pytest.raises(AssertionError) as caught:
        checker.assert_objects(file)
    lines = str(caught.value).splitlines()
    assert lines[0] == "the objects differ; pytest --kube-update writes the file again"
    assert lines[1:3] == [f"--- {file}", "+++ the cluster"]
    assert [line for line in lines[3:] if line[0] in "+-"] == ["-  mode: slow", "+  mode: fast"]


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("  - name: tls\n", "", ["+  - port: 443", "+    name: tls", "+    protocol: TCP", "+    targetPort: 443"]),
        ("  mode: fast\n", "  mode: fast\n  other: x\n", ["-  other: x"]),
        ("name: settings", "name: missing", ["-apiVersion: v1", "-data:", "-  mode: fast"]),
        ("  mode: fast", "  mode: {fast: true}", ["-  mode:", "-    fast: true", "+  mode: fast"]),
    ],
    ids=["another length", "a missing field", "a missing object", "another type"],
)
def test_lists_and_missing_values_are_differences(
    cluster: FakeCluster, tmp_path: Path, old: str, new: str, changed: list[str]
) -> None:
    with pytest.raises(AssertionError) as caught:
        cluster.assert_objects(file_of(tmp_path, EXPECTED.replace(old, new)))
    assert set(changed) <= set(str(caught.value).splitlines())


def test_an_update_writes_the_same_fields_again(cluster: FakeCluster, tmp_path: Path) -> None:
    file = file_of(tmp_path, EXPECTED.replace("mode: fast", "mode: slow").replace("protocol: TCP", "protocol: UDP"))
    cluster.updates_files = True
    cluster.assert_objects(file)
    text = file.read_text("utf-8")
    assert "mode: fast" in text
    assert "protocol: TCP" in text
    assert "size" not in text
    cluster.updates_files = False
    cluster.assert_objects(file)


def test_an_update_keeps_a_file_that_holds(cluster: FakeCluster, tmp_path: Path) -> None:
    file = file_of(tmp_path, EXPECTED)
    cluster.assert_objects(file, update=True)
    assert file.read_text("utf-8") == EXPECTED


def test_an_update_drops_objects_that_are_missing(cluster: FakeCluster, tmp_path: Path) -> None:
    file = file_of(tmp_path, EXPECTED.replace("name: settings", "name: missing"))
    cluster.assert_objects(file, update=True)
    assert "ConfigMap" not in file.read_text("utf-8")
    cluster.assert_objects(file)


def test_a_missing_file_is_written_on_request(cluster: FakeCluster, tmp_path: Path) -> None:
    file = tmp_path / "new.yaml"
    with pytest.raises(FileNotFoundError, match=r"new\.yaml is missing; pytest --kube-update writes it"):
        cluster.assert_objects(file)
    cluster.assert_objects(file, update=True)
    text = file.read_text("utf-8")
    assert [line for line in text.splitlines() if line.startswith("kind:")] == ["kind: ConfigMap", "kind: Service"]
    assert "uid" not in text
    cluster.assert_objects(file)
