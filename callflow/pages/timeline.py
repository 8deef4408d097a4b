"""The picture of a call: lanes of bars along one axis of time. Pure: positions in percent, no Django."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

from calls.domain import CallState

SHORTEST_S = 1.0  # a call of no length is drawn as if it had taken so long
MOST_TICKS = 6  # more would touch each other on a phone
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)


class Kind(StrEnum):
    """What a bar stands for; also its colour."""

    RINGING = "ringing"
    MENU = "menu"
    PROGRAM = "program"
    WAITING = "waiting"
    TALKING = "talking"
    HOLD = "hold"
    MESSAGE = "message"
    MISSED = "missed"  # rang in vain
    RECORDING = "recording"


OF_STATES = {
    CallState.RINGING_IN: Kind.RINGING,
    CallState.IVR: Kind.MENU,
    CallState.PROGRAM: Kind.PROGRAM,
    CallState.AUTHORISING: Kind.PROGRAM,
    CallState.WAITING: Kind.WAITING,
    CallState.OFFERED: Kind.WAITING,  # the agent's own lane shows that he is rung
    CallState.CONNECTED: Kind.TALKING,
    CallState.FORWARDING: Kind.RINGING,
    CallState.DIALING_AGENT: Kind.RINGING,
    CallState.DIALING_CUSTOMER: Kind.RINGING,
    CallState.VOICEMAIL: Kind.MESSAGE,
    CallState.ANNOUNCING: Kind.MESSAGE,
}


@dataclass(frozen=True, slots=True)
class Span:
    """Something that lasted from one moment to another; `end` None: it goes on."""

    kind: Kind
    start: dt.datetime
    end: dt.datetime | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """What one party did. `role` says who that is."""

    name: str
    icon: str
    spans: tuple[Span, ...]
    role: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A span as it is drawn. Units: percent of the axis; seconds."""

    kind: Kind
    left: float
    width: float
    seconds: float
    text: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class DrawnLane:
    name: str
    icon: str
    role: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of the axis. Units: percent; seconds since the call began."""

    left: float
    seconds: int


@dataclass(frozen=True, slots=True)
class Picture:
    lanes: tuple[DrawnLane, ...]
    ticks: tuple[Tick, ...]
    seconds: float


def spans_of_states(changes: Sequence[tuple[dt.datetime, CallState]], texts: dict[CallState, str]) -> tuple[Span, ...]:
    """What the caller went through. `changes` are in their order; neighbours of one kind are one span."""
    spans: list[Span] = []
    ends: list[dt.datetime | None] = [at for at, _state in changes[1:]]
    for (start, state), end in zip_longest(changes, ends):
        if state is CallState.ENDED or start == end:
            continue
        kind = OF_STATES[state]
        if spans and spans[-1].kind is kind and spans[-1].end == start and kind is not Kind.RINGING:
            spans[-1] = Span(kind, spans[-1].start, end, spans[-1].text)
        else:
            spans.append(Span(kind, start, end, texts.get(state, "")))
    return tuple(spans)


def spans_between(
    kind: Kind, switches: Iterable[tuple[dt.datetime, bool]], end: dt.datetime | None
) -> tuple[Span, ...]:
    """The times between switching something on and off again; what is never switched off lasts until `end`."""
    spans: list[Span] = []
    on_since: dt.datetime | None = None
    for at, on in switches:
        if on and on_since is None:
            on_since = at
        elif not on and on_since is not None:
            spans.append(Span(kind, on_since, at))
            on_since = None
    if on_since is not None:
        spans.append(Span(kind, on_since, end))
    return tuple(spans)


def draw(lanes: Iterable[Lane], begin: dt.datetime, end: dt.datetime) -> Picture:
    """Lay lanes out between two moments; what goes on ends at `end`."""
    seconds = max((end - begin).total_seconds(), SHORTEST_S)
    drawn = (DrawnLane(lane.name, lane.icon, lane.role, tuple(_bars(lane.spans, begin, seconds))) for lane in lanes)
    return Picture(tuple(drawn), tuple(_ticks(seconds)), seconds)


def _bars(spans: Iterable[Span], begin: dt.datetime, seconds: float) -> Iterable[Bar]:
    for span in spans:
        first = _within((span.start - begin).total_seconds(), seconds)
        last = _within((span.end - begin).total_seconds(), seconds) if span.end is not None else seconds
        length = max(0.0, last - first)
        left, width = round(100 * first / seconds, 3), round(100 * length / seconds, 3)
        yield Bar(span.kind, left, width, length, span.text, span.end is None)


def _within(value: float, most: float) -> float:
    return min(max(value, 0.0), most)


def _ticks(seconds: float) -> Iterable[Tick]:
    step = next((each for each in _STEPS_S if seconds / each <= MOST_TICKS - 1), 24 * 3600)
    marks = range(0, int(seconds) + 1, step)
    yield from (Tick(round(100 * mark / seconds, 3), mark) for mark in marks)
