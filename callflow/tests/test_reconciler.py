"""What a dead engine, a lost event or a late answer has left behind is found and put right."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from agents.models import DeviceKind
from callflow import reconciler
from callflow.services import conduct
from calls import recordings
from calls.domain import LegRole, LegState
from calls.models import Call, Leg, Recording, RecordingState
from common import clock
from telephony import nodes, outbox, port
from telephony.models import EngineNode
from tests import factories

NODE = "engine-1"
HOTLINE = "842473000001"
START = dt.datetime(2026, 3, 2, 2, 0, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)

pytestmark = pytest.mark.django_db


class Hands:
    """A clock that only tests move."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> dt.datetime:
        return self.time

    def pass_(self, seconds: float) -> dt.datetime:
        self.time += seconds * SECOND
        return self.time


@pytest.fixture
def hands(monkeypatch):
    made = Hands()
    monkeypatch.setattr(clock, "now", made.now)
    return made


@pytest.fixture
def engine(hands):
    """An engine that was started at the beginning."""
    nodes.register(NODE, "fake", ("web", "tel"), hands.now())
    return EngineNode.objects.get(name=NODE)


@pytest.fixture
def hotline(ours):
    return factories.NumberFactory(
        project=ours, number=HOTLINE, enable_ivr=False, queue=factories.QueueFactory(project=ours)
    )


@pytest.fixture
def arrives(engine, hotline):
    """Lets somebody call; gives the leg."""

    def arrive(leg: str = "in-1") -> str:
        conduct(port.Incoming(leg, NODE, "84900000012", HOTLINE, "tel:84900000012"))
        return leg

    return arrive


def how(leg):
    """The end of a leg's call, or its state."""
    call = Call.objects.get(legs__leg_id=leg)
    return f"{call.outcome}: {call.cause}" if call.ended_at else call.state


def tells(hands, *legs, ago_s=0.0):
    return port.Snapshot(NODE, legs, at=(hands.now() - ago_s * SECOND).timestamp())


def test_calls_of_an_earlier_life_of_an_engine_end_with_its_first_snapshot(hands, arrives):
    leg = arrives()
    nodes.register(NODE, "fake", ("web", "tel"), hands.pass_(0.1))

    assert conduct(tells(hands)) == ()

    assert how(leg) == "failed: engine_lost"


def test_a_call_that_has_just_begun_may_be_missing_for_a_moment(hands, arrives):
    leg = arrives()
    hands.pass_(5)
    conduct(tells(hands))
    assert how(leg) == "waiting"

    hands.pass_(0.1)
    conduct(tells(hands))
    assert how(leg) == "failed: engine_lost"


def test_a_snapshot_that_was_heard_late_says_nothing_about_what_came_after_it(hands, arrives):
    leg = arrives()
    hands.pass_(20)
    conduct(tells(hands, ago_s=19))
    assert how(leg) == "waiting"


def test_a_call_that_the_engine_has_goes_on(hands, arrives):
    leg = arrives()
    hands.pass_(60)
    assert conduct(tells(hands, leg)) == ()
    assert how(leg) == "waiting"


def test_a_leg_that_the_engine_was_not_yet_told_to_dial_is_not_missing(hands, arrives):
    leg = arrives()
    call = Call.objects.get()
    owed = Leg.objects.create(
        project_id=call.project_id,
        call=call,
        leg_id="owed",
        role=LegRole.DESTINATION,
        state=LegState.DIALING,
        endpoint="tel:84909982888",
        started_at=hands.now(),
    )
    outbox.put(NODE, call.project_id, call.call_id, [port.Dial("owed", call.call_id, ("tel:84909982888",), "8424")])
    hands.pass_(60)

    conduct(tells(hands, leg))

    owed.refresh_from_db()
    assert owed.state == LegState.DIALING


def test_legs_that_are_no_call_of_ours_are_hung_up(hands, arrives):
    over, just_over = arrives("in-1"), arrives("in-2")
    conduct(port.Ended(over))
    hands.pass_(10)
    conduct(port.Ended(just_over))
    hands.pass_(1)

    assert conduct(tells(hands, over, just_over, "nobody's")) == (port.Hangup("in-1"), port.Hangup("nobody's"))


def test_devices_of_an_earlier_life_of_an_engine_are_gone(hands, engine, agent_1):
    conduct(port.DeviceUp(NODE, agent_1.project_id, "agent_1", "web", "old"))
    conduct(port.DeviceUp("engine-2", agent_1.project_id, "agent_1", "sip", "elsewhere"))
    nodes.register(NODE, "fake", ("web", "tel"), hands.pass_(1))
    conduct(port.DeviceUp(NODE, agent_1.project_id, "agent_1", "web", "new"))

    conduct(tells(hands))

    assert list(agent_1.project.device_set.order_by("device_id").values_list("device_id", "kind")) == [
        ("elsewhere", DeviceKind.SIP),
        ("new", DeviceKind.WEB),
    ]


def test_calls_of_an_engine_that_stays_silent_end(hands, arrives):
    leg = arrives()
    hands.pass_(15.1)
    assert reconciler.end_calls_of_lost_nodes() == 0
    hands.pass_(6)
    assert reconciler.end_calls_of_lost_nodes() == 1
    assert how(leg) == "failed: engine_lost"


def test_calls_go_on_when_the_database_was_away_and_no_engine_could_say_that_it_lives(hands, engine, arrives):
    leg = arrives()
    hands.pass_(60)
    assert reconciler.end_calls_of_lost_nodes() == 0
    nodes.see(NODE, engine.generation, hands.pass_(5))
    hands.pass_(15)
    assert reconciler.end_calls_of_lost_nodes() == 0

    hands.pass_(3)
    assert reconciler.end_calls_of_lost_nodes() == 0
    assert how(leg) == "waiting"


def being_recorded(leg):
    call = Call.objects.get(legs__leg_id=leg)
    return factories.RecordingFactory(
        project=call.project, call=call, state=RecordingState.RUNNING, file="", size_bytes=0, duration_ms=0
    )


def test_what_a_dead_engine_was_recording_has_failed(hands, arrives):
    recording = being_recorded(arrives())
    nodes.register(NODE, "fake", ("web", "tel"), hands.pass_(1))

    conduct(tells(hands))

    recording.refresh_from_db()
    assert (recording.state, recording.file, recording.ended_at) == (RecordingState.FAILED, "", hands.now())


def test_a_recording_that_a_dead_engine_has_written_is_kept(hands, arrives, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    recording = being_recorded(arrives())
    written = Path("recordings") / str(recording.project_id) / f"{recording.recording_id}.mp3"
    (tmp_path / written).parent.mkdir(parents=True)
    (tmp_path / written).write_bytes(b"sound")

    recordings.give_up([recording.call_id], hands.now())

    recording.refresh_from_db()
    assert (recording.state, recording.file, recording.size_bytes) == (RecordingState.READY, str(written), 5)


def test_a_recording_that_is_not_handed_over_is_given_up_and_one_that_comes_later_is_taken(hands, arrives):
    leg = arrives()
    recording = being_recorded(leg)
    conduct(port.Ended(leg))
    hands.pass_(45)
    assert reconciler.give_up_recordings() == 0
    hands.pass_(0.1)
    assert reconciler.give_up_recordings() == 1
    assert reconciler.give_up_recordings() == 0

    conduct(port.RecordingReady(leg, recording.recording_id, "recordings/late.mp3", 5, 1000))

    taken = Recording.objects.get()
    assert (taken.state, taken.file, taken.duration_ms) == (RecordingState.READY, "recordings/late.mp3", 1000)
