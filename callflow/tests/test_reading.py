"""Calls are read with their legs, their last stay in a queue and their last offer."""

from __future__ import annotations

import datetime as dt

import pytest

from callflow import store
from callflow.domain.call import AgentRef
from calls.domain import LegRole, LegState
from calls.models import Leg
from common import clock
from routing.domain.offers import OfferState
from routing.models import Offer
from tests import factories

pytestmark = pytest.mark.django_db


def leg_of(call, leg_id, agent=None):
    return Leg.objects.create(
        project=call.project,
        call=call,
        leg_id=leg_id,
        role=LegRole.AGENT if agent else LegRole.CALLER,
        state=LegState.ENDED,
        endpoint="tel:84900000001",
        number="84900000001",
        agent=agent,
        started_at=clock.now(),
    )


def offer_of(entry, agent):
    now = clock.now()
    return Offer.objects.create(
        project=entry.project,
        call=entry.call,
        entry=entry,
        agent=agent,
        state=OfferState.TIMED_OUT,
        opened_at=now,
        deadline_at=now + dt.timedelta(seconds=20),
        ended_at=now,
    )


def test_a_call_has_all_its_legs_and_its_last_entry_and_offer(ours, agent_1, agent_2):
    call = factories.CallFactory(project=ours)
    leg_of(call, "leg-caller")
    leg_of(call, "leg-agent", agent_1)
    queue = factories.QueueFactory(project=ours)
    first = factories.QueueEntryFactory(
        project=ours, call=call, queue=queue, state="ended", outcome="redirected", ended_at=clock.now()
    )
    last = factories.QueueEntryFactory(project=ours, call=call, queue=queue)
    offer_of(first, agent_1)
    offer = offer_of(last, agent_2)

    (loaded,) = store.locked([call.pk])

    assert [(leg.id, leg.agent) for leg in loaded.call.legs] == [
        ("leg-caller", None),
        ("leg-agent", AgentRef(agent_1.pk, agent_1.stringee_user_id)),
    ]
    assert loaded.call.entry.id == last.pk
    assert (loaded.call.offer.id, loaded.call.offer.agent.user_id) == (offer.pk, agent_2.stringee_user_id)


def test_an_offer_to_an_agent_who_is_gone_is_none(ours, agent_1):
    call = factories.CallFactory(project=ours)
    entry = factories.QueueEntryFactory(project=ours, call=call, queue=factories.QueueFactory(project=ours))
    offer_of(entry, agent_1)
    offer_of(entry, None)

    (loaded,) = store.locked([call.pk])

    assert loaded.call.offer.agent.id == agent_1.pk


def test_calls_come_in_the_order_of_their_keys_and_without_legs_too(ours):
    second, first = (factories.CallFactory(project=ours) for _ in range(2))

    found = store.locked([first.pk, second.pk])

    assert [(loaded.row, loaded.call.legs, loaded.call.entry, loaded.call.offer) for loaded in found] == [
        (second, (), None, None),
        (first, (), None, None),
    ]


def test_a_leg_that_nobody_knows_has_no_call(ours):
    assert store.locked_by_leg("nobody") is None
