"""Business hours, checked against a clock that is looked at every minute."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queues.domain import (
    DayException,
    Hours,
    Opening,
    Period,
    Range,
    Reason,
    WeeklyRange,
    day_plan,
    is_open,
    next_change,
    open_periods,
    overlaps,
)

HANOI, PARIS, NEW_YORK = ZoneInfo("Asia/Ho_Chi_Minh"), ZoneInfo("Europe/Paris"), ZoneInfo("America/New_York")
LORD_HOWE, UTC = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")  # Lord Howe moves its clock by half an hour
MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)


def clock(text: str) -> dt.time:
    return dt.time.fromisoformat(text)


def hours_of(text: str) -> Range:
    """`08:00-12:00`"""
    opens, closes = text.split("-")
    return Range(clock(opens), clock(closes))


def weekly(weekdays: str, *texts: str) -> list[WeeklyRange]:
    """`weekly("01234", "08:00-12:00", "13:00-17:30")`: Monday to Friday, with a lunch break."""
    return [WeeklyRange(int(day), hours_of(text)) for day in weekdays for text in texts]


def local(text: str, zone: ZoneInfo, *, second_time: bool = False) -> dt.datetime:
    wall = dt.datetime.fromisoformat(text).replace(tzinfo=zone, fold=int(second_time))
    return wall.astimezone(dt.UTC)  # Python takes times that happen twice for different from everything else


def told(opening: Opening, zone: ZoneInfo) -> tuple[bool, Reason, str | None]:
    until = opening.until.astimezone(zone).strftime("%Y-%m-%d %H:%M") if opening.until else None
    return opening.open, opening.reason, until


OFFICE = Hours(HANOI, weekly("01234", "08:00-12:00", "13:00-17:30") + weekly("5", "08:00-12:00"))


@pytest.mark.parametrize(
    ("at", "open_", "until"),
    [
        ("2026-02-02 07:59:59", False, "2026-02-02 08:00"),  # a Monday
        ("2026-02-02 08:00", True, "2026-02-02 12:00"),
        ("2026-02-02 11:59:59.999999", True, "2026-02-02 12:00"),
        ("2026-02-02 12:00", False, "2026-02-02 13:00"),
        ("2026-02-02 17:30", False, "2026-02-03 08:00"),
        ("2026-02-07 12:00", False, "2026-02-09 08:00"),  # Saturday noon until Monday
        ("2026-02-08 10:00", False, "2026-02-09 08:00"),
    ],
)
def test_an_office_with_a_lunch_break(at, open_, until):
    assert told(is_open(OFFICE, local(at, HANOI)), HANOI) == (open_, Reason.WEEKLY, until)


def test_the_question_may_come_in_any_zone():
    at = local("2026-02-02 08:00", HANOI).astimezone(NEW_YORK)
    assert is_open(OFFICE, at).until == local("2026-02-02 12:00", HANOI)
    assert next_change(OFFICE, at) == local("2026-02-02 12:00", HANOI)


class TestOrderOfRules:
    TET = dt.date(2026, 2, 17)  # a Tuesday

    def test_a_public_holiday_is_closed(self):
        hours = Hours(HANOI, OFFICE.weekly, holidays=frozenset({self.TET}))
        opening = is_open(hours, local("2026-02-17 09:00", HANOI))
        assert told(opening, HANOI) == (False, Reason.HOLIDAY, "2026-02-18 08:00")
        assert opening.day == self.TET

    def test_an_exception_opens_a_public_holiday(self):
        exception = DayException(self.TET, hours_of("09:00-11:00"))
        hours = Hours(HANOI, OFFICE.weekly, [exception], frozenset({self.TET}))
        assert told(is_open(hours, local("2026-02-17 09:00", HANOI)), HANOI) == (
            True, Reason.EXCEPTION, "2026-02-17 11:00",
        )  # fmt: skip
        assert told(is_open(hours, local("2026-02-17 14:00", HANOI)), HANOI) == (
            False, Reason.EXCEPTION, "2026-02-18 08:00",
        )  # fmt: skip

    def test_an_exception_closes_a_working_day(self):
        hours = Hours(HANOI, OFFICE.weekly, [DayException(dt.date(2026, 2, 2), None)])
        assert told(is_open(hours, local("2026-02-02 09:00", HANOI)), HANOI) == (
            False, Reason.EXCEPTION, "2026-02-03 08:00",
        )  # fmt: skip

    def test_an_exception_may_have_several_ranges(self):
        day = dt.date(2026, 2, 8)
        hours = Hours(
            HANOI, [], [DayException(day, hours_of("14:00-15:00")), DayException(day, hours_of("09:00-10:00"))]
        )
        assert [(f"{each.start:%H}", f"{each.end:%H}") for each in day_plan(hours, day).ranges] == [
            ("09", "10"),
            ("14", "15"),
        ]

    def test_closed_goes_before_other_hours_of_the_same_date(self):
        day = dt.date(2026, 2, 8)
        hours = Hours(HANOI, [], [DayException(day, hours_of("14:00-15:00")), DayException(day, None)])
        assert day_plan(hours, day).ranges == ()

    def test_a_night_shift_goes_on_into_a_holiday(self):
        hours = Hours(HANOI, weekly("0123456", "22:00-06:00"), holidays=frozenset({self.TET}))
        opening = is_open(hours, local("2026-02-17 05:00", HANOI))
        assert told(opening, HANOI) == (True, Reason.WEEKLY, "2026-02-17 06:00")
        assert opening.day == dt.date(2026, 2, 16)
        assert told(is_open(hours, local("2026-02-17 23:00", HANOI)), HANOI) == (
            False, Reason.HOLIDAY, "2026-02-18 22:00",
        )  # fmt: skip

    def test_switched_off_means_open(self):
        hours = Hours(HANOI, [], enabled=False)
        assert is_open(hours, local("2026-02-02 03:00", HANOI)) == Opening(True, Reason.OFF)
        assert next_change(hours, local("2026-02-02 03:00", HANOI)) is None


class TestLongTimes:
    AT = local("2026-02-02 03:00", HANOI)

    def test_no_hours_at_all_never_open(self):
        assert is_open(Hours(HANOI), self.AT) == Opening(False, Reason.WEEKLY, dt.date(2026, 2, 2), None)

    def test_whole_days_never_close(self):
        always = Hours(HANOI, weekly("0123456", "00:00-00:00"))
        assert is_open(always, self.AT) == Opening(True, Reason.WEEKLY, dt.date(2026, 2, 2), None)

    def test_whole_days_end_at_a_holiday(self):
        always = Hours(HANOI, weekly("0123456", "00:00-00:00"), holidays=frozenset({dt.date(2026, 9, 2)}))
        assert next_change(always, self.AT) == local("2026-09-02 00:00", HANOI)

    def test_a_single_opening_a_year_ahead_is_found(self):
        day = dt.date(2027, 2, 1)
        assert next_change(Hours(HANOI, [], [DayException(day, hours_of("10:00-11:00"))]), self.AT) == local(
            "2027-02-01 10:00", HANOI
        )

    def test_periods_are_joined_over_midnight(self):
        hours = Hours(HANOI, weekly("4", "08:00-00:00") + weekly("5", "00:00-12:00"))
        found = list(open_periods(hours, self.AT, self.AT + 7 * DAY))
        assert found == [Period(local("2026-02-06 08:00", HANOI), local("2026-02-07 12:00", HANOI))]


class TestClockChanges:
    """Paris: 2026-03-29 02:00 becomes 03:00, 2026-10-25 03:00 becomes 02:00. New York: 03-08 and 11-01 at 02:00."""

    NIGHT = Hours(PARIS, weekly("6", "01:30-02:30"))

    def test_an_hour_that_is_skipped_does_not_happen(self):
        hours = Hours(PARIS, weekly("6", "02:00-03:00"))
        assert next_change(hours, local("2026-03-29 00:00", PARIS)) == local("2026-04-05 02:00", PARIS)

    def test_a_range_that_ends_in_the_skipped_hour_ends_where_the_clock_jumps(self):
        assert told(is_open(self.NIGHT, local("2026-03-29 01:45", PARIS)), PARIS) == (
            True, Reason.WEEKLY, "2026-03-29 03:00",
        )  # fmt: skip
        assert not is_open(self.NIGHT, local("2026-03-29 03:00", PARIS)).open

    def test_a_range_that_starts_in_the_skipped_hour_starts_where_the_clock_jumps(self):
        hours = Hours(PARIS, weekly("6", "02:30-04:00"))
        assert told(is_open(hours, local("2026-03-29 01:59", PARIS)), PARIS) == (
            False, Reason.WEEKLY, "2026-03-29 03:00",
        )  # fmt: skip

    def test_times_that_come_twice_are_open_twice(self):
        periods = list(open_periods(self.NIGHT, local("2026-10-25 00:00", PARIS), local("2026-10-26 00:00", PARIS)))
        assert periods == [
            Period(local("2026-10-25 01:30", PARIS), local("2026-10-25 02:30", PARIS)),
            Period(
                local("2026-10-25 02:00", PARIS, second_time=True), local("2026-10-25 02:30", PARIS, second_time=True)
            ),
        ]

    def test_a_day_is_an_hour_longer_or_shorter(self):
        hours = Hours(NEW_YORK, weekly("6", "00:00-00:00"))
        for day, length in (("2026-03-08", 23), ("2026-11-01", 25), ("2026-03-15", 24)):
            start = local(f"{day} 00:00", NEW_YORK)
            assert next_change(hours, start) == start.astimezone(dt.UTC) + dt.timedelta(hours=length)

    def test_opening_hours_stay_where_the_clock_on_the_wall_says(self):
        hours = Hours(NEW_YORK, weekly("0123456", "09:00-17:00"))
        assert next_change(hours, local("2026-03-07 18:00", NEW_YORK)) == dt.datetime(2026, 3, 8, 13, tzinfo=dt.UTC)
        assert next_change(hours, local("2026-03-06 18:00", NEW_YORK)) == dt.datetime(2026, 3, 7, 14, tzinfo=dt.UTC)

    def test_vietnam_has_no_clock_changes(self):
        hours = Hours(HANOI, weekly("6", "01:30-02:30"))
        start = local("2026-01-01 00:00", HANOI)
        lengths = {each.end - each.start for each in open_periods(hours, start, start + 365 * DAY)}
        assert lengths == {dt.timedelta(hours=1)}


class TestOverlaps:
    def test_touching_ranges_do_not_overlap(self):
        assert overlaps(weekly("0", "08:00-12:00", "12:00-18:00") + weekly("1", "00:00-08:00")) == []

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (("0", "08:00-12:00"), ("0", "11:59-13:00")),
            (("0", "08:00-18:00"), ("0", "09:00-10:00")),
            (("0", "08:00-12:00"), ("0", "08:00-12:00")),
            (("0", "22:00-06:00"), ("1", "05:59-12:00")),
            (("6", "22:00-06:00"), ("0", "05:59-12:00")),
            (("6", "00:00-00:00"), ("6", "23:00-23:30")),
        ],
        ids=["end", "inside", "twice", "over midnight", "over the week's end", "whole day"],
    )
    def test_common_time_is_found_whatever_the_order(self, one, other):
        ranges = weekly(*one) + weekly(*other)
        assert [set(pair) for pair in overlaps(ranges)] == [set(ranges)]
        assert [set(pair) for pair in overlaps(ranges[::-1])] == [set(ranges)]

    def test_whole_days_next_to_each_other_do_not_overlap(self):
        assert overlaps(weekly("0123456", "00:00-00:00")) == []


# ── Against a clock that is looked at every minute ───────────────────────────────────────────────────────────────────
times = st.builds(dt.time, st.integers(0, 23), st.sampled_from([0, 1, 15, 29, 30, 59]))
ranges = st.builds(Range, times, times)
# Around the clock changes of all three zones, and the turn of a year.
starts = st.sampled_from(
    [dt.date(2026, 3, 7), dt.date(2026, 3, 28), dt.date(2026, 4, 4), dt.date(2026, 10, 24), dt.date(2026, 10, 31),
     dt.date(2026, 12, 30), dt.date(2027, 2, 6)]
)  # fmt: skip


@st.composite
def business_hours(draw):
    start = draw(starts)
    dates = st.integers(0, 4).map(lambda days: start + days * DAY)
    hours = Hours(
        zone=draw(st.sampled_from([HANOI, PARIS, NEW_YORK, LORD_HOWE, UTC])),
        weekly=draw(st.lists(st.builds(WeeklyRange, st.integers(0, 6), ranges), max_size=10)),
        exceptions=draw(st.lists(st.builds(DayException, dates, st.none() | ranges), max_size=3)),
        holidays=frozenset(draw(st.sets(dates, max_size=2))),
    )
    minutes = draw(st.integers(0, 4 * 24 * 60))
    return hours, dt.datetime.combine(start, dt.time(), tzinfo=dt.UTC) + minutes * MINUTE


def open_by_the_clock(hours: Hours, at: dt.datetime) -> bool:
    """The definition, word by word: read the clock on the wall, and look for a range of today or yesterday."""
    wall = at.astimezone(hours.zone).replace(tzinfo=None)
    for day in (wall.date(), wall.date() - DAY):
        exceptions = [each for each in hours.exceptions if each.date == day]
        if exceptions:
            closed = any(each.range is None for each in exceptions)
            todays = [] if closed else [each.range for each in exceptions if each.range]
        elif day in hours.holidays:
            todays = []
        else:
            todays = [each.range for each in hours.weekly if each.weekday == day.weekday()]
        for each in todays:
            opens = dt.datetime.combine(day, each.opens)
            closes = dt.datetime.combine(day if each.opens < each.closes else day + DAY, each.closes)
            if opens <= wall < closes:
                return True
    return False


@settings(max_examples=150, deadline=None)
@given(business_hours())
def test_it_opens_and_closes_as_a_clock_that_is_looked_at_every_minute_says(case):
    hours, at = case
    now = open_by_the_clock(hours, at)
    opening = is_open(hours, at)
    assert opening.open is now
    changed = next((m for m in range(1, 3 * 24 * 60) if open_by_the_clock(hours, at + m * MINUTE) is not now), None)
    if changed is None:
        assert opening.until is None or opening.until >= at + 3 * DAY
    else:
        assert opening.until == at + changed * MINUTE


@settings(max_examples=50, deadline=None)
@given(business_hours())
def test_periods_are_in_order_apart_and_hold_exactly_the_open_minutes(case):
    hours, at = case
    periods = list(open_periods(hours, at, at + 2 * DAY))
    assert all(one.end < other.start for one, other in pairwise(periods))
    for minute in range(0, 2 * 24 * 60, 7):
        moment = at + minute * MINUTE
        inside = any(each.start <= moment < each.end for each in periods)
        assert inside is open_by_the_clock(hours, moment)
