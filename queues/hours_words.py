"""Business hours in words: ranges, whole weeks, and whether it is open, why, and until when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import groupby

from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from queues import domain
from queues.domain import Opening, Range, Reason, WeeklyRange
from queues.hours import range_text

ONE_DAY = dt.timedelta(days=1)


def state_text(opening: Opening) -> str:
    return _("Open") if opening.open else _("Closed")


def reason_text(rules: domain.Hours, opening: Opening, note: str = "") -> str:
    """Why it is open or closed. `note`: the name of the holiday, or what is noted at the exception."""
    if opening.reason is Reason.OFF:
        return _("These business hours are off: queues that follow them are always open.")
    if opening.day is None:
        return _("There are no business hours to follow.")
    day = {"day": day_text(opening.day), "weekday": str(WEEKDAYS[opening.day.weekday()]), "note": note}
    if opening.reason is Reason.HOLIDAY:
        return _("Public holiday on %(day)s: %(note)s.") % day
    if opening.reason is Reason.EXCEPTION:
        return (_("Exception on %(day)s: %(note)s.") if note else _("Exception on %(day)s.")) % day
    if opening.open:
        return _("By the weekly hours of %(weekday)s.") % day
    if domain.day_plan(rules, opening.day).ranges:
        return _("Outside the weekly hours of %(weekday)s.") % day
    return _("There are no hours on %(weekday)s.") % day


def change_text(rules: domain.Hours, opening: Opening, at: dt.datetime) -> str:
    """When it closes or opens next, by the clock on the wall."""
    if opening.reason is Reason.OFF or opening.day is None:
        return ""
    if opening.until is None:
        return _("Nothing changes within a year.")
    until, here = opening.until.astimezone(rules.zone), at.astimezone(rules.zone)
    when = {"time": f"{until:%H:%M}", "day": day_text(until.date())}
    if until.date() == here.date():
        return (_("Closes at %(time)s.") if opening.open else _("Opens at %(time)s.")) % when
    if until.date() == here.date() + ONE_DAY:
        return (_("Closes tomorrow at %(time)s.") if opening.open else _("Opens tomorrow at %(time)s.")) % when
    return (_("Closes on %(day)s at %(time)s.") if opening.open else _("Opens on %(day)s at %(time)s.")) % when


def day_text(day: dt.date) -> str:
    """A date with its weekday, e.g. `Monday, 2 Feb 2026`."""
    return _("%(weekday)s, %(date)s") % {
        "weekday": WEEKDAYS[day.weekday()],
        "date": date_format(day, "DATE_FORMAT"),
    }


def week_text(weekly: Sequence[WeeklyRange]) -> str:
    """Weekly hours in short, e.g. `Mon–Fri 08:00–12:00, 13:00–17:30; Sat 08:00–12:00`."""
    days = [sorted((each.range for each in weekly if each.weekday == day), key=_opens) for day in range(7)]
    parts, day = [], 0
    for ranges, same in groupby(days):
        first, day = day, day + len(list(same))
        if ranges:
            parts.append(f"{_days_text(first, day - 1)} {', '.join(map(range_text, ranges))}")
    return "; ".join(parts) or _("Always closed")


def _opens(each: Range) -> dt.time:
    return each.opens


def _days_text(first: int, last: int) -> str:
    if first == last:
        return str(WEEKDAYS_ABBR[first])
    return f"{WEEKDAYS_ABBR[first]}–{WEEKDAYS_ABBR[last]}"
