"""Events: owed, sent in order, tried again, given up, sent again."""

from __future__ import annotations

import datetime as dt
import json
import re
import threading

import pytest
from django.db import IntegrityError, connections, transaction

from tests import factories
from webhooks import services, tasks
from webhooks.domain import EVENT_LIFE_S, EVENT_PAUSES_S
from webhooks.failures import FailureReason
from webhooks.models import Attempt, Delivery, DisabledUrl, EndpointHealth, EventKind
from webhooks.services import claims, deliveries
from webhooks.services.deliveries import next_in_line
from webhooks.tests.receiver import closed_port, receiving

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
EVEN = 0.5  # jitter that leaves the schedule as it is


def at(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def owed(project, url, *, now=NOW, **more) -> Delivery:
    delivery = services.owe_event(project.pk, url, {"call_status": "created"}, now=now, **more)
    assert delivery is not None
    return delivery


def deliver(delivery, now=NOW, jitter=EVEN):
    return services.deliver(delivery.pk, now, jitter=jitter)


@pytest.fixture
def call(ours):
    return factories.CallFactory(project=ours)


# ── Owing ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_owed_event_is_stored_as_it_will_be_sent(ours, call):
    delivery = owed(ours, "https://crm.example/hook", call_id=call.pk, serial=3)

    assert re.fullmatch(r"[A-Z0-9]{10}-\d{13}", delivery.event_id)
    assert delivery.event_id.endswith(f"-{int(NOW.timestamp() * 1000)}")
    assert json.loads(delivery.body) == {"call_status": "created", "event_id": delivery.event_id, "serial": 3}
    assert (delivery.state, delivery.next_attempt_at, delivery.attempts) == ("pending", NOW, 0)
    assert delivery.endpoint == "https://crm.example:443/hook"


def test_a_recording_has_no_serial_number(ours):
    delivery = services.owe_event(ours.pk, "https://a.example/", {"x": 1}, now=NOW, kind=EventKind.RECORDING)

    assert json.loads(delivery.body) == {"x": 1, "event_id": delivery.event_id}


@pytest.mark.parametrize(
    "url", ["", "http://v2.stringee.com:8282/event_url", "http://v2.stringee.com:8282/project_event_url"]
)
def test_no_url_and_urls_that_mean_handled_here_are_owed_nothing(ours, url):
    assert services.owe_event(ours.pk, url, {}, now=NOW) is None
    assert Delivery.objects.count() == 0


def test_nothing_is_owed_when_the_callers_transaction_fails(ours):
    with transaction.atomic():
        owed(ours, "https://crm.example/")
        transaction.set_rollback(True)
    assert Delivery.objects.count() == 0


@pytest.mark.parametrize(
    "url", ["nonsense", "http://a\x00b/", "http://x/" + "y" * 100_000, "\ud800", "http://" + "a." * 400 + "x/"]
)
def test_a_url_that_cannot_be_asked_breaks_no_call_and_is_given_up_at_once(ours, settings, url):
    settings.PCC_ALLOWED_PRIVATE_NETWORKS = []
    delivery = owed(ours, url)
    if not delivery.endpoint:
        assert deliver(delivery).state == "given_up"
        assert Attempt.objects.get().failure == FailureReason.BAD_URL


def test_what_json_cannot_say_is_refused_and_nothing_is_stored(ours):
    for body in ({"a": float("nan")}, {"a": object()}):
        with pytest.raises((ValueError, TypeError)):
            services.owe_event(ours.pk, "https://crm.example/", body, now=NOW)
    assert Delivery.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_an_event_cannot_belong_to_another_projects_call(ours, theirs):
    call = factories.CallFactory(project=theirs)

    with pytest.raises(IntegrityError, match="same_project"), transaction.atomic():
        owed(ours, "https://crm.example/", call_id=call.pk)
    assert Delivery.objects.count() == 0


# ── Sending ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_any_2xx_delivers_and_the_body_arrives_as_it_was_stored(ours, receiver):
    receiver.answer_with(204)
    delivery = owed(ours, receiver.url)

    sent = deliver(delivery)

    assert (sent.state, sent.attempts, sent.next_attempt_at, sent.finished_at) == ("delivered", 1, None, NOW)
    assert receiver.received[0].body == delivery.body.encode()
    assert receiver.received[0].headers["webhook-id"] == delivery.event_id
    attempt = Attempt.objects.get()
    assert (attempt.at, attempt.status, attempt.failure) == (NOW, 204, "")


def test_a_large_or_strange_2xx_is_a_success(ours, receiver):
    receiver.answer_with(200, b"<html>\x00\xff" + b"x" * 100_000, Content_Type="text/html")

    assert deliver(owed(ours, receiver.url)).state == "delivered"
    assert Attempt.objects.get().answer.startswith("<html>\ufffd\ufffdxxx")
    assert len(Attempt.objects.get().answer) == 500


def test_a_delivered_event_is_not_sent_again_by_a_doubled_task(ours, receiver):
    delivery = owed(ours, receiver.url)

    assert deliver(delivery) is not None
    assert deliver(delivery) is None
    assert len(receiver.received) == 1


def test_a_delivery_that_does_not_exist_is_ignored(db):
    assert services.deliver(0, NOW) is None
    assert services.deliver(2**62, NOW) is None


def test_retries_follow_the_schedule_with_the_same_id_and_body_and_then_it_is_given_up(ours, receiver):
    receiver.answer_with(400, b"no")
    delivery, now, pauses = owed(ours, receiver.url), NOW, list[float]()

    while (tried := deliver(delivery, now)).state == "pending":
        assert deliver(delivery, tried.next_attempt_at - dt.timedelta(milliseconds=1)) is None
        pauses.append((tried.next_attempt_at - now).total_seconds())
        now = tried.next_attempt_at

    assert pauses == list(EVENT_PAUSES_S)
    assert (tried.state, tried.attempts, tried.finished_at) == ("given_up", 12, now)
    assert Attempt.objects.filter(status=400, answer="no", failure="status").count() == 12
    assert len({(asked.headers["webhook-id"], asked.body) for asked in receiver.received}) == 1
    assert services.due_deliveries(now + dt.timedelta(days=9), 10) == []


def test_a_server_that_comes_back_gets_its_event(ours, receiver):
    delivery = owed(ours, receiver.url)
    receiver.answer_with(502, b"bad gateway")
    deliver(delivery)
    receiver.answer_with(200)

    assert services.due_deliveries(at(4.9), 10) == []
    assert services.due_deliveries(at(5), 10) == [delivery.pk]
    assert deliver(delivery, at(5)).state == "delivered"
    assert list(Attempt.objects.order_by("pk").values_list("status", flat=True)) == [502, 200]


def test_jitter_moves_the_next_attempt(ours, receiver):
    receiver.answer_with(500)
    early, late = owed(ours, receiver.url), owed(ours, receiver.url)

    assert deliver(early, jitter=0).next_attempt_at == at(4)
    assert at(5.9) < deliver(late, jitter=0.999).next_attempt_at < at(6)


def test_a_dead_endpoint_is_left_alone_without_using_up_attempts(ours):
    url = f"http://127.0.0.1:{closed_port()}/"
    first, *others = [owed(ours, url) for _ in range(7)]
    for delivery in (first, *others[:4]):
        assert deliver(delivery).attempts == 1
    until = EndpointHealth.objects.values_list("until", flat=True).get() or NOW

    postponed = deliver(others[5])

    assert (postponed.state, postponed.attempts, postponed.next_attempt_at) == ("pending", 0, at(7.5))
    assert Attempt.objects.count() == 5
    assert services.due_deliveries(until - dt.timedelta(milliseconds=1), 10) == []
    assert len(services.due_deliveries(at(8), 10)) == 7


def test_what_was_only_postponed_is_given_up_when_its_time_is_over(ours):
    url = f"http://127.0.0.1:{closed_port()}/"
    delivery = owed(ours, url)
    end = at(EVENT_LIFE_S)
    EndpointHealth.objects.create(
        project=ours, endpoint=delivery.endpoint, state="open", openings=9, until=end + dt.timedelta(seconds=9)
    )

    assert deliver(delivery, end - dt.timedelta(seconds=60)).state == "pending"
    assert deliver(delivery, end).state == "given_up"
    assert Attempt.objects.count() == 0


# ── 410 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_gone_disables_the_url_for_what_waits_and_for_what_comes(ours, theirs, receiver):
    receiver.answer_with(410, b"stop")
    first, waiting = owed(ours, receiver.url), owed(ours, receiver.url)
    elsewhere, not_ours = owed(ours, receiver.url + "/new"), owed(theirs, receiver.url)

    assert deliver(first).state == "disabled"

    states = dict(Delivery.objects.values_list("pk", "state"))
    assert states == {
        first.pk: "disabled",
        waiting.pk: "disabled",
        elsewhere.pk: "pending",
        not_ours.pk: "pending",
    }
    born = owed(ours, receiver.url, now=at(1))
    assert (born.state, born.next_attempt_at, born.finished_at) == ("disabled", None, at(1))
    assert DisabledUrl.objects.get().url == receiver.url
    assert len(receiver.received) == 1


def test_an_enabled_url_gets_events_again(ours, receiver):
    receiver.answer_with(410)
    gone = owed(ours, receiver.url)
    deliver(gone)
    gone.refresh_from_db()
    with pytest.raises(services.UrlDisabled):
        services.send_again(gone, at(1))
    receiver.answer_with(200)

    assert services.enable_url(ours.pk, receiver.url)
    assert not services.enable_url(ours.pk, receiver.url)

    assert deliver(owed(ours, receiver.url)).state == "delivered"
    services.send_again(gone, at(2))
    assert deliver(gone, at(2)).state == "delivered"


# ── Order ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_later_event_waits_until_the_earlier_one_has_been_tried(ours, call, receiver):
    first, second = (owed(ours, receiver.url, call_id=call.pk, serial=n) for n in (1, 2))

    assert services.due_deliveries(NOW, 10) == [first.pk]
    assert deliver(second) is None
    receiver.answer_with(500)
    deliver(first)

    assert next_in_line(first, NOW) == second.pk
    receiver.answer_with(200)
    assert deliver(second).state == "delivered"
    assert next_in_line(second, NOW) is None
    assert [json.loads(asked.body)["serial"] for asked in receiver.received] == [1, 2]


def test_a_claimed_event_still_holds_the_later_one_back(ours, call, receiver):
    first, second = (owed(ours, receiver.url, call_id=call.pk, serial=n) for n in (1, 2))
    claims.claim(Delivery.objects.all(), first.pk, NOW)

    assert deliver(second) is None
    assert receiver.received == []


def test_other_calls_and_other_urls_do_not_wait(ours, call, receiver):
    with receiving() as other:
        blocked_by_nothing = [
            owed(ours, receiver.url, call_id=factories.CallFactory(project=ours).pk),
            owed(ours, other.url, call_id=call.pk),
            owed(ours, receiver.url),
        ]
        owed(ours, receiver.url, call_id=call.pk)
        for delivery in blocked_by_nothing:
            assert deliver(delivery).state == "delivered"


def test_the_task_rings_for_the_next_event_of_the_call(ours, call, receiver, monkeypatch):
    ids = [owed(ours, receiver.url, call_id=call.pk, serial=n).pk for n in (1, 2, 3)]
    monkeypatch.setattr(tasks.clock, "now", lambda: NOW)
    monkeypatch.setattr(tasks.deliver_event, "delay", tasks.deliver_event.run)

    tasks.deliver_event.run(ids[0])

    assert [json.loads(asked.body)["serial"] for asked in receiver.received] == [1, 2, 3]


# ── Claims ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_sweep_names_a_delivery_again_only_after_a_while(ours):
    ids = [owed(ours, "https://crm.example/").pk for _ in range(3)]

    assert services.due_deliveries(NOW, 2) == ids[:2]
    assert services.due_deliveries(at(1), 10) == ids[2:]
    assert services.due_deliveries(at(2), 10) == []
    assert sorted(services.due_deliveries(at(11), 10)) == ids
    assert services.due_deliveries(at(30), 0) == []


def test_the_claim_of_a_dead_worker_goes_to_another_after_a_minute_and_his_result_is_dropped(ours, receiver):
    delivery = owed(ours, receiver.url)
    dead = claims.claim(Delivery.objects.all(), delivery.pk, NOW)

    assert deliver(delivery, at(59)) is None
    assert services.due_deliveries(at(59), 10) == []
    assert services.due_deliveries(at(60), 10) == [delivery.pk]
    assert deliver(delivery, at(60)).state == "delivered"
    assert not claims.settle(dead, "pending", next_attempt_at=at(61))
    assert Delivery.objects.get().state == "delivered"


def test_a_worker_who_comes_back_while_another_has_his_claim_changes_nothing(ours):
    delivery = owed(ours, "https://crm.example/")
    late, at_it = (claims.claim(Delivery.objects.all(), delivery.pk, moment) for moment in (NOW, at(60)))

    assert not claims.settle(late, "pending", next_attempt_at=at(61))
    assert claims.settle(at_it, "delivered", finished_at=at(61))
    assert Delivery.objects.get().state == "delivered"


def under_way(project, receiver, count):
    """Events that workers have begun to send."""
    found = [owed(project, receiver.url) for _ in range(count)]
    for delivery in found:
        assert claims.claim(Delivery.objects.all(), delivery.pk, NOW) is not None
    return found


def test_a_project_whose_receiver_is_slow_keeps_no_more_workers_than_its_share(ours, theirs, receiver):
    slow = under_way(ours, receiver, claims.SLOW_AT_ONCE)
    waiting, not_ours = owed(ours, receiver.url), owed(theirs, receiver.url)

    assert deliver(waiting, at(1)) is None
    assert (Delivery.objects.get(pk=waiting.pk).state, len(receiver.received)) == ("pending", 0)
    assert services.due_deliveries(at(2), 10) == [not_ours.pk]
    assert deliver(not_ours).state == "delivered"

    slow[0].refresh_from_db()
    claims.settle(slow[0], "delivered", finished_at=at(2))
    assert next_in_line(slow[0], at(0.9)) is None  # its own bell may still be on the way
    assert next_in_line(slow[0], at(2)) == waiting.pk
    assert deliver(waiting, at(2)).state == "delivered"


def test_a_project_with_much_to_tell_has_more_workers_while_its_receiver_is_fast_but_never_all(ours, receiver):
    under_way(ours, receiver, claims.AT_ONCE - 1)
    last, turned_away = owed(ours, receiver.url), owed(ours, receiver.url)

    assert deliver(last, at(0.9)).state == "delivered"
    under_way(ours, receiver, 1)
    assert deliver(turned_away, at(0.9)) is None


def test_workers_that_died_take_no_share(ours, receiver):
    under_way(ours, receiver, claims.SLOW_AT_ONCE)
    waiting = owed(ours, receiver.url)

    assert deliver(waiting, at(59)) is None
    assert deliver(waiting, at(60)).state == "delivered"


def test_the_sweep_rings_for_no_more_of_a_project_than_may_be_sent_at_once(ours, theirs):
    many = [owed(ours, "https://crm.example/").pk for _ in range(claims.AT_ONCE + 5)]
    few = [owed(theirs, "https://crm.example/", now=at(1)).pk for _ in range(2)]

    assert services.due_deliveries(at(1), 20) == [*many[: claims.AT_ONCE], *few]
    assert services.due_deliveries(at(2), 20) == many[claims.AT_ONCE :]


def test_nothing_is_rung_for_at_an_endpoint_that_is_left_alone(ours, receiver):
    done, waiting = owed(ours, receiver.url), owed(ours, "https://crm.example/")
    EndpointHealth.objects.create(project=ours, endpoint=waiting.endpoint, state="open", until=at(10))

    assert next_in_line(deliver(done), at(9)) is None
    assert next_in_line(done, at(10)) == waiting.pk


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_an_event_once(ours, receiver):
    delivery = owed(ours, receiver.url)
    begun = threading.Barrier(2, timeout=60)
    outcomes = []

    def work():
        try:
            begun.wait()
            outcomes.append(deliver(delivery))
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert sorted(outcome is None for outcome in outcomes) == [False, True]
    assert len(receiver.received) == 1
    assert Attempt.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_the_customers_server_thinks(ours, receiver):
    delivery, seen = owed(ours, receiver.url), []

    def look_from_outside(handler):
        seen.append(_other_connection_can_lock(delivery))
        handler.reply(200)

    receiver.answer = look_from_outside

    assert deliver(delivery).state == "delivered"
    assert seen == [True]


def _other_connection_can_lock(delivery) -> bool:
    try:
        with transaction.atomic():
            return Delivery.objects.select_for_update(nowait=True).get(pk=delivery.pk).state == "sending"
    finally:
        connections.close_all()


# ── Sending again, forgetting ────────────────────────────────────────────────────────────────────────────────────────


def test_a_given_up_event_starts_anew_with_its_id(ours, receiver):
    delivery = owed(ours, receiver.url)
    Delivery.objects.update(state="given_up", attempts=12, next_attempt_at=None, finished_at=NOW, first_attempt_at=NOW)

    services.send_again(delivery, at(100))

    assert (delivery.state, delivery.attempts, delivery.next_attempt_at) == ("pending", 0, at(100))
    assert delivery.give_up_at == at(100 + EVENT_LIFE_S)
    receiver.answer_with(500)
    assert deliver(delivery, at(100)).next_attempt_at == at(105)
    receiver.answer_with(200)
    assert deliver(delivery, at(105)).state == "delivered"
    assert {asked.headers["webhook-id"] for asked in receiver.received} == {delivery.event_id}


def test_an_event_that_waits_for_a_retry_is_due_at_once_and_one_being_sent_stays(ours, receiver):
    receiver.answer_with(500)
    waits, being_sent = owed(ours, receiver.url), owed(ours, receiver.url)
    deliver(waits)
    claims.claim(Delivery.objects.all(), being_sent.pk, NOW)

    services.send_again(waits, at(1))
    services.send_again(being_sent, at(1))

    assert services.due_deliveries(at(1), 10) == [waits.pk]
    assert Delivery.objects.get(pk=being_sent.pk).state == "sending"


def test_sending_an_old_event_again_does_not_hold_back_the_calls_new_ones(ours, call, receiver):
    old = owed(ours, receiver.url, call_id=call.pk, serial=1)
    deliver(old)
    services.send_again(old, NOW)

    assert deliver(owed(ours, receiver.url, call_id=call.pk, serial=2)).state == "delivered"


def test_old_finished_deliveries_are_forgotten_and_open_ones_kept(ours, receiver):
    done = deliver(owed(ours, receiver.url))
    waiting, young = owed(ours, receiver.url), deliver(owed(ours, receiver.url, now=at(100)), at(100))

    assert services.forget_old_deliveries(at(50)) == 1

    assert set(Delivery.objects.values_list("pk", flat=True)) == {waiting.pk, young.pk}
    assert not Attempt.objects.filter(delivery_id=done.pk).exists()


def test_what_a_successful_delivery_costs_in_queries(ours, receiver, django_assert_num_queries):
    delivery = owed(ours, receiver.url)
    services.signing_secrets(ours.pk, NOW)

    # claim, read; breaker, secrets, breaker; savepoint, store, attempt, read, release
    with django_assert_num_queries(10):
        deliver(delivery)
    with django_assert_num_queries(2):
        owed(ours, receiver.url)
    assert deliveries.EVENT_TIMEOUT_S == 5
