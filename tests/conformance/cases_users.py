"""Cases of tokens, reviews and requests for certificates."""

from __future__ import annotations

from typing import Any

from tests.conformance.bodies import pod
from tests.conformance.cases import case
from tests.conformance.wire import Wire

_ACCESS = "/apis/authorization.k8s.io/v1"
_USERS = "/apis/authentication.k8s.io/v1"
_REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
_REQUEST = (
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIVk1Id0NBUUF3R2pFTU1Bb0dBMVVFQXd3RGFtOWxNUW93Q0FZ"
    "RFZRUUtEQUZuTUZrd0V3WUhLb1pJemowQwpBUVlJS29aSXpqMERBUWNEUWdBRTMzWTB4SFlwYW1Yd3ZvMEJIUXBsdkFyRDNGRE40"
    "ZFVCaVVwSjBtQ0ZvUmlGCkZBcXQvZTV1aTViVThhYlQrYXNkSmc0WUhtbUdQdWpRZ1lmaWx2bTR6NkFBTUFvR0NDcUdTTTQ5QkFN"
    "Q0Ewa0EKTUVZQ0lRQ1I2Zk9Rd0c2dXNUWmp4R1BhTlBnQTd0T2tJSFdIMlF0d093RTJKZ1VPUEFJaEFMckFHdlNkOEFRdgp0QVps"
    "Mno2M1R5LzBGUGFZbGt0WnhHYUxHVGJLOUdkdQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K"
)
_TOKEN = "serviceaccounts/default/token"
_LAG = 2
"""Seconds after which the server that checks tokens knows of a deletion: it reads its own copies of objects."""


def _joe(wire: Wire, path: str, body: Any, **headers: str) -> Any:
    return wire.send("POST", path, body, headers={"Impersonate-User": "joe", **headers})


@case("tokens of service accounts are checked when they are requested")
def tokens(wire: Wire) -> None:
    wire.post(_TOKEN, {})
    wire.post(_TOKEN, "")
    wire.post(_TOKEN, {"spec": {"expirationSeconds": 4294967297}})
    wire.post(_TOKEN, {"metadata": {"name": "other"}, "spec": {}})
    wire.post(_TOKEN, {"metadata": {"namespace": wire.two}, "spec": {}})
    wire.post(_TOKEN, {"spec": {"audiences": ["x", "y"], "expirationSeconds": 7200}}, dryRun="All")
    wire.post("pods", pod())
    for kind, name in (("Pod", "missing"), ("ConfigMap", "a"), ("Secret", "a"), ("Pod", "a")):
        wire.post(_TOKEN, {"spec": {"boundObjectRef": {"kind": kind, "apiVersion": "v1", "name": name}}})
    wire.post("serviceaccounts", {"metadata": {"name": "b"}})
    wire.post("serviceaccounts/b/token", {"spec": {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "a"}}})


@case("a review of a token knows its service account")
def token_reviews(wire: Wire) -> None:
    def review(token: str, **spec: Any) -> None:
        wire.post(f"{_USERS}/tokenreviews", {"spec": {"token": token, **spec}})

    token = wire.post(_TOKEN, {"spec": {}})["status"]["token"]
    review(token)
    token = wire.post(_TOKEN, {"spec": {"audiences": ["x"]}})["status"]["token"]
    review(token)
    review(token, audiences=["z"])
    review(token, audiences=["z", "x"])
    review("nothing")
    wire.post(f"{_USERS}/tokenreviews", {"spec": {}})
    wire.post("pods", pod())
    bound = {"kind": "Pod", "apiVersion": "v1", "name": "a"}
    token = wire.post(_TOKEN, {"spec": {"boundObjectRef": bound}})["status"]["token"]
    wire.delete("pods/a")
    wire.wait(_LAG)
    review(token)
    wire.post("serviceaccounts", {"metadata": {"name": "b"}})
    token = wire.post("serviceaccounts/b/token", {})["status"]["token"]
    wire.delete("serviceaccounts/b")
    wire.wait(_LAG)
    review(token)
    wire.post("serviceaccounts", {"metadata": {"name": "b"}})
    review(token)


@case("reviews of users and their rights")
def reviews(wire: Wire) -> None:
    _joe(wire, f"{_USERS}/selfsubjectreviews", {})
    _joe(wire, f"{_USERS}/selfsubjectreviews", {"metadata": {"name": "x"}}, **{"Impersonate-Group": "g"})
    _joe(wire, f"{_USERS}/selfsubjectreviews", {}, **{"Impersonate-Uid": "u", "Impersonate-Extra-Foo": "bar"})
    headers = {"Impersonate-User": f"system:serviceaccount:{wire.one}:default"}
    wire.send("POST", f"{_USERS}/selfsubjectreviews", {}, headers=headers)
    wire.post(f"{_ACCESS}/selfsubjectrulesreviews", {"spec": {}})
    pods = {"verb": "get", "resource": "pods"}
    other = {"verb": "get", "path": "/x"}
    masters = {"user": "joe", "groups": ["system:masters"]}
    for spec in (
        {"resourceAttributes": pods},
        {**masters, "resourceAttributes": pods},
        {"user": "joe"},
        {**masters, "resourceAttributes": pods, "nonResourceAttributes": other},
        {**masters, "nonResourceAttributes": other},
    ):
        wire.post(f"{_ACCESS}/subjectaccessreviews", {"spec": spec})
    local = f"{_ACCESS}/namespaces/{{one}}/localsubjectaccessreviews"
    for namespace in (wire.one, wire.two):
        wire.post(local, {"spec": {**masters, "resourceAttributes": {**pods, "namespace": namespace}}})
    wire.post(local, {"spec": {**masters, "nonResourceAttributes": other}})
    own = f"{_ACCESS}/selfsubjectaccessreviews"
    full = {**pods, "subresource": "log", "group": "apps", "version": "v1", "name": "n"}
    wire.post(own, {"spec": {"resourceAttributes": full}}, dryRun="All")
    wire.post(own, {"spec": {"resourceAttributes": pods, "nonResourceAttributes": {"path": "/"}}})


@case("the approval of a request for a certificate")
def approvals(wire: Wire) -> None:
    body = {"spec": {"request": _REQUEST, "signerName": "example.com/s", "usages": ["client auth"], "username": "x"}}
    masters = {"Impersonate-Group": "system:masters"}
    for name in ("{one}-a", "{one}-b"):
        named = name.replace("{one}", wire.one)
        _joe(wire, _REQUESTS, {"metadata": {"name": named}, **body}, **masters)
    first, second = f"{_REQUESTS}/{{one}}-a", f"{_REQUESTS}/{{one}}-b"

    def conditions(*types: str, status: str = "True") -> dict[str, Any]:
        return {"status": {"conditions": [{"type": kind, "status": status, "reason": "r"} for kind in types]}}

    wire.get(f"{first}/approval")
    wire.patch(first, {**conditions("Approved"), "spec": {"usages": ["digital signature"]}})
    wire.patch(f"{first}/status", conditions("Approved"))
    wire.patch(f"{first}/approval", conditions("Approved", status="False"))
    wire.patch(f"{first}/approval", conditions("Denied", "Approved"))
    wire.patch(f"{first}/approval", {**conditions("Approved"), "metadata": {"labels": {"l": "m"}}})
    wire.patch(f"{first}/approval", conditions("Denied"))
    wire.patch(f"{first}/status", conditions())
    wire.patch(f"{first}/status", {**conditions("Approved", "Failed"), "metadata": {"labels": {"l": "n"}}})
    found = wire.get(second)
    wire.put(f"{second}/approval", {**found, **conditions("Denied")})
    wire.post(f"{second}/approval", {})
    wire.delete(first)
    wire.delete(second)
