"""What every list costs in queries, with few rows and with many. A change of a number here is a decision."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api.tests.conftest import Program, account_token
from api.tests.samples import calls, world
from ivr.models import Key, KeyAction
from tests import factories

LISTS = [call for call in calls() if call.action == "list"]

# One for the key; one for the rows; one for the row that a required filter names.
COUNTS = {
    "agent": 2,
    "group": 2,
    "manage-agents-in-group": 3,
    "queue": 2,
    "routing-call-to-groups": 3,
    "number": 2,
    "blacklistnumber": 2,
    "ivrtree": 2,
    "ivrnode": 2,
    "ivrkeypress": 3,
    "greetingfile": 2,
    "ipphonecommon": 2,
    "sipphone": 2,
    "call/log": 2,
}


def add_rows(project, of, count: int) -> None:
    """Many rows of everything, linked to many others."""
    for number in range(count):
        agent = factories.AgentFactory(project=project)
        group = factories.GroupFactory(project=project)
        factories.GroupMembershipFactory(project=project, group=group, agent=agent)
        factories.GroupMembershipFactory(project=project, group=of.group, agent=agent)
        greeting = factories.GreetingFileFactory(project=project)
        queue = factories.QueueFactory(project=project, wait_greeting=greeting, hold_greeting=greeting)
        factories.GroupRoutingFactory(project=project, queue=of.queue, group=group)
        tree = factories.IvrTreeFactory(project=project)
        tree.root_node = factories.IvrNodeFactory(project=project, tree=tree, greeting_file=greeting)
        tree.save()
        factories.NumberFactory(project=project, queue=queue, ivr_tree=tree)
        factories.BlockedNumberFactory(project=project)
        factories.SipAccountFactory(project=project, extension=1000 + number)
        factories.CallFactory(project=project)
    for key in list(Key)[1:]:
        factories.IvrKeyPressFactory(
            project=project, node=of.node, node_key=key, action=KeyAction.NODE, next_node=of.free_node, queue=of.queue
        )


def asked(program, path) -> tuple[int, int]:
    """How many queries, how many rows."""
    with CaptureQueriesContext(connection) as queries:
        answer = program.get(path)
    rows = next(value for value in answer["data"].values() if isinstance(value, list))
    return len(queries), len(rows)


def test_lists_cost_the_same_with_one_row_and_with_thirty(api, ours):
    of = world(ours)
    all_rows = {"limit": 50}
    paths = {
        call.resource.path: f"/v1/{call.resource.path}?{urlencode({**all_rows, **call.required_filters(of)})}"
        for call in LISTS
    }
    few = {name: asked(api, path) for name, path in paths.items()}
    add_rows(ours, of, 30)
    many = {name: asked(api, path) for name, path in paths.items()}
    assert {name: queries for name, (queries, _rows) in few.items()} == COUNTS
    assert {name: queries for name, (queries, _rows) in many.items()} == COUNTS
    for name in COUNTS:
        assert many[name][1] >= few[name][1] + 13, name


def test_the_accounts_list_costs_the_same_too(ours):
    program = Program(account_token(ours.account))
    of = world(ours)
    assert asked(program, "/v1/number") == (2, 1)
    add_rows(ours, of, 12)
    assert asked(program, "/v1/number?limit=50") == (2, 13)


@pytest.mark.parametrize("call", LISTS, ids=str)
def test_pages_are_cut_in_the_database(call, api, ours):
    path = f"/v1/{call.resource.path}?{urlencode({**call.required_filters(world(ours)), 'limit': 7})}"
    with CaptureQueriesContext(connection) as queries:
        api.get(path)
    assert any("LIMIT 7" in query["sql"] for query in queries)


def test_a_full_page_costs_one_query_more_for_the_total(api, ours):
    for _ in range(3):
        factories.AgentFactory(project=ours)
    assert asked(api, "/v1/agent?limit=2") == (3, 2)
    assert asked(api, "/v1/agent?limit=2&page=2") == (2, 1)
    assert asked(api, "/v1/agent?limit=3") == (3, 3)
    assert asked(api, "/v1/agent?limit=4") == (2, 3)
    assert asked(api, "/v1/agent?limit=2&page=3") == (3, 0)
    assert api.get("/v1/agent?limit=2&page=3")["data"]["totalCount"] == "3"
