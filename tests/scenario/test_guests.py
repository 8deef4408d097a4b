"""Third persons and supervisors in whole calls: listening, whispering, joining, going on alone, and everybody free."""

from __future__ import annotations

import pytest

from callflow import refusals, requests
from callflow.domain.call import Party, TransferKind
from calls.models import Leg
from common.refusals import InvalidInput, NotFound
from telephony.port import Part
from tests.scenario.conftest import ELSEWHERE, HOTLINE, agent_named, ended_as

pytestmark = pytest.mark.django_db
CHIEF = Party("/chief", internal=True)


@pytest.fixture
def talking(world, hotline):
    """agent_1 talks with a caller until somebody ends it; agent_2 is there, and a page of the chief's."""
    world.online("agent_1", after_s=1)
    caller = world.call(HOTLINE)
    world.run_for(2)
    world.online("agent_2", after_s=1)
    world.online("console:chief", after_s=1)
    world.phone(ELSEWHERE, after_s=1)
    assert world.row(caller).state == "connected"
    return caller


def ask(world, caller, action, *args, **facts):
    """Let something be asked of the call; who is rung answers."""
    answer = action(world.project.pk, world.row(caller).call_id, *args, **facts)
    world.settle()
    world.run_for(2)
    return answer


def listens_in(world, caller, part=Part.LISTEN):
    return ask(world, caller, requests.supervise, CHIEF, part, endpoint=f"web:{world.project.pk}_console:chief")


def hears(world, leg_id):
    return {each.id for each in world.engine.legs[leg_id].voices}


def leg_of(world, caller, user):
    return Leg.objects.get(call=world.row(caller), agent__stringee_user_id=user).leg_id


def test_a_supervisor_listens_whispers_joins_and_goes_on_alone(world, talking):
    told = world.told(talking)
    agent = leg_of(world, talking, "agent_1")
    chief = listens_in(world, talking)
    assert hears(world, chief) == {talking, agent}
    assert (hears(world, talking), hears(world, agent)) == ({agent}, {talking})

    assert listens_in(world, talking, Part.WHISPER) == chief
    assert (hears(world, talking), hears(world, agent)) == ({agent}, {talking, chief})
    listens_in(world, talking, Part.TALK)
    assert (hears(world, talking), hears(world, agent)) == ({agent, chief}, {talking, chief})

    world.hangs_up(agent)
    assert (hears(world, talking), hears(world, chief)) == ({chief}, {talking})
    assert agent_named("agent_1").activity == "wrap_up"
    assert world.row(talking).agent_user_id == "agent_1"
    world.hangs_up(chief)
    world.run_out()

    assert ended_as(world, talking) == ("ended", "completed", "normal")
    assert agent_named("agent_1").activity == "idle"
    assert world.told(talking) == [*told, "agentEnded", "ended"]


def test_a_third_person_is_added_goes_on_and_has_the_wrap_up(world, talking):
    agent = leg_of(world, talking, "agent_1")
    third = ask(world, talking, requests.add_person, Party("agent_2", internal=True), by_user="agent_1")
    assert agent_named("agent_2").activity == "on_call"
    assert hears(world, talking) == {agent, third}

    world.hangs_up(agent)
    assert world.row(talking).agent_user_id == "agent_2"
    world.hangs_up(talking)

    assert [agent_named(user).activity for user in ("agent_1", "agent_2")] == ["wrap_up", "wrap_up"]
    world.run_out()
    assert ended_as(world, talking) == ("ended", "completed", "normal")


def test_a_telephone_is_added_and_removed_and_the_two_talk_on(world, talking):
    third = ask(world, talking, requests.add_person, Party(ELSEWHERE))
    assert Leg.objects.get(leg_id=third).state == "answered"
    ask(world, talking, requests.remove_person, third)

    agent = leg_of(world, talking, "agent_1")
    assert (hears(world, talking), hears(world, agent)) == ({agent}, {talking})
    with pytest.raises(NotFound):
        ask(world, talking, requests.remove_person, third)
    world.hangs_up(talking)
    world.run_out()


def test_a_third_person_who_does_not_answer_disturbs_nobody(world, talking):
    world.online("agent_2", does="never_answers")
    ask(world, talking, requests.add_person, Party("agent_2", internal=True))
    world.run_for(34)
    assert agent_named("agent_2").activity == "idle"
    assert world.row(talking).state == "connected"
    assert world.told(talking)[-1] == "connect_failed"
    world.hangs_up(talking)
    world.run_out()


def test_the_caller_ends_it_for_everybody(world, talking):
    listens_in(world, talking, Part.WHISPER)
    ask(world, talking, requests.add_person, Party("agent_2", internal=True))
    world.hangs_up(talking)
    assert ended_as(world, talking) == ("ended", "completed", "normal")
    assert world.engine.legs == {}
    assert [agent_named(user).activity for user in ("agent_1", "agent_2")] == ["wrap_up", "idle"]
    world.run_out()


def test_a_consultation_is_merged_and_the_second_agent_goes_on(world, talking):
    second = Party("agent_2", internal=True)
    ask(world, talking, requests.transfer, second, TransferKind.ATTENDED)
    ask(world, talking, requests.merge_transfer)
    first, target = leg_of(world, talking, "agent_1"), leg_of(world, talking, "agent_2")
    assert hears(world, talking) == {first, target}
    with pytest.raises(refusals.NotPossibleNow):
        ask(world, talking, requests.transfer, Party(ELSEWHERE), TransferKind.BLIND)

    world.hangs_up(first)
    assert world.row(talking).agent_user_id == "agent_2"
    world.hangs_up(talking)
    world.run_out()


def test_a_supervisor_stays_through_a_transfer_to_a_queue(world, talking, queue):
    chief = listens_in(world, talking)
    ask(world, talking, requests.transfer_to_queue, queue.public_id)
    second = Leg.objects.get(call=world.row(talking), state="answered", role="agent").leg_id
    assert hears(world, chief) == {talking, second}
    world.hangs_up(talking)
    world.run_out()


def test_who_supervises_holds_nobody_and_hands_nobody_on(world, talking):
    ask(world, talking, requests.supervise, Party("agent_2", internal=True), Part.TALK)
    with pytest.raises(refusals.NotPossibleNow):
        ask(world, talking, requests.transfer, Party(ELSEWHERE), TransferKind.BLIND, by_user="agent_2")
    with pytest.raises(refusals.NotPossibleNow):
        ask(world, talking, requests.hold, held=True, by_user="agent_2")
    ask(world, talking, requests.hold, held=True, by_user="agent_1")
    assert agent_named("agent_1").activity == "on_call"
    world.hangs_up(talking)
    world.run_out()


def test_a_supervisor_leaves_and_is_told_when_he_is_not_there(world, talking):
    listens_in(world, talking)
    ask(world, talking, requests.stop_supervising, "/chief")
    assert world.row(talking).state == "connected"
    with pytest.raises(NotFound):
        ask(world, talking, requests.stop_supervising, "/chief")
    world.hangs_up(talking)
    world.run_out()


def test_an_agent_who_supervises_is_occupied_whatever_his_status(world, talking, agent_2):
    agent_2.manual_status = "LUNCH"
    agent_2.save()
    ask(world, talking, requests.supervise, Party("agent_2", internal=True), Part.LISTEN)
    assert agent_named("agent_2").activity == "on_call"
    ask(world, talking, requests.stop_supervising, "agent_2")
    assert agent_named("agent_2").activity == "idle"
    world.hangs_up(talking)
    world.run_out()


@pytest.mark.parametrize("endpoint", ["web:1_agent_2", "tel:84909982888", "sip:1_agent_2", "web:", "nonsense"])
def test_only_pages_of_the_project_are_rung_for_supervisors(endpoint, world, talking):
    with pytest.raises(InvalidInput):
        ask(world, talking, requests.supervise, CHIEF, Part.LISTEN, endpoint=endpoint)
    world.hangs_up(talking)
    world.run_out()


def test_nobody_listens_to_a_call_in_which_nobody_talks(world, hotline):
    caller = world.call(HOTLINE, patience_s=5)
    with pytest.raises(refusals.NotPossibleNow):
        listens_in(world, caller)
    world.run_out()
    with pytest.raises(refusals.CallEnded):
        listens_in(world, caller)


def test_when_the_engine_is_lost_guests_are_free_too(world, talking):
    listens_in(world, talking)
    ask(world, talking, requests.add_person, Party("agent_2", internal=True))
    world.kill_engine()
    world.run_for(2)
    world.start_engine()
    world.run_out()
    assert ended_as(world, talking) == ("ended", "failed", "engine_lost")
    assert [agent_named(user).activity for user in ("agent_1", "agent_2")] == ["idle", "idle"]


def test_a_guest_whom_only_the_engine_has_lost_is_gone_alone(world, talking):
    third = ask(world, talking, requests.add_person, Party("agent_2", internal=True))
    del world.engine.legs[third]
    world.run_for(10)
    world.engine.tell_snapshot()
    world.settle()
    assert Leg.objects.get(leg_id=third).cause == "engine_lost"
    assert agent_named("agent_2").activity == "idle"
    assert world.row(talking).state == "connected"
    world.hangs_up(talking)
    world.run_out()
