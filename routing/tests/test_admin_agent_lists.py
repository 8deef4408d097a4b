"""The console's pages of questions to agent list URLs."""

from __future__ import annotations

import json

import pytest

from routing.tests.rows import list_line
from tests import factories
from tests.console import FRAME_QUERIES, page, sign_in, texts

pytestmark = pytest.mark.django_db

LIST = page("routing_agentlistquestion", "changelist")
LIST_QUERIES = FRAME_QUERIES + 4  # resting endpoints, how many match, the rows, queues to choose from
# The question, its three long columns, its queue, calls, agents, resting endpoints.
PAGE_QUERIES = FRAME_QUERIES + 8


@pytest.fixture
def queue(ours):
    return factories.QueueFactory(project=ours, name="Support", get_list_agents_url="https://crm.example/agents")


@pytest.fixture
def call(ours):
    return factories.CallFactory(project=ours, customer_number="84909982888")


@pytest.fixture
def odd(ours, queue, call, agent_1):
    """An answer with a wrong time for agent_1, and an agent whom nobody knows."""
    agents = [{"stringee_user_id": "stranger"}, {"stringee_user_id": "agent_1", "answer_timeout": 1}]
    answer = {"version": 2, "calls": [{"callId": call.call_id, "agents": agents}]}
    return factories.AgentListQuestionFactory(
        project=ours,
        queue=queue,
        answer=json.dumps(answer),
        findings=[
            finding("agent_unknown", "calls[0].agents[0]", call.call_id, '"stranger"'),
            finding("timeout_out_of_range", "calls[0].agents[1]", call.call_id, "1"),
        ],
        lists={call.call_id: [list_line(agent_1, timeout_s=3, routing_type=2)]},
    )


def finding(code, where="", call_id="", said=""):
    return {"code": code, "where": where, "call_id": call_id, "said": said}


def open_page(client, question):
    return client.get(page("routing_agentlistquestion", "change", question.pk))


def test_the_list_says_which_queue_asked_and_how_it_went(odd, ours, viewer, django_assert_num_queries):
    factories.AgentListQuestionFactory.create_batch(10, project=ours, queue=odd.queue)
    client = sign_in(viewer, ours)
    with django_assert_num_queries(LIST_QUERIES):
        shown = client.get(LIST)

    assert "Support 1 https://crm.example:443 Answered HTTP 200 30 ms 2" in texts(shown)


def test_the_page_tells_a_developer_which_call_and_which_agent(
    odd, call, agent_1, ours, viewer, django_assert_num_queries
):
    client = sign_in(viewer, ours)
    with django_assert_num_queries(PAGE_QUERIES):
        shown = open_page(client, odd)

    told = texts(shown)
    assert (
        'No agent of this project has the “stringee_user_id” "stranger"; it was left out. calls[0].agents[0] '
        "· Call: +84 909 982 888 · Agent: stranger"
    ) in told
    assert "“answer_timeout” must be from 3 to 600 seconds, not 1; the nearest of these is used." in told
    assert "calls[0].agents[1] · Call: +84 909 982 888 · Agent: Agent One (agent_1)" in told
    assert "Agent One (agent_1) · on a phone · 3 s at most" in told
    content = shown.content.decode()
    assert page("calls_call", "change", call.pk) in content
    assert page("agents_agent", "change", agent_1.pk) in content


@pytest.mark.parametrize("answer", ["", "<html>", '{"calls": 3}', '{"calls": [3, {"agents": {}}]}', '{"version":2,"ca'])
def test_an_answer_that_cannot_be_read_is_shown_as_it_is(ours, queue, viewer, answer):
    question = factories.AgentListQuestionFactory(
        project=ours, queue=queue, state="failed", answer=answer, findings=[finding("not_json", said="line 1")]
    )

    shown = open_page(sign_in(viewer, ours), question)

    assert shown.status_code == 200
    assert "The answer came, and nothing of it could be used." in texts(shown)
    assert "<html>" not in shown.content.decode()


def test_the_queues_page_tells_of_a_question_in_vain_and_leads_to_it(ours, queue, supervisor):
    question = factories.AgentListQuestionFactory(
        project=ours, queue=queue, state="failed", failure="timeout", status=None, answer=""
    )
    client = sign_in(supervisor, ours)

    for address in (page("queues_queue", "change", queue.pk), page("routing_grouprouting", "queue", queue.pk)):
        shown = client.get(address)
        assert "was in vain. No answer came in time." in texts(shown)
        assert page("routing_agentlistquestion", "change", question.pk) in shown.content.decode()
        assert f"{LIST}?queue__id__exact={queue.pk}" in shown.content.decode()


def test_the_queues_page_tells_of_a_server_that_was_not_asked_yet(queue, ours, viewer):
    shown = sign_in(viewer, ours).get(page("queues_queue", "change", queue.pk))

    assert "Your server has not been asked yet." in texts(shown)


def test_a_queue_without_an_agent_list_url_says_nothing_of_it(ours, viewer):
    queue = factories.QueueFactory(project=ours)
    client = sign_in(viewer, ours)

    for address in (page("queues_queue", "change", queue.pk), page("routing_grouprouting", "queue", queue.pk)):
        assert "All questions about this queue" not in texts(client.get(address))


def test_a_question_of_another_project_does_not_exist(ours, theirs, owner):
    theirs_one = factories.AgentListQuestionFactory(project=theirs)
    client = sign_in(owner, ours)

    assert open_page(client, theirs_one).status_code == 404
    assert client.get(LIST).context["cl"].result_count == 0


def test_calls_and_agents_of_another_project_are_not_named(ours, theirs, queue, viewer):
    stranger = factories.AgentFactory(project=theirs, name="Secret agent", stringee_user_id="agent_9")
    secret = factories.CallFactory(project=theirs, customer_number="84909111222")
    question = factories.AgentListQuestionFactory(
        project=ours, queue=queue, lists={secret.call_id: [list_line(stranger)]}
    )

    told = texts(open_page(sign_in(viewer, ours), question))

    assert "Secret agent" not in told
    assert "909 111 222" not in told
