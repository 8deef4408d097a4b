"""What people are told about texts that cannot be spoken."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

LANGUAGES: Mapping[str, str | Promise] = {
    "vi": pgettext_lazy("a language, within a sentence", "Vietnamese"),
    "en": pgettext_lazy("a language, within a sentence", "English"),
    "es": pgettext_lazy("a language, within a sentence", "Spanish"),
}
NO_SPEECH = gettext_lazy(
    "No program that speaks is installed, so callers hear nothing. Ask your operator for one, or play a greeting file."
)
NOT_SPOKEN = gettext_lazy(
    "Nothing here speaks %(detail)s, so callers do not hear that part. Ask your operator for a voice, or play a "
    "greeting file."
)
FAILED = gettext_lazy(
    "This text could not be spoken when that was last tried, so callers hear nothing. Saving it tries again. If that "
    "does not help, ask your operator, whose log says why, or play a greeting file."
)


def not_spoken(language: str) -> str:
    """`language`: its code."""
    return str(NOT_SPOKEN) % {"detail": LANGUAGES[language]}
