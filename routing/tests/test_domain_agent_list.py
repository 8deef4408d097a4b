"""Answers of agent list URLs: what real and hostile servers send."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.strict_json import MAX_INTEGER
from routing.agent_list_words import words
from routing.domain.agent_list import (
    MAX_AGENTS,
    MAX_BYTES,
    MAX_CALLS,
    MAX_FINDINGS,
    MAX_SAID_LENGTH,
    Asked,
    Code,
    KnownAgent,
    ListedAgent,
    Reading,
    opened,
    read_answer,
)

CALL, OTHER = "call-vn-1-EHHC6JW1LT-1534145391502", "call-vn-1-EHHC6JW1LT-1534145391504"
ASKED = Asked(frozenset({CALL, OTHER}), ring_timeout_s=20, country="VN")
ONE = Asked(frozenset({CALL}), ring_timeout_s=20, country="VN")
KNOWN = {"agent_1": KnownAgent(1, has_phone=True), "agent_2": KnownAgent(2, has_phone=False)}
SEED = """{
    "version": 2,
    "calls": [{
            "callId": "call-vn-1-EHHC6JW1LT-1534145391502",
            "agents": [{
                    "stringee_user_id": "agent_1",
                    "phone_number": "84909992666",
                    "routing_type": 2,
                    "answer_timeout": 15
                },
                {
                    "stringee_user_id": "agent_2",
                    "phone_number": "84909992666",
                    "routing_type": 1,
                    "answer_timeout": 10
                }
            ]
        },

        {
            "callId": "call-vn-1-EHHC6JW1LT-1534145391504",
            "agents": [{
                    "stringee_user_id": "agent_1",
                    "phone_number": "84909992666",
                    "routing_type": 2,
                    "answer_timeout": 15
                }
            ]
        }
    ]
}"""


def agent(user_id: object = "agent_1", **fields: object) -> dict[str, object]:
    return {"stringee_user_id": user_id, "routing_type": 1, "answer_timeout": 15, **fields}


def answer(*agents: object, call_id: object = CALL, version: object = 2) -> str:
    return json.dumps({"version": version, "calls": [{"callId": call_id, "agents": list(agents)}]})


def read(text: bytes | str, asked: Asked = ONE) -> Reading:
    return read_answer(text, asked, KNOWN)


def found(reading: Reading) -> list[tuple[Code, str, str]]:
    return [(finding.code, finding.where, finding.said) for finding in reading.findings]


def only(reading: Reading) -> ListedAgent:
    (listed,) = reading.lists[CALL]
    return listed


def test_the_answer_of_the_tutorial_is_read_as_it_stands():
    reading = read(SEED, ASKED)

    first = ListedAgent("agent_1", 1, 2, "84909992666", 15)
    assert reading == Reading({CALL: (first, ListedAgent("agent_2", 2, 1, "", 10)), OTHER: (first,)}, (), True)


def test_an_answer_for_the_first_call_only_is_good_for_that_call():
    reading = read(answer(agent()), ASKED)

    assert set(reading.lists) == {CALL}
    assert found(reading) == [(Code.CALLS_MISSING, "calls", "1")]
    assert reading.is_usable


def test_an_empty_list_is_a_list():
    assert read(answer()) == Reading({CALL: ()}, (), True)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", Code.NOT_JSON),
        ("<html><body>502 Bad Gateway</body></html>", Code.NOT_JSON),
        (b"\xff\xfe\x00", Code.NOT_JSON),
        ("\ud800", Code.NOT_JSON),
        ("[" * 100_000, Code.NOT_JSON),
        ('{"version": 2, "calls": [', Code.NOT_JSON),
        ("[]", Code.NOT_AN_OBJECT),
        ("null", Code.NOT_AN_OBJECT),
        ('"ok"', Code.NOT_AN_OBJECT),
        ("{}", Code.WRONG_VERSION),
        ('{"version": 1, "calls": []}', Code.WRONG_VERSION),
        ('{"version": true, "calls": []}', Code.WRONG_VERSION),
        ('{"version": [2], "calls": []}', Code.WRONG_VERSION),
        ('{"version": 2}', Code.NO_CALLS),
        ('{"version": 2, "calls": {}}', Code.NO_CALLS),
        (" " * (MAX_BYTES + 1), Code.TOO_LONG),
    ],
)
def test_an_answer_without_the_agreed_shape_gives_no_list_and_one_finding(text, code):
    reading = read(text)

    assert (reading.lists, reading.is_usable) == ({}, False)
    assert [finding.code for finding in reading.findings] == [code]


@pytest.mark.parametrize(
    "text",
    [
        answer(agent(), version="2"),
        answer(agent(), version=2.0),
        "\ufeff" + answer(agent()),
        answer(agent()).replace("]", ",]"),
        answer(agent(routing_type="1", answer_timeout="15")),
        answer(agent(routing_type=1.0, answer_timeout=15.9)),
        answer(agent(" agent_1 ")),
        answer(agent(extra={"deep": [[[]]]}, score=float("nan"))),
    ],
)
def test_odd_ways_of_writing_mean_the_same(text):
    reading = read(text)

    assert reading == Reading({CALL: (ListedAgent("agent_1", 1, 1, "", 15),)}, (), True)


def test_user_ids_may_be_written_as_numbers():
    reading = read_answer(answer(agent(1001)), ONE, {"1001": KnownAgent(7, has_phone=False)})

    assert only(reading).agent == 7


@pytest.mark.parametrize("call_id", ["call-of-another-project", None, 7, [CALL], {"a": 1}, "\ud800\x00"])
def test_a_call_that_nobody_asked_about_gets_no_list(call_id):
    reading = read(answer(agent(), call_id=call_id))

    assert reading.lists == {}
    assert [finding.code for finding in reading.findings] == [Code.CALL_UNKNOWN, Code.CALLS_MISSING]


@pytest.mark.parametrize("user_id", ["agent_of_theirs", "", None, True, 1.5, ["agent_1"], {"a": 1}])
def test_an_unknown_agent_is_left_out_and_the_others_stay(user_id):
    reading = read(answer(agent(user_id), agent("agent_2")))

    assert [listed.user_id for listed in reading.lists[CALL]] == ["agent_2"]
    assert [(finding.code, finding.where) for finding in reading.findings] == [
        (Code.AGENT_UNKNOWN, "calls[0].agents[0]")
    ]


@pytest.mark.parametrize(
    ("fields", "routing_type", "phone", "findings"),
    [
        ({"routing_type": 1, "phone_number": "not even read"}, 1, "", []),
        ({"routing_type": 2, "phone_number": "0909 992 666"}, 2, "84909992666", []),
        ({"routing_type": 2, "phone_number": 84909992666}, 2, "84909992666", []),
        ({"routing_type": 2}, 2, "", []),
        ({"routing_type": 2, "phone_number": ""}, 2, "", []),
        ({"routing_type": 2, "phone_number": "lan"}, 2, "", [(Code.PHONE_NUMBER_UNREADABLE, '"lan"')]),
        ({"routing_type": 2, "phone_number": ["849"]}, 2, "", [(Code.PHONE_NUMBER_UNREADABLE, '["849"]')]),
        ({"routing_type": 2, "phone_number": "849" + "-" * 62}, 2, "", [(Code.PHONE_NUMBER_UNREADABLE, None)]),
        ({"routing_type": 3}, None, "", [(Code.ROUTING_TYPE_UNKNOWN, "3")]),
        ({"routing_type": None}, None, "", [(Code.ROUTING_TYPE_UNKNOWN, "null")]),
        ({"routing_type": True}, None, "", [(Code.ROUTING_TYPE_UNKNOWN, "true")]),
        ({"routing_type": "phone"}, None, "", [(Code.ROUTING_TYPE_UNKNOWN, '"phone"')]),
    ],
)
def test_where_an_agent_is_rung(fields, routing_type, phone, findings):
    reading = read(answer(agent(**fields)))

    assert (only(reading).routing_type, only(reading).phone) == (routing_type, phone)
    assert [finding.code for finding in reading.findings] == [code for code, _said in findings]
    assert all(said in (None, finding.said) for finding, (_code, said) in zip(reading.findings, findings, strict=True))


def test_a_phone_that_is_nowhere_is_a_finding():
    reading = read(answer(agent("agent_2", routing_type=2)))

    assert only(reading).phone == ""
    assert found(reading) == [(Code.PHONE_NUMBER_MISSING, "calls[0].agents[0]", "")]


@pytest.mark.parametrize(
    ("timeout", "timeout_s", "code"),
    [
        (3, 3, None),
        (600, 600, None),
        ("12", 12, None),
        (2, 3, Code.TIMEOUT_OUT_OF_RANGE),
        (0, 3, Code.TIMEOUT_OUT_OF_RANGE),
        (-5, 3, Code.TIMEOUT_OUT_OF_RANGE),
        (601, 600, Code.TIMEOUT_OUT_OF_RANGE),
        (1e300, 600, Code.TIMEOUT_OUT_OF_RANGE),
        (MAX_INTEGER * 9, 600, Code.TIMEOUT_OUT_OF_RANGE),
        (None, 20, Code.TIMEOUT_MISSING),
        ("", 20, Code.TIMEOUT_MISSING),
        ("soon", 20, Code.TIMEOUT_UNREADABLE),
        ("9" * 30, 20, Code.TIMEOUT_UNREADABLE),
        (True, 20, Code.TIMEOUT_UNREADABLE),
        ([15], 20, Code.TIMEOUT_UNREADABLE),
    ],
)
def test_how_long_an_agent_is_rung(timeout, timeout_s, code):
    reading = read(answer(agent(answer_timeout=timeout)))

    assert only(reading).timeout_s == timeout_s
    assert [finding.code for finding in reading.findings] == ([code] if code else [])


def test_of_two_lists_for_a_call_and_two_places_of_an_agent_the_first_counts():
    agents = [agent("agent_2", answer_timeout=5), agent(), agent("agent_2", answer_timeout=9)]
    calls = [{"callId": CALL, "agents": agents}, {"callId": CALL, "agents": []}]
    reading = read(json.dumps({"version": 2, "calls": calls}))

    assert [(listed.user_id, listed.timeout_s) for listed in reading.lists[CALL]] == [("agent_2", 5), ("agent_1", 15)]
    assert found(reading) == [
        (Code.AGENT_TWICE, "calls[0].agents[2]", '"agent_2"'),
        (Code.CALL_TWICE, "calls[1]", ""),
    ]


@pytest.mark.parametrize("agents", [None, {}, "agent_1", 7])
def test_a_call_whose_agents_are_no_array_keeps_what_it_has(agents):
    reading = read(json.dumps({"version": 2, "calls": [{"callId": CALL, "agents": agents}]}))

    assert reading.lists == {}
    assert found(reading) == [(Code.NO_AGENTS, "calls[0]", "")]


def test_things_that_are_no_objects_are_passed_by():
    reading = read(json.dumps({"version": 2, "calls": [7, {"callId": CALL, "agents": ["agent_1", agent()]}]}))

    assert only(reading).user_id == "agent_1"
    assert found(reading) == [
        (Code.CALL_NOT_AN_OBJECT, "calls[0]", ""),
        (Code.AGENT_NOT_AN_OBJECT, "calls[1].agents[0]", ""),
    ]


def test_calls_and_agents_have_limits():
    too_many = [agent("agent_2")] * MAX_AGENTS + [agent()]
    calls = [{"callId": f"other {n}", "agents": too_many if n == 0 else []} for n in range(MAX_CALLS)]
    calls[0]["callId"] = CALL
    reading = read(json.dumps({"version": 2, "calls": [*calls, {"callId": OTHER, "agents": []}]}), ASKED)

    assert [listed.user_id for listed in reading.lists[CALL]] == ["agent_2"]
    assert OTHER not in reading.lists
    assert found(reading)[:2] == [
        (Code.TOO_MANY_CALLS, "calls", str(MAX_CALLS)),
        (Code.TOO_MANY_AGENTS, "calls[0]", str(MAX_AGENTS)),
    ]
    assert len(reading.findings) == MAX_FINDINGS + 1
    unsaid = 2 + (MAX_AGENTS - 1) + (MAX_CALLS - 1) + 1 - MAX_FINDINGS
    assert found(reading)[-1] == (Code.MORE_FINDINGS, "", str(unsaid))


def test_an_answer_as_large_as_allowed_is_read_quickly():
    ids = ",".join(f'"{n}"' for n in range(20_000))
    line = '{"stringee_user_id":"x"},' * 5_000
    text = f'{{"version":2,"calls":[{{"callId":{{"a":[{ids[:100_000]}"]}},"agents":[{line}]}}]}}'
    assert 200_000 < len(text) < MAX_BYTES
    began = time.process_time()

    reading = read(text)

    assert time.process_time() - began < 0.5
    assert reading.lists == {}


def test_agents_are_looked_up_by_what_a_database_can_hold():
    text = answer(agent(), agent("\ud800"), agent("nul\x00"), agent(""), agent(5), "agent_2")

    assert opened(text).user_ids() == {"agent_1", "5"}


def test_what_is_quoted_can_be_stored_and_is_short():
    (finding, _missing) = read(answer(call_id="\x1b[31m\u202e\ud800\x00" + "đ" * 500)).findings

    assert finding.said.startswith('"\\u001b[31m ')
    assert finding.said.endswith("đđđ")
    assert finding.said.isprintable()
    assert len(finding.said.encode().decode()) == MAX_SAID_LENGTH


def test_every_finding_has_words():
    for code in Code:
        text = words({"code": code.value, "where": "", "call_id": "", "said": "SAID"})
        assert text
        assert "%" not in text


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
some_agent = anything | st.fixed_dictionaries(
    {},
    optional={
        "stringee_user_id": st.sampled_from(["agent_1", "agent_2", "nobody"]) | anything,
        "routing_type": st.sampled_from([1, 2, "1", "2"]) | anything,
        "phone_number": st.sampled_from(["84909992666", 84909992666, ""]) | anything,
        "answer_timeout": st.integers(-10, 1000) | anything,
    },
)
some_call = anything | st.fixed_dictionaries(
    {}, optional={"callId": st.sampled_from([CALL, OTHER]) | anything, "agents": st.lists(some_agent) | anything}
)
some_answer = st.fixed_dictionaries(
    {"version": st.sampled_from([2, "2"]) | anything, "calls": st.lists(some_call) | anything}
)


@given(some_answer.map(json.dumps) | st.text() | st.binary())
def test_whatever_the_answer_is_only_calls_asked_about_get_known_agents_once_with_sane_times(text):
    reading = read_answer(text, ASKED, KNOWN)

    assert reading.lists.keys() <= ASKED.call_ids
    assert reading.is_usable or not reading.lists
    for listed in reading.lists.values():
        assert len({each.agent for each in listed}) == len(listed)
        assert all(each.agent == KNOWN[each.user_id].agent for each in listed)
        assert all(3 <= each.timeout_s <= 600 for each in listed)
        assert all(each.routing_type in (None, 1, 2) for each in listed)
        assert all(each.phone == "" or (each.phone.isdigit() and each.routing_type == 2) for each in listed)
    assert len(reading.findings) <= MAX_FINDINGS + 1
    for finding in reading.findings:
        words(finding.to_json()).encode()
        assert "\x00" not in finding.said
