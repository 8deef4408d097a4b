"""The page with the snippet that puts the softphone into a company's own pages."""

from __future__ import annotations

import pytest

from projects import verification
from projects.models import ApiKey
from tests import factories
from tests.console import FRAME_QUERIES, sign_in, texts

ADDRESS = "/setting/embed/"


def test_snippet_loads_the_script_from_this_server_and_names_the_projects_numbers(ours, theirs, supervisor):
    factories.NumberFactory(project=ours, number="842473082686", nickname="Sales")
    factories.NumberFactory(project=ours, number="842473082687", allow_outbound_calls=False)
    factories.NumberFactory(project=theirs, number="842473082688")
    snippet = sign_in(supervisor, ours).get(ADDRESS).context["snippet"]

    assert snippet.startswith('<script src="http://testserver/js/StringeeSoftPhone-lastest.js"></script>')
    assert 'fromNumbers: [{"alias": "Sales", "number": "842473082686"}]' in snippet


def test_nickname_cannot_end_the_script(ours, supervisor):
    factories.NumberFactory(project=ours, nickname="</script><script>alert(1)")
    snippet = sign_in(supervisor, ours).get(ADDRESS).context["snippet"]

    assert snippet.count("</script>") == 2
    assert "\\u003c/script>" in snippet


def test_token_is_shown_once_and_is_one_of_an_agent(ours, supervisor, agent_1):
    client = sign_in(supervisor, ours)
    values = {
        "agent-user_id": "agent_1",
        "agent-pcc": "on",
        "agent-key": ApiKey.objects.get(project=ours).pk,
        "agent-lifetime": 3600,
    }
    answered = client.post(ADDRESS, values)
    issued = answered.context["issued"]

    assert f'StringeeSoftPhone.connect("{issued.token}");' in answered.context["snippet"]
    assert verification.verify(issued.token).claims["userId"] == "agent_1"
    assert issued.token not in client.get(ADDRESS).content.decode()


def test_page_says_which_pages_may_sign_in(ours, supervisor, settings):
    client = sign_in(supervisor, ours)
    assert "Pages of every origin may sign in" in texts(client.get(ADDRESS))
    settings.PCC_SOFTPHONE_ORIGINS = ["https://crm.example.com"]
    assert "https://crm.example.com" in texts(client.get(ADDRESS))


def test_page_costs_the_same_however_many_numbers_there_are(ours, supervisor, django_assert_num_queries):
    factories.NumberFactory.create_batch(3, project=ours)
    client = sign_in(supervisor, ours)
    with django_assert_num_queries(FRAME_QUERIES + 5):  # numbers, keys, agents
        client.get(ADDRESS)


@pytest.mark.parametrize("method", ["get", "post"])
def test_viewer_and_strangers_get_no_token(ours, viewer, client, method):
    assert getattr(sign_in(viewer, ours), method)(ADDRESS).status_code == 403
    assert getattr(client, method)(ADDRESS).status_code == 302
