"""Whether what callers hear can be spoken, and what they say can be kept: both are tried."""

from __future__ import annotations

import io
import time

import av
import numpy as np
from django.conf import settings

from callflow.recording.encoding import FORMS, target_for
from callflow.recording.mixing import RATE
from common.refusals import Refusal
from pcc_console.diagnosis import Diagnosis, Status
from sounds import speech

LANGUAGES = {"vi": "một", "en": "one"}  # of the pages and of our own announcements, with a short word in each
ANOTHER_PROVIDER = "Or choose another PCC_SPEECH_PROVIDER (docs/operations.md)."
STEREO = 2


def check_speech() -> Diagnosis:
    """A word is spoken in each language. Cost: 0.2 s with espeak, 2 s for each language with Piper."""
    chosen, name = speech.provider(), settings.PCC_SPEECH_PROVIDER
    begun, spoken, why = time.monotonic(), [], ""
    for language, word in LANGUAGES.items():
        try:
            speech.synthesise(word, language=language)
            spoken.append(language)
        except Refusal as refusal:
            why = refusal.message
    if not spoken:
        advice = f"{chosen.remedy() or _at_fault(name)} {ANOTHER_PROVIDER}"
        return Diagnosis("speech", Status.FAIL, f"{name}: {why} Texts are skipped in calls.", advice)
    if missing := [each for each in LANGUAGES if each not in spoken]:
        advice = f"Install a voice for it. {ANOTHER_PROVIDER}"
        return Diagnosis("speech", Status.WARN, f"{name} does not speak {', '.join(missing)}: {why}", advice)
    took_s = (time.monotonic() - begun) / len(spoken)
    return Diagnosis("speech", Status.OK, f"{name} speaks {', '.join(spoken)}, {took_s:.1f} s for a word")


def _at_fault(name: str) -> str:
    if name == "http":
        return (
            f"Let {settings.PCC_SPEECH_HTTP_URL} answer as docs/operations.md says; when it is in a private network, "
            "name that in PCC_ALLOWED_PRIVATE_NETWORKS."
        )
    return "Look for speech_failed in the log."


def check_recording() -> Diagnosis:
    """A moment of silence is written in every format that recordings may have."""
    forms = [*FORMS, "wav"]
    missing = [form for form in forms if not _can_write(form)]
    if missing:
        advice = "Install the package av anew, from its wheel: pip install --force-reinstall --only-binary :all: av"
        return Diagnosis("recordings", Status.FAIL, f"cannot be written as {', '.join(missing)}", advice)
    return Diagnosis("recordings", Status.OK, f"can be written as {', '.join(forms)}")


def _can_write(form: str) -> bool:
    try:
        target = target_for(form, io.BytesIO(), STEREO)
        target.write(np.zeros((STEREO, RATE // 10), np.int16))
        target.close()
    except (av.FFmpegError, ValueError):  # UnknownCodecError is a ValueError
        return False
    return True
