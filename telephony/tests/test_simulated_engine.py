"""Scripted people: they press keys, talk, wait and hang up by the clock."""

from __future__ import annotations

import datetime as dt

import pytest

from telephony import port
from telephony.adapters.simulated.engine import SimulatedEngine
from telephony.adapters.simulated.phones import FixedPhones
from telephony.adapters.simulated.script import CallerScript, Does, PhoneScript, Press
from telephony.adapters.simulated.simulator import Simulator
from telephony.adapters.simulated.sounds import spoken_s
from telephony.port import HangupCause
from telephony.switch.scheduler import VirtualScheduler

START = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
MUSIC = (port.Tone("music"),)


class World:
    """An engine on a virtual clock; every event with the second it was told in."""

    def __init__(self, phones=None):
        self.clock = VirtualScheduler(START)
        self.told = []
        self.engine = SimulatedEngine("engine-1", self.clock, self._hear, FixedPhones(phones or {}))

    def _hear(self, event):
        self.told.append((round((self.clock.now() - START).total_seconds(), 3), event))

    def call(self, leg="in", answered=True, **script):
        self.engine.call(port.Incoming(leg, "engine-1", "849", "8424", "tel:849"), CallerScript(**script))
        if answered:
            self.engine.execute(port.Answer(leg))

    def dial(self, *endpoints, leg="out"):
        self.engine.execute(port.Dial(leg, "call-1", endpoints, "8424"))

    def after(self, seconds):
        self.clock.run_for(seconds)
        return self.told[-1] if self.told else None

    def events(self, kind):
        return [(at, event) for at, event in self.told if isinstance(event, kind)]


@pytest.fixture
def world():
    return World()


def test_a_caller_presses_keys_when_asked(world):
    world.call(keys=(Press("1", after_s=2), Press("23", after_s=1)))
    world.engine.execute(port.Gather("in", "menu", MUSIC))
    assert world.after(10) == (2.0, port.Gathered("in", "menu", "1", "max_digits"))

    world.engine.execute(port.Gather("in", "pin", (), max_digits=2))
    assert world.after(10) == (11.2, port.Gathered("in", "pin", "23", "max_digits"))


def test_a_caller_who_may_not_interrupt_presses_after_the_prompt(world):
    world.call(keys=(Press("1", after_s=2),))
    world.engine.execute(port.Gather("in", "menu", (port.Tone("ringback"),), barge_in=False))

    assert world.after(20) == (7.0, port.Gathered("in", "menu", "1", "max_digits"))


def test_a_caller_can_let_a_prompt_pass(world):
    world.call(keys=(Press(""), Press("2")))
    world.engine.execute(port.Gather("in", "first", (), first_digit_timeout_s=3))
    assert world.after(5) == (3.0, port.Gathered("in", "first", "", "no_input"))

    world.engine.execute(port.Gather("in", "second", ()))
    assert world.after(5) == (6.0, port.Gathered("in", "second", "2", "max_digits"))


def test_a_caller_presses_into_the_void(world):
    world.call(keys=(Press("9", after_s=4, unasked=True), Press("8", after_s=1, unasked=True)))
    world.after(10)

    assert world.events(port.Digit) == [(4.0, port.Digit("in", "9")), (5.0, port.Digit("in", "8"))]


def test_keys_that_are_left_over_go_to_the_next_question(world):
    world.call(keys=(Press("12", after_s=1), Press("3", after_s=1)))
    world.engine.execute(port.Gather("in", "first", ()))
    world.after(1.1)
    world.engine.execute(port.Gather("in", "second", ()))
    world.after(5)

    assert world.events(port.Gathered) == [
        (1.0, port.Gathered("in", "first", "1", "max_digits")),
        (1.2, port.Gathered("in", "second", "2", "max_digits")),
    ]


def test_a_caller_loses_patience(world):
    world.call(patience_s=30)

    assert world.after(60) == (30.0, port.Ended("in", HangupCause.NORMAL))


def test_a_caller_hangs_up_when_nobody_answers(world):
    world.call(answered=False, rings_s=10, patience_s=30)

    assert world.after(60) == (10.0, port.Ended("in", HangupCause.CANCELLED))


def test_patience_ends_with_the_bridge_and_begins_again_after_it():
    world = World({"web:1_lan": PhoneScript(after_s=3)})
    world.call(patience_s=10)
    world.dial("web:1_lan")
    world.after(5)
    world.engine.execute(port.Bridge("in", "out"))
    world.after(60)
    assert world.events(port.Ended) == []

    world.engine.execute(port.Hangup("out"))
    world.after(60)
    assert world.events(port.Ended) == [(65.0, port.Ended("out")), (75.0, port.Ended("in"))]


def test_whoever_has_talked_long_enough_hangs_up_first():
    world = World({"tel:84900": PhoneScript(after_s=1, talk_s=20)})
    world.call(talk_s=25)
    world.dial("tel:84900")
    world.after(5)
    world.engine.execute(port.Bridge("in", "out"))
    world.after(60)

    assert world.events(port.Ended) == [(25.0, port.Ended("out", HangupCause.NORMAL))]


def test_a_guest_talks_from_when_it_joins_whatever_part_it_takes_later():
    world = World({"tel:84900": PhoneScript(after_s=1), "tel:84911": PhoneScript(after_s=1, talk_s=20)})
    world.call()
    world.dial("tel:84900")
    world.dial("tel:84911", leg="third")
    world.after(5)
    world.engine.execute(port.Bridge("in", "out"))
    world.engine.execute(port.Join("third", "out", port.Part.LISTEN))
    world.after(10)
    world.engine.execute(port.Join("third", "out", port.Part.TALK))
    world.after(60)

    assert world.events(port.Ended) == [(25.0, port.Ended("third", HangupCause.NORMAL))]


def test_a_guest_who_was_left_alone_does_not_hang_up_for_having_talked_enough():
    world = World({"tel:84900": PhoneScript(after_s=1), "tel:84911": PhoneScript(after_s=1, talk_s=20)})
    world.call()
    world.dial("tel:84900")
    world.dial("tel:84911", leg="third")
    world.after(5)
    world.engine.execute(port.Join("third", "out", port.Part.TALK))
    world.after(5)
    world.engine.execute(port.Hangup("out"))
    world.after(60)

    assert world.events(port.Ended) == [(10.0, port.Ended("out", HangupCause.NORMAL))]


def test_a_caller_leaves_a_message_and_hangs_up(world):
    world.call(patience_s=5, message_s=12)
    world.after(2)
    world.engine.execute(port.StartRecording("in", "rec", "voicemail", 1, beep=True, max_s=60, silence_s=5))
    world.after(60)

    assert world.told[1:] == [
        (14.4, port.Ended("in", HangupCause.NORMAL)),
        (14.4, port.RecordingReady("in", "rec", "recordings/1/rec.mp3", 24_000, 12_000)),
    ]


@pytest.mark.parametrize(
    ("does", "story"),
    [
        (Does.ANSWERS, [(0.5, port.Ringing("out")), (4.0, port.Answered("out", "web:1_lan"))]),
        (Does.REJECTS, [(0.5, port.Ringing("out")), (4.0, port.Ended("out", HangupCause.REJECTED))]),
        (Does.BUSY, [(4.0, port.Ended("out", HangupCause.BUSY))]),
        (Does.UNREACHABLE, [(4.0, port.Ended("out", HangupCause.UNREACHABLE))]),
        (Does.INVALID, [(4.0, port.Ended("out", HangupCause.INVALID_NUMBER))]),
        (Does.NEVER_ANSWERS, [(0.5, port.Ringing("out")), (60.0, port.Ended("out", HangupCause.NO_ANSWER))]),
    ],
)
def test_a_phone_does_what_its_script_says(does, story):
    world = World({"web:1_lan": PhoneScript(does=does, after_s=4, rings_after_s=0.5)})

    world.dial("web:1_lan")
    world.after(100)

    assert world.told == story


def test_a_busy_phone_says_why_though_others_cannot_be_reached_later():
    busy, unreachable = PhoneScript(does=Does.BUSY, after_s=1), PhoneScript(does=Does.UNREACHABLE, after_s=2)
    world = World({"web:1_a": busy, "web:1_b": unreachable})

    world.dial("web:1_a", "web:1_b")

    assert world.after(10) == (2.0, port.Ended("out", HangupCause.BUSY))


def test_a_telephone_without_script_answers_and_a_user_without_one_is_away(world):
    world.dial("tel:84900", leg="out-1")
    world.dial("web:1_lan", "sip:1_lan", leg="out-2")
    world.after(10)

    assert world.told == [
        (0.0, port.Ended("out-2", HangupCause.UNREACHABLE)),
        (1.0, port.Ringing("out-1")),
        (5.0, port.Answered("out-1", "tel:84900")),
    ]


def test_nothing_is_told_from_within_a_command(world):
    world.call(answered=False)
    world.dial("web:1_lan")
    world.engine.execute(port.Hangup("in"))
    world.engine.tell_snapshot()

    assert world.told == []
    world.after(0)
    assert [type(event) for _, event in world.told] == [port.Incoming, port.Ended, port.Snapshot, port.Ended]


def test_an_engine_that_stops_ends_all_legs_and_leaves_nothing():
    world = World({"web:1_lan": PhoneScript(after_s=3)})
    world.call(patience_s=10)
    world.dial("web:1_lan")

    world.engine.stop()
    world.after(0)

    assert [event for _, event in world.told[1:]] == [
        port.Ended("in", HangupCause.ENGINE_LOST),
        port.Ended("out", HangupCause.ENGINE_LOST),
    ]
    assert (world.engine.legs, world.clock.waiting()) == ({}, 0)


def test_longer_texts_take_longer_to_speak():
    assert spoken_s("") == 0.5
    assert spoken_s("x" * 140) == 10.0
    assert spoken_s("x" * 140, speed=3) < 10.0 < spoken_s("x" * 140, speed=-3)


# ── Simulated calls ──────────────────────────────────────────────────────────────────────────────────────────────────
class Console:
    """A simulator on a virtual clock."""

    def __init__(self):
        self.clock = VirtualScheduler(START)
        self.told: list[port.Event] = []
        self.simulator = Simulator("engine-1", self.clock, self.told.append)

    def simulate(self, leg, **script):
        self.simulator.execute(port.SimulateCall(leg, 7, "84901", "84247", script))
        self.clock.run_for(0)


def up(user):
    return port.DeviceUp("engine-1", 7, user, "web", f"simulated-{user}", 4 * 3600)


def down(user):
    return port.DeviceDown("engine-1", 7, user, "web", f"simulated-{user}")


def test_a_simulated_call_comes_in_after_its_agents_are_online_and_they_leave_after_it():
    console = Console()
    console.simulate("in", patience_s=20, agents={"users": ["lan", "minh"], "answer_after_s": 3})
    assert console.told == [up("lan"), up("minh"), port.Incoming("in", "engine-1", "84901", "84247", "tel:84901")]

    console.simulator.execute(port.Dial("out", "call-1", ("web:7_lan",), "84247"))
    console.clock.run_for(3)
    assert console.told[3:] == [port.Ringing("out"), port.Answered("out", "web:7_lan")]

    console.simulator.execute(port.Hangup("out"))
    console.clock.run_for(30)
    assert console.told[5:] == [
        port.Ended("out"),
        port.Ended("in", HangupCause.CANCELLED),
        down("lan"),
        down("minh"),
    ]


def test_agents_of_two_simulated_calls_stay_until_both_have_ended():
    console = Console()
    console.simulate("in-1", agents={"users": ["lan"]})
    console.simulate("in-2", agents={"users": ["lan", "minh"]})
    assert [each for each in console.told if isinstance(each, port.DeviceUp)] == [up("lan"), up("minh")]

    console.simulator.execute(port.Hangup("in-2"))
    console.clock.run_for(1)
    assert console.told[-1] == down("minh")
    assert down("lan") not in console.told

    console.simulator.execute(port.Hangup("in-1"))
    console.clock.run_for(1)
    assert console.told[-1] == down("lan")


def test_agents_of_one_project_are_not_online_in_another():
    console = Console()
    console.simulate("in", agents={"users": ["lan"]})

    console.simulator.execute(port.Dial("out", "call-1", ("web:8_lan",), "84247"))
    console.clock.run_for(1)

    assert console.told[-1] == port.Ended("out", HangupCause.UNREACHABLE)


def test_a_simulated_call_says_what_telephones_do():
    console = Console()
    console.simulate("in", phones={"84911": {"does": "busy", "after_s": 1}})

    console.simulator.execute(port.Dial("out", "call-1", ("tel:84911",), "84247"))
    console.clock.run_for(2)

    assert console.told[-1] == port.Ended("out", HangupCause.BUSY)


def test_a_simulated_call_that_is_ordered_twice_comes_in_once():
    console = Console()
    console.simulate("in")
    console.simulate("in")
    assert len(console.told) == 1

    console.simulator.execute(port.Hangup("in"))
    console.clock.run_for(1)
    console.simulate("in")
    console.clock.run_for(60)
    assert [type(each) for each in console.told] == [port.Incoming, port.Ended]
    assert console.simulator._calls == {}


def test_a_script_that_nobody_understands_is_logged_and_nobody_calls(caplog):
    console = Console()

    console.simulate("in", patience_s="long")

    assert console.told == []
    assert [record.message for record in caplog.records] == ["simulated call is not understood"]
