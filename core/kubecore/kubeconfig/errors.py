"""What can be wrong with a kubeconfig, with the questions that client-go offers about it."""

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
        where: the file, and the entry where it is an entry's.
        what: what is wrong and what to do; never a secret.
    """

    where: str
    what: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.where}: {self.what}"


class InvalidConfigError(ConfigError):
    """The part of a kubeconfig that was asked for can't be used: all its mistakes at once.

    Args:
        problems: the mistakes.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        """Return all mistakes as one line."""
        return "; ".join(map(str, self.problems))


class ContextNotFoundError(InvalidConfigError):
    """No file has the context that was asked for."""


class EmptyConfigError(InvalidConfigError):
    """No server is named anywhere: no kubeconfig, an empty one, or one without a current context."""


def is_empty_config(error: object) -> bool:
    """Say whether the error is that no server is named anywhere."""
    return isinstance(error, EmptyConfigError)


def is_configuration_invalid(error: object) -> bool:
    """Say whether the error is that what a kubeconfig says can't be used; of a file that can't be read it is not."""
    return isinstance(error, InvalidConfigError)


def is_context_not_found(error: object) -> bool:
    """Say whether the error is that there is no such context."""
    return isinstance(error, ContextNotFoundError)
