"""Whatever happens to a call, in whatever order and however often: what holds after every event."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.domain import Unanswered
from callflow.domain import events as on
from callflow.domain.call import AgentRef, Call, Party, Timer, TransferKind
from callflow.domain.conductor import due_timers
from callflow.domain.config import Settings
from callflow.domain.effects import (
    AgentAnswered,
    AgentCalledOut,
    AgentMissed,
    AgentReleased,
    Ask,
    Effect,
    Publish,
    RecordingStored,
    RingDoorbell,
)
from callflow.domain.guests import MOST_GUESTS
from callflow.tests import cast
from callflow.tests.cast import HOA, LAN, MINH, Project, Story
from calls.domain import CALL_TABLE, LEG_TABLE, CallState, Cause, Direction, LegRole, LegState
from queues.entries import ENTRY_TABLE, EntryState
from routing.domain.offers import OFFER_TABLE, OfferState
from telephony import port
from telephony.port import HangupCause, Part

AGENTS = (LAN, MINH, HOA)
ASKING = Settings(cast.INFO_URL, 2000, cast.CALLOUT_URL, 600)
PROGRAMS = [
    cast.program(*actions)
    for actions in (
        [],
        [cast.TALK],
        [cast.TALK, cast.KEYS],
        [cast.RECORD, cast.connect(), cast.TALK],
        [cast.TALK, cast.connect("lan", internal=True, continueOnFail=True, maxConnectTime=30), cast.connect("minh")],
        [cast.connect("hoa", internal=True, continueOnFail=True, onFailEventUrl="https://crm.example.net/fail")],
        [cast.connect("guest", internal=True)],
        [cast.MESSAGE, {**cast.TALK, "bargeIn": False}, cast.connect("none", continueOnFail=True), cast.TALK],
    )
]
ANSWERS = [None, "", "<html>", "[]", '[{"action":"talk","text":"Hi"}]']
ANSWERS += [
    '[{"action":"connect","from":{"type":"internal","number":"842473082686"},"to":{"type":"external","number":"84900000012"}}]',
    '[{"action":"input","eventUrl":"https://crm.example.net/keys"}]',
]
CAUSES = list(HangupCause)
WAYS_OUT = [
    cast.WayOut("voicemail"),
    cast.WayOut("queue", to_queue_id=cast.SALES),
    cast.WayOut("queue", to_queue_id=cast.SUPPORT),
    cast.WayOut("number", to_number=cast.ELSEWHERE),
    cast.WayOut("node", tree_id="TR1", to_node_id="more"),
    cast.WayOut("message", message="Sorry"),
    cast.WayOut("hang_up"),
]
QUEUE_CAUSES = ("full", "waited_too_long", "closed", "nobody_signed_in")


def any_project(chance: Random) -> Project:
    """Most things are in order in most projects."""
    return replace(
        cast.OURS,
        settings=chance.choice([Settings(), ASKING]),
        hotline=replace(
            chance.choice([cast.TO_SALES, cast.TO_NIGHT, cast.TO_MENU]),
            answer_url=chance.choice(["", "", "", cast.ANSWER_URL]),
            record_outbound=chance.random() < 0.5,
        ),
        ways_out={
            (queue, cause): chance.choice(WAYS_OUT)
            for queue in cast.QUEUES
            for cause in QUEUE_CAUSES
            if chance.random() < 0.5
        },
        closed=_some_queues(chance),
        full=_some_queues(chance),
        deserted=_some_queues(chance),
        refusal=chance.choice([None, None, None, None, Cause.LIMIT_RATE]),
    )


def _some_queues(chance: Random) -> frozenset[int]:
    return frozenset(queue for queue in cast.QUEUES if chance.random() < 0.1)


INBOUND: tuple[Call, on.CallHappening] = (cast.inbound(), on.Arrived())
BEGINNINGS: list[tuple[Call, on.CallHappening]] = [
    *[INBOUND] * 6,
    (cast.from_device(), on.Arrived()),
    (cast.from_device(), on.Arrived()),
    (cast.from_device(Party("minh", internal=True)), on.Arrived()),
    (cast.from_device(by=None), on.Arrived()),
    (cast.outbound(), cast.CALLOUT),
    (cast.outbound(), cast.CALLOUT),
    (cast.outbound(), on.DialOutRequested(PROGRAMS[2])),
    (cast.outbound(), on.DialOutRequested(PROGRAMS[4])),
    (cast.outbound(), on.DialOutRequested(None, cast.ANSWER_URL)),
    (cast.outbound(Direction.INTERNAL, Party("lan", internal=True)), on.DialOutRequested(PROGRAMS[3])),
    (cast.outbound(to=Party("lan", internal=True)), on.DialOutRequested(PROGRAMS[3])),
]


# ── What the rest of the world knows ─────────────────────────────────────────────────────────────────────────────────
@dataclass
class Walk:
    """A story, with agents who are reserved before they are offered, as dispatch does it."""

    story: Story
    held: dict[AgentRef, str] = field(default_factory=dict)  # by this call: reserved, in_call
    told_to_end: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    offers: list[on.OfferMade] = field(default_factory=list)
    peers: dict[str, str] = field(default_factory=dict)  # as the engine was told: who is bridged with whom
    guest_of: dict[str, tuple[str, Part]] = field(default_factory=dict)  # as the engine was told: host and part

    def happens(self, event: on.CallHappening) -> None:
        before = self.story.call
        as_it_was = replace(before, flow=replace(before.flow))
        if isinstance(event, on.CalloutRequested) and not before.serial:
            self.held[event.agent] = "in_call"
        if isinstance(event, port.Ended):
            self.gone.add(event.leg)
            self._is_gone(event.leg)
        self.story.happens(event)
        assert before == as_it_was
        for effect in self.story.latest:
            self._take(effect)
        busy = {agent.user_id for agent in self.held}
        agents = tuple(cast.agent(agent, busy=agent.user_id in busy) for agent in AGENTS)
        self.story.config = replace(self.story.config, agents=agents)
        if before.state is CallState.ENDED:
            self._check_after_the_end(before)
        self._check()

    def reserve(self, agent: AgentRef) -> None:
        assert agent not in self.held
        self.held[agent] = "reserved"

    @property
    def free(self) -> list[AgentRef]:
        return [agent for agent in AGENTS if agent not in self.held]

    def _take(self, effect: Effect) -> None:
        match effect:
            case AgentMissed(agent, outcome):
                assert self.held.pop(agent) == "reserved"
                assert isinstance(outcome, Unanswered)
            case AgentAnswered(agent):
                assert self.held[agent] == "reserved"
                self.held[agent] = "in_call"
            case AgentCalledOut(agent):
                assert agent not in self.held
                self.held[agent] = "in_call"
            case AgentReleased(agent):
                assert self.held.pop(agent) == "in_call"
            case port.Hangup(leg):
                self.told_to_end.add(leg)
                self._is_gone(leg)
            case port.Bridge(leg, with_leg):
                self._steps_out(leg)
                self._steps_out(with_leg)
                self.peers |= {leg: with_leg, with_leg: leg}
            case port.Unbridge(leg):
                self._steps_out(leg)
            case port.Join(leg, with_leg, part):
                assert self.story.call.leg(with_leg).answered_at is not None
                self._steps_out(leg)
                self.guest_of[leg] = (with_leg, part)

    def _steps_out(self, leg: str) -> None:
        """As the engine does it: out of its bridge, or out of its host's conversation."""
        self.guest_of.pop(leg, None)
        self.peers.pop(self.peers.pop(leg, ""), None)

    def _is_gone(self, leg: str) -> None:
        """A leg that ends takes part in nothing, and its guests are nobody's."""
        self._steps_out(leg)
        for guest in [guest for guest, (host, _) in self.guest_of.items() if leg in (guest, host)]:
            del self.guest_of[guest]

    # ── Invariants ───────────────────────────────────────────────────────────────────────────────────────────────
    def _check_after_the_end(self, before: Call) -> None:
        harmless = AgentMissed | AgentReleased | RingDoorbell | RecordingStored | port.Hangup
        assert all(isinstance(effect, harmless) for effect in self.story.latest)
        assert replace(self.story.call, offer=None, flow=before.flow) == replace(before, offer=None)

    def _check(self) -> None:
        call = self.story.call
        _check_moves(self.story)
        published = self.story.all(Publish)
        assert [each.serial for each in published] == list(range(1, call.serial + 1))
        assert published[0].status == "created"
        assert Counter(each.status for each in published)["ended"] == (call.state is CallState.ENDED)
        for leg in call.legs:
            if leg.state is LegState.ENDED:
                assert leg.id in self.told_to_end | self.gone
                assert leg.ended_at is not None
        is_open = call.offer is not None and call.offer.state is OfferState.OPEN
        assert is_open == (call.state is CallState.OFFERED)
        if call.state is CallState.ENDED:
            self._check_end(call)
        else:
            assert call.outcome is None
            assert call.ended_at is None
            assert _is_awaited(call), (call.state, call.flow, call.timers)
            held = any(leg.held for leg in call.live_legs)
            assert not held or (call.state is CallState.CONNECTED and call.flow.transfer is None)
            assert set(self.held) == _agents_in(call)
            self._check_guests(call)
            self._check_bridges(call)
        assert "chief" not in {each.to.number for each in published}

    def _check_bridges(self, call: Call) -> None:
        """The host talks with the customer, or with whom he consults about him."""
        transfer, host, customer = call.flow.transfer, call.host, call.customer_leg
        if call.state is CallState.CONNECTED and transfer is None:
            assert self.peers == {host.id: customer.id, customer.id: host.id}
        elif host is not None and transfer.consulting:
            assert self.peers == {host.id: transfer.leg, transfer.leg: host.id}
        else:
            assert self.peers == {}

    def _check_guests(self, call: Call) -> None:
        """Each guest who is there is the present host's, and the engine knows it."""
        assert len({guest.leg for guest in call.flow.guests}) == len(call.flow.guests) <= MOST_GUESTS
        wanted = {}
        for guest in call.flow.guests:
            leg = call.leg(guest.leg)
            assert leg is not None
            assert leg.alive
            assert leg.role is LegRole.SUPERVISOR or (guest.part is Part.TALK and call.state is CallState.CONNECTED)
            assert leg.answered_at is not None or Timer.GUEST_RING in call.timers
            if leg.answered_at is not None and call.host is not None:
                wanted[guest.leg] = (call.host.id, guest.part)
        assert self.guest_of == wanted
        rung = [guest for guest in call.flow.guests if call.leg(guest.leg).answered_at is None]
        assert len(rung) == (Timer.GUEST_RING in call.timers)

    def _check_end(self, call: Call) -> None:
        assert call.live_legs == ()
        assert call.timers == {}
        assert call.outcome is not None
        assert call.cause
        assert call.ended_by in ("INTERNAL", "EXTERNAL")
        assert call.entry is None or call.entry.state is EntryState.ENDED
        assert self.held == {}


def _agents_in(call: Call) -> set[AgentRef]:
    """Those whom a call holds, as its legs tell; one who is to be rung first before he has a leg."""
    on_legs = {leg.agent for leg in call.live_legs if leg.agent is not None}
    to_be_rung = {call.agent} if call.agent is not None and not call.flow.main_leg else set()
    return on_legs | to_be_rung


def _is_awaited(call: Call) -> bool:
    """Whether something will move the call on, if all the world falls silent."""
    caller, timers, transfer = call.caller, call.timers, call.flow.transfer
    match call.state:
        case CallState.RINGING_IN | CallState.AUTHORISING:
            return Timer.QUESTION in timers
        case CallState.IVR:
            return caller is not None and Timer.MENU in timers
        case CallState.PROGRAM:
            return caller is not None and (Timer.MEDIA in timers or Timer.QUESTION in timers)
        case CallState.WAITING:
            waits = call.entry is not None and call.entry.state is EntryState.WAITING
            return caller is not None and waits  # dispatch looks
        case CallState.OFFERED:
            offered = call.entry is not None and call.entry.state is EntryState.OFFERED
            return caller is not None and offered and Timer.OFFER in timers
        case CallState.CONNECTED if transfer is None:
            answered = [leg for leg in call.live_legs if leg.state is LegState.ANSWERED]
            others = [leg for leg in answered if leg != caller and call.guest(leg.id) is None]
            return caller is not None and len(others) == 1  # they hang up
        case CallState.CONNECTED:
            target, by = call.leg(transfer.leg), call.leg(transfer.by)
            assert caller is not None
            assert by is not None
            assert target is not None
            assert target.alive
            if transfer.consulting:
                return by.alive and target.state is LegState.ANSWERED
            return Timer.RING in timers
        case CallState.FORWARDING:
            return caller is not None and Timer.RING in timers
        case CallState.DIALING_AGENT | CallState.DIALING_CUSTOMER:
            return caller is not None and (Timer.RING in timers or Timer.QUESTION in timers)
        case CallState.VOICEMAIL | CallState.ANNOUNCING:
            return caller is not None and Timer.MEDIA in timers
        case _:
            return False


TABLES = {"call": CALL_TABLE, "leg": LEG_TABLE, "entry": ENTRY_TABLE, "offer": OFFER_TABLE}


def _check_moves(story: Story) -> None:
    """Replaying the log gives the states, along the tables alone."""
    states: dict[tuple[str, str], str] = {}
    stays = 0
    for moved in story.moved:
        key = (moved.subject, moved.subject_id)
        if moved.event == "enter":
            stays += 1
            key = ("entry", str(stays))
        elif moved.event != "start":
            assert states.setdefault(key, moved.before) == moved.before
            assert TABLES[moved.subject].after(moved.before, moved.event) == moved.after
        states[key] = moved.after
    call = story.call
    assert states.get(("call", call.id), call.state) == call.state
    for leg in call.legs:
        assert states.get(("leg", leg.id), leg.state) == leg.state
    if call.entry is not None:
        assert states["entry", str(call.entry.id)] == call.entry.state
    if call.offer is not None:
        assert states.get(("offer", str(call.offer.id)), OfferState.OPEN) == call.offer.state


# ── What may happen ──────────────────────────────────────────────────────────────────────────────────────────────────
Maker = Callable[[Random, "Walk"], on.CallHappening]


def next_event(chance: Random, walk: Walk) -> on.CallHappening:
    """Anything, with a preference for what the call waits for."""
    expected = _expected(walk.story.call) if chance.random() < 0.7 else ()
    return chance.choice(expected or ANYTHING)(chance, walk)


def _expected(call: Call) -> tuple[Maker, ...]:
    """What usually comes next."""
    if any(leg.state in (LegState.DIALING, LegState.RINGING) for leg in call.live_legs):
        return (_of_the_latest_leg,)
    match call.state:
        case CallState.WAITING:
            return (_of_an_offer,)
        case CallState.CONNECTED if call.flow.transfer is None:
            return (_of_a_transfer, _of_a_transfer, _of_a_guest, _of_a_guest, _of_people, _put, _of_a_leg)
        case CallState.CONNECTED:
            return (_of_the_latest_leg, _of_a_leg, _of_people, _of_a_guest)
        case CallState.IVR | CallState.VOICEMAIL | CallState.ANNOUNCING:
            return (_of_sound,)
        case CallState.PROGRAM if Timer.QUESTION not in call.timers:
            return (_of_sound,)
    return (_of_a_server,)


def _of_the_latest_leg(chance: Random, walk: Walk) -> on.CallHappening:
    """It rings, answers, or ends; usually it answers."""
    leg = walk.story.call.live_legs[-1]
    return _any_of(
        chance,
        port.Ringing(leg.id),
        port.Answered(leg.id),
        port.Answered(leg.id),
        port.Ended(leg.id, chance.choice(CAUSES)),
    )


def _any_of(chance: Random, *events: on.CallHappening) -> on.CallHappening:
    return chance.choice(events)


def _of_a_leg(chance: Random, walk: Walk) -> on.CallHappening:
    leg = chance.choice([each.id for each in walk.story.call.legs] + ["nobody"])
    where = chance.choice(["", f"web:7_{leg}"])
    return _any_of(chance, port.Ringing(leg), port.Answered(leg, where), port.Ended(leg, chance.choice(CAUSES)))


def _of_sound(chance: Random, walk: Walk) -> on.CallHappening:
    """What is heard or recorded ends: the latest of it, or anything that once was."""
    begun = [each for each in walk.story.effects if isinstance(each, port.Gather | port.Play | port.StartRecording)]
    match chance.choice([*begun, *begun[-1:] * len(begun)]) if begun else None:
        case port.Gather(leg, gather):
            reason = chance.choice(["max_digits", "timeout", "no_input", "terminator"])
            return port.Gathered(leg, gather, chance.choice([*"1234567", ""]), reason)
        case port.StartRecording(leg, recording):
            return port.RecordingReady(leg, recording, chance.choice(["a.mp3", "a.mp3", "a.mp3", ""]), 1, 1)
        case port.Play(leg, play):
            return port.PlayEnded(leg, play, chance.random() < 0.9)
    return port.PlayEnded("nobody", "nothing")


def _of_a_server(chance: Random, walk: Walk) -> on.CallHappening:
    asked = walk.story.all(Ask)
    question = chance.choice([asked[-1], *asked]).question if asked else "never asked"
    return on.QuestionAnswered(question, chance.choice(ANSWERS))


def _of_an_offer(chance: Random, walk: Walk) -> on.CallHappening:
    """Dispatch has reserved somebody, for this stay or a wrong one; or the same offer comes again."""
    known = [each for each in walk.offers if walk.story.call.offer and each.offer == walk.story.call.offer.id]
    if known and chance.random() < 0.2:
        return known[0]
    if not walk.free:
        return on.TransferCompleted()
    agent = chance.choice(walk.free)
    walk.reserve(agent)
    number = len(walk.offers) + 1
    entry = walk.story.call.entry.id if walk.story.call.entry is not None and chance.random() < 0.9 else 99
    where = chance.choice([(f"web:7_{agent.user_id}",), (f"tel:{cast.ELSEWHERE}",), ()])
    walk.offers.append(on.OfferMade(entry, number, f"offer-{number}", agent, where, 20, number))
    return walk.offers[-1]


def _of_people(chance: Random, walk: Walk) -> on.CallHappening:
    legs = [leg.id for leg in walk.story.call.legs] + ["nobody"]
    usual: list[on.CallHappening] = [
        on.HoldRequested(chance.random() < 0.5),
        on.MuteRequested(chance.choice(legs), chance.random() < 0.5),
        on.DigitsRequested(chance.choice(legs), "12#"),
        port.Digit(chance.choice(legs), "5"),
        on.TransferCompleted(),
        on.TransferCancelled(),
        on.TransferMerged(),
    ]
    again: list[on.CallHappening] = [on.Arrived(), on.DialOutRequested(PROGRAMS[1]), cast.CALLOUT]
    stop, hang_up = on.HangUpRequested(Cause.STOPPED), on.HangUpRequested(Cause.NORMAL, internal=False)
    return _any_of(chance, *usual * 3, *again, stop, hang_up, on.EngineLost())


def _of_a_transfer(chance: Random, walk: Walk) -> on.CallHappening:
    kind = chance.choice(list(TransferKind))
    target = chance.choice(["agent", "agent", "agent", "agent", "queue", "number", "number", "guest", "nowhere"])
    if target == "agent" and walk.free:
        agent = chance.choice(walk.free)
        walk.reserve(agent)
        where = (f"web:7_{agent.user_id}",) if chance.random() < 0.9 else ()
        return on.TransferRequested(kind, Party(agent.user_id, internal=True), agent=agent, endpoints=where)
    if target == "queue":
        return on.TransferRequested(kind, Party(""), queue=chance.choice([*cast.QUEUES, 99]))
    if target == "guest":
        return on.TransferRequested(kind, Party("guest", internal=True), endpoints=("web:7_guest",))
    where = (f"tel:{cast.ELSEWHERE}",) if target == "number" else ()
    return on.TransferRequested(kind, Party(cast.ELSEWHERE), endpoints=where)


def _of_a_guest(chance: Random, walk: Walk) -> on.CallHappening:
    """Somebody is wanted as a third person or a supervisor, takes another part, or is let go."""
    leg = chance.choice([leg.id for leg in walk.story.call.legs] + ["nobody"])
    match chance.choice(["comes", "comes", "comes", "changes", "goes"]):
        case "changes":
            return on.GuestChanged(leg, chance.choice(list(Part)), "chief")
        case "goes":
            return on.GuestDismissed(leg)
    role = chance.choice([LegRole.PARTICIPANT, LegRole.SUPERVISOR])
    part = Part.TALK if role is LegRole.PARTICIPANT else chance.choice(list(Part))
    if walk.free and chance.random() < 0.4:
        agent = chance.choice(walk.free)
        walk.held[agent] = "reserved" if role is LegRole.PARTICIPANT else "in_call"
        where = (f"web:7_{agent.user_id}",) if chance.random() < 0.9 else ()
        return on.GuestRequested(role, Party(agent.user_id, internal=True), part, where, agent, by="lan")
    if role is LegRole.SUPERVISOR and chance.random() < 0.7:
        return on.GuestRequested(role, Party("chief", internal=True), part, ("web:7_console:chief",), by="chief")
    return on.GuestRequested(role, Party(cast.ELSEWHERE), part, (f"tel:{cast.ELSEWHERE}",))


def _put(chance: Random, walk: Walk) -> on.CallHappening:
    return on.ActionsPut(chance.choice(PROGRAMS))


def _of_time(chance: Random, walk: Walk) -> on.CallHappening:
    """Some time passes, and a timer fires: a due one, or any, too early or never set."""
    story = walk.story
    story.now += dt.timedelta(seconds=chance.choice([0, 1, 5, 30, 400]))
    due = [each.timer for each in due_timers(story.call, story.now)]
    return on.TimerFired(chance.choice([*due * 3, *Timer]))


ANYTHING: tuple[Maker, ...] = (
    _of_a_leg,
    _of_a_leg,
    _of_sound,
    _of_a_server,
    _of_an_offer,
    _of_people,
    _of_a_transfer,
    _of_a_guest,
    _put,
    _of_time,
)


@given(st.integers(0, 60), st.randoms(use_true_random=True))
@settings(max_examples=600)
def test_whatever_happens_no_call_is_stuck_and_everybody_is_freed_once(steps, chance):
    call, first = chance.choice(BEGINNINGS)
    walk = Walk(Story(call, any_project(chance)))
    walk.happens(first)
    for _ in range(steps):
        walk.happens(next_event(chance, walk))
    _let_time_end_it(walk)


def _let_time_end_it(walk: Walk) -> None:
    """Without a word from anybody every call ends by its timers, but one in which people talk or wait."""
    for _ in range(100):
        at = walk.story.call.next_deadline_at
        if at is None:
            break
        walk.story.now = max(walk.story.now, at)
        for event in due_timers(walk.story.call, walk.story.now):
            walk.happens(event)
    assert walk.story.call.state in (CallState.ENDED, CallState.CONNECTED, CallState.WAITING)
