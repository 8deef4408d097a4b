"""Text messages through a project's gateway."""

from __future__ import annotations

import datetime as dt
import json
from uuid import uuid4

import pytest

from projects.models import CallSettings
from webhooks import services, tasks
from webhooks.failures import FailureReason
from webhooks.models import Sms

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)


def at(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


@pytest.fixture
def gateway(ours, receiver):
    CallSettings.objects.filter(project=ours).update(sms_gateway_url=receiver.url)
    return receiver


def send(sms, now=NOW):
    return services.send_sms(sms.pk, now, jitter=0.5)


def put(project, to_number="84900000012", text="Cảm ơn") -> Sms:
    return services.put_sms(project.pk, to_number, text, from_number="842400000001", now=NOW)


def test_a_message_goes_to_the_gateway_and_2xx_is_sent(ours, gateway):
    gateway.answer_with(202, b"queued")
    sms = put(ours)

    sent = send(sms)

    assert (sent.state, sent.attempts, sent.status, sent.answer) == ("sent", 1, 202, "queued")
    assert sent.finished_at == NOW
    assert json.loads(gateway.received[0].body) == {
        "id": str(sms.pk),
        "to": "84900000012",
        "from": "842400000001",
        "text": "Cảm ơn",
    }
    assert services.send_sms(sms.pk, NOW) is None


def test_without_a_gateway_it_ends_at_once_and_can_be_seen(ours, receiver):
    sms = put(ours)

    assert (sms.state, sms.finished_at, sms.next_attempt_at) == ("no_gateway", NOW, None)
    assert services.due_messages(at(99), 10) == []
    assert services.send_sms(sms.pk, NOW) is None


def test_a_gateway_that_was_removed_meanwhile_ends_it(ours, gateway):
    sms = put(ours)
    CallSettings.objects.filter(project=ours).update(sms_gateway_url="")

    assert send(sms).state == "no_gateway"
    assert gateway.received == []


def test_retries_come_after_5_s_30_s_2_min_and_10_min_and_then_it_has_failed(ours, gateway):
    gateway.answer_with(422, b"unknown sender")
    sms, now, pauses = put(ours), NOW, []

    while (tried := send(sms, now)).state == "pending":
        pauses.append((tried.next_attempt_at - now).total_seconds())
        now = tried.next_attempt_at
        assert services.due_messages(now, 10) == [sms.pk]

    assert pauses == [5, 30, 120, 600]
    assert (tried.state, tried.attempts, tried.status) == ("failed", 5, 422)
    assert (tried.failure, tried.answer) == (FailureReason.STATUS, "unknown sender")
    assert {json.loads(asked.body)["id"] for asked in gateway.received} == {str(sms.pk)}


def test_a_message_to_no_number_fails_without_asking(ours, gateway):
    for number in ("", "anonymous", "+", "84 900", "8" * 16, "٣٤٥٦", "\x00" * 70):
        sms = put(ours, number)
        assert (sms.state, sms.failure) == ("failed", FailureReason.BAD_NUMBER)
    assert services.due_messages(at(1), 10) == []


def test_a_long_or_strange_text_is_cut_and_cleaned(ours, gateway):
    assert len(put(ours, text="x" * 5000).text) == 1600
    assert put(ours, text="a\x00\ud800").text == "a\ufffd?"


def test_the_claim_of_a_dead_worker_goes_to_another(ours, gateway):
    sms = put(ours)
    Sms.objects.update(state="sending", claimed_at=NOW)

    assert services.send_sms(sms.pk, at(59)) is None
    assert services.due_messages(at(60), 10) == [sms.pk]
    assert send(sms, at(60)).state == "sent"


def test_a_message_that_does_not_exist_is_ignored(db):
    assert services.send_sms(uuid4(), NOW) is None


def test_the_sweep_rings_for_what_is_due(ours, gateway, monkeypatch):
    sms = put(ours)
    rung: list[object] = []
    monkeypatch.setattr(tasks.clock, "now", lambda: NOW)
    monkeypatch.setattr(tasks.send_sms, "delay", rung.append)
    delivery = services.owe_event(ours.pk, gateway.url, {}, now=NOW)
    monkeypatch.setattr(tasks.deliver_event, "delay", rung.append)

    tasks.sweep_sms.run()
    tasks.sweep_deliveries.run()
    assert rung == [str(sms.pk), delivery.pk]
    monkeypatch.undo()

    tasks.send_sms.run(str(sms.pk))
    assert Sms.objects.get().state == "sent"


def test_old_finished_messages_are_forgotten(ours, gateway):
    services.send_sms(put(ours).pk, NOW)
    waiting = put(ours)

    assert services.forget_old_messages(at(1)) == 1
    assert list(Sms.objects.all()) == [waiting]
