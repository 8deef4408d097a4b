"""Texts that must fit into the picture."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.fitting import ELLIPSIS, shortened, visible, wrapped


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Welcome", "Welcome"),
        ("  two\n lines ", "two lines"),
        ("e\u0302\u0301", "ế"),
        ("evil\u202egnp.exe", "evilgnp.exe"),
        ("a\x00b\x1bc", "abc"),
        ("👨\u200d👩", "👨\u200d👩"),
    ],
)
def test_what_cannot_be_seen_is_left_out(text, shown):
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("Sales", 20, "Sales"),
        ("", 20, ""),
        ("Support and returns", 10, "Support a…"),
        ("abcdefghijkl", 5, "abcd…"),
        ("WWWWWWWW", 5, "WW…"),
        ("漢字漢字漢字", 7, "漢字漢…"),
        ("iiiiiiii", 5, "iiiiiiii"),
    ],
)
def test_a_text_is_cut_where_it_no_longer_fits(text, width, shown):
    assert shortened(text, width) == shown


def test_lines_are_broken_between_words_and_only_the_last_is_cut():
    text = "For sales press one, for support press two, or wait."
    assert wrapped(text, 20, 2) == ["For sales press one,", "for support press two…"]
    assert wrapped(text, 100, 2) == [text]
    assert wrapped("", 20, 2) == []


def test_a_word_longer_than_a_line_is_broken():
    assert wrapped("abcdefghij", 5, 3) == ["abcde", "fghij"]


@given(st.text(), st.integers(2, 40), st.integers(1, 3))
def test_any_text_becomes_at_most_so_many_lines_and_nothing_is_invented(text, width, lines):
    shown = wrapped(text, width, lines)
    assert len(shown) <= lines
    whole = visible(text)
    if "".join(shown).endswith(ELLIPSIS) and not whole.endswith(ELLIPSIS):
        assert whole.replace(" ", "").startswith("".join(shown)[:-1].replace(" ", ""))
    else:
        assert "".join(shown).replace(" ", "") == whole.replace(" ", "")
