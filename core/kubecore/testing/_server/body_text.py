"""The text in the body of a request, JSON or YAML: from bytes to a value that need not be an object of a kind."""

from __future__ import annotations

from typing import Any, Final

from kubecore.codec import yaml
from kubecore.errors import KubeError
from kubecore.testing._patching.go_values import json_type
from kubecore.testing._schemas import decoding
from kubecore.testing._schemas.json_faults import json_fault
from kubecore.testing._schemas.json_values import is_map
from kubecore.testing._server.exchange import Received
from kubecore.testing._server.failures import NotSimulatedError, RequestError
from kubecore.testing._server.options import bad_request

__all__ = ["EMPTY", "UnreadableError", "check_size", "kind_problem", "read_configuration", "read_value"]

EMPTY: Final = b"<empty>"
_MOST_BYTES: Final = 3 << 20
_NO_KIND: Final = "couldn't get version/kind; json parse error: "


class UnreadableError(Exception):
    """A body is not an object. The message is that of the server.

    Attributes:
        content: The bytes that the server shows.
    """

    def __init__(self, problem: str, content: bytes) -> None:
        super().__init__(problem)
        self.content: Final = content


class _YAMLError(Exception):
    """A text is not YAML. The message is that of the server's parser."""


def check_size(content: bytes) -> None:
    """Refuse a body that is larger than the server reads.

    Raises:
        RequestError: 413.
    """
    if len(content) > _MOST_BYTES:
        raise RequestError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {_MOST_BYTES}")


def read_value(received: Received, *, is_custom: bool = False) -> dict[str, Any] | None:
    """Return the JSON object in the body of a request, with a kind and a version that are texts, or null.

    Args:
        received: The request.
        is_custom: Whether it is for a custom resource.

    Raises:
        UnreadableError: The body is not such an object.
        RequestError: 413, it is too large; 415, its format is unknown.
        NotSimulatedError: It is in another format.
    """
    check_size(received.content)
    kind = received.headers.get("content-type", "application/json").partition(";")[0].strip()
    if kind in ("application/yaml", "application/x-yaml"):
        value = _yaml(received.content)
    elif kind in ("", "application/json"):
        value = _json(received.content)
    elif kind.startswith("text/") and not is_custom:
        types = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
        text = f"the body of the request was in an unknown format - accepted media types include: {types}"
        raise RequestError(415, "UnsupportedMediaType", text)
    else:
        raise NotSimulatedError(f"{received.method} {received.path} with a body of type {kind} is not simulated")
    if value is None:
        return None
    if not is_map(value):
        raise UnreadableError(_type_problem(value), received.content)
    if problem := kind_problem(value):
        raise UnreadableError(problem, received.content)
    return value


def kind_problem(value: dict[str, Any]) -> str:
    """Return why the kind or the version of an object can't be read, "" if they are texts."""
    wrong = [key for key in value if key in ("kind", "apiVersion") and not isinstance(value[key], str | None)]
    if not wrong:
        return ""
    found = json_type(value[wrong[0]])
    return f"{_NO_KIND}json: cannot unmarshal {found} into Go struct field .{wrong[0]} of type string"


def _type_problem(value: object) -> str:
    """Return why a JSON value is not an object with a version and a kind."""
    target = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
    return f"{_NO_KIND}json: cannot unmarshal {json_type(value)} into Go value of type {target}"


def _json(content: bytes) -> Any:
    if not content.strip():
        raise UnreadableError(f"{_NO_KIND}unexpected end of JSON input", content or EMPTY)
    try:
        return decoding.decode(content)
    except ValueError as error:
        raise UnreadableError(f"{_NO_KIND}{json_fault(content) or error}", content) from None


def _yaml(content: bytes) -> Any:
    try:
        return _decoded_yaml(content)
    except _YAMLError as error:
        raise UnreadableError(f"yaml: {error}", content) from None


def _decoded_yaml(content: bytes) -> Any:
    """Return the value of a text in YAML; JSON is YAML.

    Raises:
        _YAMLError: It can't be read.
    """
    try:
        return decoding.decode(content)
    except ValueError:
        pass
    try:
        return yaml.load(content)
    except (KubeError, ValueError) as error:
        raise _YAMLError(_yaml_problem(error)) from None


def read_configuration(content: bytes) -> Any:
    """Return the value of an applied text, an empty object for null.

    Raises:
        RequestError: 400, it is not YAML; 413, it is too large.
        NotSimulatedError: It has a fault whose message is unknown.
    """
    check_size(content)
    try:
        found = _decoded_yaml(content)
    except _YAMLError as error:
        # The server converts YAML before it decodes a patch, unless it begins as JSON does.
        is_json = content.lstrip().startswith(b"{")
        prefix = "error decoding patch: error converting YAML to JSON" if is_json else "error encoding patch"
        raise bad_request(f"{prefix}: yaml: {error}") from None
    return dict[str, Any]() if found is None else found


def _yaml_problem(error: Exception) -> str:
    """Return a fault of YAML in the words of the server, whose scanner and parser count lines differently."""
    found: Any = error.__cause__ or error.__context__
    mark = getattr(found, "problem_mark", None)
    if mark is None:
        raise NotSimulatedError(f"a body in YAML is not simulated: {error}") from None
    line = mark.line + (type(found).__name__ == "ScannerError")
    return f"line {line}: {found.problem}" if mark.line else str(found.problem)
