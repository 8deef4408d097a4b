"""Callers in menus: what they hear after what they did, where they go, and that no tree holds them for ever."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.domain import Cause
from ivr.domain import step as menu
from ivr.domain.step import (
    LONGEST_STAY,
    MOST_ANNOUNCEMENTS,
    PATH_LENGTH,
    Announce,
    Enter,
    EnterQueue,
    File,
    Forward,
    HangUp,
    Keys,
    LeaveVoicemail,
    NoKey,
    Position,
    Pressed,
    SendSms,
    Speak,
    TimeUp,
    step,
)
from ivr.domain.tree import EMPTY_KEY, INVALID_KEY, Action, KeyPress, Node, NodeId, Phone, Play, Talk
from ivr.tests.trees import A_CUSTOMER, SERVED, any_trees, forward, hang_up, node, sound_trees, to_node, to_queue, tree

START = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
NOTHING = "nothing"


def after(checked, *pressed, position=None):
    """The position and the instruction after entering and pressing keys, a second apart."""
    now = START
    reached = step(checked, position or Position(), Enter(now))
    for key in pressed:
        now += dt.timedelta(seconds=1)
        reached = step(checked, reached[0], NoKey(now) if key is NOTHING else Keys(key, now))
    return reached


def path_of(position):
    return [(each.node_name, each.key) for each in position.path]


def heard(checked, *pressed):
    """What happens after each of the keys: the name of the node that is played, or the instruction."""
    happened = [after(checked, *pressed[:count])[1] for count in range(len(pressed) + 1)]
    return [each.node_name if isinstance(each, Announce) else each for each in happened]


def test_a_caller_hears_the_root_as_it_is_set_up_to_be_played():
    root = Node(NodeId("A"), "Welcome", Talk("Press 1."), (to_queue("1"),), False, 3, 500, "banmai", -1, 7)
    assert after(tree(root)) == (
        Position(NodeId("A"), steps=1, started_at=START.timestamp()),
        Announce(NodeId("A"), "Welcome", Speak("Press 1.", "banmai", -1), 3, 500, False, 7, 1),
    )


@pytest.mark.parametrize(
    ("announcement", "play"),
    [(Play("menu.mp3"), File("menu.mp3")), (Play(None), None), (Talk(" \n"), None), (Play(""), None)],
)
def test_a_greeting_file_is_played_and_what_is_missing_is_silence(announcement, play):
    _position, instruction = after(tree(Node(NodeId("A"), "A", announcement, (to_queue("1"),))))
    assert instruction.play == play


@pytest.mark.parametrize(
    ("branch", "instruction"),
    [
        (to_queue("1"), EnterQueue(SERVED)),
        (forward("1"), Forward("84909982888", "842473082686")),
        (forward("1", caller_id=Phone()), Forward("84909982888", "")),
        (forward("1", caller_id=Phone("the boss")), Forward("84909982888", "")),
        (KeyPress("1", Action.VOICEMAIL), LeaveVoicemail()),
        (KeyPress("1", Action.SMS, sms=" Our address. "), SendSms("Our address.")),
        (hang_up("1"), HangUp(Cause.MENU_END)),
    ],
)
def test_a_key_does_what_its_branch_says(branch, instruction):
    position, done = after(tree(node("A", branch)), "1")
    assert done == instruction
    assert path_of(position) == [("A", "1")]


@pytest.mark.parametrize(
    "branch",
    [
        to_queue("1", queue=None),
        forward("1", destination=Phone()),
        forward("1", destination=Phone("the boss")),
        KeyPress("1", Action.SMS, sms=" "),
        to_node("1", None),
        to_node("1", "NO_OF_ANOTHER_TREE"),
        KeyPress("1", Action.FORWARD, queue=SERVED, next_node=NodeId("A")),
    ],
)
def test_a_branch_without_its_target_ends_the_call(branch):
    assert heard(tree(node("A", branch)), "1") == ["A", HangUp(Cause.MENU_BROKEN)]


@pytest.mark.parametrize("checked", [tree(), tree(node("A"), root="GONE"), replace(tree(node("A")), root=None)])
def test_a_missing_root_ends_the_call(checked):
    assert after(checked) == (Position(started_at=START.timestamp()), HangUp(Cause.MENU_BROKEN))


def test_a_node_that_is_deleted_while_a_caller_listens_ends_the_call():
    position, _ = after(tree(node("A", to_queue("1"))))
    assert step(tree(node("B", to_queue("1"))), position, Keys("1", START)) == (position, HangUp(Cause.MENU_BROKEN))


def test_what_is_pressed_before_the_menu_ends_the_call():
    assert step(tree(node("A")), Position(), Keys("1", START)) == (Position(), HangUp(Cause.MENU_BROKEN))


def test_keys_lead_from_node_to_node_and_their_path_is_kept():
    checked = tree(node("A", to_node("1", "B")), node("B", to_node("2", "A"), to_queue(EMPTY_KEY)))
    assert heard(checked, "1", "2", "1", NOTHING) == ["A", "B", "A", "B", EnterQueue(SERVED)]
    position, _ = after(checked, "1", "2", "1", NOTHING)
    assert path_of(position) == [("A", "1"), ("B", "2"), ("A", "1"), ("B", EMPTY_KEY)]
    assert (position.node, position.steps) == ("B", 4)


def test_a_key_without_a_branch_takes_the_invalid_key_branch():
    checked = tree(node("A", to_queue("1"), to_node(INVALID_KEY, "B")), node("B", hang_up(EMPTY_KEY)))
    assert heard(checked, "2") == ["A", "B"]
    assert path_of(after(checked, "2")[0]) == [("A", "2")]


def test_no_key_does_not_take_the_invalid_key_branch_nor_the_other_way_round():
    checked = tree(node("A", to_queue(INVALID_KEY)))
    assert heard(checked, NOTHING) == ["A", "A"]
    checked = tree(node("A", to_queue(EMPTY_KEY), hang_up("1")))
    assert heard(checked, "2") == ["A", "A"]


@pytest.mark.parametrize("noise", ["", "A", "12", "EMPTY_KEY", "INVALID_KEY", "\x00", "x" * 1000])
def test_what_is_no_telephone_key_is_an_invalid_key(noise):
    checked = tree(node("A", to_queue("1"), hang_up(EMPTY_KEY), KeyPress(INVALID_KEY, Action.VOICEMAIL)))
    position, instruction = after(checked, noise)
    assert instruction == LeaveVoicemail()
    assert path_of(position) == [("A", INVALID_KEY)]


@pytest.mark.parametrize(("key", "cause"), [("9", Cause.NO_VALID_KEY), (NOTHING, Cause.NO_KEY)])
def test_a_node_is_replayed_three_times_and_then_the_call_ends(key, cause):
    checked = tree(node("A", to_queue("1")))
    assert heard(checked, key, key, key, key) == ["A", "A", "A", "A", HangUp(cause)]


def test_wrong_keys_and_no_keys_count_together():
    checked = tree(node("A", to_queue("1")))
    assert heard(checked, "9", NOTHING, "9", NOTHING)[-1] == HangUp(Cause.NO_KEY)
    assert heard(checked, NOTHING, "9", NOTHING, "9")[-1] == HangUp(Cause.NO_VALID_KEY)


def test_replays_are_counted_anew_at_every_node():
    checked = tree(node("A", to_node("1", "A"), to_queue("2")))
    assert heard(checked, "9", "9", "9", "1", "9", "9", "9", "2")[-2:] == ["A", EnterQueue(SERVED)]


def test_a_node_without_branches_ends_the_call_when_it_has_been_played():
    checked = tree(Node(NodeId("A"), "A", Talk("We are closed."), loop_count=2))
    _position, instruction = after(checked)
    assert (instruction.loops, instruction.timeout_s, instruction.accepts) == (2, 0, 0)
    assert heard(checked, NOTHING) == ["A", HangUp(Cause.MENU_END)]
    assert heard(checked, "1") == ["A", HangUp(Cause.MENU_END)]


def test_a_greeting_that_only_goes_on_by_itself_takes_no_keys():
    _position, instruction = after(tree(node("A", to_queue(EMPTY_KEY))))
    assert (instruction.timeout_s, instruction.accepts) == (5, 0)


def test_a_loop_ends_after_a_hundred_announcements_with_its_last_keys_kept():
    checked = tree(node("A", to_node(EMPTY_KEY, "A"), to_queue("1")))
    position, instruction = after(checked, *[NOTHING] * (MOST_ANNOUNCEMENTS - 1))
    assert (position.steps, type(instruction)) == (100, Announce)
    assert after(checked, *[NOTHING] * MOST_ANNOUNCEMENTS)[1] == HangUp(Cause.MENU_BUDGET)
    assert path_of(position) == [("A", EMPTY_KEY)] * PATH_LENGTH


def test_the_right_key_still_leads_out_when_the_budget_is_spent():
    checked = tree(node("A", to_node(EMPTY_KEY, "A"), to_queue("1")))
    position, _ = after(checked, *[NOTHING] * (MOST_ANNOUNCEMENTS - 1))
    assert step(checked, position, Keys("1", START + LONGEST_STAY))[1] == EnterQueue(SERVED)


def test_fifteen_minutes_in_the_menu_are_the_most():
    checked = tree(node("A", to_node(EMPTY_KEY, "A")))
    position, _ = after(checked)
    assert position.time_up_at == START + dt.timedelta(minutes=15)
    last = START + dt.timedelta(minutes=14, seconds=59)
    assert isinstance(step(checked, position, NoKey(last))[1], Announce)
    assert step(checked, position, NoKey(position.time_up_at))[1] == HangUp(Cause.MENU_BUDGET)
    assert step(checked, position, TimeUp(position.time_up_at)) == (position, HangUp(Cause.MENU_BUDGET))


def test_a_caller_who_comes_back_has_time_but_not_steps_anew_and_can_be_sent_to_any_node():
    checked = tree(node("A", to_queue("1")), node("B", to_queue("1")))
    position, _ = after(checked, "1")
    later = START + dt.timedelta(hours=1)
    position, instruction = step(checked, position, Enter(later, NodeId("B")))
    assert instruction.node_name == "B"
    assert position == Position(NodeId("B"), 2, 0, later.timestamp(), (Pressed("A", "1", START.timestamp() + 1),))
    assert step(checked, position, Enter(later, NodeId("GONE")))[1] == HangUp(Cause.MENU_BROKEN)


pressed = st.lists(st.sampled_from([*"1234567890*#", "A", "", NOTHING, EMPTY_KEY, INVALID_KEY]), max_size=12)
positions = st.builds(
    Position,
    node=st.none() | st.sampled_from([NodeId("NO0"), NodeId("NO1"), NodeId("GONE")]),
    steps=st.integers(0, 200),
    replays=st.integers(0, 5),
    started_at=st.floats(0, 4e9),
    path=st.lists(
        st.builds(Pressed, st.text(max_size=5), st.sampled_from(["1", EMPTY_KEY]), st.floats(0, 4e9)), max_size=32
    ).map(tuple),
)


def walk(checked, keys):
    """Enter and press keys, over and over, until the caller is out of the menu; the instructions on the way."""
    position, instruction = step(checked, Position(), Enter(START))
    yield position, instruction
    count = 0
    while isinstance(instruction, Announce):
        key = keys[count % len(keys)] if keys else NOTHING
        now = START + dt.timedelta(seconds=count)
        position, instruction = step(checked, position, NoKey(now) if key is NOTHING else Keys(key, now))
        yield position, instruction
        count += 1
        assert count <= MOST_ANNOUNCEMENTS


@given(any_trees() | sound_trees(), pressed)
def test_every_tree_lets_every_caller_out_within_the_budget_and_always_in_the_same_way(checked, keys):
    walked = list(walk(checked, keys))
    assert walked == list(walk(checked, keys))
    assert [position.steps for position, _ in walked[:-1]] == list(range(1, len(walked)))
    assert all(len(position.path) <= PATH_LENGTH and position.replays <= menu.MOST_REPLAYS for position, _ in walked)
    for position, instruction in walked[:-1]:
        assert position.node == instruction.node
        assert instruction.node in checked.by_id


@given(sound_trees(), pressed)
def test_a_sound_tree_never_breaks(checked, keys):
    *_, (_position, instruction) = walk(checked, keys)
    assert instruction != HangUp(Cause.MENU_BROKEN)
    assert instruction != HangUp(Cause.NO_KEY)
    assert not isinstance(instruction, Forward) or instruction.destination == A_CUSTOMER.digits


@given(
    any_trees(),
    positions,
    st.builds(Enter, st.just(START), st.none() | st.just(NodeId("NO1")))
    | st.builds(Keys, st.text(max_size=3) | st.sampled_from("123*#"), st.just(START))
    | st.builds(NoKey, st.just(START))
    | st.builds(TimeUp, st.just(START)),
)
def test_anything_can_be_given_at_any_position_and_positions_survive_json(checked, position, given_):
    reached, _instruction = step(checked, position, given_)
    for each in (position, reached):
        assert Position.from_json(json.loads(json.dumps(each.to_json()))) == each


def test_a_path_that_was_stored_without_times_is_read():
    stored = {**Position(path=(Pressed("A", "1", 9.0),)).to_json()}
    del stored["times"]
    assert Position.from_json(stored).path == (Pressed("A", "1", 0.0),)


def test_an_empty_mapping_is_the_position_before_the_menu():
    assert Position.from_json({}) == Position()
