"""Public holidays by country, from the `holidays` library, with names in the language of the reader."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import holidays
from phonenumbers.geodata.locale import LOCALE_DATA

# The library's names of the languages that the console speaks.
LANGUAGES: Final = {"en": "en_US", "vi": "vi"}
MOST_CACHED = 256  # country-years
NOT_IN_LOCALE_DATA: Final = {"XK": "Kosovo"}


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
    codes = holidays.list_supported_countries(include_aliases=False)
    return dict(sorted(((code, country_name(code, language)) for code in codes), key=lambda pair: _plain(pair[1])))


def country_name(code: str, language: str = "en") -> str:
    """The name of a country in a language; the code where there is none."""
    names = LOCALE_DATA.get(code, {})
    name = names.get(language) or names.get("en") or NOT_IN_LOCALE_DATA.get(code, code)
    # `*en` stands for "as in English".
    return name if not name.startswith("*") else names[name[1:]]


def _plain(name: str) -> str:
    """A name without its accents, so that it is found where people look for it."""
    letters = unicodedata.normalize("NFD", name.lower().replace("đ", "d"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


@lru_cache(maxsize=MOST_CACHED)
def _holidays_of_year(country: str, year: int, language: str) -> Mapping[dt.date, str]:
    if country not in holidays.list_supported_countries(include_aliases=False):
        return MappingProxyType({})
    known = holidays.country_holidays(country).supported_languages
    wanted = next((each for each in (LANGUAGES.get(language), "en_US") if each in known), None)
    return MappingProxyType(dict(holidays.country_holidays(country, years=[year], language=wanted)))
