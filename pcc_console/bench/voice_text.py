"""What `bench_voice` measured, for people."""

from __future__ import annotations

from typing import Any

from pcc_console.bench.tables import machine_text, table

PERCENTILES = ("p50", "p95", "p99", "max")


def voice_text(facts: dict[str, Any]) -> str:
    row, listening = facts["calls_in_a_row"], facts["listening"]
    memory = ", ".join(f"{mib} after {calls}" for calls, mib in row["memory_mib_after_calls"].items())
    delays = [(who, *(round(times[each]) for each in PERCENTILES)) for who, times in row["offer_to_sound_ms"].items()]
    columns = ("calls", "core", "per call", "legs/core", "packets/s", "longest gap ms", "MiB/call")
    parts = [
        machine_text(facts["machine"]),
        f"\n{row['calls']} calls in a row: {row['cpu_ms_per_call']} ms of the engine's processor time each.",
        f"Memory of the engine in MiB: {memory}.\n",
        table(("offer to sound, ms", *PERCENTILES), delays),
        "\nRecorded calls at once, both parties speaking:",
        table(
            columns,
            [
                (
                    point["calls"],
                    f"{point['core_share']:.0%}",
                    f"{point['core_share_per_call']:.1%}",
                    point["legs_per_core"],
                    point["packets_per_s_and_leg"],
                    point["longest_gap_ms"],
                    point["memory_mib_per_call"],
                )
                for point in facts["relayed"]
            ],
        ),
        f"\n{listening['legs']} callers who hear music: {listening['core_share']:.0%} of a core, "
        f"{listening['legs_per_core']} legs/core; longest gap {listening['longest_gap_ms']} ms.",
        *_mixed_text(facts["mixed"]),
    ]
    return "\n".join(parts)


def _mixed_text(mixed: dict[str, Any]) -> list[str]:
    columns = ("guest", "mixed legs", "core", "per mixed leg", "calls/core", "packets/s", "longest gap ms")
    rows = [
        (
            point["guest"],
            point["mixed_legs"],
            f"{point['core_share']:.0%}",
            "" if point["core_share_per_mixed_leg"] is None else f"{point['core_share_per_mixed_leg']:.2%}",
            point["calls_per_core"],
            point["packets_per_s_and_leg"],
            point["longest_gap_ms"],
        )
        for point in mixed["points"]
    ]
    before, after = mixed["memory_mib_before_and_after_joins"]
    return [
        f"\n{mixed['calls']} recorded calls with a guest each:",
        table(columns, rows),
        f"\nMemory of the engine in MiB: {before} before a guest came and went {mixed['joins']} times, {after} after.",
    ]
