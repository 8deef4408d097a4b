"""A program under way: each rule of the execution model with its exact instructions."""

from __future__ import annotations

from dataclasses import replace

from callflow.scco.actions import (
    Connect,
    File,
    Format,
    Input,
    Party,
    PartyType,
    Play,
    Program,
    Record,
    RecordMessage,
    Remote,
    Speak,
    Stream,
    Talk,
)
from callflow.scco.events import (
    Answered,
    AnswerFailed,
    ConnectAnswered,
    ConnectEnded,
    ConnectFailed,
    Event,
    KeysGathered,
    MediaEnded,
    MessageRecorded,
    Started,
    answer_to,
)
from callflow.scco.instructions import (
    AskInput,
    AskOnFail,
    Dial,
    Gather,
    HangUp,
    HangUpCause,
    Instruction,
    PlayMedia,
    Prompt,
    RecordVoicemail,
    StartRecording,
    StopMedia,
)
from callflow.scco.run import MAX_INSTRUCTIONS, Run, State, advance, start

HOTLINE = Party(PartyType.INTERNAL, "842400000001")
LAN = Party(PartyType.INTERNAL, "lan")
CUSTOMER = Party(PartyType.EXTERNAL, "84900000012")
CONNECT = Connect(HOTLINE, CUSTOMER)
HELLO = Talk(text="Xin chào")
NOTICE = Talk(text="Cuộc gọi được ghi âm", barge_in=False)
MUSIC = Play(file_name="MUSIC.mp3")
INPUT = Input("https://crm.example.net/keys", custom_field="menu")
NOBODY = "https://crm.example.net/nobody"
FINISHED = HangUp(HangUpCause.FINISHED)


def play(id: int, media: Talk | Play | Stream) -> PlayMedia:
    return PlayMedia(id, media.sound, 1, 0, True)


def dial(id: int, action: Connect = CONNECT) -> Dial:
    return Dial(id, action.from_, action.to, 60, None, "")


def gather(id: int, *prompt: Talk | Play) -> Gather:
    return Gather(id, tuple(Prompt(media.sound, 1, 0) for media in prompt), 5, 64, False)


def answered(question: int, *actions) -> Answered:
    return Answered(Program(actions), question)


def pushed(*actions) -> Answered:
    return Answered(Program(actions))


def walk(actions: list, *events: Event) -> list[tuple[Instruction, ...]]:
    """What is instructed on the start, then on each event."""
    return walked(actions, *events)[1]


def walked(actions: list, *events: Event) -> tuple[Run, list[tuple[Instruction, ...]]]:
    run, said = start(Program(tuple(actions))), []
    for event in (Started(), *events):
        run, instructions = advance(run, event)
        said.append(instructions)
    return run, said


def test_nothing_happens_before_the_start():
    run = start(Program((HELLO,)))
    for event in (MediaEnded(1), ConnectAnswered(1), AnswerFailed(1, "x")):
        assert advance(run, event) == (run, ())


def test_a_text_is_spoken_and_the_call_ends_when_it_was_heard():
    assert walk([HELLO], MediaEnded(1)) == [(play(1, HELLO),), (FINISHED,)]


def test_media_are_instructed_with_all_their_details():
    talk = Talk(text="Một", voice="leminh", speed=-2, loops=3, pause_ms=500, answer_first=False, barge_in=False)
    stream = Stream(url="https://cdn.example.net/a.mp3")
    assert walk([talk, MUSIC, stream], MediaEnded(1), MediaEnded(2)) == [
        (PlayMedia(1, Speak("Một", "leminh", -2), 3, 500, answer_first=False),),
        (PlayMedia(2, File("MUSIC.mp3"), 1, 0, answer_first=True),),
        (PlayMedia(3, Remote("https://cdn.example.net/a.mp3"), 1, 0, answer_first=True),),
    ]


def test_asynchronous_media_do_not_hold_the_next_action_up():
    assert walk([HELLO, Record(), CONNECT]) == [(StartRecording(Format.MP3, False, None), play(2, HELLO), dial(3))]


def test_media_that_may_not_be_interrupted_hold_the_next_action_up():
    assert walk([NOTICE, CONNECT], MediaEnded(1)) == [(play(1, NOTICE),), (dial(2),)]


def test_media_that_go_on_while_playing_do_not_hold_the_next_action_up():
    goes_on = replace(NOTICE, continue_while_play=True)
    assert walk([goes_on, CONNECT]) == [(play(1, goes_on), dial(2))]


def test_what_the_caller_hears_takes_turns():
    assert walk([HELLO, MUSIC, NOTICE, CONNECT], MediaEnded(1), MediaEnded(2), MediaEnded(3)) == [
        (play(1, HELLO),),
        (play(2, MUSIC),),
        (play(3, NOTICE),),
        (dial(4),),
    ]


def test_a_recording_starts_before_the_connect_that_it_captures():
    record = Record(Format.WAV, stereo=True, event_url="https://crm.example.net/rec")
    assert walk([record, CONNECT]) == [(StartRecording(Format.WAV, True, "https://crm.example.net/rec"), dial(2))]


def test_a_connect_is_instructed_with_all_its_details():
    connect = Connect(HOTLINE, LAN, 45, 600, '{"ticket":55}', True, NOBODY)
    assert walk([connect]) == [(Dial(1, HOTLINE, LAN, 45, 600, '{"ticket":55}'),)]


def test_the_remaining_actions_run_when_a_connect_has_ended():
    assert walk([CONNECT, HELLO], ConnectAnswered(1), ConnectEnded(1), MediaEnded(2)) == [
        (dial(1),),
        (),
        (play(2, HELLO),),
        (FINISHED,),
    ]


def test_the_call_ends_with_a_connect_that_nothing_follows():
    assert walk([CONNECT], ConnectAnswered(1), ConnectEnded(1)) == [(dial(1),), (), (FINISHED,)]


def test_an_end_whose_answer_was_never_heard_of_is_an_end():
    assert walk([CONNECT], ConnectEnded(1), ConnectAnswered(1)) == [(dial(1),), (FINISHED,), ()]


def test_what_plays_while_it_rings_stops_when_somebody_answers():
    run, said = walked([HELLO, MUSIC, CONNECT], ConnectAnswered(2), MediaEnded(1))
    assert said == [(play(1, HELLO), dial(2)), (StopMedia(),), ()]
    assert (run.state, run.line, run.playing) == (State.CONNECTED, (), None)


def test_what_is_to_be_heard_goes_on_while_it_rings():
    assert walk([HELLO, MUSIC, CONNECT], MediaEnded(1), MediaEnded(3)) == [
        (play(1, HELLO), dial(2)),
        (play(3, MUSIC),),
        (),
    ]


def test_the_call_ends_when_a_connect_fails():
    assert walk([CONNECT, HELLO], ConnectFailed(1, "busy", "486 Busy Here")) == [
        (dial(1),),
        (HangUp(HangUpCause.CONNECT_FAILED, "busy"),),
    ]


def test_the_customer_is_asked_what_comes_next_when_a_connect_fails():
    connect = replace(CONNECT, continue_on_fail=True, on_fail_url=NOBODY)
    second = replace(connect, to=LAN)
    run, said = walked(
        [connect, HELLO], ConnectFailed(1, "busy", "486 Busy Here"), answered(2, second), ConnectFailed(3, "x", "y")
    )
    assert said == [
        (dial(1, connect),),
        (AskOnFail(2, NOBODY, CUSTOMER, "486 Busy Here"),),
        (dial(3, second),),
        (AskOnFail(4, NOBODY, LAN, "y"),),
    ]
    assert (run.state, run.actions) == (State.ASKING, ())


def test_without_an_address_to_ask_the_remaining_actions_run_when_a_connect_fails():
    connect = replace(CONNECT, continue_on_fail=True)
    failed = ConnectFailed(1, "no_answer", "480")
    assert walk([connect, HELLO], failed) == [(dial(1, connect),), (play(2, HELLO),)]
    assert walk([connect], failed) == [(dial(1, connect),), (HangUp(HangUpCause.CONNECT_FAILED, "no_answer"),)]


def test_media_before_an_input_are_its_prompt():
    asked = replace(INPUT, timeout_s=6, max_digits=1, submit_on_hash=True)
    twice = replace(HELLO, loops=2, pause_ms=800)
    assert walk([twice, MUSIC, asked]) == [
        (
            Gather(
                1,
                (Prompt(Speak("Xin chào"), 2, 800), Prompt(File("MUSIC.mp3"), 1, 0)),
                timeout_s=6,
                max_digits=1,
                submit_on_hash=True,
            ),
        )
    ]


def test_an_input_waits_for_media_that_may_not_be_interrupted():
    assert walk([NOTICE, HELLO, INPUT], MediaEnded(1)) == [(play(1, NOTICE),), (gather(2, HELLO),)]
    goes_on = replace(NOTICE, continue_while_play=True)
    assert walk([goes_on, HELLO, INPUT], MediaEnded(1)) == [(play(1, goes_on),), (gather(2, HELLO),)]
    assert walk([HELLO, NOTICE, INPUT], MediaEnded(1), MediaEnded(2)) == [
        (play(1, HELLO),),
        (play(2, NOTICE),),
        (gather(3),),
    ]


def test_the_answer_to_an_input_is_the_program_that_goes_on():
    assert walk([INPUT, CONNECT], KeysGathered(1, "12", timed_out=False), answered(2, HELLO), MediaEnded(3)) == [
        (gather(1),),
        (AskInput(2, INPUT.event_url, "12", False, "menu"),),
        (play(3, HELLO),),
        (FINISHED,),
    ]


def test_a_time_out_is_told_to_the_customer():
    assert walk([INPUT], KeysGathered(1, "", timed_out=True))[1] == (AskInput(2, INPUT.event_url, "", True, "menu"),)


def test_an_answer_without_an_action_ends_the_call():
    assert walk([INPUT], KeysGathered(1, "1", False), answered(2))[2] == (HangUp(HangUpCause.EMPTY),)
    assert walk([]) == [(HangUp(HangUpCause.EMPTY),)]


def test_an_unreadable_answer_ends_the_call():
    events = KeysGathered(1, "1", False), answer_to(2, "<html>")
    assert walk([INPUT], *events)[2] == (
        HangUp(HangUpCause.UNREADABLE, "Not JSON: Expecting value at line 1, column 1."),
    )


def test_a_missing_answer_ends_the_call():
    events = KeysGathered(1, "1", False), AnswerFailed(2, "timeout")
    assert walk([INPUT], *events)[2] == (HangUp(HangUpCause.ANSWER_FAILED, "timeout"),)


def test_a_readable_answer_is_a_program():
    assert answer_to(2, b'[{"action":"play","fileName":"MUSIC.mp3"},]') == answered(2, MUSIC)


def test_a_message_is_taken_in_its_turn():
    message = RecordMessage(Format.WAV, "*", 30_000, False, 3_000, "https://crm.example.net/m")
    take = RecordVoicemail(2, Format.WAV, "*", 30_000, 3_000, False, "https://crm.example.net/m")
    assert walk([HELLO, message, MUSIC], MediaEnded(1), MessageRecorded(2), MediaEnded(3)) == [
        (play(1, HELLO),),
        (take,),
        (play(3, MUSIC),),
        (FINISHED,),
    ]


def test_a_message_does_not_hold_the_next_action_up():
    ((take, ringing),) = walk([RecordMessage(), CONNECT])
    assert (type(take), ringing) == (RecordVoicemail, dial(2))


def test_an_input_waits_for_a_message():
    said = walk([RecordMessage(), HELLO, INPUT], MessageRecorded(1))
    assert said[1] == (gather(2, HELLO),)


def test_a_pushed_program_replaces_what_is_left_at_once():
    assert walk([HELLO, NOTICE, CONNECT], pushed(MUSIC), MediaEnded(1), MediaEnded(3)) == [
        (play(1, HELLO),),
        (StopMedia(), play(3, MUSIC)),
        (),
        (FINISHED,),
    ]
    assert walk([INPUT], pushed(MUSIC), KeysGathered(1, "1", False)) == [
        (gather(1),),
        (StopMedia(), play(3, MUSIC)),
        (),
    ]
    assert walk([INPUT], KeysGathered(1, "1", False), pushed(MUSIC), answered(2, CONNECT))[2:] == [
        (play(3, MUSIC),),
        (),
    ]


def test_a_program_that_is_pushed_before_the_start_is_the_one_that_starts():
    run, said = advance(start(Program((HELLO,))), pushed(MUSIC))
    assert said == ()
    assert advance(run, Started())[1] == (play(1, MUSIC),)


def test_a_pushed_program_lets_a_connect_end_first():
    for before in ([], [ConnectAnswered(1)]):
        said = walk([CONNECT, HELLO], *before, pushed(MUSIC), ConnectEnded(1))
        assert said[-2:] == [(), (play(2, MUSIC),)]


def test_a_pushed_program_runs_also_when_the_connect_fails():
    connect = replace(CONNECT, continue_on_fail=True, on_fail_url=NOBODY)
    failed = ConnectFailed(1, "busy", "486")
    assert walk([connect, HELLO], pushed(MUSIC), failed)[-2:] == [(), (play(2, MUSIC),)]
    assert walk([connect, HELLO], pushed(), failed)[-2:] == [(), (HangUp(HangUpCause.CONNECT_FAILED, "busy"),)]


def test_pushing_nothing_ends_the_call():
    assert walk([HELLO], pushed())[1] == (StopMedia(), HangUp(HangUpCause.EMPTY))


def test_events_that_come_twice_or_late_change_nothing():
    connect = replace(CONNECT, continue_on_fail=True, on_fail_url=NOBODY)
    run, _ = walked(
        [INPUT], KeysGathered(1, "1", False), answered(2, connect), ConnectFailed(3, "busy", "486"), answered(4, INPUT)
    )
    for late in (
        Started(),
        KeysGathered(1, "1", False),
        answered(2, HELLO),
        AnswerFailed(2, "timeout"),
        ConnectAnswered(3),
        ConnectFailed(3, "busy", "486"),
        ConnectEnded(3),
        answered(4, HELLO),
        MediaEnded(4),
        ConnectEnded(5),
        answered(5, HELLO),
    ):
        assert advance(run, late) == (run, ())
    connected, _ = walked([connect], ConnectAnswered(1))
    for late in (ConnectAnswered(1), ConnectFailed(1, "busy", "486")):
        assert advance(connected, late) == (connected, ())


def test_nothing_happens_after_the_end():
    ended, _ = walked([])
    for event in (Started(), pushed(HELLO), MediaEnded(1), answered(1, HELLO)):
        assert advance(ended, event) == (ended, ())


def test_a_menu_that_answers_with_itself_ends():
    run, instructions = advance(start(Program((INPUT,))), Started())
    said = list(instructions)
    while run.state is not State.ENDED:
        last = said[-1]
        event = KeysGathered(last.id, "1", False) if isinstance(last, Gather) else answered(last.id, INPUT)
        run, instructions = advance(run, event)
        said.extend(instructions)
    assert (len(said), said[-1]) == (MAX_INSTRUCTIONS, HangUp(HangUpCause.BUDGET))


def test_a_list_of_recordings_without_end_is_cut_within_one_event():
    run, said = walked([INPUT], KeysGathered(1, "1", False), answered(2, *[Record()] * 500))
    assert (run.state, len(said[-1]), said[-1][-1]) == (State.ENDED, 198, HangUp(HangUpCause.BUDGET))


def test_a_stored_run_is_plain_and_names_its_actions():
    run, _ = walked([CONNECT, HELLO])
    assert run.to_json() == {
        "state": "dialling",
        "actions": [
            {
                "kind": "Talk",
                "barge_in": True,
                "loops": 1,
                "pause_ms": 0,
                "answer_first": True,
                "continue_while_play": False,
                "text": "Xin chào",
                "voice": "female",
                "speed": 0,
            }
        ],
        "line": [],
        "playing": None,
        "held": False,
        "awaited": 1,
        "awaited_action": {
            "kind": "Connect",
            "from_": {"type": "internal", "number": "842400000001", "alias": ""},
            "to": {"type": "external", "number": "84900000012", "alias": ""},
            "timeout_s": 60,
            "max_connect_s": None,
            "custom_data": "",
            "continue_on_fail": False,
            "on_fail_url": None,
        },
        "issued": 1,
    }
