"""What many waiting calls wait for, told at once as it is told for one."""

from __future__ import annotations

import pytest
from hypothesis import given

from routing.domain.question import Question
from routing.domain.waits import why_each_waits, why_waiting
from routing.selectors import waits_of, waits_of_lines
from routing.tests.questions import questions
from routing.tests.rows import NOW, agent_in, queue_with_group, waiting_in


@given(questions())
def test_many_calls_are_told_the_same_as_each_by_itself(asked: Question):
    assert why_each_waits(asked) == {each.entry: why_waiting(asked, each.entry) for each in asked.waiting}


@pytest.mark.django_db
def test_calls_of_two_queues_are_told_with_few_queries(ours, django_assert_max_num_queries):
    entries = []
    for _queue in range(2):
        queue, group = queue_with_group(ours)
        agent_in(group, idle_s=None)
        entries += [waiting_in(queue, waited_s=waited) for waited in (30, 20, 10)]

    with django_assert_max_num_queries(3):
        waits = waits_of_lines(ours.pk, entries, NOW)

    assert waits == {entry.pk: waits_of(entry, NOW) for entry in entries}
    assert [waits[entry.pk].ahead for entry in entries] == [0, 1, 2, 0, 1, 2]


@pytest.mark.django_db
def test_nobody_waits_and_nothing_is_told(ours):
    assert waits_of_lines(ours.pk, [], NOW) == {}
