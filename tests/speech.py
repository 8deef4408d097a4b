"""What is spoken in tests, and what of it the provider was asked for."""

from __future__ import annotations

import pytest

from sounds import speech

VI, EN = "Xin chào quý khách, vui lòng bấm phím 1.", "For English, press 2."


def texts_spoken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that the provider is asked to speak from now on. It speaks them all the same."""
    texts: list[str] = []
    synthesise = speech.synthesise

    def listen(text: str, **how: object) -> bytes:
        texts.append(text)
        return synthesise(text, **how)

    monkeypatch.setattr(speech, "synthesise", listen)
    return texts
