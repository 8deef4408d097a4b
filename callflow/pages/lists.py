"""What the lists of calls, offers and recordings share: they are looked at, and filtered by time and by words."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from projects.console import stored
from projects.console.stored import PeriodFilter, period_of

__all__ = [
    "ONLY_SHOWS",
    "SCRIPT",
    "STYLE",
    "PeriodFilter",
    "StoredPage",
    "WordsFilter",
    "by_words",
    "is_asked_to_write",
    "period_of",
]

ONLY_SHOWS = ["GET", "HEAD"]
STYLE = "callflow/calls.css"
SCRIPT = "callflow/calls.js"


class StoredPage(stored.StoredPage):
    """Rows that calls leave behind, with the look and the script of pages of calls."""

    @property
    def media(self) -> forms.Media:
        media: forms.Media = super().media
        return media + forms.Media(js=[SCRIPT], css={"all": [STYLE]})


def is_asked_to_write(request: HttpRequest) -> bool:
    """Whether a page that only shows is asked for more. Rows of others are not there before that is refused."""
    return request.method not in ONLY_SHOWS


class WordsFilter(DropdownFilter):
    """By a column whose values have words of ours: see `by_words`."""

    words: ClassVar[Any] = {}
    column = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(str(value), text) for value, text in self.words.items() if value]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.column: self.value()}) if self.value() in self.words else queryset


def by_words(column: str, title: Any, words: Any) -> type[WordsFilter]:
    """A filter of a column by the words that people read for its values."""
    attributes = {"column": column, "parameter_name": column, "title": title, "words": words}
    return type("WordsFilter", (WordsFilter,), attributes)
