"""The telephony port: what we tell voice engines (commands) and what they tell us (events).

Frozen, JSON-able dataclasses. Ids of legs, recordings, prompts and commands are chosen by us, so that a command that
arrives twice is done once; only a leg that comes in is named by its engine. A command for a leg that is not there does
nothing, but for Dial and Hangup: they tell its end again.

An endpoint is `web:<project>_<user>`, `sip:<project>_<user>` or `tel:<E.164 digits>`. A dialled leg may have several:
all of them ring, the first that answers is the leg.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, get_args

from telephony.codec import Codec


class HangupCause(StrEnum):
    """Why a leg ended, as engines tell it; behind it, what SIP would say."""

    NORMAL = "normal"  # 200
    BUSY = "busy"  # 486
    REJECTED = "rejected"  # 603
    NO_ANSWER = "no_answer"  # 408
    UNREACHABLE = "unreachable"  # 480: no device
    INVALID_NUMBER = "invalid_number"  # 404
    CONGESTION = "congestion"  # 503
    CANCELLED = "cancelled"  # 487
    FAILED = "failed"  # 500
    ENGINE_LOST = "engine_lost"


# ── Media ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Speech:
    """A text to speak. Units: speed from -3 (slow) to 3."""

    text: str
    voice: str = ""
    speed: int = 0


@dataclass(frozen=True, slots=True)
class AudioFile:
    """A greeting file of the project, by its file name."""

    project_id: int
    name: str


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """Audio at a customer's address; fetched through the safe client."""

    url: str


@dataclass(frozen=True, slots=True)
class Tone:
    """`beep`, `ringback`, `busy`, or the engine's own `music`."""

    name: str


Media = Speech | AudioFile | RemoteFile | Tone


# ── Commands ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Answer:
    """Answer a leg that came in."""

    leg: str


@dataclass(frozen=True, slots=True)
class Play:
    """Play to one leg, in place of what it hears now. `PlayEnded` follows with the same `play`, also when it fails.

    `loops` 0: until something else comes. What cannot be played is left out. A play or gathering that is replaced tells
    nothing more. Units: pause between repetitions in milliseconds.
    """

    leg: str
    play: str
    media: tuple[Media, ...]
    loops: int = 1
    pause_ms: int = 0


@dataclass(frozen=True, slots=True)
class StopPlay:
    """Silence on a leg; no `PlayEnded` and no `Gathered` follows."""

    leg: str


@dataclass(frozen=True, slots=True)
class Gather:
    """Play a prompt and take keys, by `telephony.gather`, in place of what is heard. `Gathered` follows with its id.

    Units: time-outs in seconds, pause between repetitions in milliseconds.
    """

    leg: str
    gather: str
    media: tuple[Media, ...]
    loops: int = 1
    pause_ms: int = 0
    barge_in: bool = True
    first_digit_timeout_s: float = 5.0
    inter_digit_timeout_s: float = 5.0
    max_digits: int = 1
    terminators: str = ""


@dataclass(frozen=True, slots=True)
class Dial:
    """Ring endpoints as one new leg. Units: timeout in seconds; after it the leg ends with `no_answer`.

    An endpoint that is busy or cannot be reached is left out, and the leg ends when none is left: with the first cause
    that is not `unreachable`. Who rejects on one device rejects on all.
    `from_number` and `from_alias` are shown to the party; `custom_data` travels to a browser's call.
    """

    leg: str
    call: str
    endpoints: tuple[str, ...]
    from_number: str
    from_alias: str = ""
    to_number: str = ""
    to_alias: str = ""
    timeout_s: int = 60
    custom_data: str = ""
    info: Mapping[str, Any] = field(default_factory=dict)  # what an agent's device shows: queue, number, path


@dataclass(frozen=True, slots=True)
class Bridge:
    """Let two answered legs hear each other; each leaves whatever it heard before, also another bridge or hold."""

    leg: str
    with_leg: str


@dataclass(frozen=True, slots=True)
class Unbridge:
    """Take a leg out of its bridge, or a guest out of its conversation; it hears silence. Holds end."""

    leg: str


class Part(StrEnum):
    """How a guest takes part in a conversation. It always hears everybody who talks in it."""

    LISTEN = "listen"  # nobody hears it
    WHISPER = "whisper"  # only its host does
    TALK = "talk"  # everybody does


@dataclass(frozen=True, slots=True)
class Join:
    """Let an answered leg take part in another one's conversation as its guest, or take another part in it.

    The guest leaves whatever it heard before, also a bridge. It hears its host, whoever the host is bridged with while
    that one is not held, and the other guests who talk. It stays its host's guest through the host's bridges and holds,
    until one of the two ends, is bridged (the guest) or the guest is taken out (Unbridge). What it talks is recorded
    with the conversation; what it whispers is not.

    Whoever is held, also the host or the guest, is out of the conversation meanwhile; the others go on. A guest has no
    guests: to join one does nothing, and a host that becomes a guest leaves its own in silence.
    """

    leg: str
    with_leg: str
    part: Part


@dataclass(frozen=True, slots=True)
class Hold:
    """The party hears music and is not heard, and stays in its bridge, or a guest. For others it does nothing."""

    leg: str
    media: tuple[Media, ...] = ()


@dataclass(frozen=True, slots=True)
class Unhold:
    leg: str


@dataclass(frozen=True, slots=True)
class Mute:
    """The party is not heard (`on`), or again."""

    leg: str
    on: bool


@dataclass(frozen=True, slots=True)
class StartRecording:
    """Record a leg with whom it talks (`kind` conversation), or the leg alone (`voicemail`).

    In stereo, the leg is on the left, and whom it is bridged with on the right, with every guest who talks.
    A voicemail ends by itself: at `max_s`, after `silence_s` of silence (0: never), at a key of `end_keys`, or when
    the party hangs up. `RecordingReady` follows with the same `recording`. Units: seconds.
    """

    leg: str
    recording: str
    kind: str
    project_id: int
    format: str = "mp3"
    stereo: bool = True
    beep: bool = False
    max_s: float = 0
    silence_s: float = 0
    end_keys: str = ""


@dataclass(frozen=True, slots=True)
class StopRecording:
    leg: str
    recording: str


@dataclass(frozen=True, slots=True)
class SendDigits:
    """Let the party hear keys being pressed. `keys` names the command: it is done once."""

    leg: str
    keys: str
    digits: str


@dataclass(frozen=True, slots=True)
class Hangup:
    """End a leg, whatever it does. Also ends one that is still being dialled, or that came in and was not answered.

    It ends with this cause; one that was dialled in vain and is hung up normally, with `cancelled`.
    """

    leg: str
    cause: HangupCause = HangupCause.NORMAL


@dataclass(frozen=True, slots=True)
class SimulateCall:
    """For the simulated engine only: let somebody call a number. The script: `telephony.adapters.simulated.script`."""

    leg: str
    project_id: int
    from_number: str
    to_number: str
    script: Mapping[str, Any]


Command = (
    Answer
    | Play
    | StopPlay
    | Gather
    | Dial
    | Bridge
    | Unbridge
    | Join
    | Hold
    | Unhold
    | Mute
    | StartRecording
    | StopRecording
    | SendDigits
    | Hangup
    | SimulateCall
)


# ── Events ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Incoming:
    """A party calls one of our numbers (`project_id` 0: whose it is decides who is called), or a user calls out.

    `user` is the signed-in user whose device calls, empty for telephones. `custom` is what that client sent along.
    """

    leg: str
    node: str
    from_number: str
    to_number: str
    endpoint: str
    project_id: int = 0
    user: str = ""
    custom: str = ""
    call: str = ""  # the id that the client knows the call by, when there is one


@dataclass(frozen=True, slots=True)
class Ringing:
    leg: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The dialled party answered, at `endpoint`."""

    leg: str
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class Digit:
    """A key during a conversation; keys of menus come as `Gathered`."""

    leg: str
    digit: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """`reason`: max_digits, terminator, timeout, no_input."""

    leg: str
    gather: str
    digits: str
    reason: str


@dataclass(frozen=True, slots=True)
class PlayEnded:
    """`ok` is False when the media could not be played."""

    leg: str
    play: str
    ok: bool = True


@dataclass(frozen=True, slots=True)
class Ended:
    """A leg is gone, and its bridge with it; the other leg stays. Of it, only `RecordingReady` may follow."""

    leg: str
    cause: HangupCause = HangupCause.NORMAL


@dataclass(frozen=True, slots=True)
class RecordingReady:
    """The file lies below the media folder. An empty `file` means that nothing could be recorded."""

    leg: str
    recording: str
    file: str
    size_bytes: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class DeviceUp:
    """A device of a user can be rung now. `kind`: web, sip.

    Units: seconds until it must have been told again (0: never).
    """

    node: str
    project_id: int
    user: str
    kind: str
    device: str
    expires_s: int = 0


@dataclass(frozen=True, slots=True)
class DeviceDown:
    node: str
    project_id: int
    user: str
    kind: str
    device: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All legs that a node has; sent when it starts (none), when it is asked, and every 30 s.

    `at`: when that was so, since it may wait long before it is heard; the engine process fills it in. Units: seconds
    since 1970; 0: now.
    """

    node: str
    legs: tuple[str, ...]
    at: float = field(default=0.0, compare=False)


LegEvent = Ringing | Answered | Digit | Gathered | PlayEnded | Ended | RecordingReady
Event = Incoming | LegEvent | DeviceUp | DeviceDown | Snapshot

# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
_CODEC = Codec((*get_args(Command), *get_args(Event), *get_args(Media)))
to_json = _CODEC.to_json
from_json = _CODEC.from_json
