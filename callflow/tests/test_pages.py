"""Pages of calls: what they list, who may see and do what, and what they cost."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from django.urls import reverse

from agents.models import CallNote
from callflow.pages.simulating import ticket_for
from calls.domain import CallState, Cause, Direction, Outcome
from calls.models import Recording, RecordingKind
from common import clock
from routing.models import Offer
from routing.tests.rows import agent_in, queue_with_group
from telephony import outbox, port
from telephony.models import EngineCommand, EngineNode
from tests import factories
from tests.console import FRAME_QUERIES, page, said, sign_in, texts

pytestmark = pytest.mark.django_db

LISTS = ["calls_call", "routing_offer", "calls_recording", "callflow_voicemail"]


def ended_call(project, **fields):
    now = clock.now()
    values = {
        "state": CallState.ENDED,
        "outcome": Outcome.COMPLETED,
        "cause": Cause.NORMAL,
        "created_at": now - dt.timedelta(seconds=100),
        "connected_at": now - dt.timedelta(seconds=70),
        "ended_at": now,
    }
    return factories.CallFactory(project=project, **{**values, **fields})


def offer_of(project, name="Lan", **fields):
    entry = factories.QueueEntryFactory(project=project, queue=factories.QueueFactory(project=project))
    agent = factories.AgentFactory(project=project, name=name)
    now = clock.now()
    return Offer.objects.create(
        project=project, call=entry.call, entry=entry, agent=agent, opened_at=now, deadline_at=now, **fields
    )


def with_file(recording, settings, content=b"sound"):
    path = settings.MEDIA_ROOT / recording.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


# ── The list of calls ────────────────────────────────────────────────────────────────────────────────────────────────
def test_list_tells_who_called_whom_and_how_it_ended(ours, viewer):
    agent = factories.AgentFactory(project=ours, name="Lan")
    call = ended_call(ours, customer_number="84909982888", agent=agent)
    entered = call.created_at + dt.timedelta(seconds=5)
    queue = factories.QueueFactory(project=ours, name="Sales")
    factories.QueueEntryFactory(
        project=ours,
        call=call,
        queue=queue,
        entered_at=entered,
        state="ended",
        outcome="answered",
        ended_at=call.ended_at,
    )
    ended_call(ours, outcome=Outcome.ABANDONED, cause=Cause.CALLER_LEFT, connected_at=None)
    factories.CallFactory(project=ours, state=CallState.IVR)

    listed = sign_in(viewer, ours).get(page("calls_call", "changelist"))

    shown = texts(listed)
    for number in ("+84 909 982 888", "+84 24 7300 0001"):
        assert f'<span class="pcc-number">{number}</span>' in listed.content.decode()
    for row in (
        "Inbound +84 909 982 888 +84 24 7300 0001 Sales Lan Completed somebody hung up 25 s 1:10",
        "Abandoned the caller hung up – –",
        "In the menu – – –",
    ):
        assert row in shown


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"now": "live"}, {"live"}),
        ({"now": "ended"}, {"done", "old"}),
        ({"outcome": "abandoned"}, {"old"}),
        ({"direction": "outbound"}, {"done"}),
        ({"period": "today"}, {"live", "done"}),
        ({"period": "7"}, {"live", "done", "old"}),
        ({"q": "0909 982 888"}, {"done"}),
        ({"q": "old"}, {"old"}),
        ({"outcome": "nonsense"}, {"live", "done", "old"}),
    ],
)
def test_calls_are_found(ours, viewer, query, found, monkeypatch):
    noon = dt.datetime(2026, 3, 5, 5, 0, tzinfo=dt.UTC)
    monkeypatch.setattr(clock, "now", lambda: noon)
    factories.CallFactory(project=ours, call_id="live", created_at=noon)
    ended_call(ours, call_id="done", direction=Direction.OUTBOUND, customer_number="84909982888")
    ended_call(ours, call_id="old", outcome=Outcome.ABANDONED, created_at=noon - dt.timedelta(days=2))

    shown = sign_in(viewer, ours).get(page("calls_call", "changelist"), query)

    assert {call.call_id for call in shown.context["cl"].result_list} == found


def test_calls_are_exported_as_they_are_filtered(ours, viewer):
    ended_call(ours, call_id="done", customer_number="84909982888")
    factories.CallFactory(project=ours, call_id="live")

    sent = sign_in(viewer, ours).get(reverse("admin:calls_call_export"), {"now": "ended", "as": "csv"})

    (row,) = csv.DictReader(io.StringIO(sent.content.decode("utf-8-sig")))
    assert (row["call_id"], row["customer_number"], row["talked_s"], row["waited_s"]) == (
        "done",
        "84909982888",
        "70",
        "",
    )


def test_list_of_calls_costs_the_same_however_many_there_are(ours, viewer, django_assert_num_queries):
    queue = factories.QueueFactory(project=ours)
    for _number in range(3):
        call = ended_call(ours, agent=factories.AgentFactory(project=ours))
        factories.QueueEntryFactory(project=ours, call=call, queue=queue)
    client = sign_in(viewer, ours)
    client.get(page("calls_call", "changelist"))
    with django_assert_num_queries(
        FRAME_QUERIES + 6
    ):  # count, rows, stays with their queues; the choices of three filters
        client.get(page("calls_call", "changelist"))


# ── Who may what ─────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def rows_of_theirs(theirs, settings):
    offer = offer_of(theirs)
    call = ended_call(theirs)
    recording = factories.RecordingFactory(project=theirs, call=call)
    voicemail = factories.RecordingFactory(project=theirs, call=call, kind=RecordingKind.VOICEMAIL)
    with_file(recording, settings)
    return {"calls_call": call, "routing_offer": offer, "calls_recording": recording, "callflow_voicemail": voicemail}


@pytest.mark.parametrize("model", LISTS)
def test_rows_of_another_project_are_not_there(ours, owner, rows_of_theirs, model):
    client = sign_in(owner, ours)
    row = rows_of_theirs[model]
    assert client.get(page(model, "change", row.pk)).status_code == 404
    assert list(client.get(page(model, "changelist")).context["cl"].result_list) == []
    assert client.post(page(model, "delete", row.pk), {"post": "yes"}).status_code in (403, 404)
    row.refresh_from_db()


def test_neither_sound_nor_end_nor_simulation_reaches_into_another_project(ours, owner, theirs, rows_of_theirs):
    client = sign_in(owner, ours)
    living = factories.CallFactory(project=theirs, state=CallState.WAITING)
    leg = living.legs.create(
        project=theirs, role="caller", state="answered", endpoint="tel:1", number="1", started_at=clock.now()
    )
    sound = reverse("admin:calls_recording_audio", args=[rows_of_theirs["calls_recording"].recording_id])
    assert client.get(sound).status_code == 404
    assert client.post(page("calls_call", "end", living.pk)).status_code == 404
    for ticket in (ticket_for(theirs, leg.leg_id), leg.leg_id):
        assert client.get(page("calls_call", "simulated", ticket)).status_code == 404
    living.refresh_from_db()
    assert living.state == CallState.WAITING


@pytest.mark.parametrize("model", LISTS)
def test_nobody_writes_what_calls_leave_behind(ours, owner, model):
    assert sign_in(owner, ours).get(page(model, "add")).status_code == 403


def test_viewer_ends_no_call_deletes_no_recording_and_simulates_nothing(ours, viewer):
    client = sign_in(viewer, ours)
    call = factories.CallFactory(project=ours, state=CallState.WAITING)
    recording = factories.RecordingFactory(project=ours, call=call)
    assert "End call" not in texts(client.get(page("calls_call", "change", call.pk)))
    assert client.post(page("calls_call", "end", call.pk)).status_code == 403
    assert client.post(page("calls_recording", "delete", recording.pk), {"post": "yes"}).status_code == 403
    assert client.get(page("calls_call", "simulate")).status_code == 403
    call.refresh_from_db()
    assert call.state == CallState.WAITING
    assert Recording.objects.count() == 1


# ── One call ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_call_that_is_over_cannot_be_ended_again(ours, supervisor):
    call = ended_call(ours)
    answer = sign_in(supervisor, ours).post(page("calls_call", "end", call.pk))
    assert (answer.status_code, said(answer)) == (302, ["The call was over already."])


def test_supervisor_ends_a_call(ours, supervisor):
    call = factories.CallFactory(project=ours, state=CallState.WAITING)
    client = sign_in(supervisor, ours)
    assert client.get(page("calls_call", "end", call.pk)).status_code == 405
    answer = client.post(page("calls_call", "end", call.pk))
    assert said(answer) == ["The call was ended."]
    call.refresh_from_db()
    assert (call.state, call.cause) == (CallState.ENDED, Cause.STOPPED)


def test_only_a_living_call_refreshes_and_only_its_part_is_sent(ours, viewer):
    client = sign_in(viewer, ours)
    living, over = factories.CallFactory(project=ours, state=CallState.IVR), ended_call(ours)
    part = client.get(page("calls_call", "change", living.pk), headers={"HX-Request": "true"})
    assert part["X-Live"] == "call"
    assert part.content.decode().strip().startswith('<div id="call-live"')
    assert "hx-trigger" in part.content.decode()
    assert 'id="call-live" class="call-page">' in client.get(page("calls_call", "change", over.pk)).content.decode()


def test_page_of_a_call_costs_the_same_however_much_happened(ours, viewer, django_assert_num_queries):
    call = ended_call(ours)
    client = sign_in(viewer, ours)
    client.get(page("calls_call", "change", call.pk))
    with django_assert_num_queries(FRAME_QUERIES + 11):
        client.get(page("calls_call", "change", call.pk))


# ── Waiting calls ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_waiting_calls_stand_in_their_order_and_say_what_they_wait_for(ours, viewer):
    queue, group = queue_with_group(ours)
    agent_in(group, idle_s=None)
    now = clock.now()
    for number, (waited, priority) in enumerate([(10, 0), (20, 0), (5, 7)]):
        call = factories.CallFactory(project=ours, state=CallState.WAITING, customer_number=f"8490998288{number}")
        since = now - dt.timedelta(seconds=waited)
        stay = {"enqueued_at": since, "entered_at": since, "priority": priority}
        factories.QueueEntryFactory(project=ours, call=call, queue=queue, **stay)

    shown = sign_in(viewer, ours).get(page("calls_call", "waiting"))

    assert [(row.place, row.caller, row.priority) for row in shown.context["rows"]] == [
        ("1", "+84 909 982 882", 7),
        ("2", "+84 909 982 881", 0),
        ("3", "+84 909 982 880", 0),
    ]
    assert {row.lines for row in shown.context["rows"]} == {
        ("None of the agents can be had.", "Primary: 1 agent not available by their own choice")
    }


@pytest.mark.parametrize(
    ("most_s", "shown"), [(40, ("40 s", 50)), (600, ("10:00", 3)), (5, ("5 s", 100)), (0, ("", 0))]
)
def test_waiting_calls_say_how_much_of_their_longest_wait_is_over(ours, viewer, monkeypatch, most_s, shown):
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    queue = factories.QueueFactory(project=ours, maximum_queue_wait_time=most_s)
    since = now - dt.timedelta(seconds=20)
    factories.QueueEntryFactory(project=ours, queue=queue, enqueued_at=since, entered_at=since)

    (row,) = sign_in(viewer, ours).get(page("calls_call", "waiting")).context["rows"]

    assert (row.most, row.used_percent) == shown


def test_waiting_calls_of_one_queue_and_of_no_other_project(ours, theirs, viewer):
    first, second = (factories.QueueFactory(project=ours) for _ in "12")
    other = factories.QueueFactory(project=theirs)
    for queue in (first, first, second):
        factories.QueueEntryFactory(project=ours, queue=queue)
    factories.QueueEntryFactory(project=theirs, queue=other)
    client = sign_in(viewer, ours)
    for query, count in (({}, 3), ({"queue": first.pk}, 2), ({"queue": other.pk}, 3), ({"queue": "x"}, 3)):
        assert len(client.get(page("calls_call", "waiting"), query).context["rows"]) == count


def test_waiting_calls_cost_the_same_however_many_there_are(ours, viewer, django_assert_num_queries):
    for _queue in range(3):
        queue, group = queue_with_group(ours)
        agent_in(group, idle_s=None)
        for _call in range(4):
            factories.QueueEntryFactory(project=ours, queue=queue)
    client = sign_in(viewer, ours)
    client.get(page("calls_call", "waiting"))
    with django_assert_num_queries(FRAME_QUERIES + 7):
        client.get(page("calls_call", "waiting"))


# ── Offers ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_offer_whose_decision_is_no_longer_kept_says_so(ours, viewer):
    offer = offer_of(ours)
    shown = texts(sign_in(viewer, ours).get(page("routing_offer", "change", offer.pk)))
    assert "Why Lan" in shown
    assert "The decision behind this offer is no longer kept." in shown
    assert "Check again" not in shown


def test_offer_says_in_words_what_is_rung(ours, viewer):
    offer = offer_of(ours)
    Offer.objects.filter(pk=offer.pk).update(endpoints=["web:1_lan", "sip:1_lan", "tel:84909982888", "new:x"])
    shown = texts(sign_in(viewer, ours).get(page("routing_offer", "change", offer.pk)))
    assert "Rings App or web page, SIP phone, Phone +84 909 982 888, new:x" in shown


def test_list_of_offers_costs_the_same_however_many_there_are(ours, viewer, django_assert_num_queries):
    for number in range(3):
        offer_of(ours, name=f"Agent {number}")
    client = sign_in(viewer, ours)
    client.get(page("routing_offer", "changelist"))
    with django_assert_num_queries(FRAME_QUERIES + 4):
        client.get(page("routing_offer", "changelist"))


# ── Recordings and voicemails ────────────────────────────────────────────────────────────────────────────────────────
def test_conversations_and_messages_have_a_list_each(ours, viewer):
    call = ended_call(ours)
    recording = factories.RecordingFactory(project=ours, call=call)
    message = factories.RecordingFactory(project=ours, call=call, kind=RecordingKind.VOICEMAIL)
    client = sign_in(viewer, ours)
    for model, row in (("calls_recording", recording), ("callflow_voicemail", message)):
        assert [each.pk for each in client.get(page(model, "changelist")).context["cl"].result_list] == [row.pk]
        assert client.get(page(model, "change", row.pk)).url == page("calls_call", "change", call.pk)


def test_message_is_new_until_it_is_played(ours, viewer, settings):
    message = factories.RecordingFactory(project=ours, call=ended_call(ours), kind=RecordingKind.VOICEMAIL)
    with_file(message, settings)
    client = sign_in(viewer, ours)
    sound = reverse("admin:calls_recording_audio", args=[message.recording_id])

    assert client.head(sound).status_code == 200
    message.refresh_from_db()
    assert message.listened_at is None
    assert [message.pk] == [row.pk for row in listed(client, "no")]

    heard = client.get(sound, headers={"Range": "bytes=0-1"})
    assert (heard.status_code, heard.content, heard["Content-Type"]) == (206, b"so", "audio/mpeg")
    message.refresh_from_db()
    assert message.listened_at is not None
    assert [message.pk] == [row.pk for row in listed(client, "yes")]
    assert list(listed(client, "no")) == []


def listed(client, listened):
    return client.get(page("callflow_voicemail", "changelist"), {"listened": listened}).context["cl"].result_list


@pytest.mark.parametrize("file", ["", "nowhere.mp3", "../secret.mp3", "/etc/hostname"])
def test_sound_that_is_not_below_the_media_folder_is_not_there(ours, viewer, settings, file):
    settings.MEDIA_ROOT.mkdir(parents=True)
    (settings.MEDIA_ROOT.parent / "secret.mp3").write_bytes(b"secret")
    recording = factories.RecordingFactory(project=ours, call=ended_call(ours), file=file)
    client = sign_in(viewer, ours)
    assert client.get(reverse("admin:calls_recording_audio", args=[recording.recording_id])).status_code == 404
    assert "The file is missing on the server." in texts(client.get(page("calls_recording", "changelist")))


def test_message_is_deleted_with_its_file(ours, supervisor, settings, django_capture_on_commit_callbacks):
    message = factories.RecordingFactory(project=ours, call=ended_call(ours), kind=RecordingKind.VOICEMAIL)
    path = with_file(message, settings)
    client = sign_in(supervisor, ours)

    assert client.get(page("callflow_voicemail", "delete", message.pk)).status_code == 200
    assert path.exists()
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(page("callflow_voicemail", "delete", message.pk), {"post": "yes"})

    assert answer.url == page("callflow_voicemail", "changelist")
    assert not path.exists()
    assert not Recording.objects.exists()


# ── Simulated calls ──────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def engine(db):
    now = clock.now()
    return EngineNode.objects.create(
        name="sim", kind="simulated", reaches=["sip", "tel", "web"], started_at=now, seen_at=now
    )


@pytest.fixture
def number(ours):
    return factories.NumberFactory(project=ours, number="842473000001")


def filled(called, **changes):
    values = {
        "number": called.pk,
        "caller": "0909 982 888",
        "keys": "1, 2#",
        "patience_s": "30",
        "talk_s": "12",
        "agents_do": "answers",
        "after_s": "4",
    }
    return {**values, **changes}


def test_simulated_call_is_given_to_the_engine_with_its_script(ours, supervisor, number, engine, agent_1, agent_2):
    answer = sign_in(supervisor, ours).post(page("calls_call", "simulate"), filled(number, agents=[agent_2.pk]))

    (command,) = outbox.take("sim")
    assert isinstance(command, port.SimulateCall)
    assert answer.url == page("calls_call", "simulated", ticket_for(ours, command.leg))
    assert (command.project_id, command.from_number, command.to_number) == (ours.pk, "84909982888", "842473000001")
    script = command.script
    assert (script["patience_s"], script["talk_s"]) == (30, 12)
    assert [press["text"] for press in script["keys"]] == ["1", "2#"]
    assert (script["agents"]["users"], script["agents"]["does"], script["agents"]["after_s"]) == (
        ["agent_2"],
        "answers",
        4,
    )


def test_all_agents_are_online_at_first_and_those_who_get_no_calls_are_named(ours, supervisor, number, engine, agent_1):
    shown = sign_in(supervisor, ours).get(page("calls_call", "simulate"), {"number": number.pk})
    assert shown.context["form"]["agents"].value() == [agent_1.pk]
    assert shown.context["form"]["number"].value() == number.pk
    assert "Agent One · agent_1 · gets no calls: Not set" in texts(shown)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"caller": "nobody"}, "caller"),
        ({"keys": "1 x"}, "keys"),
        ({"patience_s": "0"}, "patience_s"),
        ({"talk_s": "601"}, "talk_s"),
        ({"agents_do": "dance"}, "agents_do"),
        ({"after_s": "-1"}, "after_s"),
        ({"number": "999999"}, "number"),
    ],
)
def test_what_cannot_be_simulated_is_said_at_its_field(ours, supervisor, number, engine, changes, field):
    shown = sign_in(supervisor, ours).post(page("calls_call", "simulate"), filled(number, **changes))
    assert list(shown.context["form"].errors) == [field]
    assert not EngineCommand.objects.exists()


def test_numbers_and_agents_of_others_are_no_choice(ours, theirs, supervisor, number, engine):
    foreign = factories.NumberFactory(project=theirs)
    stranger = factories.AgentFactory(project=theirs)
    client = sign_in(supervisor, ours)
    answer = client.post(page("calls_call", "simulate"), filled(foreign, agents=[stranger.pk]))
    assert sorted(answer.context["form"].errors) == ["agents", "number"]
    assert not EngineCommand.objects.exists()


def test_without_a_live_simulated_engine_nothing_is_simulated(ours, supervisor, number, engine):
    EngineNode.objects.update(seen_at=clock.now() - dt.timedelta(minutes=1))
    shown = sign_in(supervisor, ours).post(page("calls_call", "simulate"), filled(number))
    assert "No simulated voice engine is running" in texts(shown)
    assert not EngineCommand.objects.exists()


def test_number_that_another_project_answers_is_not_called(ours, theirs, supervisor, engine):
    first = factories.NumberFactory(project=theirs, number="842473000009")
    second = factories.NumberFactory(project=ours, number=first.number)
    shown = sign_in(supervisor, ours).post(page("calls_call", "simulate"), filled(second))
    assert "Calls to this number reach another project of this server" in texts(shown)
    assert not EngineCommand.objects.exists()


def test_page_of_a_simulated_call_opens_when_the_call_is_there(ours, supervisor):
    client = sign_in(supervisor, ours)
    waiting = page("calls_call", "simulated", ticket_for(ours, "leg-new"))
    assert "Calling…" in texts(client.get(waiting))
    assert "Calling…" in texts(client.get(waiting, {"polls": "14"}, headers={"HX-Request": "true"}))
    assert "The call did not begin" in texts(client.get(waiting, {"polls": "15"}, headers={"HX-Request": "true"}))

    call = factories.CallFactory(project=ours)
    call.legs.create(
        project=ours,
        leg_id="leg-new",
        role="caller",
        state="incoming",
        endpoint="tel:1",
        number="1",
        started_at=clock.now(),
    )
    address = page("calls_call", "change", call.pk)
    assert client.get(waiting).url == address
    assert client.get(waiting, headers={"HX-Request": "true"})["HX-Redirect"] == address


def test_number_leads_to_a_simulated_call(ours, supervisor, number):
    client = sign_in(supervisor, ours)
    button = client.get(reverse("admin:numbers_app_number_simulate_call", args=[number.pk]))
    assert button.url == f"{page('calls_call', 'simulate')}?number={number.pk}"


def test_page_of_a_call_shows_what_agents_noted(ours, viewer, agent_1):
    call = factories.CallFactory(project=ours)
    CallNote.objects.create(
        project=ours,
        call=call,
        agent=agent_1,
        user_id="agent_1",
        disposition="Sold",
        text="<b>two</b>",
        written_at=clock.now(),
    )
    text = texts(sign_in(viewer, ours).get(page("calls_call", "change", call.pk)))

    assert "Notes of agents Agent One · Sold <b>two</b>" in text
