"""The measurement of sound works; how fast it is, this test does not say."""

from __future__ import annotations

import json

import pytest
from django.conf import settings
from django.core.management import call_command

from pcc_console.bench import voice, voice_engine

TINY = voice.Sizes(1, 1, (1,), 1, 1, 2, 0.3)


@pytest.mark.django_db
def test_sound_is_measured_and_told_to_programs_and_people(monkeypatch, capsys):
    monkeypatch.setattr(voice, "QUICK", TINY)
    monkeypatch.setattr(voice_engine, "_core", lambda: None)
    assert settings.REDIS_URL

    call_command("bench_voice", "--quick", "--json")

    facts = json.loads(capsys.readouterr().out)
    assert facts["calls_in_a_row"]["calls"] == 1
    assert facts["calls_in_a_row"]["offer_to_sound_ms"]["caller"]["max"] > 0
    assert list(facts["calls_in_a_row"]["memory_mib_after_calls"]) == ["0", "1"]
    assert [point["calls"] for point in facts["relayed"]] == [1]
    assert facts["relayed"][0]["packets_per_s_and_leg"] > 10
    assert facts["listening"]["legs"] == 1
    points = facts["mixed"]["points"]
    assert [(point["guest"], point["mixed_legs"]) for point in points] == [
        ("apart", 0),
        ("listen", 1),
        ("whisper", 2),
        ("talk", 3),
    ]
    assert all(point["packets_per_s_and_leg"] > 10 for point in points)
    assert len(facts["mixed"]["memory_mib_before_and_after_joins"]) == 2


def test_the_figures_are_put_into_words():
    from pcc_console.bench.voice_text import voice_text

    times = {"count": 2, "p50": 50.4, "p95": 60.0, "p99": 70.0, "max": 80.6}
    point = {"calls": 5, "core_share": 0.1, "core_share_per_call": 0.02, "legs_per_core": 100}
    heard = {"packets_per_s_and_leg": 50.0, "longest_gap_ms": 30}
    mixed = {"mixed_legs": 30, "core_share": 0.5, "core_share_per_mixed_leg": None, "calls_per_core": 20, **heard}
    facts = {
        "machine": {"cores": 2, "processor": "P", "load_1m": 0.1, "postgresql": "18", "python": "3.11"},
        "calls_in_a_row": {
            "calls": 2,
            "cpu_ms_per_call": 20.0,
            "offer_to_sound_ms": {"caller": times, "agent": times},
            "memory_mib_after_calls": {0: 100.0, 2: 101.0},
        },
        "relayed": [{**point, **heard, "memory_mib_per_call": 0.5}],
        "listening": {"legs": 40, "core_share": 0.2, "legs_per_core": 200, **heard},
        "mixed": {
            "calls": 10,
            "points": [{**mixed, "guest": "apart"}, {**mixed, "guest": "talk", "core_share_per_mixed_leg": 0.0123}],
            "joins": 300,
            "memory_mib_before_and_after_joins": [110.5, 110.6],
        },
    }

    text = voice_text(facts)

    assert "2 calls in a row: 20.0 ms" in text
    assert "100.0 after 0, 101.0 after 2" in text
    assert "1.23%" in text
    assert "110.5 before a guest came and went 300 times, 110.6 after" in text
    assert "40 callers who hear music: 20% of a core, 200 legs/core" in text
