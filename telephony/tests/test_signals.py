"""Signals travel as JSON."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony import signals

FREE = {signals.Ring}  # carries JSON of others


@pytest.mark.parametrize("kind", sorted(set(get_args(signals.Signal)) - FREE, key=str))
def test_every_signal_survives_json(kind):
    @given(st.from_type(kind))
    def survives(message):
        # Compared as text, in which "not a number" is like itself.
        assert repr(signals.from_json(json.loads(json.dumps(signals.to_json(message))))) == repr(message)

    survives()


def test_what_an_agents_page_shows_travels_along():
    ring = signals.Ring("browser", "leg-1", "call-1", "web:1_lan", "84900", info={"queue": "Sales", "path": ["1"]})

    assert signals.from_json(json.loads(json.dumps(signals.to_json(ring)))) == ring
