"""State tables: what may follow what, as data. Whoever changes a state asks here first."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

State = TypeVar("State", bound=StrEnum)
Event = TypeVar("Event", bound=StrEnum)


class StateTable(Generic[State, Event]):
    """`(state, event) → state`. What is not in it does not happen: late and doubled events are ignored."""

    def __init__(self, rows: Mapping[tuple[State, Event], State]) -> None:
        self.rows = dict(rows)

    def after(self, state: State, event: Event) -> State | None:
        """The state that follows, or None when this event means nothing in this state."""
        return self.rows.get((state, event))

    def ends(self, state: State) -> bool:
        """Whether nothing follows this state."""
        return all(before is not state for before, _event in self.rows)
