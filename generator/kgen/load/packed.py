"""The documents of a folder, packed into one file: a JSON object of documents by file name, compressed with xz."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from kgen.errors import InputError
from kgen.files import read_regular
from kgen.load.reading import MAX_BYTES, MAX_VALUES, count_values, refuse

__all__ = ["NAME", "unpack"]

NAME: Final = "documents.json.xz"
"""The file in the folder of the documents that come with the wheel. `tools/pack_documents.py` writes it."""

_MEMORY: Final = 32 << 20
"""Bytes that decompression may use. The file decides how much it needs; `tools/pack_documents.py` makes it 9 MiB."""
_HINT: Final = "install kgen again, or name documents: --specs"


def unpack(file: Path, source: str) -> Mapping[str, msgspec.Raw]:
    """Return the text of each packed document by its file name.

    Args:
        file: The packed file.
        source: Its name in messages.

    Raises:
        InputError: It cannot be read, is damaged, is larger than one document may be when it is unpacked, or holds
            more values.
    """
    try:
        # Imported here: a Python that was built without liblzma has no lzma, and needs it only for this.
        from lzma import FORMAT_XZ, LZMADecompressor, LZMAError
    except ImportError as error:
        raise InputError(
            "this Python can't read xz, because it was built without the module lzma",
            where=source,
            hint="use another Python, or name documents: --specs",
        ) from error
    try:
        packed = read_regular(file, MAX_BYTES + 1)
        decompressor = LZMADecompressor(FORMAT_XZ, memlimit=_MEMORY)
        text = decompressor.decompress(packed, MAX_BYTES + 1)
    except OSError as error:
        refuse((source,), f"the file can't be read: {error.strerror or error}", "check its rights")
    except LZMAError as error:
        refuse((source,), f"the file is damaged: {error}", _HINT)
    if len(text) > MAX_BYTES:
        refuse((source,), f"the unpacked documents are larger than {MAX_BYTES >> 20} MiB", _HINT)
    if not decompressor.eof or decompressor.unused_data:
        refuse((source,), "the file is damaged: it is longer or shorter than its content", _HINT)
    if count_values(text) > MAX_VALUES:
        refuse((source,), f"more than {MAX_VALUES} values", _HINT)
    try:
        return msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        refuse((source,), f"this is not a JSON object of documents: {error}", _HINT)
