"""Listening in on a call's page, against a scripted door: what is shown, what is asked for, and when it ends."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from agents.models import Agent
from calls.models import Leg
from softphone import identity
from softphone.tests.test_listening import end, make_call
from tests.browser.conftest import Console
from tests.browser.scripted_door import LOOKS, Door
from tests.browser.test_softphone_pages import NO_MICROPHONE

ANSWERED = {"callId": "call-1", "code": 200, "reasonEndcall": ""}


@pytest.fixture
def door(console: Console) -> Door:
    return Door(console.page)


@pytest.fixture
def call(ours, agent_1):
    Agent.objects.filter(pk=agent_1.pk).update(activity="on_call", system_status=0, call_ref="call-1", free_since=None)
    return make_call(ours, agent_1)


@pytest.fixture
def page(console, door, ours, supervisor, call):
    console.sign_in(supervisor, ours)
    page = console.open(f"/call/{call.pk}/change/#listen")
    expect(page.get_by_role("button", name="Listen", exact=True)).to_be_focused()
    return page


def part_in(call: Any) -> str:
    call.refresh_from_db()
    [guest] = call.flow["guests"]
    return str(guest["part"])


def listen(page: Any, door: Door) -> None:
    page.get_by_role("button", name="Listen", exact=True).click()
    expect(page.locator("#listen-state")).to_have_text("Connecting …")
    _until_rung(page)
    door.ring("call-1")
    assert door.wait_for(31) == ANSWERED
    door.offer("call-1")
    expect(page.locator("#listen")).to_have_attribute("data-media", "connected")
    expect(page.locator("#listen-state")).to_have_text("You listen. Nobody hears you.")
    Leg.objects.filter(role="supervisor").update(state="answered", answered_at="2026-01-01T00:00Z")


def _until_rung(page: Any) -> None:
    for _look in range(LOOKS):
        if Leg.objects.filter(role="supervisor").exists():
            return
        page.wait_for_timeout(25)
    raise AssertionError("nobody is rung")


def test_panel_is_accessible_and_starts_nothing_by_itself(check_page, door, page):
    expect(page.locator("#listen-state")).to_contain_text("only the agent hears you")
    assert door.heard == []
    check_page(page, "listening")


def test_supervisor_listens_whispers_joins_and_leaves(check_page, door, page, call):
    listen(page, door)
    token = door.wait_for(2)["accesstoken"]
    assert Leg.objects.get(role="supervisor").endpoint == identity.sign_in(token).endpoint
    assert part_in(call) == "listen"
    assert "a=recvonly" in door.descriptions("answer")[0]  # no microphone was asked for
    check_page(page, "listening-listens")

    page.get_by_role("button", name="Whisper").click()
    door.accept_change("call-1")
    expect(page.locator("#listen-state")).to_have_text("You whisper: only Agent One hears you.")
    assert part_in(call) == "whisper"
    assert "a=sendrecv" in door.descriptions("offer")[0]
    check_page(page, "listening-whispers")

    page.get_by_role("button", name="Join").click()
    expect(page.locator("#listen-state")).to_have_text("You have joined: everybody in the call hears you.")
    assert part_in(call) == "talk"
    check_page(page, "listening-joined")

    page.get_by_role("button", name="Listen", exact=True).click()
    expect(page.locator("#listen-state")).to_have_text("You listen. Nobody hears you.")
    assert part_in(call) == "listen"
    assert len(door.descriptions("answer")) == 1  # it is the same connection
    page.get_by_role("button", name="Leave").click()
    assert door.wait_for(28) == {"callId": "call-1", "reasonEndcall": ""}
    expect(page.get_by_role("button", name="Leave")).to_be_hidden()
    assert Leg.objects.get(role="supervisor").state == "ended"


def test_without_a_microphone_nobody_whispers(door, page, call):
    listen(page, door)
    page.evaluate(NO_MICROPHONE)
    page.get_by_role("button", name="Whisper").click()
    expect(page.locator("#listen-problem")).to_contain_text("The microphone is blocked for this page.")
    expect(page.locator("#listen-state")).to_have_text("You listen. Nobody hears you.")
    assert part_in(call) == "listen"


def test_call_that_is_over_ends_the_listening(check_page, door, page, call):
    listen(page, door)
    door.say(30, callId="call-1")
    end(call)
    expect(page.locator("#listen-state")).to_have_text("The call is over.")
    expect(page.get_by_role("button", name="Whisper")).to_be_disabled()
    expect(page.get_by_role("button", name="Leave")).to_be_hidden()
    check_page(page, "listening-over")


def test_who_goes_on_alone_is_told_so(door, page, call):
    listen(page, door)
    call.legs.filter(role="agent").update(state="ended", ended_at="2026-01-01T00:00Z")
    call.refresh_from_db()
    call.flow["guests"] = []
    call.save()
    expect(page.locator("#listen-state")).to_have_text("The agent has left: you talk with the customer.")
    expect(page.get_by_role("button", name="Whisper")).to_be_disabled()
    expect(page.get_by_role("button", name="Leave")).to_be_enabled()


def test_part_that_another_gives_is_shown_and_opens_no_microphone(door, page, call):
    listen(page, door)
    call.refresh_from_db()
    call.flow["guests"][0]["part"] = "whisper"
    call.save()
    expect(page.locator("#listen-state")).to_have_text("You whisper: only Agent One hears you.")
    assert door.descriptions("offer") == []


def test_second_window_says_where_the_supervisor_listens(console, door, page, call):
    listen(page, door)
    second = console.context.new_page()
    second.goto(page.url)
    expect(second.locator("#listen-state")).to_have_text("You listen to this call in another window.")
    expect(second.get_by_role("button", name="Whisper")).to_be_disabled()


def test_call_of_another_is_not_answered(door, page, call):
    page.get_by_role("button", name="Listen", exact=True).click()
    _until_rung(page)
    door.ring("call-2")
    assert door.wait_for(31) == {"callId": "call-2", "code": 486, "reasonEndcall": ""}


def test_refused_sign_in_is_said(door, page):
    door.answers[2] = {"r": 7, "message": "no"}
    page.get_by_role("button", name="Listen", exact=True).click()
    expect(page.locator("#listen-problem")).to_have_text("The telephone server does not answer.")
    expect(page.get_by_role("button", name="Listen", exact=True)).to_be_enabled()
    assert not Leg.objects.filter(role="supervisor").exists()


def test_vietnamese_panel_has_every_text(chromium, live_server, ours, supervisor, call):
    window = Console(chromium, live_server.url, language="vi")
    window.sign_in(supervisor, ours)
    page = window.open(f"/call/{call.pk}/change/")
    expect(page.get_by_role("heading", name="Nghe cuộc gọi")).to_be_visible()
    assert page.locator("#listen [data-say]").evaluate_all("all => all.filter((each) => !each.textContent).length") == 0
    window.context.close()
