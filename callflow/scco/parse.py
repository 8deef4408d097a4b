"""Customers' documents become programs: lenient about spelling, strict about size, silent about nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from callflow.scco.actions import (
    DEFAULT_KEY_TIMEOUT_S,
    DEFAULT_MAX_DIGITS,
    DEFAULT_MESSAGE_MS,
    DEFAULT_RING_S,
    DEFAULT_VOICE,
    VOICES,
    Action,
    Connect,
    Format,
    Input,
    Party,
    PartyType,
    Play,
    Problem,
    ProblemCode,
    Program,
    Record,
    RecordMessage,
    Stream,
    Talk,
)
from callflow.scco.fields import Fields, Unusable
from callflow.scco.lenient_json import Reason, SccoUnreadable, read_array

__all__ = ["MAX_ACTIONS", "Reason", "SccoUnreadable", "is_denial", "parse"]

MAX_ACTIONS = 100
MAX_NAME = 128  # characters of a user id, number, alias or custom field
MAX_FILE_NAME = 255
MAX_SPOKEN = 5_000  # characters: more than five minutes of speech
MAX_CUSTOM_DATA = 16_384  # characters
MAX_RING_S = 600
MAX_CONNECT_S = 86_400  # a day
MAX_KEY_TIMEOUT_S = 600
MAX_LOOPS = 100
MAX_PAUSE_MS = 60_000
MIN_MESSAGE_MS, MAX_MESSAGE_MS = 1_000, 600_000
MAX_SILENCE_MS = 60_000
_MESSAGE_KEYS = frozenset("0123456789*#")
_SHOWN = 50  # characters of an unknown action's name that are shown to its developer


def parse(document: object) -> Program:
    """Read an SCCO from a text, UTF-8 bytes, or a list that was read from JSON.

    Unknown actions, and actions without a field that they need, are skipped and named in `problems`; values that cannot
    be used count as not given, numbers beyond their limits as the limit. The program may be empty.
    Raises SccoUnreadable when there is no array, or one larger than anybody needs; never anything else.
    """
    items = read_array(document)
    if len(items) > MAX_ACTIONS:
        raise SccoUnreadable(Reason.TOO_MANY_ACTIONS, f"An SCCO has at most {MAX_ACTIONS} actions.")
    problems: list[Problem] = []
    read = [_action(item, place, problems) for place, item in enumerate(items)]
    return Program(tuple(action for action in read if action is not None), tuple(problems))


def is_denial(program: Program) -> bool:
    """Whether an answer to `callout_answer_url` forbids the call: it connects to nobody."""
    return not any(isinstance(action, Connect) for action in program.actions)


def _action(item: object, place: int, problems: list[Problem]) -> Action | None:
    name = item.get("action") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(name, str):
        problems.append(Problem(place, ProblemCode.NOT_AN_ACTION))
        return None
    reader = _READERS.get(name)
    if reader is None:
        problems.append(Problem(place, ProblemCode.UNKNOWN_ACTION, name[:_SHOWN]))
        return None
    try:
        return reader(Fields(item, place, problems))
    except Unusable:
        return None


def _connect(fields: Fields) -> Connect:
    cap = fields.any_number("maxConnectTime")
    return Connect(
        from_=_from(fields),
        to=_to(fields),
        timeout_s=fields.number("timeout", "timeOut", low=1, high=MAX_RING_S, default=DEFAULT_RING_S),
        max_connect_s=None if cap is None or cap <= 0 else min(cap, MAX_CONNECT_S),
        custom_data=fields.text("customData", limit=MAX_CUSTOM_DATA),
        continue_on_fail=fields.flag("continueOnFail", default=False),
        on_fail_url=fields.url("onFailEventUrl"),
    )


def _from(fields: Fields) -> Party:
    party = _inside(fields, "from")
    # Without a type it is a number of the project, which documents call internal as well as external.
    return _party(party, party.choice("type", PartyType.INTERNAL))


def _to(fields: Fields) -> Party:
    party = _inside(fields, "to")
    given = party.text("type", limit=MAX_NAME).strip().lower()
    if given not in {kind.value for kind in PartyType}:
        party.note(ProblemCode.BAD_TO_TYPE, "type")
        raise Unusable
    return _party(party, PartyType(given))


def _inside(fields: Fields, name: str) -> Fields:
    inside = fields.inside(name)
    if inside is None:
        fields.note(ProblemCode.MISSING_FIELD, name)
        raise Unusable
    return inside


def _party(party: Fields, kind: PartyType) -> Party:
    return Party(kind, party.needed_text("number", limit=MAX_NAME).strip(), party.text("alias", limit=MAX_NAME).strip())


def _record(fields: Fields) -> Record:
    return Record(
        fields.choice("format", Format.MP3), fields.flag("recordStereo", default=False), fields.url("eventUrl")
    )


def _record_message(fields: Fields) -> RecordMessage:
    silence_ms = fields.number("silenceTimeout", low=0, high=MAX_SILENCE_MS, default=0)
    return RecordMessage(
        format=fields.choice("format", Format.MP3),
        end_on_key=_end_key(fields),
        max_ms=fields.number("timeout", "timeOut", low=MIN_MESSAGE_MS, high=MAX_MESSAGE_MS, default=DEFAULT_MESSAGE_MS),
        beep=fields.flag("beepStart", default=True),
        silence_ms=silence_ms or None,
        event_url=fields.url("eventUrl"),
    )


def _end_key(fields: Fields) -> str:
    key = fields.text("endOnKey", limit=MAX_NAME).strip()
    if key and key not in _MESSAGE_KEYS:
        fields.note(ProblemCode.BAD_VALUE, "endOnKey")
    return key if key in _MESSAGE_KEYS else "#"


def _talk(fields: Fields) -> Talk:
    return Talk(
        text=fields.needed_text("text", limit=MAX_SPOKEN),
        voice=_voice(fields),
        speed=fields.number("speed", low=-3, high=3, default=0),
        barge_in=fields.flag("bargeIn", default=True),
        loops=_loops(fields),
        pause_ms=_pause_ms(fields),
        answer_first=fields.flag("answerCall", default=True),
        continue_while_play=fields.flag("continueWhilePlay", default=False),
    )


def _voice(fields: Fields) -> str:
    voice = fields.text("voice", limit=MAX_NAME).strip()
    if voice and voice not in VOICES:
        fields.note(ProblemCode.BAD_VALUE, "voice")
    return voice if voice in VOICES else DEFAULT_VOICE


def _play(fields: Fields) -> Play:
    return Play(
        file_name=fields.needed_text("fileName", limit=MAX_FILE_NAME).strip(),
        barge_in=fields.flag("bargeIn", default=True),
        loops=_loops(fields),
        pause_ms=_pause_ms(fields),
        answer_first=fields.flag("answerCall", default=True),
        continue_while_play=fields.flag("continueWhilePlay", default=False),
    )


def _stream(fields: Fields) -> Stream:
    return Stream(
        url=fields.needed_url("fileName", "streamUrl", "url"),
        barge_in=fields.flag("bargeIn", default=True),
        loops=_loops(fields),
        pause_ms=_pause_ms(fields),
        answer_first=fields.flag("answerCall", default=True),
        continue_while_play=fields.flag("continueWhilePlay", default=False),
    )


def _loops(fields: Fields) -> int:
    # Zero is in real documents and means nothing that anybody knows: once, without a word.
    return max(1, fields.number("loop", low=0, high=MAX_LOOPS, default=1))


def _pause_ms(fields: Fields) -> int:
    return fields.number("silenceTime", low=0, high=MAX_PAUSE_MS, default=0)


def _input(fields: Fields) -> Input:
    return Input(
        event_url=fields.needed_url("eventUrl"),
        timeout_s=fields.number("timeOut", "timeout", low=1, high=MAX_KEY_TIMEOUT_S, default=DEFAULT_KEY_TIMEOUT_S),
        submit_on_hash=fields.flag("submitOnHash", default=False),
        max_digits=fields.number("maxDigits", low=1, high=DEFAULT_MAX_DIGITS, default=DEFAULT_MAX_DIGITS),
        custom_field=fields.text("customField", limit=MAX_CUSTOM_DATA),
    )


_READERS: Mapping[str, Callable[[Fields], Action]] = {
    "connect": _connect,
    "record": _record,
    "recordMessage": _record_message,
    "talk": _talk,
    "play": _play,
    "stream": _stream,
    "input": _input,
}
