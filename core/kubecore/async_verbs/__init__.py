"""The verbs of clients such as `clientset.core_v1.pods("default")`: their arguments, results and errors.

A client has the classes of the verbs that its resource supports. A verb sends one request, except `create_or_update`,
`delete_and_wait`, `modify`, `modify_status`, and the verbs that follow or wait.

Source: client-go's `gentype` and `kubernetes/typed`; option types of `k8s.io/apimachinery/pkg/apis/meta/v1`.
"""

from __future__ import annotations

from kubecore.async_verbs.base import ResourceClient
from kubecore.async_verbs.composite import CreateOrUpdate, DeleteAndWait, GetOrNone, Modify
from kubecore.async_verbs.copy import Copy
from kubecore.async_verbs.deleting import Delete, DeleteCollection
from kubecore.async_verbs.exec import Attach, Exec
from kubecore.async_verbs.forwarding import PortForward, ServicePortForward
from kubecore.async_verbs.logs import Logs
from kubecore.async_verbs.metadata_and_table import ListViews
from kubecore.async_verbs.proxying import Proxy
from kubecore.async_verbs.reading import Get, List
from kubecore.async_verbs.scale import Scale
from kubecore.async_verbs.standard import Standard, StandardWithStatus
from kubecore.async_verbs.status import GetStatus, ModifyStatus, PatchStatus, UpdateStatus
from kubecore.async_verbs.waiting import Wait, WaitForCompletion, WaitForRollout
from kubecore.async_verbs.watching import Watch
from kubecore.async_verbs.writing import Create, Patch, Update

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
