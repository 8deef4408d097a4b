"""Reading text into plain values: limits, and nothing that YAML could smuggle in."""

from __future__ import annotations

import pytest
import yaml

from pcc_console.portable import values
from pcc_console.portable.problems import BadProjectFile
from pcc_console.portable.values import Items, Table, Text, parse


def plain(node):
    """Nodes as Python values."""
    if isinstance(node, Table):
        return {key: plain(inner) for key, inner in node.entries.items()}
    return [plain(inner) for inner in node.items] if isinstance(node, Items) else node.text


@pytest.mark.parametrize("written", ["13:00", "0909", "No", "1e3", "0x1F", "2026-09-02", "+84", "1_0", "=", "<<"])
def test_scalars_stay_the_text_that_was_written(written):
    assert plain(parse(f"a: {written}\nb: ['{written}']".encode())) == {"a": written, "b": [written]}


@pytest.mark.parametrize("written", ["", "~", "null", "NULL"])
def test_nothing_is_nothing_unless_it_is_quoted(written):
    assert plain(parse(f"a: {written}\nb: '{written}'".encode())) == {"a": None, "b": written}


def test_every_value_knows_its_line():
    root = parse(b"a: 1\nb:\n- x\n-\n  c: 2\n")
    assert isinstance(root, Table)
    items = root.entries["b"]
    assert isinstance(items, Items)
    assert [items.items[0], root.entries["a"].line, items.items[1].line] == [Text("x", 3), 1, 5]


def test_json_reads_to_the_same_texts_as_yaml():
    yaml_text = b"a: true\nb: [12, 1.5, null, 'x']\nc: {d: '\xf0\x9f\x98\x80'}"
    json_text = rb'{"a": true, "b": [12, 1.5, null, "x"], "c": {"d": "\ud83d\ude00"}}'
    assert plain(parse(json_text, is_json=True)) == plain(parse(yaml_text))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [1\nb: 2", "line 2: This is not YAML"),
        (b"a: \xff", "The file is not UTF-8 text (byte 3)."),
        (b"a: \x07", "This is not YAML"),
        (b"a: &x 1\nb: *x", "line 1: Anchors (&) and aliases (*) are not used"),
        (b"a: *x", "Anchors (&) and aliases (*) are not used"),
        (b"a: !!python/object/apply:os.system [id]", "line 1: Tags such as tag:yaml.org,2002:python/object/apply:os"),
        (b"a: !!binary aGk=", "line 1: Tags such as"),
        (b"a: 1\n---\nb: 2", "line 2: A project file is one YAML document"),
        (b"a: 1\nb: 2\na: 3", "line 3: The key 'a' stands here a second time."),
        (b"? [a]\n: 1", "line 1: A key must be a text."),
        (b'a: "\\0"', "line 1: The text contains a NUL character."),
        (b'a: "\\ud800"', "line 1: T"),  # the two parsers have different words for it
        (b"[" * 14 + b"]" * 14, "line 1: Values are nested more than 12 deep."),
        (b"[" * 100_000, "line 1: Values are nested more than 12 deep."),
    ],
)
@pytest.mark.parametrize("loader", [yaml.CSafeLoader, yaml.SafeLoader])
def test_yaml_that_is_refused(monkeypatch, loader, content, message):
    monkeypatch.setattr(values, "Loader", loader)
    with pytest.raises(BadProjectFile) as refused:
        parse(content)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1,}', "Not JSON: "),
        (b"[]", "The JSON must be an object"),
        (b'{"a": NaN}', "NaN is not JSON."),
        (b'{"a": 1, "b": 2, "a": 3}', 'The key "a" is there twice.'),
        (rb'{"a": "\u0000"}', "NUL"),
        (rb'{"\ud800": 1}', "half of a surrogate pair"),
        (b'{"a":' + b"[" * 13 + b"]" * 13 + b"}", "Values are nested more than 12 deep."),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested deeper than 20 levels."),
    ],
)
def test_json_that_is_refused(content, message):
    with pytest.raises(BadProjectFile) as refused:
        parse(content, is_json=True)
    assert message in str(refused.value)


@pytest.mark.parametrize("is_json", [False, True])
def test_a_file_with_too_many_values_is_refused_before_it_is_built(monkeypatch, is_json):
    monkeypatch.setattr(values, "MAX_VALUES", 10)
    assert plain(parse(b'{"a": [1, 2, 3, 4, 5, 6, 7]}', is_json=is_json)) == {"a": list("1234567")}
    with pytest.raises(BadProjectFile, match="more than 10 values"):
        parse(b'{"a": [1, 2, 3, 4, 5, 6, 7, 8, 9]}', is_json=is_json)


def test_a_file_that_is_too_large_is_refused_unread(monkeypatch):
    monkeypatch.setattr(values, "MAX_BYTES", 2 * 1024 * 1024)
    with pytest.raises(BadProjectFile, match="larger than 2 MiB"):
        parse(b"x" * (2 * 1024 * 1024 + 1))


def test_an_empty_file_holds_nothing():
    assert parse(b"") == Text(None, 1)
