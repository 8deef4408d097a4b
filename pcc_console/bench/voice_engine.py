"""What is measured in `voice`: an engine in a process of its own, and the street of its synthetic phones."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import multiprocessing
import os
import secrets
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

from pcc_console.bench import machine
from telephony import port
from telephony.adapters.browser.load.phones import Street, SyntheticPhone
from telephony.adapters.browser.load.served import noise, serve

MUSIC = (port.AudioFile(0, "music"),)
STEP_WITHIN_S = 20.0
PROJECT = 0


@dataclass(slots=True)
class Call:
    """Two phones that talk."""

    caller: SyntheticPhone
    agent: SyntheticPhone
    number: int

    @property
    def legs(self) -> tuple[str, str]:
        return f"in-{self.number}", f"out-{self.number}"


@dataclass(slots=True)
class Guest:
    """One more phone."""

    phone: SyntheticPhone
    leg: str


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

    async def guest(self) -> Guest:
        """Somebody who is rung, answers, and is connected; he hears silence."""
        number = next(self._numbers)
        phone, leg = SyntheticPhone(self._street, f"guest-{number}", self._voice), f"guest-{number}"
        await phone.be_rung()
        self.do(port.Dial(leg, leg, (phone.endpoint,), "84900000000"))
        await self.told(port.Answered, leg)
        self.do(port.Play(leg, f"p-{leg}", MUSIC, loops=0))
        await phone.wait_for_sound()
        self.do(port.StopPlay(leg))
        return Guest(phone, leg)

    async def end(self, call: Call) -> None:
        self.do(*(port.Hangup(leg) for leg in call.legs))
        for leg in call.legs:
            await self.told(port.Ended, leg)
        await asyncio.gather(call.caller.close(), call.agent.close())


@contextlib.asynccontextmanager
async def opened(redis_url: str) -> AsyncIterator[Bench]:
    """An engine of its own, for as long as it is measured."""
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
