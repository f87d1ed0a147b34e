"""Check that a clientset is of the kind that its user works with: synchronous or asynchronous."""

from __future__ import annotations

__all__ = ["require_kind"]


def require_kind(clientset: object, kind: type, user: str) -> None:
    """Refuse anything but a clientset of a kind.

    Args:
        clientset: The argument.
        kind: `BaseClientset` or `AsyncBaseClientset`.
        user: The class or the function that uses it, for the message.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(clientset, kind):
        needed = kind.__name__.replace("Base", "")
        raise TypeError(f"{user} works with {needed}, not with {type(clientset).__name__}")
