"""Scripts travel as JSON, and people write them in short."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.adapters.simulated.script import (
    Agents,
    CallerScript,
    Does,
    PhoneScript,
    Press,
    ScriptUnreadable,
    Simulation,
    phone_script,
    simulation,
)

seconds = st.floats(0, 1000, allow_nan=False)
maybe = st.none() | seconds
presses = st.lists(st.builds(Press, st.text("0123456789*#", max_size=3), seconds, st.booleans()), max_size=3).map(tuple)
callers = st.builds(CallerScript, presses, maybe, seconds, st.booleans(), maybe, maybe)
phones = st.builds(PhoneScript, presses, maybe, seconds, st.booleans(), st.sampled_from(Does), seconds, seconds)
simulations = st.builds(
    Simulation,
    callers,
    st.builds(Agents, st.lists(st.text("abc_", min_size=1), max_size=3).map(tuple), phones),
    st.dictionaries(st.text("0123456789", min_size=1), phones, max_size=2),
)


@given(simulations)
def test_a_simulation_survives_json(script):
    assert simulation(json.loads(json.dumps(script.to_json()))) == script


def test_everything_may_be_missing():
    assert simulation({}) == Simulation()
    assert simulation({"agents": None, "phones": None, "keys": None, "patience_s": None}) == Simulation()


@pytest.mark.parametrize("keys", ["1 2#", "1, 2#", ["1", "2#"], [{"text": "1"}, "2#"]])
def test_keys_can_be_written_in_short(keys):
    assert simulation({"keys": keys}).caller.keys == (Press("1"), Press("2#"))


def test_agents_can_be_written_in_short():
    agents = simulation({"agents": {"users": "lan, minh", "answer_after_s": 2}}).agents

    assert agents == Agents(("lan", "minh"), PhoneScript(after_s=2.0))


@pytest.mark.parametrize(
    "script",
    [
        {"patience_s": "long"},
        {"patience_s": -1},
        {"talk_s": float("inf")},
        {"message_s": None},
        {"colour": "red"},
        {"agents": ["lan"]},
        {"agents": {"users": ["lan"], "does": "sings"}},
        {"phones": {"84900": {"after_s": "soon"}}},
        {"phones": {"84900": 3}},
        {"keys": [{"after_s": 1}]},
        {"keys": [{"text": "1", "after_s": "later"}]},
    ],
)
def test_what_scripts_do_not_have_is_refused(script):
    with pytest.raises(ScriptUnreadable):
        simulation(script)


def test_a_phone_can_be_written_in_short():
    assert phone_script({"does": "rejects", "after_s": 1}) == PhoneScript(does=Does.REJECTS, after_s=1.0)
