"""Calls in a real browser: the picture of a call, waiting calls, why this agent, voicemails, and a simulated call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import expect

from callflow.domain.events import HoldRequested
from calls.models import RecordingKind
from routing.models import Offer
from telephony import port
from telephony.adapters.simulated.files import RecordingWriter
from telephony.models import EngineCommand
from tests import factories
from tests.console import page as address
from tests.scenario.conftest import HOTLINE
from tests.scenario.world import World

VIP = "84912345678"


@pytest.fixture
def world(ours, monkeypatch):
    """A hotline with a menu, whose key 1 leads to a queue that two agents serve."""
    world = World(ours, monkeypatch)
    queue = factories.QueueFactory(
        project=ours, name="Sales", wrap_up_time_limit=10, wait_agent_answer_timeout=15, record_calls=True
    )
    group = factories.GroupFactory(project=ours, name="Sellers")
    factories.GroupRoutingFactory(project=ours, queue=queue, group=group)
    for user, name in (("agent_1", "Nguyễn Thị Lan"), ("agent_2", "Trần Văn Minh")):
        agent = factories.AgentFactory(project=ours, name=name, stringee_user_id=user, manual_status="AVAILABLE")
        factories.GroupMembershipFactory(project=ours, group=group, agent=agent)
    tree = factories.IvrTreeFactory(project=ours, tree_name="Welcome")
    node = factories.IvrNodeFactory(project=ours, tree=tree, node_name="Main menu")
    tree.root_node = node
    tree.save()
    factories.IvrKeyPressFactory(project=ours, tree=tree, node=node, node_key="1", action=2, queue=queue)
    factories.NumberFactory(project=ours, number=HOTLINE, nickname="Hotline", enable_ivr=True, ivr_tree=tree)
    factories.PriorityCallerFactory(project=ours, number=VIP)
    ours.call_settings.event_url = "https://crm.example.net/events"
    ours.call_settings.save()
    return world


@pytest.fixture
def talked(world):
    """A call that one agent rejected and the other took, with a hold in it."""
    world.online("agent_1", does="rejects", after_s=4)
    world.online("agent_2", after_s=5)
    leg = world.call(HOTLINE, keys="1", talk_s=60)
    world.run_for(30)
    world.happen(leg, HoldRequested(True))
    world.run_for(12)
    world.happen(leg, HoldRequested(False))
    world.run_for(120)
    return world.row(leg)


def record(call, seconds=8.0, **fields):
    """A recording with a real file."""
    recording: Any = factories.RecordingFactory(
        project=call.project, call=call, duration_ms=round(seconds * 1000), started_at=call.created_at, **fields
    )
    write = RecordingWriter(Path(settings.MEDIA_ROOT))
    command = port.StartRecording("leg", recording.recording_id, recording.kind, call.project_id)
    recording.file, recording.size_bytes = write(command, seconds)
    recording.save()
    return recording


def test_page_of_a_call_is_accessible(console, check_page, ours, supervisor, talked):
    record(talked, 30)
    console.sign_in(supervisor, ours)
    page = console.open(address("calls_call", "change", talked.pk))
    expect(page.get_by_text("Trần Văn Minh answers.")).to_be_visible()
    check_page(page, "call")
    check_page(console.open("/call/"), "calls")


def test_living_call_refreshes_by_itself_and_is_ended(console, check_page, ours, supervisor, world):
    world.online("agent_1", does="never_answers")
    leg = world.call(HOTLINE, from_=VIP, keys="1", patience_s=500)
    world.call(HOTLINE, keys="1", patience_s=500)
    world.run_for(8)
    console.sign_in(supervisor, ours)
    check_page(console.open("/call/waiting/"), "waiting")
    page = console.open(address("calls_call", "change", world.row(leg).pk))
    check_page(page, "living-call")

    world.run_for(15)
    expect(page.get_by_text("Nguyễn Thị Lan does not answer.")).to_be_visible()
    page.get_by_role("button", name="End call").click()
    expect(page.get_by_text("The call was ended.")).to_be_visible()
    assert world.row(leg).cause == "stopped"


def test_nobody_waits(console, check_page, ours, viewer):
    console.sign_in(viewer, ours)
    for name in ("call", "call/waiting", "offer", "recording", "voicemail"):
        check_page(console.open(f"/{name}/"), f"empty-{name.replace('/', '-')}")


def test_offer_says_why_it_went_to_this_agent(console, check_page, ours, viewer, talked):
    console.sign_in(viewer, ours)
    check_page(console.open("/offer/"), "offers")
    page = console.open(address("routing_offer", "change", Offer.objects.order_by("pk").first().pk))
    page.get_by_role("button", name="Check again").click()
    expect(page.get_by_text("The rules give the same answer: nothing is wrong.")).to_be_visible()
    check_page(page, "offer")


def test_message_counts_as_listened_to_when_it_is_played(console, check_page, ours, viewer, talked):
    message = record(talked, kind=RecordingKind.VOICEMAIL, queue=talked.entries.get().queue)
    record(talked, 30)
    console.sign_in(viewer, ours)
    check_page(console.open("/recording/"), "recordings")
    page = console.open("/voicemail/")
    expect(page.locator("[data-new-message]")).to_have_text("New")
    page.get_by_role("button", name="Play Message of").click()
    expect(page.get_by_role("cell", name="Listened to")).to_be_visible()
    check_page(page, "voicemails")
    message.refresh_from_db()
    assert message.listened_at is not None


def test_recordings_of_a_caller_are_erased_after_a_look(console, check_page, ours, supervisor, talked):
    """The one that was made in the call, one with its picture, and one that a worker could not read."""
    kept = record(talked, peaks={"left": [70] * 9 + [0] * 9, "right": [0] * 9 + [40] * 9})
    record(talked, state="failed", failure="unreadable")
    console.sign_in(supervisor, ours)
    page = console.open("/recording/")
    check_page(page, "recordings-and-failures")
    page.get_by_role("link", name="Erase a caller's recordings").first.click()
    check_page(page, "erase-whose")
    page.get_by_label("Caller's number").fill("nobody")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("is not a phone number")
    check_page(page, "erase-nobody")

    page.get_by_label("Caller's number").fill(talked.customer_number)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="3 recordings of")).to_be_visible()
    check_page(page, "erase-sure")
    page.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_text("3 recordings were erased.")).to_be_visible()
    expect(page.get_by_role("cell", name="Erased", exact=True)).to_have_count(3)
    check_page(page, "erased")
    assert not (Path(settings.MEDIA_ROOT) / kept.file).exists()


def test_call_is_simulated_from_the_page_of_its_number(console, check_page, ours, supervisor, world):
    console.sign_in(supervisor, ours)
    page = console.open(address("numbers_app_number", "change", ours.number_set.get().pk))
    page.get_by_role("link", name="Simulate a call").last.click()
    expect(page.get_by_label("Number that is called")).to_contain_text("Hotline")
    page.get_by_label("Keys the caller presses").fill("1")
    check_page(page, "simulate")
    page.get_by_role("button", name="Call now").click()
    expect(page.get_by_role("heading", name="Calling…")).to_be_visible()
    check_page(page, "simulated")
    command = port.from_json(EngineCommand.objects.get().payload)
    assert (command.to_number, command.project_id, command.script["agents"]["users"]) == (
        HOTLINE,
        ours.pk,
        ["agent_1", "agent_2"],
    )
