"""Every test of the contract runs against every engine: once as it is, once with every command given twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from telephony import port
from tests.contract.browser import BrowserHarness
from tests.contract.harness import OURS, SOON_S, Harness, Told
from tests.contract.simulated import SimulatedHarness

ENGINES = {"simulated": SimulatedHarness, "browser": BrowserHarness}
SETTLED_S = 0.2  # for what must not come


@pytest.fixture(params=[pytest.param((name, times), id=f"{name}-{times}") for name in ENGINES for times in (1, 2)])
def engine(request) -> Iterator[Harness]:
    """An engine without legs; after the test, everything that is left is hung up, and nothing may remain."""
    name, times = request.param
    harness = ENGINES[name]()
    execute = harness.execute

    def repeatedly(*commands: port.Command) -> None:
        for command in commands:
            execute(*[command] * times)

    harness.execute = repeatedly
    try:
        yield harness
        harness.advance(SETTLED_S)
        for leg in legs_of(harness):
            execute(port.Hangup(leg))
        harness.advance_until(lambda: not harness.leftovers(), SOON_S)
        harness.advance(SETTLED_S)
        assert list(harness.leftovers()) == []
    finally:
        harness.close()
    of_the_dead = [each for i, each in enumerate(harness.events) if _follows_its_end(harness.events, i)]
    assert of_the_dead == []


@pytest.fixture
def told(engine) -> Told:
    return Told(engine)


@pytest.fixture
def caller(engine, told) -> str:
    """A leg that came in and was answered."""
    leg: str = engine.dial_in()
    engine.execute(port.Answer(leg))
    engine.advance(SOON_S)
    return leg


@pytest.fixture
def agent(engine, told) -> str:
    """A leg that was dialled and answered."""
    return answered(engine, told, "agent-leg")


@pytest.fixture
def guest(engine, told) -> str:
    """Another one, with whom nobody talks."""
    return answered(engine, told, "guest-leg")


@pytest.fixture
def talk(engine, caller, agent) -> tuple[str, str]:
    """A caller and an agent who hear each other."""
    engine.execute(port.Bridge(caller, agent))
    engine.advance(SOON_S)
    return caller, agent


def answered(engine: Harness, told: Told, leg: str) -> str:
    """Dial a leg, and answer it."""
    (phone,) = engine.phones()
    engine.execute(dial(leg, phone))
    told.wait_for(port.Ringing, leg=leg)
    engine.answer(leg, phone)
    told.wait_for(port.Answered, leg=leg)
    return leg


def dial(leg: str, *endpoints: str, timeout_s: int = 20) -> port.Dial:
    return port.Dial(leg, "call-1", endpoints, "842471000001", timeout_s=timeout_s)


def recording(leg: str, kind: str = "conversation", **options) -> port.StartRecording:
    return port.StartRecording(leg, f"recording-of-{leg}", kind, OURS, **options)


def legs_of(harness: Harness) -> set[str]:
    """The legs that have begun and have not ended, as far as was told."""
    begun = {each.leg for each in harness.events if isinstance(each, port.Incoming | port.Ringing | port.Answered)}
    return begun - {each.leg for each in harness.events if isinstance(each, port.Ended)}


def _follows_its_end(events: list[port.Event], index: int) -> bool:
    """Only recordings, and the end again, may be told of a leg that has ended."""
    event = events[index]
    if isinstance(event, port.Ended | port.RecordingReady | port.Snapshot | port.DeviceUp | port.DeviceDown):
        return False
    return any(isinstance(each, port.Ended) and each.leg == event.leg for each in events[:index])
