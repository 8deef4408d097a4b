"""Business hours: a week filled in by hand, looked at as a picture, and asked about."""

from __future__ import annotations

import datetime as dt

import pytest
from playwright.sync_api import Page, expect

from queues import hours
from queues.domain import Range, WeeklyRange
from queues.models import BusinessHours, HoursException, Schedule
from tests import factories

LIST, ADD = "/setting/businesshour/", "/setting/businesshour/add/"
SATURDAY_NOON = dt.datetime(2026, 2, 14, 5, 0, tzinfo=dt.UTC)  # noon in Hanoi, three days before Tết


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr("common.clock.now", lambda: SATURDAY_NOON)


@pytest.fixture
def office(ours):
    """Monday to Friday with a lunch break, Vietnam's holidays, one exception, and a queue that follows."""
    row = BusinessHours.objects.create(project=ours, name="Office", is_default=True, holiday_country="VN")
    parts = [Range(dt.time(8), dt.time(12)), Range(dt.time(13), dt.time(17, 30))]
    hours.set_weekly_hours(row, [WeeklyRange(day, part) for day in range(5) for part in parts])
    HoursException.objects.create(project=ours, hours=row, date=dt.date(2026, 2, 14), note="Moving house")
    factories.QueueFactory(project=ours, name="Sales", schedule=Schedule.BUSINESS_HOURS)
    return row


def ranges_of(row: BusinessHours) -> list[str]:
    found = [(each.weekday, each.range.opens, each.range.closes) for each in hours.weekly_ranges_of(row)]
    return [f"{weekday} {opens:%H:%M}-{closes:%H:%M}" for weekday, opens, closes in found]


def day(page: Page, name: str):
    return page.get_by_role("group", name=name, exact=True)


def test_a_week_is_filled_in_with_the_keyboard_and_copied_from_monday(console, check_page, supervisor, ours):
    console.sign_in(supervisor)
    page = console.open(ADD)
    check_page(page, "hours-add")
    page.get_by_label("Name").fill("Office")

    day(page, "Monday").get_by_label("Monday, closes").fill("12:00")
    day(page, "Monday").get_by_role("button", name="Add a range on Monday").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Monday, opens").nth(1)).to_be_focused()
    page.get_by_label("Monday, opens").nth(1).fill("13:00")
    page.get_by_label("Monday, closes").nth(1).fill("17:30")
    page.get_by_role("button", name="Copy Monday to Tuesday–Friday").click()
    day(page, "Friday").get_by_role("button", name="Remove this range on Friday").nth(1).click()
    expect(day(page, "Friday").get_by_role("button", name="Add a range on Friday")).to_be_focused()
    expect(day(page, "Sunday")).to_contain_text("Closed")
    day(page, "Saturday").get_by_role("button", name="Saturday open all day").click()
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_role("status")).to_contain_text("was added successfully")
    row = BusinessHours.objects.get()
    weekdays = [f"{number} {part}" for number in range(4) for part in ("08:00-12:00", "13:00-17:30")]
    assert ranges_of(row) == [*weekdays, "4 08:00-12:00", "5 00:00-00:00"]
    assert (row.is_default, row.holiday_country) == (True, "VN")


def test_mistakes_are_shown_beside_what_was_typed(console, check_page, supervisor, ours):
    console.sign_in(supervisor)
    page = console.open(ADD)
    page.get_by_label("Name").fill("Office")
    day(page, "Monday").get_by_role("button", name="Add a range on Monday").click()
    page.get_by_label("Monday, opens").nth(1).fill("17:00")
    page.get_by_label("Monday, closes").nth(1).fill("19:00")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator("main")).to_contain_text("Monday 08:00–17:30 overlaps with Monday 17:00–19:00.")
    expect(page.get_by_label("Monday, closes").nth(1)).to_have_value("19:00")
    check_page(page, "hours-mistake")
    assert not BusinessHours.objects.exists()


def test_an_exception_is_added_to_the_form(console, supervisor, office):
    console.sign_in(supervisor)
    page = console.open(f"/setting/businesshour/{office.pk}/change/")
    page.get_by_role("link", name="Add another Exception").click()
    page.fill("#id_exceptions-1-date", "2026-02-17")
    page.uncheck("#id_exceptions-1-closed")
    page.fill("#id_exceptions-1-opens", "09:00")
    page.fill("#id_exceptions-1-closes", "11:00")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("was changed successfully")
    added = HoursException.objects.get(date=dt.date(2026, 2, 17))
    assert (added.closed, added.opens, added.closes) == (False, dt.time(9), dt.time(11))


def test_the_week_is_a_picture_with_words_and_can_be_turned(console, check_page, supervisor, office):
    console.sign_in(supervisor)
    page = console.open(f"/setting/businesshour/{office.pk}/change/")
    check_page(page, "hours")
    page.get_by_label("Name").fill("Not saved yet")
    week = page.locator("#hours-week")
    expect(week.get_by_role("row", name="Saturday")).to_contain_text("Exception: Moving house")
    expect(week.get_by_role("row", name="Monday").locator("rect.hours-open")).to_have_count(2)

    week.get_by_role("link", name="Next week").click()
    expect(week.get_by_role("row", name="Tuesday")).to_contain_text("Lunar New Year")
    expect(week.get_by_role("row", name="Tuesday").locator("rect.hours-open")).to_have_count(0)
    expect(page.get_by_label("Name")).to_have_value("Not saved yet")
    check_page(page, "hours-next-week")


def test_is_it_open_at_is_answered_in_place(console, check_page, viewer, office):
    console.sign_in(viewer)
    page = console.open(f"/setting/businesshour/{office.pk}/change/")
    page.get_by_label("Date and time in Asia/Ho_Chi_Minh").fill("2026-02-17T10:00")
    page.get_by_role("button", name="Answer").click()
    answer = page.locator("#hours-answer")
    expect(answer).to_contain_text("Public holiday on Tuesday, 17 Feb 2026: Lunar New Year.")
    expect(answer).to_contain_text("Opens on Monday, 23 Feb 2026 at 08:00.")
    check_page(page, "hours-viewer")


def test_choosing_a_country_shows_its_holidays_before_saving(console, supervisor, office):
    console.sign_in(supervisor)
    page = console.open(f"/setting/businesshour/{office.pk}/change/")
    page.get_by_label("Public holidays of").select_option("FR")
    expect(page.locator("#coming-holidays")).to_contain_text("Easter Monday")
    expect(page.get_by_label("Public holidays of")).to_have_value("FR")
    office.refresh_from_db()
    assert office.holiday_country == "VN"


def test_the_list_switches_hours_off(console, check_page, supervisor, office):
    console.sign_in(supervisor)
    page = console.open(LIST)
    check_page(page, "hours-list")
    switch = page.get_by_role("switch", name="Office")
    expect(switch).to_have_attribute("aria-checked", "true")
    switch.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Office are off now")
    expect(switch).to_have_attribute("aria-checked", "false")
    office.refresh_from_db()
    assert not office.enabled


def test_an_empty_list_leads_to_the_form(console, check_page, supervisor, ours):
    console.sign_in(supervisor)
    page = console.open(LIST)
    check_page(page, "hours-empty")
    page.locator("main").get_by_role("link", name="Add business hours").click()
    expect(page).to_have_url(console.address + ADD)
