"""Listening in from the console: who may, to which calls, by which page; and what is noted of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.test import Client

from agents.models import Agent
from calls.models import Leg
from common import clock
from projects.models import Role
from softphone import identity, listener_access
from telephony.models import EngineCommand, EngineNode
from tests import factories
from tests.console import sign_in, texts

pytestmark = pytest.mark.django_db


def make_call(project: Any, agent: Any, call_id: str = "call-1") -> Any:
    """The agent talks with a customer."""
    now = clock.now()
    call = factories.CallFactory(project=project, call_id=call_id, state="connected", connected_at=now, node="browser")
    leg: dict[str, Any] = {"project": project, "state": "answered", "started_at": now, "answered_at": now}
    call.legs.create(role="caller", endpoint="tel:1", number=call.from_number, leg_id=f"{call_id}-c", **leg)
    call.legs.create(role="agent", endpoint="web:1_a", number="a", agent=agent, leg_id=f"{call_id}-a", **leg)
    call.flow = {"main_leg": f"{call_id}-c"}
    call.save()
    return call


@pytest.fixture
def call(ours, agent_1):
    return make_call(ours, agent_1)


def end(call: Any) -> None:
    call.state, call.outcome, call.ended_at = "ended", "completed", clock.now()
    call.save()


class Page:
    """A page of the console on which somebody listens."""

    def __init__(self, user: Any, project: Any, call_id: str = "call-1") -> None:
        self.client, self.address = sign_in(user, project), f"/listening/{call_id}"

    def session(self) -> Any:
        return self.client.post(f"{self.address}/session", "{}", content_type="application/json")

    def token(self) -> str:
        return str(self.session().json()["token"])

    def put(self, part: Any, token: str) -> Any:
        headers = {"X-STRINGEE-AUTH": token}
        address, body = f"{self.address}/part", json.dumps({"part": part})
        return self.client.put(address, body, content_type="application/json", headers=headers)

    def state(self) -> Any:
        return self.client.get(f"{self.address}/part").json()

    def leave(self) -> Any:
        return self.client.delete(f"{self.address}/part")


def rung() -> list[dict[str, Any]]:
    """What engines were told to ring."""
    return [each.payload for each in EngineCommand.objects.order_by("pk") if each.payload["kind_"] == "Dial"]


@pytest.fixture
def page(ours, supervisor, call):
    return Page(supervisor, ours)


# ── Listening ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_page_is_rung_where_its_token_says(page, supervisor):
    token = page.token()
    answer = page.put("listen", token).json()

    [dial] = rung()
    assert dial["endpoints"] == [identity.sign_in(token).endpoint]
    assert answer == {"over": False, "talks": True, "agent": "Agent One", "part": "listen", "alone": False}
    leg = Leg.objects.get(role="supervisor")
    assert (leg.number, leg.agent, leg.state) == (f"/{supervisor.username}", None, "dialing")


def test_part_changes_without_another_ring_and_every_use_is_noted(page, supervisor, ours):
    token = page.token()
    for part in ("listen", "whisper", "talk", "listen"):
        assert page.put(part, token).json()["part"] == part

    assert len(rung()) == 1
    entries = list(LogEntry.objects.filter(content_type__model="call").order_by("pk"))
    assert [each.additional_data["listening"] for each in entries] == ["listen", "whisper", "talk", "listen"]
    assert {(each.actor, each.additional_data["project"], each.object_repr) for each in entries} == {
        (supervisor, ours.pk, "call-1")
    }
    words = texts(page.client.get("/setting/history/"))
    assert "Listens in" in words
    assert "Whispers to the agent" in words
    assert "Joins the conversation" in words


def test_whoever_leaves_while_he_is_rung_is_rung_no_more(page):
    page.put("listen", page.token())
    assert page.leave().json()["part"] == ""
    assert EngineCommand.objects.filter(payload__kind_="Hangup").count() == 1


def test_leaving_what_one_is_not_in_does_nothing(page):
    assert page.leave().json()["part"] == ""
    assert not EngineCommand.objects.exists()


def test_second_window_of_the_same_member_is_told_so(page, supervisor, ours):
    page.put("listen", page.token())
    second = Page(supervisor, ours)
    answer = second.put("whisper", second.token())
    assert (answer.status_code, answer.json()["message"]) == (
        409,
        "You listen to this call in another window already.",
    )
    assert (len(rung()), second.state()["part"]) == (1, "listen")


def test_two_supervisors_listen_one_after_the_other_is_there(page, owner, ours):
    page.put("listen", page.token())
    other = Page(owner, ours)
    assert other.put("listen", other.token()).status_code == 409  # one is rung at a time
    Leg.objects.filter(role="supervisor").update(state="answered", answered_at=clock.now())
    page_call = Leg.objects.get(role="supervisor").call
    page_call.timers = {}
    page_call.save()
    assert other.put("listen", other.token()).status_code == 200
    assert len(rung()) == 2


def test_nobody_is_rung_for_a_simulated_call(page):
    EngineNode.objects.create(name="browser", kind="simulated", reaches=[], started_at=clock.now(), seen_at=clock.now())
    answer = page.put("listen", page.token())
    assert (answer.status_code, answer.json()["r"]) == (409, 22)
    assert rung() == []
    assert not LogEntry.objects.filter(content_type__model="call").exists()


def test_call_in_which_nobody_talks_is_not_listened_to(page, call):
    call.state = "waiting"
    call.save()
    assert page.put("listen", page.token()).status_code == 409
    assert (rung(), page.state()["talks"]) == ([], False)
    assert not LogEntry.objects.filter(content_type__model="call").exists()


def test_call_that_is_over_gives_no_access(page, call):
    token = page.token()
    end(call)
    assert page.session().status_code == 409
    assert page.put("listen", token).status_code == 409
    assert page.state()["over"] is True


# ── Who may ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("ask", [Page.session, lambda page: page.client.get("/listening/call-1/part"), Page.leave])
def test_viewer_listens_to_nothing(ours, viewer, call, ask):
    answer = ask(Page(viewer, ours))
    assert (answer.status_code, answer.json()["r"]) == (409, 17)
    assert rung() == []


def test_strangers_are_asked_to_sign_in(call):
    for path in ("", "/session", "/part"):
        assert Client().get(f"/listening/call-1{path}").status_code == 302


def test_calls_of_another_project_are_not_there(theirs, outsider, call):
    page = Page(outsider, theirs)
    assert page.session().status_code == 404
    assert page.leave().status_code == 404
    assert page.client.get("/listening/call-1").status_code == 404


def test_token_of_another_call_member_or_kind_takes_no_part(page, ours, agent_1, owner):
    make_call(ours, agent_1, "call-2")
    others = [
        Page(page_user(page), ours, "call-2").token(),
        Page(owner, ours).token(),
        "listener:nonsense",
        "",
        listener_access.issue(listener_access.new(ours.pk + 1, "call-1", owner.pk)),
    ]
    for token in others:
        assert page.put("listen", token).status_code == 403
    assert rung() == []


def page_user(page: Page) -> Any:
    from projects.models import User

    return User.objects.get(pk=page.client.session["_auth_user_id"])


@pytest.mark.parametrize("part", ["", "Listen", None, 1, ["listen"], {"a": 1}])
def test_part_of_another_kind_is_refused(page, part):
    assert page.put(part, page.token()).status_code == 400
    assert rung() == []


def test_addresses_want_the_proof_that_a_page_of_ours_asks(ours, supervisor, call):
    signed_in = sign_in(supervisor, ours)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = signed_in.cookies
    assert strict.post("/listening/call-1/session", "{}", content_type="application/json").status_code == 403


# ── The way to it ────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("role", [Role.OWNER, Role.SUPERVISOR, Role.VIEWER])
def test_page_of_a_running_call_has_the_panel_for_whoever_may_listen(request, ours, call, role):
    client = sign_in(request.getfixturevalue(role.value), ours)
    shown = client.get(f"/call/{call.pk}/change/").content.decode()
    listed = client.get("/call/").content.decode()
    may = role is not Role.VIEWER
    assert ('id="listen"' in shown, f"/call/{call.pk}/change/#listen" in listed) == (may, may)


def test_page_of_a_call_that_is_over_has_no_panel(ours, supervisor, call):
    end(call)
    client = sign_in(supervisor, ours)
    assert 'id="listen"' not in client.get(f"/call/{call.pk}/change/").content.decode()
    assert "#listen" not in client.get("/call/").content.decode()


def test_page_of_an_agent_leads_to_his_call(ours, supervisor, viewer, agent_1, call):
    now = {"activity": "on_call", "system_status": 0, "call_ref": "call-1", "free_since": None}
    Agent.objects.filter(pk=agent_1.pk).update(**now)
    client = sign_in(supervisor, ours)
    assert 'href="/listening/call-1"' in client.get(f"/setting/agent/{agent_1.pk}/change/").content.decode()
    assert client.get("/listening/call-1").headers["Location"] == f"/call/{call.pk}/change/#listen"
    assert "/listening/call-1" not in sign_in(viewer, ours).get(f"/setting/agent/{agent_1.pk}/change/").content.decode()
