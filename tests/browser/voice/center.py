"""The installation in which people talk, and whom it serves: one for the tests of a module, quiet before each."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.voice.desk import HOTLINE, Facts
from tests.browser.voice.people import VOICES_HZ, Agent, Caller, OnPage, Person, Supervisor, voice_file
from tests.fault.beside import Away, Beside
from tests.fault.test_supervision import Installation, wait_until

AGENTS = ["lan", "minh"]
SOON_S = 30.0


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

    def supervisor(self) -> Supervisor:
        """Who looks at the page of the last call."""
        page = Supervisor(self.people["chief"], self.address, self.facts["cookie"], self.ask("last_call_id"))
        self._open.append(page)
        return page

    def go_home(self) -> None:
        for each in self._open:
            each.close()
        self._open.clear()
        self.wait(lambda: self.ask("is_quiet"))


@pytest.fixture(scope="module")
def voice_center(launch: Callable[..., Browser]) -> Iterator[Center]:
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
def center(voice_center: Center) -> Iterator[Center]:
    """Everything runs, and nobody calls; afterwards what is stored is sound."""
    voice_center.installation.ensure_ready()
    since = voice_center.ask("now")
    yield voice_center
    voice_center.go_home()
    assert voice_center.ask("findings", since) == []


def connect(caller: Caller, agent: Agent, number: str = HOTLINE) -> None:
    """The caller calls, the agent answers, and both hear each other."""
    caller.dial(number)
    agent.is_rung()
    agent.click("answer")
    hear_each_other(caller, agent)


def hear_each_other(one: OnPage, other: OnPage) -> None:
    one.hears(other.person.hertz)
    other.hears(one.person.hertz)
