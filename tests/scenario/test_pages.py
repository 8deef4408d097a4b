"""What the pages of calls tell of calls that went through."""

from __future__ import annotations

import pytest

from callflow import requests
from callflow.domain.call import Party
from callflow.domain.events import HoldRequested
from calls.models import Leg
from routing.models import Decision, Offer
from telephony.port import Part
from tests.console import page, sign_in, texts
from tests.scenario.conftest import HOTLINE, MENU

pytestmark = pytest.mark.django_db


def shown_call(client, call):
    return client.get(page("calls_call", "change", call.pk)).context["page"]


def told(client, call):
    return [line.text for line in shown_call(client, call).story]


def test_a_call_is_told_from_its_beginning_to_its_end(world, hotline, ours, viewer):
    world.online("agent_1", does="rejects", after_s=1)
    world.online("agent_2", after_s=3)
    caller = world.call(HOTLINE, talk_s=20)
    world.run_for(10)
    world.happen(caller, HoldRequested(True))
    world.run_for(5)
    world.happen(caller, HoldRequested(False))
    world.run_for(60)

    client = sign_in(viewer, ours)

    assert told(client, world.row(caller)) == [
        "+84 900 000 012 calls +84 24 0000 0097.",
        "The caller waits in the queue “Sales”.",
        "Agent One is being rung (offer 1).",
        "Agent One rejects the call.",
        "Agent Two is being rung (offer 2).",
        "Agent Two answers.",
        "The recording begins.",
        "+84 900 000 012 is put on hold.",
        "+84 900 000 012 is back from hold.",
        "The call is over. Completed: the customer's side hung up.",
    ]
    shown = shown_call(client, world.row(caller))
    assert [(lane.name, [bar.kind for bar in lane.bars]) for lane in shown.lanes] == [
        ("+84 900 000 012", ["waiting", "talking", "hold"]),
        ("Agent One", ["missed"]),
        ("Agent Two", ["ringing", "talking"]),
        ("Recording", ["recording"]),
    ]
    assert (shown.state, shown.reason) == ("Completed", "The customer's side hung up")
    assert [outcome for _offer, outcome, _colour, _link in shown.offers] == ["Rejected", "Answered"]


def test_who_was_added_and_who_listened_whispered_and_joined_is_told(world, hotline, ours, viewer):
    world.online("agent_1", after_s=1)
    caller = world.call(HOTLINE)
    world.run_for(2)
    world.online("agent_2", after_s=1)
    world.online("console:chief", after_s=1)
    call_id, where = world.row(caller).call_id, f"web:{ours.pk}_console:chief"
    for part in Part:
        requests.supervise(ours.pk, call_id, Party("/Chief", internal=True), part, endpoint=where)
        world.run_for(2)
    requests.add_person(ours.pk, call_id, Party("agent_2", internal=True), by_user="agent_1")
    world.run_for(2)
    world.hangs_up(Leg.objects.get(agent__stringee_user_id="agent_1").leg_id)
    requests.stop_supervising(ours.pk, call_id, "/Chief")
    world.run_for(1)
    world.hangs_up(caller)
    world.run_out()

    client = sign_in(viewer, ours)

    story = told(client, world.row(caller))
    assert story[story.index("Agent One answers.") + 2 :] == [
        "Chief is being rung.",
        "Chief listens to the conversation.",
        "Chief speaks to the agent alone.",
        "Chief joins the conversation.",
        "Agent One adds Agent Two, who is being rung.",
        "Agent Two answers.",
        "Agent One leaves the call.",
        "Agent Two goes on talking with the customer.",
        "Chief leaves the call.",
        "The call is over. Completed: the customer's side hung up.",
    ]
    lanes = [(lane.name, lane.role) for lane in shown_call(client, world.row(caller)).lanes]
    assert lanes[2:4] == [("Chief", "Supervisor"), ("Agent Two", "Third person")]


def test_keys_are_told_at_their_moments(world, menu_number, ours, viewer):
    caller = world.call(MENU, keys="2 9", talk_s=20)
    world.run_for(10)

    story = shown_call(sign_in(viewer, ours), world.row(caller)).story

    assert [(line.after, line.text) for line in story] == [
        ("0 s", "+84 900 000 012 calls +84 24 0000 0098."),
        ("0 s", "The caller hears the menu “Welcome”."),
        ("1 s", "At “welcome”: key 2."),
        ("2 s", "At “more”: key 9."),
        ("2 s", "The caller waits in the queue “Sales”."),
    ]


def test_a_caller_who_waits_in_vain_sees_why(world, hotline, ours, viewer):
    caller = world.call(HOTLINE, patience_s=30)
    world.run_for(10)
    client = sign_in(viewer, ours)
    assert list(shown_call(client, world.row(caller)).waits_for) == [
        "First in line.",
        "None of the agents can be had.",
        "Primary: 2 agents without a connected app, page or phone",
    ]

    world.run_for(30)
    assert told(client, world.row(caller))[-1] == "The call is over. Abandoned: the caller hung up."
    assert list(shown_call(client, world.row(caller)).waits_for) == []


def test_an_offer_says_why_and_answers_the_same_again(world, hotline, ours, viewer):
    world.online("agent_1", does="never_answers")
    world.online("agent_2", after_s=3)
    world.call(HOTLINE, talk_s=20)
    world.run_for(60)
    client = sign_in(viewer, ours)
    first, second = Offer.objects.order_by("pk")

    shown = client.get(page("routing_offer", "change", second.pk), {"again": "1"})

    assert "Agent One: " in shown.context["why"].agents[0]
    assert shown.context["why"].agents[-1].startswith("Agent Two: chosen, free since ")
    assert shown.context["again"]["good"]
    assert "Did not answer" in texts(client.get(page("routing_offer", "change", first.pk)))


def test_a_changed_answer_is_an_incident(world, hotline, ours, viewer):
    world.online("agent_1", after_s=3)
    world.call(HOTLINE, talk_s=20)
    world.run_for(60)
    offer, decisions = Offer.objects.get(), Decision.objects.all()
    answer = decisions.get().answer
    decisions.update(answer={"matches": []})

    shown = sign_in(viewer, ours).get(page("routing_offer", "change", offer.pk), {"again": "1"})
    decisions.update(answer=answer)

    assert not shown.context["again"]["good"]
    assert "this is an incident" in texts(shown)
