"""Public holidays by country, from the `holidays` library, with names in the language of the reader."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import holidays
from django.utils.translation import override

from common import countries

# The library's names of the languages that the console speaks.
LANGUAGES: Final = {"en": "en_US", "vi": "vi"}
MOST_CACHED = 256  # country-years


def holidays_of(country: str, years: Iterable[int], language: str = "en") -> Mapping[dt.date, str]:
    """Public holidays of whole years, by date. Unknown countries have none.

    `country`: ISO 3166 letters, or empty. `language`: `en` or `vi`; names that the library has only in the country's
    own language stay in it. Cost: a few ms for a new year of a country, then from memory.
    """
    found: dict[dt.date, str] = {}
    for year in years:
        found |= _holidays_of_year(country, year, language)
    return found


def country_names(language: str = "en") -> dict[str, str]:
    """The countries whose holidays are known, by code, in order of their names."""
    with override(language):
        return dict(countries.named_countries(holidays.list_supported_countries(include_aliases=False)))


@lru_cache(maxsize=MOST_CACHED)
def _holidays_of_year(country: str, year: int, language: str) -> Mapping[dt.date, str]:
    if country not in holidays.list_supported_countries(include_aliases=False):
        return MappingProxyType({})
    known = holidays.country_holidays(country).supported_languages
    wanted = next((each for each in (LANGUAGES.get(language), "en_US") if each in known), None)
    return MappingProxyType(dict(holidays.country_holidays(country, years=[year], language=wanted)))
