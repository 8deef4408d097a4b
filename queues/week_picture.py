"""A week of business hours as a picture: one row for each day, bars where it is open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from queues import domain
from queues.domain import Reason, WallRange

MINUTES_OF_DAY = 24 * 60
HOURS_MARKED = (0, 6, 12, 18, 24)
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Bar:
    """A stretch of opening hours. Units: minutes since midnight, by the clock on the wall."""

    start: int
    length: int
    rule: Reason


@dataclass(frozen=True)
class DayRow:
    """One day of the picture, in words as well."""

    date: dt.date
    weekday: str
    date_text: str
    remark: str
    rule: Reason
    bars: tuple[Bar, ...]
    texts: tuple[str, ...]
    now: int | None  # minutes since midnight, on the present day


@dataclass(frozen=True)
class WeekPicture:
    """Seven days from a Monday on."""

    monday: dt.date
    days: tuple[DayRow, ...]

    @property
    def previous(self) -> str:
        return (self.monday - 7 * ONE_DAY).isoformat()

    @property
    def next(self) -> str:
        return (self.monday + 7 * ONE_DAY).isoformat()


def monday_of(day: dt.date) -> dt.date:
    """The Monday of a day's week."""
    return day - dt.timedelta(days=day.weekday())


def week_picture(rules: domain.Hours, monday: dt.date, now: dt.datetime, remarks: Mapping[dt.date, str]) -> WeekPicture:
    """Draw a week. `remarks`: names of holidays and notes of exceptions, by date."""
    wall = now.astimezone(rules.zone).replace(tzinfo=None)
    return WeekPicture(monday, tuple(_row(rules, monday + number * ONE_DAY, wall, remarks) for number in range(7)))


def _row(rules: domain.Hours, day: dt.date, wall: dt.datetime, remarks: Mapping[dt.date, str]) -> DayRow:
    plan = domain.day_plan(rules, day)
    before = domain.day_plan(rules, day - ONE_DAY)
    stretches = [(each, before.rule) for each in before.ranges] + [(each, plan.rule) for each in plan.ranges]
    bars = tuple(bar for each, rule in stretches if (bar := _bar(each, rule, day)) is not None)
    return DayRow(
        date=day,
        weekday=str(WEEKDAYS[day.weekday()]),
        date_text=date_format(day, "DATE_FORMAT"),
        remark=_remark(plan.rule, remarks.get(day, "")),
        rule=plan.rule,
        bars=bars,
        texts=tuple(_stretch_text(bar) for bar in bars) or (_("closed"),),
        now=wall.hour * 60 + wall.minute if wall.date() == day else None,
    )


def _remark(rule: Reason, remark: str) -> str:
    if rule is Reason.HOLIDAY:
        return remark or _("Public holiday")
    if rule is Reason.EXCEPTION:
        return _("Exception: %(note)s") % {"note": remark} if remark else _("Exception")
    return ""


def _bar(wall: WallRange, rule: Reason, day: dt.date) -> Bar | None:
    """The part of a range that is on this day."""
    midnight = dt.datetime.combine(day, dt.time())
    start, end = (round((moment - midnight).total_seconds() / 60) for moment in (wall.start, wall.end))
    start, end = max(start, 0), min(end, MINUTES_OF_DAY)
    return Bar(start, end - start, rule) if start < end else None


def _stretch_text(bar: Bar) -> str:
    if bar.length == MINUTES_OF_DAY:
        return _("all day")
    return f"{_clock(bar.start)}–{_clock(bar.start + bar.length)}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def hour_marks() -> Sequence[int]:
    """The hours that are written above the picture."""
    return HOURS_MARKED
