"""Which business hours a queue follows, and changes to them."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from common.refusals import InUse, InvalidInput
from queues import hours, public_holidays
from queues.domain import ALWAYS_OPEN, Range, Reason, WeeklyRange
from queues.models import BusinessHours, HoursException, OpeningRange, Schedule
from tests import factories

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
MONDAY_9 = dt.datetime(2026, 2, 2, 9, tzinfo=HANOI)
TET_9 = dt.datetime(2026, 2, 17, 9, tzinfo=HANOI)


def time(text: str) -> dt.time:
    return dt.time.fromisoformat(text)


def weekly(weekdays: str, opens: str, closes: str) -> list[WeeklyRange]:
    return [WeeklyRange(int(day), Range(time(opens), time(closes))) for day in weekdays]


@pytest.fixture
def office(ours):
    """Our default hours: Monday to Friday, eight to five, closed on Vietnam's public holidays."""
    row = BusinessHours.objects.create(project=ours, name="Office", is_default=True, holiday_country="VN")
    hours.set_weekly_hours(row, weekly("01234", "08:00", "17:00"))
    return row


@pytest.fixture
def night(ours):
    row = BusinessHours.objects.create(project=ours, name="Night", time_zone="Europe/Paris")
    hours.set_weekly_hours(row, weekly("0123456", "22:00", "06:00"))
    return row


def queue(project, **fields):
    return factories.QueueFactory(project=project, **{"schedule": Schedule.BUSINESS_HOURS, **fields})


def ranges_of(row: BusinessHours) -> list[str]:
    return sorted(f"{each.weekday} {each.opens:%H:%M}-{each.closes:%H:%M}" for each in row.ranges.all())


class TestWhichHoursAQueueFollows:
    def test_a_queue_that_is_always_open_follows_none(self, ours, office):
        assert hours.opening_of(queue(ours, schedule=Schedule.ALWAYS_OPEN), TET_9) == ALWAYS_OPEN

    def test_a_queue_that_names_none_follows_the_default(self, ours, office, night):
        opening = hours.opening_of(queue(ours), MONDAY_9)
        assert (opening.open, opening.reason) == (True, Reason.WEEKLY)
        assert opening.until == dt.datetime(2026, 2, 2, 17, tzinfo=HANOI)

    def test_a_queue_follows_the_hours_that_it_names_in_their_zone(self, ours, office, night):
        opening = hours.opening_of(queue(ours, business_hours=night), MONDAY_9)  # three at night in Paris
        assert (opening.open, opening.until) == (True, dt.datetime(2026, 2, 2, 6, tzinfo=ZoneInfo("Europe/Paris")))

    def test_a_project_without_hours_is_always_open(self, ours, theirs, office):
        assert hours.opening_of(queue(theirs), TET_9) == ALWAYS_OPEN

    def test_public_holidays_are_closed_and_exceptions_open_them(self, ours, office):
        line = queue(ours)
        assert hours.opening_of(line, TET_9).reason is Reason.HOLIDAY
        HoursException.objects.create(
            project=ours, hours=office, date=TET_9.date(), closed=False, opens=time("08:00"), closes=time("12:00")
        )
        opening = hours.opening_of(line, TET_9)
        assert (opening.open, opening.reason) == (True, Reason.EXCEPTION)
        assert opening.until == dt.datetime(2026, 2, 17, 12, tzinfo=HANOI)

    def test_hours_that_are_off_mean_open(self, ours, office):
        hours.switch(office, on=False)
        assert hours.opening_of(queue(ours), TET_9).reason is Reason.OFF

    def test_many_queues_cost_three_queries(self, ours, office, night, django_assert_num_queries):
        lines = [queue(ours, business_hours=night if number % 2 else None) for number in range(10)]
        with django_assert_num_queries(3):
            openings = hours.openings_of(lines, MONDAY_9)
        assert set(openings) == {each.pk for each in lines}

    def test_queues_that_are_always_open_cost_none(self, ours, office, django_assert_num_queries):
        lines = [queue(ours, schedule=Schedule.ALWAYS_OPEN) for _ in range(3)]
        with django_assert_num_queries(0):
            assert set(hours.openings_of(lines, MONDAY_9).values()) == {ALWAYS_OPEN}

    def test_followers_of_the_default_are_those_that_name_none(self, ours, theirs, office, night):
        by_default, by_name = queue(ours, name="A"), queue(ours, name="B", business_hours=night)
        queue(ours, schedule=Schedule.ALWAYS_OPEN)
        queue(theirs)
        assert list(hours.followers_of(office)) == [by_default]
        assert list(hours.followers_of(night)) == [by_name]


class TestDefault:
    def test_the_first_hours_of_a_project_become_its_default(self, ours, theirs):
        for project in (ours, theirs):
            for name in ("First", "Second"):
                hours.save_hours(BusinessHours(project=project, name=name))
        assert list(BusinessHours.objects.filter(is_default=True).values_list("project__name", "name")) == [
            ("Ours", "First"),
            ("Theirs", "First"),
        ]

    def test_making_others_the_default_leaves_exactly_one(self, ours, theirs, office, night):
        other = factories.BusinessHoursFactory(project=theirs, is_default=True)
        hours.make_default(night)
        hours.make_default(night)
        assert set(BusinessHours.objects.filter(is_default=True)) == {night, other}

    def test_the_list_starts_with_the_default(self, ours, office, night):
        hours.make_default(night)
        assert list(hours.business_hours_of(ours)) == [night, office]


class TestWeeklyHours:
    def test_only_what_differs_is_touched(self, office):
        kept = {row.pk for row in office.ranges.filter(weekday__in=(0, 1, 2, 3))}
        hours.set_weekly_hours(office, [*weekly("0123", "08:00", "17:00"), *weekly("4", "08:00", "12:00")])
        assert kept < {row.pk for row in office.ranges.all()}
        assert ranges_of(office) == [*(f"{day} 08:00-17:00" for day in range(4)), "4 08:00-12:00"]
        assert set(OpeningRange.objects.values_list("project", flat=True)) == {office.project_id}

    def test_overlapping_ranges_are_refused_in_words_and_change_nothing(self, office):
        with pytest.raises(InvalidInput) as caught:
            hours.set_weekly_hours(office, [*weekly("0", "08:00", "12:00"), *weekly("0", "11:00", "13:00")])
        assert caught.value.message == "Monday 08:00–12:00 overlaps with Monday 11:00–13:00."
        assert len(ranges_of(office)) == 5


class TestDeletion:
    def test_the_default_stays_while_a_queue_follows_it(self, ours, office):
        queue(ours, name="Sales")
        with pytest.raises(InUse) as caught:
            hours.delete_hours(office)
        assert caught.value.used_by == ("queue Sales",)
        assert BusinessHours.objects.count() == 1

    def test_hours_stay_while_a_queue_names_them_even_when_it_is_always_open(self, ours, office, night):
        queue(ours, name="Sales", business_hours=night, schedule=Schedule.ALWAYS_OPEN)
        with pytest.raises(InUse) as caught:
            hours.delete_hours(night)
        assert caught.value.used_by == ("queue Sales",)

    def test_the_default_stays_while_there_are_others(self, office, night):
        with pytest.raises(InUse) as caught:
            hours.delete_hours(office)
        assert caught.value.message == "Office are the default. Make others the default first."
        assert BusinessHours.objects.count() == 2

    def test_hours_that_nobody_needs_go_with_their_ranges(self, ours, office, night):
        hours.delete_hours(night)
        hours.delete_hours(office)
        assert not BusinessHours.objects.exists()
        assert not OpeningRange.objects.exists()


class TestPublicHolidays:
    def test_vietnam_has_its_lunar_holidays(self):
        names = public_holidays.holidays_of("VN", [2026], "vi")
        assert names[dt.date(2026, 2, 17)] == "Tết Nguyên Đán"
        assert names[dt.date(2026, 4, 26)] == "Ngày Giỗ Tổ Hùng Vương"
        assert public_holidays.holidays_of("VN", [2026])[dt.date(2026, 2, 17)] == "Lunar New Year"

    def test_unknown_countries_have_none(self):
        assert public_holidays.holidays_of("", [2026]) == {}
        assert public_holidays.holidays_of("ZZ", [2026]) == {}

    def test_every_country_has_a_name_in_both_languages_where_people_look_for_it(self):
        for language in ("en", "vi"):
            names = public_holidays.country_names(language)
            assert len(names) > 200
            assert all(name != code for code, name in names.items())
        assert list(names.values()).index("Ấn Độ") + 1 == list(names.values()).index("Andorra")
        assert (names["VN"], names["DE"], names["XK"]) == ("Việt Nam", "Đức", "Kosovo")

    def test_holidays_are_known_as_far_as_the_rules_look(self, office):
        found = hours.holidays_around(office, dt.date(2026, 12, 31))
        assert {day.year for day in found} == {2025, 2026, 2027, 2028}
        assert hours.holidays_around(office, dt.date.max) == {}  # the calendar ends before
