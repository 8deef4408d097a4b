from __future__ import annotations

import pytest
from auditlog.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from common import sheets
from numbers_app.models import PriorityCaller
from numbers_app.selectors import priority_of
from tests import factories
from tests.console import FRAME_QUERIES, act, errors_of, page, said, sign_in, texts

CALLER = "numbers_app_prioritycaller"


@pytest.fixture
def console(supervisor, ours):
    return sign_in(supervisor, ours)


def test_caller_on_the_list_has_its_priority_and_others_have_none(ours, theirs, django_assert_num_queries):
    factories.PriorityCallerFactory(project=ours, number="0909 982 888", priority=7)
    factories.PriorityCallerFactory(project=theirs, number="84909982889", priority=9)

    with django_assert_num_queries(1):
        assert priority_of(ours.pk, "84909982888") == 7
    assert priority_of(ours.pk, "84909982889") == 0
    assert priority_of(theirs.pk, "84909982888") == 0


@pytest.mark.django_db
@pytest.mark.parametrize("priority", [0, 10])
def test_database_refuses_a_priority_out_of_range(ours, priority):
    with pytest.raises(IntegrityError, match="priority_range"), transaction.atomic():
        factories.PriorityCallerFactory(project=ours, priority=priority)


def test_caller_is_added_in_any_spelling_with_history(console, ours, supervisor):
    values = {"number": "0909.982.888", "priority": "5", "note": "Hospital"}
    assert console.post(page(CALLER, "add"), values).status_code == 302
    caller = PriorityCaller.objects.get()
    assert (caller.project, caller.digits, caller.priority, caller.note) == (ours, "84909982888", 5, "Hospital")
    assert caller.public_id.startswith("PC")
    assert LogEntry.objects.filter(actor=supervisor, object_pk=str(caller.pk)).count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"priority": "0"}, "priority"), ({"priority": "10"}, "priority"), ({"number": "the boss"}, "number")],
)
def test_wrong_value_is_an_error_of_its_field(console, changes, field):
    response = console.post(page(CALLER, "add"), {"number": "84909982888", "priority": "5", "note": "", **changes})
    assert list(errors_of(response)) == [field]
    assert not PriorityCaller.objects.exists()


def test_caller_is_on_the_list_once(console, ours):
    factories.PriorityCallerFactory(project=ours, number="84909982888")
    response = console.post(page(CALLER, "add"), {"number": "0909 982 888", "priority": "5", "note": ""})
    assert list(errors_of(response)) == ["number"]
    assert PriorityCaller.objects.count() == 1


def test_list_shows_the_earliest_first_and_finds_every_spelling(console, ours):
    factories.PriorityCallerFactory(project=ours, number="84909982888", priority=2)
    factories.PriorityCallerFactory(project=ours, number="84909111222", priority=9, note="Hospital")
    response = console.get(page(CALLER, "changelist"))
    assert [row.priority for row in response.context["cl"].result_list] == [9, 2]
    for words, digits in (("0909.982.888", "84909982888"), ("hospital", "84909111222")):
        found = console.get(page(CALLER, "changelist"), {"q": words}).context["cl"].result_list
        assert [row.digits for row in found] == [digits]


def test_priority_of_many_callers_is_set_at_once(console, ours):
    callers = [factories.PriorityCallerFactory(project=ours) for _ in range(2)]
    response = act(console, CALLER, "set_priority", callers, confirmed="1", **{"with-priority": "8"})
    assert said(response) == ["2 rows changed."]
    assert set(PriorityCaller.objects.values_list("priority", flat=True)) == {8}


def test_list_is_exported_and_imported(console, ours):
    factories.PriorityCallerFactory(project=ours, number="84909982888", priority=2, note="Lan")
    exported = console.get(page(CALLER, "export"), {"as": "csv"}).content
    sheet = sheets.read(exported)
    assert (sheet.headers, sheet.rows) == (("number", "priority", "note"), (("84909982888", "2", "Lan"),))

    changed = exported.replace(b"2,Lan", b"3,Lan") + b"0909 982 889,9,Minh\n"
    shown = console.post(page(CALLER, "import"), {"file": SimpleUploadedFile("rows.csv", changed)})
    console.post(page(CALLER, "process_import"), {"upload": shown.context["upload"]})

    rows = PriorityCaller.objects.order_by("digits").values_list("digits", "priority", "note")
    assert list(rows) == [("84909982888", 3, "Lan"), ("84909982889", 9, "Minh")]


def test_list_costs_the_same_for_any_number_of_rows(console, ours, django_assert_num_queries):
    for _ in range(20):
        factories.PriorityCallerFactory(project=ours)
    with django_assert_num_queries(FRAME_QUERIES + 2):  # count, rows
        assert console.get(page(CALLER, "changelist")).status_code == 200


def test_empty_list_says_what_it_is_for(console):
    assert "Nobody goes first." in texts(console.get(page(CALLER, "changelist")))
