"""What sound costs: an engine in a process of its own, and synthetic browsers that talk through it.

The engine gets a core of its own where there are two. Processor time is the engine's alone; delays are what the
synthetic browsers saw, who share the other core, so they are upper bounds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pcc_console.bench.figures import spread
from pcc_console.bench.voice_engine import Bench, Call, opened
from telephony import port
from telephony.adapters.browser.load.phones import SyntheticPhone

SETTLE_S = 2.0
PAUSE_S = 0.05
# How many of a call's three legs hear a mix.
MIXED_LEGS = {None: 0, port.Part.LISTEN: 1, port.Part.WHISPER: 2, port.Part.TALK: 3}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured. Units: seconds for each point."""

    calls_in_a_row: int
    memory_every: int
    relayed: tuple[int, ...]
    listening: int
    mixed: int
    joins: int
    seconds: float


FULL = Sizes(300, 50, (5, 10, 20, 30), 40, 10, 300, 10.0)
QUICK = Sizes(4, 2, (1, 2), 2, 1, 4, 1.0)


def measure(redis_url: str, sizes: Sizes, say: Callable[[str], object]) -> dict[str, Any]:
    """Shape: {"calls_in_a_row", "relayed": [...], "listening", "mixed"}; see below. Units in the names."""

    async def run() -> dict[str, Any]:
        async with opened(redis_url) as bench:
            say("calls in a row …")
            in_a_row = await _calls_in_a_row(bench, sizes)
            say("calls at once …")
            relayed = await _relayed(bench, sizes)
            say("callers who hear music …")
            listening = await _listening(bench, sizes)
            say("calls with guests …")
            mixed = await _mixed(bench, sizes)
            return {"calls_in_a_row": in_a_row, "relayed": relayed, "listening": listening, "mixed": mixed}

    return asyncio.run(run())


async def _calls_in_a_row(bench: Bench, sizes: Sizes) -> dict[str, Any]:
    """One call after the other, set up and torn down: what that costs, how soon one hears, and what is left behind."""
    to_caller, to_agent, memory = [], [], {0: bench.memory_mib()}
    began = bench.cpu_s()
    for number in range(1, sizes.calls_in_a_row + 1):
        call = await bench.call(recorded=True)
        to_caller.append(1000 * await call.caller.wait_for_sound())
        to_agent.append(1000 * await call.agent.wait_for_sound())
        await bench.end(call)
        if number % sizes.memory_every == 0:
            memory[number] = bench.memory_mib()
    used = bench.cpu_s() - began
    return {
        "calls": sizes.calls_in_a_row,
        "cpu_ms_per_call": round(1000 * used / sizes.calls_in_a_row, 1),
        "offer_to_sound_ms": {"caller": spread(to_caller), "agent": spread(to_agent)},
        "memory_mib_after_calls": memory,
    }


async def _relayed(bench: Bench, sizes: Sizes) -> list[dict[str, Any]]:
    """More and more recorded calls at once, each of two who speak all the time."""
    calls: list[Call] = []
    points, empty_mib = [], bench.memory_mib()
    for count in sizes.relayed:
        while len(calls) < count:
            calls.append(await bench.call(recorded=True))
        phones = [phone for call in calls for phone in (call.caller, call.agent)]
        share, per_second, gap_ms = await _watch(bench, phones, sizes.seconds)
        points.append(
            {
                "calls": count,
                "core_share": round(share, 3),
                "core_share_per_call": round(share / count, 4),
                "legs_per_core": int(2 * count / share) if share else None,
                "packets_per_s_and_leg": per_second,
                "longest_gap_ms": gap_ms,
                "memory_mib_per_call": round((bench.memory_mib() - empty_mib) / count, 2),
            }
        )
    for call in calls:
        await bench.end(call)
    return points


async def _listening(bench: Bench, sizes: Sizes) -> dict[str, Any]:
    """Callers who wait and hear music, which was encoded once."""
    listeners = [await bench.listener() for _ in range(sizes.listening)]
    share, per_second, gap_ms = await _watch(bench, [phone for phone, _ in listeners], sizes.seconds)
    bench.do(*(port.Hangup(leg) for _, leg in listeners))
    await asyncio.gather(*(phone.close() for phone, _ in listeners))
    return {
        "legs": sizes.listening,
        "core_share": round(share, 3),
        "legs_per_core": int(sizes.listening / share) if share else None,
        "packets_per_s_and_leg": per_second,
        "longest_gap_ms": gap_ms,
    }


async def _mixed(bench: Bench, sizes: Sizes) -> dict[str, Any]:
    """Recorded calls with a guest each: apart, then as one who listens, whispers, talks. And many who come and go."""
    calls = [await bench.call(recorded=True) for _ in range(sizes.mixed)]
    guests = [await bench.guest() for _ in calls]
    phones = [guest.phone for guest in guests] + [phone for call in calls for phone in (call.caller, call.agent)]
    apart, points = 0.0, []
    for part, mixed_legs in MIXED_LEGS.items():
        for call, guest in zip(calls, guests, strict=True):
            host = call.legs[1]
            bench.do(port.Unbridge(guest.leg) if part is None else port.Join(guest.leg, host, part))
        share, per_second, gap_ms = await _watch(bench, phones, sizes.seconds)
        apart = share if part is None else apart
        mixes = mixed_legs * sizes.mixed
        points.append(
            {
                "guest": "apart" if part is None else part.value,
                "mixed_legs": mixes,
                "core_share": round(share, 3),
                "core_share_per_mixed_leg": round((share - apart) / mixes, 4) if mixes else None,
                "calls_per_core": int(sizes.mixed / share) if share else None,
                "packets_per_s_and_leg": per_second,
                "longest_gap_ms": gap_ms,
            }
        )
    memory = [bench.memory_mib()]
    for number in range(sizes.joins):
        bench.do(port.Join(guests[0].leg, calls[0].legs[1], tuple(port.Part)[number % 3]))
        await asyncio.sleep(PAUSE_S)
        bench.do(port.Unbridge(guests[0].leg))
    memory.append(bench.memory_mib())
    bench.do(*(port.Hangup(guest.leg) for guest in guests))
    await asyncio.gather(*(guest.phone.close() for guest in guests))
    for call in calls:
        await bench.end(call)
    return {"calls": sizes.mixed, "points": points, "joins": sizes.joins, "memory_mib_before_and_after_joins": memory}


async def _watch(bench: Bench, phones: list[SyntheticPhone], seconds: float) -> tuple[float, float, int]:
    """Share of a core that the engine uses, packets a second at each phone, the longest gap that one heard in ms."""
    await asyncio.sleep(min(SETTLE_S, seconds))
    for phone in phones:
        phone.count_anew()
    loop = asyncio.get_running_loop()
    began, used = loop.time(), bench.cpu_s()
    await asyncio.sleep(seconds)
    took, used = loop.time() - began, bench.cpu_s() - used
    packets = sum(phone.packets for phone in phones) / len(phones) / took
    return used / took, round(packets, 1), round(1000 * max(phone.longest_gap_s for phone in phones))
