# Derived from kubecore/apply/async_files.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""Apply files and objects: sends the calls of `apply.engine`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kubecore import manifests
from kubecore.apply import engine
from kubecore.apply.engine import Options
from kubecore.clientset import BaseClientset
from kubecore.clientset.kinds import require_kind
from kubecore.errors.apply import Report
from kubecore.model import kinds
from kubecore.model.model import Model
from kubecore.options import DryRun, FieldValidation
from kubecore.rest import run_steps

__all__ = ["apply_file", "apply_objects"]


def apply_file(
    clientset: BaseClientset,
    path: str | os.PathLike[str],
    *,
    field_manager: str,
    force: bool = False,
    namespace: str | None = None,
    dry_run: DryRun | None = None,
    field_validation: FieldValidation | None = "Strict",
    recursive: bool = False,
    crd_timeout_seconds: float = 60.0,
    timeout: float | None = None,
) -> Report:
    """Apply all objects of a file, or of the manifests of a folder, by server-side apply.

    The content of the file is sent unchanged, without models. Namespaces and CustomResourceDefinitions go first; then
    the function waits until new kinds are served, and applies the others: see `kubecore.apply.order`. An object that
    can't be applied does not stop the others.

    Args:
        clientset: The client of the cluster.
        path: A file of any name, or a folder, of which files ending in .json, .yaml and .yml are read.
        field_manager: The manager; fields that it applied before and that the file no longer has are removed.
        force: Take fields over that other managers own, instead of failing with a conflict.
        namespace: The namespace of namespaced objects that name none; those that name another one fail, as with
            `kubectl --namespace`. None for that of the clientset's configuration: the kubeconfig's context or the pod;
            `default` if the configuration names none.
        dry_run: `All` goes through all stages but stores nothing. Objects in namespaces and of kinds that only the
            file brings then fail.
        field_validation: The handling of unknown fields: `Strict` refuses them, as kubectl does.
        recursive: Whether to read folders in the folder too.
        crd_timeout_seconds: Seconds for new kinds to be served.
        timeout: Seconds for all requests and pauses together; None for the limits of `Config.timeouts` for each
            request.

    Returns:
        The created, changed and unchanged objects.

    Raises:
        DecodeError: The file can't be read, or is not a manifest; nothing was sent.
        ApplyFileError: Some objects were not applied; it names each with its error.
        InvalidRequestError: An option is invalid.
        TypeError: The clientset is something else.
    """
    found = manifests.load_manifest_files(Path(path), models={}, recursive=recursive)
    return apply_objects(
        clientset,
        found,
        field_manager=field_manager,
        force=force,
        namespace=namespace,
        dry_run=dry_run,
        field_validation=field_validation,
        crd_timeout_seconds=crd_timeout_seconds,
        timeout=timeout,
    )


def apply_objects(
    clientset: BaseClientset,
    objects: Iterable[Model | Mapping[str, Any]],
    *,
    field_manager: str,
    force: bool = False,
    namespace: str | None = None,
    dry_run: DryRun | None = None,
    field_validation: FieldValidation | None = "Strict",
    crd_timeout_seconds: float = 60.0,
    timeout: float | None = None,
) -> Report:
    """Apply objects by server-side apply, in the order that they need: see `apply_file`.

    Args:
        clientset: The client of the cluster.
        objects: Dictionaries and models with apiVersion and kind, such as those of `load_manifests(text, models={})`.
        field_manager: The manager; fields that it applied before and that the objects no longer have are removed.
        force: Take fields over that other managers own, instead of failing with a conflict.
        namespace: The namespace of namespaced objects that name none; those that name another one fail, as with
            `kubectl --namespace`. None for that of the clientset's configuration: the kubeconfig's context or the pod;
            `default` if the configuration names none.
        dry_run: `All` goes through all stages but stores nothing.
        field_validation: The handling of unknown fields: `Strict` refuses them, as kubectl does.
        crd_timeout_seconds: Seconds for new kinds to be served.
        timeout: Seconds for all requests and pauses together; None for the limits of `Config.timeouts` for each
            request.

    Returns:
        The created, changed and unchanged objects.

    Raises:
        ApplyFileError: Some objects were not applied; it names each with its error.
        InvalidRequestError: An option is invalid.
        TypeError: The clientset is something else.
    """
    require_kind(clientset, BaseClientset, "apply_file")
    options = Options(
        field_manager=field_manager,
        force=force,
        namespace=clientset.namespace if namespace is None else namespace,
        is_enforced=namespace is not None,
        dry_run=dry_run,
        field_validation=field_validation,
        crd_timeout_seconds=crd_timeout_seconds,
    )
    known = kinds.kinds_of_class(type(clientset))
    steps = engine.apply(objects, known, clientset.discovery.cache, options)
    return run_steps.run(clientset.rest_client, steps, timeout=timeout)
