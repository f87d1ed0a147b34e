"""The form of a response that a client accepts: whole objects, their metadata, or a table."""

from __future__ import annotations

from typing import Final, NamedTuple

from kubecore.testing._server.exchange import Received
from kubecore.testing._server.failures import NotSimulatedError, RequestError

__all__ = ["Form", "form_of"]

_JSON: Final = ("application/json", "application/*", "*/*")
_OTHERS: Final = ("application/yaml", "application/vnd.kubernetes.protobuf", "application/cbor")
_SHAPES: Final = ("Table", "PartialObjectMetadata", "PartialObjectMetadataList")
_TYPES: Final = "application/json, application/yaml, application/vnd.kubernetes.protobuf"


class Form(NamedTuple):
    """The form of a response.

    Attributes:
        shape: `Table`, `PartialObjectMetadata`, `PartialObjectMetadataList`, or "" for whole objects.
        version: The version of the shape.
        has_plain: Whether the request accepts whole objects, too.
    """

    shape: str = ""
    version: str = "v1"
    has_plain: bool = False


def _accepts_plain(accept: str) -> bool:
    clauses = (clause.split(";") for clause in accept.split(","))
    return any(kind.strip() in _JSON and "as=" not in "".join(rest) for kind, *rest in clauses)


def form_of(received: Received) -> Form:
    """Return the first form that a request accepts and the server has.

    Raises:
        RequestError: 406, there is none.
        NotSimulatedError: Another format than JSON is required.
    """
    accept = received.headers.get("accept", "") or "application/json"
    other = ""
    has_parameters = False
    for clause in accept.split(","):
        kind, *texts = [part.strip() for part in clause.split(";")]
        split = [text.partition("=") for text in texts]
        parameters = {name: value for name, _, value in split}
        shape = parameters.get("as", "")
        if kind in _JSON and not shape:
            return Form()
        has_parameters = has_parameters or bool(shape)
        if kind in _JSON and shape in _SHAPES and parameters.get("g") == "meta.k8s.io":
            return Form(shape, parameters.get("v", "v1"), has_plain=_accepts_plain(accept))
        if kind in _OTHERS:
            other = kind
    if other:
        raise NotSimulatedError(
            f"{received.method} {received.path}: responses in {other} are not simulated; accept JSON"
        )
    if has_parameters:
        text = f"only the following media types are accepted: {_TYPES}"
        raise RequestError(406, "NotAcceptable", text)
    text = f"406: Not Acceptable\n\nAvailable representations: {_TYPES}"
    raise RequestError(406, "NotAcceptable", text, details={})
