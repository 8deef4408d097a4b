"""Questions: asked once, settled once."""

from __future__ import annotations

import datetime as dt
from uuid import uuid4

import pytest

from common.refusals import NotFound
from tests import factories
from webhooks import services
from webhooks.failures import FailureReason
from webhooks.models import Purpose, Question
from webhooks.services import fetching

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)


def at(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def put(project, url, *, seconds=30.0, purpose=Purpose.ANSWER_URL, **more) -> Question:
    return services.put_question(project.pk, purpose, url, now=NOW, deadline_at=at(seconds), **more)


def test_a_question_with_a_query_is_a_get_and_its_answer_is_kept(ours, receiver):
    receiver.answer_with(200, '[{"action":"talk","text":"Chào"}]'.encode(), Content_Type="text/html")
    call = factories.CallFactory(project=ours)
    question = put(ours, receiver.url, query={"from": "84900000012"}, call_id=call.pk)
    assert (question.state, receiver.received) == ("pending", [])

    asked = services.ask(question.pk, NOW)

    assert (asked.state, asked.answer, asked.status) == ("answered", '[{"action":"talk","text":"Chào"}]', 200)
    assert (asked.asked_at, asked.call, asked.is_settled) == (NOW, call, True)
    assert [(r.method, r.target) for r in receiver.received] == [("GET", "/hook?from=84900000012")]


def test_a_question_with_a_body_is_a_signed_post(ours, receiver):
    asked = services.ask(put(ours, receiver.url, body={"dtmf": "1"}, purpose=Purpose.INPUT_EVENT).pk, NOW)

    assert asked.state == "answered"
    assert (receiver.received[0].method, receiver.received[0].body) == ("POST", b'{"dtmf":"1"}')
    assert receiver.received[0].headers["webhook-id"] == str(asked.pk)


def test_a_question_is_asked_once_and_a_second_worker_gets_the_outcome(ours, receiver):
    question = put(ours, receiver.url)

    first, second = services.ask(question.pk, NOW), services.ask(question.pk, NOW)

    assert first.answer == second.answer == '{"status":"ok"}'
    assert len(receiver.received) == 1


def test_a_second_worker_does_not_ask_while_the_first_is_at_it(ours, receiver):
    question = put(ours, receiver.url)
    Question.objects.update(state="asked", asked_at=NOW)

    assert services.ask(question.pk, NOW).is_settled is False
    assert receiver.received == []


def test_a_failure_is_kept_with_its_reason_and_is_not_asked_again(ours, receiver):
    receiver.answer_with(500, b"Traceback\x00")
    question = put(ours, receiver.url)

    failed = services.ask(question.pk, NOW)

    assert (failed.state, failed.failure, failed.status) == ("failed", FailureReason.STATUS, 500)
    assert failed.answer == "Traceback\ufffd"
    services.ask(question.pk, NOW)
    assert len(receiver.received) == 1


def test_the_deadline_is_the_budget_of_the_request(ours, receiver):
    receiver.answer = lambda handler: receiver.ended.wait(5)

    assert services.ask(put(ours, receiver.url, seconds=0.2).pk, NOW).failure == FailureReason.TIMEOUT


def test_after_its_deadline_nothing_is_asked(ours, receiver):
    assert services.ask(put(ours, receiver.url, seconds=2).pk, at(2)).failure == FailureReason.TIMEOUT
    assert receiver.received == []


def test_an_answer_that_comes_after_it_was_given_up_is_dropped(ours, receiver, monkeypatch):
    question = put(ours, receiver.url)
    receiver.answer = lambda handler: handler.reply(200, b"late")
    send = fetching.fetch

    def given_up_meanwhile(request):
        services.give_up_question(question.pk)
        return send(request)

    monkeypatch.setattr(fetching, "fetch", given_up_meanwhile)

    settled = services.ask(question.pk, NOW)

    assert (settled.state, settled.answer, settled.failure) == ("failed", "", FailureReason.TIMEOUT)


def test_giving_up_an_answered_question_changes_nothing(ours, receiver):
    question = put(ours, receiver.url)
    services.ask(question.pk, NOW)

    assert services.give_up_question(question.pk).state == "answered"


def test_overdue_questions_fail_once(ours, receiver):
    never_asked, stuck, in_time = (put(ours, receiver.url, seconds=each) for each in (2, 2, 9))
    Question.objects.filter(pk=stuck.pk).update(state="asked")

    failed = services.fail_overdue_questions(at(2), 10)

    assert {question.pk for question in failed} == {never_asked.pk, stuck.pk}
    assert services.fail_overdue_questions(at(2), 10) == []
    assert Question.objects.get(pk=in_time.pk).state == "pending"


def test_an_answer_over_64_kib_is_too_large(ours, receiver):
    receiver.answer_with(200, b"x" * (64 * 1024 + 1))

    assert services.ask(put(ours, receiver.url).pk, NOW).failure == FailureReason.TOO_LARGE


@pytest.mark.parametrize("url", ["", "nonsense", "file:///etc/passwd", "http://a\x00\ud800/", "x" * 5000])
def test_a_bad_url_fails_and_breaks_nothing(ours, url):
    question = put(ours, url, query={"custom\x00": "\ud800\x00"})

    assert services.ask(question.pk, NOW).failure == FailureReason.BAD_URL


def test_an_unknown_question_is_not_found(db):
    with pytest.raises(NotFound):
        services.ask(uuid4(), NOW)
    with pytest.raises(NotFound):
        services.give_up_question(uuid4())


def test_old_settled_questions_are_forgotten(ours, receiver):
    services.ask(put(ours, receiver.url).pk, NOW)
    waiting = put(ours, receiver.url)

    assert services.forget_old_questions(at(1)) == 1
    assert list(Question.objects.all()) == [waiting]
