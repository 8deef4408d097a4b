"""A program as a call carries it out: what comes next, and what each event changes. Pure.

- Actions run from top to bottom. `connect` and `input` wait until they are over.
- `talk`, `play`, `stream` and `recordMessage` do not hold the list up, except media that may not be interrupted
  (`blocking`). The caller has one ear: what is to be heard takes turns in a line, and a message is taken in its turn.
- An `input` waits for its turn. Media directly before it that keys may interrupt are its prompt.
- When a connect is answered, the line is dropped. After a connect has ended, the remaining actions run; without any,
  the call ends. When it fails, the call ends; with `continueOnFail`, `onFailEventUrl` answers what comes next, and
  without that address the remaining actions run.
- An answer replaces what is left. A pushed program does so at once, also while keys or an answer are awaited; a connect
  under way goes on, and then the pushed program runs, however the connect ended.
- The call ends when the list is exhausted and everything has been heard.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeVar

from callflow.scco.actions import Action, Connect, Input, Media, Play, Program, Record, RecordMessage, Stream, Talk
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
    HangUpCause,
    Instruction,
    PlayMedia,
    Prompt,
    RecordVoicemail,
    StartRecording,
    StopMedia,
)
from callflow.scco.stored_actions import action_from_json, action_to_json

MAX_INSTRUCTIONS = 200  # per call, over all answers: a menu that answers with itself ends after a hundred rounds


class State(StrEnum):
    READY = "ready"
    PLAYING = "playing"  # nothing but the line is waited for
    DIALLING = "dialling"
    CONNECTED = "connected"
    GATHERING = "gathering"
    ASKING = "asking"
    ENDED = "ended"


Heard = Talk | Play | Stream | RecordMessage
Issued = TypeVar("Issued", bound=Instruction)


@dataclass(frozen=True, slots=True)
class Run:
    """A program under way.

    `awaited` is the id of the Dial, Gather or question of the state, `awaited_action` its connect or input; `playing`
    the id of the PlayMedia or RecordVoicemail that the caller has; `held`: the next action waits for silence.
    """

    state: State
    actions: tuple[Action, ...]
    line: tuple[Heard, ...] = ()
    playing: int | None = None
    held: bool = False
    awaited: int | None = None
    awaited_action: Connect | Input | None = None
    issued: int = 0

    def to_json(self) -> dict[str, Any]:
        """Shape: the fields by name; an action is an object with its fields and `kind`."""
        return {
            "state": self.state.value,
            "actions": [action_to_json(action) for action in self.actions],
            "line": [action_to_json(heard) for heard in self.line],
            "playing": self.playing,
            "held": self.held,
            "awaited": self.awaited,
            "awaited_action": action_to_json(self.awaited_action) if self.awaited_action else None,
            "issued": self.issued,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Run:
        """The run that `to_json` wrote."""
        awaited_action = stored["awaited_action"]
        return cls(
            state=State(stored["state"]),
            actions=tuple(action_from_json(action) for action in stored["actions"]),
            line=tuple(action_from_json(heard) for heard in stored["line"]),
            playing=stored["playing"],
            held=stored["held"],
            awaited=stored["awaited"],
            awaited_action=action_from_json(awaited_action) if awaited_action else None,
            issued=stored["issued"],
        )


def start(program: Program) -> Run:
    """A run that waits for Started."""
    return Run(State.READY, program.actions)


def advance(run: Run, event: Event) -> tuple[Run, tuple[Instruction, ...]]:
    """Take an event and say what to do now, in order.

    Events that do not fit (late, repeated, after the end) change nothing. Whatever comes, at most MAX_INSTRUCTIONS are
    issued in the whole run, and the last one is a HangUp.
    Cost: linear in the actions that are left.
    """
    step = _Step(run)
    try:
        _take(step, event)
    except _BudgetSpent:
        step.end(HangUpCause.BUDGET)
    return step.run, tuple(step.instructions)


def _take(step: _Step, event: Event) -> None:
    run = step.run
    match run.state, event:
        case State.ENDED, _:
            return
        case _, Answered(program, None):
            _take_pushed(step, program)
        case State.READY, Started():
            _take_program(step, run.actions)
        case _, MediaEnded(id) | MessageRecorded(id) if id == run.playing:
            step.change(playing=None)
            _go_on(step)
        case _, KeysGathered() | ConnectAnswered() | ConnectFailed() | ConnectEnded() | Answered() | AnswerFailed():
            if event.id == run.awaited:
                _take_outcome(step, event)


def _take_outcome(step: _Step, event: Event) -> None:
    match step.run.state, step.run.awaited_action, event:
        case State.GATHERING, Input() as action, KeysGathered():
            _ask_input(step, action, event)
        case State.DIALLING, _, ConnectAnswered():
            _hush(step)
            step.change(state=State.CONNECTED)
        case State.DIALLING, Connect() as action, ConnectFailed():
            _take_failure(step, action, event)
        case State.DIALLING | State.CONNECTED, _, ConnectEnded():
            _resume(step)
        case State.ASKING, _, Answered(program):
            _take_program(step, program.actions)
        case State.ASKING, _, AnswerFailed():
            step.end(event.cause, event.reason)


def _take_program(step: _Step, actions: tuple[Action, ...]) -> None:
    if not actions:
        step.end(HangUpCause.EMPTY)
        return
    step.change(actions=actions)
    _resume(step)


def _take_pushed(step: _Step, program: Program) -> None:
    match step.run.state, step.run.awaited_action:
        case State.READY, _:
            step.change(actions=program.actions)
        case State.DIALLING | State.CONNECTED, Connect() as action:
            goes_on = replace(action, continue_on_fail=True, on_fail_url=None)
            step.change(actions=program.actions, awaited_action=goes_on)
        case _:
            _hush(step)
            _take_program(step, program.actions)


def _take_failure(step: _Step, action: Connect, event: ConnectFailed) -> None:
    if action.continue_on_fail and action.on_fail_url is not None:
        url = action.on_fail_url
        question = step.issue(lambda id: AskOnFail(id, url, action.to, event.cause))
        step.change(state=State.ASKING, awaited=question.id)
    elif action.continue_on_fail and step.run.actions:
        _resume(step)
    else:
        step.end(HangUpCause.CONNECT_FAILED, event.reason)


def _ask_input(step: _Step, action: Input, keys: KeysGathered) -> None:
    question = step.issue(lambda id: AskInput(id, action.event_url, keys.digits, keys.timed_out, action.custom_field))
    step.change(state=State.ASKING, awaited=question.id)


def _hush(step: _Step) -> None:
    """Drop what the caller hears, would hear, or is asked for."""
    if step.run.playing is not None or step.run.state is State.GATHERING:
        step.issue(lambda _: StopMedia())
    step.change(line=(), playing=None, held=False)


def _resume(step: _Step) -> None:
    """Nothing is awaited any more: the list goes on."""
    step.change(state=State.PLAYING, awaited=None, awaited_action=None)
    _go_on(step)


def _go_on(step: _Step) -> None:
    """Run actions until one must be waited for, and give the caller what comes next in the line."""
    while step.run.state is State.PLAYING and step.run.actions and not _must_wait(step.run):
        action, *left = step.run.actions
        step.change(actions=tuple(left), held=False)
        _do(step, action)
    _play_next(step)
    if step.run.state is State.PLAYING and not step.run.actions and _silent(step.run):
        step.end(HangUpCause.FINISHED)


def _silent(run: Run) -> bool:
    return run.playing is None and not run.line


def _must_wait(run: Run) -> bool:
    if isinstance(run.actions[0], Input):
        return run.playing is not None or not all(_is_prompt(heard) for heard in run.line)
    return run.held and not _silent(run)


def _is_prompt(heard: Heard) -> bool:
    return isinstance(heard, Media) and heard.barge_in


def _do(step: _Step, action: Action) -> None:
    match action:
        case Talk() | Play() | Stream():
            step.change(line=(*step.run.line, action), held=action.blocking)
        case RecordMessage():
            step.change(line=(*step.run.line, action))
        case Record():
            step.issue(lambda _: StartRecording(action.format, action.stereo, action.event_url))
        case Connect():
            _play_next(step)
            dial = step.issue(lambda id: _dial(id, action))
            step.change(state=State.DIALLING, awaited=dial.id, awaited_action=action)
        case Input():
            prompt = tuple(_prompt(heard) for heard in step.run.line if isinstance(heard, Media))
            gather = step.issue(
                lambda id: Gather(id, prompt, action.timeout_s, action.max_digits, action.submit_on_hash)
            )
            step.change(line=(), state=State.GATHERING, awaited=gather.id, awaited_action=action)


def _dial(id: int, action: Connect) -> Dial:
    return Dial(
        id=id,
        from_=action.from_,
        to=action.to,
        timeout_s=action.timeout_s,
        max_connect_s=action.max_connect_s,
        custom_data=action.custom_data,
    )


def _prompt(media: Media) -> Prompt:
    return Prompt(media.sound, media.loops, media.pause_ms)


def _play_next(step: _Step) -> None:
    if step.run.playing is not None or not step.run.line:
        return
    heard, *left = step.run.line
    issued = step.issue(lambda id: _hear(id, heard))
    step.change(line=tuple(left), playing=issued.id)


def _hear(id: int, heard: Heard) -> PlayMedia | RecordVoicemail:
    if isinstance(heard, Media):
        return PlayMedia(id, heard.sound, heard.loops, heard.pause_ms, heard.answer_first)
    return RecordVoicemail(
        id=id,
        format=heard.format,
        end_on_key=heard.end_on_key,
        max_ms=heard.max_ms,
        silence_ms=heard.silence_ms,
        beep=heard.beep,
        event_url=heard.event_url,
    )


class _BudgetSpent(Exception):
    """One more instruction would be the last one, which is for hanging up."""


@dataclass(slots=True)
class _Step:
    """The run as one event changes it, with the instructions so far."""

    run: Run
    instructions: list[Instruction] = field(default_factory=list)

    def change(self, **changes: object) -> None:
        self.run = replace(self.run, **changes)  # type: ignore[arg-type]  # names and kinds are those of Run

    def issue(self, make: Callable[[int], Issued]) -> Issued:
        """Add an instruction with the next id."""
        if self.run.issued >= MAX_INSTRUCTIONS - 1:
            raise _BudgetSpent
        self.run = replace(self.run, issued=self.run.issued + 1)
        instruction = make(self.run.issued)
        self.instructions.append(instruction)
        return instruction

    def end(self, cause: HangUpCause, detail: str = "") -> None:
        self.instructions.append(HangUp(cause, detail))
        self.run = Run(State.ENDED, actions=(), issued=self.run.issued + 1)
