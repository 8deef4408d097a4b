"""Frozen dataclasses as plain JSON and back: how commands, events and signals travel."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Union, get_args, get_origin


class Codec:
    """Knows the messages of one language by their names."""

    def __init__(self, kinds: Iterable[type[Any]]) -> None:
        self._kinds = {kind.__name__: kind for kind in kinds}
        self._hints: dict[type[Any], dict[str, Any]] = {}

    def to_json(self, message: Any) -> dict[str, Any]:
        """A message as plain JSON: its fields, and its name as `kind_`."""
        fields = {each.name: self._plain(getattr(message, each.name)) for each in dataclasses.fields(message)}
        return {"kind_": type(message).__name__, **fields}

    def from_json(self, data: Mapping[str, Any]) -> Any:
        """The message that `to_json` wrote. Raises KeyError, TypeError for anything else."""
        kind = self._kinds[data["kind_"]]
        if kind not in self._hints:
            self._hints[kind] = typing.get_type_hints(kind)
        hints = self._hints[kind]
        return kind(**{name: self._typed(hints[name], value) for name, value in data.items() if name != "kind_"})

    def _plain(self, value: Any) -> Any:
        if dataclasses.is_dataclass(value):
            return self.to_json(value)
        if isinstance(value, tuple):
            return [self._plain(each) for each in value]
        return dict(value) if isinstance(value, Mapping) else value

    def _typed(self, hint: Any, value: Any) -> Any:
        if get_origin(hint) is tuple:
            return tuple(self._typed(get_args(hint)[0], each) for each in value)
        if get_origin(hint) in (Union, types.UnionType):
            return self.from_json(value)
        if isinstance(hint, type) and issubclass(hint, StrEnum):
            return hint(value)
        return value
