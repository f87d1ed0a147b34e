"""The logs of containers, which a test sets: no container runs."""

from __future__ import annotations

__all__ = ["Logs"]


class Logs:
    """The logs of all containers of a server."""

    def __init__(self) -> None:
        self._texts: dict[tuple[str, str, str], bytes] = {}

    def set(self, namespace: str, name: str, container: str, text: str | bytes) -> None:
        """Set the log of a container; an earlier one is replaced.

        Args:
            namespace: The namespace of the pod.
            name: The name of the pod.
            container: The container, "" for every container of the pod without a log.
            text: The whole log.
        """
        self._texts[namespace, name, container] = text.encode() if isinstance(text, str) else text

    def get(self, namespace: str, name: str, container: str) -> bytes | None:
        """Return the log of a container, None if a test has set none."""
        found = self._texts.get((namespace, name, container))
        return self._texts.get((namespace, name, "")) if found is None else found
