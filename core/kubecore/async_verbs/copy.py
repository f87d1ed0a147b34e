"""Files and folders to and from containers: copy_from and copy_to."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from kubecore.async_verbs.base import ResourceClient

if TYPE_CHECKING:
    from kubecore.streams.copy.untar import Copied

__all__ = ["Copy"]


class Copy(ResourceClient):
    """Copies files and folders to and from a container, which must have `tar`."""

    async def copy_from(
        self,
        name: str,
        remote: str,
        local: str | os.PathLike[str],
        *,
        container: str | None = None,
        progress: Callable[[int], object] | None = None,
        timeout: float | None = None,
    ) -> Copied:
        """Copy a file or folder from a container: `tar` over GET of `exec`. Needs the extra `ws`.

        Regular files and folders alone: links, devices and pipes are left out and reported, names that lead elsewhere
        are an error, and no link is followed here. A file that is not whole is removed.

        Args:
            name: The pod's name.
            remote: The file or folder in the container.
            local: The target. An existing folder is filled, and a file is put into it under its name.
            container: The container; by default the pod's default container.
            progress: Called with the number of bytes copied so far.
            timeout: Seconds for the whole copy; None for no limit.

        Returns:
            The copied and the skipped files.

        Raises:
            InvalidRequestError: Refused before anything was sent.
            CopyError: There is no `tar`, it fails, the archive is cut or hostile, or a file can't be made.
            StatusError: The server refuses it.
            TransportError: The connection broke.
            MissingExtraError: The package wsproto is not installed.
        """
        from kubecore.streams.copy import async_transfer, copying
        from kubecore.streams.exec.async_process import AsyncProcess

        plan = copying.plan_from(self._resource, self._namespace, name, remote, local, container)
        process = AsyncProcess(self._client, plan.call, plan.options, plan.command, timeout=timeout)
        return await async_transfer.receive_async(process, plan, progress, timeout)

    async def copy_to(
        self,
        name: str,
        local: str | os.PathLike[str],
        remote: str,
        *,
        container: str | None = None,
        progress: Callable[[int], object] | None = None,
        timeout: float | None = None,
    ) -> Copied:
        """Copy a file or folder to a container: `tar` over GET of `exec`. Needs the extra `ws`.

        Regular files and folders alone; links are left out and reported. Existing files are replaced.

        Args:
            name: The pod's name.
            local: The file or folder here.
            remote: The target in the container; its parent folder must exist.
            container: The container; by default the pod's default container.
            progress: Called with the number of bytes copied so far.
            timeout: Seconds for the whole copy; None for no limit.

        Returns:
            The copied and the skipped files.

        Raises:
            InvalidRequestError: Refused before anything was sent.
            CopyError: There is no `tar`, it fails, or a file here can't be read.
            StatusError: The server refuses it.
            TransportError: The connection broke.
            ProtocolError: The server is older than Kubernetes 1.30, and can't end the command's input.
            MissingExtraError: The package wsproto is not installed.
        """
        from kubecore.streams.copy import async_transfer, copying
        from kubecore.streams.exec.async_process import AsyncProcess

        plan = copying.plan_to(self._resource, self._namespace, name, local, remote, container)
        process = AsyncProcess(self._client, plan.call, plan.options, plan.command, timeout=timeout)
        return await async_transfer.send_async(process, plan, progress, timeout)
