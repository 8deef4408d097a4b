"""The history of calls, as clients read it."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from calls.domain import CallState, Direction, LegRole, LegState, Outcome
from calls.models import Leg, Recording
from common.clock import epoch_ms
from tests import factories

pytestmark = pytest.mark.django_db
START = dt.datetime(2026, 3, 2, 2, 0, 0, 123456, tzinfo=dt.UTC)  # nine o'clock in Viet Nam


def call(project, minutes: float = 0, talked_s: float | None = None, **more):
    """A call so many minutes after START, ended ten seconds later or after it was talked."""
    at = START + dt.timedelta(minutes=minutes)
    connected = {"connected_at": at + dt.timedelta(seconds=10)} if talked_s is not None else {}
    return factories.CallFactory(
        project=project,
        created_at=at,
        state=CallState.ENDED,
        outcome=Outcome.COMPLETED,
        ended_at=at + dt.timedelta(seconds=10 + (talked_s or 0)),
        **{**connected, **more},
    )


def log(api, **query):
    answer = api.get(f"/v1/call/log?{urlencode(query, doseq=True)}")
    assert (answer["r"], answer["message"]) == (0, "Load call(s) success")
    return answer["data"]


def ids(data) -> list[str]:
    return [row["id"] for row in data["calls"]]


def test_a_row_has_every_field_in_its_type(api, ours):
    made = call(
        ours,
        talked_s=61.9,
        from_number="84900000012",
        to_number="842473082686",
        to_alias="Hotline",
        answered_at=START + dt.timedelta(seconds=1),
        agent_user_id="agent_1",
    )
    for role, number in ((LegRole.CALLER, "84900000012"), (LegRole.AGENT, "agent_1")):
        Leg.objects.create(
            project=ours,
            call=made,
            role=role,
            state=LegState.ENDED,
            endpoint="x",
            number=number,
            started_at=START,
        )
    Recording.objects.create(project=ours, call=made, kind="conversation", state="ready", started_at=START)

    [row] = log(api)["calls"]

    start = epoch_ms(START)
    assert row == {
        "id": made.call_id,
        "uuid": made.call_id,
        "project_id": ours.pk,
        "project_name": "Ours",
        "account_id": ours.account_id,
        "from_user_id": "",
        "from_number": "84900000012",
        "to_number": "842473082686",
        "from_alias": "",
        "to_alias": "Hotline",
        "from_internal": 0,
        "to_internal": 0,
        "start_time": start,
        "first_answer_time": start + 1000,
        "answer_time": start + 10_000,
        "stop_time": start + 71_900,
        "start_time_datetime": "2026/03/02, 09:00:00",
        "first_answer_time_datetime": "2026/03/02, 09:00:01",
        "answer_time_datetime": "2026/03/02, 09:00:10",
        "stop_time_datetime": "2026/03/02, 09:01:12",
        "created_datetime": "2026/03/02, 09:00:00",
        "answer_duration": 61,
        "answer_duration_minutes": 2,
        "amount": "0.00000",
        "created": start // 1000,
        "recorded": 1,
        "record_path": f"/v1/call/recording/{made.call_id}",
        "video_call": 0,
        "number_tts_character": 0,
        "participants": ["84900000012", "agent_1"],
        "object_type": "call",
        "day": "2026/03/02",
    }


def test_a_call_that_goes_on_has_no_end_yet(api, ours):
    factories.CallFactory(project=ours, created_at=START)
    [row] = log(api)["calls"]
    assert (row["answer_time"], row["stop_time"], row["stop_time_datetime"]) == (0, 0, "")
    assert (row["answer_duration"], row["answer_duration_minutes"], row["recorded"], row["record_path"]) == (
        0,
        0,
        0,
        "",
    )


def test_pages_hold_ten_calls_the_newest_first(api, ours):
    made = [call(ours, minutes) for minutes in range(12)]
    data = log(api)
    assert (data["totalCalls"], data["totalPages"], data["currentPage"], data["limit"]) == ("12", 2, 1, 10)
    assert ids(data) == [each.call_id for each in reversed(made[2:])]
    assert ids(log(api, page=2)) == [made[1].call_id, made[0].call_id]


@pytest.mark.parametrize("order", [{"sort_order": "asc"}, {"order_by": "ASC"}, {"order_direction": "asc"}])
def test_the_oldest_come_first_when_that_is_wanted(order, api, ours):
    made = [call(ours, minutes) for minutes in range(3)]
    assert ids(log(api, sort_by="start_time", **order)) == [each.call_id for each in made]


def test_calls_are_filtered_by_who_and_when(api, ours, theirs):
    first = call(ours, 0, 60, from_number="+84 900 000 012", request_user_id="lan")
    second = call(ours, 10, 60, to_number="84909982888", direction=Direction.OUTBOUND, agent_user_id="minh")
    call(theirs, 0, 60, from_number="84900000012", request_user_id="lan")
    ms, s = epoch_ms(START), int(START.timestamp())
    for query, found in (
        ({"id": first.call_id}, first),
        ({"from_user_id": "lan"}, first),
        ({"from_user_id": "minh"}, second),
        ({"from_number": "+84 900 000 012"}, first),
        ({"to_number": "0909982888"}, second),
        ({"to_start_time": ms + 1}, first),
        ({"from_start_time": ms + 1}, second),
        ({"to_answer_time": ms + 10_001}, first),
        ({"from_answer_time": ms + 10_001}, second),
        ({"to_stop_time": ms + 70_001}, first),
        ({"from_stop_time": ms + 70_001}, second),
        ({"to_created_time": s + 1}, first),
        ({"from_created_time": s + 1}, second),
        ({"to_date": s + 1}, first),
        ({"from_date": s + 1}, second),
    ):
        assert ids(log(api, **query)) == [found.call_id], query


def test_version_2_goes_on_after_the_last_call_whatever_comes_meanwhile(api, ours):
    made = [call(ours, minutes, 61) for minutes in (0, 1, 1, 2)]
    expected = [each.call_id for each in sorted(made, key=lambda each: (each.created_at, each.call_id), reverse=True)]
    seen: list[str] = []
    cursor: list[str] = []
    while True:
        data = log(api, version=2, limit=3, **{"search_after[]": cursor})
        if not data["calls"]:
            break
        seen += ids(data)
        assert data["totalAnswerDurationMinutes"] == 2 * int(data["totalCalls"])
        cursor = data["search_after"]
        call(ours, 60, 61)  # newer than all
    assert seen == expected
    assert data["search_after"] == []


@pytest.mark.parametrize("cursor", [["x"], ["-1", "a"], ["9" * 19, "a"], ["1", "\x00"], ["1.5", "a"]])
def test_a_cursor_that_we_never_gave_is_refused(cursor, api):
    answer = api.get(f"/v1/call/log?{urlencode({'search_after[]': cursor}, doseq=True)}")
    assert answer["r"] == 1
    assert "search_after[]" in answer["message"]


def test_the_log_costs_the_same_however_long_it_is(api, ours):
    def cost(**query) -> int:
        with CaptureQueriesContext(connection) as queries:
            log(api, **query)
        return len(queries)

    for minutes in range(15):
        made = call(ours, minutes)
        Recording.objects.create(project=ours, call=made, kind="conversation", state="ready", started_at=START)
    assert cost() == 3  # the key, the rows, their number
    assert cost(limit=50) == 2
    assert cost(version=2) == 3


def test_the_rows_of_a_page_are_read_from_the_index(api, ours):
    with CaptureQueriesContext(connection) as queries:
        log(api, from_start_time=epoch_ms(START))
    [rows] = [query["sql"] for query in queries if "LIMIT" in query["sql"] and "calls_call" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {rows}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "call_in_project" in plan
