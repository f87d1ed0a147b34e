"""The committed packages equal the output of kgen."""

from __future__ import annotations

import pytest

from tests.golden_packages import PACKAGES, made, on_disk


@pytest.mark.parametrize("package", PACKAGES)
def test_kgen_generates_the_golden_packages(package: str) -> None:
    expected, found = on_disk(package), made(package)
    assert found.keys() == expected.keys(), "run `make golden` and read the diff"
    for path, source in found.items():
        assert source == expected[path], f"{path}: run `make golden` and read the diff"
