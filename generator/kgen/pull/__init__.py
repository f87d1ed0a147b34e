"""Pulling the documents of a live cluster into a folder: `kgen pull`.

The folder gets one canonical document per path of `/openapi/v3`, `index.json` with the hash that the server gives each
and the hash of each file, and ORIGIN.md. Only documents whose hash has changed are fetched again; those that are no
longer served, or no longer selected, are removed. If one API fails, the others are pulled. Its document in the folder
stays, and `Pulled.problems` names it.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from pathlib import Path

from kgen.errors import ClusterError, ConfigError, OutputError
from kgen.pull.choice import Choice
from kgen.pull.documents import group_of
from kgen.pull.run import AllFailedError, Pulled, PullRun
from kubecore import errors, kubeconfig, rest

__all__ = ["Choice", "Pulled", "pull"]


def pull(
    folder: Path,
    choice: Choice | None = None,
    *,
    kubeconfig: str | None = None,
    context: str | None = None,
    in_cluster: bool = False,
    note: str | None = None,
    progress: Callable[[str], None] = lambda _: None,
    today: datetime.date | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Pulled:
    """Update a folder to the documents that a cluster serves.

    Args:
        folder: Receives the documents; created if it is missing.
        choice: The documents to pull; by default all.
        kubeconfig: The kubeconfig file; by default that of kubectl.
        context: The context of the kubeconfig.
        in_cluster: Whether to use the service account of the pod instead.
        note: Text for ORIGIN.md that the server does not provide, such as its flags.
        progress: Called with the current stage.
        today: The date for ORIGIN.md.
        sleep: Waits, before the index is read again.

    Raises:
        ConfigError: The kubeconfig is wrong, or a selected group does not exist.
        ClusterError: The cluster can't be reached, or its responses cannot be used.
        OutputError: The folder can't be written.
    """
    host = ""
    try:
        config = rest.in_cluster_config() if in_cluster else _kubeconfig(kubeconfig, context)
        host = config.host
        with rest.Client(config) as client:
            run = PullRun(client, folder, choice or Choice(), progress, sleep)
            return run(note, today or datetime.datetime.now(datetime.UTC).date())
    except errors.ConfigError as error:
        hint = f"check the kubeconfig, or name another: --kubeconfig, --context; see {error.help_url}"
        raise ConfigError(str(error), hint=hint) from error
    except AllFailedError as error:
        raise ClusterError(
            f"no document could be fetched; the first, {error.name}: {error.cause}",
            where=host or None,
            hint=f"choose others with --group, or leave it out: --exclude-group {group_of(error.name)}",
        ) from error
    except errors.KubeError as error:
        hint = f"does `kubectl get --raw /openapi/v3` work with the same kubeconfig? See {error.help_url}"
        raise ClusterError(str(error), where=host or None, hint=hint) from error
    except OSError as error:
        raise OutputError(
            f"the folder can't be written: {error.strerror or error}",
            where=folder.name,
            hint="check the path and its rights",
        ) from error


def _kubeconfig(path: str | None, context: str | None) -> rest.Config:
    return kubeconfig.load_config(path, context=context)
