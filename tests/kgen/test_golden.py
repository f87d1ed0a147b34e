"""The committed packages equal the output of kgen."""

from __future__ import annotations

import pytest

from tests.golden_packages import PACKAGES, made, on_disk


@pytest.mark.parametrize("package", PACKAGES)
def test_a_golden_package_is_what_kgen_generates(package: str) -> None:
    expected, found = on_disk(package), made(package)
    assert found.keys() == expected.keys(), "run `make golden` and read the diff"
    for path, source in found.items():
        assert source == expected[path], f"{path}: run `make golden` and read the diff"
