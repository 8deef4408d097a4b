"""What the engine process expects of an adapter. Adding an engine: one folder here, and `tests/contract` passed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from telephony import port

Emit = Callable[[port.Event], None]


class Adapter(Protocol):
    """One voice engine, driven through the port.

    Commands may be given and events come from any thread; no event comes from within a command. Events of a leg come
    in their order; a Snapshot comes after the events of what it shows.
    """

    @property
    def kind(self) -> str:
        """The name of the engine's kind, e.g. `simulated`."""

    @property
    def reaches(self) -> tuple[str, ...]:
        """The kinds of endpoints that it can ring: `web`, `sip`, `tel`."""

    def start(self, emit: Emit) -> None:
        """Begin to work; from now on, events go to `emit`. There are no legs."""

    def execute(self, command: port.Command) -> None:
        """Do a command soon. Never fails for what the command asks: that comes as an event."""

    def tell_snapshot(self) -> None:
        """Emit a Snapshot."""

    def stop(self) -> None:
        """End every leg with `engine_lost`, emit what there is to say, and return when nothing follows."""
