"""Make transcripts of two servers comparable: replace the values that differ in each run, and keep their order."""

from __future__ import annotations

import base64
import bisect
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from tests.conformance.exchange import Exchange

CUSTOM_GROUP: Final = "group.example.com"
"""The API group of all custom resources in transcripts."""

_UID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME: Final = re.compile(r"20(?:2[6-9]|[3-9]\d)-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_SERVICE_IP: Final = re.compile(r"\b10\.0\.\d+\.\d+\b")
_ACCESS: Final = re.compile(r"\bkube-api-access-[a-z0-9]{5}\b")
_JWT: Final = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*")
_OLDEST: Final = re.compile(r"(too old resource version: \d+) \(\d+\)")
_NUMBER: Final = re.compile(r"(?<![\w.])\d{2,}(?![\w.]\w)")


def normalised(exchanges: Sequence[Exchange], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the lines of the transcript of one case.

    Versions become `v1`, `v2` ... in their order. A version that no object has, as that of a list, becomes the version
    of the newest object that is not newer. Continue tokens are decoded.

    Args:
        exchanges: The requests and responses, in order.
        names: The names that differ in each run, and their replacements.
    """
    documents = [_decoded_tokens(exchange.document()) for exchange in exchanges]
    versions = sorted({int(found) for document in documents for found in _versions(document["body"])})
    text = json.dumps(documents)
    for name, shown in sorted({**names, **_generated(documents)}.items(), key=lambda pair: -len(pair[0])):
        text = text.replace(name, shown)
    text = _numbered(_UID, "uid", text)
    text = _TIME.sub("<time>", text)
    text = _ACCESS.sub("kube-api-access-<random>", text)
    text = _JWT.sub("<token>", text)
    text = _SERVICE_IP.sub("<ip>", text)
    found: list[dict[str, Any]] = json.loads(text)
    return [_place_versions(document, versions) for document in found]


def _numbered(pattern: re.Pattern[str], prefix: str, text: str) -> str:
    """Replace each match by a name that is the same for equal matches."""
    seen: dict[str, str] = {}
    return pattern.sub(lambda match: seen.setdefault(match[0], f"{prefix}-{len(seen) + 1}"), text)


def _walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for member in value.values():
            yield from _walk(member)
    elif isinstance(value, list):
        for member in value:
            yield from _walk(member)


def _versions(body: Any) -> Iterator[str]:
    """Yield the versions of objects; lists and bookmarks have no uid."""
    for found in _walk(body):
        version = found.get("resourceVersion")
        if isinstance(version, str) and version.isdigit() and "uid" in found:
            yield version


def _generated(documents: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Return the names that the server completed from `generateName`, and their replacements."""
    found: dict[str, str] = {}
    for document in documents:
        for metadata in _walk(document["body"]):
            prefix, name = metadata.get("generateName"), metadata.get("name")
            if (
                prefix
                and isinstance(name, str)
                and len(name) > 5
                and prefix.startswith(name[:-5])
                and name not in found
            ):
                found[name] = f"{name[:-5]}<random-{len(found) + 1}>"
    return found


def _decoded_tokens(document: dict[str, Any]) -> dict[str, Any]:
    """Replace continue tokens in the request and in the body by their content."""
    request = re.sub(r"continue=([\w%-]+)", lambda match: f"continue={_token(match[1])}", document["request"])

    def decoded(found: dict[str, Any]) -> dict[str, Any]:
        token = found.get("continue")
        return {**found, "continue": _token(token)} if isinstance(token, str) and token else found

    return {**document, "request": request, "body": _mapped(document["body"], decoded)}


def _token(text: str) -> Any:
    plain = text.replace("%3D", "=")
    try:
        content = json.loads(base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4)))
    except ValueError:
        return text
    return f"token {content}" if isinstance(content, dict) else text


def _mapped(value: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    if isinstance(value, dict):
        return {name: _mapped(member, change) for name, member in change(value).items()}
    if isinstance(value, list):
        return [_mapped(member, change) for member in value]
    return value


def _place_versions(document: dict[str, Any], versions: list[int]) -> dict[str, Any]:
    def place(number: int) -> str:
        return f"v{bisect.bisect_right(versions, number)}"

    oldest = versions[0] if versions else 0

    def in_text(text: str) -> str:
        if not re.search(r"(?i)resource ?version|'rv':", text):
            return text
        text = _OLDEST.sub(r"\1 (<oldest>)", text)  # How many versions a server keeps differs.
        return _NUMBER.sub(lambda match: place(int(match[0])) if int(match[0]) >= oldest else match[0], text)

    def changed(found: dict[str, Any]) -> dict[str, Any]:
        made = dict(found)
        version = found.get("resourceVersion")
        if isinstance(version, str) and version.isdigit() and version != "0":
            made["resourceVersion"] = place(int(version))
        if isinstance(found.get("continue"), str):
            made["continue"] = in_text(found["continue"])
        if isinstance(found.get("message"), str):
            made["message"] = in_text(found["message"])
        if found.get("reason") == "Invalid" and found["details"].get("group") == CUSTOM_GROUP:
            made |= _sorted_causes(made)
        if "storageVersionHash" in found:
            made["storageVersionHash"] = "<hash>"  # It depends on the group.
        for port in ("healthCheckNodePort", "nodePort"):
            if isinstance(found.get(port), int):
                made[port] = "<port>"
        if isinstance(found.get("cells"), list):
            made["cells"] = ["<age>" if re.fullmatch(r"\d+s", str(cell)) else cell for cell in found["cells"]]
        if isinstance(found.get("managedFields"), list):
            made["managedFields"] = sorted(found["managedFields"], key=_manager)
        return made

    request = re.sub(
        r"(?i)(resourceVersion=|'rv': )(\d+)", lambda match: match[1] + place(int(match[2])), document["request"]
    )
    return {**document, "request": request, "body": _mapped(document["body"], changed)}


def _sorted_causes(status: dict[str, Any]) -> dict[str, Any]:
    """Sort the causes of a Status: the real server finds the faults of a custom object in random order."""
    causes = sorted(status["details"].get("causes", ()), key=lambda cause: (cause["field"], cause["message"]))
    if len(causes) < 2:
        return status
    texts = ", ".join(f"{cause['field']}: {cause['message']}" for cause in causes)
    start = status["message"].partition(" is invalid: ")[0]
    return {**status, "message": f"{start} is invalid: [{texts}]", "details": {**status["details"], "causes": causes}}


def _manager(entry: Any) -> tuple[str, ...]:
    # The server's order depends on the second of each write.
    return tuple(str(entry.get(name, "")) for name in ("operation", "manager", "subresource", "apiVersion"))
