"""Models as fields of Pydantic models: validated, serialised and described in JSON Schema."""

from __future__ import annotations

import functools
from typing import Any

__all__ = ["core_schema"]


def core_schema(cls: type[Any]) -> Any:
    """Return the schema of a class for Pydantic.

    Args:
        cls: The model.

    Returns:
        A `pydantic_core` schema: accepts the model itself or a mapping with the API's names, serialises to `to_dict()`.
    """
    from pydantic_core import core_schema as schemas

    return schemas.no_info_plain_validator_function(
        functools.partial(_validate, cls),
        serialization=schemas.plain_serializer_function_ser_schema(lambda value: value.to_dict()),
        metadata={"pydantic_js_functions": [functools.partial(_json_schema, cls)]},
    )


def _json_schema(cls: type[Any], schema: Any, handler: Any) -> dict[str, Any]:
    del schema, handler  # The fields of the model are not described: that would include a hundred models.
    return {"type": "object", "title": cls.__name__}


def _validate(cls: type[Any], value: Any) -> Any:
    return value if isinstance(value, cls) else cls.from_dict(value)
