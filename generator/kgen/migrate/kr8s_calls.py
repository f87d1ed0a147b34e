"""The calls of `kr8s`, each with its replacement."""

from __future__ import annotations

from typing import Final

from kgen.migrate.table import PAGES, Target

__all__ = ["KR8S_CALLS", "KR8S_METHODS"]

_CONNECT: Final = PAGES["connect"]
_DYNAMIC: Final = PAGES["dynamic"]
_MODELS: Final = PAGES["models"]

KR8S_METHODS: Final = {
    "get": ("get(name)", "get"),
    "list": ("list(...)", "list"),
    "create": ("create(body)", "create"),
    "delete": ("delete(name)", "delete"),
    "refresh": ("get(name)", "get"),
    "exists": ("get_or_none(name)", "get"),
    "patch": ('patch(name, body, type="merge")', "patch"),
    "label": ('patch(name, {"metadata": {"labels": labels}}, type="merge")', "patch"),
    "remove_label": ('patch(name, {"metadata": {"labels": {label: None}}}, type="merge")', "patch"),
    "annotate": ('patch(name, {"metadata": {"annotations": annotations}}, type="merge")', "patch"),
    "remove_annotation": ('patch(name, {"metadata": {"annotations": {key: None}}}, type="merge")', "patch"),
    "set_owner": ("owners.set_controller_reference(body, owner)", "dynamic"),
    "adopt": ("owners.set_controller_reference(body, owner)", "dynamic"),
    "scale": ('patch_scale(name, {"spec": {"replicas": n}}, type="merge")', "scale"),
    "wait": ('wait(name, for_="condition=...")', "wait"),
    "ready": ('wait(name, for_="condition=Ready")', "wait"),
    "watch": ("watch(...)", "watch"),
    "logs": ("stream_logs(name)", "log"),
    "exec": ("run(name, command)", "exec"),
    "popen": ("exec(name, command)", "exec"),
    "portforward": ("port_forward(name)", "portforward"),
    "cordon": ('patch(name, {"spec": {"unschedulable": True}}, type="merge")', "patch"),
    "uncordon": ('patch(name, {"spec": {"unschedulable": False}}, type="merge")', "patch"),
    "taint": ('patch(name, {"spec": {"taints": taints}}, type="strategic")', "patch"),
    "untaint": ('patch(name, {"spec": {"taints": taints}}, type="merge")', "patch"),
    "tolerate": ('patch(name, {"spec": {"tolerations": tolerations}}, type="strategic")', "patch"),
    "pods": ("clientset.core_v1.pods(ns).list(label_selector=selector)", "list"),
    "ready_pods": ("clientset.core_v1.pods(ns).list(label_selector=selector)", "list"),
}
"""Methods of kr8s' objects: the call here, and its verb."""

KR8S_CALLS: Final[dict[str, Target]] = {
    "api": Target("Clientset()", _CONNECT),
    "Api": Target("Clientset()", _CONNECT),
    "version": Target("clientset.server_version()", _CONNECT),
    "whoami": Target("clientset.authentication_v1.self_subject_reviews().create({})", "docs/coming-from/kr8s.md"),
    "api_resources": Target("clientset.discovery.catalog()", _DYNAMIC),
    "async_api_resources": Target("clientset.discovery.catalog()", _DYNAMIC),
    "api_versions": Target("clientset.discovery.catalog()", _DYNAMIC),
    "lookup_kind": Target("clientset.discovery.find(kind)", _DYNAMIC),
    "create": Target('apply.apply_objects(clientset, objects, field_manager="me")', PAGES["apply"]),
    "new_class": Target("clientset.dynamic.resource(kind, ns, api_version=api_version)", _DYNAMIC),
    "get_class": Target("clientset.dynamic.resource(kind, ns, api_version=api_version)", _DYNAMIC),
    "object_from_spec": Target("clientset.dynamic.resource(kind, ns, api_version=api_version)", _DYNAMIC),
    "object_from_name_type": Target("clientset.dynamic.resource(kind, ns).get(name)", _DYNAMIC),
    "objects_from_files": Target("manifests.load_manifest_files(path)", _DYNAMIC),
    "to_dict": Target("obj.to_dict()", _MODELS),
    "to_yaml": Target("obj.to_yaml()", _MODELS),
    "pprint": Target("print(obj.to_yaml())", _MODELS),
    "to_lightkube": Target("obj.to_dict()", _MODELS),
    "to_pykube": Target("obj.to_dict()", _MODELS),
    "gen": Target("core_v1.Pod(...)", _MODELS),
    "keys": Target("obj.to_dict().keys()", _MODELS),
    "get_kind": Target("clientset.dynamic.resource(kind, ns)", _DYNAMIC),
    "call_api": Target("clientset.raw(method, path)", PAGES["proxy"]),
    "open_websocket": Target("clientset.core_v1.pods(ns).exec(name, command)", PAGES["exec"], "recipe"),
    "reauthenticate": Target("not needed: the client renews its credentials", _CONNECT),
    "popen().communicate": Target("clientset.core_v1.pods(ns).run(name, command)", PAGES["exec"]),
    "popen().wait": Target("process.wait()", PAGES["exec"]),
    "popen().close": Target("process.close()", PAGES["exec"]),
    "popen().resize": Target("process.resize(width, height)", PAGES["exec"]),
    "popen().stdin.write": Target("process.write(data)", PAGES["exec"]),
    "popen().stdin.send": Target("process.write(data)", PAGES["exec"]),
    "popen().stdout.read": Target("process.read()", PAGES["exec"], "recipe"),
    "popen().stdout.readline": Target("process.read()", PAGES["exec"], "recipe"),
    "popen().stdout.receive": Target("process.read()", PAGES["exec"], "recipe"),
    "popen().stderr.read": Target("process.read()", PAGES["exec"], "recipe"),
    "popen().stderr.readline": Target("process.read()", PAGES["exec"], "recipe"),
    "popen().stderr.receive": Target("process.read()", PAGES["exec"], "recipe"),
}
"""Other calls of kr8s, by the end of their dotted name."""
