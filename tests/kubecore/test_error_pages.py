"""Each error has a page in the documentation, and carries its address."""

from __future__ import annotations

import copy
import importlib
import io
import logging
import pickle
import pkgutil
import re
import subprocess
import sys
import tomllib
import traceback
from pathlib import Path
from typing import Final

import pytest
import yaml

import kgen.errors
import kubecore
from kubecore import errors
from kubecore.errors.base import DOCUMENTATION, Notes, address
from kubecore.generated import RuntimeMismatchError
from kubecore.model.meta import Status
from kubecore.testing import NotSimulatedError
from kubecore.testing.apiserver import BinariesMissingError

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = ROOT / "docs" / "errors"
REMOVED: Final = frozenset[str]()
"""Classes of older releases. Their pages stay, because the tracebacks of these releases lead to them."""
NOTE: Final = "what to do: https://kgen-kubernetes.github.io/kgen/errors/NotFoundError/"


def kinds() -> list[type[BaseException]]:
    """Return the classes that have pages: `KubeError` with all its subclasses, and three others."""
    for module in pkgutil.walk_packages(kubecore.__path__, "kubecore."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: dict[type[BaseException], None] = {errors.KubeError: None}
    for kind in found.copy():
        _add_subclasses(kind, found)
    here = [kind for kind in found if kind.__module__.partition(".")[0] == "kubecore"]
    return [*here, RuntimeMismatchError, NotSimulatedError, BinariesMissingError]


def _add_subclasses(kind: type[BaseException], found: dict[type[BaseException], None]) -> None:
    for subclass in kind.__subclasses__():
        found[subclass] = None
        _add_subclasses(subclass, found)


KINDS: Final = {kind.__name__: kind for kind in kinds()}


class MissingMotdError(errors.NotFoundError):
    """An error of a program."""


def missing() -> errors.NotFoundError:
    return errors.NotFoundError(Status(message='configmaps "motd" not found'))


def test_each_error_has_a_page_and_each_page_an_error() -> None:
    assert sorted(path.stem for path in PAGES.glob("*.md")) == sorted({*KINDS, *REMOVED})


@pytest.mark.parametrize("name", KINDS)
def test_the_page_of_an_error_begins_with_its_message_in_a_traceback(name: str) -> None:
    shown = re.search(r"^```text\n(.*?)^```", (PAGES / f"{name}.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert shown is not None
    lines = re.findall(r"^kubecore\..*", shown[1], re.MULTILINE)
    assert lines
    for line in lines:
        module, _, found = line.partition(":")[0].rpartition(".")
        assert issubclass(getattr(importlib.import_module(module), found), KINDS[name])
        assert KINDS[found].__module__ == module


@pytest.mark.parametrize("name", KINDS)
def test_the_page_of_an_error_names_its_base_classes_and_its_attributes(name: str) -> None:
    kind = KINDS[name]
    text = (PAGES / f"{name}.md").read_text("utf-8")
    assert text.startswith(f"# {name}\n\n")
    rows = dict(re.findall(r"^\| ([A-Z][^|]*?) \| (.*?) \|$", text, re.MULTILINE))
    assert list(rows)[:4] == ["Raised by", "Retried", "The request took effect", "Base classes"]
    assert re.findall(r"`(\w+)`", rows["Base classes"]) == [base.__name__ for base in kind.__bases__]
    own = re.findall(r"^        (\w+)(?=: )", (kind.__doc__ or "").partition("Attributes:\n")[2], re.MULTILINE)
    own += [attribute for attribute, value in vars(kind).items() if isinstance(value, property)]
    assert set(own) <= set(re.findall(r"`\.(\w+)`", rows.get("Attributes", ""))), rows


def test_the_page_of_a_message_in_the_table_of_troubleshooting_has_the_message() -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8").partition("| message contains | page |")[2]
    rows = re.findall(r"^\| (`.*) \| \[`(\w+)`\]", text, re.MULTILINE)
    assert len(rows) > 20
    for messages, name in rows:
        page = (PAGES / f"{name}.md").read_text("utf-8")
        for message in re.findall("`(.*?)`", messages):
            pattern = ".*".join(map(re.escape, message.split("...")))
            assert re.search(pattern, page), f"{name}: {message}"


@pytest.mark.parametrize("name", KINDS)
def test_an_error_carries_the_address_of_its_page(name: str) -> None:
    kind = KINDS[name]
    assert address(kind) == f"{DOCUMENTATION}errors/{name}/"
    is_mismatch = kind is RuntimeMismatchError
    error = RuntimeMismatchError("mine", runtime_api=0, kgen="0.1") if is_mismatch else kind.__new__(kind)
    assert error.__notes__ == [f"what to do: {address(kind)}"]
    if isinstance(error, errors.KubeError):
        assert error.help_url == address(kind)


def test_the_address_is_that_of_the_site() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    assert project["urls"]["Documentation"] == site["site_url"] == DOCUMENTATION == kgen.errors.DOCUMENTATION
    assert project["urls"]["Issues"] == kgen.errors.ISSUES


def test_the_message_of_an_error_does_not_contain_the_address() -> None:
    error = missing()
    assert (str(error), repr(error)) == (
        'configmaps "motd" not found',
        "NotFoundError('configmaps \"motd\" not found')",
    )


def test_a_traceback_ends_with_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(errors.NotFoundError) as caught:
        raise missing()
    assert "".join(traceback.format_exception(caught.value)).endswith(f'configmaps "motd" not found\n{NOTE}\n')
    stream = io.StringIO()
    log = logging.Logger("test")
    log.addHandler(logging.StreamHandler(stream))
    log.error("it failed", exc_info=caught.value)
    assert stream.getvalue().rstrip().endswith(NOTE)


def test_the_interpreter_shows_the_address_of_an_error_that_nobody_handles() -> None:
    code = "from kubecore import errors\nraise errors.DeadlineError('GET /version: not done within 1 s')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.endswith(
        "kubecore.errors.DeadlineError: GET /version: not done within 1 s\n"
        "what to do: https://kgen-kubernetes.github.io/kgen/errors/DeadlineError/\n"
    )


def test_each_error_of_a_group_shows_its_address() -> None:
    group = ExceptionGroup("two failed", [missing(), errors.ConfigError("no host"), ValueError("x")])
    text = "".join(traceback.format_exception(group))
    assert re.findall(r"errors/(\w+)/", text) == ["NotFoundError", "ConfigError"]
    matched, rest = group.split(errors.KubeError)
    assert matched is not None
    assert rest is not None
    assert [error.__notes__[:1] for error in matched.exceptions] == [
        [NOTE],
        [f"what to do: {address(errors.ConfigError)}"],
    ]


def test_an_error_of_a_program_has_the_page_of_its_nearest_base_class() -> None:
    error = MissingMotdError(Status(message="no motd"))
    assert error.help_url == address(errors.NotFoundError)
    assert error.__notes__ == [NOTE]


def test_notes_of_a_program_follow_the_address() -> None:
    error = missing()
    error.add_note("while the motd was copied")
    BaseException.add_note(error, "of another library")
    assert error.__notes__ == [NOTE, "while the motd was copied", "of another library"]
    assert missing().__notes__ == [NOTE]


def test_a_program_can_replace_and_remove_the_notes() -> None:
    error = missing()
    error.__notes__ = ["mine"]
    assert error.__notes__ == ["mine"]
    del error.__notes__
    assert error.__notes__ == [NOTE]
    assert isinstance(errors.KubeError.__notes__, Notes)


@pytest.mark.parametrize("notes", [[], ["mine"]])
def test_copies_and_pickles_have_the_notes_once(notes: list[str]) -> None:
    error = missing()
    for note in notes:
        error.add_note(note)
    for again in (copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert again.__notes__ == [NOTE, *notes]


def test_raising_and_handling_an_error_makes_no_notes() -> None:
    with pytest.raises(errors.NotFoundError) as caught:
        raise missing()
    assert "__notes__" not in vars(caught.value)
