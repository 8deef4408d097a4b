"""What sound costs: an engine in a process of its own, and synthetic browsers that talk through it.

The engine gets a core of its own where there are two. Processor time is the engine's alone; delays are what the
synthetic browsers saw, who share the other core, so they are upper bounds.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import multiprocessing
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from pcc_console.bench import machine
from pcc_console.bench.figures import spread
from telephony import port
from telephony.adapters.browser.load.phones import Street, SyntheticPhone
from telephony.adapters.browser.load.served import noise, serve

MUSIC = (port.AudioFile(0, "music"),)
SETTLE_S = 2.0
PAUSE_S = 0.05
STEP_WITHIN_S = 20.0
PROJECT = 0


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured. Units: seconds for each point."""

    calls_in_a_row: int
    memory_every: int
    relayed: tuple[int, ...]
    listening: int
    seconds: float


FULL = Sizes(300, 50, (5, 10, 20, 30), 40, 10.0)
QUICK = Sizes(4, 2, (1, 2), 2, 1.0)


@dataclass(slots=True)
class Call:
    """Two phones that talk."""

    caller: SyntheticPhone
    agent: SyntheticPhone
    number: int

    @property
    def legs(self) -> tuple[str, str]:
        return f"in-{self.number}", f"out-{self.number}"


class Bench:
    """The engine's process, and the street of phones."""

    def __init__(self, pipe: Connection, pid: int, street: Street) -> None:
        self._pipe, self.pid, self._street = pipe, pid, street
        self._voice = noise(2.0)
        self._numbers = itertools.count(1)
        self._told: set[tuple[str, str]] = set()

    def do(self, *commands: port.Command) -> None:
        for command in commands:
            self._pipe.send(port.to_json(command))

    async def told(self, kind: type[port.Event], leg: str) -> None:
        """Wait until the engine has told this of a leg."""
        async with asyncio.timeout(STEP_WITHIN_S):
            while (kind.__name__, leg) not in self._told:
                while self._pipe.poll():
                    event = self._pipe.recv()
                    self._told.add((event["kind_"], event.get("leg", "")))
                await asyncio.sleep(0.002)

    def cpu_s(self) -> float:
        return machine.tree_cpu_s(self.pid)

    def memory_mib(self) -> float:
        return round(machine.resident_kib(self.pid) / 1024, 1)

    async def listener(self) -> tuple[SyntheticPhone, str]:
        """A phone that has called and hears music. Returns it when it does."""
        number = next(self._numbers)
        phone, leg = SyntheticPhone(self._street, f"bench-{number}", self._voice), f"in-{number}"
        await phone.call(leg)
        await self.told(port.Incoming, leg)
        self.do(port.Answer(leg), port.Play(leg, f"p-{leg}", MUSIC, loops=0))
        await phone.wait_for_sound()
        return phone, leg

    async def call(self, *, recorded: bool) -> Call:
        """A caller who hears music, then an agent who is rung and answers; they talk."""
        caller, leg = await self.listener()
        number = int(leg.removeprefix("in-"))
        agent = SyntheticPhone(self._street, f"agent-{number}", self._voice)
        call = Call(caller, agent, number)
        incoming, dialled = call.legs
        await agent.be_rung()
        self.do(port.Dial(dialled, dialled, (agent.endpoint,), "84900000000"))
        await self.told(port.Answered, dialled)
        self.do(port.Bridge(incoming, dialled))
        if recorded:
            self.do(port.StartRecording(incoming, f"rec-{number}-{secrets.token_hex(4)}", "conversation", PROJECT))
        await agent.wait_for_sound()
        return call

    async def end(self, call: Call) -> None:
        self.do(*(port.Hangup(leg) for leg in call.legs))
        for leg in call.legs:
            await self.told(port.Ended, leg)
        await asyncio.gather(call.caller.close(), call.agent.close())


def measure(redis_url: str, sizes: Sizes, say: Callable[[str], object]) -> dict[str, Any]:
    """Shape: {"calls_in_a_row", "relayed": [...], "listening"}; see the functions below. Units in the names."""

    async def run() -> dict[str, Any]:
        async with _bench(redis_url) as bench:
            say("calls in a row …")
            in_a_row = await _calls_in_a_row(bench, sizes)
            say("calls at once …")
            relayed = await _relayed(bench, sizes)
            say("callers who hear music …")
            return {"calls_in_a_row": in_a_row, "relayed": relayed, "listening": await _listening(bench, sizes)}

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


@contextlib.asynccontextmanager
async def _bench(redis_url: str) -> AsyncIterator[Bench]:
    node = f"bench-{secrets.token_hex(4)}"
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        process = spawn.Process(target=serve, args=(theirs, redis_url, node, folder, _core()), daemon=True)
        process.start()
        theirs.close()
        street = Street(redis_url, node)
        try:
            ours.recv()  # it is up
            yield Bench(ours, process.pid or 0, street)
        finally:
            await street.close()
            with contextlib.suppress(OSError):
                ours.send(None)
            await asyncio.to_thread(process.join, STEP_WITHIN_S)
            process.kill()


def _core() -> int | None:
    """The engine's core; None where nobody can choose."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:
        return None
    os.sched_setaffinity(0, set(cores[1:]))
    return cores[0]
