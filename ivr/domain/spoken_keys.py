"""Which keys an announcement tells callers to press, in English and Vietnamese.

Two answers, because being wrong costs differently: `keys_asked_for` is sure ("press 3") and is used to warn;
`keys_heard_in` is generous ("3" anywhere) and is used to keep quiet.
"""

from __future__ import annotations

import re
import unicodedata

_WORDS = {
    "0": "zero|không",
    "1": "one|một",
    "2": "two|hai",
    "3": "three|ba",
    "4": "four|bốn|tư",
    "5": "five|năm",
    "6": "six|sáu",
    "7": "seven|bảy|bẩy",
    "8": "eight|tám",
    "9": "nine|chín",
    "*": "star|asterisk|sao|hoa thị",
    "#": "hash|pound|thăng",
}
_KEY_OF_WORD = {word: key for key, words in _WORDS.items() for word in words.split("|")}

# A key as a digit or a word, unless it counts something: "press 3 times", "press one of the keys". The Vietnamese zero
# also means "not" ("phím không hợp lệ" is an invalid key), and "tư vấn" is advice, not a four. Every run of white space
# is one space here, so that no pattern can try a long run in many ways.
_COUNTED = r"(?! ?(?:times?|digits?|seconds?|minutes?|lần|chữ số|giây|phút)\b)"
_DIGIT = r"(?:(?<!\w)(?<!\d\.)[0-9](?!\w|\.\d|,\d\d)|[*#])"
_CLEAR_WORDS = "|".join(sorted(_KEY_OF_WORD.keys() - {"không", "tư"}, key=len, reverse=True))
_ZERO = r"không\b(?= ?(?:[^\w ]|$)| (?:để|nếu|gặp|quay|nghe|và|hoặc|hay|thì)\b)"
_WORD = rf"\b(?:(?:{_CLEAR_WORDS})\b(?! (?:of|trong|phím|nút|số|bất kỳ)\b)|{_ZERO}|tư\b(?! vấn))"

_PRESS = r"\b(?:press(?:ing)?|dial(?:l?ing)?|push|hit|bấm|nhấn|ấn|gõ|bam|nhan)"
_CHOOSE = r"\b(?:select|choose|chọn)"
_KEY_NOUN = r"\b(?:keys?|buttons?|phím|nút|phim)(?: (?:số|so|number))?(?: dấu)?"
_NOUN = rf"(?:(?:the )?(?:{_KEY_NOUN}|digit|number|option|số|dấu))"
_OPEN, _CLOSE = r"[\"'“‘«(\[]?", r"[\"'”’»)\]]?"
_FIRST = re.compile(
    rf"(?:(?:{_PRESS}|{_CHOOSE})(?: (?:{_NOUN}|the|on))?|{_KEY_NOUN}) {_OPEN}(?P<digit>{_DIGIT}){_COUNTED}"
    rf"|(?:{_PRESS}(?: (?:{_NOUN}|the|on))?|{_CHOOSE} {_NOUN}|{_KEY_NOUN}) {_OPEN}(?P<word>{_WORD}){_COUNTED}"
)
_AND = r"(?:, ?(?:(?:or|and|hoặc|và) )?|/ ?|(?:or|and|hoặc|và|hay) )"
_JOINED = rf"{_CLOSE}(?: (?:key|button|sign))? ?{_AND}(?:the |phím )?(?:key |số )?{_OPEN}"
_NEXT = re.compile(rf"{_JOINED}(?P<key>{_DIGIT}|{_WORD}){_COUNTED}")
_CLAUSE = re.compile(rf"[,;.:–—-] ?(?:(?:or|and|hoặc|và) )?(?P<key>{_WORD})")
_ANY_DIGIT = re.compile(_DIGIT)


def keys_asked_for(text: str) -> frozenset[str]:
    """The keys that the text surely asks to press, e.g. {"1", "*"} for "press 1, or the star key".

    Cost: linear in the text.
    """
    plain = _plain(text)
    asked: set[str] = set()
    for first in _FIRST.finditer(plain):
        asked.add(_key(first["digit"] or first["word"]))
        end = first.end()
        while also := _NEXT.match(plain, end):
            asked.add(_key(also["key"]))
            end = also.end()
    return frozenset(asked)


def keys_heard_in(text: str) -> frozenset[str]:
    """The keys that the text names in any way: those asked for, single digits anywhere, and, once a key was asked
    for, number words that begin a clause ("press one for sales, two for support")."""
    plain = _plain(text)
    heard = set(keys_asked_for(text)) | {found.group() for found in _ANY_DIGIT.finditer(plain)}
    if first := _FIRST.search(plain):
        heard |= {_key(clause["key"]) for clause in _CLAUSE.finditer(plain, first.end())}
    return frozenset(heard)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _key(token: str) -> str:
    return _KEY_OF_WORD.get(token, token)
