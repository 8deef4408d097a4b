from __future__ import annotations

import pytest
from auditlog.models import LogEntry
from django.db import transaction

from numbers_app.models import BlockedNumber
from tests import factories
from tests.console import FRAME_QUERIES, act, errors_of, page, said, sign_in, texts

BLOCKED = "numbers_app_blockednumber"


@pytest.fixture
def console(supervisor, ours):
    return sign_in(supervisor, ours)


def paste(console, numbers, **data):
    values = {"numbers": numbers, "ivr_blocked": "on", "queue_blocked": "on", **data}
    return console.post(page(BLOCKED, "paste"), values)


def test_pasted_list_is_shown_before_anything_is_written(console, ours):
    factories.BlockedNumberFactory(project=ours, number="84909982889")

    response = paste(console, "0909 982 888, +84909982888\n84909982889\ncall me")

    preview = response.context["preview"]
    found = {
        kind: [(each.line, each.text) for each in preview[kind]] for kind in ("new", "known", "repeated", "invalid")
    }
    assert found == {
        "new": [(1, "0909 982 888")],
        "repeated": [(1, "+84909982888")],
        "known": [(2, "84909982889")],
        "invalid": [(3, "call me")],
    }
    assert "Block 1 caller" in texts(response)
    assert BlockedNumber.objects.count() == 1


def test_confirmed_list_is_written_with_its_switches_and_history(console, ours, supervisor):
    factories.BlockedNumberFactory(project=ours, number="84909982889", ivr_blocked=False)

    response = paste(console, "0909 982 888\n84909982889\nnonsense", confirmed="1", queue_blocked="")

    assert response.status_code == 302
    assert said(response) == ["1 caller is now blocked."]
    rows = BlockedNumber.objects.order_by("digits").values_list("number", "digits", "ivr_blocked", "queue_blocked")
    assert list(rows) == [
        ("0909 982 888", "84909982888", True, False),
        ("84909982889", "84909982889", False, True),
    ]
    assert LogEntry.objects.filter(actor=supervisor, object_repr="0909 982 888").count() == 1


def test_list_without_a_new_number_cannot_be_confirmed(console):
    response = paste(console, "nonsense", confirmed="1")
    assert "There is no new number in this list." in texts(response)
    assert not BlockedNumber.objects.exists()


def test_number_blocked_in_another_project_is_new_here(console, ours, theirs):
    factories.BlockedNumberFactory(project=theirs, number="84909982888")
    assert [each.digits for each in paste(console, "84909982888").context["preview"]["new"]] == ["84909982888"]
    paste(console, "84909982888", confirmed="1")
    assert BlockedNumber.objects.filter(project=ours).count() == 1


@pytest.mark.parametrize(
    ("numbers", "field", "message"),
    [
        ("", "numbers", "This field is required."),
        (" ,\n;", "numbers", "There is no number in this text."),
        ("1" * 200_001, "numbers", "Ensure this value has at most 200000 characters (it has 200001)."),
        (
            "\n".join(str(84900000000 + n) for n in range(5001)),
            "numbers",
            "These are more than 5000 numbers. Split the list.",
        ),
        ("8490\x00", "numbers", "Null characters are not allowed."),
    ],
)
def test_text_that_cannot_be_a_list_is_refused(console, numbers, field, message):
    response = paste(console, numbers, confirmed="1")
    assert errors_of(response) == {field: [message]}
    assert not BlockedNumber.objects.exists()


def test_list_that_somebody_else_blocks_at_the_same_time_is_checked_again(console, ours, monkeypatch):
    def block_first(*args, **kwargs):
        factories.BlockedNumberFactory(project=ours, number="84909982888")
        factories.BlockedNumberFactory(project=ours, number="84909982888")

    monkeypatch.setattr("numbers_app.services.block_numbers", transaction.atomic(block_first))
    response = paste(console, "84909982888", confirmed="1")
    assert errors_of(response) == {
        "numbers": ["Somebody changed the same thing at the same time. Check the list again."]
    }
    assert not BlockedNumber.objects.exists()


def test_pasting_asks_for_at_least_one_way_of_blocking(console):
    response = paste(console, "84909982888", ivr_blocked="", queue_blocked="", confirmed="1")
    assert errors_of(response) == {"ivr_blocked": ["Choose at least one way of blocking."]}


def test_viewer_cannot_paste(viewer, ours):
    console = sign_in(viewer, ours)
    assert console.get(page(BLOCKED, "paste")).status_code == 403
    assert paste(console, "84909982888", confirmed="1").status_code == 403
    assert not BlockedNumber.objects.exists()


@pytest.mark.parametrize(
    ("action", "expected"),
    [("block_everywhere", (True, True)), ("block_before_ivr", (True, False)), ("block_from_queues", (False, True))],
)
def test_how_many_callers_are_blocked_is_changed_at_once(console, ours, action, expected):
    rows = [
        factories.BlockedNumberFactory(project=ours, ivr_blocked=not expected[0], queue_blocked=not expected[1])
        for _ in range(2)
    ]
    act(console, BLOCKED, action, rows, confirmed="1")
    assert set(BlockedNumber.objects.values_list("ivr_blocked", "queue_blocked")) == {expected}


def test_blocked_number_is_found_in_every_spelling(console, ours):
    factories.BlockedNumberFactory(project=ours, number="84909982888")
    factories.BlockedNumberFactory(project=ours, number="84909111222")
    response = console.get(page(BLOCKED, "changelist"), {"q": "0909.982.888"})
    assert [row.digits for row in response.context["cl"].result_list] == ["84909982888"]


def test_list_costs_the_same_for_any_number_of_rows(console, ours, django_assert_num_queries):
    for _ in range(20):
        factories.BlockedNumberFactory(project=ours)
    with django_assert_num_queries(FRAME_QUERIES + 2):  # count, rows
        assert console.get(page(BLOCKED, "changelist")).status_code == 200


def test_empty_list_leads_to_pasting(console):
    response = console.get(page(BLOCKED, "changelist"))
    assert "Nobody is blocked." in texts(response)
    assert page(BLOCKED, "paste") in response.content.decode()
