"""Odd JSON is refused with its reason; ordinary JSON is read as it is."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.strict_json import MAX_DEPTH, MAX_INTEGER, BadJson, parse_object

STORABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | STORABLE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STORABLE, inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(STORABLE, VALUES, max_size=5))
def test_what_a_client_writes_is_read_as_it_is(value):
    assert parse_object(json.dumps(value).encode()) == value
    assert parse_object(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_anything_else_is_refused_and_never_breaks(raw):
    with contextlib.suppress(BadJson):
        assert isinstance(parse_object(raw), dict)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "Not JSON: Expecting value at line 1, column 1."),
        (b"[]", "The JSON must be an object with named fields, such as {}."),
        (b"null", "The JSON must be an object with named fields, such as {}."),
        (b'"text"', "The JSON must be an object with named fields, such as {}."),
        (b'{"name": "a", "name": "b"}', 'The key "name" is there twice.'),
        (b'{"a": {"b": 1, "b": 1}}', 'The key "b" is there twice.'),
        (b'{"a": NaN}', "NaN is not JSON."),
        (b'{"a": Infinity}', "Infinity is not JSON."),
        (b'{"a": -Infinity}', "-Infinity is not JSON."),
        (b'{"a": 1e999}', "A number is too large."),
        (b'{"a": 9223372036854775808}', "A number is larger than 64 bits hold."),
        (b'{"a": -9223372036854775808}', "A number is larger than 64 bits hold."),
        (b'{"a": ' + b"9" * 1_000_000 + b"}", "A number is larger than 64 bits hold."),
        (b'{"a": "\\u0000"}', "A text contains a NUL character."),
        (b'{"\\u0000": 1}', "A text contains a NUL character."),
        (b'{"a": ["\\ud800"]}', "A text contains half of a surrogate pair."),
        (b'{"a": "\xff"}', "The JSON is not UTF-8 text."),
        (b'{"a": 1,}', "Not JSON: Illegal trailing comma before end of object at line 1, column 8."),
        (b"name=Sales", "Not JSON: Expecting value at line 1, column 1."),
    ],
)
def test_oddities_are_named(raw, reason):
    with pytest.raises(BadJson) as refused:
        parse_object(raw)
    if "trailing comma" in reason:  # the wording depends on the Python version
        assert str(refused.value).startswith("Not JSON: ")
    else:
        assert str(refused.value) == reason


def nested(levels: int) -> bytes:
    """An object with a text inside so many levels of objects and lists, its own level counted."""
    return b'{"a": ' + b"[" * (levels - 1) + b'"x"' + b"]" * (levels - 1) + b"}"


def test_nesting_has_a_limit():
    parse_object(nested(MAX_DEPTH))
    for levels in (MAX_DEPTH + 1, 500, 100_000):
        with pytest.raises(BadJson, match="nested deeper than 20 levels"):
            parse_object(nested(levels))


def test_odd_texts_are_found_on_every_level():
    for levels in range(1, MAX_DEPTH + 1):
        with pytest.raises(BadJson, match="NUL"):
            parse_object(nested(levels).replace(b"x", b"\\u0000"))


def test_a_byte_order_mark_and_pairs_of_surrogates_are_fine():
    assert parse_object(b'\xef\xbb\xbf{"a": "\\ud83d\\ude00"}') == {"a": "😀"}
