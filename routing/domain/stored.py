"""Questions and answers as plain JSON, and back: they are stored with each decision and asked again later.

What equals its default is left out: it is the larger part of an agent's state. A default of a field must therefore keep
its meaning; a new meaning is a new field.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import types
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeVar, Union, get_args, get_origin

Shape = TypeVar("Shape")


def to_json(value: Any) -> dict[str, Any]:
    """A frozen dataclass as JSON. Shape: its fields by name; instants are ISO texts, enums their values."""
    return {
        name: _plain(found)
        for name, default in _defaults(type(value)).items()
        if (found := getattr(value, name)) != default
    }


def from_json(shape: type[Shape], data: Mapping[str, Any]) -> Shape:
    """The dataclass that `to_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
    readers = _readers(shape)
    return shape(**{name: readers[name](value) for name, value in data.items()})


_DEFAULTS: dict[type[Any], dict[str, Any]] = {}
_READERS: dict[type[Any], dict[str, Callable[[Any], Any]]] = {}


def _defaults(shape: type[Any]) -> dict[str, Any]:
    if shape not in _DEFAULTS:
        _DEFAULTS[shape] = {each.name: each.default for each in dataclasses.fields(shape)}
    return _DEFAULTS[shape]


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return to_json(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    return value.value if isinstance(value, Enum) else value


def _readers(shape: type[Any]) -> dict[str, Callable[[Any], Any]]:
    if shape not in _READERS:
        _READERS[shape] = {name: _reader(hint) for name, hint in typing.get_type_hints(shape).items()}
    return _READERS[shape]


def _reader(hint: Any) -> Callable[[Any], Any]:
    """How a value of an annotated type is read."""
    if get_origin(hint) in (Union, types.UnionType):
        return _first_that_fits([_reader(each) for each in get_args(hint) if each is not types.NoneType])
    if get_origin(hint) is tuple:
        item = _reader(get_args(hint)[0])
        return lambda value: tuple(item(each) for each in value)
    if dataclasses.is_dataclass(hint):
        return lambda value: from_json(typing.cast(type[Any], hint), value)
    if hint is dt.datetime:
        return dt.datetime.fromisoformat
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    return lambda value: value


def _first_that_fits(readers: list[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    """Reads one of several enums, whose values differ, or None."""

    def read(value: Any) -> Any:
        for reader in readers[:-1]:
            try:
                return value if value is None else reader(value)
            except ValueError:
                continue
        return value if value is None else readers[-1](value)

    return read
