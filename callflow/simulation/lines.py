"""Waiting lines in memory: the calls of each queue in the order in which they are served."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import replace

from callflow.domain.call import Entry
from queues.entries import EntryState
from routing.domain.question import Listed, Missed, Place, Waiting

WANT_AN_AGENT = (EntryState.WAITING, EntryState.OFFERED)


class Lines:
    """One line for each queue. A call is in it while it waits, not while an agent is rung for it."""

    def __init__(self, queues: Iterable[int]) -> None:
        self._places: dict[int, list[Place]] = {queue: [] for queue in queues}
        self._waiting: dict[int, Waiting] = {}  # by entry
        self._wanting: set[int] = set()  # entries for which an agent is looked for, or rung
        self._listed: dict[int, tuple[Listed, ...]] = {}  # … of these

    # ── Reads ────────────────────────────────────────────────────────────────────────────────────────────────────
    def length(self, queue: int) -> int:
        return len(self._places[queue])

    def head(self, queue: int, most: int) -> list[Waiting]:
        """The first calls of a line."""
        return [self._waiting[entry] for _, _, entry in self._places[queue][:most]]

    def calls(self, queue: int) -> Iterable[Waiting]:
        """All calls of a line, in order."""
        return (self._waiting[entry] for _, _, entry in self._places[queue])

    def place_of(self, entry: int) -> int:
        """A call's place in its line, from 1."""
        waiting = self._waiting[entry]
        return bisect_left(self._places[waiting.queue], waiting.place) + 1

    # ── Changes ──────────────────────────────────────────────────────────────────────────────────────────────────
    def keep(self, before: Entry | None, after: Entry | None, call: int, call_id: str) -> None:
        """Let the lines follow a call's stay, as it was and as it is now. Both have their numbers."""
        if before is after:
            return
        if before is not None and before.id in self._waiting:
            self._remove(before.id)
        if after is not None and after.state is EntryState.WAITING:
            self._add(after, call, call_id)
        if before is not None and not (after is not None and after.id == before.id and after.state in WANT_AN_AGENT):
            self._wanting.discard(before.id)
            self._listed.pop(before.id, None)

    def set_list(self, entry: int, listed: Sequence[Listed]) -> None:
        """The customer's server named these agents for a call; nothing happens when it wants no agent any more."""
        if entry not in self._wanting:
            return
        self._listed[entry] = tuple(listed)
        if entry in self._waiting:
            self._waiting[entry] = replace(self._waiting[entry], listed=self._listed[entry])

    def _add(self, entry: Entry, call: int, call_id: str) -> None:
        waiting = Waiting(
            entry=entry.id,
            call=call,
            call_id=call_id,
            queue=entry.queue,
            enqueued_at=entry.enqueued_at,
            ready_at=entry.ready_at,
            priority=entry.priority,
            attempts=entry.attempts,
            last_agent=entry.last_agent,
            tried=tuple(Missed(agent, each.times, each.until) for agent, each in sorted(entry.tried.items())),
            listed=self._listed.get(entry.id),
        )
        self._waiting[entry.id] = waiting
        self._wanting.add(entry.id)
        insort(self._places[entry.queue], waiting.place)

    def _remove(self, entry: int) -> None:
        waiting = self._waiting.pop(entry)
        places = self._places[waiting.queue]
        del places[bisect_left(places, waiting.place)]
