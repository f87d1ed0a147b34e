"""The times of an election, and which of them are refused."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from kubecore.errors import ConfigError

__all__ = ["JITTER", "Settings"]

JITTER: Final = 1.2
"""The largest part of the retry period by which a candidate's pause is made longer at random: client-go's."""

_LONGEST: Final = 2**31 - 1
"""A Lease stores its duration in 32 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The times of one candidate, in seconds, and its name.

    Attributes:
        identity: The name of the candidate in the Lease.
        lease_duration: How long other candidates wait after the last renewal that they saw.
        renew_deadline: How long after the last successful renewal the leader gives up.
        retry_period: The pause between two renewals, and the shortest one between two attempts of a candidate.

    Raises:
        ConfigError: They contradict each other.
    """

    identity: str
    lease_duration: float = 15.0
    renew_deadline: float = 10.0
    retry_period: float = 2.0

    def __post_init__(self) -> None:
        """Refuse times with which two candidates could lead at once, or with which none could lead for long."""
        identity: Any = self.identity
        if not isinstance(identity, str) or not identity.strip():
            raise ConfigError(f"identity must be a name that no other candidate has, not {identity!r}")
        for name in ("lease_duration", "renew_deadline", "retry_period"):
            value: Any = getattr(self, name)
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not is_number or not math.isfinite(value) or not 1 <= value <= _LONGEST:
                raise ConfigError(f"{name} must be a number of seconds, 1 or more, not {value!r}")
        if self.lease_duration != int(self.lease_duration):
            raise ConfigError(
                f"lease_duration must be whole seconds, as a Lease stores it, not {self.lease_duration:g}"
            )
        if self.lease_duration <= self.renew_deadline:
            raise ConfigError(
                f"lease_duration ({self.lease_duration:g} s) must be longer than renew_deadline "
                f"({self.renew_deadline:g} s), so that a leader stops before another one begins"
            )
        if self.renew_deadline <= JITTER * self.retry_period:
            raise ConfigError(
                f"renew_deadline ({self.renew_deadline:g} s) must be longer than {JITTER:g} times retry_period "
                f"({self.retry_period:g} s), so that a renewal can be tried again"
            )

    @property
    def margin(self) -> float:
        """Seconds from the renew deadline until the fence closes, and from then until the lease ends."""
        return (self.lease_duration - self.renew_deadline) / 2

    @property
    def patience(self) -> float:
        """Seconds that a block has to end after the loss of its term.

        A write may last until the fence closes. After that, its error needs a moment to end the block.
        """
        return self.margin * 1.2

    @property
    def fence_seconds(self) -> float:
        """Seconds from the start of a successful renewal until the fence closes."""
        return self.renew_deadline + self.margin
