"""People talk: real sound through browsers, the door, the engine and the recording of an installation of its own.

Everybody's microphone hears a tone of his own, so that who hears whom can be told by its frequency. Customers call from
the test phone, agents answer on the softphone.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.browser.voice.desk import GREETING_HZ, HOTLINE, MENU, Facts
from tests.browser.voice.people import NEAR_HZ, Agent, Caller, OnPage, Person, voice_file
from tests.fault.beside import Away, Beside
from tests.fault.test_supervision import Installation, crowd, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.fault]

VOICES_HZ = {"customer": 720.0, "lan": 1120.0, "minh": 1400.0}  # none of the music's notes or overtones
AGENTS = ["lan", "minh"]
SOON_S = 30.0
FREE_WITHIN_S = 5.0  # L3 of the design, on a machine that has a core for each who wants one

log = logging.getLogger(__name__)


class Center:
    """The installation, and whom it serves."""

    def __init__(self, installation: Installation, people: dict[str, Person], desk: Beside, facts: Facts) -> None:
        self.installation, self.people, self.desk, self.facts = installation, people, desk, facts
        self.address = f"http://localhost:{installation.port}"
        self._open: list[OnPage] = []

    def ask(self, name: str, *arguments: Any) -> Any:
        return self.desk.ask(name, *arguments)

    def wait(self, condition: Callable[[], Any], within_s: float = SOON_S) -> None:
        def is_so() -> bool:
            try:
                return bool(condition())
            except Away:
                return False

        wait_until(is_so, within_s, self.installation.log)

    def caller(self) -> Caller:
        page = Caller(self.people["customer"], self.address, self.facts["cookie"])
        self._open.append(page)
        return page

    def agents(self, *names: str) -> list[Agent]:
        """Agents sign in, and are available when this returns; nobody else is."""
        self.ask("begin", names)
        pages = [Agent(self.people[name], self.address, self.facts["cookie"]) for name in names]
        self._open += pages
        for name in names:
            self.wait(lambda name=name: self.ask("is_free", name))
        return pages

    def go_home(self) -> None:
        for each in self._open:
            each.close()
        self._open.clear()
        self.wait(lambda: self.ask("is_quiet"))


@pytest.fixture(scope="module")
def _center(launch: Callable[..., Browser]) -> Iterator[Center]:
    folder = Path(tempfile.mkdtemp(prefix="pcc-voice-"))
    folder.chmod(0o711)  # root's PostgreSQL runs as another user
    installation = Installation(folder / "data")
    installation.environment.update(PCC_DEMO="0", DJANGO_SETTINGS_MODULE="pcc_console.settings")
    people: dict[str, Person] = {}
    desk = None
    try:
        installation.ensure_ready()
        desk = Beside("tests.browser.voice.desk", installation.environment)
        facts = desk.ask("set_up", AGENTS)
        for name, hertz in VOICES_HZ.items():
            microphone = f"--use-file-for-fake-audio-capture={voice_file(folder, hertz)}"
            people[name] = Person(name, hertz, launch(microphone))
        yield Center(installation, people, desk, facts)
    finally:
        for person in people.values():
            person.browser.close()
        if desk is not None:
            desk.close()
        if installation.run is not None and installation.run.poll() is None:
            installation.stop()
        shutil.rmtree(folder)


@pytest.fixture
def center(_center: Center) -> Iterator[Center]:
    """Everything runs, and nobody calls; afterwards what is stored is sound."""
    _center.installation.ensure_ready()
    since = _center.ask("now")
    yield _center
    _center.go_home()
    assert _center.ask("findings", since) == []


def connect(caller: Caller, agent: Agent, number: str = HOTLINE) -> None:
    """The caller calls, the agent answers, and both hear each other."""
    caller.dial(number)
    agent.is_rung()
    agent.click("answer")
    hear_each_other(caller, agent)


def hear_each_other(one: OnPage, other: OnPage) -> None:
    one.hears(other.person.hertz)
    other.hears(one.person.hertz)


def loudest_of_sides(path: Path) -> list[float]:
    """The loudest frequencies of a recording's left and right side, in hertz."""
    with av.open(str(path)) as file:
        rate = file.streams.audio[0].rate
        resampler = av.AudioResampler("fltp", "stereo")
        frames = [made.to_ndarray() for frame in file.decode(audio=0) for made in resampler.resample(frame)]
    spectra = np.abs(np.fft.rfft(np.concatenate(frames, axis=1)))
    return [float(np.argmax(side)) * rate / ((spectra.shape[1] - 1) * 2) for side in spectra]


def test_a_call_from_the_greeting_to_the_recording(center):
    [lan] = center.agents("lan")
    caller = center.caller()

    caller.dial(MENU)
    caller.hears(GREETING_HZ)
    caller.press("1")
    caller.hears_music()
    lan.is_rung()
    lan.sees("incoming-kind", "Sales")
    lan.click("answer")
    hear_each_other(caller, lan)

    lan.click("hold")
    caller.hears_music()
    lan.click("hold")
    hear_each_other(caller, lan)

    lan.click("hang-up")
    caller.sees("ended", "The other side has hung up.")
    lan.sees("wrap-up")
    center.wait(lambda: center.ask("is_free", "lan"))
    lan.sees("dial")
    assert center.ask("last_call") == {"state": "ended", "outcome": "completed", "cause": "normal", "agent": "lan"}
    center.wait(lambda: center.ask("last_recording"))
    recording = center.installation.data_dir / "media" / center.ask("last_recording")["file"]
    left, right = loudest_of_sides(recording)
    assert abs(left - VOICES_HZ["customer"]) < NEAR_HZ
    assert abs(right - VOICES_HZ["lan"]) < NEAR_HZ


def test_a_caller_who_hangs_up_while_it_rings_is_gone(center):
    [lan] = center.agents("lan")
    caller = center.caller()
    caller.dial(HOTLINE)
    lan.is_rung()

    caller.click("hang-up")

    lan.is_in("none")
    center.wait(lambda: center.ask("is_free", "lan"))
    assert center.ask("last_call")["outcome"] == "abandoned"


def first_rung(agents: list[Agent]) -> tuple[Agent, Agent]:
    """Who of two is rung, and the other."""
    deadline = time.monotonic() + SOON_S
    while not (rung := [each for each in agents if each.page.is_visible("#incoming")]):
        assert time.monotonic() < deadline, "nobody is rung"
        agents[0].page.wait_for_timeout(50)
    [first] = rung
    return first, next(each for each in agents if each is not first)


def test_an_agent_rejects_and_the_next_one_is_rung(center):
    agents = center.agents("lan", "minh")
    caller = center.caller()
    caller.dial(HOTLINE)
    first, second = first_rung(agents)

    first.click("reject")

    second.is_rung()
    second.click("answer")
    hear_each_other(caller, second)
    caller.click("hang-up")
    second.is_in("none")


def test_nobody_answers_and_the_next_one_is_rung(center):
    agents = center.agents("lan", "minh")
    caller = center.caller()
    caller.dial(HOTLINE)
    first, second = first_rung(agents)

    second.is_rung()

    first.is_in("none")
    second.click("answer")
    hear_each_other(caller, second)
    second.click("hang-up")
    caller.sees("ended", "The other side has hung up.")


def test_an_agent_asks_a_colleague_and_hands_the_caller_over(center):
    [lan] = center.agents("lan")
    caller = center.caller()
    connect(caller, lan)
    [minh] = center.agents("minh")

    lan.click("transfer")
    lan.page.fill("#transfer-search", "minh")
    lan.page.get_by_role("button", name="Ask first: Minh").click()
    minh.is_rung()
    caller.hears_music()
    minh.click("answer")
    hear_each_other(lan, minh)
    lan.click("hand-over")

    lan.is_in("none")
    hear_each_other(caller, minh)
    minh.click("hang-up")
    caller.sees("ended", "The other side has hung up.")


def test_a_call_goes_on_when_the_connection_comes_back(center):
    [lan] = center.agents("lan")
    caller = center.caller()
    connect(caller, lan)

    lan.break_socket()
    caller.break_socket()

    hear_each_other(caller, lan)
    lan.click("hang-up")
    caller.sees("ended", "The other side has hung up.")


def test_an_engine_that_is_killed_is_noticed_and_its_agents_are_free(center):
    [lan] = center.agents("lan")
    caller = center.caller()
    connect(caller, lan)

    center.installation.kill("engine")
    killed_at = time.monotonic()

    lan.sees("ended", "The call failed.")
    caller.sees("ended", "The call failed.")
    center.wait(lambda: center.ask("activity_of", "lan") != "on_call")
    took_s = time.monotonic() - killed_at
    log.info("the agent is free after %.1f s, with %.1f processes for each core", took_s, crowd())
    assert took_s < FREE_WITHIN_S * max(1.0, crowd())
    assert center.ask("last_call") == {"state": "ended", "outcome": "failed", "cause": "engine_lost", "agent": "lan"}
    center.installation.ensure_ready()
    center.wait(lambda: center.ask("is_free", "lan"))
    connect(caller, lan)
