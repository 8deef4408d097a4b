"""Offers in the database: opened together with their decision, explained and asked once more."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given

from agents.domain import Rule
from calls.models import Subject, Transition
from routing.domain.matching import match
from routing.domain.offers import OfferState
from routing.domain.question import Question
from routing.domain.waits import why_waiting
from routing.explain import (
    KEPT,
    OF_AGENTS,
    OF_CALLS,
    Differs,
    Explanation,
    Same,
    Unreadable,
    explain_offer,
    explain_waiting,
    replay,
)
from routing.models import Decision, Offer
from routing.selectors import question_for, waits_of
from routing.services import store_decision
from routing.tests.questions import questions
from routing.tests.rows import NOW, agent_in, ago, queue_with_group, waiting_in


@pytest.fixture
def queue_and_group(ours):
    return queue_with_group(ours, wait_agent_answer_timeout=20)


def decided(project) -> list[Offer]:
    """The offers of all matches that can be made now."""
    question = question_for(project.pk, NOW)
    answer = match(question)
    return store_decision(question, answer, answer.matches, NOW)


@pytest.fixture
def offer(ours, queue_and_group):
    queue, group = queue_and_group
    agent_in(group, name="Lan", manual_status="LUNCH BREAK", idle_s=None)
    agent_in(group, name="Minh", idle_s=60)
    agent_in(group, name="Hoa", idle_s=5)
    waiting_in(queue)
    (made,) = decided(ours)
    return made


# ── Opening ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_offers_are_stored_with_one_decision_and_a_transition_each(ours, queue_and_group, django_assert_num_queries):
    queue, group = queue_and_group
    agents = [agent_in(group, idle_s=60 - number) for number in range(2)]
    entries = [waiting_in(queue, waited_s=waited) for waited in (9, 8)]
    question = question_for(ours.pk, NOW)
    answer = match(question)

    with django_assert_num_queries(3):
        store_decision(question, answer, answer.matches, NOW)

    first, second = Offer.objects.order_by("pk")
    assert [(each.call_id, each.entry_id, each.agent_id) for each in (first, second)] == [
        (entry.call_id, entry.pk, agent.pk) for entry, agent in zip(entries, agents, strict=True)
    ]
    assert first.decision_id == second.decision_id
    assert (first.state, first.tier, first.attempt, first.opened_at) == (OfferState.OPEN, 1, 1, NOW)
    assert first.deadline_at == NOW + dt.timedelta(seconds=20)
    assert first.leg_id != second.leg_id
    assert len(first.endpoints) == 1
    told = Transition.objects.filter(subject=Subject.OFFER).order_by("pk").values_list("subject_id", "before", "after")
    assert list(told) == [(str(first.pk), "", "open"), (str(second.pk), "", "open")]


@pytest.mark.django_db
def test_only_matches_that_won_become_offers_and_without_any_nothing_is_kept(ours, queue_and_group):
    queue, group = queue_and_group
    for _ in range(2):
        agent_in(group)
        waiting_in(queue)
    question = question_for(ours.pk, NOW)
    answer = match(question)

    assert store_decision(question, answer, (), NOW) == []
    assert Decision.objects.count() == 0

    (made,) = store_decision(question, answer, answer.matches[1:], NOW)
    assert made.entry_id == answer.matches[1].entry
    assert len(made.decision.answer["matches"]) == 2


@pytest.mark.django_db
def test_the_database_refuses_a_second_open_offer_of_an_agent_or_a_call(offer, queue_and_group):
    queue, group = queue_and_group
    other_call, other_agent = waiting_in(queue), agent_in(group)
    same = {"project": offer.project, "opened_at": NOW, "deadline_at": NOW}

    with pytest.raises(IntegrityError, match="offer_open_once_for_agent"), transaction.atomic():
        Offer.objects.create(agent=offer.agent, call=other_call.call, entry=other_call, **same)
    with pytest.raises(IntegrityError, match="offer_open_once_for_call"), transaction.atomic():
        Offer.objects.create(agent=other_agent, call=offer.call, entry=offer.entry, **same)

    assert Offer.objects.count() == 1


@pytest.mark.django_db
def test_the_database_refuses_two_winners_of_one_stay(offer, queue_and_group):
    Offer.objects.update(state=OfferState.ACCEPTED, ended_at=NOW)
    with pytest.raises(IntegrityError, match="offer_accepted_once_for_entry"), transaction.atomic():
        Offer.objects.create(
            project=offer.project,
            call=offer.call,
            entry=offer.entry,
            agent=offer.agent,
            opened_at=NOW,
            deadline_at=NOW,
            ended_at=NOW,
            state=OfferState.ACCEPTED,
        )


# ── In words ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_an_offer_says_why_it_went_to_its_agent(ours, offer):
    assert explain_offer(Offer.objects.get(pk=offer.pk)).lines == (
        "Lan: not available (LUNCH BREAK)",
        "Hoa: free for a shorter time, since 15:59:55",
        "Minh: chosen, free since 15:59:00",
    )


@pytest.mark.django_db
def test_an_offer_names_the_calls_that_it_overtook(ours, queue_and_group):
    queue, group = queue_and_group
    agent_in(group, name="Lan")
    first = waiting_in(queue, waited_s=99, ready_at=ago(-2))
    waiting_in(queue)
    (made,) = decided(ours)
    assert explain_offer(made).overtook == (f"Call {first.call.call_id}: your server was still being asked about it",)


@pytest.mark.django_db
def test_an_offer_outlives_its_decision_and_its_agents(ours, offer):
    offer.agent.delete()
    kept = Offer.objects.get(pk=offer.pk)
    assert kept.agent is None
    assert explain_offer(kept).agents[-1].endswith(": chosen, free since 15:59:00")

    kept.decision.delete()
    assert explain_offer(Offer.objects.get(pk=offer.pk)) == Explanation()


@pytest.mark.django_db
def test_a_waiting_call_says_what_it_waits_for(ours, queue_and_group):
    queue, group = queue_and_group
    agent_in(group, idle_s=None)
    waiting_in(queue, waited_s=20)
    entry = waiting_in(queue)
    assert explain_waiting(waits_of(entry, NOW), entry) == (
        "1 call is ahead.",
        "None of the agents can be had.",
        "Primary: 1 agent not available by their own choice",
    )


@given(questions())
def test_every_rule_that_is_printed_has_words(asked: Question):
    for each in match(asked).matches:
        assert {other.passed_over for other in each.considered} <= set(OF_AGENTS)
        assert {other.rule for other in each.overtook} <= set(OF_CALLS)
    for waiting in asked.waiting:
        assert {kept.rule for kept in why_waiting(asked, waiting.entry).kept} <= set(KEPT)


def test_every_rule_of_agents_has_words():
    assert set(Rule) <= set(OF_AGENTS) & set(KEPT)


# ── Once more ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_a_decision_is_asked_once_more_and_answers_the_same(offer):
    assert replay(Decision.objects.get()) == Same()


@pytest.mark.django_db
def test_an_answer_that_the_rules_would_not_give_is_noticed(offer):
    decision = Decision.objects.get()
    decision.answer["matches"][0]["agent"] += 1
    assert isinstance(replay(decision), Differs)


@pytest.mark.django_db
def test_a_question_of_unknown_shape_is_unreadable(offer):
    decision = Decision.objects.get()
    decision.question["moon"] = "full"
    assert replay(decision) == Unreadable("KeyError('moon')")
