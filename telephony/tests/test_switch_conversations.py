"""Whatever is commanded, conversations stay whole: nobody is left half in one, and nobody hears what is not for him."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from telephony import port
from telephony.adapters.simulated.engine import SimulatedEngine
from telephony.adapters.simulated.phones import FixedPhones
from telephony.adapters.simulated.script import CallerScript
from telephony.port import Part
from telephony.switch.scheduler import VirtualScheduler

START = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
LEGS = ("a", "b", "c", "d", "e")
LEG = st.sampled_from(LEGS)
COMMANDS = st.one_of(
    st.builds(port.Bridge, LEG, LEG),
    st.builds(port.Unbridge, LEG),
    st.builds(port.Join, LEG, LEG, st.sampled_from(Part)),
    st.builds(port.Hold, LEG),
    st.builds(port.Unhold, LEG),
    st.builds(port.Mute, LEG, st.booleans()),
    st.builds(port.Answer, LEG),
    st.builds(port.Hangup, LEG),
)


def switch_with_legs():
    switch = SimulatedEngine("engine-1", VirtualScheduler(START), lambda event: None, FixedPhones({}))
    for leg in LEGS:
        switch.call(port.Incoming(leg, "engine-1", "849", "8424", "tel:849"), CallerScript())
        if leg != "e":  # one who may be answered later
            switch.execute(port.Answer(leg))
    return switch


def picture(switch):
    """Who is with whom, and who hears whom."""
    return {
        leg.id: (leg.peer and leg.peer.id, leg.host and leg.host.id, leg.held, [each.id for each in leg.voices])
        for leg in switch.legs.values()
    }


def assert_whole(leg, switch):
    for other in (leg.peer, leg.host, *leg.guests):
        assert other is None or switch.legs[other.id] is other
    assert leg.peer is None or leg.peer.peer is leg
    assert leg.host is None or (leg in leg.host.guests and leg.peer is None and leg.guests == [])
    assert all(guest.host is leg for guest in leg.guests)
    assert len(set(leg.guests)) == len(leg.guests)
    assert not leg.held or leg.peer is not None or leg.host is not None


def assert_right_ears(leg):
    assert leg not in leg.company
    for other in leg.company:
        assert leg in other.company
        hears = other in leg.voices
        if leg.held or other.held or other.muted or (other.host is not None and other.part is Part.LISTEN):
            assert not hears
        elif other.host is not None and other.part is Part.WHISPER:
            assert hears == (other.host is leg)
        else:
            assert hears
    assert set(leg.voices) <= set(leg.company)
    assert all(other.talks for other in leg.recorded_voices)


@given(st.lists(COMMANDS, max_size=30))
def test_conversations_stay_whole_and_a_command_that_comes_twice_is_done_once(commands):
    switch = switch_with_legs()
    for command in commands:
        switch.execute(command)
        before = picture(switch)
        switch.execute(command)

        assert picture(switch) == before
        for leg in switch.legs.values():
            assert_whole(leg, switch)
            assert_right_ears(leg)


@given(st.lists(COMMANDS, max_size=30))
def test_who_listens_changes_nothing_for_anybody_else(commands):
    """Two histories, in one of which `d` always listens, and in the other always is apart."""
    with_listener, without = switch_with_legs(), switch_with_legs()
    for command in commands:
        if "d" in (command.leg, getattr(command, "with_leg", "")):
            with_listener.execute(port.Join("d", "a", Part.LISTEN))
        else:
            with_listener.execute(command)
            without.execute(command)

        for name in set(LEGS) - {"d"}:
            one, other = with_listener.legs.get(name), without.legs.get(name)
            assert (one is None) == (other is None)
            if one is not None and other is not None:
                assert one.hears == other.hears
                assert [each.id for each in one.voices] == [each.id for each in other.voices]
                assert one.is_recorded == other.is_recorded
                assert [each.id for each in one.recorded_voices] == [each.id for each in other.recorded_voices]
