"""What an engine has written becomes a file, is told once, and never before it is there."""

from __future__ import annotations

import datetime as dt
import fcntl
from pathlib import Path

import pytest

from callflow import doorbell, tasks
from callflow.recording import finishing
from callflow.services import conduct
from callflow.tests.raw_recordings import conversation, raw
from calls import recordings
from calls.models import Call, Recording, RecordingFailure, RecordingState
from common import clock, confined_program
from common.confined_program import Answer
from telephony import port, recording_format
from tests import factories
from webhooks.models import Delivery, EventKind

pytestmark = pytest.mark.django_db
EVENTS = "https://example.com/events"
START = dt.datetime(2026, 3, 2, 2, 0, tzinfo=dt.UTC)
LEG = "in-1"


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture(autouse=True)
def bells(monkeypatch):
    """Whom it was asked to finish recordings, and to deliver events."""
    rung: list[str] = []
    monkeypatch.setattr(doorbell, "finish_recordings", lambda: rung.append("finish"))
    monkeypatch.setattr(doorbell, "deliver", lambda key: rung.append("deliver"))
    monkeypatch.setattr(doorbell, "ring", lambda project: None)
    return rung


@pytest.fixture
def now(monkeypatch):
    """A clock that only tests move. Shape: one moment."""
    time = [START]
    monkeypatch.setattr(clock, "now", lambda: time[0])
    return time


@pytest.fixture
def call(ours, now) -> Call:
    queue = factories.QueueFactory(project=ours)
    factories.NumberFactory(project=ours, number="842473000001", enable_ivr=False, queue=queue)
    ours.call_settings.event_url = EVENTS
    ours.call_settings.save()
    conduct(port.Incoming(LEG, "engine-1", "84900000012", "842473000001", "tel:84900000012"))
    Delivery.objects.all().delete()
    return Call.objects.get()


@pytest.fixture
def recording(call, media):
    """One that is being made, and what the engine has written of it so far."""
    made = factories.RecordingFactory(
        project=call.project, call=call, state=RecordingState.RUNNING, file="", size_bytes=0, duration_ms=0
    )
    path = media / raw_file(made)
    path.parent.mkdir(parents=True)
    path.write_bytes(raw(conversation()))
    return made


def raw_file(recording: Recording) -> str:
    return f"recordings/{recording.project_id}/{recording.recording_id}{recording_format.SUFFIX}"


def finished_file(recording: Recording) -> str:
    return f"recordings/{recording.project_id}/{recording.recording_id}.mp3"


def files(media: Path) -> list[str]:
    return sorted(str(path.relative_to(media)) for path in media.glob("recordings/*/*"))


@pytest.fixture
def handed_over(recording, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        conduct(port.RecordingReady(LEG, recording.recording_id, raw_file(recording), 5000, 2000))
    recording.refresh_from_db()
    return recording


@pytest.fixture
def finish(django_capture_on_commit_callbacks):
    """Let a worker do its task."""

    def work() -> int:
        with django_capture_on_commit_callbacks(execute=True):
            return finishing.finish_recordings()

    return work


def seen(recording: Recording) -> tuple[str, str, str]:
    recording.refresh_from_db()
    return recording.state, recording.failure, recording.file


def test_engines_and_records_name_raw_files_alike():
    assert recordings.RAW == recording_format.SUFFIX


def test_what_an_engine_has_written_is_not_ready_and_not_told(handed_over, bells):
    assert seen(handed_over) == (RecordingState.FINISHING, "", raw_file(handed_over))
    assert handed_over.ended_at == START
    assert bells == ["finish"]
    assert not Delivery.objects.exists()


def test_it_is_finished_put_in_its_place_and_told(handed_over, bells, finish, media):
    bells.clear()
    assert finish() == 1
    assert seen(handed_over) == (RecordingState.READY, "", finished_file(handed_over))
    assert files(media) == [finished_file(handed_over)]
    assert handed_over.size_bytes == (media / handed_over.file).stat().st_size > 5_000
    assert handed_over.duration_ms == 2007
    assert len(handed_over.peaks["left"]) == len(handed_over.peaks["right"]) == 21
    (told,) = Delivery.objects.all()
    assert (told.url, told.kind) == (EVENTS, EventKind.RECORDING)
    assert handed_over.recording_id in told.body
    assert bells == ["deliver"]
    assert finish() == 0


def test_an_event_that_comes_again_changes_nothing(handed_over, finish, media, now):
    again = port.RecordingReady(LEG, handed_over.recording_id, raw_file(handed_over), 5000, 2000)
    now[0] += dt.timedelta(seconds=1)
    conduct(again)
    assert seen(handed_over)[0] == RecordingState.FINISHING
    assert handed_over.finish_after == START
    finish()
    conduct(again)
    assert seen(handed_over) == (RecordingState.READY, "", finished_file(handed_over))
    assert Delivery.objects.count() == 1


def test_what_a_killed_engine_has_left_is_finished_as_far_as_it_goes(recording, finish, media, now):
    path = media / raw_file(recording)
    path.write_bytes(path.read_bytes()[:-5])
    assert recordings.give_up([recording.call_id], now[0]) == 1
    assert seen(recording)[0] == RecordingState.FINISHING
    assert finish() == 1
    assert seen(recording) == (RecordingState.READY, "", finished_file(recording))
    assert recording.duration_ms == pytest.approx(2000, abs=25)


@pytest.mark.parametrize(
    ("content", "failure", "stays"),
    [
        (b"no recording", RecordingFailure.UNREADABLE, True),
        (raw([]), RecordingFailure.NOTHING, False),
        (None, RecordingFailure.LOST, False),
    ],
)
def test_what_cannot_be_finished_fails_with_its_reason(handed_over, finish, media, content, failure, stays):
    path = media / handed_over.file
    path.write_bytes(content) if content is not None else path.unlink()
    raw_name = handed_over.file
    assert finish() == 1
    assert seen(handed_over) == (RecordingState.FAILED, failure, raw_name if stays else "")
    assert files(media) == ([raw_name] if stays else [])
    assert finish() == 0
    assert not Delivery.objects.exists()


def test_a_program_that_dies_is_tried_again_a_few_times(handed_over, finish, now, monkeypatch):
    monkeypatch.setattr(confined_program, "run", lambda *_, **__: Answer(-9, b"", "Killed"))
    waits = []
    for _ in range(4):
        assert finish() == 1
        assert finish() == 0
        assert seen(handed_over)[0] == RecordingState.FINISHING
        waits.append((handed_over.finish_after - now[0]).total_seconds())
        now[0] = handed_over.finish_after
    assert waits == [60, 120, 180, 240]
    assert finish() == 1
    assert seen(handed_over)[:2] == (RecordingState.FAILED, RecordingFailure.UNREADABLE)


def test_a_program_that_hangs_is_tried_again(handed_over, finish, monkeypatch):
    def hang(*_: object, time_limit_s: float, **__: object) -> Answer:
        assert time_limit_s == 90.2
        raise confined_program.TookTooLong

    monkeypatch.setattr(confined_program, "run", hang)
    assert finish() == 1
    assert seen(handed_over)[0] == RecordingState.FINISHING


def test_what_a_killed_worker_had_begun_is_done_after_its_time(handed_over, finish, now, media):
    claimed = finishing._claim(now[0])
    assert claimed == handed_over
    (media / "finishing").mkdir()
    (media / "finishing" / f"{handed_over.recording_id}.2.part").write_bytes(b"half")
    assert finish() == 0
    now[0] = claimed.finish_after
    assert finish() == 1
    assert seen(handed_over)[0] == RecordingState.READY


def test_an_erased_recording_is_not_finished_by_whoever_had_begun(handed_over, finish, media, monkeypatch):
    run = confined_program.run

    def erased_meanwhile(*arguments: str, **options: object) -> Answer:
        answer = run(*arguments, **options)
        Recording.objects.update(state=RecordingState.ERASED, file="")
        return answer

    monkeypatch.setattr(confined_program, "run", erased_meanwhile)
    finish()
    assert seen(handed_over) == (RecordingState.ERASED, "", "")
    assert not (media / finished_file(handed_over)).exists()
    assert list(media.glob("finishing/*.part")) == []
    assert not Delivery.objects.exists()


def test_only_some_work_at_once(handed_over, finish, media):
    with finishing._slot() as free:
        assert free
        others = [(media / "finishing" / f"slot-{n}").open("wb") for n in range(1, finishing.SLOTS)]
        for each in others:
            fcntl.flock(each, fcntl.LOCK_EX)
        assert finish() == 0
        for each in others:
            each.close()
    assert finish() == 1


def test_a_file_outside_of_the_media_folder_is_not_touched(recording, finish, media, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "x.raw"
    elsewhere.write_bytes(raw(conversation()))
    for name in (str(elsewhere), f"../{elsewhere.parent.name}/x.raw"):
        Recording.objects.update(state=RecordingState.RUNNING)
        conduct(port.RecordingReady(LEG, recording.recording_id, name, 5000, 2000))
        assert finish() == 1
        assert seen(recording)[:2] == (RecordingState.FAILED, RecordingFailure.LOST)
    assert elsewhere.exists()


def test_the_sweep_asks_for_what_waits(handed_over, bells, now):
    bells.clear()
    tasks.reconcile()
    assert bells == ["finish"]
    finishing._claim(now[0])
    tasks.reconcile()
    assert bells == ["finish"]


def test_what_was_left_behind_is_forgotten_later(handed_over, finish, media, now):
    finish()
    stray = media / raw_file(handed_over)
    stray.write_bytes(b"the worker was killed before it removed this")
    part = media / "finishing" / "x.1.part"
    part.write_bytes(b"half")
    now[0] = dt.datetime.fromtimestamp(part.stat().st_mtime, dt.UTC)
    assert finishing.forget_left_behind(now[0]) == 1
    assert not stray.exists()
    now[0] += dt.timedelta(hours=7)
    assert finishing.forget_left_behind(now[0]) == 1
    assert not part.exists()
