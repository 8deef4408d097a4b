"""Which call goes to whom: each rule by example, and all of them against a reference."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

from hypothesis import given, settings

from agents.domain import QueueNeeds, Reach, Rule
from routing.domain.matching import match
from routing.domain.question import Answer, Considered, GroupTier, Listed, Overtaken, PassedOver, Place, Question
from routing.domain.stored import from_json, to_json
from routing.tests.questions import (
    HELPERS,
    LISTS,
    NOW,
    SALES,
    SUPPORT,
    agent,
    ago,
    busy,
    call,
    missed,
    policy,
    question,
    questions,
    reference,
)


def pairs(asked: Question) -> list[tuple[int, int]]:
    """(entry, agent) in the order in which calls chose."""
    return [(each.entry, each.agent) for each in match(asked).matches]


def passed_over(asked: Question) -> list[tuple[int, str | None]]:
    """Who was considered for the only match."""
    (only,) = match(asked).matches
    return [(each.agent, each.passed_over) for each in only.considered]


def in_seconds(seconds: float) -> dt.datetime:
    return ago(-seconds)


# ── Order ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_call_that_waits_longest_takes_the_agent_who_is_idle_longest():
    asked = question(
        [call(1, waited_s=5), call(2, waited_s=50)], [agent(1, idle_s=10), agent(2, idle_s=90), agent(3, idle_s=30)]
    )
    assert pairs(asked) == [(2, 2), (1, 3)]


def test_priority_goes_before_waiting_and_the_id_decides_between_equals():
    asked = question([call(3), call(2), call(1, waited_s=1, priority=1)], [agent(2), agent(1), agent(3)])
    assert pairs(asked) == [(1, 1), (2, 2), (3, 3)]


def test_calls_of_all_queues_stand_in_one_order():
    asked = question(
        [call(1, queue=SUPPORT, waited_s=5), call(2, queue=SALES, waited_s=9)],
        [agent(1)],
        policy(SALES),
        policy(SUPPORT),
    )
    assert pairs(asked) == [(2, 1)]


def test_nobody_is_given_out_twice():
    asked = question(
        [call(1, queue=SALES), call(2, queue=SUPPORT)], [agent(1), agent(2)], policy(SALES), policy(SUPPORT)
    )
    assert pairs(asked) == [(1, 1), (2, 2)]


def test_a_call_whose_customers_server_is_still_asked_lets_others_pass_and_says_when_to_look_again():
    asked = question([call(1, ready_at=in_seconds(2)), call(2, waited_s=1)], [agent(1), agent(2)])

    answer = match(asked)

    assert [(each.entry, each.agent) for each in answer.matches] == [(2, 1)]
    assert answer.matches[0].overtook == (Overtaken(1, PassedOver.NOT_READY),)
    assert answer.look_again_at == in_seconds(2)


def test_an_agent_of_a_line_that_goes_on_is_kept_for_its_calls():
    many = policy(SALES, cut=True)
    asked = question(
        [call(1, waited_s=90, tried=(missed(1, until=in_seconds(2)),)), call(2, queue=SUPPORT, waited_s=5)],
        [agent(1), agent(2, groups=(77,))],
        many,
        policy(SUPPORT, primary=(11, 77)),
    )
    assert pairs(asked) == [(2, 2)]
    assert passed_over(asked) == [(1, PassedOver.EARLIER_CALLS_FIRST), (2, None)]


# ── Tiers ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_primary_agents_go_before_backup_agents_who_are_idle_longer():
    asked = question([call(1)], [agent(1, idle_s=900, groups=(HELPERS,)), agent(2, idle_s=1)])
    assert pairs(asked) == [(1, 2)]
    assert passed_over(asked) == [(1, PassedOver.PRIMARY_FIRST), (2, None)]


def test_backup_agents_take_over_at_once_when_no_primary_agent_is_available():
    asked = question([call(1)], [busy(1), agent(2, groups=(HELPERS,))])
    assert passed_over(asked) == [(1, Rule.IN_CALL), (2, None)]
    assert match(asked).matches[0].tier is GroupTier.BACKUP


def test_backup_groups_open_after_the_set_time_of_waiting_and_not_before():
    late = policy(backup_after_s=30)
    asked = question([call(1, waited_s=29), call(2, waited_s=30)], [agent(1, groups=(HELPERS,))], late)
    assert pairs(asked) == [(2, 1)]

    waiting_only = question([call(1, waited_s=29)], [agent(1, groups=(HELPERS,))], late)
    assert match(waiting_only) == Answer((), in_seconds(1))


def test_an_agent_in_both_tiers_is_primary():
    asked = question([call(1)], [agent(1, idle_s=1, groups=(HELPERS, 11)), agent(2, groups=(HELPERS,))])
    assert pairs(asked) == [(1, 1)]


# ── Last agent ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_last_agent_of_the_caller_goes_before_the_longest_idle_in_his_tier():
    asked = question([call(1, last_agent=1)], [agent(1, idle_s=1), agent(2)])
    assert passed_over(asked) == [(2, PassedOver.LAST_AGENT_FIRST), (1, None)]


def test_the_last_agent_does_not_go_before_a_better_tier():
    asked = question([call(1, last_agent=1)], [agent(1, groups=(HELPERS,)), agent(2), agent(3, groups=(HELPERS,))])
    assert pairs(asked) == [(1, 2)]


def test_a_queue_may_not_care_for_the_last_agent():
    asked = question([call(1, last_agent=1)], [agent(1, idle_s=1), agent(2)], policy(last_agent_first=False))
    assert passed_over(asked) == [(1, PassedOver.LONGER_IDLE_FIRST), (2, None)]


# ── Missed offers ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_after_a_missed_offer_everybody_else_comes_first_even_in_the_backup_tier():
    asked = question([call(1, tried=(missed(1),))], [agent(1), agent(2, idle_s=1, groups=(HELPERS,))])
    assert passed_over(asked) == [(1, PassedOver.TRIED_BEFORE_OTHERS), (2, None)]


def test_with_one_agent_the_same_is_rung_again_after_the_pause():
    early = question([call(1, tried=(missed(1, until=in_seconds(2)),))], [agent(1)])
    assert match(early) == Answer((), in_seconds(2))

    later = question([call(1, attempts=1, tried=(missed(1),))], [agent(1)])
    assert [(each.agent, each.attempt) for each in match(later).matches] == [(1, 2)]


def test_who_missed_the_call_least_often_is_tried_next():
    asked = question(
        [call(1, tried=(missed(1, 3), missed(2, 2), missed(3, 2)))], [agent(1), agent(2), agent(3, idle_s=99)]
    )
    assert pairs(asked) == [(1, 3)]


def test_a_call_that_may_not_have_the_agent_yet_is_overtaken_by_a_printed_rule():
    asked = question([call(1, tried=(missed(1, until=in_seconds(2)),)), call(2, waited_s=1)], [agent(1)])

    (only,) = match(asked).matches

    assert (only.entry, only.overtook) == (2, (Overtaken(1, PassedOver.TRIED_RECENTLY),))
    assert match(asked).look_again_at is None  # the agent is gone, so nothing happens by itself


# ── Devices ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_sip_phone_counts_only_where_the_queue_says_so():
    desk = agent(1, device_status=Reach.SIP)
    apps_only, with_sip = policy(SALES), policy(SUPPORT, needs=QueueNeeds(cond_routing=2))
    asked = question([call(1), call(2, queue=SUPPORT, waited_s=1)], [desk], apps_only, with_sip)

    (only,) = match(asked).matches

    assert (only.entry, only.overtook) == (2, (Overtaken(1, Rule.ONLY_SIP),))
    assert [endpoint.partition(":")[0] for endpoint in only.endpoints] == ["sip"]


def test_all_unavailable_agents_are_shown_with_the_first_rule_that_keeps_them():
    asked = question(
        [call(1), call(2, waited_s=1)],
        [busy(1), agent(2, manual_status="LUNCH BREAK"), agent(3, set_aside_at=ago(9)), agent(4), agent(5, idle_s=1)],
    )
    first, second = match(asked).matches
    kept = [Considered(1, GroupTier.PRIMARY, Rule.IN_CALL), Considered(2, GroupTier.PRIMARY, Rule.MANUAL_STATUS)]
    kept.append(Considered(3, GroupTier.PRIMARY, Rule.SET_ASIDE))
    longer = Considered(5, GroupTier.PRIMARY, PassedOver.LONGER_IDLE_FIRST)
    reserved = Considered(4, GroupTier.PRIMARY, PassedOver.RESERVED_FOR_EARLIER_CALL)
    assert list(first.considered) == [*kept, longer, Considered(4, GroupTier.PRIMARY)]
    assert list(second.considered) == [*kept, reserved, Considered(5, GroupTier.PRIMARY)]


# ── Lists of the customer ────────────────────────────────────────────────────────────────────────────────────────────
BY_LIST = policy(LISTS, uses_list=True)


def listing(entry: int, *lines: Listed, **facts):
    return call(entry, queue=LISTS, listed=tuple(lines), **facts)


def test_a_list_is_followed_in_its_order_and_groups_are_ignored():
    asked = question([listing(1, Listed(3, 12), Listed(1, 5))], [agent(1), agent(2), agent(3, groups=())], BY_LIST)

    (only,) = match(asked).matches

    assert (only.agent, only.timeout_s, only.tier) == (3, 12, GroupTier.PRIMARY)
    assert passed_over(asked) == [(1, PassedOver.LISTED_LATER), (3, None)]


def test_busy_and_unknown_agents_of_a_list_are_skipped():
    asked = question([listing(1, Listed(99, 5), Listed(1, 5), Listed(2, 7))], [busy(1), agent(2)], BY_LIST)
    assert passed_over(asked) == [(1, Rule.IN_CALL), (2, None)]


def test_a_list_starts_over_when_all_available_ones_were_tried():
    lines = (Listed(1, 5), Listed(2, 5), Listed(3, 5))
    candidates = [agent(1), agent(2), busy(3)]

    second = question([listing(1, *lines, tried=(missed(1),))], candidates, BY_LIST)
    again = question([listing(1, *lines, tried=(missed(1), missed(2)))], candidates, BY_LIST)
    pausing = question([listing(1, *lines, tried=(missed(1, until=in_seconds(1)), missed(2, 2)))], [agent(1)], BY_LIST)

    assert pairs(second) == [(1, 2)]
    assert pairs(again) == [(1, 1)]
    assert match(pausing) == Answer((), in_seconds(1))


def test_a_call_without_an_answer_keeps_waiting_and_others_pass():
    asked = question([call(1, queue=LISTS), listing(2, Listed(1, 5), waited_s=1)], [agent(1)], BY_LIST)

    (only,) = match(asked).matches

    assert (only.entry, only.overtook) == (2, (Overtaken(1, PassedOver.NO_LIST),))


def test_a_call_whose_list_does_not_name_the_agent_is_overtaken_in_its_queue():
    asked = question([listing(1, Listed(2, 5)), listing(2, Listed(1, 5), waited_s=1)], [agent(1), busy(2)], BY_LIST)
    assert match(asked).matches[0].overtook == (Overtaken(1, PassedOver.NOT_LISTED),)


def test_groups_take_over_from_a_failing_list_only_where_the_queue_says_so():
    failing = replace(BY_LIST, list_failed=True)
    willing = replace(BY_LIST, fall_back_to_groups=True)
    falling_back = replace(failing, fall_back_to_groups=True)
    listed_before = listing(1, Listed(2, 5))
    assert pairs(question([listed_before], [agent(1)], failing)) == []
    assert pairs(question([listed_before], [agent(1)], willing)) == []
    assert pairs(question([listed_before], [agent(1)], falling_back)) == [(1, 1)]


def test_a_list_may_have_an_agent_rung_on_another_phone():
    phones = policy(LISTS, uses_list=True, needs=QueueNeeds(has_caller_id_for_phones=True))
    asked = question([listing(1, Listed(1, 15, routing_type=2, phone="84911111111"))], [agent(1)], phones)
    assert match(asked).matches[0].endpoints == ("tel:84911111111",)

    without_caller_id = question([listing(1, Listed(1, 15, routing_type=2, phone="84911111111"))], [agent(1)], BY_LIST)
    assert pairs(without_caller_id) == []


def test_times_of_a_list_are_kept_within_limits():
    asked = question([listing(1, Listed(1, 0)), listing(2, Listed(2, 10**9))], [agent(1), agent(2)], BY_LIST)
    assert [each.timeout_s for each in match(asked).matches] == [3, 600]


def test_an_agent_who_is_listed_twice_counts_once_at_the_first_place():
    asked = question([listing(1, Listed(1, 5), Listed(2, 9), Listed(1, 30))], [agent(1), agent(2)], BY_LIST)
    assert [(each.agent, each.timeout_s) for each in match(asked).matches] == [(1, 5)]
    assert passed_over(asked) == [(2, PassedOver.LISTED_LATER), (1, None)]


# ── Whatever is asked ────────────────────────────────────────────────────────────────────────────────────────────────
many = settings(max_examples=150)


@many
@given(questions())
def test_the_answer_is_that_of_the_reference(asked: Question):
    assert pairs(asked) == reference(asked)


@many
@given(questions())
def test_no_agent_and_no_call_is_matched_twice(asked: Question):
    matches = match(asked).matches
    assert len({each.agent for each in matches}) == len(matches)
    assert len({each.entry for each in matches}) == len(matches)


@many
@given(questions())
def test_every_match_can_be_rung_and_is_explained(asked: Question):
    for each in match(asked).matches:
        assert each.endpoints
        assert 3 <= each.timeout_s <= 600
        assert each.considered[-1] == Considered(each.agent, each.tier)
        assert all(other.passed_over is not None for other in each.considered[:-1])
        assert len({other.agent for other in each.considered}) == len(each.considered)


@many
@given(questions())
def test_nobody_is_overtaken_except_by_a_printed_rule(asked: Question):
    place: dict[int, Place] = {each.entry: each.place for each in asked.waiting}
    queue = {each.entry: each.queue for each in asked.waiting}
    matches = match(asked).matches
    served = {each.entry for each in matches}
    for each in matches:
        printed = [other.entry for other in each.overtook]
        assert printed == sorted(printed, key=place.__getitem__)
        earlier = {entry for entry in place if place[entry] < place[each.entry] and queue[entry] == each.queue}
        assert earlier - served <= set(printed)


@many
@given(questions())
def test_nothing_is_left_that_could_be_given_out_and_the_next_look_comes_later(asked: Question):
    answer = match(asked)
    rest = replace(
        asked,
        waiting=tuple(each for each in asked.waiting if each.entry not in {one.entry for one in answer.matches}),
        candidates=tuple(
            each for each in asked.candidates if each.state.agent_id not in {one.agent for one in answer.matches}
        ),
    )
    if not any(each.cut for each in asked.policies):
        assert pairs(rest) == []
    assert answer.look_again_at is None or answer.look_again_at > NOW


@many
@given(questions())
def test_questions_and_answers_survive_as_json_and_give_the_same_answer_again(asked: Question):
    answer = match(asked)
    told = from_json(Question, json.loads(json.dumps(to_json(asked))))
    assert told == asked
    assert from_json(Answer, json.loads(json.dumps(to_json(answer)))) == answer
    assert match(told) == answer


@given(questions())
def test_the_order_in_which_things_are_given_does_not_matter(asked: Question):
    turned = replace(
        asked, waiting=asked.waiting[::-1], candidates=asked.candidates[::-1], policies=asked.policies[::-1]
    )
    assert pairs(turned) == pairs(asked)
