"""What holds for every program and whatever happens to it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from callflow.scco.actions import (
    Connect,
    Format,
    Input,
    Party,
    PartyType,
    Play,
    Program,
    Record,
    RecordMessage,
    Stream,
    Talk,
)
from callflow.scco.events import (
    Answered,
    AnswerFailed,
    ConnectAnswered,
    ConnectEnded,
    ConnectFailed,
    Event,
    KeysGathered,
    MediaEnded,
    MessageRecorded,
    Started,
)
from callflow.scco.instructions import (
    AskInput,
    AskOnFail,
    Dial,
    Gather,
    HangUp,
    Instruction,
    PlayMedia,
    RecordVoicemail,
    StartRecording,
    StopMedia,
)
from callflow.scco.run import MAX_INSTRUCTIONS, Run, State, advance, start

FLAGS = st.booleans()
URLS = st.sampled_from(["https://crm.example.net/a", "https://crm.example.net/b"])
PARTIES = st.builds(Party, st.sampled_from(PartyType), st.sampled_from(["lan", "84900000012"]), st.just(""))
FORMATS = st.sampled_from(Format)
MEDIA_FIELDS = {"barge_in": FLAGS, "loops": st.integers(1, 3), "answer_first": FLAGS, "continue_while_play": FLAGS}
ACTIONS = st.one_of(
    st.builds(Connect, PARTIES, PARTIES, continue_on_fail=FLAGS, on_fail_url=st.none() | URLS),
    st.builds(Record, FORMATS, FLAGS, st.none() | URLS),
    st.builds(RecordMessage, FORMATS, st.sampled_from("#*1"), silence_ms=st.none() | st.just(500)),
    st.builds(Talk, text=st.text(max_size=5), **MEDIA_FIELDS),
    st.builds(Play, file_name=st.just("A.mp3"), **MEDIA_FIELDS),
    st.builds(Stream, url=URLS, **MEDIA_FIELDS),
    st.builds(Input, URLS, submit_on_hash=FLAGS, custom_field=st.text(max_size=3)),
)
PROGRAMS = st.builds(Program, st.lists(ACTIONS, max_size=6).map(tuple))
IDS = st.integers(0, 12)
ANY_EVENT = st.one_of(
    st.builds(Started),
    st.builds(MediaEnded, IDS),
    st.builds(MessageRecorded, IDS),
    st.builds(KeysGathered, IDS, st.text("0123456789*#", max_size=3), FLAGS),
    st.builds(ConnectAnswered, IDS),
    st.builds(ConnectFailed, IDS, st.just("busy"), st.just("486 Busy Here")),
    st.builds(ConnectEnded, IDS),
    st.builds(Answered, PROGRAMS, IDS),
    st.builds(Answered, PROGRAMS),
    st.builds(AnswerFailed, IDS, st.just("timeout")),
)


@dataclass
class World:
    """What has been instructed and is not over: the reference that a run is compared with."""

    heard: int | None = None
    awaited: Dial | Gather | AskInput | AskOnFail | None = None
    connected: bool = False
    ended: bool = False
    said: list[Instruction] = field(default_factory=list)

    def obey(self, instruction: Instruction) -> None:
        assert not self.ended
        self.said.append(instruction)
        match instruction:
            case PlayMedia() | RecordVoicemail():
                assert self.heard is None
                assert not self.connected
                assert not isinstance(self.awaited, Gather)
                self.heard = instruction.id
            case Gather():
                assert (self.awaited, self.heard) == (None, None)
                self.awaited = instruction
            case Dial() | AskInput() | AskOnFail():
                assert self.awaited is None
                self.awaited = instruction
            case StopMedia():
                assert self.heard is not None or isinstance(self.awaited, Gather)
                self.heard = None
                self.awaited = None if isinstance(self.awaited, Gather) else self.awaited
            case HangUp():
                self.ended = True
            case StartRecording():
                pass

    def note(self, event: Event) -> None:
        """What is over because of an event that fits."""
        awaited = self.awaited
        match event:
            case MediaEnded(id) | MessageRecorded(id) if id == self.heard:
                self.heard = None
            case KeysGathered(id) if isinstance(awaited, Gather) and id == awaited.id:
                self.awaited = None
            case ConnectAnswered(id) if isinstance(awaited, Dial) and id == awaited.id:
                self.connected = True
            case ConnectFailed(id) if isinstance(awaited, Dial) and id == awaited.id and not self.connected:
                self.awaited = None
            case ConnectEnded(id) if isinstance(awaited, Dial) and id == awaited.id:
                self.awaited, self.connected = None, False
            case Answered(_, id) | AnswerFailed(id) if isinstance(awaited, AskInput | AskOnFail):
                # A pushed program too makes a question void.
                self.awaited = None if id in (None, awaited.id) else awaited

    def fitting_events(self) -> st.SearchStrategy[Event]:
        """What can happen to the instructions that are not over."""
        choices: list[st.SearchStrategy[Event]] = []
        if self.heard is not None:
            choices.append(st.sampled_from([MediaEnded(self.heard), MessageRecorded(self.heard)]))
        match self.awaited:
            case Gather(id):
                choices.append(st.builds(KeysGathered, st.just(id), st.sampled_from(["", "1"]), FLAGS))
            case Dial(id) if self.connected:
                choices.append(st.just(ConnectEnded(id)))
            case Dial(id):
                choices.append(
                    st.sampled_from([ConnectAnswered(id), ConnectFailed(id, "busy", "486"), ConnectEnded(id)])
                )
            case AskInput(id) | AskOnFail(id):
                choices.append(st.builds(Answered, PROGRAMS, st.just(id)))
                choices.append(st.just(AnswerFailed(id, "timeout")))
        return st.one_of(choices)


def take(run: Run, world: World, event: Event) -> Run:
    """One event, with everything that must hold around it."""
    stored = Run.from_json(json.loads(json.dumps(run.to_json())))
    assert stored == run
    after, instructions = advance(run, event)
    assert advance(stored, event) == (after, instructions)
    if run.state is not State.READY:
        world.note(event)
    for instruction in instructions:
        world.obey(instruction)
    assert (after.state is State.ENDED) is world.ended
    assert after.issued == len(world.said) <= MAX_INSTRUCTIONS
    if not world.ended:
        assert after.playing == world.heard
        assert after.awaited == (world.awaited.id if world.awaited else None)
        assert (after.state is State.CONNECTED) is world.connected
        waits_for_something = world.heard is not None or world.awaited is not None
        assert waits_for_something is (after.state is not State.READY)
    return after


@given(PROGRAMS, st.lists(ANY_EVENT, max_size=15))
def test_whatever_happens_the_run_waits_only_for_what_it_instructed(program, events):
    run, world = start(program), World()
    for event in events:
        run = take(run, world, event)


@given(PROGRAMS, st.data())
def test_a_run_whose_instructions_are_answered_ends(program, data):
    world = World()
    run = take(start(program), world, Started())
    for _ in range(2 * MAX_INSTRUCTIONS):
        if world.ended:
            break
        late = data.draw(st.none() | ANY_EVENT) if len(world.said) < 20 else None
        run = take(run, world, late if late is not None else data.draw(world.fitting_events()))
    else:
        raise AssertionError("The run did not end.")
    assert isinstance(world.said[-1], HangUp)
    assert [instruction for instruction in world.said if isinstance(instruction, HangUp)] == world.said[-1:]


@given(st.lists(ACTIONS, min_size=1, max_size=6), st.sampled_from(["", "1"]))
def test_answers_without_end_are_cut_by_the_budget(actions, digits):
    program = Program((*actions, Input("https://crm.example.net/again")))
    world = World()
    run = take(start(program), world, Started())
    while not world.ended:
        match world.awaited:
            case Gather(id):
                event: Event = KeysGathered(id, digits, timed_out=not digits)
            case Dial(id):
                event = ConnectEnded(id)
            case AskInput(id) | AskOnFail(id):
                event = Answered(program, id)
            case _:
                event = MediaEnded(world.heard)
        run = take(run, world, event)
    assert len(world.said) == MAX_INSTRUCTIONS
