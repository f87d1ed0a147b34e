"""Tokens of service accounts: JWTs without a signature, and their reviews."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any, Final

import msgspec

from kubecore.testing._apply.managed import track_update
from kubecore.testing._schemas.json_values import items_at, map_at
from kubecore.testing._server import bodies, metadata
from kubecore.testing._server.creating import in_namespace
from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.failures import Cause, invalid
from kubecore.testing._server.options import WriteOptions, bad_request
from kubecore.testing._server.resources import Resource
from kubecore.testing._server.state import State
from kubecore.testing._server.subresources.parts import body_resource, shown
from kubecore.testing._server.subresources.users import service_account_groups

__all__ = ["Tokens"]

_ISSUER: Final = "https://kubernetes.default.svc"
_SHORTEST, _LONGEST, _USUAL = 600, 1 << 32, 3600
_BOUND: Final = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}
_CREDENTIAL: Final = "authentication.kubernetes.io/"


class Tokens:
    """The tokens that a server has issued.

    Args:
        state: The state of the server.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._claims: dict[str, dict[str, Any]] = {}

    def create(self, state: State, resource: Resource, received: Received) -> Reply:
        """Issue a token for a service account.

        Raises:
            RequestError: The server refuses it.
        """
        options = WriteOptions.of(received, "CreateOptions")
        part = body_resource(state, resource, "token")
        body = bodies.understood(bodies.decoded_json(received, part), part, options.validation)
        wanted = metadata.wanted_metadata(body.object)
        in_namespace(resource, received.namespace, wanted)
        account = state.find(resource, received.namespace, received.name).document()["metadata"]
        given = {key: value for key, value in map_at(body.object, "spec").items() if value is not None}
        spec: dict[str, Any] = {"expirationSeconds": _USUAL, **given}
        _check(received.name, wanted, spec)
        bound = self._bound(received, spec.get("boundObjectRef"))
        made = track_update(
            {"metadata": {}, "spec": {"boundObjectRef": None}, "status": {}},  # As the server writes an empty one.
            {**body.object, "metadata": {"name": received.name, "namespace": received.namespace}, "spec": spec},
            part.schema,
            manager=options.manager,
            api_version=part.api_version,
            subresource="token",
            now=state.timestamp(),
            reset=(("status",),),
        )
        spec = {**spec, "audiences": spec.get("audiences") or [_ISSUER]}
        spec["boundObjectRef"] = spec.get("boundObjectRef")
        now, seconds = state.now(), spec["expirationSeconds"]
        found = {"uid": account["uid"], "creationTimestamp": state.timestamp(), **made["metadata"]}
        status = {
            "token": self._issue(account, spec, bound),
            "expirationTimestamp": metadata.timestamp(now + timedelta(seconds=seconds)),
        }
        made = {**made, "metadata": found, "spec": spec, "status": status}
        return shown(received, made, 201, body.warnings)

    def _bound(self, received: Received, reference: dict[str, Any] | None) -> dict[str, Any]:
        """Return the claims about the object to which a token is bound."""
        if not reference:
            return {}
        kind, version = reference.get("kind", ""), reference.get("apiVersion", "")
        resource = self._state.resources.find("", "v1", _BOUND.get(kind, ""))
        if resource is None or version != "v1":
            shown_version = version if "/" in version else f"/{version}"
            raise bad_request(f"cannot bind token to object of type {shown_version}, Kind={kind}")
        namespace = received.namespace if resource.is_namespaced else ""
        document = self._state.find(resource, namespace, reference.get("name", "")).document()
        found = document["metadata"]
        if kind == "Pod":
            account = map_at(document, "spec").get("serviceAccountName", "default")
            if account != received.name:
                text = f'cannot bind token for serviceaccount "{received.name}" to pod running with different'
                raise bad_request(f"{text} serviceaccount name.")
        uid = reference.get("uid")
        if uid and uid != found["uid"]:
            text = f"the UID in the bound object reference ({uid}) does not match the UID in record."
            text += " The object might have been deleted and then recreated"
            raise metadata.conflict(resource, found["name"], text)
        claims: dict[str, Any] = {kind.lower(): {"name": found["name"], "uid": found["uid"]}}
        node = map_at(document, "spec").get("nodeName") if kind == "Pod" else None
        return {**claims, **({"node": {"name": node}} if node else {})}

    def _issue(self, account: dict[str, Any], spec: dict[str, Any], bound: dict[str, Any]) -> str:
        now = int(self._state.now().timestamp())
        claims = {
            "aud": spec["audiences"],
            "exp": now + spec["expirationSeconds"],
            "iat": now,
            "iss": _ISSUER,
            "jti": metadata.new_uid(self._state.chance),
            "kubernetes.io": {
                "namespace": account["namespace"],
                **bound,
                "serviceaccount": {"name": account["name"], "uid": account["uid"]},
            },
            "nbf": now,
            "sub": f"system:serviceaccount:{account['namespace']}:{account['name']}",
        }
        token = f"{_encoded({'alg': 'none'})}.{_encoded(claims)}."
        self._claims[token] = claims
        return token

    def user_of(self, token: str) -> dict[str, Any] | None:
        """Return the user of a valid token, None for other tokens."""
        claims = self._claims.get(token)
        return None if claims is None or self._problem(claims) else _user(claims)

    def review(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Return the status of a TokenReview.

        Args:
            spec: `spec` of the review.

        Raises:
            RequestError: 400, it has no token.
        """
        token = spec.get("token")
        if not token:
            raise bad_request("token is required for TokenReview in authentication")
        claims = self._claims.get(token)
        if claims is None:
            return {"user": {}, "error": "invalid bearer token"}
        wanted = items_at(spec, "audiences") or [_ISSUER]
        common = [each for each in claims["aud"] if each in wanted]
        problem = self._problem(claims)
        if not common:
            problem = f"token audiences {_listed(claims['aud'])} is invalid for the target audiences {_listed(wanted)}"
        if problem:
            return {"user": {}, "error": f"[invalid bearer token, {problem}]"}
        return {"authenticated": True, "user": _user(claims), "audiences": common}

    def _problem(self, claims: dict[str, Any]) -> str:
        """Return why a token is no longer valid, or ""."""
        if claims["exp"] <= self._state.now().timestamp():
            return "service account token has expired"
        about = claims["kubernetes.io"]
        namespace, account = about["namespace"], about["serviceaccount"]
        record = self._state.store.get(("", "serviceaccounts"), (namespace, account["name"]))
        if record is None:
            return f'serviceaccounts "{account["name"]}" not found'
        uid = record.document()["metadata"]["uid"]
        if uid != account["uid"]:
            return f"service account UID ({uid}) does not match claim ({account['uid']})"
        for kind, plural in _BOUND.items():
            bound = about.get(kind.lower())
            if bound is None or (kind == "Node" and "pod" in about):
                continue
            record = self._state.store.get(("", plural), ("" if kind == "Node" else namespace, bound["name"]))
            if record is None or record.document()["metadata"]["uid"] != bound["uid"]:
                return "service account token has been invalidated"
        return ""


def _check(name: str, wanted: dict[str, Any], spec: dict[str, Any]) -> None:
    causes: list[Cause] = []
    if wanted.get("name", name) not in ("", name):
        text = f'Invalid value: "{wanted["name"]}": must match the service account name if specified'
        causes.append(Cause("FieldValueInvalid", text, "metadata.name"))
    seconds, text = spec["expirationSeconds"], ""
    if seconds < _SHORTEST:
        text = "may not specify a duration less than 10 minutes"
    if seconds > _LONGEST:
        text = "may not specify a duration larger than 2^32 seconds"
    if text:
        causes.append(Cause("FieldValueInvalid", f"Invalid value: {seconds}: {text}", "spec.expirationSeconds"))
    if causes:
        shown_name = name if wanted.get("name") else ""
        raise invalid("authentication.k8s.io", "TokenRequest", shown_name, causes)


def _user(claims: dict[str, Any]) -> dict[str, Any]:
    about = claims["kubernetes.io"]
    extra = {f"{_CREDENTIAL}credential-id": [f"JTI={claims['jti']}"]}
    for kind in ("node", "pod"):
        for name, value in map_at(about, kind).items():
            extra[f"{_CREDENTIAL}{kind}-{name}"] = [value]
    return {
        "username": claims["sub"],
        "uid": about["serviceaccount"]["uid"],
        "groups": [*service_account_groups(about["namespace"]), "system:authenticated"],
        "extra": dict(sorted(extra.items())),
    }


def _listed(values: list[str]) -> str:
    return "[" + " ".join(f'"{each}"' for each in values) + "]"


def _encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).rstrip(b"=").decode()
