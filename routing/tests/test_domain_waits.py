"""What a waiting call says it waits for."""

from __future__ import annotations

from hypothesis import given

from agents.domain import Rule
from routing.domain.matching import match
from routing.domain.question import GroupTier, Listed, PassedOver, Question
from routing.domain.waits import Kept, Waits, WaitsFor, why_waiting
from routing.tests.questions import HELPERS, LISTS, agent, ago, busy, call, missed, policy, question, questions

PRIMARY, BACKUP = GroupTier.PRIMARY, GroupTier.BACKUP


def test_a_call_waits_for_agents_and_counts_what_keeps_them():
    away = agent(3, manual_status="LUNCH BREAK")
    asked = question([call(1, waited_s=99), call(2)], [busy(1), busy(2), away, agent(4, groups=(99,))])
    assert why_waiting(asked, 2) == Waits(
        2, WaitsFor.AGENT, ahead=1, kept=(Kept(PRIMARY, Rule.IN_CALL, 2), Kept(PRIMARY, Rule.MANUAL_STATUS, 1))
    )


def test_backup_groups_that_open_later_are_told_with_their_time():
    asked = question([call(1, waited_s=10)], [busy(1), agent(2, groups=(HELPERS,))], policy(backup_after_s=30))
    assert why_waiting(asked, 1) == Waits(
        1,
        WaitsFor.AGENT,
        ahead=0,
        kept=(Kept(PRIMARY, Rule.IN_CALL, 1), Kept(BACKUP, PassedOver.BACKUP_NOT_OPEN, 1)),
        backup_opens_at=ago(-20),
        until=ago(-20),
    )


def test_a_call_for_which_an_agent_is_there_waits_for_the_offer_only():
    waits = why_waiting(question([call(1)], [agent(1)]), 1)
    assert (waits.reason, waits.until) == (WaitsFor.OFFER, None)


def test_an_agent_whom_an_earlier_call_gets_is_counted():
    waits = why_waiting(question([call(1, waited_s=20), call(2)], [agent(1)]), 2)
    assert waits.kept == (Kept(PRIMARY, PassedOver.RESERVED_FOR_EARLIER_CALL, 1),)


def test_a_call_waits_for_the_customers_server():
    waits = why_waiting(question([call(1, ready_at=ago(-2))], [agent(1)]), 1)
    assert (waits.reason, waits.until) == (WaitsFor.SERVER, ago(-2))


def test_a_call_waits_for_its_list_or_for_those_on_it():
    by_list = policy(LISTS, uses_list=True, list_failed=True)
    unknown = call(2, queue=LISTS, listed=(Listed(99, 5),))
    listed = call(3, queue=LISTS, listed=(Listed(1, 5),), tried=(missed(1, until=ago(-2)),))
    asked = question([call(1, queue=LISTS), unknown, listed], [agent(1)], by_list)

    first, second, third = (why_waiting(asked, entry) for entry in (1, 2, 3))

    assert (first.reason, first.list_failed) == (WaitsFor.LIST, True)
    assert second.reason is WaitsFor.LISTED_AGENTS
    assert (third.reason, third.until) == (WaitsFor.AGENT, ago(-2))
    assert third.kept == (Kept(PRIMARY, PassedOver.TRIED_RECENTLY, 1),)


def test_a_queue_without_agents_is_named_and_a_call_that_does_not_wait_says_nothing():
    asked = question([call(1)], [agent(1, groups=(99,))])
    assert why_waiting(asked, 1, ahead=7) == Waits(1, WaitsFor.GROUPS, ahead=7)
    assert why_waiting(asked, 2) is None


@given(questions())
def test_a_call_waits_for_an_offer_exactly_when_the_rules_give_it_an_agent(asked: Question):
    given_out = {each.entry for each in match(asked).matches}
    waits = [why_waiting(asked, each.entry) for each in asked.waiting]
    assert {each.entry for each in waits if each.reason is WaitsFor.OFFER} == given_out
