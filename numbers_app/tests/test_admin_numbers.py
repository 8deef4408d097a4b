from __future__ import annotations

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME

from numbers_app.models import Number
from tests import factories
from tests.console import FRAME_QUERIES, act, errors_of, form_values, page, said, sign_in, texts

NUMBER = "numbers_app_number"
LIST_QUERIES = FRAME_QUERIES + 4  # trees and queues for the filters, count, rows


@pytest.fixture
def console(supervisor, ours):
    return sign_in(supervisor, ours)


@pytest.fixture
def tree(ours):
    return factories.IvrTreeFactory(project=ours, tree_name="Welcome")


@pytest.fixture
def queue(ours):
    return factories.QueueFactory(project=ours, name="Support")


def test_number_is_stored_as_it_was_typed_and_matched_by_its_digits(console, ours, queue):
    response = console.post(
        page(NUMBER, "add"), {"number": "+84 24.7308-2686", "nickname": "Hotline", "queue": queue.pk}
    )

    assert response.status_code == 302
    number = Number.objects.get()
    assert (number.project, number.number, number.digits) == (ours, "+84 24.7308-2686", "842473082686")
    assert (number.enable_ivr, number.queue, number.ivr_tree) == (False, queue, None)
    assert (number.allow_outbound_calls, number.record_outbound_calls) == (False, False)


@pytest.mark.parametrize("again", ["842473082686", "+84 24 7308 2686", "0084-24-7308-2686", "024 7308 2686"])
def test_number_that_is_there_already_is_refused_in_every_spelling(console, ours, again):
    factories.NumberFactory(project=ours, number="842473082686")

    response = console.post(page(NUMBER, "add"), {"number": again})

    assert errors_of(response) == {"number": ["This is taken already: number “842473082686”."]}
    assert Number.objects.count() == 1


def test_another_project_may_have_the_same_number(console, ours, theirs):
    factories.NumberFactory(project=theirs, number="842473082686")
    assert console.post(page(NUMBER, "add"), {"number": "842473082686"}).status_code == 302
    assert Number.objects.filter(project=ours).count() == 1


def test_text_that_is_no_number_is_refused_with_what_to_write(console):
    response = console.post(page(NUMBER, "add"), {"number": "hotline"})
    assert errors_of(response)["number"] == [
        "“hotline” is not a phone number. Write 3 to 15 digits, with the country code, e.g. 84909982888."
    ]
    assert not Number.objects.exists()


def test_ivr_needs_a_tree(console, queue):
    response = console.post(page(NUMBER, "add"), {"number": "842473082686", "enable_ivr": "on", "queue": queue.pk})
    assert errors_of(response) == {"ivr_tree": ["Choose the IVR tree that callers hear, or switch IVR off."]}
    assert not Number.objects.exists()


def test_switching_ivr_on_forgets_the_queue_and_off_forgets_the_tree(console, ours, tree, queue):
    number = factories.NumberFactory(project=ours, queue=queue)
    address = page(NUMBER, "change", number.pk)
    values = form_values(console.get(address))

    console.post(address, {**values, "enable_ivr": "on", "ivr_tree": tree.pk})
    number.refresh_from_db()
    assert (number.enable_ivr, number.ivr_tree, number.queue) == (True, tree, None)

    values.pop("enable_ivr", None)
    console.post(address, {**values, "ivr_tree": tree.pk, "queue": queue.pk})
    number.refresh_from_db()
    assert (number.enable_ivr, number.ivr_tree, number.queue) == (False, None, queue)


def test_number_may_be_added_before_there_is_anything_to_answer_it(console):
    response = console.post(page(NUMBER, "add"), {"number": "842473082686"})
    assert response.status_code == 302
    assert "Nothing answers this number yet: callers will hear that it is not in use." in said(response)


def test_tree_and_queue_of_another_project_cannot_answer(console, theirs):
    tree, queue = factories.IvrTreeFactory(project=theirs), factories.QueueFactory(project=theirs)

    response = console.post(page(NUMBER, "add"), {"number": "842473082686", "enable_ivr": "on", "ivr_tree": tree.pk})
    assert list(errors_of(response)) == ["ivr_tree"]
    response = console.post(page(NUMBER, "add"), {"number": "842473082686", "queue": queue.pk})
    assert list(errors_of(response)) == ["queue"]
    assert not Number.objects.exists()


def test_web_addresses_are_checked(console):
    response = console.post(page(NUMBER, "add"), {"number": "842473082686", "answer_url": "javascript:alert(1)"})
    assert list(errors_of(response)) == ["answer_url"]


def test_list_shows_what_answers_and_links_to_it(console, ours, tree, queue):
    factories.NumberFactory(project=ours, number="842473082686", nickname="Hotline", enable_ivr=True, ivr_tree=tree)
    factories.NumberFactory(project=ours, number="84899199586", queue=queue)
    factories.NumberFactory(project=ours, number="2222")

    response = console.get(page(NUMBER, "changelist"))

    assert "+84 24 7308 2686 Hotline IVR tree Welcome" in texts(response)
    assert "+84 899 199 586 - Queue Support" in texts(response)
    assert "+2222 - Nothing yet" in texts(response)
    assert page("queues_queue", "change", queue.pk) in response.content.decode()


@pytest.mark.parametrize("search", ["842473082686", "+84 24 7308 2686", "024 7308 2686", "7308.2686", "hotl", "welc"])
def test_number_is_found_in_every_spelling_and_by_names(console, ours, tree, search):
    factories.NumberFactory(project=ours, number="842473082686", nickname="Hotline", enable_ivr=True, ivr_tree=tree)
    factories.NumberFactory(project=ours, number="84899199586")

    response = console.get(page(NUMBER, "changelist"), {"q": search})

    assert [row.digits for row in response.context["cl"].result_list] == ["842473082686"]


def test_rows_of_another_project_are_neither_listed_nor_opened(console, theirs):
    number = factories.NumberFactory(project=theirs)
    assert list(console.get(page(NUMBER, "changelist")).context["cl"].result_list) == []
    assert console.get(page(NUMBER, "change", number.pk)).status_code == 404
    assert console.post(page(NUMBER, "change", number.pk), {"number": "1234"}).status_code == 404


def test_empty_list_says_what_to_do(console):
    response = console.get(page(NUMBER, "changelist"))
    assert "Numbers are what your customers dial." in texts(response)
    assert page(NUMBER, "add") in response.content.decode()


def test_list_costs_the_same_for_any_number_of_numbers(console, ours, tree, queue, django_assert_num_queries):
    for _ in range(50):
        factories.NumberFactory(project=ours, enable_ivr=True, ivr_tree=tree)
    with django_assert_num_queries(LIST_QUERIES):
        assert console.get(page(NUMBER, "changelist")).status_code == 200


def test_sending_numbers_to_a_queue_shows_the_change_and_then_makes_it(console, ours, tree, queue):
    number = factories.NumberFactory(project=ours, number="842473082686", enable_ivr=True, ivr_tree=tree)

    asked = act(console, NUMBER, "send_to_queue", [number])
    assert 'name="with-queue"' in asked.content.decode()
    shown = act(console, NUMBER, "send_to_queue", [number], asked="1", **{"with-queue": queue.pk})
    number.refresh_from_db()
    assert number.enable_ivr
    assert "Welcome" in texts(shown)
    assert "Support" in texts(shown)

    act(console, NUMBER, "send_to_queue", [number], confirmed="1", **{"with-queue": queue.pk})
    number.refresh_from_db()
    assert (number.enable_ivr, number.ivr_tree, number.queue) == (False, None, queue)


def test_sending_numbers_to_a_tree(console, ours, tree, queue):
    numbers = [factories.NumberFactory(project=ours, queue=queue) for _ in range(2)]
    act(console, NUMBER, "send_to_tree", numbers, confirmed="1", **{"with-ivr_tree": tree.pk})
    assert list(Number.objects.values_list("enable_ivr", "ivr_tree", "queue")) == [(True, tree.pk, None)] * 2


def test_numbers_cannot_be_sent_to_another_projects_queue(console, ours, theirs, queue):
    number = factories.NumberFactory(project=ours, queue=queue)
    foreign = factories.QueueFactory(project=theirs)

    response = act(console, NUMBER, "send_to_queue", [number], confirmed="1", **{"with-queue": foreign.pk})

    number.refresh_from_db()
    assert number.queue == queue
    assert foreign.name not in response.content.decode()


@pytest.mark.parametrize(
    ("action", "field", "value"),
    [
        ("allow_outbound", "allow_outbound_calls", True),
        ("forbid_outbound", "allow_outbound_calls", False),
        ("record_outbound", "record_outbound_calls", True),
        ("do_not_record_outbound", "record_outbound_calls", False),
    ],
)
def test_switches_of_many_numbers(console, ours, action, field, value):
    numbers = [factories.NumberFactory(project=ours, **{field: not value}) for _ in range(3)]
    shown = act(console, NUMBER, action, numbers[:2])
    assert "confirmed" in shown.content.decode()
    assert Number.objects.filter(**{field: value}).count() == 0

    act(console, NUMBER, action, numbers[:2], confirmed="1")

    assert Number.objects.filter(**{field: value}).count() == 2


def test_viewer_sees_numbers_and_changes_none(viewer, ours, queue):
    number = factories.NumberFactory(project=ours, nickname="Hotline", queue=queue)
    console = sign_in(viewer, ours)

    assert "Hotline" in texts(console.get(page(NUMBER, "changelist")))
    assert console.get(page(NUMBER, "change", number.pk)).status_code == 200
    assert console.get(page(NUMBER, "add")).status_code == 403
    assert console.post(page(NUMBER, "change", number.pk), {"number": "842473082686"}).status_code == 403
    assert console.post(page(NUMBER, "delete", number.pk), {"post": "yes"}).status_code == 403
    values = {"action": "forbid_outbound", ACTION_CHECKBOX_NAME: [number.pk], "confirmed": "1"}
    console.post(page(NUMBER, "changelist"), values)
    number.refresh_from_db()
    assert (number.nickname, number.allow_outbound_calls) == ("Hotline", True)


@pytest.mark.parametrize("chosen", ["x", "-1", "9" * 40, "²", "\x00", ""])
@pytest.mark.parametrize("action", ["delete_selected", "forbid_outbound", "export_as_csv", "no_such_action"])
def test_action_on_what_is_no_row_changes_nothing(console, ours, action, chosen):
    number = factories.NumberFactory(project=ours)
    values = {"action": action, ACTION_CHECKBOX_NAME: [chosen], "confirmed": "1", "post": "yes"}
    assert console.post(page(NUMBER, "changelist"), values).status_code == 302
    number.refresh_from_db()
    assert number.allow_outbound_calls
