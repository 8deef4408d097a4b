"""Pure rules of queues: business hours.

What counts is the clock on the wall of the hours' time zone: a range is open while that clock reads a time in it. In
the night when the clock is put forward, skipped times do not happen; when it is put back, some times happen twice.
A range belongs to the day on which it starts, so that a night shift goes on into a public holiday.
"""

from __future__ import annotations

import datetime as dt
import enum
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from zoneinfo import ZoneInfo

HORIZON_DAYS = 400  # who does not open or close within more than a year does not at all
DAY = dt.timedelta(days=1)
WEEK_S = 7 * 86_400
OFFSET_STEP = dt.timedelta(hours=6)  # no zone changes its offset twice in this time


class Reason(enum.StrEnum):
    """The rule that makes it open or closed."""

    ALWAYS = "always"  # there are no business hours to follow
    OFF = "off"  # they are switched off, which means open
    EXCEPTION = "exception"
    HOLIDAY = "holiday"
    WEEKLY = "weekly"


@dataclass(frozen=True)
class Range:
    """Open from `opens` until just before `closes`; closing at or before opening means past midnight."""

    opens: dt.time
    closes: dt.time

    def on(self, day: dt.date) -> WallRange:
        """The range on a day."""
        end_day = day if self.closes > self.opens else day + DAY
        return WallRange(dt.datetime.combine(day, self.opens), dt.datetime.combine(end_day, self.closes))


@dataclass(frozen=True)
class WeeklyRange:
    """A range on a weekday. Units: weekday 0 (Monday) to 6."""

    weekday: int
    range: Range


@dataclass(frozen=True)
class DayException:
    """Other hours on one date: those of `range`, or closed when it is None."""

    date: dt.date
    range: Range | None


@dataclass(frozen=True)
class WallRange:
    """From `start` until just before `end` by the clock on the wall (no time zone)."""

    start: dt.datetime
    end: dt.datetime


@dataclass(frozen=True)
class Period:
    """From `start` until just before `end`, as aware UTC."""

    start: dt.datetime
    end: dt.datetime


@dataclass(frozen=True)
class Hours:
    """Business hours: dated exceptions go before public holidays, and these before weekly hours."""

    zone: ZoneInfo
    weekly: Sequence[WeeklyRange] = ()
    exceptions: Sequence[DayException] = ()
    holidays: frozenset[dt.date] = frozenset()
    enabled: bool = True

    @cached_property
    def exceptions_by_date(self) -> Mapping[dt.date, Sequence[DayException]]:
        found: dict[dt.date, list[DayException]] = defaultdict(list)
        for each in self.exceptions:
            found[each.date].append(each)
        return dict(found)


@dataclass(frozen=True)
class DayPlan:
    """What holds on one day: the rule that decides, and the ranges that start on it, in order."""

    date: dt.date
    rule: Reason
    ranges: tuple[WallRange, ...]


@dataclass(frozen=True)
class Opening:
    """Whether it is open, by which rule of which day (in the hours' zone), and until when.

    Units: `until` is aware UTC; None when nothing changes within 400 days.
    """

    open: bool
    reason: Reason
    day: dt.date | None = None
    until: dt.datetime | None = None


ALWAYS_OPEN = Opening(open=True, reason=Reason.ALWAYS)


def is_open(hours: Hours, at: dt.datetime) -> Opening:
    """Whether it is open at an instant (aware), why, and until when."""
    if not hours.enabled:
        return Opening(open=True, reason=Reason.OFF)
    wall = at.astimezone(hours.zone).replace(tzinfo=None)
    until = next_change(hours, at)
    for plan in (day_plan(hours, wall.date()), day_plan(hours, wall.date() - DAY)):
        if any(each.start <= wall < each.end for each in plan.ranges):
            return Opening(True, plan.rule, plan.date, until)
    return Opening(False, day_plan(hours, wall.date()).rule, wall.date(), until)


def next_change(hours: Hours, at: dt.datetime) -> dt.datetime | None:
    """The first instant after `at` when it opens or closes, as aware UTC; None within 400 days."""
    if not hours.enabled:
        return None
    at = at.astimezone(dt.UTC)
    end = at + HORIZON_DAYS * DAY
    for period in open_periods(hours, at, end):
        if period.start > at:
            return period.start
        if period.end > at:
            return period.end if period.end < end else None
    return None


def open_periods(hours: Hours, start: dt.datetime, end: dt.datetime) -> Iterator[Period]:
    """When it is open between two instants, in order, neighbours joined. Cost: lazily, O(ranges) for each day."""
    pending: Period | None = None
    for segment, offset in _constant_offsets(hours.zone, start.astimezone(dt.UTC), end.astimezone(dt.UTC)):
        first_day = (segment.start + offset).date() - DAY  # its last range may go on past midnight
        last_day = (segment.end + offset).date()
        for wall in _wall_ranges(hours, first_day, last_day):
            opens, closes = _utc(wall.start, offset), _utc(wall.end, offset)
            period = Period(max(opens, segment.start), min(closes, segment.end))
            if period.start >= period.end:
                continue
            if pending and period.start <= pending.end:
                pending = Period(pending.start, max(pending.end, period.end))
                continue
            if pending:
                yield pending
            pending = period
    if pending:
        yield pending


def day_plan(hours: Hours, day: dt.date) -> DayPlan:
    """The rule that decides on a day, and the ranges that start on it."""
    if exceptions := hours.exceptions_by_date.get(day):
        closed = any(each.range is None for each in exceptions)
        ranges = [] if closed else [each.range for each in exceptions if each.range]
        return DayPlan(day, Reason.EXCEPTION, _in_order(ranges, day))
    if day in hours.holidays:
        return DayPlan(day, Reason.HOLIDAY, ())
    weekly = [each.range for each in hours.weekly if each.weekday == day.weekday()]
    return DayPlan(day, Reason.WEEKLY, _in_order(weekly, day))


def overlaps(weekly: Sequence[WeeklyRange]) -> list[tuple[WeeklyRange, WeeklyRange]]:
    """Pairs of ranges that share some time, also over midnight and over the end of the week. Touching is fine."""
    monday = dt.date(2024, 1, 1)
    spans = sorted(
        ((_span(each.range.on(monday + each.weekday * DAY), monday), each) for each in weekly), key=lambda pair: pair[0]
    )
    found = [(one, other) for ((_, end), one), ((start, _), other) in pairwise(spans) if start < end]
    if len(spans) > 1:
        ((_, last_end), last), ((first_start, _), first) = spans[-1], spans[0]
        if last_end - WEEK_S > first_start:
            found.append((last, first))
    return found


def _in_order(ranges: Sequence[Range], day: dt.date) -> tuple[WallRange, ...]:
    return tuple(sorted((each.on(day) for each in ranges), key=lambda wall: wall.start))


def _span(wall: WallRange, monday: dt.date) -> tuple[float, float]:
    """Seconds since Monday 00:00."""
    midnight = dt.datetime.combine(monday, dt.time())
    return (wall.start - midnight).total_seconds(), (wall.end - midnight).total_seconds()


def _wall_ranges(hours: Hours, first: dt.date, last: dt.date) -> Iterator[WallRange]:
    day = first
    while day <= last:
        yield from day_plan(hours, day).ranges
        day += DAY


def _utc(wall: dt.datetime, offset: dt.timedelta) -> dt.datetime:
    return (wall - offset).replace(tzinfo=dt.UTC)


def _constant_offsets(zone: ZoneInfo, start: dt.datetime, end: dt.datetime) -> Iterator[tuple[Period, dt.timedelta]]:
    """Cut the time between two instants where the zone's offset from UTC changes."""
    begun, offset = start, _offset(zone, start)
    looked_at = start
    while looked_at < end:
        ahead = min(looked_at + OFFSET_STEP, end)
        if _offset(zone, ahead) != offset:
            change = _first_instant_with_other_offset(zone, looked_at, ahead)
            yield Period(begun, change), offset
            begun, offset = change, _offset(zone, ahead)
        elif ahead - begun >= DAY:  # keeps the periods lazy
            yield Period(begun, ahead), offset
            begun = ahead
        looked_at = ahead
    if begun < end:
        yield Period(begun, end), offset


def _first_instant_with_other_offset(zone: ZoneInfo, before: dt.datetime, after: dt.datetime) -> dt.datetime:
    """Bisection; offsets change at whole seconds. `before` has the old offset, `after` the new one."""
    old = _offset(zone, before)
    low, high = math.floor(before.timestamp()), math.ceil(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, dt.datetime.fromtimestamp(middle, dt.UTC)) == old:
            low = middle
        else:
            high = middle
    return dt.datetime.fromtimestamp(high, dt.UTC)


def _offset(zone: ZoneInfo, at: dt.datetime) -> dt.timedelta:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None  # noqa: S101 - every ZoneInfo knows its offset
    return offset
