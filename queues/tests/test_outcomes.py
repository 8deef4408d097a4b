"""Where queues send callers whom they do not keep waiting: the rule, the database and the console."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from common.deletion import delete_or_refuse
from common.refusals import InUse
from ivr.services import delete_node
from queues.models import OutcomeAction, OutcomeCause, QueueOutcome
from queues.outcomes import Outcome, outcome_of
from tests import factories
from tests.console import errors_of, form_values, page, sign_in, texts

QUEUE = "queues_queue"
WAITS_NO_LONGER = [OutcomeCause.FULL, OutcomeCause.WAITED_TOO_LONG, OutcomeCause.CLOSED]


@pytest.fixture
def console(supervisor, ours):
    return sign_in(supervisor, ours)


@pytest.fixture
def queue(ours):
    return factories.QueueFactory(project=ours, name="Support")


@pytest.fixture
def other(ours):
    return factories.QueueFactory(project=ours, name="Reserve")


@pytest.fixture
def node(ours):
    tree = factories.IvrTreeFactory(project=ours, tree_name="Welcome")
    return factories.IvrNodeFactory(project=ours, tree=tree, node_name="Menu")


@pytest.fixture
def greeting(ours):
    return factories.GreetingFileFactory(project=ours, desc1="Goodbye")


def way_out(queue, **values):
    return factories.QueueOutcomeFactory(project=queue.project, queue=queue, **values)


# ── The rule ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("cause", WAITS_NO_LONGER)
@pytest.mark.parametrize(
    ("voicemail", "action"), [(True, OutcomeAction.VOICEMAIL), (False, OutcomeAction.MESSAGE)], ids=["on", "off"]
)
def test_without_a_choice_callers_reach_voicemail_where_it_is_on_or_hear_goodbye(ours, cause, voicemail, action):
    queue = factories.QueueFactory(project=ours, enable_voicemail=voicemail)
    assert outcome_of(queue, cause) == Outcome(action)


def test_without_a_choice_callers_wait_while_nobody_is_signed_in(queue):
    assert outcome_of(queue, OutcomeCause.NOBODY_SIGNED_IN) is None


def test_chosen_way_out_counts_for_its_cause_alone(queue, other, django_assert_num_queries):
    way_out(queue, cause=OutcomeCause.NOBODY_SIGNED_IN, action=OutcomeAction.QUEUE, to_queue=other)
    with django_assert_num_queries(1):
        assert outcome_of(queue, OutcomeCause.NOBODY_SIGNED_IN) == Outcome(OutcomeAction.QUEUE, to_queue_id=other.pk)
    assert outcome_of(queue, OutcomeCause.FULL) == Outcome(OutcomeAction.MESSAGE)
    assert outcome_of(other, OutcomeCause.NOBODY_SIGNED_IN) is None


def test_only_the_targets_of_the_action_are_told(queue, other, node, greeting, django_assert_num_queries):
    everything = {
        "to_queue": other,
        "to_number": "84909982888",
        "from_number": "842473082686",
        "to_node": node,
        "message": "Goodbye.",
        "greeting": greeting,
    }
    row = way_out(queue, **everything)
    expected = {
        OutcomeAction.VOICEMAIL: {},
        OutcomeAction.QUEUE: {"to_queue_id": other.pk},
        OutcomeAction.NUMBER: {"to_number": "84909982888", "from_number": "842473082686"},
        OutcomeAction.NODE: {"to_node_id": node.public_id, "tree_id": node.tree.public_id},
        OutcomeAction.MESSAGE: {"message": "Goodbye.", "greeting_file": greeting.filename},
        OutcomeAction.HANG_UP: {},
    }
    assert set(expected) == set(OutcomeAction)
    for action, targets in expected.items():
        row.action = action
        row.save()
        with django_assert_num_queries(1):
            assert outcome_of(queue, OutcomeCause.FULL) == Outcome(action, **targets)


# ── The database ─────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("action", "constraint"),
    [
        (OutcomeAction.QUEUE, "outcome_queue_there"),
        (OutcomeAction.NUMBER, "outcome_number_there"),
        (OutcomeAction.NODE, "outcome_node_there"),
        (OutcomeAction.MESSAGE, "outcome_message_there"),
        ("elsewhere", "outcome_action_known"),
    ],
)
def test_action_without_its_target_is_refused(queue, action, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        way_out(queue, action=action)


def test_queue_cannot_lead_to_itself(queue):
    with pytest.raises(IntegrityError, match="outcome_leaves_its_queue"), transaction.atomic():
        way_out(queue, action=OutcomeAction.QUEUE, to_queue=queue)


def test_cause_has_one_way_out(queue):
    way_out(queue)
    with pytest.raises(IntegrityError, match="outcome_once_for_cause"), transaction.atomic():
        way_out(queue, action=OutcomeAction.VOICEMAIL)


# ── Deleting ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_what_a_way_out_leads_to_stays_and_the_refusal_names_the_queue(queue, other, node, greeting):
    way_out(queue, cause="full", action="queue", to_queue=other)
    way_out(queue, cause="closed", action="node", to_node=node)
    way_out(queue, cause="waited_too_long", action="message", greeting=greeting)
    attempts = [
        (lambda: delete_or_refuse(other), "Support (The line is full)"),
        (lambda: delete_node(node), "Support (The queue is closed)"),
        (lambda: delete_or_refuse(node.tree), "Support (The queue is closed)"),
        (lambda: delete_or_refuse(greeting), "Support (The longest wait is over)"),
    ]
    for attempt, user in attempts:
        with pytest.raises(InUse) as refused:
            attempt()
        assert refused.value.used_by == (f"way out of queue {user}",)
    assert QueueOutcome.objects.count() == 3


def test_ways_out_go_with_their_queue(queue, other):
    way_out(queue, action="queue", to_queue=other)
    delete_or_refuse(queue)
    assert not QueueOutcome.objects.exists()


# ── The console ──────────────────────────────────────────────────────────────────────────────────────────────────────
def save(console, queue, *rows):
    """Save a queue's page with these new ways out."""
    address = page(QUEUE, "change", queue.pk)
    empty = {"to_queue": "", "to_number": "", "from_number": "", "to_node": "", "message": "", "greeting": ""}
    values = {**form_values(console.get(address)), "outcomes-TOTAL_FORMS": len(rows)}
    for number, row in enumerate(rows):
        values |= {f"outcomes-{number}-{field}": value for field, value in {**empty, **row}.items()}
    return console.post(address, values)


def problems(response):
    (inline,) = response.context["inline_admin_formsets"]
    return [dict(form.errors) for form in inline.formset.forms]


def test_ways_out_are_chosen_on_the_page_of_the_queue(console, ours, queue, other, node):
    factories.NumberFactory(project=ours, number="842473082686")
    response = save(
        console,
        queue,
        {"cause": "full", "action": "queue", "to_queue": other.pk},
        {"cause": "waited_too_long", "action": "number", "to_number": "0909982888", "from_number": "842473082686"},
        {"cause": "closed", "action": "node", "to_node": node.pk},
        {"cause": "nobody_signed_in", "action": "message", "message": "Nobody is here."},
    )
    assert response.status_code == 302
    rows = queue.outcomes.order_by("pk").values_list("project", "cause", "action", "to_queue", "to_number", "to_node")
    assert list(rows) == [
        (ours.pk, "full", "queue", other.pk, "", None),
        (ours.pk, "waited_too_long", "number", None, "0909982888", None),
        (ours.pk, "closed", "node", None, "", node.pk),
        (ours.pk, "nobody_signed_in", "message", None, "", None),
    ]
    assert "Welcome: Menu" in texts(console.get(page(QUEUE, "change", queue.pk)))


def test_targets_of_other_actions_are_forgotten_even_when_they_are_wrong(console, queue, other, greeting):
    row = {"to_queue": other.pk, "to_number": "nonsense", "message": "Goodbye.", "greeting": greeting.pk}
    assert save(console, queue, {"cause": "full", "action": "hang_up", **row}).status_code == 302
    kept = queue.outcomes.values_list("action", "to_queue", "to_number", "message", "greeting")
    assert list(kept) == [("hang_up", None, "", "", None)]


@pytest.mark.parametrize(
    ("row", "field", "message"),
    [
        ({"action": "queue"}, "to_queue", "Choose the queue in which callers wait."),
        ({"action": "number"}, "to_number", "Enter the phone number that is called."),
        ({"action": "node"}, "to_node", "Choose the node that callers hear."),
        ({"action": "message"}, "message", "Enter the text that callers hear, or choose a greeting file."),
    ],
)
def test_missing_target_is_an_error_of_its_field(console, queue, row, field, message):
    response = save(console, queue, {"cause": "full", **row})
    assert problems(response) == [{field: [message]}]
    assert not QueueOutcome.objects.exists()


def test_wrong_number_own_queue_and_foreign_rows_are_refused(console, ours, theirs, queue):
    their_queue = factories.QueueFactory(project=theirs)
    attempts = [
        ({"action": "number", "to_number": "office"}, "to_number"),
        ({"action": "number", "to_number": "84909982888", "from_number": "84111222333"}, "from_number"),
        ({"action": "queue", "to_queue": queue.pk}, "to_queue"),
        ({"action": "queue", "to_queue": their_queue.pk}, "to_queue"),
        ({"action": "elsewhere"}, "action"),
    ]
    for row, field in attempts:
        assert [list(found) for found in problems(save(console, queue, {"cause": "full", **row}))] == [[field]]
    assert not QueueOutcome.objects.exists()


def test_cause_is_chosen_once(console, queue):
    response = save(console, queue, {"cause": "full", "action": "hang_up"}, {"cause": "full", "action": "voicemail"})
    assert response.status_code == 200
    assert errors_of(response) == {}
    assert not QueueOutcome.objects.exists()


def test_list_shows_the_queues_that_lead_to_a_queue(console, queue, other):
    way_out(queue, action="queue", to_queue=other)
    assert "Support (The line is full)" in texts(console.get(page(QUEUE, "changelist")))


def test_viewer_sees_ways_out_and_changes_none(viewer, ours, queue, other):
    way_out(queue, action="queue", to_queue=other)
    console = sign_in(viewer, ours)
    assert "Support (The line is full)" in texts(console.get(page(QUEUE, "change", queue.pk)))
    assert console.post(page(QUEUE, "change", queue.pk), {"name": "Mine"}).status_code == 403
    assert queue.outcomes.get().action == "queue"
