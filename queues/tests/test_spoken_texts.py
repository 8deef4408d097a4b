"""The texts of queues are spoken when they are saved, and whoever writes what nothing speaks is told."""

from __future__ import annotations

import pytest

from queues.models import OutcomeAction, OutcomeCause, QueueOutcome
from sounds import beforehand, tasks
from tests import factories
from tests.console import form_values, page, said, sign_in

pytestmark = pytest.mark.django_db

VI = "Xin chào quý khách, vui lòng để lại lời nhắn."
EN = "Please leave a message."


@pytest.fixture
def asked(monkeypatch):
    """What workers are asked to speak."""
    texts: list[str] = []
    monkeypatch.setattr(tasks.speak, "delay", lambda text, *how: texts.append(text))
    return texts


def test_voicemail_text_is_spoken_after_it_was_saved(ours, asked, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        factories.QueueFactory(project=ours, enable_voicemail=True, voicemail_prompt=EN)
        assert asked == []
    assert asked == [EN]


def test_message_of_a_way_out_is_spoken(ours, asked, django_capture_on_commit_callbacks):
    queue = factories.QueueFactory(project=ours)
    with django_capture_on_commit_callbacks(execute=True):
        QueueOutcome.objects.create(
            project=ours, queue=queue, cause=OutcomeCause.CLOSED, action=OutcomeAction.MESSAGE, message=EN
        )
    assert asked == [EN]


def test_texts_that_nobody_hears_are_not_spoken(ours, asked, django_capture_on_commit_callbacks):
    greeting = factories.GreetingFileFactory(project=ours)
    with django_capture_on_commit_callbacks(execute=True):
        factories.QueueFactory(project=ours)
        factories.QueueFactory(project=ours, enable_voicemail=False, voicemail_prompt=EN)
        factories.QueueFactory(project=ours, enable_voicemail=True, voicemail_prompt=EN, voicemail_greeting=greeting)
    assert asked == []


@pytest.mark.parametrize(
    ("languages", "told"),
    [
        ({"vi", "en", "es"}, []),
        (
            {"en"},
            [
                "Nothing here speaks Vietnamese, so callers do not hear that part. Ask your operator for a voice, or "
                "play a greeting file."
            ],
        ),
        (
            set(),
            [
                "No program that speaks is installed, so callers hear nothing. Ask your operator for one, or play a "
                "greeting file."
            ],
        ),
    ],
)
def test_page_says_what_callers_will_not_hear(ours, supervisor, asked, monkeypatch, languages, told):
    monkeypatch.setattr(beforehand, "languages_spoken", lambda: languages)
    queue = factories.QueueFactory(project=ours, enable_voicemail=True)
    client = sign_in(supervisor, ours)
    address = page("queues_queue", "change", queue.pk)

    answer = client.post(address, {**form_values(client.get(address)), "voicemail_prompt": f"{VI} {EN}"}, follow=True)

    queue.refresh_from_db()
    assert queue.voicemail_prompt == f"{VI} {EN}"
    assert [each for each in said(answer) if "callers" in each] == told


def test_page_says_that_a_text_could_not_be_spoken(ours, supervisor, asked, monkeypatch):
    monkeypatch.setattr(beforehand.spoken, "has_failed", lambda text, **_: text == EN)
    queue = factories.QueueFactory(project=ours, enable_voicemail=True)
    client = sign_in(supervisor, ours)
    address = page("queues_queue", "change", queue.pk)

    answer = client.post(address, {**form_values(client.get(address)), "voicemail_prompt": EN}, follow=True)

    assert [each for each in said(answer) if "callers" in each] == [
        "This text could not be spoken when that was last tried, so callers hear nothing. Saving it tries again. If "
        "that does not help, ask your operator, whose log says why, or play a greeting file."
    ]
