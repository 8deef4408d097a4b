"""Third persons and supervisors on the agent's page, on whole calls."""

from __future__ import annotations

import pytest

from callflow import requests
from callflow.domain.call import Party
from calls.models import Leg
from telephony.port import Part
from tests.scenario.conftest import ELSEWHERE, agent_named
from tests.scenario.test_agent_page import Page, call_id, page, talking  # noqa: F401  fixtures

pytestmark = pytest.mark.django_db


def people_of(page):  # noqa: F811
    return [(each["name"], each["kind"], each["state"], each["canRemove"]) for each in page.get("me")["call"]["people"]]


def test_colleague_is_added_and_removed(world, talking, page):  # noqa: F811
    address = f"calls/{call_id(world, talking)}/people"
    answer = page.do(address, {"type": "agent", "to": "agent_2"}).json()
    assert people_of(page) == [("Agent Two", "third", "rings", True)]

    world.run_for(4)
    assert people_of(page) == [("Agent Two", "third", "talks", True)]
    other = Page(world, "agent_2").get("me")["call"]
    assert (other["isGuest"], page.get("me")["call"]["isGuest"]) == (True, False)
    assert [(each["name"], each["kind"], each["canRemove"]) for each in other["people"]] == [
        ("Agent One", "agent", False)
    ]

    assert page.do(f"{address}/{answer['leg']}", None, "delete").status_code == 200
    world.run_for(1)
    assert people_of(page) == []
    assert agent_named("agent_1").activity == "on_call"
    world.run_for(90)


def test_telephone_is_added_and_leaves_by_itself(world, talking, page):  # noqa: F811
    world.phone(ELSEWHERE, after_s=2, talk_s=3)
    assert page.do(f"calls/{call_id(world, talking)}/people", {"type": "phone", "to": ELSEWHERE}).status_code == 200
    world.run_for(3)
    assert people_of(page) == [("+84 909 982 888", "third", "talks", True)]
    world.run_for(5)
    assert people_of(page) == []
    world.run_for(90)


def test_consultation_becomes_a_conversation_of_three(world, talking, page):  # noqa: F811
    call = call_id(world, talking)
    assert page.do(f"calls/{call}/transfer/merge", {}).status_code == 409
    page.do(f"calls/{call}/transfer", {"type": "agent", "to": "agent_2", "kind": "attended"})
    world.run_for(5)

    assert page.do(f"calls/{call}/transfer/merge", {}).status_code == 200
    world.run_for(1)
    assert page.get("me")["call"]["transfer"] is None
    assert people_of(page) == [("Agent Two", "third", "talks", True)]
    world.run_for(90)


def test_guest_controls_nothing_of_the_conversation(world, talking, page):  # noqa: F811
    call = call_id(world, talking)
    leg = page.do(f"calls/{call}/people", {"type": "agent", "to": "agent_2"}).json()["leg"]
    world.run_for(4)
    guest = Page(world, "agent_2")

    for path, body, method in (
        (f"calls/{call}/hold", {"held": True}, "post"),
        (f"calls/{call}/transfer", {"type": "phone", "to": ELSEWHERE}, "post"),
        (f"calls/{call}/transfer/merge", {}, "post"),
        (f"calls/{call}/people", {"type": "phone", "to": ELSEWHERE}, "post"),
        (f"calls/{call}/people/{leg}", None, "delete"),
    ):
        assert guest.do(path, body, method).status_code == 409, path
    assert people_of(page) == [("Agent Two", "third", "talks", True)]
    assert not Leg.objects.filter(held=True).exists()
    world.run_for(90)


def test_nobody_adds_people_to_the_call_of_another(world, talking, page):  # noqa: F811
    call, other = call_id(world, talking), Page(world, "agent_2")
    assert other.do(f"calls/{call}/people", {"type": "agent", "to": "agent_2"}).status_code == 404
    assert other.do(f"calls/{call}/people/leg-x", None, "delete").status_code == 404
    assert other.do(f"calls/{call}/transfer/merge", {}).status_code == 404
    assert people_of(page) == []


@pytest.mark.parametrize(
    "body", [{}, {"type": "queue", "to": "QU1"}, {"type": "agent"}, {"type": "agent", "to": ["agent_2"]}, {"to": "1"}]
)
def test_people_of_another_kind_are_refused(world, talking, page, body):  # noqa: F811
    assert page.do(f"calls/{call_id(world, talking)}/people", body).status_code == 400
    assert people_of(page) == []


@pytest.mark.parametrize("part", list(Part))
def test_agent_sees_of_supervisors_what_he_should(world, talking, page, part):  # noqa: F811
    world.online("agent_2", after_s=1)
    call = call_id(world, talking)
    requests.supervise(world.project.pk, call, Party("agent_2", internal=True), part)
    world.settle()
    assert (people_of(page), page.get("me")["call"]["whispered"]) == ([], False)

    world.run_for(3)
    joined = [("Agent Two", "supervisor", "talks", False)]
    assert people_of(page) == (joined if part is Part.TALK else [])
    assert page.get("me")["call"]["whispered"] is (part is Part.WHISPER)
    world.run_for(90)


def test_supervisor_on_his_own_device_leaves_the_call_to_its_agent(world, talking, page):  # noqa: F811
    call = call_id(world, talking)
    requests.supervise(world.project.pk, call, Party("agent_2", internal=True), Part.LISTEN)
    world.run_for(4)
    assert Page(world, "agent_2").do(f"calls/{call}/hold", {"held": True}).status_code == 409
    assert not Leg.objects.filter(held=True).exists()
    world.run_for(90)


def test_third_person_stays_with_the_customer_and_then_controls_the_call(world, talking, page):  # noqa: F811
    call = call_id(world, talking)
    page.do(f"calls/{call}/people", {"type": "agent", "to": "agent_2"})
    world.run_for(4)
    assert Page(world, "agent_2").get("me")["call"]["tookOver"] is False
    [mine] = Leg.objects.filter(call__call_id=call, agent__stringee_user_id="agent_1")
    world.hangs_up(mine.leg_id)
    world.run_for(1)

    me = Page(world, "agent_2").get("me")["call"]
    assert (me["isGuest"], me["tookOver"], me["people"]) == (False, True, [])
    assert Page(world, "agent_2").do(f"calls/{call}/hold", {"held": True}).status_code == 200
    world.run_for(90)
