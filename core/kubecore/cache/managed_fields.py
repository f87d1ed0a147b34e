"""Objects in JSON without their managed fields, which are a fifth of a pod and which no consumer reads. No I/O."""

from __future__ import annotations

from typing import Final

import msgspec

from kubecore.codec.decoders import decoder

__all__ = ["cut"]

_NAME: Final = b'"managedFields":'
_LENGTH: Final = len(_NAME)
_BACKSLASH: Final = ord("\\")
_COMMA: Final = ord(",")
_OPEN: Final = ord("{")
_CLOSE: Final = ord("}")
_BLANK: Final = b" \t\r\n"


def cut(text: bytes, size: int) -> bytes:
    """Remove `metadata.managedFields` from an object.

    All other text stays as it is. The name of the field with its quotes can't be a part of a string in JSON, except
    after a backslash. So if it occurs once, and the text has no escaped characters, it is the field.

    Args:
        text: The object, valid JSON.
        size: The size of the field's value in bytes, as it was decoded; 0 if the object does not have the field.

    Returns:
        The object without the field.
    """
    if size == 0:
        return text
    start = text.find(_NAME)
    if start < 1 or text.find(_NAME, start + _LENGTH) >= 0 or b"\\u" in text:
        return _rewritten(text)
    value = start + _LENGTH
    end = value + size
    before, after = text[start - 1], text[end : end + 1]
    if text[value] in _BLANK:
        return _rewritten(text)
    if after == b"," and before in (_COMMA, _OPEN):
        return text[:start] + text[end + 1 :]
    if after == b"}" and before == _COMMA:
        return text[: start - 1] + text[end:]
    return _rewritten(text)


def _rewritten(text: bytes) -> bytes:
    """Remove the field from the fields of the metadata, each of which stays text."""
    fields = decoder(dict[str, msgspec.Raw])
    top = fields.unchecked.decode(text)
    metadata = fields.unchecked.decode(top["metadata"])
    metadata.pop("managedFields", None)
    top["metadata"] = msgspec.Raw(msgspec.json.encode(metadata))
    return msgspec.json.encode(top)
