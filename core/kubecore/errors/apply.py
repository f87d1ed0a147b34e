"""What applying a file did to its objects, and the error that names those that were refused."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from kubecore.errors.base import KubeError

__all__ = ["Action", "Applied", "ApplyFileError", "Failure", "ObjectRef", "Report", "failed"]

Action: TypeAlias = Literal["created", "changed", "unchanged"]
"""What the server did with an object."""


class ObjectRef(msgspec.Struct, frozen=True):
    """Which object it is.

    Attributes:
        api_version: its group version, such as `apps/v1`.
        kind: its kind.
        namespace: its namespace, "" where it has none.
        name: its name, "" where the file gives none.
    """

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """Return kind, namespace and name, safe to print."""
        name = self.name or "(without a name)"
        text = f"{self.kind} {self.namespace}/{name}" if self.namespace else f"{self.kind} {name}"
        return text if text.isprintable() else ascii(text)


class Applied(msgspec.Struct, frozen=True):
    """An object that was applied.

    Attributes:
        ref: which one.
        action: what the server did with it.
        object: the object as it is stored, as a dictionary.
    """

    ref: ObjectRef
    action: Action
    object: dict[str, Any]

    def __repr__(self) -> str:
        """Say which object it is and nothing that it holds."""
        return f"<{self.ref} {self.action}>"


class Failure(msgspec.Struct, frozen=True):
    """An object that was not applied.

    Attributes:
        ref: which one.
        error: why.
    """

    ref: ObjectRef
    error: KubeError


class Report(msgspec.Struct, frozen=True):
    """What was applied, in the order in which it was.

    Attributes:
        applied: the objects.
    """

    applied: tuple[Applied, ...]

    @property
    def created(self) -> tuple[ObjectRef, ...]:
        """The objects that were not there before."""
        return self._of("created")

    @property
    def changed(self) -> tuple[ObjectRef, ...]:
        """The objects that were there and are different now."""
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
        message: each object that was not applied, with its error.
        report: what was applied.
        failures: what was not, in the order of the attempts.

    Attributes:
        report: what was applied.
        failures: what was not, in the order of the attempts.
    """

    def __init__(self, message: str, *, report: Report, failures: tuple[Failure, ...]) -> None:
        super().__init__(message)
        self.report = report
        self.failures = failures


def failed(report: Report, failures: tuple[Failure, ...]) -> ApplyFileError:
    """Make the error that names every object that was not applied.

    Args:
        report: what was applied.
        failures: what was not.

    Returns:
        The error, not raised.
    """
    total = len(report.applied) + len(failures)
    lines = [f"  {failure.ref}: {failure.error}" for failure in failures]
    message = "\n".join([f"{len(failures)} of {total} objects were not applied:", *lines])
    return ApplyFileError(message, report=report, failures=failures)
