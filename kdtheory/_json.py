"""Records of plain data to JSON and back, whatever their fields hold."""

from __future__ import annotations

import dataclasses
import enum
import math
import types
import typing
from typing import Any, TypeVar

Record = TypeVar("Record")


def to_dict(value: Any) -> Any:
    """Returns plain JSON data for a record, enum, tuple or number.

    Args:
        value: a record, a dictionary, an array, or anything that fields hold.

    Returns:
        Dictionaries, lists, text, numbers, booleans and None.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: to_dict(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, enum.Enum):
        return value.value
    if hasattr(value, "tolist"):  # NumPy's arrays and numbers
        value = value.tolist()
    if isinstance(value, (tuple, list)):
        return [to_dict(item) for item in value]
    if isinstance(value, dict):
        return {name: to_dict(item) for name, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def from_dict(kind: type[Record], data: Any) -> Record:
    """Rebuilds a record from what `to_dict` made of it.

    Args:
        kind: the record's class.
        data: plain data.

    Returns:
        The record, equal to the original.
    """
    hints = typing.get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    return kind(**{name: _read(hints[name], data[name]) for name in names if name in data})


def _read(hint: Any, data: Any) -> Any:
    arguments = typing.get_args(hint)
    if isinstance(hint, types.UnionType):
        return None if data is None else _read(arguments[0], data)
    if typing.get_origin(hint) is tuple:
        return tuple(_read(arguments[0], item) for item in data)
    if hint is Any:
        return tuple(_read(Any, item) for item in data) if isinstance(data, list) else data
    if dataclasses.is_dataclass(hint):
        return from_dict(typing.cast(type[Any], hint), data)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return hint(data)
    return float(data) if hint is float else data
