"""Errors, all with the same parts: the problem, its place, and a hint.

KgenError                    exit code
├── OutputError              2  the output folder can't be written
├── ConfigError              2  the configuration or a template
├── InputError               3  a document
│   └── ProblemsError        3  everything that `resolve` found, at once
├── ClusterError             4  the cluster or its responses
└── PlanError               70  the output of kgen differs from its plan: a bug of kgen
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from kubecore._support.terminal import escape_for_terminal

__all__ = [
    "DOCUMENTATION",
    "ISSUES",
    "ClusterError",
    "ConfigError",
    "InputError",
    "KgenError",
    "OutputError",
    "PlanError",
    "Problem",
    "Problems",
    "ProblemsError",
    "nearest",
    "printable",
]

DOCUMENTATION: Final = "https://kgen-kubernetes.github.io/kgen/"
"""The site of the documentation."""
ISSUES: Final = "https://github.com/kgen-kubernetes/kgen/issues"
"""The list of known bugs."""
_LONGEST: Final = 1000


def printable(words: str, limit: int = _LONGEST) -> str:
    r"""Return text of a document as one line that a terminal shows and does not obey.

    Control characters, escape sequences and bidi marks become `\x1b` and the like, line ends `\n`; tabs stay.

    Args:
        words: Any text.
        limit: Characters after which it is cut.
    """
    return escape_for_terminal(words, max_length=limit, keep="\t")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was most likely meant, or None if nothing is near."""
    names = sorted(set(known))
    matches = difflib.get_close_matches(word[:200], names, n=1, cutoff=0.6)
    if matches:
        return matches[0]
    parts = [name for name in names if word and (name.startswith(word) or word.startswith(name + "."))]
    return parts[0] if parts else None


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem.

    Attributes:
        what: The problem, in one line.
        where: The file and the place in it, "" if there is none.
        hint: The next step for the user, "" if there is none.
    """

    what: str
    where: str = ""
    hint: str = ""

    def lines(self, label: str) -> list[str]:
        """Return the lines that a terminal shows, under a label such as `error`."""
        lines = [f"{label}: {printable(self.what)}"]
        lines += [f"  where: {printable(self.where)}"] if self.where else []
        return lines + ([f"  hint: {printable(self.hint)}"] if self.hint else [])


class KgenError(Exception):
    """An error that stops kgen, with a message for the user.

    Args:
        what: The problem, in one line.
        where: The file and the place in it: a JSON pointer after `#`, a line, a key.
        hint: The next step for the user.
    """

    exit_code: int = 3

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.problems: tuple[Problem, ...] = (Problem(what, where or "", hint or ""),)

    @property
    def what(self) -> str:
        """The problem."""
        return self.problems[0].what

    @property
    def where(self) -> str:
        """The file and the place in it, or ""."""
        return self.problems[0].where

    @property
    def hint(self) -> str:
        """What to do about it, or ""."""
        return self.problems[0].hint

    def __str__(self) -> str:
        """Return all of it, as the command line shows it without its label."""
        return "\n".join("\n".join(problem.lines("error")) for problem in self.problems).removeprefix("error: ")


class ConfigError(KgenError):
    """The configuration, the command line or a template of the user is wrong."""

    exit_code = 2


class OutputError(KgenError):
    """The output folder cannot be written."""

    exit_code = 2


class InputError(KgenError):
    """A document can't be used."""

    exit_code = 3


class ClusterError(KgenError):
    """A cluster cannot be reached, or its responses cannot be used."""

    exit_code = 4


class PlanError(KgenError):
    """The output differs from the plan: a bug of kgen, unless a template or a hook of the user caused it.

    Args:
        what: The problem, in one line.
        where: The file and the place in it.
    """

    exit_code = 70

    def __init__(self, what: str, *, where: str | None = None) -> None:
        super().__init__(what, where=where, hint=f"report it, with the document, as a bug of kgen: {ISSUES}")


class ProblemsError(InputError):
    """Everything that is wrong with the documents, in one error."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        found = tuple(problems)
        super().__init__(found[0].what)
        self.problems = found


class Problems:
    """Collects the problems of the documents, so that all are printed at once.

    Args:
        strict: Whether a warning counts as an error.
    """

    def __init__(self, *, strict: bool = False) -> None:
        self._strict = strict
        # Dictionaries as ordered sets: a schema that many documents hold is complained about once.
        self._errors: dict[Problem, None] = {}
        self._warnings: dict[Problem, None] = {}
        self._notices: dict[Problem, None] = {}

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Problems that stop the build, sorted."""
        return tuple(sorted(self._errors))

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Problems for which something was left out or simplified, sorted."""
        return tuple(sorted(self._warnings))

    @property
    def notices(self) -> tuple[Problem, ...]:
        """Things that were left out because the documents require it, sorted."""
        return tuple(sorted(self._notices))

    def note(self, notices: Iterable[Problem]) -> None:
        """Add a note about something that the author of a document intended. It is printed, and never an error."""
        self._notices.update(dict.fromkeys(notices))

    def error(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        """Add something that stops the build."""
        self._errors[Problem(what, where or "", hint or "")] = None

    def warn(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        """Add something that the build gets around; an error if strict."""
        if self._strict:
            self.error(what, where=where, hint=hint)
        else:
            self._warnings[Problem(what, where or "", hint or "")] = None

    def add(self, warnings: Iterable[Problem]) -> None:
        """Add warnings that were found elsewhere; errors if strict."""
        for problem in warnings:
            self.warn(problem.what, where=problem.where, hint=problem.hint)

    def raise_errors(self) -> None:
        """Stop if anything stops the build.

        Raises:
            ProblemsError: With every error.
        """
        if self._errors:
            raise ProblemsError(self.errors)
