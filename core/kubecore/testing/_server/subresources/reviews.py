"""Reviews of users and of their rights: every request is allowed that no test denies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from kubecore.testing._apply.managed import track_update
from kubecore.testing._schemas.json_values import is_map, map_at
from kubecore.testing._server import bodies, metadata
from kubecore.testing._server.creating import in_namespace
from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.failures import Cause, NotSimulatedError, RequestError, invalid
from kubecore.testing._server.options import WriteOptions, bad_request
from kubecore.testing._server.resources import Resource
from kubecore.testing._server.state import State
from kubecore.testing._server.subresources.parts import shown
from kubecore.testing._server.subresources.tokens import Tokens
from kubecore.testing._server.subresources.users import user_of

__all__ = ["Access", "Reviews"]

_AUTHENTICATION, _AUTHORIZATION = "authentication.k8s.io", "authorization.k8s.io"
_ONE_OF: Final = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
_HEALTH: Final = ("/healthz", "/livez", "/readyz", "/version", "/version/")
_DISCOVERY: Final = ("/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*")
_PUBLIC: Final = (sorted((*_HEALTH, *_DISCOVERY)), _HEALTH)


class Access(NamedTuple):
    """A question: may a user send a request?

    Attributes:
        user: The user.
        received: The request.
    """

    user: str
    received: Received


class Reviews:
    """The resources whose objects are only responses.

    Attributes:
        is_denied: Whether a test denies a request to a user.
        denies_any: Whether a test denies any request.

    Args:
        state: The state of the server.
        tokens: The tokens that it has issued.
    """

    def __init__(self, state: State, tokens: Tokens) -> None:
        self._state = state
        self._tokens = tokens
        self.is_denied: Callable[[Access], bool] = lambda access: False
        self.denies_any: Callable[[], bool] = lambda: False
        self._reviews: Final[Mapping[tuple[str, str], Callable[[Resource, Received], Reply]]] = {
            (_AUTHENTICATION, "selfsubjectreviews"): self._self,
            (_AUTHENTICATION, "tokenreviews"): self._token,
            (_AUTHORIZATION, "selfsubjectaccessreviews"): self._access,
            (_AUTHORIZATION, "subjectaccessreviews"): self._access,
            (_AUTHORIZATION, "localsubjectaccessreviews"): self._access,
            (_AUTHORIZATION, "selfsubjectrulesreviews"): self._rules,
        }

    def find(self, resource: Resource) -> Callable[[Resource, Received], Reply] | None:
        """Return the function that responds to a review, None for all other resources."""
        return self._reviews.get((resource.group, resource.resource))

    def user_of(self, received: Received) -> dict[str, Any]:
        """Return the user of a request."""
        return user_of(received, self._tokens.user_of)

    def _body(self, resource: Resource, received: Received) -> tuple[bodies.Body, dict[str, Any]]:
        """Return the body of a review, and the review with its managed fields."""
        options = WriteOptions.of(received, "CreateOptions")
        body = bodies.understood(bodies.decoded_json(received, resource), resource, options.validation)
        wanted = metadata.wanted_metadata(body.object)
        in_namespace(resource, received.namespace, wanted)
        document = {key: value for key, value in body.object.items() if key != "status"}
        made = track_update(
            None,
            {**document, "metadata": wanted},
            resource.schema,
            manager=options.manager,
            api_version=resource.api_version,
            now=self._state.timestamp(),
            reset=(("status",),),
        )
        return body, made

    def _self(self, resource: Resource, received: Received) -> Reply:
        body, _ = self._body(resource, received)
        made = {
            "kind": resource.kind,
            "apiVersion": resource.api_version,
            "metadata": {"creationTimestamp": self._state.timestamp()},
            "status": {"userInfo": self.user_of(received)},
        }
        return shown(received, made, 201, body.warnings)

    def _token(self, resource: Resource, received: Received) -> Reply:
        body, made = self._body(resource, received)
        status = self._tokens.review(map_at(made, "spec"))
        return shown(received, {**made, "status": status}, 201, body.warnings)

    def _rules(self, resource: Resource, received: Received) -> Reply:
        body, made = self._body(resource, received)
        if not map_at(made, "spec").get("namespace"):
            raise bad_request("no namespace on request")
        if self.denies_any():
            raise _while_denied(received)
        made = {
            "kind": resource.kind,
            "apiVersion": resource.api_version,
            "metadata": {},
            "spec": {},
            "status": _all_rules(),
        }
        return shown(received, made, 201, body.warnings)

    def _access(self, resource: Resource, received: Received) -> Reply:
        body, made = self._body(resource, received)
        spec = map_at(made, "spec")
        causes = list(_causes(resource, received, made))
        if causes:
            refused = invalid(_AUTHORIZATION, "", "", causes)
            details = {"group": _AUTHORIZATION, "causes": [each._asdict() for each in causes]}
            raise RequestError(422, "Invalid", refused.message, details=details)
        is_own = resource.resource == "selfsubjectaccessreviews"
        attributes = map_at(spec, "resourceAttributes")
        if self.denies_any() and "*" in (attributes.get("verb"), attributes.get("resource"), attributes.get("group")):
            raise _while_denied(received)
        user = self.user_of(received)["username"] if is_own else spec.get("user", "")
        is_allowed = not self.is_denied(Access(user, _requested(spec)))
        return shown(received, {**made, "status": {"allowed": is_allowed}}, 201, body.warnings)


def _while_denied(received: Received) -> NotSimulatedError:
    return NotSimulatedError(
        f"{received.method} {received.path} for many rights is not simulated while requests are denied; "
        "add a response with cluster.on(...)"
    )


def _causes(resource: Resource, received: Received, made: dict[str, Any]) -> list[Cause]:
    spec = map_at(made, "spec")
    other, found = spec.get("nonResourceAttributes"), spec.get("resourceAttributes")
    shown_other = "null"
    if is_map(other):
        shown_other = msgspec.json.encode({"Path": other.get("path", ""), "Verb": other.get("verb", "")}).decode()
    causes: list[Cause] = []
    if resource.resource == "localsubjectaccessreviews":
        namespace = map_at(spec, "resourceAttributes").get("namespace", "")
        if found is not None and namespace != received.namespace:
            text = f'Invalid value: "{namespace}": must match metadata.namespace'
            return [Cause("FieldValueInvalid", text, "spec.resourceAttributes.namespace")]
        if other is not None:
            text = f"Invalid value: {shown_other}: disallowed on this kind of request"
            return [Cause("FieldValueInvalid", text, "spec.nonResourceAttributes")]
    if (other is None) == (found is None):
        causes.append(Cause("FieldValueInvalid", f"Invalid value: {shown_other}: {_ONE_OF}", "spec"))
    if resource.resource != "selfsubjectaccessreviews" and not spec.get("user") and not spec.get("groups"):
        text = 'Invalid value: "": at least one of user or group must be specified'
        causes.append(Cause("FieldValueInvalid", text, "spec.user"))
    allowed = ("managedFields", "namespace")
    if any(value for key, value in made["metadata"].items() if key not in allowed):
        text = f"Invalid value: {msgspec.json.encode(made['metadata']).decode()}: must be empty"
        causes.append(Cause("FieldValueInvalid", text, "metadata"))
    return causes


def _requested(spec: dict[str, Any]) -> Received:
    """Return the request that a review is about."""
    attributes, other = map_at(spec, "resourceAttributes"), map_at(spec, "nonResourceAttributes")
    verb = attributes.get("verb") or other.get("verb") or ""
    return Received(
        method=verb.upper(),
        path=other.get("path", ""),
        verb=verb,
        group=attributes.get("group", ""),
        version=attributes.get("version", ""),
        resource=attributes.get("resource", ""),
        subresource=attributes.get("subresource", ""),
        namespace=attributes.get("namespace", ""),
        name=attributes.get("name", ""),
    )


def _all_rules() -> dict[str, Any]:
    own = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]
    return {
        "resourceRules": [
            {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
            {"verbs": ["create"], "apiGroups": [_AUTHORIZATION], "resources": own},
            {"verbs": ["create"], "apiGroups": [_AUTHENTICATION], "resources": ["selfsubjectreviews"]},
        ],
        "nonResourceRules": [
            {"verbs": ["*"], "nonResourceURLs": ["*"]},
            *({"verbs": ["get"], "nonResourceURLs": list(each)} for each in _PUBLIC),
        ],
        "incomplete": False,
    }
