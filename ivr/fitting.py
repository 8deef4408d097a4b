"""Text that must fit into a width, without asking a browser how wide letters are."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

ELLIPSIS = "…"
_JOINERS = "\u200c\u200d"  # they hold letters and emoji together; other invisible characters can only mislead
_WIDE, _BROAD, _NARROW = 2.0, 1.4, 0.6  # units: the width of a usual small letter


def visible(text: str) -> str:
    """The text in one line, composed, without control characters and without marks that turn the reading direction."""
    composed = unicodedata.normalize("NFC", text)
    kept = (
        letter if letter in _JOINERS or unicodedata.category(letter)[0] != "C" else " " if letter.isspace() else ""
        for letter in composed
    )
    return " ".join("".join(kept).split())


def shortened(text: str, width: float) -> str:
    """As much of a text as fits, with an ellipsis when something is left out. Units: usual small letters."""
    return next(iter(wrapped(text, width, 1)), "")


def wrapped(text: str, width: float, most_lines: int) -> list[str]:
    """A text in lines that fit, broken between words where possible; the last line ends in an ellipsis when it must."""
    lines: list[str] = []
    rest = visible(text)
    while rest and len(lines) < most_lines:
        is_last = len(lines) == most_lines - 1
        line, rest = _first_line(rest, width, at_words=not is_last)
        lines.append(line)
    if rest and lines:
        lines[-1] = _first_line(lines[-1] + rest, width - 1, at_words=False)[0].rstrip() + ELLIPSIS
    return lines


def _first_line(text: str, width: float, *, at_words: bool) -> tuple[str, str]:
    """The part of a text that fits, and the rest."""
    end = sum(1 for _ in _letters_within(text, width))
    if end >= len(text):
        return text, ""
    if at_words and (space := text.rfind(" ", 0, end + 1)) > 0:
        return text[:space], text[space + 1 :]
    return text[: max(end, 1)], text[max(end, 1) :]


def _letters_within(text: str, width: float) -> Iterator[str]:
    used = 0.0
    for letter in text:
        used += _width(letter)
        if used > width:
            return
        yield letter


def _width(letter: str) -> float:
    if unicodedata.combining(letter) or letter in _JOINERS:
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF" or ord(letter) > 0xFFFF:
        return _WIDE
    if letter.isupper() or letter in "mw@%&—":
        return _BROAD
    return _NARROW if letter in "iljtf.,:;'|!()[] " else 1.0
