"""What a customer can ask of a call: the actions of an SCCO, read and within their limits.

Source: docs of the call control object; the defaults that they leave open are ours and say so.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum

DEFAULT_VOICE = "female"
VOICES = frozenset(
    {
        "female",
        "male",
        "hatieumai",
        "ngoclam",
        "banmai",
        "leminh",
        "myan",
        "lannhi",
        "sg_male_xuankien_vdts_48k-hsmm",
        "sg_female_xuanhong_vdts_48k-hsmm",
        "hn_male_xuantin_vdts_48k-hsmm",
        "hn_female_thutrang_phrase_48k-hsmm",
    }
)
DEFAULT_RING_S = 60
DEFAULT_KEY_TIMEOUT_S = 5
DEFAULT_MAX_DIGITS = 64  # ours: nobody types more; without a limit the time-out ends the input
DEFAULT_MESSAGE_MS = 120_000  # ours: the same as a queue's voicemail


class PartyType(StrEnum):
    INTERNAL = "internal"  # a user id
    EXTERNAL = "external"  # a phone number


class Format(StrEnum):
    MP3 = "mp3"
    WAV = "wav"
    MP4 = "mp4"
    WEBM = "webm"


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a connect. `number` is a user id or a phone number as the customer wrote it."""

    type: PartyType
    number: str
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Speak:
    """A text that is spoken. Units: speed from -3 (slow) to 3 (fast)."""

    text: str
    voice: str = DEFAULT_VOICE
    speed: int = 0


@dataclass(frozen=True, slots=True)
class File:
    """A greeting file of the project, by its file name."""

    name: str


@dataclass(frozen=True, slots=True)
class Remote:
    """An mp3 or wav file on the customer's server."""

    url: str


Sound = Speak | File | Remote


@dataclass(frozen=True, slots=True)
class Connect:
    """Call somebody and let both talk. `max_connect_s` None: as long as they like.

    `peerToPeerCall` is not read: media never bypass us, so that whatever is to be recorded can be.
    """

    from_: Party
    to: Party
    timeout_s: int = DEFAULT_RING_S
    max_connect_s: int | None = None
    custom_data: str = ""
    continue_on_fail: bool = False
    on_fail_url: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """Record what is said from here on."""

    format: Format = Format.MP3
    stereo: bool = False
    event_url: str | None = None


@dataclass(frozen=True, slots=True)
class RecordMessage:
    """Take a message. `silence_ms` None: silence does not end it.

    `silenceThresh` is not read: on what scale it is, nobody says; what is silence, engines know.
    """

    format: Format = Format.MP3
    end_on_key: str = "#"
    max_ms: int = DEFAULT_MESSAGE_MS
    beep: bool = True
    silence_ms: int | None = None
    event_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Media(ABC):
    """Something that is played, `loops` times with `pause_ms` between."""

    barge_in: bool = True
    loops: int = 1
    pause_ms: int = 0
    answer_first: bool = True
    continue_while_play: bool = False

    @property
    @abstractmethod
    def sound(self) -> Sound:
        """What is heard."""

    @property
    def blocking(self) -> bool:
        """Whether the next action waits until this has been heard."""
        return not self.barge_in and not self.continue_while_play


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk(Media):
    """Speak a text."""

    text: str
    voice: str = DEFAULT_VOICE
    speed: int = 0

    @property
    def sound(self) -> Speak:
        return Speak(self.text, self.voice, self.speed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Play(Media):
    """Play a greeting file."""

    file_name: str

    @property
    def sound(self) -> File:
        return File(self.file_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream(Media):
    """Play a file from the customer's server."""

    url: str

    @property
    def sound(self) -> Remote:
        return Remote(self.url)


@dataclass(frozen=True, slots=True)
class Input:
    """Collect keys, then ask `event_url` what comes next. `timeout_s` counts from the last key."""

    event_url: str
    timeout_s: int = DEFAULT_KEY_TIMEOUT_S
    submit_on_hash: bool = False
    max_digits: int = DEFAULT_MAX_DIGITS
    custom_field: str = ""


Action = Connect | Record | RecordMessage | Talk | Play | Stream | Input


class ProblemCode(StrEnum):
    NOT_AN_ACTION = "not_an_action"  # not an object, or without the name of an action: skipped
    UNKNOWN_ACTION = "unknown_action"  # skipped
    MISSING_FIELD = "missing_field"  # a field without which the action means nothing: skipped
    BAD_TO_TYPE = "bad_to_type"  # neither internal nor external: skipped
    BAD_VALUE = "bad_value"  # of the wrong kind: as if it were not there
    TOO_LONG = "too_long"  # longer than its limit: as if it were not there
    OUT_OF_RANGE = "out_of_range"  # the nearest value that is allowed counts


@dataclass(frozen=True, slots=True)
class Problem:
    """What was wrong with the action at `place` (from 0), for the developer who wrote it."""

    place: int
    code: ProblemCode
    detail: str = ""  # the field, or the name of the unknown action


@dataclass(frozen=True, slots=True)
class Program:
    """A readable SCCO. It can be empty."""

    actions: tuple[Action, ...] = ()
    problems: tuple[Problem, ...] = ()
