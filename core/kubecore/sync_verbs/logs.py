# Derived from kubecore/async_verbs/logs.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""The logs of containers: get_logs, stream_logs."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, overload

from kubecore.sync_verbs.base import ResourceClient

if TYPE_CHECKING:
    from kubecore.calls.text_mode import TextErrors
    from kubecore.logs import LogOutput, LogStream

__all__ = ["Logs"]


class Logs(ResourceClient):
    """Reads logs of containers."""

    @overload
    def get_logs(
        self,
        name: str,
        *,
        container: str | None = None,
        previous: bool | None = None,
        since_seconds: int | None = None,
        since_time: datetime.datetime | None = None,
        tail_lines: int | None = None,
        limit_bytes: int | None = None,
        timestamps: bool | None = None,
        stream: LogOutput | None = None,
        insecure_skip_tls_verify_backend: bool | None = None,
        encoding: None = None,
        errors: None = None,
        timeout: float | None = None,
    ) -> bytes: ...

    @overload
    def get_logs(
        self,
        name: str,
        *,
        container: str | None = None,
        previous: bool | None = None,
        since_seconds: int | None = None,
        since_time: datetime.datetime | None = None,
        tail_lines: int | None = None,
        limit_bytes: int | None = None,
        timestamps: bool | None = None,
        stream: LogOutput | None = None,
        insecure_skip_tls_verify_backend: bool | None = None,
        encoding: str,
        errors: TextErrors | None = None,
        timeout: float | None = None,
    ) -> str: ...

    @overload
    def get_logs(
        self,
        name: str,
        *,
        container: str | None = None,
        previous: bool | None = None,
        since_seconds: int | None = None,
        since_time: datetime.datetime | None = None,
        tail_lines: int | None = None,
        limit_bytes: int | None = None,
        timestamps: bool | None = None,
        stream: LogOutput | None = None,
        insecure_skip_tls_verify_backend: bool | None = None,
        encoding: None = None,
        errors: TextErrors,
        timeout: float | None = None,
    ) -> str: ...

    def get_logs(
        self,
        name: str,
        *,
        container: str | None = None,
        previous: bool | None = None,
        since_seconds: int | None = None,
        since_time: datetime.datetime | None = None,
        tail_lines: int | None = None,
        limit_bytes: int | None = None,
        timestamps: bool | None = None,
        stream: LogOutput | None = None,
        insecure_skip_tls_verify_backend: bool | None = None,
        encoding: str | None = None,
        errors: TextErrors | None = None,
        timeout: float | None = None,
    ) -> bytes | str:
        """Read the log of a container so far: GET of `log`.

        It comes as it was written, whatever it looks like. For logs that are larger than
        `Config.max_response_bytes`, take `stream_logs` with `follow=False`.

        Args:
            name: The pod's name.
            container: The container; required if the pod has several.
            previous: Read the log before the last restart.
            since_seconds: Only newer lines, in seconds before now.
            since_time: Only newer lines, a time with its offset from UTC.
            tail_lines: Only this many lines, the last ones.
            limit_bytes: End after this many bytes, also within a line.
            timestamps: Begin each line with its time.
            stream: Which output, `All`, `Stdout` or `Stderr`, if the server has the feature.
            insecure_skip_tls_verify_backend: The API server does not verify the certificate of the node.
            encoding: The encoding of text, such as `utf-8`. Without `encoding` and `errors` the log is bytes.
            errors: How bytes that the encoding (UTF-8 by default) does not allow are handled, by Python's names:
                `strict` (the default with `encoding`) refuses them, then there are `replace`, `ignore`,
                `backslashreplace` and `surrogateescape`.
            timeout: Seconds for the call, with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The log, bytes or text.

        Raises:
            InvalidRequestError: Refused before anything was sent.
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
            DecodeError: It is not of the encoding, and `errors` is `strict`.
        """
        from kubecore.calls.text_mode import text_mode
        from kubecore.logs import log_call, text_of

        mode = text_mode(encoding=encoding, errors=errors)
        call = log_call(
            self._resource,
            self._namespace,
            name,
            container=container,
            previous=previous,
            since_seconds=since_seconds,
            since_time=since_time,
            tail_lines=tail_lines,
            limit_bytes=limit_bytes,
            timestamps=timestamps,
            stream=stream,
            insecure_skip_tls_verify_backend=insecure_skip_tls_verify_backend,
        )
        data = self._client.send(call, timeout=timeout)
        return data if mode is None else text_of(call, data, mode)

    @overload
    def stream_logs(
        self,
        name: str,
        *,
        follow: bool = True,
        container: str | None = None,
        previous: bool | None = None,
        since_seconds: int | None = None,
        since_time: datetime.datetime | None = None,
        tail_lines: int | None = None,
        limit_bytes: int | None = None,
        timestamps: bool | None = None,
        stream: LogOutput | None = None,
        insecure_skip_tls_verify_backend: bool | None = None,
        encoding: None = None,
        errors: None = None,
        longest_line: int | None = None,
        timeout: float | None = None,
    ) -> LogStream[bytes]: ...

    @overload
    def stream_logs(
        self,
        name: str,
        *,
        follow: bool = True,
        container: str | None = None,
        previous: bool | None = None,
        since_seconds: int | None = None,
        since_time: datetime.datetime | None = None,
        tail_lines: int | None = None,
        limit_bytes: int | None = None,
        timestamps: bool | None = None,
        stream: LogOutput | None = None,
        insecure_skip_tls_verify_backend: bool | None = None,
        encoding: str,
        errors: TextErrors | None = None,
        longest_line: int | None = None,
        timeout: float | None = None,
    ) -> LogStream[str]: ...

    @overload
    def stream_logs(
        self,
        name: str,
        *,
        follow: bool = True,
        container: str | None = None,
        previous: bool | None = None,
        since_seconds: int | None = None,
        since_time: datetime.datetime | None = None,
        tail_lines: int | None = None,
        limit_bytes: int | None = None,
        timestamps: bool | None = None,
        stream: LogOutput | None = None,
        insecure_skip_tls_verify_backend: bool | None = None,
        encoding: None = None,
        errors: TextErrors,
        longest_line: int | None = None,
        timeout: float | None = None,
    ) -> LogStream[str]: ...

    def stream_logs(
        self,
        name: str,
        *,
        follow: bool = True,
        container: str | None = None,
        previous: bool | None = None,
        since_seconds: int | None = None,
        since_time: datetime.datetime | None = None,
        tail_lines: int | None = None,
        limit_bytes: int | None = None,
        timestamps: bool | None = None,
        stream: LogOutput | None = None,
        insecure_skip_tls_verify_backend: bool | None = None,
        encoding: str | None = None,
        errors: TextErrors | None = None,
        longest_line: int | None = None,
        timeout: float | None = None,
    ) -> LogStream[bytes] | LogStream[str]:
        """Stream the log of a container: GET of `log`.

        Nothing is sent before the `with` block begins.

        Args:
            name: The pod's name.
            follow: Continue with new lines, until the container ends.
            container: The container; required if the pod has several.
            previous: Read the log before the last restart.
            since_seconds: Only newer lines, in seconds before now.
            since_time: Only newer lines, a time with its offset from UTC.
            tail_lines: Begin with this many lines, the last ones.
            limit_bytes: End after this many bytes, also within a line.
            timestamps: Begin each line with its time.
            stream: Which output, `All`, `Stdout` or `Stderr`, if the server has the feature.
            insecure_skip_tls_verify_backend: The API server does not verify the certificate of the node.
            encoding: The encoding of text, such as `utf-8`. Without `encoding` and `errors` the log is bytes.
            errors: How bytes that the encoding (UTF-8 by default) does not allow are handled, by Python's names:
                `strict` (the default with `encoding`) refuses them, then there are `replace`, `ignore`,
                `backslashreplace` and `surrogateescape`.
            longest_line: A longer line is split into chunks of about this size, in bytes; 1 MiB by default.
            timeout: Seconds until the stream is open; after that it has no effect. None for no limit but that of
                connecting.

        Returns:
            A context manager that opens the log, and an iterator of its lines; `chunks()` yields received data.

        Raises:
            InvalidRequestError: Refused before anything was sent.
        """
        from kubecore.calls.text_mode import text_mode
        from kubecore.logs import LogStream, lines, log_call

        mode = text_mode(encoding=encoding, errors=errors)
        call = log_call(
            self._resource,
            self._namespace,
            name,
            follow=follow,
            container=container,
            previous=previous,
            since_seconds=since_seconds,
            since_time=since_time,
            tail_lines=tail_lines,
            limit_bytes=limit_bytes,
            timestamps=timestamps,
            stream=stream,
            insecure_skip_tls_verify_backend=insecure_skip_tls_verify_backend,
        )
        longest = lines.LONGEST if longest_line is None else longest_line
        if mode is None:
            return LogStream(self._client, call, lines.BytesReader(longest), timeout=timeout)
        return LogStream(self._client, call, lines.reader(longest, mode, call), timeout=timeout)
