"""A page of the console on which a supervisor listens, at the door: what it may do, which is little."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync

from softphone import listener_access
from softphone.identity import Identity
from softphone.office import CallNotAllowed, DatabaseOffice
from softphone.packets import Service
from softphone.page import RENEW_EVERY_S
from softphone.tests.rig import CALL, DONE, HOTLINE, LEG, Client, Rig
from telephony import signals

ACCESS = listener_access.new(7, CALL, 3)
NOT_DONE = {1, 3, 9, 11, 22}


@pytest.fixture
def page(rig: Rig) -> Client:
    client = rig.page("", agent=False, listener=ACCESS)
    rig.engine_heard()
    client.heard.clear()
    return client


@pytest.fixture
def listening(rig: Rig, page: Client) -> Client:
    rig.rings(endpoint=ACCESS.endpoint)
    rig.accepts(page)
    return page


def test_it_is_rung_at_its_own_place_and_at_no_agents(rig, page):
    rig.rings("leg-2", "call-2")
    assert page.told(Service.INCOMING_CALL) == []
    rig.rings(endpoint=ACCESS.endpoint)
    assert [each["callId"] for each in page.told(Service.INCOMING_CALL)] == [CALL]
    rig.accepts(page)
    assert page.says(Service.HANG_UP, callId=CALL) == DONE
    assert rig.engine_heard() == [signals.Leave(page.name, LEG)]


def test_other_pages_of_the_same_supervisor_are_not_rung(rig, page):
    other = rig.page("", "web-2", agent=False, listener=listener_access.new(7, CALL, 3))
    rig.rings(endpoint=ACCESS.endpoint)
    assert other.told(Service.INCOMING_CALL) == []


def test_it_is_no_device_on_which_an_agent_could_be_reached(rig, page):
    assert rig.office.devices == set()


@pytest.mark.parametrize(
    ("service", "body"),
    [
        (Service.HOLD, {"callId": CALL, "hold": True}),
        (Service.TRANSFER, {"callId": CALL, "to": {"number": "lan", "type": "internal"}}),
        (Service.SEND_MESSAGE, {"toUser": "lan", "message": "hello"}),
        (Service.ADD_PUSH_TOKEN, {"deviceToken": "x"}),
        (Service.CHANGE_ATTRIBUTE, {"attribute": "a", "value": 1}),
    ],
)
def test_it_can_do_nothing_but_listen(rig, listening, service, body):
    assert listening.says(service, **body)["r"] in NOT_DONE
    assert rig.engine_heard() == []
    assert rig.office.done == []


def test_it_may_call_nobody():
    who = Identity(7, "", 0.0, listener=ACCESS)
    with pytest.raises(CallNotAllowed):
        async_to_sync(DatabaseOffice().route_out)(who, HOTLINE, "84909982888", "")


def test_whoever_supervises_no_more_hears_no_more(clock, rig, listening):
    rig.office.revoked = True
    clock.shift(RENEW_EVERY_S + 1)
    listening.ticks()
    assert rig.engine_heard() == [signals.Leave(listening.name, LEG)]
    assert listening.closed == "what the page was let in with is revoked"
