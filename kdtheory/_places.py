"""Names for what programs are made of that mean the same in every process: places in the source.

A function that its module finds by its name is at that place. One without a name, made by another
function or written in a record, is at the first place where the catalogue holds it. With the source
of the package such a name tells what a function does; whatever has no such place has no name.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jax.tree_util import PyTreeDef

PACKAGE = "kdtheory"


class NoPlaceError(LookupError):
    """A value that is at no place in the source, such as a function of a user's own."""


_rooms: dict[str, tuple[Any, ...]] = {}
_found: dict[int, str] = {}


def learn(room: str, records: Iterable[Any]) -> None:
    """Notes the records of a room of the catalogue, whose functions have places in it.

    Args:
        room: its name.
        records: its claims, in reading order; they must live as long as the process.
    """
    if room not in _rooms:
        _rooms[room] = tuple(records)
        for record in _rooms[room]:
            for path, function in _functions(record):
                _found.setdefault(id(function), f"{record.slug}{path}")


def place_of(value: Any) -> str:
    """Returns a text that tells a value from every other one in any process.

    Args:
        value: plain data, enumerations, records, functions, and tuples and mappings of such.

    Raises:
        NoPlaceError: if the value, or one in it, is at no place.
    """
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return repr(value)
    if isinstance(value, enum.Enum):
        return str(value)
    if isinstance(value, functools.partial):
        return f"partial{place_of((value.func, value.args, value.keywords))}"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}({', '.join(map(place_of, value))})"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{place_of(key)}: {place_of(of)}' for key, of in value.items())}}}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
        return f"{type(value).__qualname__}{place_of(fields)}"
    if callable(value):
        return _place_of_function(value)
    if isinstance(value, PyTreeDef):
        return str(value)
    raise NoPlaceError(f"{type(value).__name__} is at no place in the source")


def _place_of_function(function: Any) -> str:
    module = getattr(function, "__module__", None) or ""
    name = getattr(function, "__qualname__", "")
    holder = sys.modules.get(module)
    if module.partition(".")[0] == PACKAGE and getattr(holder, name, None) is function:
        return f"{module}:{name}"
    if id(function) in _found:
        return _found[id(function)]
    raise NoPlaceError(f"{name or function!r} is at no place in the source")


def _functions(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yields the functions in a record, and where in it they are."""
    if isinstance(value, Mapping):
        items = [(f"[{key!r}]", held) for key, held in value.items()]
    elif isinstance(value, list | tuple):
        items = [(f"[{index}]", held) for index, held in enumerate(value)]
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        items = [(f".{f.name}", getattr(value, f.name)) for f in dataclasses.fields(value)]
    else:
        if callable(value) and not isinstance(value, type | enum.Enum):
            yield path, value
        return
    for step, held in items:
        yield from _functions(held, path + step)
