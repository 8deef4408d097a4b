"""The pages with a telephone in them, against a scripted door."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.browser.conftest import Console
from tests.browser.scripted_door import Door

HOTLINE = "842473082686"
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


def test_without_a_microphone_the_test_phone_still_hears(console, door, phone):
    phone.evaluate(NO_MICROPHONE)
    phone.get_by_role("button", name="Call", exact=True).click()
    door.accept_offer()
    door.say(32, callId="call-out", code=200, reason="OK")
    expect(phone.locator("#microphone-note")).to_contain_text("You hear the call, and nobody hears you.")
    expect(phone.locator("html")).to_have_attribute("data-media", "connected")
