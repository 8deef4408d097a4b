"""The console pages of business hours."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from queues import hours
from queues.domain import Range, WeeklyRange
from queues.models import BusinessHours, HoursException, OpeningRange, Schedule
from tests import factories
from tests.console import FRAME_QUERIES, act, errors_of, page, said, sign_in, texts

MODEL = "queues_businesshours"
LIST, ADD = page(MODEL, "changelist"), page(MODEL, "add")
SATURDAY_NOON = dt.datetime(2026, 2, 14, 5, 0, tzinfo=dt.UTC)  # noon in Hanoi, three days before Tết


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr("common.clock.now", lambda: SATURDAY_NOON)


@pytest.fixture
def console(supervisor, ours):
    return sign_in(supervisor, ours)


def time(text: str) -> dt.time:
    return dt.time.fromisoformat(text)


def weekly(weekdays: str, opens: str, closes: str) -> list[WeeklyRange]:
    return [WeeklyRange(int(day), Range(time(opens), time(closes))) for day in weekdays]


def business_hours(project, name="Office", ranges=(), **fields) -> BusinessHours:
    row = BusinessHours.objects.create(project=project, name=name, **fields)
    hours.set_weekly_hours(row, list(ranges) or weekly("01234", "08:00", "17:30"))
    return row


def change(row) -> str:
    return page(MODEL, "change", row.pk)


def form_data(*exceptions: dict[str, str], **fields: object) -> dict[str, object]:
    """What the form sends. `monday="08:00-12:00 13:00-17:00"`; exceptions as dicts of their fields."""
    data: dict[str, object] = {"name": "Office", "enabled": "on", "time_zone": "", "holiday_country": "VN"}
    for number, day in enumerate(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")):
        ranges = [text.split("-") for text in str(fields.pop(day, "")).split()]
        data[f"weekly_{number}_opens"] = [opens for opens, _ in ranges]
        data[f"weekly_{number}_closes"] = [closes for _, closes in ranges]
    data |= {"exceptions-TOTAL_FORMS": len(exceptions), "exceptions-INITIAL_FORMS": 0}
    for number, exception in enumerate(exceptions):
        data |= {f"exceptions-{number}-{name}": value for name, value in exception.items()}
    return {**data, **fields}


def ranges_of(row) -> list[str]:
    return [
        f"{each.weekday} {each.range.opens:%H:%M}-{each.range.closes:%H:%M}" for each in hours.weekly_ranges_of(row)
    ]


class TestForm:
    def test_new_hours_start_with_an_office_week_and_the_country_of_the_project(self, console):
        response = console.get(ADD)
        body = response.content.decode()
        assert len(re.findall(r'name="weekly_\d_opens" value="08:00"', body)) == 5
        assert '<option value="VN" selected>' in body
        assert "The first business hours of a project are its default." in texts(response)
        assert "Lunar New Year" in texts(response)

    def test_several_ranges_a_day_are_stored(self, console, ours):
        response = console.post(
            ADD, form_data(monday="08:00-12:00 13:00-17:30", saturday="22:00-06:00", sunday="10:00-24:00")
        )
        assert response.status_code == 302
        row = BusinessHours.objects.get()
        assert ranges_of(row) == ["0 08:00-12:00", "0 13:00-17:30", "5 22:00-06:00", "6 10:00-00:00"]
        assert (row.project, row.is_default, row.holiday_country) == (ours, True, "VN")

    @pytest.mark.parametrize(
        ("fields", "errors"),
        [
            ({"monday": "08:00-12:00 11:00-13:00"}, {"weekly": [
                "Monday 08:00–12:00 overlaps with Monday 11:00–13:00."]}),
            ({"sunday": "22:00-06:00", "monday": "05:00-09:00"}, {"weekly": [
                "Sunday 22:00–06:00 overlaps with Monday 05:00–09:00."]}),
            ({"tuesday": "08:00-"}, {"weekly": ["Tuesday: give both times, or remove the range."]}),
            ({"tuesday": "8h-25:99"}, {"weekly": ["Tuesday: write times as hours and minutes, e.g. 08:30."]}),
            ({"tuesday": " ".join(["08:00-09:00"] * 71)}, {"weekly": ["There are too many ranges: at most 70."]}),
            ({"time_zone": "Mars/Olympus"}, {"time_zone": [
                "Mars/Olympus is not a time zone name such as Asia/Ho_Chi_Minh."]}),
            ({"holiday_country": "ZZ"}, {"holiday_country": [
                "Select a valid choice. ZZ is not one of the available choices."]}),
            ({"name": ""}, {"name": ["This field is required."]}),
        ],
    )  # fmt: skip
    def test_mistakes_are_said_in_words_and_nothing_is_stored(self, console, fields, errors):
        response = console.post(ADD, form_data(**fields))
        assert response.status_code == 200
        assert errors_of(response) == errors
        assert not BusinessHours.objects.exists()
        assert not OpeningRange.objects.exists()

    def test_what_was_typed_is_shown_again(self, console):
        body = console.post(ADD, form_data(monday="08:00-12:00 11:00-13:15")).content.decode()
        assert 'name="weekly_0_closes" value="13:15"' in body

    def test_changing_touches_only_what_differs(self, console, ours):
        row = business_hours(ours, is_default=True)
        kept = row.ranges.get(weekday=0).pk
        console.post(change(row), form_data(monday="08:00-17:30", name="Desk", time_zone="paris"))
        row.refresh_from_db()
        assert (row.name, row.time_zone, row.is_default) == ("Desk", "Europe/Paris", True)
        assert ranges_of(row) == ["0 08:00-17:30"]
        assert row.ranges.get().pk == kept

    def test_others_become_the_default_and_take_it_away(self, console, ours):
        first = business_hours(ours, is_default=True)
        second = business_hours(ours, name="Night")
        console.post(change(second), form_data(name="Night", make_default="on"))
        assert list(BusinessHours.objects.filter(is_default=True)) == [second]
        console.post(change(second), form_data(name="Night"))  # cannot be taken away, only given to others
        assert list(BusinessHours.objects.filter(is_default=True)) == [second]
        assert "To change this, make other business hours the default." in texts(console.get(change(second)))
        assert "To change this" not in texts(console.get(change(first)))

    def test_names_are_unique_in_a_project(self, console, ours, theirs):
        business_hours(theirs, name="Office")
        assert console.post(ADD, form_data()).status_code == 302
        assert errors_of(console.post(ADD, form_data())) == {
            "name": ["This is taken already: business hours “Office”."]
        }


class TestExceptions:
    def test_they_are_stored_with_their_project(self, console, ours):
        console.post(
            ADD,
            form_data(
                {"date": "2026-02-17", "closed": "on", "note": "Tết"},
                {"date": "2026-02-21", "opens": "09:00", "closes": "11:00"},
            ),
        )
        stored = HoursException.objects.order_by("date").values_list("date", "closed", "opens", "note", "project")
        assert list(stored) == [
            (dt.date(2026, 2, 17), True, None, "Tết", ours.pk),
            (dt.date(2026, 2, 21), False, time("09:00"), "", ours.pk),
        ]

    @pytest.mark.parametrize(
        ("exceptions", "problem"),
        [
            ([{"date": "2026-02-17", "closed": "on", "opens": "09:00", "closes": "10:00"}],
             "Either closed all day, or opening hours: not both."),
            ([{"date": "2026-02-17", "opens": "09:00"}], "Give both times, or tick “closed all day”."),
            ([{"date": "2026-02-17"}], "Give both times, or tick “closed all day”."),
            ([{"date": "2026-02-17", "closed": "on"}, {"date": "2026-02-17", "opens": "09:00", "closes": "10:00"}],
             "2026-02-17 is closed all day, and has another exception."),
            ([{"date": "2026-02-17", "closed": "on"}, {"date": "2026-02-17", "closed": "on"}],
             "2026-02-17 is closed all day, and has another exception."),
            ([{"date": "2026-02-17", "opens": "09:00", "closes": "12:00"},
              {"date": "2026-02-17", "opens": "11:00", "closes": "13:00"}],
             "2026-02-17: Tuesday 09:00–12:00 overlaps with Tuesday 11:00–13:00."),
        ],
    )  # fmt: skip
    def test_those_that_contradict_each_other_are_refused(self, console, exceptions, problem):
        response = console.post(ADD, form_data(*exceptions))
        assert response.status_code == 200
        assert problem in texts(response)
        assert not BusinessHours.objects.exists()


class TestOverview:
    @pytest.fixture
    def office(self, ours):
        row = business_hours(ours, is_default=True, holiday_country="VN")
        HoursException.objects.create(
            project=ours, hours=row, date=dt.date(2026, 2, 10), closed=False,
            opens=time("09:00"), closes=time("11:00"), note="Team event",
        )  # fmt: skip
        return row

    def week(self, console, row, query="") -> dict[str, str]:
        """The words of the picture, by weekday."""
        body = console.get(change(row) + query).content.decode()
        table = re.search(r'(?s)<table class="hours-week">(.*?)</table>', body)
        assert table
        found = {}
        for line in re.findall(r"(?s)<tr class.*?</tr>", table[1]):
            weekday, *cell = " ".join(re.sub(r"<[^>]*>", " ", line).split()).split()
            found[weekday] = " ".join(cell)
        return found

    def test_the_week_shows_hours_and_exceptions(self, console, office):
        week = self.week(console, office)
        assert week["Monday"] == "9 Feb 2026 08:00–17:30"
        assert week["Tuesday"] == "10 Feb 2026 09:00–11:00 Exception: Team event"
        assert week["Saturday"] == "14 Feb 2026 closed"

    def test_another_week_shows_its_holidays(self, console, office):
        week = self.week(console, office, "?week=2026-02-18")
        assert week["Tuesday"] == "17 Feb 2026 closed Lunar New Year"
        assert week["Saturday"] == "21 Feb 2026 closed"

    def test_a_night_shift_is_drawn_on_both_days(self, console, ours):
        row = business_hours(ours, ranges=weekly("0", "22:00", "06:00"))
        week = self.week(console, row)
        assert week["Monday"] == "9 Feb 2026 22:00–24:00"
        assert week["Tuesday"] == "10 Feb 2026 00:00–06:00"

    @pytest.mark.parametrize("query", ["?week=yesterday", "?week=0001-01-01", "?week=9999-12-31", "?week="])
    def test_a_week_that_cannot_be_shown_is_this_week(self, console, office, query):
        assert self.week(console, office, query)["Monday"] == "9 Feb 2026 08:00–17:30"

    def test_it_says_whether_it_is_open_now_and_who_follows(self, console, ours, office):
        factories.QueueFactory(project=ours, name="Sales", schedule=Schedule.BUSINESS_HOURS)
        shown = texts(console.get(change(office)))
        # Monday is a day off before Tết, and then come the holidays
        assert "Closed Opens on Monday, 23 Feb 2026 at 08:00. There are no hours on Saturday." in shown
        assert "Followed by Sales" in shown

    @pytest.mark.parametrize(
        ("at", "answer"),
        [
            ("2026-02-13T17:00", "Open Friday, 13 Feb 2026, 17:00 By the weekly hours of Friday. Closes at 17:30."),
            ("2026-02-12T18:00", "Closed Thursday, 12 Feb 2026, 18:00 Outside the weekly hours of Thursday. "
             "Opens tomorrow at 08:00."),
            ("2026-02-10T10:00", "Open Tuesday, 10 Feb 2026, 10:00 Exception on Tuesday, 10 Feb 2026: Team event. "
             "Closes at 11:00."),
            ("2026-02-17T10:00", "Closed Tuesday, 17 Feb 2026, 10:00 Public holiday on Tuesday, 17 Feb 2026: "
             "Lunar New Year. Opens on Monday, 23 Feb 2026 at 08:00."),
            ("2030-02-03T10:00", "Closed Sunday, 3 Feb 2030, 10:00 Public holiday on"),
            ("tomorrow", "Write a date and a time, e.g. 2026-02-17 09:30."),
            ("1999-12-31T23:59", "Ask for a time between the years 2000 and 2100."),
            ("9999-12-31T23:59", "Ask for a time between the years 2000 and 2100."),
            ("2026-02-17T10:00+09:00<script>", "Write a date and a time, e.g. 2026-02-17 09:30."),
        ],
    )  # fmt: skip
    def test_is_it_open_at(self, console, office, at, answer):
        response = console.get(change(office), {"at": at})
        assert answer in texts(response)
        assert "<script>" + "alert" not in response.content.decode()

    def test_hours_that_are_off_say_so(self, console, ours):
        row = business_hours(ours, enabled=False)
        shown = texts(console.get(change(row)))
        assert "Open These business hours are off: queues that follow them are always open." in shown

    def test_the_holidays_of_another_country_can_be_looked_at(self, console, office):
        shown = texts(console.get(change(office), {"holiday_country": "FR"}))
        assert "Coming public holidays France" in shown
        assert "Choose a country to close on its public holidays." in texts(
            console.get(change(office), {"holiday_country": "ZZ"})
        )


class TestList:
    def test_it_tells_what_people_look_for_and_starts_with_the_default(self, console, ours):
        night = business_hours(ours, name="A night", ranges=weekly("56", "22:00", "06:00"), time_zone="Europe/Paris")
        office = business_hours(ours, is_default=True, holiday_country="VN")
        factories.QueueFactory(project=ours, name="Sales", schedule=Schedule.BUSINESS_HOURS)
        factories.QueueFactory(project=ours, name="Late", schedule=Schedule.BUSINESS_HOURS, business_hours=night)

        response = console.get(LIST)

        assert list(response.context["cl"].result_list) == [office, night]
        shown = texts(response)
        for text in (
            "Office Default", "Mon–Fri 08:00–17:30", "Asia/Ho_Chi_Minh", "Vietnam", "Sales",
            "Closed Opens on Monday, 23 Feb 2026 at 08:00.",
            "A night", "Sat–Sun 22:00–06:00", "Europe/Paris", "Late", "Opens at 22:00.",
        ):  # fmt: skip
            assert text in shown

    def test_query_count_does_not_grow_with_the_rows(self, console, ours, django_assert_num_queries):
        for number in range(8):
            row = business_hours(ours, name=f"Hours {number}", is_default=number == 0)
            factories.QueueFactory(project=ours, schedule=Schedule.BUSINESS_HOURS, business_hours=row)
        console.get(LIST)
        # counting, the rows, their ranges and exceptions, the default, the queues
        with django_assert_num_queries(FRAME_QUERIES + 6):
            console.get(LIST)

    def test_the_switch_turns_hours_off_and_on(self, console, ours):
        row = business_hours(ours)
        address = page(MODEL, "switch", row.pk)
        assert f'formaction="{address}" name="on" value="0"' in console.get(LIST).content.decode()

        response = console.post(address, {"on": "0"})

        row.refresh_from_db()
        assert (response["Location"], row.enabled) == (LIST, False)
        assert said(response) == ["Office are off now: queues that follow them are always open."]
        console.get(LIST)  # where the message is read
        assert said(console.post(address, {"on": "1"})) == ["Office are on now."]
        row.refresh_from_db()
        assert row.enabled

    def test_the_switch_is_not_a_link(self, console, ours):
        assert console.get(page(MODEL, "switch", business_hours(ours).pk)).status_code == 403

    def test_many_can_be_switched_at_once(self, console, ours):
        rows = [business_hours(ours, name=name) for name in ("One", "Two")]
        act(console, MODEL, "switch_off", rows, confirmed="1")
        assert not BusinessHours.objects.filter(enabled=True).exists()

    def test_an_empty_list_says_what_to_do(self, console):
        assert "Without any, every queue is always open." in texts(console.get(LIST))


class TestDeletion:
    def test_hours_that_a_queue_follows_stay_with_the_reason(self, console, ours):
        row = business_hours(ours, is_default=True)
        factories.QueueFactory(project=ours, name="Sales", schedule=Schedule.BUSINESS_HOURS)
        response = act(console, MODEL, "delete_selected", [row], post="yes")
        assert said(response) == ["Business hours Office cannot be deleted because it is used by: queue Sales."]
        assert BusinessHours.objects.get() == row

    def test_others_go(self, console, ours):
        row = business_hours(ours)
        console.post(page(MODEL, "delete", row.pk), {"post": "yes"})
        assert not BusinessHours.objects.exists()


class TestRoles:
    def test_viewers_see_the_hours_in_words_and_change_nothing(self, viewer, ours):
        row = business_hours(ours)
        client = sign_in(viewer, ours)
        shown = texts(client.get(change(row)))
        assert "Mon–Fri 08:00–17:30" in shown
        assert "Is it open at …?" in shown
        assert 'role="switch"' not in client.get(LIST).content.decode()
        assert client.get(ADD).status_code == 403
        for address, data in (
            (change(row), form_data(name="Mine")),
            (ADD, form_data(name="New")),
            (page(MODEL, "switch", row.pk), {"on": "0"}),
            (page(MODEL, "delete", row.pk), {"post": "yes"}),
        ):
            assert client.post(address, data).status_code == 403
        row.refresh_from_db()
        assert (row.name, row.enabled, BusinessHours.objects.count()) == ("Office", True, 1)

    def test_others_hours_do_not_exist(self, console, theirs):
        row = business_hours(theirs, name="Theirs")
        assert "Theirs" not in texts(console.get(LIST))
        assert console.get(change(row)).status_code == 404
        assert console.post(change(row), form_data()).status_code == 404
        assert console.post(page(MODEL, "switch", row.pk), {"on": "0"}).status_code == 404
        assert console.post(page(MODEL, "delete", row.pk), {"post": "yes"}).status_code == 404
        row.refresh_from_db()
        assert (row.name, row.enabled) == ("Theirs", True)
