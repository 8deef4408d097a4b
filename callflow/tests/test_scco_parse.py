"""Customers' documents: what each field means, every leniency that real documents need, and hostile texts."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callflow.scco import actions
from callflow.scco.actions import (
    Connect,
    Format,
    Input,
    Party,
    PartyType,
    Play,
    Problem,
    ProblemCode,
    Program,
    Record,
    RecordMessage,
    Stream,
    Talk,
)
from callflow.scco.hint import wanted_type
from callflow.scco.lenient_json import MAX_BYTES
from callflow.scco.parse import MAX_ACTIONS, MAX_SPOKEN, Reason, SccoUnreadable, is_denial, parse
from ivr.tree_forms import VOICES as VOICES_OF_NODES

LAN = Party(PartyType.INTERNAL, "lan")
HOTLINE = Party(PartyType.INTERNAL, "842400000001", "842400000001")
FROM = {"type": "internal", "number": "842400000001", "alias": "842400000001"}
CONNECT = {"action": "connect", "from": FROM, "to": {"type": "internal", "number": "lan"}}
INPUT = {"action": "input", "eventUrl": "https://crm.example.net/keys"}
TALK = {"action": "talk", "text": "Xin chào"}


def only(action: dict) -> tuple:
    """The one action of a document, and its problems as (code, detail)."""
    program = parse([action])
    assert len(program.actions) == 1
    return program.actions[0], [(problem.code, problem.detail) for problem in program.problems]


def reason(document: object) -> Reason:
    with pytest.raises(SccoUnreadable) as refused:
        parse(document)
    return refused.value.reason


def test_a_recorded_call_to_a_phone_is_read():
    program = parse("""
[ { "action": "record", "eventUrl": "https://crm.example.net/rec", "format": "mp3", "recordStereo": true },
  { "action": "connect", "peerToPeerCall": false, "timeout": 45, "maxConnectTime": -1,
    "from": { "type": "internal", "number": "842400000001", "alias": "842400000001" },
    "to":   { "type": "external", "number": "84900000012", "alias": "84900000012" },
    "customData": "{\\"ticket\\":55}", "continueOnFail": false } ]
""")
    assert program == Program(
        (
            Record(Format.MP3, stereo=True, event_url="https://crm.example.net/rec"),
            Connect(
                HOTLINE,
                Party(PartyType.EXTERNAL, "84900000012", "84900000012"),
                timeout_s=45,
                custom_data='{"ticket":55}',
            ),
        )
    )


def test_a_menu_is_read():
    program = parse("""
[ { "action": "talk", "text": "Nhan 1 de gap tu van", "bargeIn": true, "loop": 2, "silenceTime": 800 },
  { "action": "input", "eventUrl": "https://crm.example.net/keys", "timeOut": 6, "maxDigits": 1,
    "submitOnHash": true } ]
""")
    assert program == Program(
        (
            Talk(text="Nhan 1 de gap tu van", loops=2, pause_ms=800),
            Input("https://crm.example.net/keys", timeout_s=6, submit_on_hash=True, max_digits=1),
        )
    )


def test_fields_that_are_not_given_have_their_documented_defaults():
    assert only(CONNECT) == (
        Connect(
            HOTLINE,
            LAN,
            timeout_s=60,
            max_connect_s=None,
            custom_data="",
            continue_on_fail=False,
            on_fail_url=None,
        ),
        [],
    )
    assert only({"action": "record"}) == (Record(Format.MP3, stereo=False, event_url=None), [])
    assert only({"action": "recordMessage"}) == (
        RecordMessage(
            Format.MP3,
            end_on_key="#",
            max_ms=120_000,
            beep=True,
            silence_ms=None,
            event_url=None,
        ),
        [],
    )
    assert only(TALK) == (
        Talk(
            text="Xin chào",
            voice="female",
            speed=0,
            barge_in=True,
            loops=1,
            pause_ms=0,
            answer_first=True,
            continue_while_play=False,
        ),
        [],
    )
    assert only(INPUT) == (
        Input("https://crm.example.net/keys", timeout_s=5, submit_on_hash=False, max_digits=64, custom_field=""),
        [],
    )


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_the_empty_text_are_as_if_not_given(nothing):
    names = ("timeout", "maxConnectTime", "customData", "continueOnFail", "onFailEventUrl")
    assert only({**CONNECT, **dict.fromkeys(names, nothing)}) == only(CONNECT)
    record = {"action": "record", "eventUrl": nothing, "format": nothing, "recordStereo": nothing}
    assert only(record) == only({"action": "record"})
    assert only({**INPUT, "timeOut": nothing, "timeout": 7})[0].timeout_s == 7


def test_trailing_commas_are_taken_off_outside_of_texts_only():
    program = parse('[ {"action": "talk", "text": "a,] \\" ,}", }, {"action":"record",\n\t}, \r\n]')
    assert program == Program((Talk(text='a,] " ,}'), Record()))


def test_comments_are_refused():
    assert reason('[ {"action": "record"} /* why */ ]') is Reason.NOT_JSON
    assert reason('[ // why\n {"action": "record"} ]') is Reason.NOT_JSON


@pytest.mark.parametrize("unset", ["NaN", "Infinity", "-Infinity", "1e999", "null", '""'])
def test_a_timeout_that_was_never_set_is_the_default(unset):
    program = parse(f'[{{"action":"connect","from":{json.dumps(FROM)},"to":{json.dumps(FROM)},"timeout":{unset}}}]')
    assert program.actions[0].timeout_s == 60
    assert program.problems == ()


@pytest.mark.parametrize("yes", [True, "true", "True", " TRUE ", "1", 1, "yes"])
@pytest.mark.parametrize("no", [False, "false", "False", "0", 0, "no"])
def test_flags_may_be_texts_and_numbers(yes, no):
    assert only({**INPUT, "submitOnHash": yes}) == (Input(INPUT["eventUrl"], submit_on_hash=True), [])
    assert only({**TALK, "bargeIn": no}) == (Talk(text="Xin chào", barge_in=False), [])


@pytest.mark.parametrize("fifteen", [15, "15", " 15 ", 15.0, 15.9, "15.5", "+15"])
def test_numbers_may_be_texts(fifteen):
    assert only({**CONNECT, "timeout": fifteen}) == (Connect(HOTLINE, LAN, timeout_s=15), [])


@pytest.mark.parametrize(
    ("number", "text"), [(84900000012, "84900000012"), (84900000012.0, "84900000012"), (7.5, "7.5")]
)
def test_texts_may_be_numbers(number, text):
    action, problems = only({**CONNECT, "to": {"type": "external", "number": number, "alias": True}})
    assert (action.to, problems) == (Party(PartyType.EXTERNAL, text, "true"), [])


@pytest.mark.parametrize("bad", ["soon", True, [], {}, "1e3", "٣"])
def test_a_number_that_is_none_is_the_default_and_named(bad):
    assert only({**CONNECT, "timeout": bad}) == (Connect(HOTLINE, LAN), [(ProblemCode.BAD_VALUE, "timeout")])


@pytest.mark.parametrize("bad", ["maybe", 2, [], {}, 10**400, 0.5])
def test_a_flag_that_is_none_is_the_default_and_named(bad):
    assert only({**CONNECT, "continueOnFail": bad}) == (
        Connect(HOTLINE, LAN),
        [(ProblemCode.BAD_VALUE, "continueOnFail")],
    )


@pytest.mark.parametrize(
    ("base", "field", "given", "name", "value"),
    [
        (CONNECT, "timeout", 0, "timeout_s", 1),
        (CONNECT, "timeout", -5, "timeout_s", 1),
        (CONNECT, "timeout", 10**400, "timeout_s", 600),
        (CONNECT, "timeout", "9" * 5000, "timeout_s", 600),
        (INPUT, "timeOut", 100_000, "timeout_s", 600),
        (INPUT, "maxDigits", 0, "max_digits", 1),
        (INPUT, "maxDigits", 1000, "max_digits", 64),
        (TALK, "speed", 9, "speed", 3),
        (TALK, "speed", "-9", "speed", -3),
        (TALK, "loop", 101, "loops", 100),
        (TALK, "loop", -1, "loops", 1),
        (TALK, "silenceTime", 10**9, "pause_ms", 60_000),
        ({"action": "recordMessage"}, "timeout", "5", "max_ms", 1_000),
        ({"action": "recordMessage"}, "timeout", 10**9, "max_ms", 600_000),
        ({"action": "recordMessage"}, "silenceTimeout", 10**9, "silence_ms", 60_000),
    ],
)
def test_numbers_beyond_their_limits_are_the_limit_and_named(base, field, given, name, value):
    action, problems = only({**base, field: given})
    assert getattr(action, name) == value
    assert problems == [(ProblemCode.OUT_OF_RANGE, field)]


def test_no_loop_is_one_loop_without_a_word():
    assert only({"action": "play", "fileName": "A.mp3", "loop": 0}) == (Play(file_name="A.mp3", loops=1), [])


@pytest.mark.parametrize(("given", "cap"), [(-1, None), (0, None), ("0", None), (90, 90), ("90", 90), (10**9, 86_400)])
def test_the_time_to_talk_is_unlimited_at_zero_and_below(given, cap):
    assert only({**CONNECT, "maxConnectTime": given}) == (Connect(HOTLINE, LAN, max_connect_s=cap), [])


def test_both_spellings_of_the_time_for_keys_are_read():
    assert only({**INPUT, "timeOut": 8})[0].timeout_s == only({**INPUT, "timeout": "8"})[0].timeout_s == 8


@pytest.mark.parametrize("name", ["fileName", "streamUrl", "url"])
def test_a_stream_names_its_file_in_any_of_three_fields(name):
    assert only({"action": "stream", name: " https://cdn.example.net/a.mp3 ", "bargeIn": "false"}) == (
        Stream(url="https://cdn.example.net/a.mp3", barge_in=False),
        [],
    )


def test_an_unknown_voice_is_the_default_one():
    assert only({**TALK, "voice": "leminh"})[0].voice == "leminh"
    assert only({**TALK, "voice": "hal9000"}) == (Talk(text="Xin chào"), [(ProblemCode.BAD_VALUE, "voice")])


def test_the_voices_are_those_of_menu_nodes():
    assert set(VOICES_OF_NODES) == actions.VOICES


def test_formats_are_read_and_unknown_ones_are_mp3():
    for name in Format:
        assert only({"action": "record", "format": name.upper()}) == (Record(name), [])
    assert only({"action": "record", "format": "ogg"}) == (Record(Format.MP3), [(ProblemCode.BAD_VALUE, "format")])


def test_a_message_has_all_its_fields():
    given = {
        "action": "recordMessage",
        "eventUrl": "https://crm.example.net/m",
        "format": "wav",
        "endOnKey": "*",
        "timeout": "30000",
        "beepStart": "false",
        "silenceThresh": "40",
        "silenceTimeout": 3000,
    }
    assert only(given) == (
        RecordMessage(
            Format.WAV,
            end_on_key="*",
            max_ms=30_000,
            beep=False,
            silence_ms=3_000,
            event_url="https://crm.example.net/m",
        ),
        [],
    )
    assert only({"action": "recordMessage", "endOnKey": "12"})[0].end_on_key == "#"


def test_unknown_fields_and_the_order_of_fields_do_not_matter():
    assert only({"maxConnection": 1, "eventUrl": ["x"], **dict(reversed(CONNECT.items())), "x": {"y": [1]}}) == only(
        CONNECT
    )


def test_unknown_actions_are_skipped_and_named():
    program = parse([{"action": "dance" * 50}, TALK, {"act": "talk"}, "talk", None, {"action": ["talk"]}])
    assert program.actions == (Talk(text="Xin chào"),)
    assert program.problems == (
        Problem(0, ProblemCode.UNKNOWN_ACTION, "dance" * 10),
        Problem(2, ProblemCode.NOT_AN_ACTION),
        Problem(3, ProblemCode.NOT_AN_ACTION),
        Problem(4, ProblemCode.NOT_AN_ACTION),
        Problem(5, ProblemCode.NOT_AN_ACTION),
    )


@pytest.mark.parametrize(
    ("useless", "code", "detail"),
    [
        ({"action": "talk"}, ProblemCode.MISSING_FIELD, "text"),
        ({"action": "talk", "text": " \n"}, ProblemCode.MISSING_FIELD, "text"),
        ({"action": "play", "fileName": None}, ProblemCode.MISSING_FIELD, "fileName"),
        ({"action": "stream"}, ProblemCode.MISSING_FIELD, "fileName"),
        ({"action": "input"}, ProblemCode.MISSING_FIELD, "eventUrl"),
        ({"action": "connect", "to": FROM}, ProblemCode.MISSING_FIELD, "from"),
        ({**CONNECT, "to": "lan"}, ProblemCode.MISSING_FIELD, "to"),
        ({**CONNECT, "to": {"type": "internal"}}, ProblemCode.MISSING_FIELD, "to.number"),
        ({**CONNECT, "from": {"type": "internal"}}, ProblemCode.MISSING_FIELD, "from.number"),
        ({**CONNECT, "to": {"type": "sip", "number": "lan"}}, ProblemCode.BAD_TO_TYPE, "to.type"),
        ({**CONNECT, "to": {"number": "lan"}}, ProblemCode.BAD_TO_TYPE, "to.type"),
    ],
)
def test_actions_that_mean_nothing_are_skipped_and_named(useless, code, detail):
    assert parse([useless]) == Program((), (Problem(0, code, detail),))


@pytest.mark.parametrize(
    "bad", ["ftp://crm.example.net/", "crm.example.net", "https://", "https://a b/", "javascript:1"]
)
def test_addresses_are_of_the_web_only(bad):
    assert only({"action": "record", "eventUrl": bad}) == (Record(), [(ProblemCode.BAD_VALUE, "eventUrl")])


def test_texts_over_their_limit_are_as_if_not_given():
    assert parse([{"action": "talk", "text": "x" * MAX_SPOKEN}]).problems == ()
    assert parse([{"action": "talk", "text": "x" * (MAX_SPOKEN + 1)}]) == Program(
        (), (Problem(0, ProblemCode.TOO_LONG, "text"), Problem(0, ProblemCode.MISSING_FIELD, "text"))
    )


def test_who_asks_for_media_past_the_server_gets_the_usual_way():
    for asked in (True, False, "maybe"):
        assert only({**CONNECT, "peerToPeerCall": asked}) == (Connect(HOTLINE, LAN), [])


def test_bytes_with_a_byte_order_mark_are_read():
    assert parse(b"\xef\xbb\xbf[]") == parse("\ufeff []") == parse([]) == Program()


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ("", Reason.NOT_JSON),
        ("<html>", Reason.NOT_JSON),
        ("[", Reason.NOT_JSON),
        (b"\xff\xfe", Reason.NOT_JSON),
        ("\ud800", Reason.NOT_JSON),
        ('["\\ud800"]', Reason.NOT_JSON),
        ('[{"x":"\\u0000"}]', Reason.NOT_JSON),
        ("[" * 30_000, Reason.NOT_JSON),
        ("[" * 21 + "]" * 21, Reason.NOT_JSON),
        ("{}", Reason.NOT_AN_ARRAY),
        ('{"action":"talk","text":"x"}', Reason.NOT_AN_ARRAY),
        ("null", Reason.NOT_AN_ARRAY),
        ('"[]"', Reason.NOT_AN_ARRAY),
        (None, Reason.NOT_AN_ARRAY),
        (7, Reason.NOT_AN_ARRAY),
        ("[1" + ",1" * MAX_ACTIONS + "]", Reason.TOO_MANY_ACTIONS),
        ([TALK] * (MAX_ACTIONS + 1), Reason.TOO_MANY_ACTIONS),
        ('["' + "x" * MAX_BYTES + '"]', Reason.TOO_LONG),
        ('["' + "é" * (MAX_BYTES // 2) + '"]', Reason.TOO_LONG),
    ],
    ids=str,
)
def test_what_is_no_array_of_sensible_size_is_refused_with_its_reason(document, why):
    assert reason(document) is why


@pytest.mark.parametrize("unit", ['"', '\\"', '"\\', ",", ", ", "[,", '{"', "\\", "1", '",'])
def test_hostile_repetitions_take_no_time(unit):
    for start in ("", "[", '["'):
        text = (start + unit * MAX_BYTES)[: MAX_BYTES - 1]
        began = time.process_time()
        assert reason(text) in (Reason.NOT_JSON, Reason.NOT_AN_ARRAY)
        assert time.process_time() - began < 1


def test_an_answer_without_a_connect_denies_the_call():
    assert is_denial(parse("[]"))
    assert is_denial(parse([TALK]))
    assert is_denial(parse([{**CONNECT, "to": {"type": "sip", "number": "lan"}}]))
    assert not is_denial(parse([TALK, CONNECT]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
KNOWN_FIELDS = (
    "from to timeout timeOut maxConnectTime customData peerToPeerCall continueOnFail onFailEventUrl eventUrl format "
    "recordStereo endOnKey beepStart silenceThresh silenceTimeout text voice speed bargeIn loop silenceTime answerCall "
    "continueWhilePlay fileName streamUrl url submitOnHash customField maxDigits type number alias"
)
FIELD_NAMES = st.sampled_from(KNOWN_FIELDS.split())
NAMES = st.sampled_from(["connect", "record", "recordMessage", "talk", "play", "stream", "input"])
ODD_VALUES = JSON | st.sampled_from([FROM, "https://crm.example.net/", 10**400, -(10**400), "9" * 5000, "true"])
ODD_ACTIONS = st.builds(
    lambda name, fields, known: {"action": name, **known, **fields},
    NAMES,
    st.dictionaries(FIELD_NAMES, ODD_VALUES, max_size=5),
    st.sampled_from([{}, CONNECT, INPUT, TALK]).map(lambda known: {k: v for k, v in known.items() if k != "action"}),
)


def parses_or_is_refused(document: object) -> Program | None:
    try:
        program = parse(document)
    except SccoUnreadable:
        return None
    assert all(0 <= problem.place < MAX_ACTIONS for problem in program.problems)
    json.dumps([problem.detail for problem in program.problems]).encode()
    return program


@given(st.text() | st.binary() | JSON)
def test_no_document_raises_anything_but_its_refusal(document):
    parses_or_is_refused(document)


@given(st.lists(ODD_ACTIONS, max_size=5))
def test_no_value_of_a_field_raises(document):
    parses_or_is_refused(document)


@given(st.lists(ODD_ACTIONS, max_size=3), st.data())
def test_a_damaged_text_is_read_or_refused(document, data):
    text = json.dumps(document, default=str)[:5000] if all(map(_short, document)) else "[]"
    place = data.draw(st.integers(0, len(text)))
    parses_or_is_refused(text[:place] + data.draw(st.text('[]{},:"\\ntrue01', max_size=3)) + text[place:])


def _short(action: dict) -> bool:
    return not any(isinstance(value, int) and abs(value) > 10**100 for value in action.values())


@given(st.lists(ODD_ACTIONS, max_size=5))
def test_a_text_means_what_its_list_means_also_with_trailing_commas(document):
    document = json.loads(json.dumps([a for a in document if _short(a)]), parse_constant=lambda _: None)
    plain = json.dumps(document)
    commas = "[" + "".join(json.dumps(action)[:-1] + ", }\n,\t" for action in document) + "]"
    assert parses_or_is_refused(plain) == parses_or_is_refused(document) == parses_or_is_refused(commas)


@pytest.mark.parametrize(
    ("custom", "wanted"),
    [
        ('{"call_setting":{"to_type":"external","channel":"voice"}}', PartyType.EXTERNAL),
        ('{"call_setting":{"to_type":"internal"}}', PartyType.INTERNAL),
        ('{"call_setting":{"to_type":["internal"]}}', None),
        ('{"call_setting":"internal"}', None),
        ("order-55", None),
        ("", None),
        ("[]", None),
        ("[" * 100_000, None),
        ("9" * 5000, None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_the_app_may_say_whether_it_calls_a_user_or_a_phone(custom, wanted):
    assert wanted_type(custom) is wanted
