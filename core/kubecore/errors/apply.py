"""Result of applying a file, and the error that names refused objects."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from kubecore._support.terminal import escape_for_terminal
from kubecore.errors.base import KubeError

__all__ = ["Action", "Applied", "ApplyFileError", "Failure", "ObjectRef", "Report", "failed"]

Action: TypeAlias = Literal["created", "changed", "unchanged"]
"""Effect on an object."""


class ObjectRef(msgspec.Struct, frozen=True):
    """Identity of an object in a file.

    Attributes:
        api_version: Its group version, such as `apps/v1`.
        kind: Its kind.
        namespace: Its namespace, "" if it has none.
        name: Its name, "" if the file has none.
    """

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """Return kind, namespace and name, safe to print."""
        name = self.name or "(without a name)"
        text = f"{self.kind} {self.namespace}/{name}" if self.namespace else f"{self.kind} {name}"
        return escape_for_terminal(text, keep="")


class Applied(msgspec.Struct, frozen=True):
    """An object that was applied.

    Attributes:
        ref: The object.
        action: The effect.
        object: The object as it is stored, as a dictionary.
    """

    ref: ObjectRef
    action: Action
    object: dict[str, Any]

    def __repr__(self) -> str:
        """Show the object's identity, not its content."""
        return f"<{self.ref} {self.action}>"


class Failure(msgspec.Struct, frozen=True):
    """An object that was not applied.

    Attributes:
        ref: The object.
        error: Why.
    """

    ref: ObjectRef
    error: KubeError


class Report(msgspec.Struct, frozen=True):
    """The applied objects, in order.

    Attributes:
        applied: The objects.
    """

    applied: tuple[Applied, ...]

    @property
    def created(self) -> tuple[ObjectRef, ...]:
        """The created objects."""
        return self._of("created")

    @property
    def changed(self) -> tuple[ObjectRef, ...]:
        """The objects that existed and were changed."""
        return self._of("changed")

    @property
    def unchanged(self) -> tuple[ObjectRef, ...]:
        """The objects that were as the file wants them."""
        return self._of("unchanged")

    def _of(self, action: Action) -> tuple[ObjectRef, ...]:
        return tuple(found.ref for found in self.applied if found.action == action)

    def __str__(self) -> str:
        """Return a line an object: `ConfigMap default/motd created`."""
        return "\n".join(f"{found.ref} {found.action}" for found in self.applied)


class ApplyFileError(KubeError):
    """Some objects of a file were not applied; the others were.

    Args:
        message: Each object that was not applied, with its error.
        report: The applied objects.
        failures: The failed objects, in the order of the attempts.

    Attributes:
        report: The applied objects.
        failures: The failed objects, in the order of the attempts.
    """

    def __init__(self, message: str, *, report: Report, failures: tuple[Failure, ...]) -> None:
        super().__init__(message)
        self.report = report
        self.failures = failures


def failed(report: Report, failures: tuple[Failure, ...]) -> ApplyFileError:
    """Make the error that names every object that was not applied.

    Args:
        report: The applied objects.
        failures: The failed objects.

    Returns:
        The error, not raised.
    """
    total = len(report.applied) + len(failures)
    lines = [f"  {failure.ref}: {failure.error}" for failure in failures]
    message = "\n".join([f"{len(failures)} of {total} objects were not applied:", *lines])
    return ApplyFileError(message, report=report, failures=failures)
