"""Pure rules of numbers: reading a pasted list of them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from common.phone import InvalidPhoneNumber, digits_of

MAX_SPELLING = 32  # letters that a number is stored with, separators included
_BETWEEN_NUMBERS = re.compile(r"[,;\t\u3001\uff0c]")
_LINE_ENDS = re.compile(r"\r\n|\r|\n|\u2028|\u2029")
_AROUND = " \u00a0\ufeff\u200b\"'“”"  # what comes along when cells or messages are copied


class Finding(Enum):
    """What a pasted number turns out to be."""

    NEW = "new"
    KNOWN = "known"
    REPEATED = "repeated"
    INVALID = "invalid"


@dataclass(frozen=True)
class Pasted:
    """One number of a pasted text: the line it stands in (from 1), as it was written, its digits when it is one."""

    line: int
    text: str
    digits: str
    finding: Finding


def read_pasted(text: str, country: str, known: Collection[str] = ()) -> list[Pasted]:
    """Read numbers in any spelling, one per line or separated by commas, semicolons or tabs.

    `known` holds the digits that are there already. A number that is written twice is new once.
    """
    seen: set[str] = set()
    found = []
    for line, words in enumerate(_LINE_ENDS.split(text), 1):
        for word in (part.strip(_AROUND) for part in _BETWEEN_NUMBERS.split(words)):
            if word:
                found.append(_pasted(line, word, country, known, seen))
    return found


def _pasted(line: int, word: str, country: str, known: Collection[str], seen: set[str]) -> Pasted:
    try:
        digits = digits_of(word, country) if len(word) <= MAX_SPELLING else ""
    except InvalidPhoneNumber:
        digits = ""
    if not digits:
        return Pasted(line, word, "", Finding.INVALID)
    if digits in seen:
        return Pasted(line, word, digits, Finding.REPEATED)
    seen.add(digits)
    return Pasted(line, word, digits, Finding.KNOWN if digits in known else Finding.NEW)
