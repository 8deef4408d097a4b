"""Speech by Piper (neural voices), with voices that the operator has put into a folder.

A voice is two files, as Piper's are published: `vi_VN-vais1000-medium.onnx` and the same with `.json`. Piper runs as a
program of its own, `piper` or `python -m piper`: it is licensed under the GPL. Nothing is downloaded.
Source: https://github.com/OHF-Voice/piper1-gpl, docs/CLI.md.
"""

from __future__ import annotations

import importlib.util
import logging
import shutil
import subprocess
import sys
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from sounds.speech_provider import TIME_LIMIT_S, SpeechUnavailable, Utterance

MODEL = ".onnx"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Piper:
    """See `Provider`. Cost: a process for 2 s, of which the voice needs 1.6 s to load (measured 2026-11)."""

    folder: Path

    def languages(self) -> AbstractSet[str]:
        return frozenset(_language(model) for model in self._models()) if _program() else frozenset()

    def remedy(self) -> str:
        if not _program():
            return "Install Piper beside us: pip install piper-tts"
        if not self._models():
            return f"Put a voice into {self.folder}: NAME.onnx and NAME.onnx.json, as Piper's voices are published."
        return ""

    def identity(self, utterance: Utterance) -> str:
        model = self._model_for(utterance)
        return f"piper {model.stem}" if model else "piper"

    def speak(self, utterance: Utterance) -> bytes:
        """A WAV file, mono, 16 bit, at the rate of the voice."""
        program, model = _program(), self._model_for(utterance)
        if not program or model is None:
            raise SpeechUnavailable(_("No voice of Piper speaks this language, or Piper is not installed."))
        arguments = ["--model", str(model), "--length_scale", f"{1 / utterance.pace:.2f}", "--output_file", "-"]
        one_line = " ".join(utterance.text.split())  # each line would be a file of its own
        try:
            done = subprocess.run(
                [*program, *arguments], input=one_line.encode(), capture_output=True, timeout=TIME_LIMIT_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise SpeechUnavailable(_("Speaking the text took too long.")) from error
        if done.returncode or not done.stdout:
            complaints = done.stderr.decode(errors="replace")[-500:]
            log.error("piper failed", extra={"event": "speech_failed", "code": done.returncode, "said": complaints})
            raise SpeechUnavailable(_("The text could not be spoken."))
        return done.stdout

    def _models(self) -> list[Path]:
        """The voices whose two files are there, by name."""
        if not self.folder.is_dir():
            return []
        models = sorted(self.folder.glob(f"*{MODEL}"))
        return [model for model in models if model.with_name(model.name + ".json").is_file()]

    def _model_for(self, utterance: Utterance) -> Path | None:
        """The voice of that name; else the first of the language."""
        fitting = [model for model in self._models() if _language(model) == utterance.language]
        named = [model for model in fitting if model.stem == utterance.voice]
        return next(iter([*named, *fitting]), None)


def _language(model: Path) -> str:
    return model.name[:2].lower()


def _program() -> list[str]:
    """How Piper is started here; empty when it is not installed."""
    if found := shutil.which("piper"):
        return [found]
    return [sys.executable, "-m", "piper"] if importlib.util.find_spec("piper") is not None else []
