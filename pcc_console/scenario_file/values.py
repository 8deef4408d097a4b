"""What a scalar of a scenario file is: text is read as a value, or a ValueError says what it must be."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Collection
from typing import TypeVar
from zoneinfo import ZoneInfo

from callflow.simulation.scenario import Window
from common.phone import InvalidPhoneNumber, digits_of
from queues.models import ONE_DAY_S

LONGEST = dt.timedelta(days=31)

T = TypeVar("T")
Read = Callable[[str], T]

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def a_number(low: float, high: float, unit: str = "") -> Read[float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise ValueError(f"must be a number{unit} from {low:g} to {high:g}, not {text[:40]!r}")
        return value

    return read


def whole_number(low: int, high: int) -> Read[int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, not {text[:40]!r}")
        return int(text)

    return read


def yes_or_no(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"must be true or false, not {text[:40]!r}")
    return text == "true"


def a_share(text: str) -> float:
    """`5%` or `0.05`."""
    value = a_number(0, 100)(text.removesuffix("%").strip()) / 100 if text.endswith("%") else a_number(0, 1)(text)
    return float(value)


def a_duration(text: str) -> dt.timedelta:
    """`8h`, `1h30m`, `90s`."""
    found = _DURATION.fullmatch(text)
    if not text or found is None:
        raise ValueError(f"must be a duration such as 8h, 1h30m or 90s, not {text[:40]!r}")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    length = dt.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not dt.timedelta() < length <= LONGEST:
        raise ValueError(f"must be longer than nothing and not longer than {LONGEST.days} days")
    return length


def time_of_day(text: str) -> dt.time:
    try:
        if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text, re.ASCII):
            return dt.time.fromisoformat(text.zfill(5) if len(text) < 6 else text.zfill(8))
    except ValueError:
        pass
    raise ValueError(f"must be a time of day such as 08:30, not {text[:40]!r}")


def a_window(text: str) -> Window:
    begins, dash, ends = text.partition("-")
    if not dash:
        raise ValueError(f"must be two times of day such as 08:00-17:30, not {text[:40]!r}")
    return Window(time_of_day(begins.strip()), time_of_day(ends.strip()))


def an_instant(text: str) -> dt.datetime:
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise ValueError(f"must be a date and a time of day such as 2026-03-02 08:00, not {text[:40]!r}")
    return found


def time_zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"there is no time zone {text[:40]!r}") from error


def phone_digits(text: str) -> str:
    try:
        return digits_of(text)
    except InvalidPhoneNumber as error:
        raise ValueError(f"{text[:40]!r} is no telephone number") from error


def key_presses(text: str) -> tuple[str, ...]:
    presses = tuple(text.split())
    if any(not re.fullmatch(r"[0-9*#]+", press, re.ASCII) for press in presses):
        raise ValueError("must be keys, with spaces between the presses, such as '1 2#'")
    return presses


def any_text(text: str) -> str:
    return text


def one_of(known: Collection[str]) -> Read[str]:
    def read(text: str) -> str:
        if text not in known:
            raise ValueError(f"must be one of {', '.join(known)}, not {text[:40]!r}")
        return text

    return read


SECONDS = a_number(0, ONE_DAY_S, " of seconds")
SOME_SECONDS = a_number(0.001, ONE_DAY_S, " of seconds")
