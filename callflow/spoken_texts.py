"""What callers are told where nothing was configured, in one language."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext, ngettext


class SpokenTexts:
    """Texts for `sounds.speech`; the language is a code of Django's, `vi` or `en`."""

    def __init__(self, language: str) -> None:
        self.language = language

    def goodbye(self) -> str:
        with translation.override(self.language):
            return gettext("We cannot take your call at the moment. Please call again later.")

    def leave_message(self) -> str:
        with translation.override(self.language):
            return gettext("Please leave a message after the tone. Press the hash key when you have finished.")

    def thanks_for_message(self) -> str:
        with translation.override(self.language):
            return gettext("Thank you for your message. Goodbye.")

    def place_in_line(self, place: int | None, wait_s: int | None) -> str:
        with translation.override(self.language):
            return " ".join([*self._place(place), *self._wait(wait_s)])

    def _place(self, place: int | None) -> list[str]:
        if place is None:
            return []
        if place == 1:
            return [gettext("You are the next to be answered.")]
        ahead = place - 1
        text = ngettext("There is %(count)s call before yours.", "There are %(count)s calls before yours.", ahead)
        return [text % {"count": ahead}]

    def _wait(self, wait_s: int | None) -> list[str]:
        if wait_s is None:
            return []
        minutes = max(1, round(wait_s / 60))
        text = ngettext(
            "You will wait for about %(count)s minute.", "You will wait for about %(count)s minutes.", minutes
        )
        return [text % {"count": minutes}]
