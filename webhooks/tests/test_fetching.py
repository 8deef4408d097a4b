"""Signed requests, secrets, and endpoints that are left alone."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import connection, connections

from webhooks import services, signatures
from webhooks.breaker import BreakerState
from webhooks.client import Outgoing
from webhooks.failures import FailureReason, FetchFailed
from webhooks.models import EndpointHealth, SigningSecret
from webhooks.services import fetching

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def at(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def ask(project, url: str, now: dt.datetime = NOW):
    return services.fetch_signed(project.pk, Outgoing("GET", url, 30), message_id="m", now=now)


def reason_of(project, url: str, now: dt.datetime = NOW) -> FailureReason:
    with pytest.raises(FetchFailed) as caught:
        ask(project, url, now)
    return caught.value.reason


def test_a_project_gets_its_first_secret_when_it_is_needed(ours, theirs):
    (first,) = services.signing_secrets(ours.pk, NOW)

    assert services.signing_secrets(ours.pk, NOW) == (first,)
    assert services.signing_secrets(theirs.pk, NOW) != (first,)
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM webhooks_signingsecret")
        assert all(first not in stored for (stored,) in cursor.fetchall())


def test_after_a_rotation_both_sign_for_a_day_and_then_the_new_one_alone(ours):
    (old,) = services.signing_secrets(ours.pk, NOW)

    new = services.rotate_signing_secret(ours.pk, NOW)

    assert services.signing_secrets(ours.pk, NOW) == (new, old)
    assert services.signing_secrets(ours.pk, NOW + DAY - dt.timedelta(seconds=1)) == (new, old)
    assert services.signing_secrets(ours.pk, NOW + DAY) == (new,)


def test_rotations_in_a_row_keep_the_newest_first_and_forget_what_has_retired(ours):
    first = services.rotate_signing_secret(ours.pk, NOW)
    second = services.rotate_signing_secret(ours.pk, at(60))
    third = services.rotate_signing_secret(ours.pk, at(120))
    assert services.signing_secrets(ours.pk, at(120)) == (third, second, first)

    fourth = services.rotate_signing_secret(ours.pk, at(120) + DAY)
    assert services.signing_secrets(ours.pk, at(120) + DAY) == (fourth, third)
    assert SigningSecret.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_need_the_first_secret_at_once_get_the_same(ours):
    both_looked = threading.Barrier(2, timeout=60)
    found = []

    def need():
        try:
            both_looked.wait()
            found.append(services.signing_secrets(ours.pk, NOW))
        finally:
            connections.close_all()

    workers = [threading.Thread(target=need) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert len(found) == 2
    assert found[0] == found[1]
    assert SigningSecret.objects.count() == 1


def test_a_get_is_signed_over_its_target_and_a_post_over_its_body(ours, receiver):
    (secret,) = services.signing_secrets(ours.pk, NOW)

    request = Outgoing("GET", f"{receiver.url}?tenant=7", 30, query={"custom": "a b"})
    services.fetch_signed(ours.pk, request, message_id="m", now=NOW)
    services.fetch_signed(ours.pk, Outgoing("POST", receiver.url, 30, body=b"{}"), message_id="evt", now=NOW)

    got, posted = receiver.received
    assert got.target == "/hook?tenant=7&custom=a%20b"
    assert got.headers["X-STRINGEE-SIGNATURE"] == signatures.stringee_signature(secret, got.target.encode())
    assert "webhook-id" not in got.headers
    assert posted.headers["X-STRINGEE-SIGNATURE"] == signatures.stringee_signature(secret, b"{}")
    assert posted.headers["webhook-id"] == "evt"
    assert posted.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert posted.headers["webhook-signature"] == signatures.standard_signature(
        secret, "evt", int(NOW.timestamp()), b"{}"
    )
    assert posted.headers["Content-Type"] == "application/json"


def test_a_healthy_endpoint_leaves_no_row_and_answers_like_404_neither(ours, receiver):
    ask(ours, receiver.url)
    receiver.answer_with(404)
    for _ in range(6):
        assert reason_of(ours, receiver.url) is FailureReason.STATUS

    assert EndpointHealth.objects.count() == 0


def test_an_endpoint_that_fails_five_times_is_left_alone_until_a_probe_succeeds(ours, theirs, receiver):
    receiver.answer_with(503)
    for _ in range(5):
        assert reason_of(ours, receiver.url) is FailureReason.STATUS
    assert reason_of(ours, f"{receiver.url}?another=query", at(4)) is FailureReason.BREAKER_OPEN
    assert len(receiver.received) == 5
    receiver.answer_with(200)
    assert ask(theirs, receiver.url).status == 200  # the breaker is the project's own

    assert ask(ours, receiver.url, at(5)).status == 200

    row = EndpointHealth.objects.get(project=ours)
    assert (row.state, row.failures, row.until) == (BreakerState.CLOSED, 0, None)
    assert ask(ours, receiver.url, at(5)).status == 200


def test_a_program_that_fails_leaves_others_of_its_server_alone(ours, receiver):
    receiver.answer = lambda handler: handler.reply(500 if handler.path == "/events" else 200)
    origin = receiver.url.removesuffix("/hook")
    for _ in range(5):
        reason_of(ours, f"{origin}/events")

    assert reason_of(ours, f"{origin}/events") is FailureReason.BREAKER_OPEN
    assert ask(ours, f"{origin}/agents").status == 200
    assert EndpointHealth.objects.get().endpoint == f"{origin}/events"


def test_health_is_forgotten_but_not_of_endpoints_that_are_left_alone(ours):
    ends = {"never failed much": None, "long ago": at(-1), "now": at(60)}
    for endpoint, until in ends.items():
        state = BreakerState.CLOSED if until is None else BreakerState.OPEN
        EndpointHealth.objects.create(project=ours, endpoint=endpoint, state=state, until=until)

    assert services.forget_old_health(NOW) == 2
    assert EndpointHealth.objects.get().endpoint == "now"


def test_a_failed_probe_doubles_the_pause(ours, receiver):
    receiver.answer_with(500)
    for _ in range(5):
        reason_of(ours, receiver.url)

    assert reason_of(ours, receiver.url, at(5)) is FailureReason.STATUS
    assert reason_of(ours, receiver.url, at(14)) is FailureReason.BREAKER_OPEN
    assert reason_of(ours, receiver.url, at(15)) is FailureReason.STATUS


def test_while_a_probe_is_out_nobody_else_asks(ours, receiver, monkeypatch):
    receiver.answer_with(500)
    for _ in range(5):
        reason_of(ours, receiver.url)
    receiver.answer_with(200)
    meanwhile: list[FailureReason] = []
    send = fetching.fetch

    def and_another_comes(request):
        meanwhile.append(reason_of(ours, receiver.url, at(6)))
        return send(request)

    monkeypatch.setattr(fetching, "fetch", and_another_comes)

    assert ask(ours, receiver.url, at(6)).status == 200
    assert meanwhile == [FailureReason.BREAKER_OPEN]


@pytest.mark.parametrize("url", ["", "nonsense", "file:///etc/passwd", "http://crm.example:22/"])
def test_a_bad_url_is_refused_and_has_no_endpoint(ours, url):
    for _ in range(6):
        assert reason_of(ours, url) is FailureReason.BAD_URL
    assert EndpointHealth.objects.count() == 0
