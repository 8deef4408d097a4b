"""Greeting files are kept completely or not at all."""

from __future__ import annotations

import io
import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction

from common import clock
from common.confined_program import Turns
from common.refusals import InUse, InvalidInput
from ivr import greetings
from ivr.models import GreetingFile
from sounds.audio import client, report
from tests import factories, sounds

TONE = sounds.wav(sounds.tone(1.0))


def store(project, upload=TONE, *, name="welcome.wav", description=""):
    return greetings.store_greeting(project, io.BytesIO(upload), original_name=name, description=description)


def kept_files(settings) -> list[str]:
    """Everything on disk, relative to the folder of greeting files."""
    root = Path(settings.MEDIA_ROOT) / "greetings"
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_an_upload_is_kept_as_it_came_and_in_the_forms_that_are_played(ours, settings):
    greeting = store(ours, name="chào mừng quý khách.wav", description=" Lời chào ")

    greeting.refresh_from_db()
    assert (greeting.original_name, greeting.desc1) == ("chào mừng quý khách.wav", "Lời chào")
    assert (greeting.duration_ms, greeting.size_bytes, len(greeting.peaks)) == (1000, len(TONE), 400)
    assert greeting.filename.endswith(".mp3")
    assert len(greeting.sid) == 16
    folder = f"{ours.pk}/{greeting.sid}"
    assert kept_files(settings) == [f"{folder}/{n}" for n in ("48k.opus", "8k.wav", "listen.mp3", "original.wav")]
    assert greetings.original_path(greeting).read_bytes() == TONE
    assert greetings.audio_path(greeting, 8_000).read_bytes()[:4] == b"RIFF"
    assert greetings.audio_path(greeting, 48_000).read_bytes()[:4] == b"OggS"
    assert greetings.listen_path(greeting).read_bytes()[:3] == b"ID3"
    assert greetings.has_audio(greeting)


def test_names_of_tags_do_not_reach_the_files_that_are_served(ours):
    tagged = b"ID3\x03\x00\x00\x00\x00\x00\x27TIT2\x00\x00\x00\x1d\x00\x00\x00<script>alert(1)</script>xx"
    greeting = store(ours, tagged + sounds.mp3(sounds.tone(1.0, rate=48_000))[45:])
    assert b"script" not in greetings.listen_path(greeting).read_bytes()
    assert b"script" not in greetings.audio_path(greeting, 48_000).read_bytes()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd.wav", "passwd.wav"),
        ("C:\\Users\\lan\\chào.mp3", "chào.mp3"),
        ("a\x00b.wav", "a b.wav"),
        ("\u202egpj.exe\u202c.wav", "gpj.exe .wav"),
        ("chào.wav", "chào.wav"),
        ("", ""),
        ("....//....//x", "x"),
        ("\ud800.wav", ".wav"),
        ("x" * 10_000 + ".wav", "x" * 199 + "…"),
    ],
    ids=["traversal", "windows", "nul", "right to left", "decomposed", "empty", "dots", "surrogate", "long"],
)
def test_the_shown_name_is_harmless_and_never_a_path(ours, settings, name, shown):
    greeting = store(ours, name=name)

    greeting.refresh_from_db()
    assert greeting.original_name == shown
    assert [Path(path).parts[:2] for path in kept_files(settings)] == [(str(ours.pk), greeting.sid)] * 4


@pytest.mark.parametrize("description", ["x" * 201, "a\x00b", "a\x07b", "\ud800"])
def test_a_description_that_cannot_be_kept_is_refused_before_any_work(ours, settings, description):
    with pytest.raises(InvalidInput):
        store(ours, description=description)
    assert not GreetingFile.objects.exists()
    assert kept_files(settings) == []


def test_a_row_that_cannot_be_saved_leaves_no_file(ours, settings, monkeypatch):
    first = store(ours)
    monkeypatch.setattr("common.ids.file_name", lambda extension: first.filename)

    with pytest.raises(IntegrityError):
        store(ours)

    assert GreetingFile.objects.get() == first
    assert len(kept_files(settings)) == 4


def test_at_most_two_uploads_are_checked_at_once(ours, monkeypatch, settings):
    monkeypatch.setattr(greetings, "_checks", Turns(at_once=1, wait_s=0.01))
    refused_meanwhile = []

    def check(folder):
        with pytest.raises(greetings.TooManyUploads) as caught:
            store(ours)
        refused_meanwhile.append(caught.value)
        return client.check_and_convert(folder)

    monkeypatch.setattr(greetings, "check_and_convert", check)
    store(ours)

    assert len(refused_meanwhile) == 1
    assert len(kept_files(settings)) == 4


class TestDeletion:
    def test_files_go_when_the_transaction_is_committed(self, ours, settings, django_capture_on_commit_callbacks):
        greeting, other = store(ours), store(ours)

        with django_capture_on_commit_callbacks() as callbacks:
            greetings.delete_greeting(greeting)
        assert len(kept_files(settings)) == 8
        for callback in callbacks:
            callback()

        assert GreetingFile.objects.get() == other
        assert {Path(path).parts[1] for path in kept_files(settings)} == {other.sid}

    def test_a_rollback_keeps_row_and_files(self, ours, settings):
        greeting = store(ours)
        with transaction.atomic():
            greetings.delete_greeting(greeting)
            transaction.set_rollback(True)
        assert GreetingFile.objects.get(sid=greeting.sid).filename == greeting.filename
        assert len(kept_files(settings)) == 4

    def test_what_is_played_somewhere_stays_and_the_refusal_names_where(
        self, ours, settings, django_capture_on_commit_callbacks
    ):
        greeting = store(ours)
        factories.QueueFactory(project=ours, name="Sales", wait_greeting=greeting)
        factories.QueueFactory(project=ours, name="Support", hold_greeting=greeting)
        tree = factories.IvrTreeFactory(project=ours)
        factories.IvrNodeFactory(
            project=ours, tree=tree, node_name="Welcome", node_play_mode="play", greeting_file=greeting
        )

        with pytest.raises(InUse) as caught, django_capture_on_commit_callbacks(execute=True):
            greetings.delete_greeting(greeting)

        assert caught.value.used_by == ("IVR node Welcome", "queue Sales", "queue Support")
        assert GreetingFile.objects.get() == greeting
        assert len(kept_files(settings)) == 4


class TestOrphans:
    def age(self, path: Path, hours: float) -> Path:
        then = (clock.now() - timedelta(hours=hours)).timestamp()
        os.utime(path, (then, then))
        return path

    def folder(self, settings, *parts: str) -> Path:
        path = Path(settings.MEDIA_ROOT).joinpath("greetings", *parts)
        path.mkdir(parents=True)
        (path / "8k.wav").write_bytes(b"left behind")
        return path

    def test_only_old_folders_without_a_row_are_removed(self, ours, theirs, settings):
        kept = self.age(greetings.listen_path(store(ours)).parent, 48)
        moved = self.age(self.folder(settings, str(theirs.pk), kept.name), 2)  # the sid of another project's row
        interrupted = self.age(self.folder(settings, "incoming", "4711"), 2)
        in_work = self.age(self.folder(settings, "incoming", "4712"), 0.9)

        assert greetings.orphaned_greeting_folders() == sorted([moved, interrupted])
        assert greetings.remove_orphaned_greeting_folders() == 2
        assert greetings.orphaned_greeting_folders() == []
        assert [kept.exists(), moved.exists(), interrupted.exists(), in_work.exists()] == [True, False, False, True]

    def test_another_database_takes_nothing_away(self, ours, settings):
        self.age(greetings.listen_path(store(ours)).parent, 48)
        interrupted = self.age(self.folder(settings, "incoming", "4711"), 2)
        GreetingFile.objects.all().delete()  # as if the program had been pointed at an empty database
        assert greetings.orphaned_greeting_folders() == [interrupted]

    def test_nothing_was_ever_uploaded(self, db):
        assert greetings.orphaned_greeting_folders() == []

    def test_a_row_without_its_files_is_noticed(self, ours):
        greeting = store(ours)
        assert greetings.has_audio(greeting)
        greetings.audio_path(greeting, 8_000).unlink()
        assert not greetings.has_audio(greeting)


def test_every_reason_of_the_program_has_words():
    messages = {greetings._refusal(reason).message for reason in report.Reason}
    assert len(messages) == len(report.Reason)
