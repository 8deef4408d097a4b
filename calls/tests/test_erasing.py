"""Sound is erased by age and for one caller; the rows and the history say so."""

from __future__ import annotations

import datetime as dt

import pytest
from auditlog.models import LogEntry

from callflow import tasks
from calls import erasing, recordings
from calls.models import Recording, RecordingState
from common import clock
from common.acting import acting_as
from common.refusals import InvalidInput
from tests import factories

pytestmark = pytest.mark.django_db
CUSTOMER, OTHER = "84900000012", "84900000013"
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def record(media):
    def make(project, *, customer: str = CUSTOMER, days_ago: float = 0, state=RecordingState.READY, suffix="mp3"):
        call = factories.CallFactory(project=project, customer_number=customer)
        made = factories.RecordingFactory(
            project=project,
            call=call,
            state=state,
            started_at=clock.now() - days_ago * DAY,
            peaks={"left": [1], "right": [2]},
        )
        file = f"recordings/{project.pk}/{made.recording_id}.{suffix}"
        Recording.objects.filter(pk=made.pk).update(file=file)
        path = media / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"sound")
        made.refresh_from_db()
        return made

    return make


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


def has_sound(recording: Recording, media) -> bool:
    before = f"recordings/{recording.project_id}/{recording.recording_id}"
    recording.refresh_from_db()
    there = any((media / f"{before}.{suffix}").exists() for suffix in ("mp3", "raw"))
    assert (recording.state == RecordingState.ERASED) is not there
    return there


def keep_days(project, days: int) -> None:
    project.call_settings.recording_retention_days = days
    project.call_settings.save()


def test_the_sound_goes_and_the_row_stays(ours, record, committed, media):
    recording = record(ours)
    with committed():
        assert erasing.erase([recording.pk]) == 1
        assert (media / recording.file).exists()  # until it is certain
    assert not has_sound(recording, media)
    assert (recording.file, recording.size_bytes, recording.peaks, recording.duration_ms) == ("", 0, {}, 8_000)
    with committed():
        assert erasing.erase([recording.pk]) == 0


def test_what_is_older_than_its_project_keeps_goes(ours, theirs, record, committed, media):
    keep_days(ours, 30)
    old, young, of_others = record(ours, days_ago=30.1), record(ours, days_ago=29.9), record(theirs, days_ago=3000)
    with committed():
        assert erasing.erase_old(clock.now(), 100) == 1
    assert [has_sound(each, media) for each in (old, young, of_others)] == [False, True, True]
    with committed():
        assert erasing.erase_old(clock.now(), 100) == 0


def test_each_project_has_its_own_age_and_a_run_its_limit(ours, theirs, record, committed, media):
    keep_days(ours, 1)
    keep_days(theirs, 10)
    made = [record(ours, days_ago=3), record(ours, days_ago=2), record(theirs, days_ago=11), record(theirs, days_ago=9)]
    with committed():
        assert erasing.erase_old(clock.now(), 1) == 1
    assert [has_sound(each, media) for each in made] == [False, True, True, True]
    with committed():
        assert erasing.erase_old(clock.now(), 10) == 2
    assert [has_sound(each, media) for each in made] == [False, False, False, True]


@pytest.mark.parametrize(
    ("state", "suffix"),
    [(RecordingState.FINISHING, "raw"), (RecordingState.FAILED, "raw"), (RecordingState.READY, "mp3")],
)
def test_sound_that_nobody_could_listen_to_yet_goes_too(ours, record, committed, media, state, suffix):
    keep_days(ours, 1)
    recording = record(ours, days_ago=2, state=state, suffix=suffix)
    with committed():
        assert erasing.erase_old(clock.now(), 10) == 1
    assert not has_sound(recording, media)


def test_what_is_being_recorded_is_left_alone(ours, record, committed, media):
    running = record(ours, days_ago=2, state=RecordingState.RUNNING, suffix="raw")
    keep_days(ours, 1)
    with committed():
        assert erasing.erase_old(clock.now(), 10) == 0
        assert erasing.erase([running.pk]) == 0
    assert has_sound(running, media)


@pytest.mark.parametrize("spelling", ["84900000012", "+84 900 000 012", "0900000012", "0900.000.012"])
def test_one_caller_is_found_in_any_spelling_and_nobody_else(ours, theirs, record, spelling):
    wanted = [record(ours), record(ours, state=RecordingState.FINISHING, suffix="raw")]
    record(ours, customer=OTHER)
    record(theirs)
    record(ours, state=RecordingState.RUNNING)
    erased = record(ours)
    erasing.erase([erased.pk])
    found = erasing.of_caller(ours, spelling)
    assert found == erasing.OfCaller(CUSTOMER, tuple(each.pk for each in wanted), 1)


@pytest.mark.parametrize("text", ["", "nobody", "12", "'; DROP TABLE calls_recording; --", "\0"])
def test_what_is_no_number_is_refused(ours, text):
    with pytest.raises(InvalidInput):
        erasing.of_caller(ours, text)


def test_each_erasure_is_in_the_history(ours, record, committed):
    recording = record(ours)
    with committed(), acting_as("erase_recordings"):
        erasing.erase([recording.pk])
    (entry,) = LogEntry.objects.get_for_object(recording).filter(action=LogEntry.Action.UPDATE)
    assert entry.changes_dict == {"state": ["ready", "erased"]}
    assert entry.additional_data == {"project": ours.pk, "actor": "erase_recordings"}


def test_a_deletion_is_in_the_history(ours, record):
    recording = record(ours)
    recordings.delete_recording(recording)
    assert LogEntry.objects.filter(object_pk=str(recording.pk), action=LogEntry.Action.DELETE).count() == 1


def test_an_interrupted_erasure_is_done_later(ours, record, committed, media):
    recording = record(ours)
    erasing.erase([recording.pk])  # and the process is killed before the file goes
    assert (media / recording.file).exists()
    with committed():
        tasks.erase_old_recordings()
    assert not has_sound(recording, media)


def test_the_task_says_that_it_was_the_retention(ours, record, committed):
    keep_days(ours, 1)
    recording = record(ours, days_ago=2)
    with committed():
        tasks.erase_old_recordings()
    (entry,) = LogEntry.objects.get_for_object(recording).filter(action=LogEntry.Action.UPDATE)
    assert entry.additional_data["actor"] == "retention"


def test_a_file_that_is_gone_already_disturbs_nobody(ours, record, committed, media):
    recording = record(ours)
    (media / recording.file).unlink()
    with committed():
        assert erasing.erase([recording.pk]) == 1
    recording.refresh_from_db()
    assert (recording.state, recording.file) == (RecordingState.ERASED, "")
