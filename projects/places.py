"""Time zones and countries to choose from."""

from __future__ import annotations

import zoneinfo

from common.countries import named_countries


def time_zones() -> list[str]:
    """Names such as `Asia/Ho_Chi_Minh`, sorted; without the abbreviations that mean different things."""
    return sorted(name for name in zoneinfo.available_timezones() if "/" in name or name == "UTC")


def time_zone_named(text: str) -> str:
    """The name of a time zone for what a person types: the name itself, or the city alone, in any case."""
    wanted = text.strip().replace(" ", "_").lower()
    names = {name.lower(): name for name in time_zones()}
    cities = (name for lower, name in names.items() if lower.rsplit("/", 1)[-1] == wanted)
    return names.get(wanted) or next(cities, text.strip())


def countries() -> list[tuple[str, str]]:
    """Two-letter codes with the countries' names in the present language, sorted by name."""
    return named_countries()
