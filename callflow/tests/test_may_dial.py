"""What an agent's page is told before its call begins: whether he may place it, with the code that it knows."""

from __future__ import annotations

import datetime as dt

import pytest

from agents import activity
from callflow import refusals, requests
from calls.domain import LegRole, LegState
from calls.models import Leg
from common import clock
from queues.models import BusinessHours
from tests import factories

pytestmark = pytest.mark.django_db
HOTLINE, CUSTOMER = "842473082686", "84909982888"


@pytest.fixture
def hotline(ours):
    return factories.NumberFactory(project=ours, number=HOTLINE)


@pytest.fixture
def lan(ours, hotline):
    return factories.AgentFactory(project=ours, stringee_user_id="lan")


def may_dial(project, user="lan", caller_id=HOTLINE, dialled=CUSTOMER, custom=""):
    requests.may_dial(project.pk, user, caller_id, dialled, custom)


def test_an_agent_may_call_customers_and_users(ours, lan):
    may_dial(ours)
    may_dial(ours, caller_id="", dialled="minh")


def test_an_agent_whose_name_is_a_number_is_called_without_showing_a_number_of_ours(ours, lan):
    factories.AgentFactory(project=ours, stringee_user_id="1001")
    may_dial(ours, caller_id="", dialled="1001")
    may_dial(ours, caller_id="", dialled="1002", custom='{"call_setting": {"to_type": "internal"}}')
    with pytest.raises(refusals.FromNumberNotFound):
        may_dial(ours, caller_id="", dialled="1002")


def test_only_agents_of_the_project_may_call(ours, theirs, lan):
    for project, user in ((ours, "nobody"), (theirs, "lan")):
        with pytest.raises(refusals.AgentNotFoundOrInAnotherCall):
            may_dial(project, user)


def test_an_agent_in_a_call_may_not(ours, lan):
    call = factories.CallFactory(project=ours)
    assert activity.called_out(lan.pk, call.call_id, clock.now())
    with pytest.raises(refusals.AgentNotFoundOrInAnotherCall):
        may_dial(ours)


@pytest.mark.parametrize("caller_id", ["842473000000", "", "lan"])
def test_customers_see_a_number_of_the_project(ours, lan, caller_id):
    with pytest.raises(refusals.FromNumberNotFound):
        may_dial(ours, caller_id=caller_id)


def test_a_number_of_another_project_is_nobody_s(ours, theirs, lan):
    factories.NumberFactory(project=theirs, number="842473000009")
    with pytest.raises(refusals.FromNumberNotFound):
        may_dial(ours, caller_id="842473000009")


def test_a_number_may_be_closed_to_outbound_calls(ours, hotline, lan):
    hotline.allow_outbound_calls = False
    hotline.save()
    with pytest.raises(refusals.CalloutNotAllowed):
        may_dial(ours)


def test_nothing_cannot_be_dialled(ours, lan):
    with pytest.raises(refusals.ToNumberInvalid):
        may_dial(ours, dialled="")


def test_after_hours_only_who_is_allowed_to_calls_customers(ours, lan):
    BusinessHours.objects.filter(project=ours).delete()
    factories.BusinessHoursFactory(project=ours, is_default=True, enabled=True)  # no range: never open
    with pytest.raises(refusals.CalloutNotAllowed):
        may_dial(ours)
    may_dial(ours, dialled="minh")
    lan.allow_out_of_business_hour_callout = True
    lan.save()
    may_dial(ours)


def test_the_limits_of_the_project_hold(ours, lan):
    ours.call_settings.outbound_concurrency = 1
    ours.call_settings.save()
    call = factories.CallFactory(project=ours)
    Leg.objects.create(
        project=ours,
        call=call,
        leg_id="leg-1",
        role=LegRole.DESTINATION,
        state=LegState.DIALING,
        endpoint=f"tel:{CUSTOMER}",
        started_at=clock.now() - dt.timedelta(minutes=5),
    )
    with pytest.raises(refusals.TooManyCalls):
        may_dial(ours)
