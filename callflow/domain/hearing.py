"""What a program lets the caller hear, and takes from him: announcements, keys, messages."""

from __future__ import annotations

from callflow.domain import sounds
from callflow.domain.arriving import answer_caller
from callflow.domain.effects import RecordingBegun
from callflow.domain.turn import Turn
from callflow.scco import instructions
from telephony.port import Gather, Media, Play, StartRecording, StopPlay


def name_of(turn: Turn, id: int) -> str:
    """What the engine calls the announcement, input or recording of an instruction."""
    return f"{turn.call.flow.program}-{id}"


def id_of(turn: Turn, name: str) -> int | None:
    """The instruction behind a name; None for names of something else."""
    tag = f"{turn.call.flow.program}-"
    if not turn.call.flow.program or not name.startswith(tag):
        return None
    rest = name.removeprefix(tag)
    return int(rest) if rest.isdecimal() else None


def play(turn: Turn, media: instructions.PlayMedia) -> None:
    """Play to the caller, who is answered before unless it is early media."""
    caller = turn.call.caller
    if caller is None:
        return
    if media.answer_first:
        answer_caller(turn)
    sound = sounds.of_program(media.sound, turn.call.project_id)
    turn.do(Play(caller.id, name_of(turn, media.id), (sound,), media.loops, media.pause_ms))


def stop_media(turn: Turn) -> None:
    """Silence, also while keys are awaited or a message is spoken."""
    if turn.call.caller is not None:
        turn.do(StopPlay(turn.call.caller.id))


def gather(turn: Turn, wanted: instructions.Gather) -> None:
    """Ask the caller for keys."""
    caller = turn.call.caller
    if caller is None:
        return
    answer_caller(turn)
    media, loops, pause_ms = _prompt(turn, wanted.prompt)
    turn.do(
        Gather(
            caller.id,
            name_of(turn, wanted.id),
            media,
            loops=loops,
            pause_ms=pause_ms,
            first_digit_timeout_s=float(wanted.timeout_s),
            inter_digit_timeout_s=float(wanted.timeout_s),
            max_digits=wanted.max_digits,
            terminators="#" if wanted.submit_on_hash else "",
        )
    )


def _prompt(turn: Turn, prompts: tuple[instructions.Prompt, ...]) -> tuple[tuple[Media, ...], int, int]:
    """One prompt with its own repetitions, or several as one, each as often as it says."""
    if len(prompts) == 1:
        return (sounds.of_program(prompts[0].sound, turn.call.project_id),), prompts[0].loops, prompts[0].pause_ms
    heard = tuple(
        sounds.of_program(prompt.sound, turn.call.project_id) for prompt in prompts for _ in range(prompt.loops)
    )
    return heard, 1, 0


def record_message(turn: Turn, message: instructions.RecordVoicemail) -> None:
    """Take a message of the caller."""
    caller = turn.call.caller
    if caller is None:
        return
    answer_caller(turn)
    recording = name_of(turn, message.id)
    turn.flow(message=recording)
    turn.do(
        StartRecording(
            caller.id,
            recording,
            "voicemail",
            turn.call.project_id,
            message.format,
            stereo=False,
            beep=message.beep,
            max_s=message.max_ms / 1000,
            silence_s=(message.silence_ms or 0) / 1000,
            end_keys=message.end_on_key,
        ),
        RecordingBegun(recording, voicemail=True, queue=None, format=message.format, event_url=message.event_url or ""),
    )
