"""The resource version that a watch has reached. No I/O."""

from __future__ import annotations

__all__ = ["Position", "version_number"]


def version_number(version: str) -> int:
    """Return the number that a resource version is on every API server of Kubernetes.

    Args:
        version: The resource version.

    Returns:
        The number; -1 if the version is not a number.
    """
    return int(version) if version.isdecimal() and version.isascii() and len(version) < 20 else -1


class Position:
    """The resource version from which the next request continues.

    Args:
        version: The version to start from; "" if it is not known yet.

    Attributes:
        version: The version, as the server wrote it.
        number: The version as a number; -1 if it is not one.
    """

    __slots__ = ("number", "version")

    def __init__(self, version: str) -> None:
        self.version: str = version
        self.number: int = version_number(version)

    def move(self, version: str) -> None:
        """Continue from another version."""
        self.version, self.number = version, version_number(version)

    def is_after(self, version: str) -> bool:
        """Return whether this position is newer than a version of the server's."""
        return 0 <= version_number(version) < self.number
