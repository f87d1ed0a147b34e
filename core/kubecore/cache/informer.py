# Derived from kubecore/cache/async_informer.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""An informer: a copy of a collection that is kept equal to the server's, with its changes."""

from __future__ import annotations

import threading
import time
import weakref
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeVar

from kubecore import errors
from kubecore.cache import list_servers
from kubecore.cache.background import Background
from kubecore.cache.bell import Bell
from kubecore.cache.changes_iterator import Changes
from kubecore.cache.declaration import Declaration
from kubecore.cache.ledger import Ledger
from kubecore.cache.lister import Lister
from kubecore.cache.meters import Meters
from kubecore.cache.mutation_watch import MutationWatch
from kubecore.cache.own_write_hook import OwnWriteHook
from kubecore.cache.reader import Reader
from kubecore.cache.reflecting import Reflection

if TYPE_CHECKING:
    from kubecore.rest import Client

__all__ = ["Informer"]

T = TypeVar("T")

_NOT_OPEN: Final = "the informer is not open: write `with ... as informer:` around it, and use it inside"
_CLOSED: Final = "the informer is closed: its block has ended; call the verb again for another one"


class Informer(Lister[T]):
    """A copy of a collection, kept equal to the server's: a context manager.

    ```python
    with clientset.core_v1.pods("").informer() as pods:
        print(len(pods), pods.get("web-0", "shop").status.phase)
        for change in pods.changes():
            print(change)
    ```

    Entering the block waits until the copy is complete. After that, no failure of the server is
    raised: the copy stays readable, and `age` grows until the server responds again.

    Args:
        client: Sends the calls.
        declaration: The collection, and the form of its objects.
    """

    def __init__(self, client: Client, declaration: Declaration[T]) -> None:
        lock = threading.Lock()
        super().__init__(declaration.store, lock)
        self._client = client
        self._declaration = declaration
        self._bell = Bell()
        self._iterators: weakref.WeakSet[Changes[T]] = weakref.WeakSet()
        self._is_entered = self._is_closed = False
        self._hook = OwnWriteHook(
            declaration.store,
            lock,
            declaration.resource,
            metadata_only=declaration.metadata_only,
            changed=self._bell.ring,
        )
        self._reflection = Reflection(
            declaration.options, Ledger(declaration.store, lock), lists=list_servers.has(client, declaration.resource)
        )
        self._meters = Meters(declaration.labels, declaration.store, self._reflection, lambda: self.age)
        self._mutations = MutationWatch(declaration.store, lock)
        self._background = Background(f"kubecore-informer-{declaration.name}")
        self._reader = Reader(client, self._reflection, self._background, self._ring)

    def __enter__(self) -> Self:
        """Start to follow the collection, and wait until the copy is complete.

        Raises:
            StatusError: The server refuses it: the rights are missing (401, 403), there is no such resource (404), or a
                selector is invalid (400). Other errors are retried.
            WaitTimeoutError: The copy is not complete within `timeout`.
            RuntimeError: The informer was entered before.
        """
        if self._is_entered:
            raise RuntimeError("an informer can be entered only once; call the verb again for another one")
        self._is_entered = True
        self._meters.open()
        self._mutations.start()
        self._client.write_hooks.add(self._hook)
        self._client.dependents.add(self)
        try:
            if self._declaration.timeout is not None:
                self._reader.ends_at = time.monotonic() + self._declaration.timeout
            self._background.start(self._reader.run)
            self._wait_for_sync()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop to follow the collection."""
        self.close()

    def close(self) -> None:
        """Stop to follow the collection, and end the iterations of its changes; a second call does nothing."""
        self._is_closed = True
        self._meters.close()
        self._mutations.stop()
        self._client.write_hooks.remove(self._hook)
        self._client.dependents.discard(self)
        self._ring()
        try:
            self._background.stop()
        finally:  # A cancellation or an interrupt ends the wait.
            self._store.is_synced = False  # Nobody keeps it up to date any more: reads raise an error.
            if self._reflection.lists:
                list_servers.add(self._client, self._declaration.resource)

    def client_closed(self) -> None:
        """Stop to follow the collection, since the client is closed; the client calls this."""
        if self._reader.error is None:
            self._reader.error = errors.ClosedError(
                f"the informer of {self._declaration.name}: the client is closed; keep it open until the informer ends"
            )
        self._background.interrupt()
        self._ring()

    @property
    def resource_version(self) -> str:
        """The version that the copy has reached: all changes up to it are contained. "" before the first one."""
        return self._store.version

    @property
    def age(self) -> float:
        """Seconds since the server last sent anything, a bookmark included; infinite if it never did."""
        heard_at = self._reflection.heard_at
        return float("inf") if heard_at is None else time.monotonic() - heard_at

    @property
    def failure(self) -> str:
        """The message of the last error while the informer reconnects; "" if the server responds."""
        return self._reflection.failure

    def reached(self, version: str) -> bool:
        """Return whether the copy contains all changes up to a version.

        Args:
            version: The resource version of an object or a list.
        """
        return self._store.reached(version)

    def wait_until(self, version: str, *, timeout: float = 10.0) -> None:
        """Wait until the copy contains all changes up to a version.

        Reads contain the writes of the same clientset without it. It is for writes of others, and for informers with
        field selectors.

        Pass the version of an object of this collection. The version of a list, or of an object that this informer
        does not follow, may be reached only with the next bookmark, which arrives about once a minute.

        Args:
            version: The resource version of an object or a list.
            timeout: The longest wait, in seconds.

        Raises:
            WaitTimeoutError: The copy does not contain them in time.
            RuntimeError: The informer is not open.
        """
        self._check_open()
        if not self._bell.wait(lambda: self.reached(version) or self._end() is not None, timeout):
            raise errors.WaitTimeoutError(
                f"the cache of {self._declaration.name} has not reached version {version} within {timeout:g} s: it is "
                f"at {self.resource_version or 'no version'}{self._because()}"
            )
        if not self.reached(version) and (reason := self._reader.error) is not None:
            raise reason
        self._check_open()

    def changes(self) -> Changes[T]:
        """Return an iterator over all objects, each as `Added`, then over all changes.

        Changes that the consumer has not taken yet are folded: it gets each object in its newest state, and needs no
        more memory than one change for each object. A slow consumer stops neither the copy nor other consumers. Each
        call starts another iteration. It ends with the block of the informer, or when the consumer leaves its loop.

        Returns:
            The iterator.

        Raises:
            RuntimeError: The informer is not open.
        """
        self._check_open()
        iterator = Changes(self._store, self._lock, self._end)
        self._iterators.add(iterator)
        return iterator

    def _wait_for_sync(self) -> None:
        is_done = self._bell.wait(
            lambda: self._reflection.in_sync or self._reader.error is not None, self._declaration.timeout
        )
        if self._reader.error is not None:
            raise self._reader.error
        if not is_done:
            raise errors.WaitTimeoutError(
                f"the cache of {self._declaration.name} is not complete within {self._declaration.timeout:g} s"
                f"{self._because()}"
            )

    def _because(self) -> str:
        return f"; {self.failure}" if self.failure else ""

    def _check_open(self) -> None:
        self._store.check_caller()
        if self._is_closed:
            raise RuntimeError(_CLOSED)
        if not self._is_entered:
            raise RuntimeError(_NOT_OPEN)

    def _end(self) -> BaseException | None:
        """Return the reason why there are no more changes; None while there may be more."""
        if self._is_closed:
            return StopIteration()
        return self._reader.error

    def _ring(self) -> None:
        self._bell.ring()
        self._meters.count()
        for feed in self._store.feeds:
            if feed.is_closed:  # Its consumer has left its loop.
                with self._lock:
                    self._store.close_feed(feed)
        if self._end() is not None:
            for iterator in tuple(self._iterators):
                iterator.ring()
