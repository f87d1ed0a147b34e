"""Public names of packages that are imported when they are first used."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

_PACKAGES = ("calls", "election", "rest", "streams", "testing", "workqueue")


@pytest.mark.parametrize("name", _PACKAGES)
def test_every_public_name_of_a_package_can_be_imported(name: str) -> None:
    package = importlib.import_module(f"kubecore.{name}")
    for public in package.__all__:
        assert getattr(package, public) is not None


@pytest.mark.parametrize("name", _PACKAGES)
def test_an_unknown_name_of_a_package_is_an_error(name: str) -> None:
    package = importlib.import_module(f"kubecore.{name}")
    with pytest.raises(AttributeError, match=f"^module 'kubecore.{name}' has no attribute 'nothing'$"):
        package.nothing  # noqa: B018


def test_a_package_imports_no_module_before_its_names_are_used() -> None:
    code = (
        "import sys, kubecore.calls, kubecore.streams, kubecore.testing; "
        "print(sorted(name for name in sys.modules if name.startswith('kubecore.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    support = ["kubecore._support", "kubecore._version"]
    assert done.stdout == f"{[*support, 'kubecore.calls', 'kubecore.streams', 'kubecore.testing']}\n"
