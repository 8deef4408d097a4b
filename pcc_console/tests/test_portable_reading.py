"""Project files with mistakes: each is named with its line and its path, and all of them at once."""

from __future__ import annotations

import base64

import pytest

from ivr.models import KeyAction
from pcc_console.portable import shapes
from pcc_console.portable.document import NodeReference, Spoken
from pcc_console.portable.problems import MAX_SHOWN, BadProjectFile, Problem
from pcc_console.portable.reading import checksum, read_project_file
from pcc_console.tests.portable_tools import file_of
from queues.models import Schedule


def problems_in(text: str) -> list[str]:
    with pytest.raises(BadProjectFile) as refused:
        file_of(text)
    return [str(problem) for problem in refused.value.problems]


# ── The file as a whole ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "This is not a project file: it must begin with `format: pcc-console/project`."),
        (b"- a", "This is not a project file: it must begin with `format: pcc-console/project`."),
        (b"format: other\nversion: 1", "This is not a project file"),
        (b"format: pcc-console/project", "The file does not say its version: write `version: 1`."),
        (
            b"format: pcc-console/project\nversion: 2",
            "The file has version 2 of the format; this installation reads version 1.",
        ),
    ],
)
def test_what_is_no_project_file_is_refused(content, message):
    with pytest.raises(BadProjectFile) as refused:
        read_project_file(content)
    assert message in str(refused.value)


def test_a_file_with_nothing_but_a_name_is_an_empty_project():
    file = file_of("")
    assert (file.project.values["name"], file.project.values["time_zone"]) == ("Ours", "Asia/Ho_Chi_Minh")
    assert file.call_settings.values["get_customer_info_timeout"] == 2000
    assert (file.numbers, file.ivr_trees, file.queues, file.greeting_files) == ((), (), (), ())


def test_a_project_needs_a_name():
    assert problems_in("project: {country: VN}") == ["line 3, project: name is missing: This field cannot be blank."]


def test_all_mistakes_are_reported_in_the_order_of_the_file():
    assert problems_in(
        """\
        queues:
        - name: Support
          wrap_up_time_limit: soon
          cond_routing: sip
        numbers:
        - number: not a number
          queue: Suport
        colour: red
        """
    ) == [
        "line 7, queues[0].wrap_up_time_limit: must be a whole number, not 'soon'",
        "line 8, queues[0].cond_routing: must be one of web_app, web_app_or_sip, not 'sip'",
        "line 10, numbers[0].number: 'not a number' is not a telephone number",
        "line 11, numbers[0].queue: there is no queue 'Suport' in this file; did you mean 'Support'?",
        "line 12, colour: is not known here",
    ]


def test_a_long_list_of_mistakes_is_cut():
    problems = [Problem("", line, "wrong") for line in range(1, MAX_SHOWN + 4)]
    assert str(BadProjectFile(problems)).splitlines()[-1] == "… and 3 more."


def test_reading_gives_up_on_a_file_that_is_wrong_everywhere():
    assert len(problems_in("agents:\n" + "- {name: ''}\n" * 500)) == 100


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("queues: {name: Support}", "line 5, queues: must be a list (`- item` lines)"),
        ("queues:\n- Support", "line 6, queues[0]: must be a mapping (`key: value` lines)"),
        ("queues:\n- name: [a]", "line 6, queues[0].name: must be a text"),
        ("queues:\n- nam: a\n  name: b", "line 6, queues[0].nam: is not known here; did you mean 'name'?"),
        ("queues:\n- name: " + "x" * 201, "Ensure this value has at most 200 characters (it has 201)."),
        ("queues:\n- {name: a, wait_agent_answer_timeout: 2}", "Ensure this value is greater than or equal to 3."),
        ("queues:\n- {name: a, record_calls: maybe}", "must be true or false, not 'maybe'"),
        ("queues:\n- name: a\n- name: a", "line 7, queues[1]: there is another 'a' above: give one of them a `ref`"),
        ("project: {name: A, time_zone: Mars}", "Mars is not a time zone name such as Asia/Ho_Chi_Minh."),
        (
            "numbers:\n- number: '842473000097'\n- number: +84 24 7300 0097",
            "the number 842473000097 stands",
        ),
        ("numbers:\n- {number: '911', answer_url: 'ftp://a'}", "numbers[0].answer_url: Write a web address"),
        ("call_settings: {event_url: crm}", "call_settings.event_url: Write a web address that begins with https://"),
        ("queues:\n- {name: A, from_number_callout_to_agent: home}", "'home' is not a telephone number"),
        ("agents:\n- {name: A, stringee_user_id: a b}", "A user ID has no spaces and no slashes."),
        ("agents:\n- {name: A, stringee_user_id: a, routing_type: phone}", "needs a phone_number"),
        ("agents:\n- {name: A, stringee_user_id: a}\n- {name: B, stringee_user_id: a}", "there is another 'a' above"),
        (
            "sip_accounts:\n- {user_name: a, extension: 1}\n- {user_name: b, extension: 1}",
            "the extension '1' stands",
        ),
        (
            "queues:\n- {name: A, outcomes: {busy: {action: hang_up}}}",
            "queues[0].outcomes.busy: is no cause; the causes are full, waited_too_long, closed, nobody_signed_in",
        ),
        ("queues:\n- {name: A, outcomes: {full: {action: dance}}}", "Value 'dance' is not a valid choice."),
        ("queues:\n- {name: A, outcomes: {full: {action: queue}}}", "queues[0].outcomes.full: needs `to_queue`"),
        (
            "queues:\n- {name: A, outcomes: {full: {action: message}}}",
            "queues[0].outcomes.full: needs `message` or `greeting`",
        ),
        (
            "queues:\n- {name: A, outcomes: {full: {action: queue, to_queue: A}}}",
            "queues[0].outcomes.full: leads to its own queue",
        ),
        (
            "queues:\n- {name: A, outcomes: {full: {action: node, to_node: Menu}}}",
            "queues[0].outcomes.full.to_node: must be a mapping",
        ),
        (
            "queues:\n- {name: A, outcomes: {full: {action: number, to_number: home}}}",
            "'home' is not a telephone number",
        ),
        ("priority_callers:\n- {number: '911', priority: 10}", "Ensure this value is less than or equal to 9."),
        ("priority_callers:\n- number: '911'\n- number: '911'", "the number 911 stands in the file twice"),
        ("call_settings: {outbound_prefixes: Asia}", "“Asia” is not the beginning of a phone number."),
        ("groups:\n- {name: G, agents: [ann]}", "groups[0].agents[0]: there is no agent with the user ID 'ann'"),
        ("ivr_trees:\n- {tree_name: T, root_node: N}", "ivr_trees[0].root_node: there is no node 'N' in this file"),
        (
            "ivr_trees:\n- {tree_name: T, nodes: [{node_name: N, keys: {'12': {action: hang_up}}}]}",
            "ivr_trees[0].nodes[0].keys['12']: is not a key; the keys are 1, 2, 3",
        ),
        (
            "ivr_trees:\n- {tree_name: T, nodes: [{node_name: N, keys: {'1': {action: dance}}}]}",
            "must be one of voicemail, queue, forward, node, sms, hang_up, not 'dance'",
        ),
        (
            "ivr_trees:\n- {tree_name: T, nodes: [{node_name: N, keys: {'1': {next_node: {tree: T, node: X}}}}]}",
            "there is no node 'X' in this file",
        ),
        ("business_hours:\n- {name: H, weekly: {monday: [08:00]}}", "must be a range such as 08:00-12:00, not '08:00'"),
        ("business_hours:\n- {name: H, weekly: {monday: [08:00-24:30]}}", "must be a time such as 08:30, not '24:30'"),
        ("business_hours:\n- {name: H, weekly: {someday: [08:00-12:00]}}", "weekly.someday: is not known here"),
        (
            "business_hours:\n- {name: H, weekly: {monday: [08:00-12:00, 08:00-13:00]}}",
            "business_hours[0].weekly.monday[1]: another range of this day opens at the same time",
        ),
        ("business_hours:\n- {name: H, exceptions: [{date: 2026-02-30}]}", "must be a date such as 2026-09-02"),
        ("business_hours:\n- {name: H, exceptions: [{note: a}]}", "exceptions[0]: date is missing"),
        ("business_hours:\n- {name: H, exceptions: [{date: 2026-02-01, opens: 08:00}]}", "needs both `opens` and"),
        (
            "business_hours:\n- {name: H, exceptions: [{date: 2026-02-01}, {date: 2026-02-01}]}",
            "exceptions[1]: stands in this list twice",
        ),
        (
            "business_hours:\n- {name: H, is_default: true}\n- {name: I, is_default: yes}",
            "business_hours[1]: another one is the default already",
        ),
        (
            "groups:\n- name: G\nqueues:\n- {name: Q, primary_groups: [G], backup_groups: [G]}",
            "queues[0]: the group 'G' is both primary and backup",
        ),
        ("groups:\n- name: G\nqueues:\n- {name: Q, primary_groups: [G, G]}", "primary_groups[1]: stands in this list"),
        ("greeting_files:\n- desc1: Hi", "greeting_files[0]: needs one source of sound: `audio`, `speech` or `tune`"),
        ("greeting_files:\n- {desc1: Hi, tune: wild}", "greeting_files[0].tune: there is no built-in tune 'wild'"),
        ("greeting_files:\n- {desc1: Hi, tune: calm, speech: [{language: en, text: a}]}", "needs one source of sound"),
        ("greeting_files:\n- {desc1: Hi, speech: [{language: xx, text: a}]}", "must be one of vi, en, es, not 'xx'"),
        ("greeting_files:\n- {desc1: Hi, speech: [{language: en}]}", "speech[0]: needs `language` and `text`"),
        ("greeting_files:\n- {desc1: Hi, audio: 'sha256:1'}", "greeting_files[0].audio: there is no audio 'sha256:1'"),
        ("audio: {'sha256:1': aGk=}", "audio['sha256:1']: the sound does not match its checksum"),
        ("audio: {'sha256:1': '?'}", "audio['sha256:1']: is not base64"),
    ],
)
def test_a_mistake_is_named(text, problem):
    assert problem in "\n".join(problems_in(text))


# ── What a person may write ──────────────────────────────────────────────────────────────────────────────────────────


def test_numbers_and_times_need_no_quotes():
    file = file_of("numbers:\n- number: 0909982888\nbusiness_hours:\n- name: H\n  weekly: {sunday: [8:00-13:30]}")
    assert file.numbers[0].values["number"] == "0909982888"
    opening = file.business_hours[0].weekly[0]
    assert (opening.weekday, str(opening.opens), str(opening.closes)) == (6, "08:00:00", "13:30:00")


def test_the_first_node_is_the_root_unless_the_file_says_otherwise():
    trees = file_of(
        """\
        ivr_trees:
        - {tree_name: A, nodes: [{node_name: N}]}
        - {tree_name: B, nodes: [{node_name: N}], root_node: null}
        - {tree_name: C, root_node: {tree: A, node: N}}
        """
    ).ivr_trees
    assert [tree.root_node for tree in trees] == [NodeReference("A", "N"), None, NodeReference("A", "N")]


def test_a_reference_may_come_before_what_it_names_and_choices_are_words():
    file = file_of(
        """\
        ivr_trees:
        - tree_name: T
          nodes:
          - {node_name: A, keys: {1: {action: queue, queue: Night}, '#': {action: node, next_node: A}}}
        queues:
        - {name: Support, ref: Day}
        - {name: Support, ref: Night, schedule: business_hours}
        """
    )
    keys = file.ivr_trees[0].nodes[0].keys
    assert [(key.handle, key.values["action"], key.references, key.next_node) for key in keys] == [
        ("1", KeyAction.QUEUE, {"queue": "Night"}, None),
        ("#", KeyAction.NODE, {}, NodeReference("T", "A")),
    ]
    assert [(row.handle, row.values["name"], row.values["schedule"]) for row in file.queues] == [
        ("Day", "Support", Schedule.ALWAYS_OPEN),
        ("Night", "Support", Schedule.BUSINESS_HOURS),
    ]


def test_a_greeting_may_be_embedded_spoken_or_a_tune():
    sound = b"\x00sound\xff"
    file = file_of(
        f"""\
        greeting_files:
        - {{original_name: a.wav, audio: '{checksum(sound)}'}}
        - {{desc1: Hello, speech: [{{language: vi, text: Xin chào}}, {{language: en, text: Hello}}]}}
        - {{desc1: Music, tune: calm}}
        audio:
          {checksum(sound)}: |
            {base64.b64encode(sound).decode()}
        """
    )
    assert [(row.handle, row.audio, row.speech, row.tune) for row in file.greeting_files] == [
        ("a.wav", sound, (), ""),
        ("Hello", None, (Spoken("vi", "Xin chào"), Spoken("en", "Hello")), ""),
        ("Music", None, (), "calm"),
    ]


# ── The table of the format ──────────────────────────────────────────────────────────────────────────────────────────

NOT_IN_A_FILE = {
    "id", "project", "public_id", "created_at", "updated_at",  # made anew
    "account", "tree", "node", "hours",  # said by where a row stands
    "system_status", "webhook_status", "device_status", "online_status", "last_time_pickup",
    "last_time_support_call_ended", "activity", "activity_since", "call_ref", "wrap_up_until", "wrap_up_extended",
    "missed_in_a_row", "set_aside_at", "paused_until", "reach", "free_since",
    "free_before_offer",  # states, not settings
    "digits", "closed",  # follow from other fields
    "sid", "filename", "size_bytes", "duration_ms", "peaks",  # follow from the sound, or are made anew
    "root_node", "node_key", "next_node", "cause", "to_node", "QueueOutcome.queue",  # written in a way of their own
}  # fmt: skip
ALL_SHAPES = [
    *shapes.SECTIONS.values(),
    shapes.PROJECT,
    shapes.CALL_SETTINGS,
    shapes.NODES,
    shapes.KEYS,
    shapes.OUTCOMES,
    shapes.EXCEPTIONS,
]


@pytest.mark.parametrize("shape", ALL_SHAPES, ids=lambda shape: shape.model.__name__)
def test_every_field_of_a_model_stands_in_the_file_or_is_left_out_on_purpose(shape):
    fields = {field.name for field in shape.model._meta.fields}
    left_out = {name for name in fields if {name, f"{shape.model.__name__}.{name}"} & NOT_IN_A_FILE}
    assert fields - left_out == set(shape.fields)


def test_defaults_are_part_of_version_1_of_the_format():
    """A field that has its default is not written, so another default would change what old files mean."""
    left_out = {
        f"{shape.model.__name__}.{name}": shape.default(name)
        for shape in ALL_SHAPES
        for name in shape.plain
        if name not in shape.always and shape.default(name) not in ("", None, False)
    }
    assert left_out == {
        "Number.allow_outbound_calls": True,
        "Number.record_outbound_calls": True,
        "Number.all_group_can_make_outbound_call": True,
        "BlockedNumber.ivr_blocked": True,
        "BlockedNumber.queue_blocked": True,
        "Queue.schedule": 1,
        "Queue.wait_agent_answer_timeout": 15,
        "Queue.agent_wrap_up_after_calls": True,
        "Queue.wrap_up_time_limit": 10,
        "Queue.record_calls": True,
        "Queue.maximum_queue_size": 5,
        "Queue.maximum_queue_wait_time": 60,
        "Queue.cond_routing": 1,
        "Queue.last_agent_first": True,
        "Queue.announce_every_s": 30,
        "Queue.voicemail_max_s": 120,
        "Queue.sla_target_percent": 80,
        "Queue.sla_answered_within": 20,
        "BusinessHours.enabled": True,
        "Agent.routing_type": 1,
        "CallSettings.get_customer_info_timeout": 2000,
        "CallSettings.missed_calls_limit": 3,
        "CallSettings.outbound_concurrency": 50,
        "CallSettings.outbound_per_minute": 120,
        "CallSettings.outbound_max_duration_s": 7200,
        "IvrNode.barge_in": True,
        "IvrNode.loop_count": 1,
        "IvrNode.voice": "hn_female_thutrang_phrase_48k-hsmm",
        "IvrNode.keypress_timeout": 5,
    }
