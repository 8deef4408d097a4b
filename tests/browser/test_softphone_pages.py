"""The pages with a telephone in them, against a scripted door."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from agents.models import Agent, CallNote
from common import clock
from projects import tokens
from projects.models import ApiKey
from tests import factories
from tests.browser.conftest import Console
from tests.browser.scripted_door import Door

HOTLINE = "842473082686"
NOTICED_MS = 30_000  # browsers ask the other side several times before they say that it is away
NO_MICROPHONE = """() => {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "NotAllowedError"));
}"""


@pytest.fixture
def door(console: Console) -> Door:
    return Door(console.page)


@pytest.fixture
def number(ours):
    tree = factories.IvrTreeFactory(project=ours, tree_name="Welcome")
    tree.root_node = factories.IvrNodeFactory(project=ours, tree=tree, node_name="Language")
    tree.save()
    return factories.NumberFactory(project=ours, number=HOTLINE, nickname="Hotline", enable_ivr=True, ivr_tree=tree)


# ── The test phone ───────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def phone(console, door, ours, viewer, number):
    console.sign_in(viewer, ours)
    page = console.open("/phone")
    expect(page.get_by_text("Connected")).to_be_visible()
    return page


def test_test_phone_is_accessible(console, check_page, phone):
    expect(phone.get_by_text("Calls to +84 900 000 001 ring here")).to_be_visible()
    expect(phone.locator("#tree > svg")).to_be_visible()
    check_page(phone, "phone")


def test_test_phone_calls_hears_presses_keys_and_hangs_up(console, check_page, door, phone):
    phone.get_by_role("button", name="Call", exact=True).click()
    assert door.wait_for(26) == {"fromNumber": "84900000001", "toNumber": HOTLINE, "video": False, "custom": ""}
    door.accept_offer()
    door.say(32, callId="call-out", code=100, reason="Trying")
    door.say(32, callId="call-out", code=200, reason="OK")
    expect(phone.locator("html")).to_have_attribute("data-media", "connected")
    phone.get_by_role("button", name="5", exact=True).click()
    phone.keyboard.press("#")
    door.wait_for(34, 2)
    assert [body["digits"] for body in door.bodies(34)] == ["5", "#"]
    assert phone.evaluate("document.getElementById('heard').srcObject.getAudioTracks().length") == 1
    check_page(phone, "phone-talking")
    phone.get_by_role("button", name="Hang up").click()
    assert door.wait_for(28) == {"callId": "call-out", "reasonEndcall": ""}
    expect(phone.locator("#ended")).to_have_text("Call ended.")


def test_test_phone_rings_and_answers(console, check_page, door, phone):
    door.ring(fromNumber=HOTLINE)
    expect(phone.get_by_role("button", name="Answer")).to_be_focused()
    check_page(phone, "phone-ringing")
    phone.keyboard.press("Enter")
    assert door.wait_for(31) == {"callId": "call-in", "code": 200, "reasonEndcall": ""}
    door.offer()
    expect(phone.locator("html")).to_have_attribute("data-media", "connected")
    door.say(30, callId="call-in")
    expect(phone.locator("#ended")).to_have_text("The other side has hung up.")


def test_test_phone_says_why_a_call_is_refused(door, phone):
    door.answers[26] = {"r": 12}
    phone.get_by_role("button", name="Call", exact=True).click()
    expect(phone.locator("#ended")).to_contain_text("Too many outbound calls")


def test_call_goes_on_when_the_socket_breaks(door, phone):
    phone.get_by_role("button", name="Call", exact=True).click()
    door.accept_offer()
    door.say(32, callId="call-out", code=200, reason="OK")
    expect(phone.locator("html")).to_have_attribute("data-media", "connected")
    first = door.wait_for(2)
    door.socket.close()
    again = door.wait_for(2, 2)
    assert (again["deviceId"], again["sessionId"]) == (first["deviceId"], first["sessionId"])
    assert door.wait_for(205) == {"callId": "call-out"}
    expect(phone.locator("html")).to_have_attribute("data-media", "connected")
    expect(phone.get_by_role("button", name="Hang up")).to_be_visible()


def test_sound_that_is_lost_is_made_anew(door, phone):
    phone.get_by_role("button", name="Call", exact=True).click()
    door.accept_offer()
    door.say(32, callId="call-out", code=200, reason="OK")
    expect(phone.locator("html")).to_have_attribute("data-media", "connected")

    door.lose_sound("call-out")
    expect(phone.locator("#talking-state")).to_have_text(
        "The sound is interrupted. It is being restored …", timeout=NOTICED_MS
    )
    door.accept_offer(before=1)

    expect(phone.locator("html")).to_have_attribute("data-media", "connected")
    expect(phone.locator("#talking-state")).to_have_text("Connected")
    assert door.bodies(28) == []


def test_sound_is_made_anew_as_soon_as_the_connection_is_back(door, phone):
    phone.get_by_role("button", name="Call", exact=True).click()
    door.accept_offer()
    door.say(32, callId="call-out", code=200, reason="OK")
    expect(phone.locator("html")).to_have_attribute("data-media", "connected")

    door.is_open = False
    door.socket.close()
    door.lose_sound("call-out")
    expect(phone.locator("html")).to_have_attribute("data-media", "disconnected", timeout=NOTICED_MS)
    door.is_open = True
    door.accept_offer(before=1)

    expect(phone.locator("html")).to_have_attribute("data-media", "connected")


def test_connection_that_the_server_offers_instead_is_taken(door, phone):
    door.ring(fromNumber=HOTLINE)
    phone.keyboard.press("Enter")
    door.offer()
    expect(phone.locator("html")).to_have_attribute("data-media", "connected")

    door.lose_sound("call-in")
    door.offer()

    expect(phone.locator("html")).to_have_attribute("data-media", "connected")
    assert [body["data"]["type"] for body in door.bodies(27) if body["type"] == "sdp"] == ["answer", "answer"]


def test_without_a_microphone_the_test_phone_still_hears(console, door, phone):
    phone.evaluate(NO_MICROPHONE)
    phone.get_by_role("button", name="Call", exact=True).click()
    door.accept_offer()
    door.say(32, callId="call-out", code=200, reason="OK")
    expect(phone.locator("#microphone-note")).to_contain_text("You hear the call, and nobody hears you.")
    expect(phone.locator("html")).to_have_attribute("data-media", "connected")


# ── The agent's page ─────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def lan(ours):
    return factories.AgentFactory(
        project=ours,
        name="Nguyễn Thị Lan",
        stringee_user_id="lan",
        manual_status="AVAILABLE",
        phone_number="84909982888",
    )


@pytest.fixture
def softphone(console, door, ours, supervisor, lan, agent_2, number):
    console.sign_in(supervisor, ours)
    page = console.open("/softphone")
    page.get_by_label("Agent", exact=True).select_option("lan")
    page.get_by_role("button", name="Open the softphone").first.click()
    expect(page.locator("html")).to_have_attribute("data-connection", "online")
    expect(page.get_by_role("heading", name="Nguyễn Thị Lan")).to_be_visible()
    return page


def test_choice_of_the_agent_is_accessible(console, check_page, ours, supervisor, lan):
    console.sign_in(supervisor, ours)
    check_page(console.open("/softphone"), "softphone-choose")


def test_softphone_is_accessible(check_page, softphone):
    check_page(softphone, "softphone")
    softphone.get_by_role("tab", name="Colleagues").click()
    expect(softphone.get_by_text("Agent Two", exact=True)).to_be_visible()
    check_page(softphone, "softphone-colleagues")
    softphone.get_by_role("tab", name="Ready check").click()
    expect(softphone.locator("#check-round-trip")).to_contain_text("ms")
    check_page(softphone, "softphone-check")


def test_agent_answers_by_the_keyboard_talks_and_hangs_up(check_page, door, softphone):
    info = {"queue": "Sales", "path": [["Language", "1"]], "timeout": 20}
    door.ring(info=info, timeout_ms=20_000, customDataFromYourServer='{"name": "Mai", "tier": "gold"}')
    expect(softphone.locator("#incoming")).to_contain_text("Call for “Sales”")
    expect(softphone.locator("#incoming-facts")).to_contain_text("Language: 1")
    expect(softphone.locator("#incoming-facts")).to_contain_text("gold")
    expect(softphone.locator("#ring-left")).to_contain_text("s")
    check_page(softphone, "softphone-incoming")
    softphone.locator("body").press("a")
    assert door.wait_for(31) == {"callId": "call-in", "code": 200, "reasonEndcall": ""}
    door.offer()
    expect(softphone.locator("#talking-state")).to_have_text("Connected")
    softphone.locator("body").press("m")
    expect(softphone.locator("#mute")).to_have_attribute("aria-pressed", "true")
    softphone.locator("body").press("h")
    assert door.wait_for(100) == {"callId": "call-in", "hold": True, "musicOnHold": ""}
    expect(softphone.locator("#talking-state")).to_have_text("On hold")
    softphone.locator("body").press("k")
    softphone.locator("body").press("7")
    assert door.wait_for(34) == {"callId": "call-in", "digits": "7"}
    check_page(softphone, "softphone-talking")
    softphone.locator("body").press("e")
    assert door.wait_for(28) == {"callId": "call-in", "reasonEndcall": ""}
    expect(softphone.locator("#dial")).to_be_visible()


def test_who_is_asked_into_a_call_sees_that_it_is_none_of_a_queue(door, softphone):
    door.ring(info={"guest": "participant", "part": "talk"})
    expect(softphone.locator("#incoming-kind")).to_have_text("You are asked into a call")


def test_who_gets_a_call_of_a_colleague_sees_that_at_once(door, softphone):
    door.ring(info={"transfer": "attended"}, fromShown="+84 900 000 001", toShown="+84 24 7308 2686")
    expect(softphone.locator("#incoming-kind")).to_have_text("You are asked about a call")
    expect(softphone.locator("#incoming-name")).to_have_text("+84 900 000 001")
    expect(softphone.locator("#incoming-facts")).to_contain_text("+84 24 7308 2686")
    expect(softphone.locator("#because")).to_have_text("A call is ringing.")


def test_call_that_rings_takes_no_keys_from_whoever_is_writing(door, softphone):
    number = softphone.get_by_label("Number or user ID")
    number.press_sequentially("mi")
    softphone.clock.set_fixed_time(clock.now())  # the moment in which it rings, however slow the machine is
    door.ring()
    expect(softphone.locator("#incoming")).to_be_visible()
    softphone.keyboard.type("ar ")
    assert door.bodies(31) == []
    softphone.get_by_role("tab", name="Colleagues").click()
    search = softphone.get_by_label("Name, queue or number")
    search.click()
    door.say(30, callId="call-in")
    door.ring("call-two")
    expect(softphone.locator("#incoming")).to_be_visible()
    expect(search).to_be_focused()
    softphone.keyboard.press("Space")
    assert door.bodies(31) == []


def test_keyboard_stays_with_the_call_when_its_buttons_change(door, softphone):
    door.ring()
    expect(softphone.get_by_role("button", name="Answer")).to_be_focused()
    softphone.keyboard.press("Enter")
    door.wait_for(31)
    door.offer()
    expect(softphone.locator("#stage")).to_be_focused()
    softphone.keyboard.press("t")
    expect(softphone.get_by_label("Hand the call to")).to_be_focused()
    softphone.keyboard.press("Escape")
    expect(softphone.locator("#transfer-panel")).to_be_hidden()
    expect(softphone.get_by_role("button", name="Transfer")).to_be_focused()


def test_only_one_panel_of_a_call_is_open_and_keys_are_shown(door, softphone):
    door.ring()
    softphone.get_by_role("button", name="Answer").click()
    door.wait_for(31)
    door.offer()
    expect(softphone.locator("#talking-state")).to_have_text("Connected")
    softphone.keyboard.press("m")
    expect(softphone.locator("#talking-state")).to_have_text("Muted: nobody hears you")
    softphone.keyboard.press("k")
    for key in "15#":
        softphone.keyboard.press(key)
    expect(softphone.locator("#keys-sent")).to_have_text("15#")
    softphone.get_by_role("button", name="Add person").click()
    expect(softphone.locator("#people-panel")).to_be_visible()
    expect(softphone.locator("#keypad")).to_be_hidden()


def test_page_says_before_a_call_that_there_is_no_microphone(console, check_page, door, ours, supervisor, lan, number):
    console.context.add_init_script(f"({NO_MICROPHONE})()")
    console.sign_in(supervisor, ours)
    page = console.open("/softphone?agent=lan")
    expect(page.locator("#no-microphone")).to_contain_text("Allow it beside the address. Callers would not hear you.")
    check_page(page, "softphone-no-microphone")
    page.evaluate("navigator.mediaDevices.getUserMedia = () => Promise.resolve(new MediaStream())")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#no-microphone")).to_be_hidden()


def test_what_cannot_be_done_without_the_server_is_said_in_words(softphone):
    softphone.route("**/softphone/api/me/status", lambda route: route.abort())
    softphone.get_by_label("Status").select_option("MEETING")
    expect(softphone.locator("#problem")).to_have_text("The server cannot be reached.")


def test_agent_rejects(door, softphone):
    door.ring()
    softphone.get_by_role("button", name="Reject").click()
    assert door.wait_for(31) == {"callId": "call-in", "code": 486, "reasonEndcall": ""}
    expect(softphone.locator("#ended")).to_contain_text("You have rejected the call.")


def test_second_call_is_refused_as_busy(door, softphone):
    door.ring()
    expect(softphone.locator("#incoming")).to_be_visible()
    door.ring("call-two")
    assert door.wait_for(31) == {"callId": "call-two", "code": 486, "reasonEndcall": ""}
    expect(softphone.locator("#incoming")).to_be_visible()


def test_answer_that_comes_too_late_says_where_the_call_is(door, softphone):
    door.answers[31] = {"r": 2}
    door.ring()
    softphone.get_by_role("button", name="Answer").click()
    expect(softphone.locator("#ended")).to_contain_text("Answered on another device of yours.")


def test_agent_dials_with_a_number_of_the_project(door, softphone):
    softphone.get_by_label("Number or user ID").fill("+84 909 982 888")
    softphone.get_by_role("button", name="Call", exact=True).click()
    assert door.wait_for(26) == {"fromNumber": HOTLINE, "toNumber": "+84909982888", "video": False, "custom": ""}
    door.accept_offer()
    door.say(32, callId="call-out", code=486, reason="Busy Here")
    expect(softphone.locator("#ended")).to_contain_text("Busy.")


def test_status_is_chosen_and_its_consequence_is_said(softphone, lan):
    softphone.get_by_label("Status").select_option("LUNCH BREAK")
    expect(softphone.locator("#because")).to_contain_text("your status is “Lunch break”")
    lan.refresh_from_db()
    assert lan.manual_status == "LUNCH BREAK"


def test_page_that_is_loaded_again_comes_back_as_the_same_device(door, softphone):
    first = door.wait_for(2)
    softphone.reload()
    again = door.wait_for(2, 2)
    assert (again["deviceId"], again["sessionId"]) == (first["deviceId"], first["sessionId"])


def test_call_is_taken_up_again_when_the_server_offers_it_anew(door, softphone):
    door.ring()
    softphone.get_by_role("button", name="Answer").click()
    door.wait_for(31)
    door.offer()
    expect(softphone.locator("#talking-state")).to_have_text("Connected")
    softphone.reload()
    assert door.wait_for(2, 2)["calls"] == ["call-in"]
    expect(softphone.locator("#talking-state")).to_have_text("Coming back to the call …")
    door.offer()
    expect(softphone.locator("#talking-state")).to_have_text("Connected")


def test_call_is_ended_clearly_when_the_server_does_not_offer_it_anew(door, softphone):
    door.ring()
    softphone.get_by_role("button", name="Answer").click()
    door.wait_for(31)
    door.offer()
    expect(softphone.locator("#talking-state")).to_have_text("Connected")
    softphone.reload()
    expect(softphone.locator("#ended")).to_contain_text("The page was loaded again")
    assert door.wait_for(28) == {"callId": "call-in", "reasonEndcall": ""}


def test_only_one_tab_has_the_telephone_and_the_other_shows_the_same(console, door, softphone):
    second = console.context.new_page()
    second.goto(softphone.url + "?agent=lan")
    expect(second.get_by_text("The telephone is in another tab")).to_be_visible()
    assert len(door.bodies(2)) == 1
    door.ring()
    expect(second.locator("#incoming")).to_be_visible()
    second.get_by_role("button", name="Answer").click()
    assert door.wait_for(31)["code"] == 200
    door.offer()
    expect(second.locator("#talking-state")).to_have_text("Connected")
    second.get_by_role("button", name="Hang up").click()
    door.wait_for(28)
    softphone.close()
    door.page = second
    door.wait_for(2, 2)
    expect(second.get_by_text("The telephone is in another tab")).to_be_hidden()


def test_token_in_the_fragment_opens_the_page_and_leaves_the_address(console, door, ours, lan):
    token = tokens.agent_token(ApiKey.objects.get(project=ours), "lan", pcc=True).token
    page = console.open(f"/softphone#token={token}")
    expect(page.get_by_role("heading", name="Nguyễn Thị Lan")).to_be_visible()
    assert door.wait_for(2)["accesstoken"] == token
    assert "token" not in page.url


@pytest.fixture
def wrapping_up(ours, lan):
    """Lan has talked, and has ten seconds left."""
    now = clock.now()
    call = factories.CallFactory(project=ours)
    call.legs.create(
        project=ours,
        role="agent",
        state="ended",
        endpoint="web:1_lan",
        number="lan",
        agent=lan,
        started_at=now,
        answered_at=now,
        ended_at=now,
    )
    until = now + dt.timedelta(seconds=60)
    Agent.objects.filter(pk=lan.pk).update(
        activity="wrap_up", system_status=2, activity_since=now, wrap_up_until=until, free_since=None
    )
    return call


def test_agent_notes_how_it_went_and_ends_wrap_up(check_page, wrapping_up, softphone, lan):
    expect(softphone.locator("#wrap-up-left")).to_contain_text("0:")
    expect(softphone.locator("#because")).to_contain_text("Wrap-up")
    softphone.get_by_label("How did it go?").fill("Sold")
    softphone.get_by_label("Note", exact=True).fill("Wants two.")
    softphone.get_by_role("button", name="Save the note").click()
    expect(softphone.locator("#note-said")).to_have_text("Saved.")
    note = CallNote.objects.get()
    assert (note.call, note.disposition, note.text) == (wrapping_up, "Sold", "Wants two.")
    check_page(softphone, "softphone-wrap-up")
    softphone.locator("body").press("w")
    expect(softphone.locator("#wrap-up")).to_be_hidden()
    lan.refresh_from_db()
    assert lan.activity == "idle"


def test_note_that_a_call_interrupts_is_kept(door, wrapping_up, softphone):
    softphone.get_by_label("Note", exact=True).press_sequentially("Wants tw")
    with softphone.expect_response("**/note"):
        door.ring()
    assert list(CallNote.objects.values_list("call", "text")) == [(wrapping_up.pk, "Wants tw")]


def test_older_note_never_overtakes_a_newer_one(wrapping_up, softphone):
    under_way: list[Route] = []
    softphone.route("**/note", lambda route: under_way.append(route) if not under_way else route.continue_())
    with softphone.expect_request("**/note"):
        softphone.get_by_label("How did it go?").fill("Sold")
        softphone.get_by_label("Note", exact=True).fill("Wants two.")
    softphone.get_by_role("button", name="Save the note").click()
    expect(softphone.locator("#note-said")).to_have_text("")
    under_way[0].continue_()
    expect(softphone.locator("#note-said")).to_have_text("Saved.")
    assert list(CallNote.objects.values_list("disposition", "text")) == [("Sold", "Wants two.")]


@pytest.fixture
def in_a_call(ours, lan, agent_2, door, softphone):
    """Lan talks, and the database knows it as the page does."""
    now = clock.now()
    call = factories.CallFactory(project=ours, call_id="call-in", state="connected", connected_at=now, node="browser")
    leg: dict[str, Any] = {"project": ours, "state": "answered", "started_at": now, "answered_at": now}
    caller = call.legs.create(role="caller", endpoint="tel:1", number=call.from_number, leg_id="leg-caller", **leg)
    call.legs.create(role="agent", endpoint="web:1_lan", number="lan", agent=lan, leg_id="leg-lan", **leg)
    call.flow = {"main_leg": caller.leg_id}
    call.save()
    Agent.objects.filter(pk=lan.pk).update(activity="on_call", system_status=0, call_ref="call-in", free_since=None)
    door.ring()
    softphone.get_by_role("button", name="Answer").click()
    door.wait_for(31)
    door.offer()
    expect(softphone.locator("#talking-state")).to_have_text("Connected")
    return call


def test_transfer_finds_colleagues_and_says_why_it_cannot_be(check_page, in_a_call, softphone):
    softphone.locator("body").press("t")
    softphone.get_by_label("Hand the call to").fill("two")
    expect(softphone.locator("#transfer-list")).to_contain_text("Agent Two")
    expect(softphone.locator("#transfer-list")).to_contain_text("Offline")
    expect(softphone.locator("#transfer-list").get_by_role("button")).to_have_count(0)
    softphone.get_by_label("Hand the call to").fill("0909 982 888")
    softphone.get_by_role("button", name="Ask first: 0909 982 888").click()
    expect(softphone.locator("#consulting-with")).to_contain_text("+84 909 982 888 is being rung")
    check_page(softphone, "softphone-consulting")
    softphone.get_by_role("button", name="Back to the customer").click()
    expect(softphone.locator("#consulting")).to_be_hidden()


def test_person_is_added_by_the_keyboard_shown_and_removed(check_page, in_a_call, softphone):
    softphone.locator("body").press("p")
    expect(softphone.get_by_label("Add to the call")).to_be_focused()
    expect(softphone.locator("#people-list")).to_contain_text("Agent Two")
    softphone.get_by_label("Add to the call").fill("0909 982 888")
    softphone.get_by_role("button", name="Add: 0909 982 888").click()
    expect(softphone.locator("#people")).to_contain_text("+84 909 982 888Is being rung")
    expect(softphone.locator("#people-panel")).to_be_hidden()
    expect(softphone.locator("#said")).to_have_text("+84 909 982 888: Is being rung")
    expect(softphone.locator("#transfer")).to_be_disabled()
    check_page(softphone, "softphone-people")

    softphone.locator("body").press("p")
    softphone.get_by_label("Add to the call").fill("0909 982 889")
    softphone.get_by_role("button", name="Add: 0909 982 889").click()
    expect(softphone.locator("#people-problem")).to_contain_text("somebody is being rung already")

    softphone.get_by_role("button", name="Remove +84 909 982 888 from the call").click()
    expect(softphone.locator("#people")).to_be_hidden()
    expect(softphone.locator("#said")).to_have_text("+84 909 982 888 is not in the call any more")
    expect(softphone.locator("#transfer")).to_be_enabled()


def with_supervisor(call: Any, part: str) -> None:
    """A supervisor takes this part in the call, on a page of the console."""
    now = clock.now()
    call.legs.update_or_create(
        leg_id="leg-owner",
        defaults={
            "project": call.project,
            "role": "supervisor",
            "state": "answered",
            "endpoint": "web:1_/x",
            "number": "/owner",
            "started_at": now,
            "answered_at": now,
        },
    )
    call.flow["guests"] = [{"leg": "leg-owner", "part": part, "by": "/owner", "host": "leg-lan"}]
    call.save()


def test_supervisors_are_shown_to_the_agent_only_when_they_are_heard(check_page, in_a_call, softphone):
    with_supervisor(in_a_call, "whisper")
    expect(softphone.locator("#whispered")).to_have_text("hearing A supervisor speaks to you alone.")
    expect(softphone.locator("#people")).to_be_hidden()
    check_page(softphone, "softphone-whispered")

    with_supervisor(in_a_call, "talk")
    expect(softphone.locator("#people")).to_contain_text("ownerA supervisor has joined")
    expect(softphone.locator("#people").get_by_role("button")).to_have_count(0)
    expect(softphone.locator("#whispered")).to_be_hidden()
    check_page(softphone, "softphone-joined")

    with_supervisor(in_a_call, "listen")
    expect(softphone.locator("#people")).to_be_hidden()


def test_consultation_becomes_a_conversation_of_three(check_page, in_a_call, softphone):
    softphone.locator("body").press("t")
    softphone.get_by_label("Hand the call to").fill("0909 982 888")
    softphone.get_by_role("button", name="Ask first: 0909 982 888").click()
    expect(softphone.locator("#consulting-with")).to_contain_text("is being rung")
    expect(softphone.get_by_role("button", name="Talk all three")).to_be_hidden()
    in_a_call.refresh_from_db()
    in_a_call.legs.filter(leg_id=in_a_call.flow["transfer"]["leg"]).update(state="answered", answered_at=clock.now())
    in_a_call.flow["transfer"]["consulting"] = True
    in_a_call.save()
    expect(softphone.get_by_role("button", name="Talk all three")).to_be_visible()
    check_page(softphone, "softphone-may-merge")

    softphone.get_by_role("button", name="Talk all three").click()
    expect(softphone.locator("#consulting")).to_be_hidden()
    expect(softphone.locator("#people")).to_contain_text("+84 909 982 888In the call")


def test_consulted_agent_sees_who_asks_and_cannot_steer_the_call(check_page, in_a_call, softphone, agent_2, lan):
    in_a_call.legs.filter(leg_id="leg-lan").update(agent=agent_2, number="agent_2")
    now = clock.now()
    in_a_call.legs.create(
        project=in_a_call.project,
        role="agent",
        state="answered",
        endpoint="web:1_lan",
        number="lan",
        agent=lan,
        leg_id="leg-asked",
        started_at=now,
        answered_at=now,
    )
    in_a_call.flow["transfer"] = {"kind": "attended", "leg": "leg-asked", "by": "leg-lan", "consulting": True}
    in_a_call.save()
    expect(softphone.locator("#consulting-with")).to_contain_text("You talk with Agent Two; the customer hears music.")
    expect(softphone.locator("#consulting").get_by_role("button")).to_have_count(0)
    for name in ("Hold", "Transfer", "Add person"):
        expect(softphone.get_by_role("button", name=name)).to_be_disabled()
    check_page(softphone, "softphone-consulted")


def test_call_that_was_handed_over_has_not_been_hung_up(in_a_call, door, softphone):
    softphone.route("**/transfer", lambda route: route.fulfill(json={"r": 0}))
    softphone.get_by_role("button", name="Transfer").click()
    softphone.get_by_label("Hand the call to").fill("0909 982 888")
    softphone.get_by_role("button", name="Hand over: 0909 982 888").click()
    expect(softphone.locator("#transfer-panel")).to_be_hidden()
    door.say(30, callId="call-in")
    expect(softphone.locator("#ended")).to_contain_text("You have handed the call over.")


def test_other_tab_adds_and_removes_people_too(console, in_a_call, softphone):
    second = console.context.new_page()
    second.goto(softphone.url + "?agent=lan")
    expect(second.locator("#talking-state")).to_have_text("Connected")
    second.get_by_role("button", name="Add person").click()
    second.get_by_label("Add to the call").fill("0909 982 888")
    second.get_by_role("button", name="Add: 0909 982 888").click()
    expect(second.locator("#people")).to_contain_text("+84 909 982 888")
    expect(softphone.locator("#people")).to_contain_text("+84 909 982 888")
    second.get_by_role("button", name="Remove +84 909 982 888 from the call").click()
    expect(softphone.locator("#people")).to_be_hidden()


def test_guest_sees_who_has_the_call_and_cannot_steer_it(in_a_call, softphone, agent_2, lan):
    in_a_call.legs.filter(leg_id="leg-lan").update(agent=agent_2, number="agent_2")
    now = clock.now()
    in_a_call.legs.create(
        project=in_a_call.project,
        role="participant",
        state="answered",
        endpoint="web:1_lan",
        number="lan",
        agent=lan,
        leg_id="leg-guest",
        started_at=now,
        answered_at=now,
    )
    in_a_call.flow["guests"] = [{"leg": "leg-guest", "part": "talk", "by": "agent_2", "host": "leg-lan"}]
    in_a_call.save()
    expect(softphone.locator("#people")).to_contain_text("Agent TwoHas the call")
    for name in ("Hold", "Transfer", "Add person"):
        expect(softphone.get_by_role("button", name=name)).to_be_disabled()


def test_page_with_the_snippet_is_accessible(console, check_page, ours, supervisor, number, lan):
    console.sign_in(supervisor, ours)
    check_page(console.open("/setting/embed/"), "embed")


def test_vietnamese_pages_are_accessible(chromium, live_server, door, ours, supervisor, lan, number):
    window = Console(chromium, live_server.url, language="vi")
    Door(window.page)
    window.sign_in(supervisor, ours)
    expect(window.open("/phone").get_by_role("button", name="Gọi", exact=True)).to_be_visible()
    page = window.open("/softphone?agent=lan")
    expect(page.locator("#because")).to_contain_text("Không có cuộc gọi")
    assert page.locator("[data-say]").evaluate_all("all => all.filter((each) => !each.textContent).length") == 0
    window.context.close()


def test_refused_token_is_said_in_words(console, door, ours, lan):
    door.answers[2] = {"r": 6, "message": "the token has expired"}
    token = tokens.agent_token(ApiKey.objects.get(project=ours), "lan", pcc=True).token
    page = console.open(f"/softphone#token={token}")
    expect(page.locator("#because")).to_contain_text("the access token has ended or is not valid")
    expect(page.get_by_text("Sign-in refused", exact=True)).to_be_visible()
    page.get_by_role("button", name="Sign in again").click()
    expect(page.get_by_label("Access token")).to_be_visible()
