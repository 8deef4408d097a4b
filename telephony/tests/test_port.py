"""Commands and events travel as JSON."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony import port

FREE = {port.Dial, port.SimulateCall}  # carry JSON of others


@pytest.mark.parametrize("kind", sorted({*get_args(port.Command), *get_args(port.Event)} - FREE, key=str))
def test_every_message_survives_json(kind):
    @given(st.from_type(kind))
    def survives(message):
        # Compared as text, in which "not a number" is like itself.
        assert repr(port.from_json(json.loads(json.dumps(port.to_json(message))))) == repr(message)

    survives()


def test_free_json_travels_along():
    dial = port.Dial("leg-1", "call-1", ("web:1_lan", "sip:1_lan"), "84900", info={"queue": "Sales", "path": ["1"]})
    call = port.SimulateCall("leg-1", 1, "84900", "8424", script={"keys": ["1"]})

    assert [port.from_json(json.loads(json.dumps(port.to_json(each)))) for each in (dial, call)] == [dial, call]


def test_an_unknown_message_is_refused():
    with pytest.raises(KeyError):
        port.from_json({"kind_": "Explode"})
