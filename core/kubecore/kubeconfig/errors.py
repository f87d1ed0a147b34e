"""Errors of kubeconfigs, with client-go's functions to classify them."""

from __future__ import annotations

from typing import NamedTuple

from kubecore.errors import ConfigError

__all__ = [
    "ContextNotFoundError",
    "EmptyConfigError",
    "InvalidConfigError",
    "Problem",
    "is_configuration_invalid",
    "is_context_not_found",
    "is_empty_config",
]


class Problem(NamedTuple):
    """A mistake in a kubeconfig.

    Attributes:
        where: The file, and the entry if the mistake is in one.
        what: The problem and the next step; never a secret.
    """

    where: str
    what: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.where}: {self.what}"


class InvalidConfigError(ConfigError):
    """The requested part of a kubeconfig is invalid: all its mistakes at once.

    Args:
        problems: The mistakes.
    """

    __module__ = "kubecore.kubeconfig"  # as programs import it

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        """Return all mistakes as one line."""
        return "; ".join(map(str, self.problems))


class ContextNotFoundError(InvalidConfigError):
    """No file has the requested context."""

    __module__ = "kubecore.kubeconfig"  # as programs import it


class EmptyConfigError(InvalidConfigError):
    """No server is named anywhere: no kubeconfig, an empty one, or one without a current context."""

    __module__ = "kubecore.kubeconfig"  # as programs import it


def is_empty_config(error: object) -> bool:
    """Return whether the error is that no server is configured."""
    return isinstance(error, EmptyConfigError)


def is_configuration_invalid(error: object) -> bool:
    """Return whether the error is an invalid kubeconfig; False for an unreadable file."""
    return isinstance(error, InvalidConfigError)


def is_context_not_found(error: object) -> bool:
    """Return whether the error is that there is no such context."""
    return isinstance(error, ContextNotFoundError)
