"""Objects in JSON without their managed fields, which are a third of a pod's text and rarely read. No I/O."""

from __future__ import annotations

from typing import Final

import msgspec

from kubecore.codec.decoders import decoder

__all__ = ["cut"]

_NAME: Final = b'"managedFields":'
_LENGTH: Final = len(_NAME)
_END: Final = _NAME + b"0}}"
_COMMA: Final = ord(",")
_OPEN: Final = ord("{")


class _Fields(msgspec.Struct, rename="camel", gc=False):
    managed_fields: int = -1


class _Beginning(msgspec.Struct, gc=False):
    metadata: _Fields | None = None


def cut(text: bytes, value: msgspec.Raw) -> bytes:
    """Remove `metadata.managedFields` from an object; all other text stays as it is.

    Args:
        text: The object, valid JSON.
        value: The field's value in JSON, as it was decoded from the text; empty if the object does not have the field.

    Returns:
        The object without the field.
    """
    if not value:
        return text
    start = text.find(_NAME)
    begin = start + _LENGTH
    end = begin + len(value)
    if start < 0 or text[begin:end] != bytes(value) or not _is_in_metadata(text[:start]):
        return _rewritten(text)
    before, after = text[start - 1], text[end : end + 1]
    if after == b"," and before in (_COMMA, _OPEN):
        return text[:start] + text[end + 1 :]
    if after == b"}" and before == _COMMA:
        return text[: start - 1] + text[end:]
    return _rewritten(text)


def _is_in_metadata(beginning: bytes) -> bool:
    """Return whether a name that follows the beginning of an object is the name of a field of its metadata.

    The name may also be a part of a string, or belong to another object. Then the beginning does not become valid JSON
    by closing two objects, or the value is not found in the metadata.
    """
    try:
        found = decoder(_Beginning).unchecked.decode(beginning + _END).metadata
    except msgspec.DecodeError:
        return False
    return found is not None and found.managed_fields == 0


def _rewritten(text: bytes) -> bytes:
    """Remove the field from the fields of the metadata, each of which stays text."""
    fields = decoder(dict[str, msgspec.Raw]).unchecked
    top = fields.decode(text)
    metadata = fields.decode(top["metadata"])
    metadata.pop("managedFields", None)
    top["metadata"] = msgspec.Raw(msgspec.json.encode(metadata))
    return msgspec.json.encode(top)
