"""The console's pages of questions to customers' URLs."""

from __future__ import annotations

import pytest

from tests import factories
from tests.console import FRAME_QUERIES, page, sign_in, texts

pytestmark = pytest.mark.django_db

LIST = page("webhooks_question", "changelist")
LIST_QUERIES = FRAME_QUERIES + 3  # resting endpoints, how many match, the rows
PAGE_QUERIES = FRAME_QUERIES + 6  # the question, its three long columns, its call, resting endpoints


@pytest.fixture
def call(ours):
    return factories.CallFactory(project=ours, customer_number="84909982888")


@pytest.fixture
def in_vain(ours, call):
    return factories.QuestionFactory(
        project=ours,
        call=call,
        purpose="callout_answer_url",
        method="POST",
        query={},
        body='{"from":"a"}',
        state="failed",
        failure="redirect",
        status=301,
        detail="To https://crm.example/login.",
        answer="",
    )


def test_the_list_says_what_for_where_and_how_it_went(in_vain, ours, viewer, django_assert_num_queries):
    factories.QuestionFactory.create_batch(10, project=ours, call=in_vain.call)
    client = sign_in(viewer, ours)
    with django_assert_num_queries(LIST_QUERIES):
        shown = client.get(LIST)

    assert (
        "Callout answer URL +84 909 982 888 https://crm.example:443 Without an answer "
        "The answer leads elsewhere, and this is not followed. Enter the final URL. 40 ms"
    ) in texts(shown)


def test_no_server_is_blamed_for_a_question_that_there_was_no_time_to_ask(ours, call, viewer):
    late = {"state": "failed", "failure": "timeout", "status": None}
    never = factories.QuestionFactory(project=ours, call=call, duration_ms=None, **late)
    factories.QuestionFactory(project=ours, call=call, duration_ms=2000, **late)
    client = sign_in(viewer, ours)

    for address in (LIST, page("webhooks_question", "change", never.pk), page("calls_call", "change", call.pk)):
        assert "It was not asked in time: this installation was too busy." in texts(client.get(address))
    assert "No answer came in time. 2000 ms" in texts(client.get(LIST))


@pytest.mark.parametrize("asked", [{"state__exact": "failed"}, {"purpose__exact": "callout_answer_url"}, "call"])
def test_the_list_is_narrowed_by_state_purpose_and_call(in_vain, ours, viewer, asked):
    factories.QuestionFactory(project=ours)
    asked = {"q": in_vain.call.call_id} if asked == "call" else asked

    shown = sign_in(viewer, ours).get(LIST, asked)

    assert [each.pk for each in shown.context["cl"].result_list] == [in_vain.pk]


def test_the_page_tells_why_a_question_was_in_vain(in_vain, ours, viewer, django_assert_num_queries):
    client = sign_in(viewer, ours)
    with django_assert_num_queries(PAGE_QUERIES):
        shown = client.get(page("webhooks_question", "change", in_vain.pk))

    told = texts(shown)
    assert "The answer leads elsewhere, and this is not followed. Enter the final URL." in told
    assert "To https://crm.example/login." in told
    assert shown.context["body"] == '{\n  "from": "a"\n}'
    assert "2000 ms" in told  # the time that was allowed


def test_the_page_of_an_answered_question_shows_the_query_and_the_answer(ours, viewer):
    question = factories.QuestionFactory(project=ours, answer='{"name":"<i>Mai</i>"}')

    shown = sign_in(viewer, ours).get(page("webhooks_question", "change", question.pk))

    assert "from 84909982888" in texts(shown)
    assert "&lt;i&gt;Mai&lt;/i&gt;" in shown.content.decode()


@pytest.mark.parametrize("key", ["nonsense", "1", "00000000-0000-0000-0000-000000000000"])
def test_a_question_that_is_not_there_is_not_found(ours, viewer, key):
    assert sign_in(viewer, ours).get(page("webhooks_question", "change", key)).status_code == 404


def test_a_question_of_another_project_does_not_exist(ours, theirs, owner):
    theirs_one = factories.QuestionFactory(project=theirs)
    client = sign_in(owner, ours)

    assert client.get(page("webhooks_question", "change", theirs_one.pk)).status_code == 404
    assert client.get(LIST).context["cl"].result_count == 0
