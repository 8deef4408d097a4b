"""In which language a text is to be spoken, sentence by sentence.

Nobody says it: nodes have the name of a voice, and copied configurations have the same Vietnamese one everywhere, also
where the text is English. Announcements that greet in one language and go on in another are common.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

VIETNAMESE, ENGLISH, SPANISH = "vi", "en", "es"
LANGUAGES = (VIETNAMESE, ENGLISH, SPANISH)  # those that are told apart; the first is spoken where nothing tells

# Letters that neither English nor Spanish has, and letters that only Spanish has.
_VIETNAMESE_LETTERS = frozenset("ăâđêôơưàằầèềìòồờùừỳảẳẩẻểỉỏổởủửỷãẵẫẽễĩõỗỡũữỹắấếốớứýạặậẹệịọộợụựỵ")
_SPANISH_LETTERS = frozenset("ñ¿¡")
# Words that announcements are full of and the other languages do not have, as they are written without accents, too.
_WORDS = {
    VIETNAMESE: "xin chao quy khach vui bam phim nhan goi gap chung cua duoc khong tong dai lien he chuyen dich cuoc",
    ENGLISH: "the press please for you your is are of and thank thanks welcome calling our with will this we call "
    "hello goodbye sorry wait leave after before message sales support speak agent minutes line key tone number office",
    SPANISH: "gracias por para llamar llamada pulse oprima marque usted espere bienvenido nuestro hola adios con los "
    "las mensaje deje despues numero",
}
_LANGUAGE_OF_WORD = {word: language for language, words in _WORDS.items() for word in words.split()}
_A_LETTER_COUNTS = 3  # words

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n+")
_WORD = re.compile(r"[^\W\d_]+")
_CODE = re.compile(r"([A-Za-z]{2})(?:[-_].*)?")


@dataclass(frozen=True, slots=True)
class Passage:
    """Sentences in one language."""

    language: str
    text: str


def passages(text: str, voice: str = "") -> tuple[Passage, ...]:
    """A text in pieces that each are spoken in one language; nothing for a text in which nothing is spoken.

    A voice that names a language (`en`, `vi-VN`) speaks all of it. A sentence that does not tell is spoken like the one
    before it. Cost: linear in the text.
    """
    sentences = [sentence.strip() for sentence in _SENTENCE_END.split(text)]
    spoken = [sentence for sentence in sentences if any(letter.isalnum() for letter in sentence)]
    languages = _languages(spoken, language_of_voice(voice))
    pairs = zip(languages, spoken, strict=True)
    return tuple(
        Passage(language, " ".join(sentence for _, sentence in group))
        for language, group in groupby(pairs, key=lambda pair: pair[0])
    )


def language_of_voice(voice: str) -> str:
    """The language that the name of a voice begins with, `en` of `en-US`; empty for names that name none."""
    named = _CODE.fullmatch(voice.strip())
    return named[1].lower() if named and named[1].lower() in LANGUAGES else ""


def _languages(sentences: list[str], named: str) -> Iterator[str]:
    if named:
        yield from (named for _ in sentences)
        return
    guesses = [_guess(sentence) for sentence in sentences]
    language = next((guess for guess in guesses if guess), LANGUAGES[0])
    for guess in guesses:
        language = guess or language
        yield language


def _guess(sentence: str) -> str:
    """The language of a sentence; empty when it does not tell."""
    lower = unicodedata.normalize("NFC", sentence.lower())
    votes = dict.fromkeys(LANGUAGES, 0)
    votes[VIETNAMESE] += _A_LETTER_COUNTS * sum(letter in _VIETNAMESE_LETTERS for letter in lower)
    votes[SPANISH] += _A_LETTER_COUNTS * sum(letter in _SPANISH_LETTERS for letter in lower)
    for word in _WORD.findall(_without_accents(lower)):
        if (language := _LANGUAGE_OF_WORD.get(word)) is not None:
            votes[language] += 1
    best = max(votes, key=votes.__getitem__)
    return best if votes[best] else ""


def _without_accents(text: str) -> str:
    letters = unicodedata.normalize("NFD", text.replace("đ", "d"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
