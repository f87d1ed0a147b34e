"""The header Retry-After of a response: RFC 9110 10.2.3."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["retry_after"]


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a server wants the client to wait, None if it does not set them.

    Args:
        headers: The headers, their names in lower case. The value is a number of seconds or a date.
    """
    value = headers.get("retry-after", "")
    if value.isascii() and value.isdigit() and len(value) < 10:
        return float(value)
    if not value:
        return None
    import email.utils  # Dates are rare, and it takes long to import.
    from datetime import UTC, datetime

    try:
        at = email.utils.parsedate_to_datetime(value)
        return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
