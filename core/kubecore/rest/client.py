# Derived from kubecore/rest/async_client.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""The synchronous client: sends calls over one pool of connections."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar
from weakref import WeakSet

from kubecore import errors
from kubecore._auth import authorization
from kubecore._auth.credential import Credential
from kubecore._config.config import Config
from kubecore._http import transport
from kubecore._support import pauses
from kubecore.calls.call import Call
from kubecore.calls.deadline import Deadline
from kubecore.rest.attempts import RetryState
from kubecore.rest.request_builder import RequestBuilder

if TYPE_CHECKING:
    from kubecore._http.protocols import HttpClient, Stream
    from kubecore._http.request import IdleLimit, Request
    from kubecore._http.sync_socket import SyncSocket
    from kubecore._http.websocket_upgrade import Upgraded
    from kubecore.calls.call import Received
    from kubecore.codec.streamed_list import StreamedList
    from kubecore.rest.hooks import Dependent, WriteHooks

__all__ = ["Client"]

R = TypeVar("R")


class Client:
    """Sends calls; safe to use from many threads at once.

    Args:
        config: The address of the server and how to reach it.
        http_client: A custom client that sends every request; it is never closed. Its certificates, proxies and
            timeouts apply, in addition to `timeout=` and `Timeouts.total`.

    Attributes:
        dependents: Work in the background that ends when the client is closed, such as informers.

    Raises:
        ConfigError: `config` contradicts itself or refers to unreadable files.
    """

    def __init__(self, config: Config, *, http_client: HttpClient | None = None) -> None:
        self._requests = RequestBuilder(config)
        self._authorization = authorization.Authorization(authorization.source(config))
        self._current = self._authorization.current
        self._transport = transport.transport(config, http_client, self._authorization.certificate)
        self.dependents: WeakSet[Dependent] = WeakSet()

    @property
    def host(self) -> str:
        """The URL of the server."""
        return self._requests.server.url

    @property
    def namespace(self) -> str:
        """The namespace of the configuration, "" if it names none: see `Config.namespace`."""
        return self._requests.config.namespace

    @property
    def write_hooks(self) -> WriteHooks:
        """The hooks that are called around calls that write: see `rest.WriteHook`."""
        return self._requests.write_hooks

    def __repr__(self) -> str:
        """Show the server."""
        return f"{type(self).__name__}({getattr(self, 'host', '')!r})"  # Also if the constructor raised.

    def send(
        self,
        call: Call[R],
        *,
        timeout: float | None = None,
        deadline: Deadline | None = None,
        ends_at: float | None = None,
        sleep: Callable[[float], Any] | None = None,
    ) -> R:
        """Send a call and read its response.

        Args:
            call: The call.
            timeout: Seconds for the call, with its retries, instead of `Timeouts.total`; None for the configuration's.
            deadline: The same as a time, for calls that belong together.
            ends_at: The end of everything, on the monotonic clock; None for the configured limits alone.
            sleep: The function that waits between attempts; None for the default.

        Returns:
            The object.

        Raises:
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
            DecodeError: The response is not the requested object.
        """
        state = RetryState(
            self._requests, call, ends_at=ends_at, deadline=deadline if timeout is None else Deadline.after(timeout)
        )
        body: Received | None = None
        streamed: StreamedList[R] | None = None
        try:
            stream = self._open(state, sleep)
            try:
                streamed = call.begin_list(stream.status, stream.headers)
                if streamed is None:
                    body = stream.read(self._requests.max_bytes)
                else:
                    body = self._receive(stream, streamed, state)
            finally:
                stream.close()
            result = call.parse(stream.status, stream.headers, body)
            if self._requests.write_hooks.registered:
                state.report(body)
            return result
        except errors.KubeError as error:
            body = streamed = None
            raise state.annotate(error) from error.__cause__

    def _receive(self, stream: Stream, streamed: StreamedList[R], state: RetryState) -> StreamedList[R]:
        """Receive a list, and decode its items meanwhile; other tasks run after each group of them."""
        with closing(stream.chunks()) as chunks:
            for chunk in chunks:
                streamed.feed(chunk)
                state.check_size(streamed.size)
                while streamed.decode_group():
                    pauses.turn()
        return streamed

    @contextmanager
    def stream(
        self,
        call: Call[Any],
        *,
        timeout: float | None = None,
        deadline: Deadline | None = None,
        once: bool = False,
        idle_timeout: IdleLimit = False,
        ends_at: float | None = None,
        sleep: Callable[[float], Any] | None = None,
    ) -> Generator[Stream]:
        """Send a call whose response may be endless, such as a watch.

        Args:
            call: The call.
            timeout: Time limit in seconds for the response headers; None for no limit but that of connecting.
            deadline: The same as a time, for calls that belong together.
            once: Whether it is sent again only if the server requests that.
            idle_timeout: Whether a pause of more than `Timeouts.idle` seconds is a ReadTimeoutError; otherwise the
                response may pause forever. Or a function that returns a lower limit; it is called before each read.
            ends_at: When all must be over, the response too, on the monotonic clock; None for no such limit.
            sleep: The function that waits between attempts; None for the default.

        Yields:
            The response, its status checked; it is closed when the block ends.

        Raises:
            StatusError: The server responded with an error.
            TransportError: There is no response.
        """
        state = RetryState(
            self._requests,
            call,
            streaming=True,
            idle_timeout=idle_timeout,
            ends_at=ends_at,
            deadline=deadline if timeout is None else Deadline.after(timeout),
            once=once,
        )
        stream = self._begin(state, call, sleep)
        try:
            yield stream
        finally:
            stream.close()

    def get_bytes(self, path: str, *, accept: str = "application/json", timeout: float | None = None) -> bytes:
        """Read a path that is not a resource, such as `/version` or `/openapi/v3`.

        Args:
            path: The path with its query, percent-encoded.
            accept: The accepted media type.
            timeout: Seconds for the call, with its retries; None for the configured limits.

        Returns:
            The body.

        Raises:
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
        """
        call: Call[Any] = Call(method="GET", path=path, response=object, verb="get", accept=accept)
        state = RetryState(self._requests, call, deadline=Deadline.within(timeout))
        stream = self._begin(state, call)
        try:
            return bytes(stream.read(self._requests.max_bytes))
        finally:
            stream.close()

    def upgrade(
        self, call: Call[Any], protocols: Sequence[str], *, deadline: Deadline | None = None
    ) -> Upgraded[SyncSocket]:
        """Send a call that changes the protocol of its connection to a websocket, such as exec.

        The connection does not count towards `Config.max_connections`. A call without a response is not sent again,
        since its effect is unknown.

        Args:
            call: The call.
            protocols: The websocket's subprotocols, the best first.
            deadline: The time limit for the connection; None for no limit but that of connecting.

        Returns:
            The connection, now the caller's, and the server's choice of protocol.

        Raises:
            StatusError: The server responded with an error.
            TransportError: There is no response, or it does not change the protocol.
            ConfigError: A custom client sends the requests.
        """
        from kubecore._http.websocket_upgrade import Handshake, Upgraded, refused

        handshake = Handshake(protocols)
        state = RetryState(self._requests, call, streaming=True, deadline=deadline, upgrade=handshake.headers)
        try:
            stream = self._open(state, None)
            try:
                if stream.status != 101:
                    raise refused(call, stream.status, stream.headers, stream.read(self._requests.max_bytes))
                protocol = handshake.accept(call, stream.headers)
            except BaseException:
                stream.close()
                raise
            return Upgraded(*stream.detach(), protocol)
        except errors.KubeError as error:
            raise state.annotate(error) from error.__cause__

    def _begin(self, state: RetryState, call: Call[Any], sleep: Callable[[float], Any] | None = None) -> Stream:
        """Open the response to a call whose body is not read here; an error response is raised."""
        try:
            stream = self._open(state, sleep)
            try:
                if stream.status != 200:
                    call.parse(stream.status, stream.headers, stream.read(self._requests.max_bytes))
            except BaseException:
                stream.close()
                raise
        except errors.KubeError as error:
            raise state.annotate(error) from error.__cause__
        return stream

    def _open(self, state: RetryState, sleep: Callable[[float], Any] | None) -> Stream:
        """Send a call, with retries if they may help, until there is a response head."""
        while True:
            seconds = state.wait()
            if seconds:
                (sleep or pauses.sleep)(seconds)
            credential = None if state.announce() else self._current()
            if credential is None:
                credential = self._renewed(state)
            try:
                request = state.begin(credential)
                stream = self._transport.open(request)
            except errors.TransportError as error:
                if not state.retry_after_error(error):
                    raise
                continue
            is_final = False
            try:
                is_final = state.is_final(stream.status, stream.headers)
                if stream.status == 401 and self._is_renewed(state, credential):
                    is_final = False
            finally:
                if not is_final:
                    stream.close()
            if is_final:
                return _unpacked(stream, request) if "content-encoding" in stream.headers else stream

    def _renewed(self, state: RetryState) -> Credential:
        """Return the credential of the next attempt if it must be renewed first, by the deadline of the call."""
        if state.is_given:
            return Credential(None)
        try:
            return self._authorization.get(state.deadline)
        except TimeoutError as error:
            late = state.late("the credentials are not renewed yet")
            state.not_sent(late)
            raise late from error
        except BaseException as error:
            state.not_sent(error)
            raise

    def _is_renewed(self, state: RetryState, credential: Credential) -> bool:
        """Handle a 401; return whether to try again with other credentials."""
        if state.is_given:
            return False
        try:
            return state.retry_after_401(self._authorization.refuse(credential, state.deadline))
        except TimeoutError as error:
            raise state.late("the credentials are not renewed yet") from error

    def close(self) -> None:
        """Close every connection, and end the work that depends on the client; a second call does nothing."""
        for dependent in tuple(self.dependents):
            dependent.client_closed()
        self._transport.close()

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close every connection."""
        self.close()


def _unpacked(stream: Stream, request: Request) -> Stream:
    """Return the response, decompressed while it is read if the server compressed it."""
    from kubecore._http.gzip import is_compressed
    from kubecore._http.gzip_stream import GzipStream

    return GzipStream(stream, request.place) if is_compressed(request, stream.status, stream.headers) else stream
