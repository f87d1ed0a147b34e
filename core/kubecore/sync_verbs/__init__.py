# Derived from kubecore/async_verbs/__init__.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""The verbs of clients such as `clientset.core_v1.pods("default")`: their arguments, results and errors.

A client has the classes of the verbs that its resource supports. A verb sends one request, except `create_or_update`,
`delete_and_wait`, `modify`, `modify_status`, and the verbs that follow or wait.

Source: client-go's `gentype` and `kubernetes/typed`; option types of `k8s.io/apimachinery/pkg/apis/meta/v1`.
"""

from __future__ import annotations

from kubecore.sync_verbs.base import ResourceClient
from kubecore.sync_verbs.composite import CreateOrUpdate, DeleteAndWait, GetOrNone, Modify
from kubecore.sync_verbs.copy import Copy
from kubecore.sync_verbs.deleting import Delete, DeleteCollection
from kubecore.sync_verbs.exec import Attach, Exec
from kubecore.sync_verbs.forwarding import PortForward, ServicePortForward
from kubecore.sync_verbs.logs import Logs
from kubecore.sync_verbs.metadata_and_table import ListViews
from kubecore.sync_verbs.proxying import Proxy
from kubecore.sync_verbs.reading import Get, List
from kubecore.sync_verbs.scale import Scale
from kubecore.sync_verbs.standard import Standard, StandardWithStatus
from kubecore.sync_verbs.status import GetStatus, ModifyStatus, PatchStatus, UpdateStatus
from kubecore.sync_verbs.waiting import Wait, WaitForCompletion, WaitForRollout
from kubecore.sync_verbs.watching import Watch
from kubecore.sync_verbs.writing import Create, Patch, Update

__all__ = [
    "Attach",
    "Copy",
    "Create",
    "CreateOrUpdate",
    "Delete",
    "DeleteAndWait",
    "DeleteCollection",
    "Exec",
    "Get",
    "GetOrNone",
    "GetStatus",
    "List",
    "ListViews",
    "Logs",
    "Modify",
    "ModifyStatus",
    "Patch",
    "PatchStatus",
    "PortForward",
    "Proxy",
    "ResourceClient",
    "Scale",
    "ServicePortForward",
    "Standard",
    "StandardWithStatus",
    "Update",
    "UpdateStatus",
    "Wait",
    "WaitForCompletion",
    "WaitForRollout",
    "Watch",
]
