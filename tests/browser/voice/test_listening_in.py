"""More than two people in a call, with real sound: a supervisor listens, whispers and joins; a third person is added.

As in test_calls: everybody's microphone hears a tone of his own.
"""

from __future__ import annotations

import pytest

from tests.browser.voice.center import connect
from tests.browser.voice.people import VOICES_HZ

pytestmark = [pytest.mark.browser, pytest.mark.fault]

CUSTOMER, LAN, MINH, CHIEF = (VOICES_HZ[name] for name in ("customer", "lan", "minh", "chief"))


def test_a_supervisor_listens_whispers_joins_and_goes_on_alone(center):
    [lan] = center.agents("lan")
    caller = center.caller()
    connect(caller, lan)
    chief = center.supervisor()

    chief.takes("listen")
    chief.hears_only(CUSTOMER, LAN)
    caller.hears_only(LAN)
    lan.hears_only(CUSTOMER)
    assert not lan.page.is_visible("#people")

    chief.takes("whisper")
    lan.hears_only(CUSTOMER, CHIEF)
    caller.hears_only(LAN)
    chief.hears_only(CUSTOMER, LAN)
    lan.sees("whispered", "A supervisor speaks to you alone.")

    chief.takes("talk")
    caller.hears_only(LAN, CHIEF)
    lan.hears_only(CUSTOMER, CHIEF)
    lan.sees("people", "owner")

    chief.takes("listen")
    caller.hears_only(LAN)
    chief.takes("talk")
    caller.hears_only(LAN, CHIEF)

    lan.click("hang-up")
    caller.hears_only(CHIEF)
    chief.hears_only(CUSTOMER)
    chief.sees("listen-state", "The agent has left")
    center.wait(lambda: center.ask("is_free", "lan"))

    caller.click("hang-up")
    chief.sees("listen-state", "The call is over.")


def test_a_supervisor_who_closes_the_page_is_gone(center):
    [lan] = center.agents("lan")
    caller = center.caller()
    connect(caller, lan)
    chief = center.supervisor()
    chief.takes("listen")
    chief.takes("talk")
    caller.hears_only(LAN, CHIEF)

    chief.close()

    caller.hears_only(LAN)
    center.wait(lambda: center.ask("legs_there") == ["agent", "caller"])
    caller.click("hang-up")


def test_an_agent_adds_a_third_person_and_leaves_the_two_alone(center):
    [lan] = center.agents("lan")
    caller = center.caller()
    connect(caller, lan)
    [minh] = center.agents("minh")

    lan.click("add")
    lan.page.fill("#people-search", "minh")
    lan.page.get_by_role("button", name="Add: Minh").click()
    minh.is_rung()
    lan.sees("people", "Minh")
    minh.click("answer")
    caller.hears_only(LAN, MINH)
    lan.hears_only(CUSTOMER, MINH)
    minh.hears_only(CUSTOMER, LAN)
    lan.sees("people", "In the call")

    lan.click("hang-up")
    caller.hears_only(MINH)
    minh.hears_only(CUSTOMER)
    minh.click("hang-up")
    caller.sees("ended", "The other side has hung up.")


def test_a_consultation_becomes_a_conversation_of_three(center):
    [lan] = center.agents("lan")
    caller = center.caller()
    connect(caller, lan)
    [minh] = center.agents("minh")
    lan.click("transfer")
    lan.page.fill("#transfer-search", "minh")
    lan.page.get_by_role("button", name="Ask first: Minh").click()
    minh.is_rung()
    minh.click("answer")
    lan.hears_only(MINH)

    lan.click("merge")

    caller.hears_only(LAN, MINH)
    lan.hears_only(CUSTOMER, MINH)
    lan.page.get_by_role("button", name="Remove Minh from the call").click()
    minh.sees("ended")
    caller.hears_only(LAN)
    lan.hears_only(CUSTOMER)
    caller.click("hang-up")
