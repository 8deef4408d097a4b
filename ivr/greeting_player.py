"""A player with the picture of the sound, for any page that shows a greeting file."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.utils.formats import localize
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from ivr.addresses import audio_address
from ivr.models import GreetingFile
from ivr.waveform import HEIGHT, waveform_path

SMALL_BARS = 60
LARGE_BARS = 200
SCRIPT = "ivr_audio/player.js"
STYLE = "ivr_audio/greetings.css"


def player(greeting: GreetingFile, *, large: bool = False) -> SafeString:
    """The player; pages that show it load SCRIPT and STYLE."""
    bars = LARGE_BARS if large else SMALL_BARS
    context = {
        "greeting": greeting,
        "audio": audio_address(greeting),
        "length": length_text(greeting.duration_ms),
        "seconds": greeting.duration_ms / 1000,
        "path": waveform_path(greeting.peaks, bars),
        "bars": bars,
        "height": HEIGHT,
        "large": large,
    }
    return render_to_string("ivr/greeting/player.html", context)


def length_text(milliseconds: int) -> str:
    """Seconds below ten, e.g. `1.5 s`, else minutes and seconds, e.g. `1:05`."""
    if milliseconds < 9_950:
        return _("%(seconds)s s") % {"seconds": localize(round(milliseconds / 1000, 1))}
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes}:{seconds:02d}"
