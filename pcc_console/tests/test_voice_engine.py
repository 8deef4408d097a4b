"""What the voice engine is given of the rest of the installation."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from pcc_console import heartbeats, voice_engine
from telephony import port
from telephony.adapters.simulated.sounds import FILE_S
from tests import factories


@pytest.mark.django_db(transaction=True)
def test_a_greeting_lasts_as_long_as_its_file(ours, theirs):
    voice_engine._stored_length.cache_clear()  # ids of projects come again
    greeting = factories.GreetingFileFactory(project=ours, duration_ms=2500)

    assert voice_engine.greeting_length(port.AudioFile(ours.pk, greeting.filename)) == 2.5
    assert voice_engine.greeting_length(port.AudioFile(theirs.pk, greeting.filename)) is None
    assert voice_engine.greeting_length(port.AudioFile(ours.pk, "missing.mp3")) is None


def test_while_the_database_is_away_a_greeting_lasts_as_files_do(monkeypatch):
    def away(file):
        raise OperationalError

    monkeypatch.setattr(voice_engine, "_stored_length", away)
    monkeypatch.setattr(voice_engine.connection, "close", lambda: None)

    assert voice_engine.greeting_length(port.AudioFile(1, "hello.mp3")) == FILE_S


def test_a_heartbeat_that_redis_does_not_take_stops_no_engine(settings, caplog):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    voice_engine.record_life("browser", "engine-1")

    assert [record.message for record in caplog.records] == ["engine heartbeat is not recorded"]


def test_a_heartbeat_says_which_engine_lives(settings):
    voice_engine.record_life("browser", "engine-of-a-test")

    with heartbeats.connect(settings.REDIS_URL) as server:
        assert heartbeats.ages(server)["engine:engine-of-a-test"] < 60
        server.hdel(heartbeats.KEY, "engine:engine-of-a-test")
