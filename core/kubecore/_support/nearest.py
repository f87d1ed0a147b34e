"""The known name that is most like an unknown one, for error messages."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["nearest"]


def nearest(name: str, known: Iterable[str], form: str = "{}") -> str:
    """Return the end of an error: the known name that is nearest, "" if none is near.

    Args:
        name: The name that does not exist.
        known: The names that exist.
        form: How the name is written, with `{}` in its place.
    """
    import difflib  # Only an error needs it.

    by_plain = {existing.lower().replace("_", ""): existing for existing in known}
    found = difflib.get_close_matches(name.lower().replace("_", ""), by_plain, n=1, cutoff=0.7)
    return f"; did you mean {form.format(by_plain[found[0]])}?" if found else ""
