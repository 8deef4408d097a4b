"""What every program or service that speaks has in common."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from common.refusals import Refusal

TEXT_MAX_LENGTH = 2000  # a minute or two of speech; longer prompts belong in a file
FASTER_PER_STEP = 1.15
SLOWEST, FASTEST = -3, 3
TIME_LIMIT_S = 30  # espeak needs 2 s for the longest text (measured 2026-11); the others are slower


class SpeechUnavailable(Refusal):
    """No program that speaks is installed, or it failed."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A text to speak, in one language. `voice` is any name. Units: `speed` from -3 (slow) to 3."""

    text: str
    language: str
    voice: str = ""
    speed: int = 0

    @property
    def pace(self) -> float:
        """How many times as fast as usual."""
        return FASTER_PER_STEP**self.speed


class Provider(Protocol):
    """Speaks texts."""

    def languages(self) -> AbstractSet[str]:
        """The languages that it can speak now; none when it is not installed. Cost: at most a look at a folder."""

    def remedy(self) -> str:
        """What an operator has to install or set, in English; empty when everything is there as far as we see."""

    def identity(self, utterance: Utterance) -> str:
        """Who speaks this: the same name whenever the same text would sound the same."""

    def speak(self, utterance: Utterance) -> bytes:
        """An audio file, in any container that greeting files may have. Takes time.

        Raises SpeechUnavailable.
        """
