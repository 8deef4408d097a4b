"""Speech by a service of the operator's choice, asked over HTTP.

Shape: POST with JSON `{"text": str, "language": "vi", "voice": str, "speed": -3 to 3}`; the answer's body is an audio
file in any container that greeting files may have. It is asked through the safe client: a service in a private network
wants its network in PCC_ALLOWED_PRIVATE_NETWORKS.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass

from django.utils.translation import gettext as _

from sounds.speech_provider import SpeechUnavailable, Utterance
from sounds.spoken_language import LANGUAGES
from webhooks.client import Outgoing, fetch
from webhooks.failures import FetchFailed

TIMEOUT_S = 20.0
MAX_BYTES = 16 * 1024**2  # five minutes as WAV

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HttpService:
    """See `Provider`. It is taken to speak every language: it says so itself when it does not."""

    url: str

    def languages(self) -> AbstractSet[str]:
        return frozenset(LANGUAGES) if self.url else frozenset()

    def remedy(self) -> str:
        return "" if self.url else "Set PCC_SPEECH_HTTP_URL to the service's address."

    def identity(self, utterance: Utterance) -> str:
        return f"http {self.url} {utterance.voice}"

    def speak(self, utterance: Utterance) -> bytes:
        """An audio file as the service has made it; it is not to be trusted."""
        request = Outgoing(
            "POST",
            self.url,
            TIMEOUT_S,
            body=json.dumps(asdict(utterance), ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json"},
            max_bytes=MAX_BYTES,
        )
        try:
            return fetch(request).body
        except FetchFailed as error:
            log.warning(
                "speech service failed",
                extra={
                    "event": "speech_failed",
                    "reason": error.reason,
                    "detail": error.detail,
                    "status": error.status,
                },
            )
            raise SpeechUnavailable(_("The service that speaks did not answer.")) from error
