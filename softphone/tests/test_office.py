"""What the door has done in the database: routes, engines, calls and devices, each within its project."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable
from typing import Any

import pytest
from django.db import connections

from agents.models import Device
from callflow import refusals
from callflow.domain.call import Party, TransferKind
from common import clock
from softphone.identity import Identity
from softphone.office import CallNotAllowed, DatabaseOffice, Route
from softphone.phone_access import PhoneAccess
from telephony.models import EngineNode
from telephony.outbox import ALIVE_FOR
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
HOTLINE, CUSTOMER = "842473082686", "84909982888"
MINH = Party("minh", internal=True)
FAR = 4_000_000_000.0


@pytest.fixture
def office():
    yield DatabaseOffice()
    connections.close_all()


@pytest.fixture
def hotline(ours):
    return factories.NumberFactory(project=ours, number=HOTLINE)


def wait(work: Awaitable[Any]) -> Any:
    async def waiting() -> Any:
        return await work

    return asyncio.run(waiting())


def lan(project: Any, *, agent: bool = True) -> Identity:
    return Identity(project.pk, "lan", FAR, agent=agent)


def phone(project: Any, caller: str = CUSTOMER, only_number: str = "") -> Identity:
    return Identity(project.pk, "", FAR, phone=PhoneAccess(project.pk, caller, only_number=only_number))


# ── Calls out ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_agent_calls_as_his_page(office, ours, hotline):
    factories.AgentFactory(project=ours, stringee_user_id="lan")
    route = wait(office.route_out(lan(ours), HOTLINE, CUSTOMER, ""))
    assert route == Route(f"web:{ours.pk}_lan", HOTLINE, CUSTOMER)


def test_whoever_may_not_dial_is_refused_as_the_conductor_would(office, ours, hotline):
    with pytest.raises(refusals.AgentNotFoundOrInAnotherCall):
        wait(office.route_out(lan(ours), HOTLINE, CUSTOMER, ""))
    with pytest.raises(CallNotAllowed):
        wait(office.route_out(lan(ours, agent=False), HOTLINE, CUSTOMER, ""))


def test_telephone_calls_numbers_of_its_project_in_any_spelling(office, ours, hotline):
    for dialled in (HOTLINE, "+84 24 7308 2686", "024 7308 2686"):
        route = wait(office.route_out(phone(ours), "whatever", dialled, ""))
        assert route == Route(f"tel:{CUSTOMER}", CUSTOMER, HOTLINE)


def test_telephone_without_a_number_chooses_one(office, ours, hotline):
    route = wait(office.route_out(phone(ours, ""), "0909 982 888", HOTLINE, ""))
    assert route == Route(f"tel:{CUSTOMER}", CUSTOMER, HOTLINE)


@pytest.mark.parametrize(
    ("caller", "only", "from_number", "dialled", "refusal"),
    [
        ("", "", "nobody", HOTLINE, refusals.NumberFormat),
        (CUSTOMER, "", "", "lan", refusals.NumberFormat),
        (CUSTOMER, "", "", CUSTOMER, refusals.ToNumberInvalid),
        (CUSTOMER, CUSTOMER, "", HOTLINE, CallNotAllowed),
    ],
)
def test_telephone_calls_nobody_else(office, ours, hotline, caller, only, from_number, dialled, refusal):
    with pytest.raises(refusal):
        wait(office.route_out(phone(ours, caller, only), from_number, dialled, ""))


def test_telephone_does_not_call_another_projects_number(office, theirs, hotline):
    with pytest.raises(refusals.ToNumberInvalid):
        wait(office.route_out(phone(theirs), "", HOTLINE, ""))


def test_engines_are_those_that_browsers_hear_and_that_live(office):
    now = clock.now()
    for name, kind, seen_at in [
        ("one", "browser", now),
        ("two", "browser", now),
        ("dead", "browser", now - ALIVE_FOR - dt.timedelta(seconds=1)),
        ("played", "simulated", now),
    ]:
        EngineNode.objects.create(name=name, kind=kind, reaches=["web"], started_at=now, seen_at=seen_at)
    assert sorted(wait(office.engines())) == ["one", "two"]


# ── Calls that run ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_calls_of_other_projects_are_not_there(office, ours, theirs):
    call = factories.CallFactory(project=ours)
    assert wait(office.has_call(phone(ours), call.call_id))
    assert not wait(office.has_call(phone(theirs), call.call_id))
    for ask in (
        lambda: office.hold(lan(theirs), call.call_id, held=True),
        lambda: office.transfer(lan(theirs), call.call_id, MINH, TransferKind.ATTENDED),
        lambda: office.transfer_to_queue(lan(theirs), call.call_id, "QUMHMRTT"),
        lambda: office.add_person(lan(theirs), call.call_id, MINH),
    ):
        with pytest.raises(refusals.CallNotFound):
            wait(ask())


# ── Devices ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_device_is_forgotten_by_the_socket_that_brought_it_alone(office, ours):
    who = lan(ours)
    wait(office.device_is_up(who, "s-1", "door-1", 45))
    wait(office.device_is_up(who, "s-1", "door-2", 45))
    wait(office.device_is_down(who, "s-1", "door-1"))
    device = Device.objects.get()
    assert (device.user_id, device.engine_node, device.kind) == ("lan", "door-2", "web")
    assert device.expires_at is not None
    wait(office.device_is_down(who, "s-1", "door-2"))
    assert not Device.objects.exists()


def test_push_token_is_kept_until_it_is_taken_back(office, ours, theirs):
    wait(office.add_push_token(lan(ours), "token"))
    wait(office.remove_push_token(lan(theirs), "token"))
    assert Device.objects.get().kind == "push"
    wait(office.remove_push_token(lan(ours), "token"))
    assert not Device.objects.exists()
